//! A call of the client, from its requests to the account of its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dubhe::protobuf::{Message, ProstName, message, method};
use dubhe::time::deadline_after;
use dubhe::{CallKind, CallOptions, Code, Request, Response, Status, Streaming};
use futures_util::{Stream, stream};
use tokio::sync::{Notify, Semaphore};
use tokio::time::sleep;

use crate::Result;
use crate::headers::{error, headers, metadata};
use crate::proto::client_compat_request::cancel::CancelTiming;
use crate::proto::{
    BidiStreamRequest, BidiStreamResponse, ClientCompatRequest, ClientResponseResult,
    ClientStreamRequest, ClientStreamResponse, ConformancePayload, ConformanceServiceClient,
    ServerStreamRequest, ServerStreamResponse, StreamType, UnaryRequest, UnaryResponse,
    UnimplementedRequest, UnimplementedResponse,
};

/// A call that is asked for.
pub(crate) struct Exchange {
    asked: ClientCompatRequest,
    client: ConformanceServiceClient,
    progress: Arc<Progress>,
}

/// The state of a call that its requests and its replies share.
struct Progress {
    cancel: Option<CancelTiming>,
    /// Requests that may be sent: in a conversation, as many as have their replies and one more.
    turns: Semaphore,
    sent: AtomicUsize,
    /// All requests are sent.
    closed: Notify,
    /// The call is given up.
    cancelled: Notify,
}

impl Progress {
    /// The end of the requests.
    async fn close(&self) {
        if let Some(CancelTiming::BeforeCloseSend(_)) = self.cancel {
            self.cancelled.notify_one();
            std::future::pending::<()>().await;
        }
        self.closed.notify_one();
    }

    /// Waits for the moment at which the call is to be given up.
    async fn cancelled(&self) {
        if let Some(CancelTiming::AfterCloseSendMs(milliseconds)) = self.cancel {
            self.closed.notified().await;
            return sleep(Duration::from_millis(milliseconds.into())).await;
        }
        self.cancelled.notified().await;
    }

