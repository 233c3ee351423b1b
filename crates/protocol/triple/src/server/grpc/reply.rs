//! Writing replies.

use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::task::Poll;

use bytes::Buf;
use dubhe_core::reply::{Frame, Reply, ReplyBody, ReplyStream, Trailers};
use dubhe_core::{Code, Metadata, Status};
use dubhe_hessian2::java::Throwable;
use futures_util::StreamExt;
use h2::SendStream;
use h2::server::SendResponse;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Response, StatusCode};

use crate::compression::{ACCEPTED, Encoding, GRPC_ACCEPT_ENCODING, GRPC_ENCODING, GZIP};
use crate::frame::Data;
use crate::header::EXCEPTION_CODE;
use crate::payload::{Shape, wrap_bytes};
use crate::server::run::panicked;
use crate::write::{BATCH, Writer};
use crate::{content, metadata, outbound, status};

/// The kind of an exception of the service (Dubbo Java `RpcException.BIZ_EXCEPTION`).
const BUSINESS: u16 = 3;

/// How the replies of one call are written.
pub(super) struct Way {
    pub(super) shape: Shape,
    pub(super) limit: usize,
    /// Whether Java exceptions are sent in place of results.
    pub(super) exceptions: bool,
    pub(super) encoding: Encoding,
}

/// An answer to what is no gRPC request.
pub(super) fn refuse(respond: &mut SendResponse<Data>, status: StatusCode) {
    let mut response = Response::new(());
    *response.status_mut() = status;
    // A stream that has ended needs no answer, here and below.
    let _ = respond.send_response(response, true);
}

/// An error before any message: trailers only.
pub(super) fn fail(respond: &mut SendResponse<Data>, kind: HeaderValue, status: &Status) {
    let mut headers = status::trailers(Some(status), status.headers());
    headers.insert(CONTENT_TYPE, kind);
    if status.code() == Code::Unimplemented {
        // Perhaps because of the compression of the request.
        headers.insert(GRPC_ACCEPT_ENCODING, ACCEPTED);
    }
    let _ = respond.send_response(response(headers), true);
}

fn response(headers: HeaderMap) -> Response<()> {
    let mut response = Response::new(());
    *response.headers_mut() = headers;
    response
}

impl Way {
    /// Answers with an error.
    pub(super) fn fail(&self, respond: &mut SendResponse<Data>, status: &Status) {
        if self.shape != Shape::Wrapper || !self.exceptions || status.java().is_none() {
            return fail(respond, self.kind(), status);
        }
        // Its fields are written anew: Java needs all that a throwable has, stack and cause too.
        let bytes = Throwable::of(status).and_then(|t| dubhe_hessian2::to_bytes(&t).ok());
        match bytes.and_then(|bytes| Data::message(wrap_bytes(&bytes).freeze(), self.limit).ok()) {
            Some(message) => {
                let mut head = self.head(&Metadata::new());
                head.insert(EXCEPTION_CODE, BUSINESS.into());
                // Java reads the attachments of a reply out of its trailers.
                let mut trailers = status.trailers().clone();
                trailers.fill_from(status.headers());
                whole(respond, head, message, status::trailers(None, &trailers));
            }
            None => fail(respond, self.kind(), status),
        }
    }

    /// Sends a reply to its end, or with the status of `late` where that comes first.
    pub(super) async fn send(
        &self,
        respond: &mut SendResponse<Data>,
        mut reply: Reply,
        late: impl Future<Output = Status>,
    ) {
        let metadata = std::mem::take(&mut reply.metadata);
        match &mut reply.body {
            ReplyBody::One(payload, extra) => {
                let one = AssertUnwindSafe(|| self.writer().one(payload));
                let one = std::panic::catch_unwind(one).unwrap_or_else(|_| Err(panicked()));
                let message = match one {
                    Ok(message) => message,
                    Err(status) => return fail(respond, self.kind(), &status),
                };
                let head = match self.shape {
                    Shape::Plain(_) => self.head(&metadata),
                    Shape::Wrapper => {
                        // Java reads the attachments of a reply out of its trailers.
                        extra.fill_from(&metadata);
                        self.head(&Metadata::new())
                    }
                };
                let trailers = status::trailers(None, extra);
                if message.remaining() <= BATCH {
                    whole(respond, head, message, trailers);
                } else {
                    Box::pin(large(respond, head, message, trailers, late)).await;
                }
            }
            ReplyBody::Stream(stream) => {
                let head = response(self.head(&metadata));
                let Ok(send) = respond.send_response(head, false) else { return };
                // Boxed, since the task of every call has room for its future.
                Box::pin(self.stream(send, stream, late)).await;
            }
        }
    }

