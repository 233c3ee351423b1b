//! The last providers of services on disk, for a start while their registries are away.
//!
//! A file for each service and registry, a JSON text that names both. It is written aside and renamed,
//! so that a reader sees the one before or the next, also where several processes share the folder.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytestring::ByteString;
use dubhe_core::ServiceKey;
use dubhe_core::endpoint::{Instance, Offer, Params, ServiceParams};
use dubhe_core::printable::Printable;
use dubhe_core::random::{RandomSource as _, SplitMix};
use dubhe_core::registry::{DiscoveryLevel, Registration};
use dubhe_core::time::{Duration, SystemTime};
use serde::{Deserialize, Serialize};

/// The bytes of the largest file that is written or read: some 30,000 providers.
const MAX_FILE: u64 = 16 * 1024 * 1024;
/// The mark of a file of this layout.
const FORMAT: &str = "dubhe-providers-1";
/// The bytes of the name of an interface that are part of the name of its file.
const NAMED_BYTES: usize = 100;

/// A folder with the last providers of each service that an application follows.
#[derive(Clone, Debug)]
pub(super) struct ProviderCache {
    folder: Arc<Path>,
}

/// A list that was saved.
pub(super) struct Cached {
    pub(super) providers: Vec<Registration>,
    pub(super) saved: SystemTime,
}

#[derive(Serialize, Deserialize)]
struct Layout<'a> {
    #[serde(borrow)]
    format: Cow<'a, str>,
    registry: Cow<'a, str>,
    service: [Cow<'a, str>; 3],
    /// Milliseconds since 1970.
    saved: u64,
    providers: Vec<Entry<'a>>,
}

#[derive(Serialize, Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    service: [Cow<'a, str>; 3],
    protocol: Cow<'a, str>,
    host: Cow<'a, str>,
    port: u16,
    application: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cluster: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    node: Option<Cow<'a, str>>,
    /// Milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    started: Option<u64>,
    /// Found at the level of applications.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    of_application: bool,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    instance: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    params: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
}

impl ProviderCache {
    pub(super) fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into().into() }
    }

    /// The list that was saved of `service` in the registry of this name. A file that cannot be read as
    /// one is passed over with a warning. Waits for the disk.
    pub(super) fn read(&self, registry: &str, service: &ServiceKey) -> Option<Cached> {
        let path = self.path(registry, service);
        let read = read_bounded(&path).and_then(|bytes| decode(&bytes, registry, service));
        match read {
            Ok(cached) => Some(cached),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                let file = path.display();
                tracing::warn!(%file, %error, "passed over a file of the cache of providers; the next answer replaces it");
                None
            }
        }
    }

    /// Saves the providers of `service` in the registry of this name. Waits for the disk.
    pub(super) fn write(
        &self,
        registry: &str,
        service: &ServiceKey,
        providers: &[Registration],
        saved: SystemTime,
    ) -> io::Result<()> {
        let layout = Layout {
            format: FORMAT.into(),
            registry: registry.into(),
            service: parts(service),
            saved: millis(saved).unwrap_or_default(),
            providers: providers.iter().map(entry).collect(),
        };
        let bytes = serde_json::to_vec(&layout)?;
        if u64::try_from(bytes.len()).is_ok_and(|bytes| bytes > MAX_FILE) {
            return Err(io::Error::other(format!("{} bytes; at most {MAX_FILE}", bytes.len())));
        }
        make_folder(&self.folder)?;
        let path = self.path(registry, service);
        // Of this writing alone: two clients of a service, and two containers, have one number of a process.
        let number = SplitMix::from_os().next();
        let aside = path.with_extension(format!("{number:016x}.tmp"));
        let written = create(&aside).and_then(|mut file| {
            file.write_all(&bytes)?;
            drop(file);
            std::fs::rename(&aside, &path)
        });
        if written.is_err() {
            let _ = std::fs::remove_file(&aside);
        }
        written
    }

    /// The file, whose name begins with the interface, for people.
    fn path(&self, registry: &str, service: &ServiceKey) -> PathBuf {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' };
        let named = service.interface().chars().take(NAMED_BYTES).map(plain);
        let named: String = named.skip_while(|c| *c == '.').collect();
        let texts = [registry, service.interface(), service.group(), service.version()];
        self.folder.join(format!("{named}-{:016x}.json", fnv(&texts)))
    }
}

