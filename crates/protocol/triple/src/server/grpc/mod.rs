//! One gRPC call: from the headers of its request to the status of its reply.

mod reply;

use std::future::poll_fn;
use std::sync::Arc;

use dubhe_core::call::{Body, Call, Head};
use dubhe_core::context::Peer;
use dubhe_core::invoke::Outcome;
use dubhe_core::serve::{Overload, Target};
use dubhe_core::time::{Deadline, Instant};
use dubhe_core::{CallKind, Code, Encoded, Format, Payload, Status};
use dubhe_net::time;
use futures_util::{StreamExt, stream};
use h2::RecvStream;
use h2::server::SendResponse;
use http::header::USER_AGENT;
use http::{HeaderMap, Method, Request, StatusCode, request};

use super::Shared;
use super::route::{Route, payload_limit};
use super::run::{guarded, too_late};
use crate::compression::{Encoding, GRPC_ACCEPT_ENCODING, GRPC_ENCODING};
use crate::frame::Data;
use crate::header::TIMEOUT;
use crate::inbound::{Inbound, no_message};
use crate::payload::{Shape, unwrap_request};
use crate::settings::Exceptions;
use crate::timeout::{self, passed};
use crate::{content, metadata};
use reply::Way;

/// Answers one request. Dropped, it drops the handler and resets the stream.
pub(super) async fn serve(
    shared: &Shared,
    peer: Arc<Peer>,
    request: Request<RecvStream>,
    format: Format,
    mut respond: SendResponse<Data>,
) {
    let (parts, recv) = request.into_parts();
    let admitted = match admit(shared, &parts, format.clone()) {
        Ok(admitted) => admitted,
        Err(Refused::Http(status)) => return reply::refuse(&mut respond, status),
        Err(Refused::Grpc(status)) => {
            return reply::fail(&mut respond, content::of_format(&format), &status);
        }
    };
    let settings = &shared.settings;
    let Admitted { target, shape, encoding, deadline, arrived } = admitted;
    let limit = payload_limit(&target, settings.max_message);
    let way = Way {
        shape: shape.clone(),
        limit,
        exceptions: java_exceptions(settings.exceptions, &parts.headers),
        encoding: settings.compress.reply(encoding, &parts.headers, &GRPC_ACCEPT_ENCODING),
    };
    let inbound = Inbound::new(recv, limit, encoding);
    let call = Arriving { target, shape, deadline, arrived, peer };
    let outcome = tokio::select! {
        biased;
        outcome = guarded(call.run(shared, &parts, inbound), deadline, arrived) => outcome,
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
    encoding: Encoding,
    deadline: Option<Deadline>,
    arrived: Instant,
}

enum Refused {
    /// It is no gRPC request.
    Http(StatusCode),
    /// It is one that cannot be served.
    Grpc(Status),
}

fn admit(shared: &Shared, parts: &request::Parts, format: Format) -> Result<Admitted, Refused> {
    let arrived = time::now();
    if parts.method != Method::POST {
        return Err(Refused::Http(StatusCode::METHOD_NOT_ALLOWED));
    }
    let deadline = match parts.headers.get(TIMEOUT) {
        Some(header) => {
            let parsed = header.to_str().ok().and_then(timeout::parse).ok_or_else(|| {
                Refused::Grpc(Status::new(Code::Internal, "grpc-timeout is malformed"))
            })?;
            Some(Deadline::after(arrived, parsed))
        }
        None => None,
    };
    let encoding = Encoding::of(&parts.headers, &GRPC_ENCODING).map_err(Refused::Grpc)?;
    let route = Route::of(&parts.uri, &parts.headers).map_err(Refused::Grpc)?;
    let target = route.find(&*shared.dispatch, Overload::Any);
    // A method that is missing is to gRPC what a missing service is.
    let target = target.map_err(|s| Refused::Grpc(s.with_code(Code::Unimplemented)))?;
    let java = target.method.descriptor.is_some();
    let shape = if java { Shape::Wrapper } else { Shape::Plain(format) };
    Ok(Admitted { target, shape, encoding, deadline, arrived })
}

/// A call whose body is still to be read.
struct Arriving {
    target: Target,
    shape: Shape,
    deadline: Option<Deadline>,
    arrived: Instant,
    peer: Arc<Peer>,
}

impl Arriving {
    /// Reads the request as far as its kind needs before the handler begins, and runs the handler.
    async fn run(self, shared: &Shared, parts: &request::Parts, mut inbound: Inbound) -> Outcome {
        let Self { mut target, shape, deadline, arrived, peer } = self;
        let kind = target.method.kind;
        let names = shape.names();
        let body = if matches!(kind, CallKind::ClientStream | CallKind::Bidirectional) {
            let messages = stream::poll_fn(move |cx| inbound.poll_message(cx));
            Body::Stream(Box::pin(messages.map(move |message| Ok(unshape(&shape, message?)?.0))))
        } else {
            let (payload, types) = unshape(&shape, inbound.only().await?.ok_or_else(no_message)?)?;
            if let Some(types) = types
                && target.method.descriptor.as_deref() != Some(&*types)
            {
                // Overloads are told apart by the types in the wrapper.
                let route = Route::of(&parts.uri, &parts.headers)?;
                target = route.find(&*shared.dispatch, Overload::Types(&types))?;
            }
            Body::One(payload)
        };
        let mut head = Head::new(target.service, target.method);
        head.metadata = metadata::of_request(&parts.headers, names);
        head.deadline = deadline;
        head.arrived = Some(arrived);
        head.peer = Some(peer);
        target.invoke.invoke(Call { head, body }).await
    }
}

/// The payload of a message and, in a wrapper, the types of the arguments.
fn unshape(shape: &Shape, message: bytes::Bytes) -> Result<(Payload, Option<String>), Status> {
    Ok(match shape {
        Shape::Plain(format) => (Encoded::new(format.clone(), message).into(), None),
        Shape::Wrapper => {
            let (payload, types) = unwrap_request(message)?;
            (payload, Some(types))
        }
    })
}

/// Whether a caller with these headers is answered with Java's exceptions.
fn java_exceptions(style: Exceptions, headers: &HeaderMap) -> bool {
    let go = || headers.get(USER_AGENT).is_some_and(|v| v.as_bytes().starts_with(b"grpc-go"));
    match style {
        Exceptions::Java => true,
        Exceptions::Status => false,
        Exceptions::ByPeer => !go(),
    }
}