    /// Counts a reply, the `count`th.
    async fn replied(&self, count: usize) {
        self.turns.add_permits(1);
        if let Some(CancelTiming::AfterNumResponses(limit)) = self.cancel
            && usize::try_from(limit).is_ok_and(|limit| limit == count)
        {
            self.cancelled.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

impl Exchange {
    pub(crate) fn new(mut asked: ClientCompatRequest, client: ConformanceServiceClient) -> Self {
        let conversation = asked.stream_type() == StreamType::FullDuplexBidiStream;
        let turns = if conversation { 1 } else { Semaphore::MAX_PERMITS / 2 };
        let progress = Progress {
            cancel: asked.cancel.take().and_then(|cancel| cancel.cancel_timing),
            turns: Semaphore::new(turns),
            sent: AtomicUsize::new(0),
            closed: Notify::new(),
            cancelled: Notify::new(),
        };
        Self { asked, client, progress: Arc::new(progress) }
    }

    /// Makes the call.
    ///
    /// # Errors
    /// When it cannot begin.
    pub(crate) async fn run(self) -> Result<ClientResponseResult> {
        let mut result = ClientResponseResult::default();
        let ended = {
            let call = self.call(&mut result);
            tokio::select! {
                biased;
                ended = call => Some(ended?),
                () = self.progress.cancelled() => None,
            }
        };
        match ended {
            Some(Ok(())) => {}
            Some(Err(status)) => failed(&mut result, &status),
            // To drop a call is to cancel it.
            None => failed(&mut result, &Status::new(Code::Cancelled, "given up")),
        }
        if !matches!(self.asked.stream_type(), StreamType::Unary | StreamType::ServerStream) {
            let sent = self.progress.sent.load(Ordering::Relaxed);
            let unsent = self.asked.request_messages.len().saturating_sub(sent);
            result.num_unsent_requests = i32::try_from(unsent)?;
        }
        Ok(result)
    }

    async fn call(
        &self,
        result: &mut ClientResponseResult,
    ) -> Result<std::result::Result<(), Status>> {
        let mut options = CallOptions::new();
        if let Some(milliseconds) = self.asked.timeout_ms {
            let timeout = Duration::from_millis(milliseconds.into());
            options = options.deadline(deadline_after(timeout));
        }
        let client = self.client.with(options.clone());
        Ok(match self.asked.method.as_deref().unwrap_or_default() {
            "Unary" => {
                let reply = client.unary(self.request::<UnaryRequest>()?).await;
                one(result, reply, |reply: UnaryResponse| reply.payload)
            }
            "Unimplemented" => {
                // The client has no such method, as the service has none.
                let unimplemented = method("Unimplemented", CallKind::Unary);
                let (request, headers) = self.request::<UnimplementedRequest>()?.into_parts();
                for (name, value) in headers {
                    options = options.attachment(name, value);
                }
                let request = message(request);
                let reply = client.client().call(&unimplemented, request, &options).await;
                let reply = reply.map(|_| Response::new(UnimplementedResponse {}));
                one(result, reply, |_| None)
            }
            "ServerStream" => {
                let reply = client.server_stream(self.request::<ServerStreamRequest>()?).await;
                self.many(result, reply, |reply: ServerStreamResponse| reply.payload).await
            }
            "ClientStream" => {
                let reply = client.client_stream(self.requests::<ClientStreamRequest>()?).await;
                one(result, reply, |reply: ClientStreamResponse| reply.payload)
            }
            "BidiStream" => {
                let reply = client.bidi_stream(self.requests::<BidiStreamRequest>()?).await;
                self.many(result, reply, |reply: BidiStreamResponse| reply.payload).await
            }
            other => return Err(format!("{other} is no method of the suite").into()),
        })
    }

    fn messages<M: Message + ProstName>(&self) -> Result<Vec<M>> {
        self.asked.request_messages.iter().map(crate::any::unpack).collect()
    }

    fn with_headers<T>(&self, content: T) -> Request<T> {
        let mut request = Request::new(content);
        *request.metadata_mut() = metadata(self.asked.request_headers.clone());
        request
    }

    /// The only request, which ends those of the call.
    fn request<M: Message + ProstName>(&self) -> Result<Request<M>> {
        let message = self.messages()?.pop().ok_or("a request is missing")?;
        self.progress.closed.notify_one();
        Ok(self.with_headers(message))
    }

    /// The requests, one by one.
    fn requests<M: Message + ProstName>(
        &self,
    ) -> Result<Request<impl Stream<Item = M> + Send + use<M>>> {
        let pause = Duration::from_millis(self.asked.request_delay_ms.into());
        let state = (self.messages()?.into_iter(), self.progress.clone());
        Ok(self.with_headers(stream::unfold(state, move |(mut messages, progress)| async move {
            progress.turns.acquire().await.ok()?.forget();
            let Some(message) = messages.next() else {
                progress.close().await;
                return None;
            };
            if !pause.is_zero() {
                sleep(pause).await;
            }
            progress.sent.fetch_add(1, Ordering::Relaxed);
            Some((message, (messages, progress)))
        })))
    }

    async fn many<T: Message>(
        &self,
        result: &mut ClientResponseResult,
        reply: std::result::Result<Response<Streaming<T>>, Status>,
        payload: fn(T) -> Option<ConformancePayload>,
    ) -> std::result::Result<(), Status> {
        let (mut replies, metadata) = reply?.into_parts();
        result.response_headers = headers(&metadata);
        while let Some(reply) = replies.message().await? {
            result.payloads.push(payload(reply).unwrap_or_default());
            self.progress.replied(result.payloads.len()).await;
        }
        result.response_trailers = replies.trailers().map(headers).unwrap_or_default();
        Ok(())
    }
}

fn one<T>(
    result: &mut ClientResponseResult,
    reply: std::result::Result<Response<T>, Status>,
    payload: fn(T) -> Option<ConformancePayload>,
) -> std::result::Result<(), Status> {
    let reply = reply?;
    result.response_headers = headers(reply.metadata());
    result.response_trailers = headers(reply.trailers());
    result.payloads.push(payload(reply.into_inner()).unwrap_or_default());
    Ok(())
}

fn failed(result: &mut ClientResponseResult, status: &Status) {
    if result.response_headers.is_empty() {
        result.response_headers = headers(status.headers());
    }
    result.response_trailers = headers(status.trailers());
    result.error = Some(error(status));
}
