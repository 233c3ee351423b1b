//! Balancers by name.

use std::sync::Arc;

use dubhe_core::balance::Balance;
use dubhe_core::random::RandomSource;
use dubhe_core::time::SharedClock;
use dubhe_core::{Code, Status};

use super::{ConsistentHash, LeastActive, PeakEwma, Random, RoundRobin, ShortestResponse};
use crate::names::meant;

#[derive(Clone, Copy)]
enum Kind {
    Random,
    RoundRobin,
    LeastActive,
    ShortestResponse,
    ConsistentHash,
    PeakEwma,
    /// Java's `adaptive`.
    Adaptive,
}

/// Names of Dubbo Java, and behind them those of dubbo-go that differ.
const NAMES: [(&str, Kind); 10] = [
    ("random", Kind::Random),
    ("roundrobin", Kind::RoundRobin),
    ("leastactive", Kind::LeastActive),
    ("shortestresponse", Kind::ShortestResponse),
    ("consistenthash", Kind::ConsistentHash),
    ("adaptive", Kind::Adaptive),
    ("p2c", Kind::PeakEwma),
    ("consistenthashing", Kind::ConsistentHash),
    // Each provider has its turns spread over a round, as smooth round robin has them.
    ("interleavedweightedroundrobin", Kind::RoundRobin),
    // A way to draw by weight in constant time: the same shares.
    ("aliasmethod", Kind::Random),
];

fn kind(name: &str) -> Result<Kind, Status> {
    let known = NAMES.iter().find(|(known, _)| *known == name);
    known.map(|(_, kind)| *kind).ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> Status {
    let known = NAMES.map(|(known, _)| known);
    let meant = meant(name, &known);
    let text = format!("no balancer is called {name:?}{meant}; there are {}", known.join(", "));
    Status::new(Code::InvalidArgument, text)
}

/// Checks that there is a balancer of this name.
///
/// ```
/// # mod dubhe { pub mod balance { pub use dubhe_cluster::balance::check; } }
/// let error = dubhe::balance::check("round-robin").unwrap_err();
/// assert!(error.message().contains("did you mean \"roundrobin\"?"));
/// assert!(dubhe::balance::check("interleavedweightedroundrobin").is_ok());
/// ```
///
/// # Errors
/// [`Code::InvalidArgument`] with the nearest name.
pub fn check(name: &str) -> Result<(), Status> {
    kind(name).map(drop)
}

/// Makes the balancer of this name, of Dubbo Java or dubbo-go, which draws by `random` and measures by `clock`.
///
/// ```
/// # mod dubhe { pub mod balance { pub use dubhe_core::balance::Balance; pub use dubhe_cluster::balance::named; } pub mod random { pub use dubhe_core::random::SplitMix; } pub mod time { pub use dubhe_core::time::SharedClock; } pub use dubhe_core::Status; }
/// use std::sync::Arc;
/// use dubhe::Status;
/// use dubhe::balance::{Balance, named};
/// use dubhe::random::SplitMix;
/// use dubhe::time::SharedClock;
///
/// /// For a destination of your own; builders take the name itself.
/// fn by_name(clock: SharedClock) -> Result<Arc<dyn Balance>, Status> {
///     named("leastactive", Arc::new(SplitMix::from_os()), clock)
/// }
/// ```
///
/// # Errors
/// As [`check`].
pub fn named(
    name: &str,
    random: Arc<dyn RandomSource>,
    clock: SharedClock,
) -> Result<Arc<dyn Balance>, Status> {
    Ok(match kind(name)? {
        Kind::Random => Arc::new(Random::new(random)),
        Kind::RoundRobin => Arc::new(RoundRobin::default()),
        Kind::LeastActive => Arc::new(LeastActive::new(random)),
        Kind::ShortestResponse => Arc::new(ShortestResponse::new(random, clock)),
        Kind::ConsistentHash => Arc::new(ConsistentHash),
        Kind::PeakEwma => Arc::new(PeakEwma::new(random, clock)),
        Kind::Adaptive => {
            tracing::info!("the balancer adaptive is p2c here: no load is asked of providers");
            Arc::new(PeakEwma::new(random, clock))
        }
    })
}
