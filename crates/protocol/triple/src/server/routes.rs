//! The services inside a server of another framework.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use dubhe_core::Status;
use dubhe_core::serve::{Dispatch, Target, Wanted};
use dubhe_core::status::Retry;
use dubhe_net::drain::{Phase, Shutdown};
use http::{Request, Response, StatusCode};
use http_body::{Frame, SizeHint};
use tower_service::Service;

use super::limits::LimitLog;
use super::{HttpConnection, Shared, TripleProtocol, exchange};
use crate::transport::{Answering, BoxError, Outgoing, hosted};
use crate::wire::data::Data;

/// The services of a server as a `tower` service of HTTP requests, for a router of axum or another
/// server of HTTP: gRPC and Triple over HTTP/2, unary calls in plain HTTP over any version. It gives
/// an answer to every request, for an unknown path too, and is always ready.
///
/// The version of HTTP, which gRPC needs to be 2, is that of the request; its path is
/// `/service/method`, and may have more in front. The other server has the connections: their limits,
/// TLS, how long a peer may take nothing of a reply. Limits of messages, memory and rate are those of
/// the server of the services, each request being its own connection to them.
///
/// A [`SockAddr`](dubhe_core::SockAddr) or a [`std::net::SocketAddr`] in the extensions of a request
/// is the address of its peer; there is none otherwise. All extensions are those of the
/// [`Peer`](dubhe_core::Peer) that handlers, filters and gates see.
///
/// ```
/// # mod dubhe { pub mod http { pub use dubhe_triple::http::{Body, Routes, RoutesBody}; } }
/// use dubhe::http::{Body, Routes, RoutesBody};
/// use http::{Request, Response};
/// use tower_service::Service as _;
///
/// /// Answers a request that another server of HTTP has taken.
/// async fn answer(mut routes: Routes, request: Request<Body>) -> Response<RoutesBody> {
///     match routes.call(request).await {
///         Ok(response) => response,
///         Err(never) => match never {},
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Routes {
    shared: Arc<Shared>,
    limits: Arc<LimitLog>,
    shutdown: Shutdown,
}

impl TripleProtocol {
    /// The same services for the requests of another server. From a shutdown on, requests are
    /// refused; it waits for those that have begun, and ends them when it is forced.
    pub fn routes(&self, shutdown: Shutdown) -> Routes {
        let mut shared = Shared::clone(&self.0);
        let dispatch = shared.dispatch;
        shared.dispatch = Arc::new(UntilShutdown { dispatch, shutdown: shutdown.clone() });
        Routes { shared: Arc::new(shared), limits: Arc::default(), shutdown }
    }
}

impl<B> Service<Request<B>> for Routes
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<RoutesBody>;
    type Error = Infallible;
    type Future = RoutesFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> RoutesFuture {
        let Self { shared, limits, shutdown } = self;
        let connection =
            HttpConnection::hosted(shared.clone(), request.extensions(), limits.clone());
        let (guard, mut shutdown) = (shutdown.guard(), shutdown.clone());
        RoutesFuture(hosted::respond(request, shared.options.min_rate, |stream| async move {
            let _guard = guard;
            tokio::select! {
                biased;
                // First, since it also refuses what comes after the end.
                () = exchange::answer(connection, stream) => {}
                () = shutdown.forced() => {}
            }
        }))
    }
}

/// A dispatch that refuses all calls once its server is shut down.
struct UntilShutdown {
    dispatch: Arc<dyn Dispatch>,
    shutdown: Shutdown,
}

impl Dispatch for UntilShutdown {
    fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status> {
        match self.shutdown.phase() {
            Phase::Running | Phase::Closing => self.dispatch.find(wanted),
            Phase::Draining { .. } | Phase::Forced => Err(Status::unavailable(
                "the server of this service is stopping, or has been stopped or dropped",
            )
            .with_retry(Retry::Unstarted)),
        }
    }

    fn generation(&self) -> u64 {
        self.dispatch.generation()
    }
}

/// The future of a response of [`Routes`], of which the handler is a part: dropped, it drops the
/// handler.
///
/// ```
/// # mod dubhe { pub mod http { pub use dubhe_triple::http::{Body, Routes, RoutesFuture}; } }
/// use dubhe::http::{Body, Routes, RoutesFuture};
/// use http::Request;
/// use tower_service::Service as _;
///
/// /// Begins to answer a request. Dropped, the future gives the call up.
/// fn begin(routes: &mut Routes, request: Request<Body>) -> RoutesFuture {
///     routes.call(request)
/// }
/// ```
pub struct RoutesFuture(Answering);

impl Future for RoutesFuture {
    type Output = Result<Response<RoutesBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(Pin::new(&mut self.0).poll(cx)).unwrap_or_else(|_| {
            // Ended by force.
            let text = Data::framed("the server has been stopped\n");
            let mut response = Response::new(Outgoing::Whole(Some(text)));
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            response
        });
        Poll::Ready(Ok(response.map(RoutesBody)))
    }
}

/// The body of a response of [`Routes`]: an [`http_body::Body`] of [`Bytes`]. Of a stream, the
/// handler is a part of it.
///
/// ```
/// # mod dubhe { pub mod http { pub use dubhe_triple::http::{BoxError, RoutesBody}; } }
/// use dubhe::http::{BoxError, RoutesBody};
/// use http::Response;
/// use http_body_util::BodyExt as _;
///
/// /// Reads a reply to its end, where the status of a call of gRPC is.
/// async fn status(response: Response<RoutesBody>) -> Result<Option<String>, BoxError> {
///     let trailers = response.into_body().collect().await?.trailers().cloned();
///     let status = trailers.and_then(|trailers| trailers.get("grpc-status").cloned());
///     Ok(status.map(|status| String::from_utf8_lossy(status.as_bytes()).into_owned()))
/// }
/// ```
pub struct RoutesBody(Outgoing);

impl http_body::Body for RoutesBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.0).poll_frame(cx));
        Poll::Ready(frame.map(|frame| frame.map(|frame| frame.map_data(Data::into_bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Routes")
    }
}

impl fmt::Debug for RoutesFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoutesFuture")
    }
}

impl fmt::Debug for RoutesBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoutesBody")
    }
}
