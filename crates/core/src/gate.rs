//! Admission: whether a request is worth being decoded.
//!
//! A gate is asked as soon as the target and the peer of a request are known. Its arguments and
//! attachments are undecoded then, and stay so when it is refused.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::end::Until;
use crate::filter::{Guard, Guards};
use crate::peer::Peer;
use crate::service::{Method, ServiceKey};
use crate::status::{Retry, Status, panicked};
use crate::time::{Deadline, Instant, SharedClock, Timer};

/// The attachment, or the header, with the priority that a caller asks for.
pub const PRIORITY: &str = "dubhe-priority";

/// The facts of a request before its arguments and attachments are decoded.
///
/// ```
/// # mod dubhe { pub mod gate { pub use dubhe_core::gate::Arrival; } pub use dubhe_core::{Method, Peer, ServiceKey}; }
/// use std::sync::Arc;
/// use std::time::Instant;
/// use dubhe::gate::Arrival;
/// use dubhe::{Method, Peer, ServiceKey};
///
/// /// The rule of a gate: whoever does not say that it is urgent may wait.
/// fn may_wait(arrival: &Arrival<'_>) -> bool {
///     arrival.priority != Some("high")
/// }
///
/// let service = Arc::new(ServiceKey::interface_only("org.example.Cart"));
/// let method = Arc::new(Method::java("pay", ""));
/// let peer = Arc::new(Peer::default());
/// let mut arrival = Arrival::new(&service, &method, &peer, Instant::now());
/// assert!(may_wait(&arrival));
/// arrival.priority = Some("high");
/// assert!(!may_wait(&arrival));
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Arrival<'a> {
    /// The service.
    pub service: &'a Arc<ServiceKey>,
    /// The method; `$invoke` for a generic call, whose method is one of its arguments.
    pub method: &'a Arc<Method>,
    /// The peer.
    pub peer: &'a Arc<Peer>,
    /// The moment at which the request was there: all of it over the dubbo protocol, its head over
    /// HTTP.
    pub at: Instant,
    /// The moment at which the caller stops waiting.
    pub deadline: Option<Deadline>,
    /// The priority that the caller asks for ([`PRIORITY`]); any caller can ask for any.
    pub priority: Option<&'a str>,
}

impl<'a> Arrival<'a> {
    /// The arrival of a request at `at`, without deadline and priority.
    pub fn new(
        service: &'a Arc<ServiceKey>,
        method: &'a Arc<Method>,
        peer: &'a Arc<Peer>,
        at: Instant,
    ) -> Self {
        Self { service, method, peer, at, deadline: None, priority: None }
    }
}

/// Admits requests, or refuses them.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{*, fault::*, filter::*}; pub mod dispatch { pub use dubhe_core::{gate::Gates, serve::*}; } }
///
/// use std::sync::Arc;
/// use dubhe::gate::{Arrival, Gate};
/// use dubhe::{Guard, Status};
///
/// /// A limit of the calls that run at once, which hold a clone each.
/// struct AtMost(usize, Arc<()>);
///
/// impl Gate for AtMost {
///     fn admit(&self, arrival: &Arrival<'_>) -> Result<Guard, Status> {
///         let permit = self.1.clone();
///         if Arc::strong_count(&permit) - 1 > self.0 {
///             let method = &arrival.method.name;
///             return Err(Status::resource_exhausted(format!("too many calls of {method}")));
///         }
///         Ok(Guard::new(move |_| drop(permit)))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a gate",
    note = "implement `Gate::admit`, which gives a `Guard`"
)]
pub trait Gate: Send + Sync + 'static {
    /// Admits a request. The guard is the permit: it learns the end when the reply has been
    /// written, and on every other way out, with the time since the arrival.
    ///
    /// # Errors
    /// The answer to a request that is refused, with the metadata that it has
    /// ([`Status::with_headers`], [`Status::with_trailers`]):
    ///
    /// - Over Triple and gRPC a refusal is one block of headers, so that the caller has all entries
    ///   in both [`Status::headers`] and [`Status::trailers`]. A [`Status::business`] of an interface
    ///   travels as a Java exception does: the caller has all entries in [`Status::headers`] alone.
    /// - Over plain HTTP they are headers of the response; in Connect's dialect the trailers have
    ///   `trailer-` before their names.
    /// - Over the dubbo protocol only a [`Status::business`] has a place for them: the attachments
    ///   of the reply, which the caller has in [`Status::headers`]. Other refusals arrive without.
    fn admit(&self, arrival: &Arrival<'_>) -> Result<Guard, Status>;
}

/// The gates of a method, in order. None at all costs nothing.
///
/// ```
/// # mod dubhe { pub mod dispatch { pub use dubhe_core::gate::Gates; } pub mod gate { pub use dubhe_core::gate::{Arrival, Gate}; } pub use dubhe_core::filter::Guard; pub use dubhe_core::{Method, Peer, ServiceKey, Status}; pub mod time { pub use dubhe_core::time::{Clock, SharedClock, Sleep}; } }
/// use std::sync::Arc;
/// use std::time::Instant;
/// use dubhe::dispatch::Gates;
/// use dubhe::gate::{Arrival, Gate};
/// use dubhe::{Guard, Method, Peer, ServiceKey, Status};
/// use dubhe::time::{Clock, SharedClock, Sleep};
/// # struct Stopped(Instant);
/// # impl Clock for Stopped {
/// #     fn now(&self) -> Instant { self.0 }
/// #     fn sleep_until(&self, _: Instant) -> Sleep { Box::pin(std::future::pending()) }
/// #     fn wall(&self) -> std::time::SystemTime { std::time::UNIX_EPOCH }
/// # }
/// # let now = Instant::now();
/// # let clock: SharedClock = Arc::new(Stopped(now));
/// # let service = Arc::new(ServiceKey::interface_only("org.example.Cart"));
/// # let method = Arc::new(Method::java("pay", ""));
/// # let peer = Arc::new(Peer::default());
///
/// struct Closed;
///
/// impl Gate for Closed {
///     fn admit(&self, _: &Arrival<'_>) -> Result<Guard, Status> {
///         Err(Status::unavailable("closed on Sundays"))
///     }
/// }
///
/// // For the targets of a dispatch of your own; those of a service are those of its `Export`.
/// let gates = Gates::new([Arc::new(Closed) as Arc<dyn Gate>], &clock);
/// let arrival = Arrival::new(&service, &method, &peer, now);
/// assert_eq!(gates.admit(&arrival).unwrap_err().message(), "closed on Sundays");
/// assert!(Gates::default().admit(&arrival).is_ok());
/// ```
#[derive(Clone, Default)]
pub struct Gates(Option<Arc<List>>);

