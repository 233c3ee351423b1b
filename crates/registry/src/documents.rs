//! A config centre in a folder.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use dubhe_core::documents::{Document, DocumentKey, DocumentState, DocumentStates, DocumentStore};
use dubhe_core::printable::Printable;
use dubhe_core::random::{RandomSource as _, SplitMix};
use dubhe_core::registry::{Health, Registering};
use dubhe_core::time::SharedClock;
use dubhe_core::{Code, Status};
use futures_util::stream;

use crate::blocking::blocking;

/// The pause between two readings of a file.
const POLL_PERIOD: Duration = Duration::from_secs(1);
/// The default of [`FileDocuments::max_file`]: 1 MiB.
const MAX_FILE: u64 = 1024 * 1024;
/// The documents that [`DocumentStore::list`] tells of at most.
const MAX_LISTED: usize = 16_384;

/// A config centre in a folder: a document is the file `{folder}/{group}/{key}` (Dubbo Java
/// `FileSystemDynamicConfiguration`). Only rules and start-up configuration have files,
/// [`DocumentKey::Config`].
///
/// Files may be written by hand. One that is followed is read once a second; what is written here
/// is written aside and takes the place of the file whole. Compare-and-set is safe among the clones of
/// one store, not among processes.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_registry::FileDocuments; } pub mod documents { pub use dubhe_core::documents::*; } pub mod time { pub use dubhe_core::time::SharedClock; } }
/// use std::sync::Arc;
/// use dubhe::documents::DocumentStore;
/// use dubhe::registry::FileDocuments;
/// use dubhe::time::SharedClock;
///
/// /// Rules of machines that share a folder, such as `/srv/rules/dubbo/shop.tag-router`.
/// fn shared(clock: SharedClock) -> Arc<dyn DocumentStore> {
///     Arc::new(FileDocuments::new("/srv/rules", clock).max_file(64 * 1024))
/// }
/// # let _ = shared;
/// ```
#[derive(Clone)]
pub struct FileDocuments {
    folder: PathBuf,
    /// The folder as a URL.
    name: Arc<str>,
    clock: SharedClock,
    /// The bytes of the largest file that is read.
    limit: u64,
    /// A lock that is held while a file is compared and replaced.
    writing: Arc<tokio::sync::Mutex<()>>,
}

impl FileDocuments {
    /// The config centre in `folder`, which is made when the first document is written.
    pub fn new(folder: impl Into<PathBuf>, clock: SharedClock) -> Self {
        let folder = folder.into();
        let name = format!("file://{}", Printable(folder.display())).into();
        Self { folder, name, clock, limit: MAX_FILE, writing: Arc::default() }
    }

    /// Sets the largest file that is read, in bytes. A larger one cannot be read: what was known before
    /// stays. Default 1 MiB.
    #[must_use]
    pub fn max_file(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// The file of a document.
    fn file(&self, key: &DocumentKey) -> Result<PathBuf, Status> {
        let DocumentKey::Config { group, key: name } = key else {
            let what = format!("the folder {} has no file for {key}", self.folder.display());
            return Err(Status::new(Code::Unimplemented, what));
        };
        if !(is_file_name(group) && is_file_name(name)) {
            let what = format!("{key} is no name of a file in a folder");
            return Err(Status::new(Code::InvalidArgument, what));
        }
        Ok(self.folder.join(&**group).join(&**name))
    }

    fn failed(&self, what: &str, key: &DocumentKey, error: io::Error) -> Status {
        let folder = self.folder.display();
        let text = format!("cannot {what} {key} in the folder {folder}");
        Status::new(Code::Unavailable, text).context(error.kind()).with_source(error)
    }

    async fn read(&self, key: &DocumentKey) -> Result<Option<Document>, Status> {
        let (file, limit) = (self.file(key)?, self.limit);
        let read = blocking(move || read(&file, limit)).await;
        read.map_err(|error| self.failed("read", key, error))
    }

    async fn write(&self, key: &DocumentKey, text: ByteString) -> Result<(), Status> {
        let file = self.file(key)?;
        // Of this writing alone: two stores, and two containers, have one number of a process.
        let number = SplitMix::from_os().next();
        let write = move || {
            let folder = file.parent().unwrap_or(Path::new("."));
            std::fs::create_dir_all(folder)?;
            // Written aside and renamed, so that a reader never sees half a text.
            let aside = format!(".dubhe-{number:016x}.tmp");
            let aside = folder.join(aside);
            std::fs::write(&aside, &*text)?;
            std::fs::rename(aside, file)
        };
        blocking(write).await.map_err(|error| self.failed("write", key, error))
    }
}

/// Returns `true` for one name, which leads to no other folder.
fn is_file_name(text: &str) -> bool {
    let mut components = Path::new(text).components();
    let first = matches!(components.next(), Some(Component::Normal(name)) if name == text);
    // Names that begin with a dot are files that are being written.
    first && components.next().is_none() && !text.starts_with('.') && !text.contains(['\\', '\0'])
}

fn read(file: &Path, limit: u64) -> io::Result<Option<Document>> {
    let opened = match std::fs::File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = Vec::new();
    // It may grow while it is read.
    opened.take(limit.saturating_add(1)).read_to_end(&mut text)?;
    if u64::try_from(text.len()).is_ok_and(|bytes| bytes > limit) {
        let what = format!("the file has more than {limit} bytes, the limit of max_file");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
    }
    let text = String::from_utf8(text)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the file is not UTF-8"))?;
    // The same text is the same version, however often it is written.
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let version = format!("{:016x}", hasher.finish()).into();
    Ok(Some(Document { text: text.into(), version }))
}

fn list(folder: &Path) -> io::Result<Vec<DocumentKey>> {
    let mut keys = Vec::new();
    let groups = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(keys),
        groups => groups?,
    };
    for group in groups {
        let group = group?;
        let Ok(files) = std::fs::read_dir(group.path()) else { continue };
        for file in files {
            let (group, key) = (group.file_name(), file?.file_name());
            // Names of other characters are no documents.
            let (Some(group), Some(key)) = (group.to_str(), key.to_str()) else { continue };
            if !(is_file_name(group) && is_file_name(key)) {
                continue;
            }
            if keys.len() >= MAX_LISTED {
                let what = format!("there are more than {MAX_LISTED} files");
                return Err(io::Error::new(io::ErrorKind::QuotaExceeded, what));
            }
            keys.push(DocumentKey::Config { group: group.into(), key: key.into() });
        }
    }
    keys.sort();
    Ok(keys)
}

