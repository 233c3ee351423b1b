//! The parts of the generated client of a protobuf service.

use std::sync::Arc;

use dubhe_core::message::IntoStreamingRequest;
use dubhe_core::{CallBody, Metadata, Method, Reply, Request, Response, Status, Streaming};
use dubhe_protobuf::{Message, decode_or, message};
use futures_util::StreamExt as _;

use super::in_reply_of;
use crate::client::Client;
use crate::options::CallOptions;

/// Calls a method with one message for one.
///
/// # Errors
/// Those of the call, or [`Code::Internal`](dubhe_core::Code::Internal) when the reply is not one
/// message of this type.
pub async fn unary<M: Message, T: Message>(
    client: &Client,
    method: &Arc<Method>,
    request: impl Into<Request<M>>,
    options: &CallOptions,
) -> Result<Response<T>, Status> {
    let reply = one(client, method, request.into(), options).await?;
    Response::of_reply(reply, decode_or).await.map_err(|status| in_reply_of(status, client, method))
}

/// Calls a method with many messages for one.
///
/// # Errors
/// As [`unary`].
pub async fn client_stream<M: Message, T: Message>(
    client: &Client,
    method: &Arc<Method>,
    request: impl IntoStreamingRequest<Message = M>,
    options: &CallOptions,
) -> Result<Response<T>, Status> {
    let reply = many(client, method, request, options).await?;
    Response::of_reply(reply, decode_or).await.map_err(|status| in_reply_of(status, client, method))
}

/// Calls a method with one message for many.
///
/// # Errors
/// Those of the call; what goes wrong later ends the stream.
pub async fn server_stream<M: Message, T: Message>(
    client: &Client,
    method: &Arc<Method>,
    request: impl Into<Request<M>>,
    options: &CallOptions,
) -> Result<Response<Streaming<T>>, Status> {
    one(client, method, request.into(), options)
        .await
        .map(|reply| Response::of_stream(reply, decode_or))
}

/// Calls a method with many messages for many.
///
/// # Errors
/// As [`server_stream`].
pub async fn bidirectional<M: Message, T: Message>(
    client: &Client,
    method: &Arc<Method>,
    request: impl IntoStreamingRequest<Message = M>,
    options: &CallOptions,
) -> Result<Response<Streaming<T>>, Status> {
    many(client, method, request, options).await.map(|reply| Response::of_stream(reply, decode_or))
}

async fn one<M: Message>(
    client: &Client,
    method: &Arc<Method>,
    request: Request<M>,
    options: &CallOptions,
) -> Result<Reply, Status> {
    let (value, metadata) = request.into_parts();
    send(client, method, CallBody::One(message(value)), metadata, options).await
}

async fn many<M: Message>(
    client: &Client,
    method: &Arc<Method>,
    request: impl IntoStreamingRequest<Message = M>,
    options: &CallOptions,
) -> Result<Reply, Status> {
    let (stream, metadata) = request.into_streaming_request().into_parts();
    let body = CallBody::Stream(Box::pin(stream.map(|value| Ok(message(value)))));
    send(client, method, body, metadata, options).await
}

/// Sends a request whose own metadata stands before that of the options.
async fn send(
    client: &Client,
    method: &Arc<Method>,
    body: CallBody,
    mut metadata: Metadata,
    options: &CallOptions,
) -> Result<Reply, Status> {
    if metadata.is_empty() {
        return client.send(method, body, options).await;
    }
    metadata.fill_from(&options.metadata);
    let options = CallOptions { metadata, ..options.clone() };
    client.send(method, body, &options).await
}
