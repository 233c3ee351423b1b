//! Treatments of failures by name.

use dubhe_core::fault::Fault;
use dubhe_core::{Code, Status};

use super::{Available, Broadcast, Failback, Failsafe, Forking, Mergeable};
use crate::names::meant;

/// The names of Dubbo Java (`cluster` of a reference), and those of dubbo-go that differ.
const NAMES: [&str; 11] = [
    "failover",
    "failfast",
    "failsafe",
    "failback",
    "forking",
    "broadcast",
    "available",
    "mergeable",
    "zone-aware",
    "zoneAware",
    "adaptiveService",
];

/// Makes the treatment of this name with its defaults.
///
/// The choice of a registry by zone, `zone-aware` in Dubbo Java and `zoneAware` in dubbo-go, is made by a router whatever
/// the treatment is, and dubbo-go's `adaptiveService` picks by the balancer `p2c`: both are `failover` here.
///
/// ```
/// # mod dubhe { pub mod fault { pub use dubhe_cluster::fault::named; } pub use dubhe_core::fault::Fault; }
/// use dubhe::Fault;
/// use dubhe::fault::named;
///
/// // For a policy of a plan of your own; builders take the name itself.
/// assert!(matches!(named("failfast"), Ok(Fault::Failfast)));
/// let error = named("failsave").unwrap_err();
/// assert!(error.message().contains("did you mean \"failsafe\"?"));
/// ```
///
/// # Errors
/// [`Code::InvalidArgument`] with the nearest name.
pub fn named(name: &str) -> Result<Fault, Status> {
    Ok(match name {
        "failover" | "zone-aware" | "zoneAware" | "adaptiveService" => Fault::Failover,
        "failfast" => Fault::Failfast,
        "failsafe" => Fault::strategy(Failsafe::default()),
        "failback" => Fault::strategy(Failback::default()),
        "forking" => Fault::strategy(Forking::default()),
        "broadcast" => Fault::strategy(Broadcast::default()),
        "available" => Fault::strategy(Available),
        "mergeable" => Fault::strategy(Mergeable::default()),
        unknown => {
            let (meant, known) = (meant(unknown, &NAMES), NAMES.join(", "));
            let text =
                format!("no treatment of failures is called {unknown:?}{meant}; there are {known}");
            return Err(Status::new(Code::InvalidArgument, text));
        }
    })
}