impl DocumentStore for FileDocuments {
    fn name(&self) -> &str {
        &self.name
    }

    fn get(&self, key: &DocumentKey) -> Registering<'_, Option<Document>> {
        let key = key.clone();
        Box::pin(async move { self.read(&key).await })
    }

    fn watch(&self, key: &DocumentKey) -> DocumentStates {
        let watch = FileWatch { store: self.clone(), key: key.clone(), last: None, failed: false };
        Box::pin(stream::unfold(watch, |mut watch| async move {
            let state = watch.next().await;
            Some((state, watch))
        }))
    }

    fn put(&self, key: &DocumentKey, text: ByteString) -> Registering<'_, ()> {
        let key = key.clone();
        Box::pin(async move {
            let _writing = self.writing.lock().await;
            self.write(&key, text).await
        })
    }

    fn replace(
        &self,
        key: &DocumentKey,
        text: ByteString,
        version: Option<ByteString>,
    ) -> Registering<'_, bool> {
        let key = key.clone();
        Box::pin(async move {
            let _writing = self.writing.lock().await;
            let present = self.read(&key).await?.map(|document| document.version);
            if present != version {
                return Ok(false);
            }
            self.write(&key, text).await.map(|()| true)
        })
    }

    fn remove(&self, key: &DocumentKey) -> Registering<'_, ()> {
        let key = key.clone();
        Box::pin(async move {
            let file = self.file(&key)?;
            match blocking(move || std::fs::remove_file(file)).await {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    Err(self.failed("remove", &key, error))
                }
                _ => Ok(()),
            }
        })
    }

    fn list(&self) -> Registering<'_, Vec<DocumentKey>> {
        Box::pin(async move {
            let folder = self.folder.clone();
            blocking(move || list(&folder)).await.map_err(|error| {
                let what = format!("cannot list the folder {}", self.folder.display());
                Status::new(Code::Unavailable, what).context(error.kind()).with_source(error)
            })
        })
    }
}

struct FileWatch {
    store: FileDocuments,
    key: DocumentKey,
    last: Option<DocumentState>,
    /// The last reading failed, which was logged.
    failed: bool,
}

impl FileWatch {
    /// The first state at once, the others when something changed.
    async fn next(&mut self) -> DocumentState {
        loop {
            if self.last.is_some() {
                let clock = &self.store.clock;
                clock.sleep_until(clock.now() + POLL_PERIOD).await;
            }
            let now = match self.store.read(&self.key).await {
                Ok(document) => {
                    self.failed = false;
                    DocumentState { document, health: Health::Fresh }
                }
                // What was known stays until the file can be read again.
                Err(error) => {
                    if !std::mem::replace(&mut self.failed, true) {
                        let (key, store) = (&self.key, self.store.name());
                        tracing::warn!(%key, store, %error, "cannot read a document; what was known of it stays");
                    }
                    DocumentState { health: Health::Stale, ..self.last.clone().unwrap_or_default() }
                }
            };
            if self.last.as_ref() != Some(&now) {
                self.last = Some(now.clone());
                return now;
            }
        }
    }
}

impl std::fmt::Debug for FileDocuments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileDocuments({})", self.folder.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_in_their_folder() {
        for good in ["shop.tag-router", "a.B:1.0:g.configurators", "dubbo"] {
            assert!(is_file_name(good), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "/a", "a/", "../a", "a\\b", ".hidden", "a\0"] {
            assert!(!is_file_name(bad), "{bad}");
        }
    }
}
