//! A registry in a folder of one host.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dubhe_core::printable::Printable;
use dubhe_core::registry::{Health, Registering, Registration, Registry, Snapshot, Snapshots};
use dubhe_core::time::SharedClock;
use dubhe_core::url::Url;
use dubhe_core::{Code, ServiceKey, Status};
use futures_util::stream;
use parking_lot::Mutex;

use crate::blocking::blocking;
use crate::provider_url::{from_url, to_url};

/// The pause between two readings of the folder.
const POLL_PERIOD: Duration = Duration::from_secs(1);
/// The default of [`File::max_file`]: 1 MiB.
const MAX_FILE: u64 = 1024 * 1024;

/// A folder of `*.url` files, each with one provider URL a line; empty lines and lines that begin
/// with `#` are passed over.
///
/// Providers write a file each, so no lock is needed, and a person may add one by hand. A provider
/// that is killed leaves its file behind; callers pass over it while others can be reached. The
/// folder is read once a second.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_registry::File; pub use dubhe_core::registry::Registry; } pub mod time { pub use dubhe_core::time::SharedClock; } }
/// use std::sync::Arc;
/// use dubhe::registry::{File, Registry};
/// use dubhe::time::SharedClock;
///
/// /// The registry of machines that share a folder; `registry("file:///srv/providers")` is the same.
/// fn shared(clock: SharedClock) -> Arc<dyn Registry> {
///     Arc::new(File::new("/srv/providers", clock).max_file(64 * 1024))
/// }
/// ```
#[derive(Clone)]
pub struct File {
    folder: PathBuf,
    /// The folder as a URL.
    name: Arc<str>,
    clock: SharedClock,
    /// The bytes of the largest file that is read.
    limit: u64,
    /// The error of the last look at the folder, until one succeeds.
    error: Arc<Mutex<Option<io::ErrorKind>>>,
}

impl File {
    /// The registry in `folder`, which is made when the first provider registers.
    pub fn new(folder: impl Into<PathBuf>, clock: SharedClock) -> Self {
        let folder = folder.into();
        let name = format!("file://{}", Printable(folder.display())).into();
        Self { folder, name, clock, limit: MAX_FILE, error: Arc::default() }
    }

    /// Sets the largest file that is read, in bytes. A larger one is passed over with a warning, and so
    /// are its providers. Default 1 MiB.
    #[must_use]
    pub fn max_file(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    fn file_of(&self, registration: &Registration) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        (&registration.service, &registration.offer).hash(&mut hasher);
        registration.instance.host.hash(&mut hasher);
        let port = registration.offer.port;
        self.folder.join(format!("provider-{port}-{:016x}.url", hasher.finish()))
    }

    fn failed(&self, what: &str, error: io::Error) -> Status {
        let folder = self.folder.display();
        Status::new(Code::Unavailable, format!("cannot {what} the registry folder {folder}"))
            .context(error.kind())
            .with_source(error)
    }
}

/// All providers in `folder`. A line that is no URL of a service, and a file with more than `max_file` bytes, is
/// skipped, and the log has a warning.
fn read(folder: &Path, max_file: u64) -> io::Result<Vec<Registration>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "url"))
        .collect();
    files.sort();
    let mut all = Vec::new();
    for file in files {
        // A file may go between the listing and the reading: its provider left.
        let Ok(opened) = std::fs::File::open(&file) else { continue };
        let mut text = Vec::new();
        // It may grow while it is read.
        if opened.take(max_file.saturating_add(1)).read_to_end(&mut text).is_err() {
            continue;
        }
        if u64::try_from(text.len()).is_ok_and(|bytes| bytes > max_file) {
            let file = file.display();
            tracing::warn!(%file, limit = max_file, "skipped a file with more bytes than max.file");
            continue;
        }
        let Ok(text) = String::from_utf8(text) else { continue };
        let (mut skipped, mut first) = (0_usize, None);
        for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
            let read = Url::parse(line, "dubbo").map_err(|error| error.to_string());
            match read.map(|url| from_url(&url)).and_then(named) {
                Ok(provider) => all.push(provider),
                Err(error) => {
                    skipped += 1;
                    first.get_or_insert(error);
                }
            }
        }
        if let Some(first) = first {
            let file = file.display();
            tracing::warn!(%file, %first, skipped, "skipped lines that are no provider URLs");
        }
    }
    Ok(all)
}

/// A provider whose URL says what it provides.
fn named(provider: Registration) -> Result<Registration, String> {
    if provider.service.interface().is_empty() {
        return Err(
            "it names no service; write dubbo://10.0.0.1:20880/org.example.Users".to_owned()
        );
    }
    Ok(provider)
}

impl Registry for File {
    fn register(&self, registration: Registration) -> Registering<'_, ()> {
        let (folder, file) = (self.folder.clone(), self.file_of(&registration));
        let text = format!("{}\n", to_url(&registration));
        Box::pin(async move {
            let write = move || {
                std::fs::create_dir_all(&folder)?;
                // Written aside and renamed, so that a reader never sees half a line.
                let aside = file.with_extension("tmp");
                std::fs::write(&aside, text)?;
                std::fs::rename(aside, file)
            };
            blocking(write).await.map_err(|e| self.failed("write to", e))
        })
    }

    fn unregister(&self, registration: &Registration) -> Registering<'_, ()> {
        let file = self.file_of(registration);
        Box::pin(async move {
            match blocking(move || std::fs::remove_file(file)).await {
                Err(e) if e.kind() != io::ErrorKind::NotFound => Err(self.failed("write to", e)),
                _ => Ok(()),
            }
        })
    }

    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
        let watch = FolderWatch { registry: self.clone(), service: service.clone(), last: None };
        let snapshots = stream::unfold(watch, |mut watch| async move {
            let snapshot = watch.next().await;
            Some((snapshot, watch))
        });
        Box::pin(std::future::ready(Ok(Box::pin(snapshots) as Snapshots)))
    }

    fn services(&self) -> Registering<'_, Vec<ServiceKey>> {
        let (folder, most) = (self.folder.clone(), self.limit);
        Box::pin(async move {
            let read = blocking(move || read(&folder, most)).await;
            let all = read.map_err(|error| self.failed("read", error))?;
            let all: BTreeSet<_> = all.into_iter().map(|provider| provider.service).collect();
            Ok(all.into_iter().collect())
        })
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn failure(&self, _: &ServiceKey) -> Option<Status> {
        let error = *self.error.lock();
        error.map(|kind| self.failed("read", kind.into()))
    }
}

struct FolderWatch {
    registry: File,
    service: ServiceKey,
    last: Option<Snapshot>,
}

impl FolderWatch {
    /// The first snapshot at once, the others when something changed.
    async fn next(&mut self) -> Snapshot {
        loop {
            if self.last.is_some() {
                let clock = &self.registry.clock;
                clock.sleep_until(clock.now() + POLL_PERIOD).await;
            }
            let (folder, most) = (self.registry.folder.clone(), self.registry.limit);
            let now = match blocking(move || read(&folder, most)).await {
                Ok(known) => {
                    *self.registry.error.lock() = None;
                    Snapshot::select(&self.service, known)
                }
                // Whoever was there stays until the folder can be read again.
                Err(error) => {
                    *self.registry.error.lock() = Some(error.kind());
                    Snapshot { health: Health::Stale, ..self.last.clone().unwrap_or_default() }
                }
            };
            if self.last.as_ref() != Some(&now) {
                self.last = Some(now.clone());
                return now;
            }
        }
    }
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "File({})", self.folder.display())
    }
}
