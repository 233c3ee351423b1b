//! The choice of the endpoint that answers a call.

mod selection;

use std::fmt;
use std::sync::Arc;

use bytestring::ByteString;

pub use selection::{Selection, Weights};

use crate::call::CallView;
use crate::end::End;
use crate::endpoint::Endpoint;
use crate::time::Instant;

/// A balancer. It looks at a set of endpoints once, when it has changed, and then picks from what
/// it prepared; both are synchronous. The counts of calls in flight are not its matter: they are
/// kept by those who send a call ([`EndpointState::in_flight`](crate::endpoint::EndpointState::in_flight)).
///
/// ```
/// # mod dubhe { pub use dubhe_core::{*, fault::*, filter::*}; pub mod dispatch { pub use dubhe_core::{gate::Gates, serve::*}; } }
///
/// use std::time::Instant;
/// use dubhe::balance::{Balance, Pick, Selection};
/// use dubhe::{CallView, Endpoint};
///
/// /// Picks the first that can be asked.
/// #[derive(Clone, Copy)]
/// struct First;
///
/// impl Balance for First {
///     fn prepare(&self, _: &Selection) -> Box<dyn Pick> {
///         Box::new(*self)
///     }
/// }
///
/// impl Pick for First {
///     fn pick<'a>(&self, _: &CallView<'_>, from: &'a Selection, _: Instant) -> Option<&'a Endpoint> {
///         from.get(0)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a balancer",
    note = "implement `Balance::prepare`, which gives a `Pick`"
)]
pub trait Balance: Send + Sync + 'static {
    /// Looks at a new set: all endpoints that rules leave, whether they can be reached or not. After
    /// a panic, which is logged, calls go on with the set before, and the balancer is asked again
    /// on the next change, or 3 s later.
    fn prepare(&self, set: &Selection) -> Box<dyn Pick>;

    /// The name of the balancer in logs and errors; by default that of its type.
    fn name(&self) -> &str {
        std::any::type_name::<Self>()
    }

    /// Takes the end of an attempt on an endpoint that it picked. What it learns of one endpoint
    /// has its place in
    /// [`EndpointState::get_or_init`](crate::endpoint::EndpointState::get_or_init).
    fn finish(&self, endpoint: &Endpoint, end: &End<'_>) {
        let _ = (endpoint, end);
    }

    /// Takes the beginning of an attempt of `method` on an endpoint that it picked. [`Self::ended`] follows on every
    /// way out.
    fn began(&self, endpoint: &Endpoint, method: &str) {
        let _ = (endpoint, method);
    }

    /// Takes the end of such an attempt; by default as [`Self::finish`] does.
    fn ended(&self, endpoint: &Endpoint, method: &str, end: &End<'_>) {
        let _ = method;
        self.finish(endpoint, end);
    }
}

/// A balancer as options have it: one that is there, or the name of one.
///
/// ```
/// # mod dubhe { pub mod balance { pub use dubhe_core::balance::{Balancing, IntoBalance}; } }
/// use dubhe::balance::{Balancing, IntoBalance};
///
/// assert!(matches!("leastactive".into_balance(), Balancing::Named(name) if name == "leastactive"));
/// ```
#[derive(Clone)]
pub enum Balancing {
    /// The balancer of this name; a client looks it up when it is built.
    Named(ByteString),
    /// This balancer.
    Own(Arc<dyn Balance>),
}

impl fmt::Debug for Balancing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => write!(f, "Named({name:?})"),
            Self::Own(own) => write!(f, "Own({})", own.name()),
        }
    }
}

/// A balancer as builders take it: a [`Balance`], or the name of one such as `"leastactive"`.
///
/// ```
/// # mod dubhe { pub mod balance { pub use dubhe_core::balance::{Balance, Balancing, IntoBalance, Pick, Selection}; } }
/// use dubhe::balance::{Balance, Balancing, IntoBalance, Pick, Selection};
///
/// /// Takes what `ClientBuilder::balance` takes.
/// fn configure(balance: impl IntoBalance) -> Balancing {
///     balance.into_balance()
/// }
///
/// struct Mine;
/// # struct Nothing;
/// # impl Pick for Nothing {
/// #     fn pick<'a>(&self, _: &dubhe_core::CallView<'_>, _: &'a Selection, _: std::time::Instant) -> Option<&'a dubhe_core::Endpoint> { None }
/// # }
///
/// impl Balance for Mine {
///     fn prepare(&self, _: &Selection) -> Box<dyn Pick> {
///         // ...
/// #       Box::new(Nothing)
///     }
/// }
///
/// assert!(matches!(configure(Mine), Balancing::Own(_)));
/// assert!(matches!(configure("roundrobin"), Balancing::Named(_)));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no balancer",
    note = "it is the name of one, such as \"leastactive\", or implements `Balance`"
)]
pub trait IntoBalance {
    /// The balancer.
    fn into_balance(self) -> Balancing;
}

impl<B: Balance> IntoBalance for B {
    fn into_balance(self) -> Balancing {
        Balancing::Own(Arc::new(self))
    }
}

impl IntoBalance for &str {
    fn into_balance(self) -> Balancing {
        Balancing::Named(self.into())
    }
}

impl IntoBalance for Balancing {
    fn into_balance(self) -> Balancing {
        self
    }
}

/// A balancer that knows the set.
///
/// ```
/// # mod dubhe { pub mod balance { pub use dubhe_core::balance::{Pick, Selection}; } pub use dubhe_core::{CallView, Endpoint}; }
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use std::time::Instant;
/// use dubhe::balance::{Pick, Selection};
/// use dubhe::{CallView, Endpoint};
///
/// /// Picks in turn.
/// struct InTurn(AtomicUsize);
///
/// impl Pick for InTurn {
///     fn pick<'a>(&self, _: &CallView<'_>, from: &'a Selection, _: Instant) -> Option<&'a Endpoint> {
///         let turn = self.0.fetch_add(1, Ordering::Relaxed);
///         from.get(turn.checked_rem(from.len())?)
///     }
/// }
/// ```
pub trait Pick: Send + Sync {
    /// Picks one of `from`: those of the prepared set that can be asked now, with their weights
    /// at `now`. `None` when there is none. A pick of which no attempt comes has no effect but on turns.
    fn pick<'a>(
        &self,
        call: &CallView<'_>,
        from: &'a Selection,
        now: Instant,
    ) -> Option<&'a Endpoint>;
}

impl fmt::Debug for dyn Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Balance")
    }
}
