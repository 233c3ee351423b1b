//! Balancers, weights and treatments of failures.

mod calls;
mod picks;
mod providers;
mod registries;
mod weights;

use crate::case::Case;

/// Decides a case of one of these kinds, and says how the decision differs; `None` for other kinds.
pub(crate) async fn decide(case: &Case) -> Option<Result<(), String>> {
    Some(match &*case.kind {
        "weight" => weights::weight(case),
        "warmup" => weights::warm_up(case),
        "hash" | "roundrobin" | "random" | "leastactive" | "shortestresponse" => picks::picks(case),
        "zone" => registries::zone(case),
        "cluster" => calls::calls(case).await,
        _ => return None,
    })
}

/// Says how two things differ, if they do.
fn same<T: PartialEq + std::fmt::Debug>(ours: T, java: T) -> Result<(), String> {
    if ours == java { Ok(()) } else { Err(format!("{ours:?} and in Java {java:?}")) }
}
