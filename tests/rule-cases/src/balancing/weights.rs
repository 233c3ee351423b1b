//! Weights, and what providers that have just started have of them.

use std::time::Duration;

use dubhe_core::Endpoint;
use dubhe_net::time::now;

use super::picks::Nowhere;
use super::providers::{ProviderUrl, directory, field, outcome};
use super::same;
use crate::case::Case;

pub(super) fn weight(case: &Case) -> Result<(), String> {
    let provider: ProviderUrl = field(case, "provider")?;
    let method: String = field(case, "method")?;
    let set = directory(vec![provider.endpoint()], Nowhere::protocol()).snapshot();
    let endpoint = set.get(0).ok_or("no endpoint")?;
    same(endpoint.weight_of(&method, now()), outcome(case, "weight")?)
}

pub(super) fn warm_up(case: &Case) -> Result<(), String> {
    let warmup: i64 = field(case, "warmup")?;
    let weight: i64 = field(case, "weight")?;
    let rows: Vec<(u64, u32)> = outcome(case, "rows")?;
    let weight = u32::try_from(weight.max(0)).map_err(|error| error.to_string())?;
    // A negative time never ends.
    let warmup = u64::try_from(warmup).map_or(Duration::MAX, Duration::from_millis);
    let ours = rows
        .iter()
        .map(|(uptime, _)| Endpoint::warmup_weight(Duration::from_millis(*uptime), warmup, weight));
    same(ours.collect::<Vec<_>>(), rows.iter().map(|(_, weight)| *weight).collect())
}
