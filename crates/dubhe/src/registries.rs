//! Registries by URL.

use std::fmt;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::documents::DocumentStore;
use dubhe_core::registry::Registry;
use dubhe_core::time::SharedClock;
use dubhe_core::{Code, Status};
use dubhe_net::time::TokioClock;
use dubhe_registry::application::{ServiceDiscovery, SpringCloud};
use dubhe_registry::{File, Memory};

/// Returns the registry of `url`, for [`dubhe_server::ServerBuilder::registry`] and
/// [`crate::AppBuilder::registry_instance`]. Each call with `memory://` returns a new registry.
///
/// # Errors
/// When the scheme is unknown or the rest of the URL is wrong; the message lists the known schemes.
pub fn registry_at(
    url: &str,
    application: impl Into<ByteString>,
) -> Result<Arc<dyn Registry>, Status> {
    Ok(RegistryParts::open(url, application)?.registry)
}

/// Returns the registry of `url` as one of applications that are called over HTTP, such as those of
/// Spring Cloud, for [`dubhe_server::ServerBuilder::registry`] and
/// [`crate::AppBuilder::applications`].
///
/// # Errors
/// Those of [`registry_at`], and for a registry that holds no applications, such as `file://`.
pub fn spring_cloud_at(
    url: &str,
    application: impl Into<ByteString>,
) -> Result<SpringCloud, Status> {
    let parts = RegistryParts::open(url, application)?;
    let instances = parts.instances.ok_or_else(|| {
        wrong(format!("the registry {} holds no applications", parts.registry.name()))
    })?;
    Ok(SpringCloud::new(instances))
}

/// The parts of a registry: what is found and written in each of Dubbo's two models, and its
/// documents. They share connections.
///
/// ```
/// use dubhe::registry::RegistryParts;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), dubhe::Status> {
/// let parts = RegistryParts::open("memory://", "shop")?;
/// assert_eq!(parts.registry.name(), "memory://");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct RegistryParts {
    /// The registry as servers and clients use it, in the model that the parameters of the URL say.
    pub registry: Arc<dyn Registry>,
    /// The registry of services alone: Dubbo's interface level.
    pub services: Option<Arc<dyn Registry>>,
    /// The registry of instances of applications: Dubbo's application level, and that of Spring
    /// Cloud.
    pub instances: Option<Arc<dyn ServiceDiscovery>>,
    /// The documents: rules, metadata, mappings, definitions.
    pub documents: Option<Arc<dyn DocumentStore>>,
}

impl RegistryParts {
    /// Opens the registry of `url` for an application. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the scheme is unknown or the rest of the URL is wrong.
    pub fn open(url: &str, application: impl Into<ByteString>) -> Result<Self, Status> {
        let clock: SharedClock = Arc::new(TokioClock);
        by_url(url, &application.into(), &clock)
    }

    fn of_services(services: Arc<dyn Registry>) -> Self {
        let registry = services.clone();
        Self { registry, services: Some(services), instances: None, documents: None }
    }
}

impl fmt::Debug for RegistryParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RegistryParts({})", self.registry.name())
    }
}

/// Returns the parts of the registry of `url` for an application: `memory://`, `file:///folder` or
/// `zookeeper://host:port`.
pub(crate) fn by_url(
    url: &str,
    application: &ByteString,
    clock: &SharedClock,
) -> Result<RegistryParts, Status> {
    let (kind, rest) = url.split_once("://").unwrap_or((url, ""));
    match kind {
        "memory" => Ok(RegistryParts::of_services(Arc::new(Memory::new()))),
        "file" if rest.starts_with('/') => {
            Ok(RegistryParts::of_services(Arc::new(file(rest, clock.clone())?)))
        }
        "file" => Err(wrong(format!("registry {url:?} has no folder; write file:///FOLDER"))),
        "zookeeper" => zookeeper(url, application, clock).map(RegistryParts::of_services),
        other => Err(wrong(format!(
            "unknown kind of registry {other:?}; known kinds: memory://, file:// and zookeeper://"
        ))),
    }
}

#[cfg(feature = "zookeeper")]
fn zookeeper(
    url: &str,
    application: &ByteString,
    clock: &SharedClock,
) -> Result<Arc<dyn Registry>, Status> {
    let builder = dubhe_zookeeper::ZooKeeper::builder(url, clock.clone())?;
    Ok(Arc::new(builder.application(application.clone()).build()))
}

#[cfg(not(feature = "zookeeper"))]
fn zookeeper(url: &str, _: &ByteString, _: &SharedClock) -> Result<Arc<dyn Registry>, Status> {
    Err(wrong(format!(
        "registry {url:?}: this program was built without ZooKeeper; enable the feature \
         \"zookeeper\" of the crate `dubhe`"
    )))
}

/// The registry of `FOLDER?max.file=BYTES`.
fn file(rest: &str, clock: SharedClock) -> Result<File, Status> {
    let (folder, query) = rest.split_once('?').unwrap_or((rest, ""));
    let registry = File::new(folder, clock);
    let mut parameters = query.split('&').filter_map(|parameter| parameter.split_once('='));
    match parameters.find(|(name, _)| *name == "max.file") {
        None => Ok(registry),
        Some((_, text)) => match text.parse() {
            Ok(bytes) if bytes > 0 => Ok(registry.max_file(bytes)),
            _ => Err(wrong(format!("max.file={text:?} is not a number of bytes above 0"))),
        },
    }
}

fn wrong(message: String) -> Status {
    Status::new(Code::InvalidArgument, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn knows_its_kinds_and_says_which() {
        let clock: SharedClock = Arc::new(TokioClock);
        let registry = |url| by_url(url, &"shop".into(), &clock);
        for url in [
            "memory://",
            "file:///tmp/x",
            "file:///tmp/x?max.file=100",
            #[cfg(feature = "zookeeper")]
            "zookeeper://127.0.0.1:1?backup=127.0.0.1:2",
        ] {
            assert!(registry(url).is_ok(), "{url}");
        }
        for (url, hint) in [
            ("file://x", "file:///FOLDER"),
            ("file:///tmp/x?max.file=1k", "max.file"),
            #[cfg(feature = "zookeeper")]
            ("zookeeper://h?session=x", "session"),
            #[cfg(not(feature = "zookeeper"))]
            ("zookeeper://h", "feature \"zookeeper\""),
            ("consul://x", "zookeeper://"),
        ] {
            let error = registry(url).err().unwrap();
            assert!(error.message().contains(hint), "{url}: {error}");
        }
    }
}
