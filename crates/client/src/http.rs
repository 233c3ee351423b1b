//! HTTP requests as calls.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use dubhe_core::payload::Encoded;
use dubhe_core::status::Origin;
use dubhe_core::{Call, CallBody, Code, Head, Payload, Payloads, Reply, ServiceKey, Status};
use dubhe_http::{FORMAT, Refusal, RequestHead, ResponseHead, method_of};
use futures_util::{Stream, StreamExt as _};
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use tower_service::Service;

use crate::builder::Stub;
use crate::client::Client;

/// The bytes of a request body that are kept, so that the request can be sent again. A larger one,
/// and one of unknown length, is sent as it comes, and once.
pub const MAX_REPLAYED: u64 = 64 * 1024;

/// A client of an application over HTTP, such as a Spring Cloud application: a
/// [`tower::Service`](Service) of HTTP requests. A request is a call of the service that is named
/// after the application, of the method `VERB /path`; so filters, routers, balancers and retries see
/// it. Cheap to clone.
///
/// The path and the query of a request count; scheme and authority of its URI are those of the
/// instance that is picked. A verb that is not idempotent is not sent again once it may have been
/// received. The timeout of the client holds for the response up to its last byte.
///
/// Responses that are errors of the server (5xx, and 429) are failed calls to filters. Of these, 429, 502,
/// 503 and 504 are tried again elsewhere, and the last one is the response that the caller gets.
///
/// ```no_run
/// use dubhe::prelude::*;
/// use dubhe::http::HttpClient;
/// use http::Request;
///
/// # async fn run(app: App) -> Result<(), Status> {
/// let users: HttpClient = app.http("user-service").build()?;
/// let request = Request::get("/users/7").body(String::new()).unwrap();
/// let response = users.send(request).await?;
/// println!("{} {:?}", response.status(), response.into_body().bytes().await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct HttpClient(Client);

/// The name of the method of a request, as an extension of it: for a path with a variable part, so
/// that rules and metrics see one name and not one for each value.
///
/// ```
/// use dubhe::http::MethodName;
/// use http::Request;
///
/// let request = Request::get("/users/7")
///     .extension(MethodName("GET /users/{id}".into()))
///     .body(())
///     .unwrap();
/// assert!(request.extensions().get::<MethodName>().is_some());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodName(pub dubhe_core::ByteString);

impl Stub for HttpClient {
    fn service() -> ServiceKey {
        ServiceKey::default()
    }

    fn protocols() -> &'static [&'static str] {
        &["http", "https"]
    }

    fn over(client: Client) -> Self {
        Self(client)
    }
}

impl HttpClient {
    /// The client under it.
    pub fn client(&self) -> &Client {
        &self.0
    }

    /// Sends a request, and returns the head of the response with its body still to be read. Dropping
    /// the future, or the body, cancels the call.
    ///
    /// # Errors
    /// When no instance answered. A response is none, whatever its status.
    pub async fn send<B>(&self, request: Request<B>) -> Result<Response<ResponseBody>, Status>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: fmt::Display,
    {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().cloned();
        let path = path.unwrap_or(http::uri::PathAndQuery::from_static("/"));
        let request = RequestHead { method: parts.method, path, headers: parts.headers };
        let mut method = method_of(&request);
        if let Some(MethodName(name)) = parts.extensions.get() {
            method.name = name.clone();
        }
        let body = call_body(body).await?;
        let mut head = Head::new(self.0.service().clone(), Arc::new(method));
        head.extensions.insert(request);
        match self.0.invoke(Call { head, body }).await {
            Ok(reply) => Ok(response(reply)),
            Err(status) => refused(&status).ok_or(status),
        }
    }
}

impl<B> Service<Request<B>> for HttpClient
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: fmt::Display,
{
    type Response = Response<ResponseBody>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let client = self.clone();
        Box::pin(async move { client.send(request).await })
    }
}

/// The body of a call: one payload where it is small and so can be sent again.
async fn call_body<B>(body: B) -> Result<CallBody, Status>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: fmt::Display,
{
    let failed = |error: B::Error| {
        let text = format!("the body of the request failed: {error}");
        Status::new(Code::Cancelled, text).with_origin(Origin::Caller)
    };
    if body.size_hint().upper().is_some_and(|most| most <= MAX_REPLAYED) {
        let bytes = body.collect().await.map_err(failed)?.to_bytes();
        return Ok(CallBody::One(payload(bytes)));
    }
    let data = Box::pin(body).into_data_stream();
    let payloads = data.map(move |bytes| bytes.map(payload).map_err(failed));
    Ok(CallBody::Stream(Box::pin(payloads)))
}

fn payload(bytes: Bytes) -> Payload {
    Encoded::new(dubhe_core::Format::other(FORMAT), bytes).into()
}

fn response(mut reply: Reply) -> Response<ResponseBody> {
    let head = reply.extensions.remove::<ResponseHead>().unwrap_or_default();
    of_head(head, ResponseBody(Inner::Reply(Payloads::of_reply(reply))))
}

/// The response that an error is.
fn refused(status: &Status) -> Option<Response<ResponseBody>> {
    let source = std::error::Error::source(status)?;
    let Refusal { head, body } = source.downcast_ref::<Refusal>()?.clone();
    Some(of_head(head, ResponseBody(Inner::Whole(Some(body)))))
}

fn of_head(head: ResponseHead, body: ResponseBody) -> Response<ResponseBody> {
    let mut response = Response::new(body);
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers;
    response
}

/// The body of a response. Dropped before its end, it cancels the call.
///
/// ```no_run
/// use dubhe::Status;
/// use dubhe::http::ResponseBody;
///
/// async fn text(body: ResponseBody) -> Result<String, Status> {
///     Ok(String::from_utf8_lossy(&body.bytes().await?).into_owned())
/// }
/// ```
pub struct ResponseBody(Inner);

enum Inner {
    Reply(Payloads),
    Whole(Option<Bytes>),
}

impl ResponseBody {
    /// Reads the whole body.
    ///
    /// # Errors
    /// When the response breaks off.
    pub async fn bytes(self) -> Result<Bytes, Status> {
        self.collect().await.map(http_body_util::Collected::to_bytes)
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match &mut self.0 {
            Inner::Whole(bytes) => {
                let bytes = bytes.take().filter(|bytes| !bytes.is_empty());
                Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
            }
            Inner::Reply(payloads) => {
                let payload = ready!(Pin::new(payloads).poll_next(cx));
                Poll::Ready(payload.map(|payload| {
                    let payload = payload?;
                    let bytes = payload.encoded().map(|encoded| encoded.bytes().clone());
                    Ok(Frame::data(bytes.unwrap_or_default()))
                }))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, Inner::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Whole(bytes) => {
                let length = bytes.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
            }
            Inner::Reply(_) => SizeHint::default(),
        }
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseBody")
    }
}
