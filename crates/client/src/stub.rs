//! The parts of generated client code.

#[cfg(feature = "protobuf")]
pub mod message;

use std::sync::Arc;

use dubhe_core::time::Duration;
use dubhe_core::{ByteString, CallBody, Method, Payload, Reply, Status, Streaming};
use dubhe_hessian2::Encode;
use dubhe_hessian2::payload::{self, Owned};
use futures_util::StreamExt as _;

pub use dubhe_cluster::plan::ClientOptions;
pub use futures_util::Stream;

use crate::client::Client;
use crate::options::CallOptions;

/// A `Result`, under whichever name: the methods of an interface may return an alias.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `Result`",
    label = "a call can fail",
    note = "return `Result<T, Status>`, an alias of such a type, or one with an error of your own that is \
            `Into<Status>`, such as one with `#[derive(JavaException)]`"
)]
pub trait Fallible {
    /// The value of success.
    type Value;
}

impl<T, E> Fallible for Result<T, E> {
    type Value = T;
}

/// Calls a method and decodes its one result.
///
/// # Errors
/// Those of the call, or [`Code::Internal`](dubhe_core::Code::Internal) when the result is of another type.
pub async fn unary<T: Owned>(
    client: &Client,
    method: &Arc<Method>,
    arguments: Payload,
    options: &CallOptions,
) -> Result<T, Status> {
    let reply = client.call(method, arguments, options).await?;
    payload::reply(&reply).map_err(|status| in_reply_of(status, client, method))
}

/// Calls a method that nobody waits for: it is over when the request has been sent.
///
/// # Errors
/// Those of sending.
pub async fn oneway(
    client: &Client,
    method: &Arc<Method>,
    arguments: Payload,
    options: &CallOptions,
) -> Result<(), Status> {
    client.call(method, arguments, options).await.map(drop)
}

/// Calls a method with one request for many replies.
///
/// # Errors
/// Those of the call; what goes wrong later ends the stream.
pub async fn server_stream<T: Owned>(
    client: &Client,
    method: &Arc<Method>,
    arguments: Payload,
    options: &CallOptions,
) -> Result<Streaming<T>, Status> {
    client.call(method, arguments, options).await.map(replies)
}

/// Calls a method with many requests for one reply.
///
/// # Errors
/// As [`unary`].
pub async fn client_stream<M, T>(
    client: &Client,
    method: &Arc<Method>,
    requests: impl Stream<Item = M> + Send + 'static,
    options: &CallOptions,
) -> Result<T, Status>
where
    M: Encode + Send + Sync + 'static,
    T: Owned,
{
    let reply = client.send(method, many(requests), options).await?;
    payload::reply(&reply).map_err(|status| in_reply_of(status, client, method))
}

/// Calls a method with many requests for many replies.
///
/// # Errors
/// As [`server_stream`].
pub async fn bidirectional<M, T>(
    client: &Client,
    method: &Arc<Method>,
    requests: impl Stream<Item = M> + Send + 'static,
    options: &CallOptions,
) -> Result<Streaming<T>, Status>
where
    M: Encode + Send + Sync + 'static,
    T: Owned,
{
    client.send(method, many(requests), options).await.map(replies)
}

fn replies<T: Owned>(reply: Reply) -> Streaming<T> {
    Streaming::of_reply(reply, payload::decode_or)
}

fn many<M>(requests: impl Stream<Item = M> + Send + 'static) -> CallBody
where
    M: Encode + Send + Sync + 'static,
{
    CallBody::Stream(Box::pin(requests.map(|request| Ok(payload::message(request)))))
}

fn in_reply_of(status: Status, client: &Client, method: &Method) -> Status {
    status.context(format!("reply of {}.{}", client.service(), method.name))
}

/// The options that an interface gives to one of its methods.
pub fn options(
    method: &'static str,
    timeout_ms: Option<u64>,
    retries: Option<u32>,
) -> (ByteString, ClientOptions) {
    let timeout = timeout_ms.map(Duration::from_millis);
    (
        ByteString::from_static(method),
        ClientOptions { timeout, retries, ..ClientOptions::default() },
    )
}
