//! The demands of a server protocol: first the target of a call, then to run it.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::endpoint::ServiceParams;
use crate::gate::Gates;
use crate::invoke::Invoke;
use crate::service::{Method, ServiceKey};
use crate::status::{Status, panicked};

/// The names in a request, borrowed from its bytes: nothing else is decoded yet.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The interface, or the path of the request.
    pub interface: &'a str,
    /// The group, or `""`.
    pub group: &'a str,
    /// The version; `""` and `0.0.0` mean "none".
    pub version: &'a str,
    /// The method.
    pub method: &'a str,
    /// The choice among methods of that name.
    pub overload: Overload<'a>,
}

/// The way in which a request names one of several methods of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overload<'a> {
    /// No difference: any one is meant.
    Any,
    /// The JVM descriptors of the arguments.
    Types(&'a str),
    /// The number of arguments.
    Count(usize),
    /// The first letters of the simple names of the types: `SI` for `(String, int)`, as Dubbo Java
    /// has them behind a `~` in the path of a request.
    Initials(&'a str),
}

/// The target of a call: the exported service and method, and the way to the handler, filters
/// included.
#[derive(Clone)]
pub struct Target {
    /// The exported service.
    pub service: Arc<ServiceKey>,
    /// The method.
    pub method: Arc<Method>,
    /// The parameters the service was exported with, such as `payload`.
    pub params: Arc<ServiceParams>,
    /// The gates, which are asked before anything is decoded.
    pub gates: Gates,
    /// Filters, then the handler.
    pub invoke: Arc<dyn Invoke>,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({}.{})", self.service, self.method.name)
    }
}

/// Finds the target of a call in `dispatch`, for protocols: a panic there is the error of this call
/// alone.
///
/// # Errors
/// Those of [`Dispatch::find`], and [`Code::Internal`](crate::Code::Internal) after a panic.
pub fn find(dispatch: &dyn Dispatch, wanted: Wanted<'_>) -> Result<Target, Status> {
    let found = catch_unwind(AssertUnwindSafe(|| dispatch.find(wanted)));
    found.unwrap_or_else(|_| Err(panicked("the look-up of the service")))
}

/// Asks `dispatch` for its [generation](Dispatch::generation), for protocols: a panic there is the
/// error of this call alone.
///
/// # Errors
/// [`Code::Internal`](crate::Code::Internal) after a panic.
pub fn generation(dispatch: &dyn Dispatch) -> Result<u64, Status> {
    let asked = catch_unwind(AssertUnwindSafe(|| dispatch.generation()));
    asked.map_err(|_| panicked("the look-up of the service"))
}

/// The services of a server.
pub trait Dispatch: Send + Sync + 'static {
    /// Finds the target of a call. A protocol may remember it for as long as the
    /// [generation](Dispatch::generation) stays the same.
    ///
    /// # Errors
    /// [`crate::Code::Unimplemented`] when no such service or method is exported; the message
    /// names what is.
    fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status>;

    /// The number of the present set of services; another one once what [`Dispatch::find`]
    /// answers may have changed. Asked before each call, so it must be cheap. 0 for ever by
    /// default: for a set that never changes.
    fn generation(&self) -> u64 {
        0
    }
}