struct List {
    gates: Box<[Arc<dyn Gate>]>,
    clock: SharedClock,
    by_arguments: bool,
}

impl Gates {
    /// These gates, the first asked first. `clock` measures how long permits are held.
    pub fn new(gates: impl IntoIterator<Item = Arc<dyn Gate>>, clock: &SharedClock) -> Self {
        let gates: Box<[_]> = gates.into_iter().collect();
        if gates.is_empty() {
            return Self(None);
        }
        let (clock, by_arguments) = (clock.clone(), false);
        Self(Some(Arc::new(List { gates, clock, by_arguments })))
    }

    /// These gates, then those of `inner`; [by the arguments](Self::by_arguments) if either are.
    pub fn then(&self, inner: &Self) -> Self {
        match (&self.0, &inner.0) {
            (None, _) => inner.clone(),
            (_, None) => self.clone(),
            (Some(own), Some(more)) => {
                let both = Self::new(own.gates.iter().chain(&more.gates).cloned(), &own.clock);
                if own.by_arguments || more.by_arguments { both.by_arguments() } else { both }
            }
        }
    }

    /// The same gates, of methods of which several have one name. Where the arguments alone tell which is
    /// called, as over HTTP, they are asked when the types of the arguments have been read, so that they
    /// see the method that is called.
    pub fn by_arguments(&self) -> Self {
        Self(self.0.as_ref().map(|list| {
            let (gates, clock) = (list.gates.clone(), list.clock.clone());
            Arc::new(List { gates, clock, by_arguments: true })
        }))
    }

    /// Returns `true` for gates that are asked once the method is known by its arguments.
    pub fn are_by_arguments(&self) -> bool {
        self.0.as_ref().is_some_and(|list| list.by_arguments)
    }

    /// Asks all gates. What they gave is to [follow](Guards::follow) the call.
    ///
    /// # Errors
    /// The refusal of one, of which those before it are told.
    pub fn admit(&self, arrival: &Arrival<'_>) -> Result<Guards, Status> {
        self.admit_also(&Self(None), Guards::default(), arrival)
    }

    /// Asks the gates that are not among `asked`, which have given `guards`: each gate is asked once
    /// a call, whichever of several methods its arguments choose in the end.
    ///
    /// # Errors
    /// The refusal of one, of which `guards` and those before it are told.
    pub fn admit_also(
        &self,
        asked: &Self,
        mut guards: Guards,
        arrival: &Arrival<'_>,
    ) -> Result<Guards, Status> {
        let Some(list) = &self.0 else { return Ok(guards) };
        if asked.0.as_ref().is_some_and(|asked| Arc::ptr_eq(asked, list)) {
            return Ok(guards);
        }
        let asked = asked.0.as_ref().map_or(&[][..], |asked| &asked.gates);
        for gate in &list.gates {
            if asked.iter().any(|asked| Arc::ptr_eq(asked, gate)) {
                continue;
            }
            // Asked by the task of a connection, which is not to end with a gate's panic.
            let admitted = catch_unwind(AssertUnwindSafe(|| gate.admit(arrival)));
            match admitted.unwrap_or_else(|_| Err(panicked("a gate"))) {
                Ok(guard) => {
                    let timer = || Timer::since(list.clock.clone(), arrival.at);
                    guards.add(guard, timer, arrival.deadline, Until::Sent);
                }
                // Nothing of it has begun, so that it may be sent elsewhere.
                Err(status) => return Err(guards.refused(status.with_retry(Retry::Unstarted))),
            }
        }
        Ok(guards)
    }
}

impl fmt::Debug for Gates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gates({})", self.0.as_ref().map_or(0, |list| list.gates.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Clock, Instant, Sleep, SystemTime};

    struct Open;

    impl Gate for Open {
        fn admit(&self, _: &Arrival<'_>) -> Result<Guard, Status> {
            Ok(Guard::new(|_| {}))
        }
    }

    struct NoClock;

    impl Clock for NoClock {
        fn now(&self) -> Instant {
            Instant::now()
        }

        fn sleep_until(&self, _: Instant) -> Sleep {
            Box::pin(std::future::pending())
        }

        fn wall(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH
        }
    }

    #[test]
    fn gates_that_wait_for_the_arguments_do_so_behind_others_too() {
        let clock: SharedClock = Arc::new(NoClock);
        let one = || Gates::new([Arc::new(Open) as Arc<dyn Gate>], &clock);
        let late = one().by_arguments();
        for (both, waits) in [
            (one().then(&one()), false),
            (one().then(&late), true),
            (late.then(&one()), true),
            (Gates::default().then(&late), true),
        ] {
            assert_eq!(both.are_by_arguments(), waits);
        }
    }
}
