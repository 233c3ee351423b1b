//! The application in the mapping of its interfaces.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytestring::ByteString;
use dubhe_core::Status;
use dubhe_core::backoff::FullJitter;
use dubhe_core::documents::{Document, DocumentKey, DocumentStore};
use dubhe_core::registry::Health;
use dubhe_core::time::Duration;
use futures_util::StreamExt as _;
use parking_lot::Mutex;
use tokio::sync::{Semaphore, watch};

use crate::application::follow::{News, Task, follow};
use crate::application::mapping;
use crate::application::registry::Parts;

/// The mappings that are written at once.
const MAX_WRITES: usize = 16;
/// The longest time that a registration waits for the first try.
const FIRST_TRY: Duration = Duration::from_secs(3);
/// The pauses after another provider was faster.
const RACES: FullJitter =
    FullJitter { initial: Duration::from_millis(50), factor: 2.0, max: Duration::from_secs(1) };
/// An interface that each application has, and nobody looks for (Dubbo Java
/// `MetadataServiceNameMapping`).
const UNMAPPED: &str = "org.apache.dubbo.metadata.MetadataService";

/// Keeps the application in the mapping of each of its interfaces.
pub(super) struct Mapper {
    parts: Arc<Parts>,
    writes: Arc<Semaphore>,
    /// `true` while the centre says nothing at all, so that nobody waits for it.
    is_mute: AtomicBool,
    kept: Mutex<HashMap<ByteString, Kept>>,
}

struct Kept {
    tried: watch::Receiver<bool>,
    _task: Task,
}

impl Mapper {
    pub(super) fn new(parts: Arc<Parts>) -> Self {
        Self {
            parts,
            writes: Arc::new(Semaphore::new(MAX_WRITES)),
            is_mute: AtomicBool::new(false),
            kept: Mutex::default(),
        }
    }

    /// The centre of the mappings, if the application is written into them.
    fn center(&self) -> Option<&Arc<dyn DocumentStore>> {
        self.parts.metadata_center.as_ref().filter(|_| self.parts.options.service_name_mapping)
    }

    /// # Errors
    /// When no mapping can have the application.
    pub(super) fn check(&self) -> Result<(), Status> {
        let application = &*self.parts.application;
        if self.center().is_none() || mapping::is_application(application) {
            return Ok(());
        }
        Err(Status::invalid_argument(format!(
            "the application {application:?} cannot be in the mapping of its interfaces, whose names are \
             separated by commas: give it a name without commas, and without spaces at its ends"
        )))
    }

    /// Adds the application to the mapping of an interface, and keeps it there until it is forgotten.
    /// Resolves after the first try, whatever becomes of it.
    pub(super) async fn keep(&self, interface: &ByteString) {
        let parts = &self.parts;
        let Some(center) = self.center().filter(|_| *interface != UNMAPPED) else { return };
        let mut tried = {
            let mut kept = self.kept.lock();
            let kept = kept.entry(interface.clone()).or_insert_with(|| {
                let (sender, tried) = watch::channel(false);
                let mapping = Mapping {
                    parts: parts.clone(),
                    center: center.clone(),
                    key: DocumentKey::Mapping { interface: interface.clone() },
                    writes: self.writes.clone(),
                    tried: sender,
                    failures: 0,
                };
                let task = parts.runtime.spawn(mapping.keep());
                Kept { tried, _task: Task(task.abort_handle()) }
            });
            kept.tried.clone()
        };
        let first = if self.is_mute.load(Ordering::Relaxed) { Duration::ZERO } else { FIRST_TRY };
        let is_mute = tokio::select! {
            biased;
            _ = tried.wait_for(|tried| *tried) => false,
            () = parts.pauses.sleep(first) => true,
        };
        self.is_mute.store(is_mute, Ordering::Relaxed);
    }

    /// Keeps the application there no more; it stays, as in Java, for others may provide the interface.
    pub(super) fn forget(&self, interface: &ByteString) {
        self.kept.lock().remove(interface);
    }
}

/// The mapping of one interface.
struct Mapping {
    parts: Arc<Parts>,
    center: Arc<dyn DocumentStore>,
    key: DocumentKey,
    writes: Arc<Semaphore>,
    tried: watch::Sender<bool>,
    /// The failures in a row.
    failures: u32,
}

impl Mapping {
    async fn keep(mut self) {
        let (center, key) = (self.center.clone(), self.key.clone());
        let (what, name) = (key.to_string(), center.name().to_owned());
        let pauses = self.parts.pauses.clone();
        let mut states = follow(what, name, FullJitter::default(), pauses, move || {
            let states = center.watch(&key);
            Box::pin(async { Ok(states) })
        });
        while let Some(news) = states.next().await {
            match news {
                // What is not known is not written over.
                News::Present(state) if state.health == Health::Fresh => {
                    self.ensure(state.document).await;
                }
                News::Present(_) | News::Lost(_) => {}
            }
            self.tried.send_replace(true);
        }
    }

    /// Adds the application to what is there, unless it is in it.
    async fn ensure(&mut self, mut known: Option<Document>) {
        let mut races = 0;
        loop {
            match self.add(known).await {
                Ok(true) => {
                    if std::mem::take(&mut self.failures) > 0 {
                        let (mapping, registry) = (&self.key, self.center.name());
                        tracing::info!(%mapping, registry, "the application is mapped");
                    }
                    return;
                }
                Ok(false) => {
                    races += 1;
                    let pause = self.parts.pauses.pause(RACES, races);
                    tracing::debug!(mapping = %self.key, ?pause, "another provider was faster");
                    self.parts.pauses.sleep(pause).await;
                }
                Err(error) => self.failed(&error).await,
            }
            known = loop {
                match self.center.get(&self.key).await {
                    Ok(known) => break known,
                    Err(error) => self.failed(&error).await,
                }
            };
        }
    }

    /// Writes once. Returns `false` when another was faster.
    async fn add(&self, known: Option<Document>) -> Result<bool, Status> {
        let text = known.as_ref().map(|document| &*document.text).unwrap_or_default();
        let Some(whole) = mapping::with(text, &self.parts.application) else { return Ok(true) };
        // It is never closed.
        let _permit = self.writes.acquire().await;
        self.center.replace(&self.key, whole.into(), known.map(|document| document.version)).await
    }

    async fn failed(&mut self, error: &Status) {
        self.tried.send_replace(true);
        self.failures = self.failures.saturating_add(1);
        let pause = self.parts.pauses.pause(FullJitter::default(), self.failures);
        if self.failures.is_power_of_two() {
            let (mapping, registry) = (&self.key, self.center.name());
            tracing::warn!(
                %mapping, registry, %error, ?pause,
                "cannot add the application to a mapping; trying again"
            );
        }
        self.parts.pauses.sleep(pause).await;
    }
}
