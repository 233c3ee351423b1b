//! Layers of `tower` as filters.
//!
//! A layer is applied once, to a service that stands for all calls, and the service that it gives is
//! cloned for each call: what its clones share, such as the permits of a limit, is shared by all calls
//! that pass the filter.

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll};

use dubhe_core::filter::{Filter, Next};
use dubhe_core::{Call, Code, Invoking, Reply, Status};

pub use tower_layer::Layer;
pub use tower_service::Service;

type BoxError = Box<dyn Error + Send + Sync>;

/// A filter that is the service of a layer, `S`: a [`Service`] of [`Call`] that gives [`Reply`].
///
/// The layer sees a call, and the head of its reply: a stream may go on after the layer has ended. A
/// call that it keeps waiting is dropped at its deadline, and when its caller gives up.
///
/// An error of the layer that is a [`Status`], or has one among its sources, is the error of the call.
/// The timeout of `tower` is [`Code::DeadlineExceeded`], and its shedding of load
/// [`Code::ResourceExhausted`], after which a caller goes to another provider. Any other error is
/// [`Code::Unknown`] with its text: change it to a [`Status`] where that says too little, for example
/// by `ServiceBuilder::map_err`.
///
/// ```
/// use dubhe::layer::{Layer, LayerFilter, NextService};
/// use dubhe::prelude::*;
///
/// /// Keeps nothing of its own, and gives the service back as it is.
/// struct Nothing;
///
/// impl Layer<NextService> for Nothing {
///     type Service = NextService;
///
///     fn layer(&self, inner: NextService) -> NextService {
///         inner
///     }
/// }
///
/// # fn build(app: &App) -> Result<Generic, Status> {
/// // Any layer of `tower`, such as `ConcurrencyLimitLayer`; a server takes it by `layer(..)`.
/// app.generic("org.example.Users").filter(LayerFilter::new(Nothing)).build()
/// # }
/// ```
#[derive(Clone)]
pub struct LayerFilter<S>(S);

impl<S> LayerFilter<S> {
    /// The filter of `layer`.
    pub fn new<L: Layer<NextService, Service = S>>(layer: L) -> Self {
        Self(layer.layer(NextService(())))
    }
}

impl<S> Filter for LayerFilter<S>
where
    S: Service<Call, Response = Reply> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
{
    fn filter(&self, mut call: Call, next: Next) -> Invoking {
        let mut service = self.0.clone();
        call.head.extensions.insert(next);
        Invoking::boxed(async move {
            let run = async {
                poll_fn(|cx| service.poll_ready(cx)).await?;
                service.call(call).await
            };
            run.await.map_err(|error: S::Error| status(error.into()))
        })
    }
}

/// The service inside a layer: the rest of the way of a call, which it finds in the
/// [extensions](dubhe_core::Head::extensions) of its head.
///
/// Always ready. A layer may call it more than once, with a [copy](Call::try_clone) of a call.
///
/// ```
/// use std::task::{Context, Poll};
/// use dubhe::Invoking;
/// use dubhe::layer::{Layer, NextService, Service};
/// use dubhe::prelude::*;
///
/// /// Signs each call.
/// #[derive(Clone)]
/// struct Sign<S>(S);
///
/// impl<S: Service<Call, Response = Reply, Error = Status>> Service<Call> for Sign<S> {
///     type Response = Reply;
///     type Error = Status;
///     type Future = S::Future;
///
///     fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
///         self.0.poll_ready(cx)
///     }
///
///     fn call(&mut self, mut call: Call) -> S::Future {
///         call.head.metadata.insert("signature", "s3cret");
///         self.0.call(call)
///     }
/// }
///
/// /// The layer of it: what it wraps is the rest of the way of all calls.
/// struct SignLayer;
///
/// impl Layer<NextService> for SignLayer {
///     type Service = Sign<NextService>;
///
///     fn layer(&self, inner: NextService) -> Self::Service {
///         Sign(inner)
///     }
/// }
/// # let _ = dubhe::layer::LayerFilter::new(SignLayer);
/// # fn future(call: Call, mut next: NextService) -> Invoking { next.call(call) }
/// ```
#[derive(Clone, Copy)]
pub struct NextService(());

impl Service<Call> for NextService {
    type Response = Reply;
    type Error = Status;
    type Future = Invoking;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut call: Call) -> Invoking {
        match call.head.extensions.remove::<Next>() {
            Some(next) => next.run(call),
            None => Invoking::ready(Err(Status::internal(
                "a layer passed on a call without the extensions of its head, which say where it \
                 goes; keep them, or pass on the call itself",
            ))),
        }
    }
}

/// The errors of `tower` by their texts: to know them by type, every user would build `tower`.
const TIMED_OUT: &str = "request timed out";
const OVERLOADED: &str = "service overloaded";

/// The error of a call that a layer failed.
#[cold]
fn status(error: BoxError) -> Status {
    let error = match error.downcast::<Status>() {
        Ok(status) => return *status,
        Err(error) => error,
    };
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(status) = inner.downcast_ref::<Status>() {
            return status.clone();
        }
        source = inner.source();
    }
    let text = error.to_string();
    match &*text {
        TIMED_OUT => Status::new(Code::DeadlineExceeded, text),
        // The handler was not asked.
        OVERLOADED => Status::resource_exhausted(text).never_ran(),
        _ => Status::new(Code::Unknown, text),
    }
}

impl<S> fmt::Debug for LayerFilter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LayerFilter")
    }
}

impl fmt::Debug for NextService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NextService")
    }
}
