//! Documents of the metadata centre that are written again when they are lost.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::ServiceKey;
use dubhe_core::backoff::FullJitter;
use dubhe_core::documents::{DocumentKey, DocumentStore};
use dubhe_core::endpoint::Offer;
use dubhe_core::registry::{Health, Registration};
use futures_util::StreamExt as _;
use parking_lot::Mutex;

use crate::application::follow::{News, Pauses, Task, follow};
use crate::application::registry::Parts;

/// Writes a document again whenever the centre has lost it, as it may with all its data, for as long as the
/// task is held.
pub(super) fn keep(
    parts: &Parts,
    center: &Arc<dyn DocumentStore>,
    key: DocumentKey,
    text: ByteString,
) -> Task {
    let keeping = write_again(center.clone(), key, text, parts.pauses.clone());
    Task(parts.runtime.spawn(keeping).abort_handle())
}

async fn write_again(
    center: Arc<dyn DocumentStore>,
    key: DocumentKey,
    text: ByteString,
    pauses: Pauses,
) {
    let (what, name) = (key.to_string(), center.name().to_owned());
    let (watched, of) = (center.clone(), key.clone());
    let mut states = follow(what, name, FullJitter::default(), pauses.clone(), move || {
        let states = watched.watch(&of);
        Box::pin(async { Ok(states) })
    });
    let mut failures: u32 = 0;
    while let Some(news) = states.next().await {
        let News::Present(state) = news else { continue };
        // What is not known is not written over.
        if state.health != Health::Fresh || state.document.is_some() {
            continue;
        }
        while let Err(error) = center.put(&key, text.clone()).await {
            failures = failures.saturating_add(1);
            let pause = pauses.pause(FullJitter::default(), failures);
            if failures.is_power_of_two() {
                let registry = center.name();
                tracing::warn!(%key, registry, %error, ?pause, "cannot publish metadata again; trying again");
            }
            pauses.sleep(pause).await;
        }
        failures = 0;
        tracing::info!(%key, registry = center.name(), "metadata that were lost are published again");
    }
}

/// The definitions of services, each kept from its publication until the last registration of the service is
/// taken back. It stays then, as in Java, for consoles show what was there.
#[derive(Default)]
pub(super) struct Definitions(Mutex<HashMap<ServiceKey, Definition>>);

#[derive(Default)]
struct Definition {
    /// The hosts, protocols and ports at which the service is registered.
    registered: HashSet<(ByteString, Offer)>,
    /// The tasks that keep it, by application.
    kept: HashMap<ByteString, Task>,
}

impl Definitions {
    /// Keeps the definition of a service of `application` by this task, in place of the one before.
    pub(super) fn keep(&self, service: &ServiceKey, application: &ByteString, task: Task) {
        let mut all = self.0.lock();
        all.entry(service.clone()).or_default().kept.insert(application.clone(), task);
    }

    pub(super) fn registered(&self, registration: &Registration) {
        let mut all = self.0.lock();
        let definition = all.entry(registration.service.clone()).or_default();
        definition.registered.insert(place(registration));
    }

    pub(super) fn unregistered(&self, registration: &Registration) {
        let mut all = self.0.lock();
        if let Some(definition) = all.get_mut(&registration.service) {
            definition.registered.remove(&place(registration));
            if definition.registered.is_empty() {
                all.remove(&registration.service);
            }
        }
    }
}

fn place(registration: &Registration) -> (ByteString, Offer) {
    (registration.instance.host.clone(), registration.offer.clone())
}