/// FNV-1a over texts, which is the same in each version of a program.
fn fnv(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A new file that only this user reads: parameters of providers may be tokens.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|bytes| bytes > MAX_FILE) {
        return Err(io::Error::other(format!("more than {MAX_FILE} bytes")));
    }
    Ok(bytes)
}

/// Reads a file of `service` in `registry`.
fn decode(bytes: &[u8], registry: &str, service: &ServiceKey) -> io::Result<Cached> {
    let layout: Layout<'_> = serde_json::from_slice(bytes)?;
    let is_foreign =
        layout.format != FORMAT || layout.registry != registry || layout.service != parts(service);
    if is_foreign {
        let (format, registry) = (Printable(&layout.format), Printable(&layout.registry));
        let what = format!("it is of the format {format} and the registry {registry}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    let providers = layout.providers.into_iter().map(registration).collect();
    Ok(Cached { providers, saved: time(layout.saved).unwrap_or(UNIX_EPOCH) })
}

fn parts(service: &ServiceKey) -> [Cow<'_, str>; 3] {
    [service.interface(), service.group(), service.version()].map(|text| Cow::Borrowed(&**text))
}

fn millis(time: SystemTime) -> Option<u64> {
    u64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}

fn time(millis: u64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_millis(millis))
}

fn entry(provider: &Registration) -> Entry<'_> {
    let Registration { service, instance, offer, params } = provider;
    Entry {
        service: parts(service),
        protocol: Cow::Borrowed(&offer.protocol),
        host: Cow::Borrowed(&instance.host),
        port: offer.port,
        application: Cow::Borrowed(&instance.application),
        zone: instance.zone.as_deref().map(Cow::Borrowed),
        region: instance.region.as_deref().map(Cow::Borrowed),
        cluster: instance.cluster.as_deref().map(Cow::Borrowed),
        node: instance.node.as_deref().map(Cow::Borrowed),
        started: instance.started.and_then(millis),
        of_application: instance.level == DiscoveryLevel::Application,
        instance: texts(instance.params.iter()),
        params: texts(params.iter()),
    }
}

fn texts<'a>(
    params: impl Iterator<Item = (&'a str, &'a str)>,
) -> BTreeMap<Cow<'a, str>, Cow<'a, str>> {
    params.map(|(name, value)| (Cow::Borrowed(name), Cow::Borrowed(value))).collect()
}

/// A provider as it was saved. Whether it was ready then says nothing now.
fn registration(entry: Entry<'_>) -> Registration {
    let text = |text: Cow<'_, str>| ByteString::from(text.into_owned());
    let params = |all: BTreeMap<Cow<'_, str>, Cow<'_, str>>| -> Params {
        all.into_iter().map(|(name, value)| (text(name), text(value))).collect()
    };
    let [interface, group, version] = entry.service.map(text);
    let instance = Instance {
        host: text(entry.host),
        application: text(entry.application),
        zone: entry.zone.map(text),
        region: entry.region.map(text),
        cluster: entry.cluster.map(text),
        node: entry.node.map(text),
        started: entry.started.and_then(time),
        level: if entry.of_application {
            DiscoveryLevel::Application
        } else {
            DiscoveryLevel::Interface
        },
        params: params(entry.instance).into(),
        ..Instance::default()
    };
    Registration {
        service: ServiceKey::new(interface, group, version),
        instance: Arc::new(instance),
        offer: Offer { protocol: text(entry.protocol), port: entry.port },
        params: Arc::new(ServiceParams::new(&params(entry.params))),
    }
}
