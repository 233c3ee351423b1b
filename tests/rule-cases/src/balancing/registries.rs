//! The choice of one of several registries.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dubhe_cluster::balance::Random;
use dubhe_cluster::destination::BalancedDestination;
use dubhe_cluster::router::RegistryChoice;
use dubhe_core::plan::Destination;
use dubhe_core::random::SplitMix;
use dubhe_core::registry::{Origin, RegistryTraits};
use dubhe_core::router::Router;
use dubhe_core::{CallView, Endpoint};
use dubhe_net::time::now;

use super::picks::{Nowhere, compare};
use super::providers::{ProviderUrl, call, clock, directory, field};
use crate::case::Case;

const DRAWS: u32 = 4_000;

/// A provider that one registry knows alone.
fn provider(number: usize, registry: &ProviderUrl) -> Endpoint {
    let param = |name: &str| registry.param(name);
    let mut traits = RegistryTraits::default();
    traits.preferred = param("preferred") == Some("true");
    traits.zone = param("zone").filter(|zone| !zone.is_empty()).map(Into::into);
    let weight = param("weight").and_then(|weight| weight.parse::<i32>().ok());
    traits.weight = weight.map_or(traits.weight, |weight| u32::try_from(weight).unwrap_or(0));
    let origin = Arc::new(Origin { name: registry.address().into(), traits });
    Endpoint::of("dubbo", format!("10.0.1.{number}"), 20880).with_origins(Arc::new([origin]))
}

pub(super) fn zone(case: &Case) -> Result<(), String> {
    let registries: Vec<ProviderUrl> = field(case, "registries")?;
    let zone: Option<String> = field(case, "zone")?;
    let force: Option<String> = field(case, "force")?;
    let providers = registries.iter().enumerate().map(|(n, one)| provider(n, one)).collect();
    let directory = directory(providers, Nowhere::protocol());
    let away = now() + Duration::from_mins(1);
    for (endpoint, registry) in directory.snapshot().iter().zip(&registries) {
        if !registry.available {
            endpoint.state().eject(away);
        }
    }
    let router: Arc<dyn Router> = Arc::new(RegistryChoice::new(Arc::new(SplitMix::new(1))));
    let balance = Arc::new(Random::new(Arc::new(SplitMix::new(2))));
    let destination = BalancedDestination::new(directory, vec![router], balance, clock());
    let mut asked = call("hello");
    let attachments = [("registry_zone", zone), ("registry_zone_force", force)];
    for (name, value) in attachments.into_iter().filter_map(|(k, v)| Some((k, v?))) {
        asked.head.metadata.insert(name, value);
    }
    let view = CallView::new(&asked, None);
    let mut counts = BTreeMap::new();
    for _ in 0..DRAWS {
        let picked = destination.pick(&view, &[], now());
        let registry =
            picked.and_then(|picked| Some(picked.endpoint().origins().first()?.name.clone()));
        *counts.entry(registry.map_or_else(String::new, |name| name.to_string())).or_default() += 1;
    }
    // Nobody is what Java throws for.
    let fails = case.outcome.get("type").and_then(|of| of.as_str()) == Some("exception");
    if fails && counts.keys().all(String::is_empty) { Ok(()) } else { compare(&counts, case) }
}
