//! The last errors of the registries of a directory.

use std::mem::replace;
use std::sync::Arc;

use dubhe_core::ServiceKey;
use dubhe_core::registry::Registry;
use parking_lot::Mutex;

use crate::panicked::{guard, registry_name};

/// The last errors of the registries in which a service is followed.
pub(super) struct Failures {
    service: ServiceKey,
    registries: Vec<Arc<dyn Registry>>,
    /// The reason why the subscription of each was lost, while it is.
    lost: Mutex<Vec<Option<String>>>,
}

impl Failures {
    pub(super) fn new(registries: &[Arc<dyn Registry>], service: &ServiceKey) -> Self {
        let lost = Mutex::new(vec![None; registries.len()]);
        Self { service: service.clone(), registries: registries.to_vec(), lost }
    }

    /// Notes the error that ended the subscription in the registry at this place, or `None` for an
    /// answer. Writes a line to the log for the first answer after an error.
    pub(super) fn note(&self, place: usize, error: Option<String>) {
        let answers = error.is_none();
        let before = self.lost.lock().get_mut(place).and_then(|lost| replace(lost, error));
        if answers && before.is_some() {
            let service = &self.service;
            let registry = self.registries.get(place).map(registry_name);
            tracing::info!(%service, registry, "follows the providers again");
        }
    }

    /// Returns the last errors as a text, if there is one.
    pub(super) fn text(&self) -> Option<String> {
        let lost = self.lost.lock().clone();
        let of_registries = self.registries.iter().zip(lost).filter_map(|(registry, lost)| {
            let failure = guard(|| registry.failure(&self.service), || "a registry".to_owned());
            failure.ok().flatten().map(|status| status.to_string()).or(lost)
        });
        let all: Vec<_> = of_registries.collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}