    /// Sends the messages of a stream to its end, or to the status of `late`.
    async fn stream(
        &self,
        mut send: SendStream<Data>,
        stream: &mut ReplyStream,
        late: impl Future<Output = Status>,
    ) {
        let trailers = tokio::select! {
            biased;
            trailers = self.messages(&mut send, stream) => trailers,
            status = late => Some(failed(status)),
        };
        if let Some(Trailers { status, metadata }) = trailers {
            let _ = send.send_trailers(status::trailers(status.as_ref(), &metadata));
        }
    }

    /// Sends the messages of a stream; `None` when the caller is gone. Messages that are ready
    /// together leave together.
    async fn messages(
        &self,
        send: &mut SendStream<Data>,
        stream: &mut ReplyStream,
    ) -> Option<Trailers> {
        let mut writer = self.writer();
        loop {
            let (batch, end) = poll_fn(|cx| {
                loop {
                    // Handlers make messages, and know how to write them.
                    let next = AssertUnwindSafe(|| {
                        stream.poll_next_unpin(cx).map(|frame| match frame {
                            Some(Frame::Message(payload)) => Some(Ok(writer.add(&payload))),
                            Some(Frame::Trailers(trailers)) => Some(Err(trailers)),
                            None => None,
                        })
                    });
                    let end = match std::panic::catch_unwind(next) {
                        Ok(Poll::Ready(Some(Ok(Ok(()))))) if writer.is_full() => None,
                        Ok(Poll::Ready(Some(Ok(Ok(()))))) => continue,
                        Ok(Poll::Ready(Some(Ok(Err(status))))) => Some(failed(status)),
                        Ok(Poll::Ready(Some(Err(trailers)))) => Some(trailers),
                        Ok(Poll::Ready(None)) => Some(failed(cut_off())),
                        Ok(Poll::Pending) if writer.is_empty() => {
                            return match send.poll_reset(cx) {
                                Poll::Ready(_) => Poll::Ready(None),
                                Poll::Pending => Poll::Pending,
                            };
                        }
                        Ok(Poll::Pending) => None,
                        Err(_) => Some(failed(panicked())),
                    };
                    return Poll::Ready(Some((writer.take(), end)));
                }
            })
            .await?;
            if let Some(batch) = batch
                && !outbound::send(send, batch).await
            {
                return None;
            }
            if end.is_some() {
                return end;
            }
        }
    }

    fn writer(&self) -> Writer<'_> {
        Writer::new(&self.shape, self.encoding, self.limit)
    }

    fn kind(&self) -> HeaderValue {
        match &self.shape {
            Shape::Plain(format) => content::of_format(format),
            Shape::Wrapper => HeaderValue::from_static(content::GRPC),
        }
    }

    fn head(&self, metadata: &Metadata) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(4 + metadata.len());
        headers.insert(CONTENT_TYPE, self.kind());
        if self.encoding == Encoding::Gzip {
            headers.insert(GRPC_ENCODING, GZIP);
        }
        metadata::write(metadata, &mut headers);
        headers
    }
}

/// A reply of one message that waits until the caller takes it, or until it is late.
async fn large(
    respond: &mut SendResponse<Data>,
    head: HeaderMap,
    message: Data,
    trailers: HeaderMap,
    late: impl Future<Output = Status>,
) {
    let Ok(mut send) = respond.send_response(response(head), false) else { return };
    let trailers = tokio::select! {
        biased;
        sent = outbound::send(&mut send, message) => sent.then_some(trailers),
        status = late => Some(status::trailers(Some(&status), &Metadata::new())),
    };
    if let Some(trailers) = trailers {
        let _ = send.send_trailers(trailers);
    }
}

/// A reply of one message.
fn whole(respond: &mut SendResponse<Data>, head: HeaderMap, message: Data, trailers: HeaderMap) {
    if let Ok(mut send) = respond.send_response(response(head), false) {
        // So small that it need not wait for the caller's window.
        let _ = send.send_data(message, false).and_then(|()| send.send_trailers(trailers));
    }
}

fn failed(status: Status) -> Trailers {
    Trailers { status: Some(status), metadata: Metadata::new() }
}

#[cold]
fn cut_off() -> Status {
    Status::new(Code::Internal, "the stream was cut off by its handler")
}
