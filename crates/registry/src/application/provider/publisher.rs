//! The task that publishes the instances of an application.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::Status;
use dubhe_core::documents::DocumentKey;
use dubhe_core::metadata_info::MetadataInfo;
use futures_util::FutureExt as _;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use super::desired::{Desired, Publication};
use super::exported::Exported;
use super::kept;
use crate::application::discovery::ServiceDiscovery;
use crate::application::follow::Task;
use crate::application::instance::MetadataStorage;
use crate::application::metadata_info::to_json;
use crate::application::registry::Parts;

/// The progress of publishing, by the numbers of changes.
#[derive(Clone, Default)]
pub(super) struct Progress {
    /// The last change that is published.
    published: u64,
    /// The last change that a publication which failed had in it.
    failed: u64,
    error: Option<Status>,
}

/// The state that a publisher shares with those who register.
pub(super) struct Board {
    desired: Mutex<(Desired, u64)>,
    changed: Notify,
    progress: watch::Sender<Progress>,
}

impl Board {
    pub(super) fn new() -> Self {
        let (progress, _) = watch::channel(Progress::default());
        Self { desired: Mutex::default(), changed: Notify::new(), progress }
    }

    /// Changes what is to be published, when `change` says that it did. Returns the number of the last
    /// change, which is a new one while that is not published: it is tried once more.
    pub(super) fn change(&self, change: impl FnOnce(&mut Desired) -> bool) -> u64 {
        let mut desired = self.desired.lock();
        let (all, number) = &mut *desired;
        if change(all) || self.progress.borrow().published < *number {
            *number += 1;
            self.changed.notify_one();
        }
        *number
    }

    /// Looks at what is to be published.
    pub(super) fn look<T>(&self, look: impl FnOnce(&Desired) -> T) -> T {
        look(&self.desired.lock().0)
    }

    /// Waits until a change is published.
    ///
    /// # Errors
    /// When it could not be.
    pub(super) async fn published(&self, number: u64) -> Result<(), Status> {
        let mut progress = self.progress.subscribe();
        let done = |of: &Progress| of.published >= number || of.failed >= number;
        let Ok(progress) = progress.wait_for(done).await else { return Ok(()) };
        match &progress.error {
            Some(error) if progress.published < number => Err(error.clone()),
            _ => Ok(()),
        }
    }
}

/// Publishes what changes, for ever.
pub(super) struct Publisher {
    pub(super) parts: Arc<Parts>,
    pub(super) instances: Arc<dyn ServiceDiscovery>,
    pub(super) board: Arc<Board>,
    pub(super) exported: Arc<Exported>,
    /// Instances as the registry has them; `None` where that is not known.
    registered: HashMap<u64, Option<Publication>>,
    /// The tasks that keep the metadata of instances in the metadata centre.
    kept: HashMap<u64, Task>,
}

impl Publisher {
    pub(super) fn new(
        parts: Arc<Parts>,
        instances: Arc<dyn ServiceDiscovery>,
        board: Arc<Board>,
        exported: Arc<Exported>,
    ) -> Self {
        let (registered, kept) = (HashMap::new(), HashMap::new());
        Self { parts, instances, board, exported, registered, kept }
    }

