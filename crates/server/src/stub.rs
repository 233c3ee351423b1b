//! Functions that generated server code calls.

mod callback;
mod decoded;
#[cfg(feature = "protobuf")]
pub mod message;
mod stream;

use std::sync::Arc;

pub use callback::callback;
use dubhe_core::context::Context;
use dubhe_core::{Call, CallBody, Code, Invoking, Metadata, Payload, Reply, Status, Streaming};
use dubhe_hessian2::Encode;
use dubhe_hessian2::payload::{self, Owned, OwnedArguments};
use stream::answer;
pub use stream::{ReplySender, server_stream};

/// Decodes the arguments of `call`, runs `handler` with them, and encodes what it returns.
///
/// Calls that the handler makes inherit the deadline and the trace of this one.
pub fn unary<A, T, E, H, F>(call: Call, handler: H) -> Invoking
where
    A: OwnedArguments,
    T: Encode + Send + Sync + 'static,
    E: Into<Status>,
    H: FnOnce(Arc<Context>, A) -> F,
    F: Future<Output = Result<T, E>> + Send + 'static,
{
    let (ctx, arguments) = match accept::<A>(call) {
        Ok(accepted) => accepted,
        Err(status) => return Invoking::ready(Err(status)),
    };
    respond(ctx.clone(), handler(ctx, arguments))
}

/// Runs `handler` with the requests of `call`, and encodes the one reply that it returns.
pub fn client_stream<M, T, E, H, F>(call: Call, handler: H) -> Invoking
where
    M: Owned,
    T: Encode + Send + Sync + 'static,
    E: Into<Status>,
    H: FnOnce(Arc<Context>, Streaming<M>) -> F,
    F: Future<Output = Result<T, E>> + Send + 'static,
{
    let ctx = Arc::new(Context::new(call.head));
    respond(ctx.clone(), handler(ctx, requests(call.body)))
}

/// Runs `handler` with the requests of `call`, and sends the messages that it gives to its
/// [`ReplySender`], as [`server_stream`] does.
pub fn bidirectional<M, H, F>(call: Call, handler: H) -> Invoking
where
    M: Owned,
    H: FnOnce(Arc<Context>, Streaming<M>, ReplySender) -> F,
    F: Future<Output = Result<(), Status>> + Send + 'static,
{
    let ctx = Arc::new(Context::new(call.head));
    answer(ctx.clone(), |replies| handler(ctx, requests(call.body), replies))
}

fn requests<M: Owned>(body: CallBody) -> Streaming<M> {
    Streaming::of_request(body, payload::decode_or)
}

/// Encodes the one value that a handler returns as the reply.
fn respond<T, E, F>(ctx: Arc<Context>, handler: F) -> Invoking
where
    T: Encode + Send + Sync + 'static,
    E: Into<Status>,
    F: Future<Output = Result<T, E>> + Send + 'static,
{
    let inherited = ctx.inherited();
    let work = async move {
        let outcome = handler.await.map(|value| Reply::new(payload::message(value)));
        finish(outcome.map_err(Into::into), ctx.take_reply_attachments())
    };
    if inherited.is_empty() { Invoking::boxed(work) } else { Invoking::scoped(inherited, work) }
}

/// Adds the attachments of a reply to the outcome of its handler.
fn finish(outcome: Result<Reply, Status>, metadata: Metadata) -> Result<Reply, Status> {
    match outcome {
        Ok(mut reply) => {
            reply.metadata.fill_from(&metadata);
            Ok(reply)
        }
        Err(status) => {
            let keep = status.headers().is_empty() && !metadata.is_empty();
            Err(if keep { status.with_headers(metadata) } else { status })
        }
    }
}

/// Decodes the arguments of a call, and makes its context.
fn accept<A: OwnedArguments>(call: Call) -> Result<(Arc<Context>, A), Status> {
    let Call { mut head, body } = call;
    let arguments = match &body {
        CallBody::One(payload) => payload::arguments_with_memory::<A>(payload),
        CallBody::Stream(_) => Err(Status::new(
            Code::InvalidArgument,
            format!("{} takes one request, not a stream", head.method.name),
        )),
    };
    match arguments {
        Ok((arguments, bytes)) => {
            decoded::count(&mut head, bytes)?;
            Ok((Arc::new(Context::new(head)), arguments))
        }
        Err(status) => {
            Err(status.context(format_args!("arguments of {}.{}", head.service, head.method.name)))
        }
    }
}

/// Refuses a call of a method that its protocol cannot carry.
pub fn unsupported(call: &Call, what: &str) -> Invoking {
    let method = &call.head.method.name;
    Invoking::ready(Err(Status::new(Code::Unimplemented, format!("{method}: {what}"))))
}

/// Encodes a value as a reply, for services that are written by hand.
pub fn reply(value: impl Encode + Send + Sync + 'static) -> Reply {
    Reply::new(Payload::Message(payload::content(value)))
}
