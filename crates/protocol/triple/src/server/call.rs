//! One call: from the headers of its request to the status of its reply.

use std::future::{pending, poll_fn};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::call::{Body, Call, Head};
use dubhe_core::context::Peer;
use dubhe_core::invoke::Outcome;
use dubhe_core::serve::Target;
use dubhe_core::time::{Deadline, Instant};
use dubhe_core::{CallKind, Code, Encoded, Payload, Status};
use dubhe_net::time;
use futures_util::{FutureExt, stream};
use h2::RecvStream;
use h2::server::SendResponse;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request, StatusCode, request};

use super::TripleProtocol;
use super::reply::{self, Way};
use super::route::Route;
use crate::frame::Framed;
use crate::inbound::Inbound;
use crate::payload::{Shape, unwrap_request};
use crate::settings::Exceptions;
use crate::{content, metadata, timeout};

/// Answers one request. Dropped, it drops the handler and resets the stream.
pub(super) async fn serve(
    protocol: Arc<TripleProtocol>,
    peer: Arc<Peer>,
    request: Request<RecvStream>,
    mut respond: SendResponse<Framed>,
) {
    let (parts, recv) = request.into_parts();
    let admitted = match admit(&protocol, &parts) {
        Ok(admitted) => admitted,
        Err(Refused::Http(status)) => return reply::refuse(&mut respond, status),
        Err(Refused::Grpc(status)) => return reply::fail(&mut respond, &status),
    };
    let (deadline, arrived) = (admitted.deadline, admitted.arrived);
    let way = Way {
        shape: admitted.shape.clone(),
        limit: protocol.settings.max_message,
        exceptions: java_exceptions(protocol.settings.exceptions, &parts.headers),
    };
    let inbound = Inbound::new(recv, protocol.settings.max_message);
    let work = AssertUnwindSafe(run(&protocol, peer, &parts, admitted, inbound)).catch_unwind();
    let outcome = tokio::select! {
        biased;
        outcome = work => outcome.unwrap_or_else(|_| Err(panicked())),
        () = passed(deadline) => Err(too_late(arrived)),
        // The caller gave up; dropping the handler is all there is to do.
        _ = poll_fn(|cx| respond.poll_reset(cx)) => return,
    };
    match outcome {
        Err(status) => way.fail(&mut respond, &status),
        Ok(reply) => {
            let late = async {
                passed(deadline).await;
                too_late(arrived)
            };
            way.send(&mut respond, reply, late).await;
        }
    }
}

/// What the headers of a request say.
struct Admitted {
    target: Target,
    shape: Shape,
    deadline: Option<Deadline>,
    arrived: Instant,
}

enum Refused {
    /// It is no gRPC request.
    Http(StatusCode),
    /// It is one that cannot be served.
    Grpc(Status),
}

fn admit(protocol: &TripleProtocol, parts: &request::Parts) -> Result<Admitted, Refused> {
    let arrived = time::now();
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let format = kind.and_then(content::format);
    let format = format.ok_or(Refused::Http(StatusCode::UNSUPPORTED_MEDIA_TYPE))?;
    if parts.method != Method::POST {
        return Err(Refused::Http(StatusCode::METHOD_NOT_ALLOWED));
    }
    let deadline = match parts.headers.get("grpc-timeout") {
        Some(header) => {
            let parsed = header.to_str().ok().and_then(timeout::parse).ok_or_else(|| {
                Refused::Grpc(Status::new(Code::Internal, "grpc-timeout is malformed"))
            })?;
            Some(Deadline::after(arrived, parsed))
        }
        None => None,
    };
    let target = route(parts)?.find(&*protocol.dispatch, None).map_err(Refused::Grpc)?;
    let java = target.method.descriptor.is_some();
    let shape = if java { Shape::Wrapper } else { Shape::Plain(format) };
    Ok(Admitted { target, shape, deadline, arrived })
}

fn route(parts: &request::Parts) -> Result<Route<'_>, Refused> {
    Route::of(&parts.uri, &parts.headers).ok_or_else(|| {
        let text = format!("{} is not /service/method", parts.uri.path());
        Refused::Grpc(Status::new(Code::Unimplemented, text))
    })
}

/// Reads the request as far as its kind needs before the handler begins, and runs the handler.
async fn run(
    protocol: &TripleProtocol,
    peer: Arc<Peer>,
    parts: &request::Parts,
    admitted: Admitted,
    mut inbound: Inbound,
) -> Outcome {
    let Admitted { mut target, shape, deadline, arrived } = admitted;
    let streamed = matches!(target.method.kind, CallKind::ClientStream | CallKind::Bidirectional);
    let body = if streamed {
        let messages = stream::poll_fn(move |cx| inbound.poll_message(cx));
        let read = move |message: Result<_, Status>| Ok(unshape(&shape, message?)?.0);
        Body::Stream(Box::pin(futures_util::StreamExt::map(messages, read)))
    } else {
        let (payload, descriptor) = unshape(&shape, inbound.only().await?)?;
        if let Some(descriptor) = descriptor
            && target.method.descriptor.as_deref() != Some(&*descriptor)
            && let Ok(route) = route(parts)
        {
            // Overloads are told apart by the types in the wrapper.
            target = route.find(&*protocol.dispatch, Some(&descriptor))?;
        }
        Body::One(payload)
    };
    let mut head = Head::new(target.service, target.method);
    head.metadata = metadata::read(&parts.headers);
    if let Some(name) = parts.headers.get("tri-consumer-appname").and_then(|v| v.to_str().ok()) {
        head.metadata.insert("remote.application", ByteString::from(name));
    }
    head.deadline = deadline;
    head.arrived = Some(arrived);
    head.peer = Some(peer);
    target.invoke.invoke(Call { head, body }).await
}

fn unshape(shape: &Shape, message: bytes::Bytes) -> Result<(Payload, Option<String>), Status> {
    Ok(match shape {
        Shape::Plain(format) => (Payload::Encoded(Encoded::new(format.clone(), message)), None),
        Shape::Wrapper => {
            let (payload, descriptor) = unwrap_request(message)?;
            (payload, Some(descriptor))
        }
    })
}

/// Whether a caller with these headers is answered with Java's exceptions.
fn java_exceptions(style: Exceptions, headers: &HeaderMap) -> bool {
    let go = || headers.get("user-agent").is_some_and(|v| v.as_bytes().starts_with(b"grpc-go"));
    match style {
        Exceptions::Java => true,
        Exceptions::Status => false,
        Exceptions::ByPeer => !go(),
    }
}

async fn passed(deadline: Option<Deadline>) {
    match deadline {
        Some(deadline) => time::sleep_until(deadline.instant()).await,
        None => pending().await,
    }
}

#[cold]
fn too_late(arrived: Instant) -> Status {
    let after = time::now().saturating_duration_since(arrived);
    Status::new(Code::DeadlineExceeded, format!("no reply was ready within {after:.1?}"))
}

#[cold]
fn panicked() -> Status {
    Status::new(Code::Internal, "the handler panicked; the provider's log says where")
}