    pub(super) async fn run(mut self) {
        let mut failures: u32 = 0;
        loop {
            // Registrations that are under way together come into one publication.
            tokio::task::yield_now().await;
            let (wanted, number) = self.wanted();
            let board = self.board.clone();
            // What is not ours may panic.
            let publishing = AssertUnwindSafe(self.publish(wanted)).catch_unwind();
            let outcome = tokio::select! {
                biased;
                outcome = publishing => outcome,
                // An attempt of before is given up: whoever takes back what failed need not wait for it.
                () = board.changed.notified(), if failures > 0 => continue,
            };
            let panicked = |_| Err(Status::internal("it panicked; the log says where"));
            let outcome = outcome.unwrap_or_else(panicked);
            let (application, registry) = (&*self.parts.application, self.instances.name());
            match outcome {
                Ok(registered) => {
                    if std::mem::take(&mut failures) > 1 && registered {
                        tracing::info!(application, registry, "the instance is published again");
                    }
                    self.board.progress.send_modify(|progress| progress.published = number);
                    self.board.changed.notified().await;
                }
                Err(error) => {
                    failures = failures.saturating_add(1);
                    let pause = self.parts.pauses.pause(self.instances.backoff(), failures);
                    if failures > 1 && failures.is_power_of_two() {
                        tracing::warn!(
                            application, registry, %error, ?pause,
                            "cannot publish the instance; trying again"
                        );
                    }
                    self.board.progress.send_modify(|progress| {
                        (progress.failed, progress.error) = (number, Some(error));
                    });
                    tokio::select! {
                        () = self.board.changed.notified() => {}
                        () = self.parts.pauses.sleep(pause) => {}
                    }
                }
            }
        }
    }

    /// All instances as they should be, and the number of the last change among them.
    fn wanted(&self) -> (Vec<Publication>, u64) {
        let desired = self.board.desired.lock();
        let (all, number) = &*desired;
        let Parts { application, options, .. } = &*self.parts;
        let (processes, storage) = (all.processes.iter(), options.metadata_storage);
        (processes.map(|process| process.publication(application, storage)).collect(), *number)
    }

    /// Publishes what differs; `true` if an instance was registered. One that fails does not keep the
    /// others from it.
    async fn publish(&mut self, wanted: Vec<Publication>) -> Result<bool, Status> {
        let mut outcome = Ok(false);
        for publication in wanted {
            let number = publication.number;
            let registered = self.registered.get(&number);
            let gone = publication.info.services.is_empty();
            let result = match registered {
                Some(Some(known)) if known.instance == publication.instance => continue,
                None if gone => Ok(()),
                _ if gone => {
                    self.registered.insert(number, None);
                    self.instances.unregister(&publication.instance).await
                }
                _ => {
                    self.registered.insert(number, None);
                    self.register(&publication).await
                }
            };
            match result {
                Ok(()) if gone => {
                    self.registered.remove(&number);
                    self.kept.remove(&number);
                    if self.registered.is_empty() {
                        self.export(publication.info);
                    }
                    self.board.desired.lock().0.forget(number);
                }
                Ok(()) => {
                    self.registered.insert(number, Some(publication));
                    outcome = outcome.map(|_| true);
                }
                Err(error) => outcome = Err(error),
            }
        }
        outcome
    }

    /// Lets metadata be asked for, beside those of the instances that are registered.
    fn export(&self, info: Arc<MetadataInfo>) {
        let registered = self.registered.values().flatten();
        self.exported.push(info, &registered.map(|of| &of.info.revision).collect());
    }

    /// Registers an instance, whose metadata can be read before it names them.
    async fn register(&mut self, publication: &Publication) -> Result<(), Status> {
        let Publication { instance, info, .. } = publication;
        self.export(info.clone());
        if self.parts.options.metadata_storage == MetadataStorage::Remote {
            let Some(center) = &self.parts.metadata_center else {
                let text = "metadata-type=remote needs a metadata centre, and there is none";
                return Err(Status::failed_precondition(text));
            };
            let key = DocumentKey::Metadata {
                application: info.application.clone(),
                revision: info.revision.clone(),
            };
            let text = ByteString::from(to_json(info));
            let put = center.put(&key, text.clone()).await;
            put.map_err(|error| error.context(format_args!("cannot publish {key}")))?;
            // Whoever does not know the revision yet could not use an instance that names it.
            let kept = kept::keep(&self.parts, center, key, text);
            self.kept.insert(publication.number, kept);
        }
        let (address, revision) = (instance.address(), &*info.revision);
        self.instances.register(instance.clone()).await?;
        let (application, registry) = (&*info.application, self.instances.name());
        let services = info.services.len();
        tracing::info!(application, address, revision, services, registry, "instance published");
        Ok(())
    }
}
