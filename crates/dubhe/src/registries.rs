//! Registries by URL.

use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::registry::{ConfiguredRegistry, Registry};
use dubhe_core::time::SharedClock;
use dubhe_core::url::Url;
use dubhe_core::{Code, Status};
use dubhe_net::time::TokioClock;
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
    by_url(url, &application.into(), &(Arc::new(TokioClock) as SharedClock))
}

/// Returns the registry of `url` for an application: `memory://`, `file:///folder` or
/// `zookeeper://host:port`, each with the parameters that all kinds have.
pub(crate) fn by_url(
    url: &str,
    application: &ByteString,
    clock: &SharedClock,
) -> Result<Arc<dyn Registry>, Status> {
    let registry = of_kind(url, application, clock)?;
    let query = url.split_once('?').map_or("", |(_, query)| query);
    // The rest may be no URL, such as several servers.
    let params = Url::parse(&format!("registry://any?{query}"), "registry");
    let params = params.map_err(|error| wrong(error.to_string()))?.params;
    let configured = ConfiguredRegistry::new(registry.clone());
    let configured = configured.with_params(params.iter().map(|(k, v)| (&**k, &**v)))?;
    Ok(if configured.is_plain() { registry } else { Arc::new(configured) })
}

fn of_kind(
    url: &str,
    application: &ByteString,
    clock: &SharedClock,
) -> Result<Arc<dyn Registry>, Status> {
    let (kind, rest) = url.split_once("://").unwrap_or((url, ""));
    match kind {
        "memory" => Ok(Arc::new(Memory::new())),
        "file" if rest.starts_with('/') => Ok(Arc::new(file(rest, clock.clone())?)),
        "file" => Err(wrong(format!("registry {url:?} has no folder; write file:///FOLDER"))),
        "zookeeper" => zookeeper(url, application, clock),
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
    async fn parameters_of_all_kinds_are_read_whatever_the_kind() {
        let clock: SharedClock = Arc::new(TokioClock);
        for kind in [
            "memory://",
            "file:///tmp/x",
            #[cfg(feature = "zookeeper")]
            "zookeeper://127.0.0.1:1,127.0.0.1:2",
        ] {
            let registry = |query| by_url(&format!("{kind}?{query}"), &"shop".into(), &clock);
            let read = registry("subscribe=false&preferred=true&zone=h%20z&weight=7").unwrap();
            let traits = read.traits();
            assert!(traits.preferred && !traits.subscribe && !read.is_read_only());
            assert_eq!((traits.zone.as_deref(), traits.weight), (Some("h z"), 7));
            assert!(registry("register=false").unwrap().is_read_only());
            let error = registry("weight=heavy").err().unwrap();
            assert!(error.message().contains("weight=\"heavy\""), "{error}");
        }
    }

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
