//! Services of other frameworks on the same port.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use dubhe_core::printable::Printable;
use dubhe_core::status::panic_message;
use futures_util::FutureExt;
use http::{Request, Response, StatusCode};
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use tower_service::Service;

use crate::transport::{Body, BoxError, ResponseBody};

type ResponseFuture = Pin<Box<dyn Future<Output = Response<ResponseBody>> + Send>>;

/// A `tower` service that answers HTTP requests, such as a router of axum or a server of tonic.
///
/// ```
/// # mod dubhe { pub mod http { pub use dubhe_triple::http::{Body, HttpService}; } }
/// use std::convert::Infallible;
/// use dubhe::http::{Body, HttpService};
/// use http::{Request, Response};
///
/// // Kept whatever its type; `ServerBuilder::mount` takes a router of axum as it is.
/// let health = HttpService::new(tower::service_fn(|_: Request<Body>| async {
///     Ok::<_, Infallible>(Response::new("fine".to_owned()))
/// }));
/// let copy = health.clone();
/// # drop(copy);
/// ```
#[derive(Clone)]
pub struct HttpService(Arc<dyn ErasedService>);

/// A service that can be mounted: any `tower` service for HTTP requests.
///
/// ```
/// # mod dubhe { pub mod http { pub use dubhe_triple::http::{Body, HttpService, IntoHttpService}; } }
/// use std::convert::Infallible;
/// use dubhe::http::{Body, HttpService, IntoHttpService};
/// use http::{Request, Response};
///
/// /// What a plugin mounts beside your services.
/// fn plugins() -> Vec<(&'static str, HttpService)> {
///     let version = tower::service_fn(|_: Request<Body>| async {
///         Ok::<_, Infallible>(Response::new("1.2.0".to_owned()))
///     });
///     vec![("/version", version.into_http_service())]
/// }
/// assert_eq!(plugins().len(), 1);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be mounted",
    label = "this is no `tower` service of HTTP requests",
    note = "mounted are services that take `http::Request<dubhe::http::Body>` and give \
            `http::Response<B>`, are `Clone + Send + Sync`, and whose future is `Send`; their errors, \
            and those of the body, become `Box<dyn Error + Send + Sync>`",
    note = "a router of axum is one when its state is there: `router.with_state(..)`"
)]
pub trait IntoHttpService {
    /// Turns it into the service that is mounted.
    fn into_http_service(self) -> HttpService;
}

#[diagnostic::do_not_recommend]
impl<S, B> IntoHttpService for S
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: http_body::Body + Send + 'static,
    B::Error: Into<BoxError>,
    B::Data: Send,
{
    fn into_http_service(self) -> HttpService {
        HttpService(Arc::new(Tower(self)))
    }
}

trait ErasedService: Send + Sync {
    fn answer(&self, request: Request<Body>) -> ResponseFuture;
}

impl HttpService {
    /// The service `service`, which is cloned for each request. An error of it, or a panic, is the
    /// answer 500 to its request; one in the body of a response breaks that response off.
    pub fn new(service: impl IntoHttpService) -> Self {
        service.into_http_service()
    }

    pub(crate) async fn answer(&self, request: Request<Body>) -> Response<ResponseBody> {
        self.0.answer(request).await
    }
}

impl fmt::Debug for HttpService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpService")
    }
}

struct Tower<S>(S);

impl<S, B> ErasedService for Tower<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: http_body::Body + Send + 'static,
    B::Error: Into<BoxError>,
    B::Data: Send,
{
    fn answer(&self, request: Request<Body>) -> ResponseFuture {
        let mut service = self.0.clone();
        Box::pin(async move {
            let work = async {
                poll_fn(|cx| service.poll_ready(cx)).await?;
                service.call(request).await
            };
            match AssertUnwindSafe(work).catch_unwind().await {
                Ok(Ok(response)) => response.map(|body| Adapted(Box::pin(body)).boxed_unsync()),
                Ok(Err(error)) => {
                    let error: BoxError = error.into();
                    tracing::warn!(%error, "a mounted service failed");
                    failed()
                }
                Err(panic) => {
                    let panic = Printable(panic_message(&*panic));
                    tracing::error!(%panic, "a mounted service panicked");
                    failed()
                }
            }
        })
    }
}

/// The body of a response of a service, in the types of this crate.
struct Adapted<B>(Pin<Box<B>>);

impl<B> http_body::Body for Adapted<B>
where
    B: http_body::Body,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let bytes = |mut data: B::Data| data.copy_to_bytes(data.remaining());
        let frame = ready!(self.0.as_mut().poll_frame(cx));
        Poll::Ready(frame.map(|frame| frame.map(|f| f.map_data(bytes)).map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

fn failed() -> Response<ResponseBody> {
    let body = Full::new("the service failed; its log says why\n".into());
    let mut response = Response::new(body.map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

/// The mounted services, by prefix of the path.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mounts {
    /// The services by prefix, the longest first.
    prefixes: Vec<(String, HttpService)>,
    /// The service that takes all that nobody else does.
    root: Option<HttpService>,
}

impl Mounts {
    pub(crate) fn add(&mut self, prefix: &str, service: HttpService) {
        match prefix.trim_matches('/') {
            "" => self.root = Some(service),
            prefix => {
                self.prefixes.push((format!("/{prefix}"), service));
                self.prefixes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
            }
        }
    }

    /// The service that is mounted under a prefix of `path` other than `/`.
    pub(crate) fn find(&self, path: &str) -> Option<&HttpService> {
        let under = |prefix: &str| {
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.prefixes.iter().find(|(prefix, _)| under(prefix)).map(|(_, service)| service)
    }

    /// The service that is mounted at `/`.
    pub(crate) fn root(&self) -> Option<&HttpService> {
        self.root.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;
    use std::future::{Ready, ready};

    #[derive(Clone)]
    struct Named(&'static str);

    impl Service<Request<Body>> for Named {
        type Response = Response<Full<&'static [u8]>>;
        type Error = Infallible;
        type Future = Ready<Result<Self::Response, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: Request<Body>) -> Self::Future {
            assert_ne!(request.uri().path(), "/panic");
            ready(Ok(Response::new(Full::new(self.0.as_bytes()))))
        }
    }

    async fn ask(service: &HttpService, path: &str) -> (u16, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let (parts, body) = service.answer(request).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (parts.status.as_u16(), String::from_utf8(body.into()).unwrap())
    }

    #[tokio::test]
    async fn the_longest_prefix_is_found_at_whole_segments() {
        let mut mounts = Mounts::default();
        for prefix in ["/api", "/api/v2/", "/", "a.B"] {
            mounts.add(prefix, HttpService::new(Named(prefix)));
        }
        for (path, expected) in [
            ("/api", Some("/api")),
            ("/api/x", Some("/api")),
            ("/api/v2/x", Some("/api/v2/")),
            ("/apis", None),
            ("/a.B/C", Some("a.B")),
            ("/", None),
        ] {
            let found = match mounts.find(path) {
                Some(service) => Some(ask(service, path).await.1),
                None => None,
            };
            assert_eq!(found.as_deref(), expected, "{path}");
        }
        assert_eq!(ask(mounts.root().unwrap(), "/x").await, (200, "/".into()));
    }

    #[tokio::test]
    async fn a_panic_is_the_answer_to_its_own_request() {
        let service = HttpService::new(Named("x"));
        assert_eq!(ask(&service, "/panic").await.0, 500);
        assert_eq!(ask(&service, "/").await.0, 200);
    }
}
