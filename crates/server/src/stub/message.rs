//! Functions that the generated servers of protobuf services call.
//!
//! A handler takes a [`Request`] and returns a [`Response`]; one whose reply is a stream gives it to a
//! [`ReplySender`]. Calls that a handler makes inherit the deadline and the trace of its own.

use std::sync::Arc;

use dubhe_core::context::Context;
use dubhe_core::{Call, CallBody, Code, Invoking, Request, Response, Status, Streaming};
use dubhe_protobuf::{Message, decode, decode_or, message};

use super::stream::{ReplySender, answer};
use super::{decoded, finish};

/// Serves a method of one message for one.
pub fn unary<M, T, H, F>(call: Call, handler: H) -> Invoking
where
    M: Message,
    T: Message,
    H: FnOnce(Request<M>) -> F,
    F: Future<Output = Result<Response<T>, Status>> + Send + 'static,
{
    one(call, |request, ctx| respond(ctx, handler(request)))
}

/// Serves a method of many messages for one.
pub fn client_stream<M, T, H, F>(call: Call, handler: H) -> Invoking
where
    M: Message,
    T: Message,
    H: FnOnce(Request<Streaming<M>>) -> F,
    F: Future<Output = Result<Response<T>, Status>> + Send + 'static,
{
    let (request, ctx) = many(call);
    respond(ctx, handler(request))
}

/// Serves a method of one message for many.
pub fn server_stream<M, H, F>(call: Call, handler: H) -> Invoking
where
    M: Message,
    H: FnOnce(Request<M>, ReplySender) -> F,
    F: Future<Output = Result<(), Status>> + Send + 'static,
{
    one(call, |request, ctx| answer(ctx, |replies| handler(request, replies)))
}

/// Serves a method of many messages for many.
pub fn bidirectional<M, H, F>(call: Call, handler: H) -> Invoking
where
    M: Message,
    H: FnOnce(Request<Streaming<M>>, ReplySender) -> F,
    F: Future<Output = Result<(), Status>> + Send + 'static,
{
    let (request, ctx) = many(call);
    answer(ctx, |replies| handler(request, replies))
}

/// Decodes a request of one message and calls `go_on` with it, or returns the error of the call.
fn one<M: Message>(
    call: Call,
    go_on: impl FnOnce(Request<M>, Arc<Context>) -> Invoking,
) -> Invoking {
    let Call { mut head, body } = call;
    let message = match body {
        CallBody::One(payload) => {
            // The decoder cannot say what it allocates; it is about as much as the message has.
            let bytes = payload.encoded_len();
            if let Err(status) = decoded::count(&mut head, bytes) {
                return Invoking::ready(Err(status));
            }
            decode::<M>(payload)
        }
        CallBody::Stream(_) => {
            Err(Status::new(Code::InvalidArgument, "the method takes one message, not a stream"))
        }
    };
    match message {
        Ok(message) => {
            let ctx = Arc::new(Context::new(head));
            go_on(Request::arrived(message, ctx.clone()), ctx)
        }
        Err(status) => {
            let context = format_args!("request of {}.{}", head.service, head.method.name);
            Invoking::ready(Err(status.context(context)))
        }
    }
}

fn many<M: Message>(call: Call) -> (Request<Streaming<M>>, Arc<Context>) {
    let ctx = Arc::new(Context::new(call.head));
    (Request::arrived(Streaming::of_request(call.body, decode_or), ctx.clone()), ctx)
}

/// Encodes the one message that a handler returns as the reply.
fn respond<T, F>(ctx: Arc<Context>, handler: F) -> Invoking
where
    T: Message,
    F: Future<Output = Result<Response<T>, Status>> + Send + 'static,
{
    let inherited = ctx.inherited();
    let work = async move {
        let outcome = handler.await.map(|response| response.into_reply(message));
        finish(outcome, ctx.take_reply_attachments())
    };
    if inherited.is_empty() { Invoking::boxed(work) } else { Invoking::scoped(inherited, work) }
}
