//! What generated server code is made of.

pub mod message;
mod stream;

use std::sync::Arc;

use dubhe_core::context::Context;
use dubhe_core::{Body, Call, Code, Invoking, Metadata, Payload, Reply, Status};
use dubhe_hessian2::Encode;
use dubhe_hessian2::payload::{self, OwnedArguments};
pub use stream::{Outlet, server_stream};

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
    let inherited = ctx.inherited();
    let future = handler(ctx.clone(), arguments);
    let work = async move {
        let outcome = future.await.map(payload::message).map_err(Into::into);
        finish(outcome, ctx.take_reply_attachments())
    };
    if inherited.is_empty() { Invoking::boxed(work) } else { Invoking::scoped(inherited, work) }
}

/// What a handler ended with, and the attachments that go before it.
fn finish(outcome: Result<Payload, Status>, metadata: Metadata) -> Result<Reply, Status> {
    match outcome {
        Ok(payload) => Ok(Reply::with_metadata(payload, metadata)),
        Err(status) => {
            let keep = status.headers().is_empty() && !metadata.is_empty();
            Err(if keep { status.with_headers(metadata) } else { status })
        }
    }
}

/// The context of a call, and its arguments.
fn accept<A: OwnedArguments>(call: Call) -> Result<(Arc<Context>, A), Status> {
    let Call { head, body } = call;
    let arguments = match &body {
        Body::One(payload) => payload::arguments::<A>(payload),
        Body::Stream(_) => Err(Status::new(
            Code::InvalidArgument,
            format!("{} takes one request, not a stream", head.method.name),
        )),
    };
    match arguments {
        Ok(arguments) => Ok((Arc::new(Context::new(head)), arguments)),
        Err(status) => {
            Err(status.context(format_args!("arguments of {}.{}", head.service, head.method.name)))
        }
    }
}

/// The answer of a method that this protocol cannot carry.
pub fn unsupported(call: &Call, what: &str) -> Invoking {
    let method = &call.head.method.name;
    Invoking::ready(Err(Status::new(Code::Unimplemented, format!("{method}: {what}"))))
}

/// A reply of one value, for services that are written by hand.
pub fn reply(value: impl Encode + Send + Sync + 'static) -> Reply {
    Reply::new(Payload::Message(payload::content(value)))
}
