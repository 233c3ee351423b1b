//! Calls that stay at one provider.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use bytestring::ByteString;
use dubhe_core::balance::{Balance, Pick, Selection};
use dubhe_core::endpoint::{CallDefaults, Level};
use dubhe_core::time::Instant;
use dubhe_core::{CallView, End, Endpoint};

/// Keeps calls at the endpoint of the call before as long as it can be asked, and picks another one by `balance`
/// where it cannot, or where an attempt on it has failed (Dubbo's `sticky`).
///
/// Methods are sticky for which the client says so, or which the first provider publishes as `sticky` or
/// `METHOD.sticky`. All of them stay at the same endpoint.
///
/// ```
/// # mod dubhe { pub mod balance { pub use dubhe_core::balance::Balance; pub use dubhe_cluster::balance::{Random, Sticky}; } pub mod fault { pub use dubhe_core::endpoint::{CallDefaults, Level}; } }
/// use std::sync::Arc;
/// use dubhe::balance::{Balance, Random, Sticky};
/// use dubhe::fault::Level;
///
/// // What a client of `.sticky(true)` picks by.
/// let sticky = Sticky::new(Arc::new(Random::from_os())).set(true, Level::Service);
/// assert!(sticky.name().ends_with("Random"));
/// ```
pub struct Sticky {
    balance: Arc<dyn Balance>,
    set: Option<bool>,
    level: Level,
    stays: Arc<ArcSwapOption<Endpoint>>,
}

impl Sticky {
    /// Sticks to what `balance` picks, where providers ask for it.
    pub fn new(balance: Arc<dyn Balance>) -> Self {
        Self { balance, set: None, level: Level::Default, stays: Arc::default() }
    }

    /// The same with what the client says at `level`.
    pub fn set(mut self, sticky: bool, level: Level) -> Self {
        (self.set, self.level) = (Some(sticky), level);
        self
    }
}

impl Balance for Sticky {
    fn prepare(&self, set: &Selection) -> Box<dyn Pick> {
        let inner = self.balance.prepare(set);
        let published = set.get(0).and_then(|first| first.call_defaults());
        let of = |method: &str| {
            let published = published.and_then(|all| all.sticky(method, self.level));
            published.or(self.set).unwrap_or(false)
        };
        let service = of("");
        let methods = published.into_iter().flat_map(CallDefaults::methods);
        let methods = methods.map(|method| (method.clone(), of(method)));
        let methods: HashMap<_, _> = methods.filter(|(_, own)| *own != service).collect();
        if !service && methods.is_empty() {
            return inner;
        }
        Box::new(Prepared { inner, service, methods, stays: self.stays.clone() })
    }

    fn name(&self) -> &str {
        self.balance.name()
    }

    fn began(&self, endpoint: &Endpoint, method: &str) {
        self.balance.began(endpoint, method);
    }

    fn ended(&self, endpoint: &Endpoint, method: &str, end: &End<'_>) {
        self.balance.ended(endpoint, method, end);
    }
}

struct Prepared {
    inner: Box<dyn Pick>,
    service: bool,
    /// The methods that differ.
    methods: HashMap<ByteString, bool>,
    stays: Arc<ArcSwapOption<Endpoint>>,
}

impl Pick for Prepared {
    fn pick<'a>(
        &self,
        call: &CallView<'_>,
        from: &'a Selection,
        now: Instant,
    ) -> Option<&'a Endpoint> {
        let own = if self.methods.is_empty() { None } else { self.methods.get(call.method_name()) };
        if !own.copied().unwrap_or(self.service) {
            return self.inner.pick(call, from, now);
        }
        let known = self.stays.load();
        let known = known.as_deref();
        if let Some(stays) = known.and_then(|known| from.iter().find(|one| *one == known)) {
            return Some(stays);
        }
        let picked = self.inner.pick(call, from, now)?;
        self.stays.store(Some(Arc::new(picked.clone())));
        Some(picked)
    }
}

impl std::fmt::Debug for Sticky {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sticky({})", self.name())
    }
}
