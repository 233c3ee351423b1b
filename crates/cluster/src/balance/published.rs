//! The balancer that providers ask for.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use bytestring::ByteString;
use dubhe_core::balance::{Balance, Pick, Selection};
use dubhe_core::endpoint::Level;
use dubhe_core::random::RandomSource;
use dubhe_core::time::{Instant, SharedClock};
use dubhe_core::{CallView, End, Endpoint, Provider};

use super::{Random, named};

/// Picks as the first provider asks for with its parameters `loadbalance` and `METHOD.loadbalance`, at random by weight
/// where it says nothing. A name that is not known is one warning in the log for each client.
pub struct Published {
    random: Arc<dyn RandomSource>,
    clock: SharedClock,
    /// The balancer that the client itself names for all methods.
    set: Option<Arc<dyn Balance>>,
    /// The balancers in use, by name; the default first.
    used: ArcSwap<Vec<(ByteString, Arc<dyn Balance>)>>,
    warned: AtomicBool,
}

/// The name of the default.
const DEFAULT: &str = "random";

impl Published {
    /// Makes balancers that draw by `random` and measure by `clock`.
    pub fn new(random: Arc<dyn RandomSource>, clock: SharedClock) -> Self {
        let default: Arc<dyn Balance> = Arc::new(Random::new(random.clone()));
        let used = ArcSwap::from_pointee(vec![(ByteString::from_static(DEFAULT), default)]);
        Self { random, clock, set: None, used, warned: AtomicBool::new(false) }
    }

    /// The same of a client that names `balance` for all methods: what providers publish for single methods goes
    /// before it.
    pub fn with_default(mut self, balance: Arc<dyn Balance>) -> Self {
        self.set = Some(balance);
        self
    }

    fn default(&self) -> Arc<dyn Balance> {
        let used = self.used.load();
        let default = self.set.as_ref().or_else(|| used.first().map(|(_, default)| default));
        default.cloned().unwrap_or_else(|| Arc::new(Random::new(self.random.clone())))
    }

    /// The balancer of this name, which `provider` asks for.
    fn of(&self, name: &ByteString, provider: &Provider) -> Arc<dyn Balance> {
        if let Some((_, known)) = self.used.load().iter().find(|(known, _)| known == name) {
            return known.clone();
        }
        match named(name, self.random.clone(), self.clock.clone()) {
            Ok(made) => {
                let mut kept = made.clone();
                self.used.rcu(|used| {
                    let mut used = Vec::clone(used);
                    match used.iter().find(|(known, _)| known == name) {
                        Some((_, known)) => kept = known.clone(),
                        None => used.push((name.clone(), made.clone())),
                    }
                    used
                });
                kept
            }
            Err(error) => {
                if !self.warned.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        %provider, %error,
                        "a provider asks for a balancer that is not there; the default one picks, unless \
                         balance(..) sets another"
                    );
                }
                self.default()
            }
        }
    }
}

impl Balance for Published {
    fn prepare(&self, set: &Selection) -> Box<dyn Pick> {
        let Some(first) = set.get(0) else { return self.default().prepare(set) };
        let Some(published) = first.call_defaults() else { return self.default().prepare(set) };
        let level = if self.set.is_some() { Level::Service } else { Level::Default };
        let of = |method: &str| published.balancer(method, level);
        let service = of("");
        let all = service.as_ref().map_or_else(|| self.default(), |name| self.of(name, first));
        let methods = published.methods().filter_map(|method| {
            let own = of(method).filter(|own| Some(own) != service.as_ref())?;
            Some((method.clone(), self.of(&own, first).prepare(set)))
        });
        let methods: HashMap<_, _> = methods.collect();
        let all = all.prepare(set);
        if methods.is_empty() { all } else { Box::new(ByMethod { all, methods }) }
    }

    fn began(&self, endpoint: &Endpoint, method: &str) {
        self.used.load().iter().for_each(|(_, one)| one.began(endpoint, method));
        if let Some(set) = &self.set {
            set.began(endpoint, method);
        }
    }

    fn ended(&self, endpoint: &Endpoint, method: &str, end: &End<'_>) {
        self.used.load().iter().for_each(|(_, one)| one.ended(endpoint, method, end));
        if let Some(set) = &self.set {
            set.ended(endpoint, method, end);
        }
    }
}

/// Balancers of single methods beside that of all others.
struct ByMethod {
    all: Box<dyn Pick>,
    methods: HashMap<ByteString, Box<dyn Pick>>,
}

impl Pick for ByMethod {
    fn pick<'a>(
        &self,
        call: &CallView<'_>,
        from: &'a Selection,
        now: Instant,
    ) -> Option<&'a Endpoint> {
        self.methods.get(call.method_name()).unwrap_or(&self.all).pick(call, from, now)
    }
}

impl std::fmt::Debug for Published {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Published")
    }
}
