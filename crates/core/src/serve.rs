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
///
/// ```
/// # mod dubhe { pub use dubhe_core::ServiceKey; pub mod dispatch { pub use dubhe_core::serve::{Overload, Wanted}; } }
/// use dubhe::ServiceKey;
/// use dubhe::dispatch::{Overload, Wanted};
///
/// let wanted = Wanted {
///     interface: "org.example.Greeter",
///     group: "north",
///     version: "1.0.0",
///     method: "greet",
///     overload: Overload::Types("Ljava/lang/String;"),
/// };
/// let key = ServiceKey::new(wanted.interface, wanted.group, wanted.version);
/// assert_eq!(key.to_string(), "north/org.example.Greeter:1.0.0");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The interface, or the path of the request: over HTTP all of it before the method, so that it
    /// may have a context path in front (`shop/org.example.Users`).
    pub interface: &'a str,
    /// The group, or `""`.
    pub group: &'a str,
    /// The version; `""` and `0.0.0` mean "none".
    pub version: &'a str,
    /// The method. Over the dubbo protocol a generic call asks for `$invoke`, whose arguments name
    /// the method.
    pub method: &'a str,
    /// The choice among methods of that name.
    pub overload: Overload<'a>,
}

/// The way in which a request names one of several methods of a name.
///
/// Over the dubbo protocol the types are in front of the arguments, so that every look-up has
/// [`Types`](Self::Types). Over HTTP a target is needed before the body has been read:
///
/// | request | first look-up | second look-up, when the body is there |
/// | --- | --- | --- |
/// | a Java interface over Triple | `Any` | `Types`, from Triple's wrapper |
/// | a Java interface over plain HTTP, in JSON | `Any` | `Count`, or `Initials` where the path has them |
/// | protobuf, a stream of either kind | `Any` | none |
///
/// There is no second look-up for types that are the descriptor of the method that the first one
/// has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overload<'a> {
    /// No difference: any method of that name is meant, or none is known yet.
    ///
    /// What is found decides how the body is read: a [`Method`] with a descriptor has its arguments
    /// in Triple's wrapper, one without is a protobuf method; and its [kind](Method::kind) says
    /// which side sends a stream. A gateway that does not know the types of a Java method answers
    /// with any descriptor, such as `""`, and is asked again with `Types`; its gates are best
    /// asked then ([`Gates::by_arguments`]). JSON is read by the descriptor, which must be the true one.
    Any,
    /// The JVM descriptors of the arguments, one after the other; `""` for no arguments.
    Types(&'a str),
    /// The number of arguments.
    Count(usize),
    /// The first letters of the simple names of the types: `SI` for `(String, int)`, as Dubbo Java
    /// has them behind a `~` in the path of a request.
    Initials(&'a str),
}

/// The target of a call: the exported service and method, and the way to the handler, filters
/// included.
///
/// ```
/// # mod dubhe { pub mod dispatch { pub use dubhe_core::gate::Gates; pub use dubhe_core::serve::Target; } pub use dubhe_core::{Call, Invoke, Invoking, Method, ServiceKey, Status}; }
/// use std::sync::Arc;
/// use dubhe::dispatch::{Gates, Target};
/// use dubhe::{Call, Invoke, Invoking, Method, ServiceKey, Status};
///
/// struct Nobody;
///
/// impl Invoke for Nobody {
///     fn invoke(&self, _: Call) -> Invoking {
///         Invoking::ready(Err(Status::unavailable("nobody is there")))
///     }
/// }
///
/// let target = Target {
///     service: Arc::new(ServiceKey::interface_only("org.example.Greeter")),
///     method: Arc::new(Method::java("greet", "Ljava/lang/String;")),
///     params: Arc::default(),
///     gates: Gates::default(),
///     invoke: Arc::new(Nobody),
/// };
/// assert_eq!(target.service.interface(), "org.example.Greeter");
/// ```
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

/// The services of a server, or the targets of calls that no exported service takes, as of a gateway.
///
/// Each call is looked up at least once, unless its protocol remembers the target, and several times
/// where its target is not found at first or its arguments tell more than its head: see
/// [`Dispatch::find`]. A look-up runs in the task of a connection: it must be quick, must not block,
/// and has no effect that counts calls. What is done once a call is done by [`Target::invoke`].
///
/// ```
/// # mod dubhe { pub use dubhe_core::{*, fault::*, filter::*}; pub mod dispatch { pub use dubhe_core::{gate::Gates, serve::*}; } }
///
/// use std::sync::Arc;
/// use dubhe::dispatch::{Dispatch, Gates, Overload, Target, Wanted};
/// use dubhe::{Invoke, Method, ServiceKey, Status};
///
/// /// Sends the calls of one service somewhere else.
/// struct Route { service: Arc<ServiceKey>, to: Arc<dyn Invoke> }
///
/// impl Dispatch for Route {
///     fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status> {
///         if ServiceKey::new(wanted.interface, wanted.group, wanted.version) != *self.service {
///             return Err(Status::unimplemented(format!("there is no route to {}", wanted.interface)));
///         }
///         let types = match wanted.overload {
///             Overload::Types(types) => types,
///             _ => "",
///         };
///         Ok(Target {
///             service: self.service.clone(),
///             method: Arc::new(Method::java(wanted.method, types)),
///             params: Arc::default(),
///             gates: Gates::default(),
///             invoke: self.to.clone(),
///         })
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a dispatch",
    label = "this finds no targets of calls",
    note = "implement `Dispatch::find`, which gives a `Target`; a service with methods of its own is \
            given to `service(..)`"
)]
pub trait Dispatch: Send + Sync + 'static {
    /// Finds the target of a call. A protocol may keep it for as long as the
    /// [generation](Dispatch::generation) stays the same.
    ///
    /// Over the dubbo protocol a request is looked up once, with [`Overload::Types`]. Over HTTP it is
    /// looked up with [`Overload::Any`] before its body is read, and again by what its body tells, as
    /// the table at [`Overload`] says. A first look-up that fails is followed by others, as in Dubbo
    /// Java: with version `1.0.0`, without group and version, without the context path, and each with
    /// a small first letter of the method, until one is found. A dispatch that takes any name never
    /// sees them.
    ///
    /// The head of the call has [`Target::service`] and [`Target::method`]: a gateway that answers
    /// [`Overload::Types`] with a method of these types can send the call on undecoded.
    ///
    /// # Errors
    /// [`crate::Code::Unimplemented`] when there is no such service or method; the message names what
    /// is there. Any other code ends the look-ups of a server that has several dispatches.
    fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status>;

    /// The number of the present set of services; another one once what [`Dispatch::find`]
    /// answers may have changed. Asked before each call, so it must be cheap. 0 for ever by
    /// default: for a set that never changes.
    ///
    /// A connection over the dubbo protocol keeps up to 8 targets of the generation that it saw last,
    /// with their gates and handlers. While no call comes it asks again whenever it has something to
    /// do, such as to answer a heartbeat, of which clients of Dubbo send one a minute; of the services
    /// of a server it is told at once when one is added or removed.
    fn generation(&self) -> u64 {
        0
    }
}
