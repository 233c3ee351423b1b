//! The picks of balancers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dubhe_cluster::balance::named;
use dubhe_cluster::destination::BalancedDestination;
use dubhe_core::balance::Balance;
use dubhe_core::connect::{Channel, ChannelKey, Connect};
use dubhe_core::plan::Destination;
use dubhe_core::random::SplitMix;
use dubhe_core::{Call, CallView, Code, End, Ending, Endpoint, Invoke, Invoking, Metadata, Status};
use dubhe_net::time::now;

use super::providers::{CaseCall, ProviderUrl, address, clock, directory, field, outcome};
use super::same;
use crate::case::Case;

/// A protocol whose providers are never called.
pub(super) struct Nowhere;

impl Nowhere {
    pub(super) fn protocol() -> Arc<dyn Connect> {
        Arc::new(Self)
    }
}

impl Connect for Nowhere {
    fn protocol(&self) -> &'static str {
        "dubbo"
    }

    fn key(&self, endpoint: &Endpoint) -> ChannelKey {
        ChannelKey::new(endpoint)
    }

    fn connect(&self, _: &Endpoint) -> Result<Arc<dyn Channel>, Status> {
        Ok(Arc::new(Self))
    }
}

impl Channel for Nowhere {}

impl Invoke for Nowhere {
    fn invoke(&self, _: Call) -> Invoking {
        Invoking::ready(Err(Status::unavailable("nobody is there")))
    }
}

/// The draws of counts, at least.
const DRAWS: u32 = 4_000;

pub(super) fn picks(case: &Case) -> Result<(), String> {
    let providers: Vec<ProviderUrl> = field(case, "providers")?;
    let calls: Vec<CaseCall> = field(case, "calls")?;
    let name: String = field(case, "balancer")?;
    let balance = named(&name, Arc::new(SplitMix::new(1)), clock());
    let balance = balance.map_err(|error| error.to_string())?;
    let endpoints = providers.iter().map(ProviderUrl::endpoint).collect();
    let directory = directory(endpoints, Nowhere::protocol());
    let set = directory.snapshot();
    let note = case.fields.get("note").and_then(|note| note.as_str()).unwrap_or_default();
    for (endpoint, past) in set.iter().zip(pasts(note)) {
        past.tell(&*balance, endpoint);
    }
    let destination = BalancedDestination::new(directory, Vec::new(), balance, clock());
    let pick = |call: &CaseCall| {
        let call = call.call();
        let picked = destination.pick(&CallView::new(&call, None), &[], now());
        picked.map(|picked| address(picked.endpoint())).ok_or("nobody was picked")
    };
    if case.outcome.get("type").and_then(|of| of.as_str()) != Some("drawn") {
        let ours = calls.iter().map(pick).collect::<Result<Vec<_>, _>>()?;
        return same(ours, outcome(case, "picks")?);
    }
    let call = calls.first().ok_or("no call")?;
    let mut ours = BTreeMap::new();
    for _ in 0..DRAWS {
        *ours.entry(pick(call)?).or_default() += 1;
    }
    compare(&ours, case)
}

/// Compares the counts of [`DRAWS`] draws with those of a case: the same addresses, in shares that could be equal.
pub(super) fn compare(ours: &BTreeMap<String, u32>, case: &Case) -> Result<(), String> {
    let counts: BTreeMap<String, u32> = outcome(case, "counts")?;
    let [drawn, all]: [u32; 2] = [ours.values().sum(), counts.values().sum()];
    let differ = |address: &String| {
        let share = |counts: &BTreeMap<String, u32>, all: u32| {
            f64::from(counts.get(address).copied().unwrap_or(0)) / f64::from(all)
        };
        let (ours, java) = (share(ours, drawn), share(&counts, all));
        let spread = java * (1.0 - java) * (1.0 / f64::from(drawn) + 1.0 / f64::from(all));
        (ours - java).abs() > 4.0 * spread.sqrt()
    };
    let alike = ours.keys().eq(counts.keys()) && !counts.keys().any(differ);
    if alike { Ok(()) } else { Err(format!("{ours:?} and in Java {counts:?}")) }
}

/// The calls at a provider before those of a case.
struct Past {
    finished: u64,
    latency: Duration,
    open: u64,
    failed: bool,
}

impl Past {
    fn tell(&self, balance: &dyn Balance, endpoint: &Endpoint) {
        let (none, failure) = (Metadata::new(), Status::new(Code::Unavailable, "lost"));
        let ending = if self.failed { Ending::Failed(&failure) } else { Ending::Ok };
        for _ in 0..self.finished {
            balance.began(endpoint, "hello");
            balance.ended(endpoint, "hello", &End::new(ending, self.latency, &none, &none));
        }
        (0..self.open).for_each(|_| balance.began(endpoint, "hello"));
    }
}

/// Reads the note of a case: open calls, or finished calls with their milliseconds and open ones, per provider.
fn pasts(note: &str) -> Vec<Past> {
    let list = note.find('[').zip(note.rfind(']')).and_then(|(from, to)| note.get(from..=to));
    let Some(list) = list else { return Vec::new() };
    if let Ok(open) = serde_json::from_str::<Vec<u64>>(list) {
        let past = |open| Past { finished: 0, latency: Duration::ZERO, open, failed: false };
        return open.into_iter().map(past).collect();
    }
    let all: Vec<Vec<u64>> = serde_json::from_str(list).unwrap_or_default();
    let past = |of: &Vec<u64>| {
        let number = |n: usize| of.get(n).copied().unwrap_or(0);
        let latency = Duration::from_millis(number(1));
        Past { finished: number(0), latency, open: number(2), failed: number(3) > 0 }
    };
    all.iter().map(past).collect()
}
