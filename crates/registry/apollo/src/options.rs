//! The options of a store.

use std::sync::Arc;
use std::time::Duration;

use dubhe_core::backoff::FullJitter;
use dubhe_core::printable::Printable;
use dubhe_core::random::{RandomSource, SplitMix};
use dubhe_core::time::SharedClock;
use dubhe_core::url::Url;
use dubhe_core::{Code, Status};
use dubhe_net::io::{Address, Dial, SocketDial};
use dubhe_registry::known_params::warn_of_unknown;
use dubhe_registry::registry_url::check_user_info;

/// The port of Apollo's config service.
const PORT: u16 = 8080;
/// The cluster of applications that name none.
const CLUSTER: &str = "default";

/// The options of requests.
pub(crate) struct Options {
    /// The servers without secrets, for the log.
    pub(crate) name: Arc<str>,
    pub(crate) servers: Vec<Address>,
    pub(crate) app: String,
    pub(crate) cluster: String,
    /// The Dubbo application, whose group is the namespace `application`.
    pub(crate) application: Option<String>,
    pub(crate) secret: Option<String>,
    pub(crate) dial: Arc<dyn Dial>,
    pub(crate) clock: SharedClock,
    pub(crate) random: Arc<dyn RandomSource>,
    pub(crate) backoff: FullJitter,
    /// The time for a request.
    pub(crate) timeout: Duration,
    /// The time for a long poll, more than the minute that a server takes.
    pub(crate) poll_timeout: Duration,
    pub(crate) max_body: usize,
}

impl Options {
    /// Reads `apollo://host:port?app.id=shop&cluster=default&backup=host2:port2`; a password in the
    /// URL is the access key.
    pub(crate) fn parse(url: &str, clock: SharedClock) -> Result<Self, Status> {
        let bad = |what: String| Status::new(Code::InvalidArgument, what);
        let parsed = Url::parse(url, "apollo").map_err(|error| bad(error.to_string()))?;
        check_user_info(&parsed)?;
        let Some(app) = parsed.param("app.id").filter(|app| !app.is_empty()) else {
            return Err(bad(
                "the URL of Apollo has no app.id; write apollo://HOST:PORT?app.id=NAME".into(),
            ));
        };
        let port = if parsed.port == 0 { PORT } else { parsed.port };
        let mut servers = vec![Address::new(&*parsed.host, port)];
        for backup in parsed.param("backup").unwrap_or_default().split(',').map(str::trim) {
            if backup.is_empty() {
                continue;
            }
            let other = Url::parse(backup, "apollo").map_err(|error| bad(error.to_string()))?;
            let port = if other.port == 0 { PORT } else { other.port };
            servers.push(Address::new(&*other.host, port));
        }
        let host = format_args!("apollo://{}", parsed.host);
        warn_of_unknown(host, &parsed.params, &["app.id", "apollo.cluster", "apollo.meta", "env"]);
        let names: Vec<String> = servers.iter().map(ToString::to_string).collect();
        Ok(Self {
            name: format!("apollo://{}", Printable(names.join(","))).into(),
            servers,
            app: app.to_owned(),
            cluster: parsed.param("cluster").unwrap_or(CLUSTER).to_owned(),
            application: None,
            secret: Some(parsed.password.to_string()).filter(|secret| !secret.is_empty()),
            dial: Arc::new(SocketDial::default()),
            clock,
            random: Arc::new(SplitMix::from_os()),
            backoff: FullJitter::default().capped(Duration::from_mins(1)),
            timeout: Duration::from_secs(5),
            poll_timeout: Duration::from_secs(90),
            max_body: 8 * 1024 * 1024,
        })
    }
}

#[cfg(test)]
mod tests {
    use dubhe_net::time::TokioClock;

    use super::*;

    fn read(url: &str) -> Result<Options, Status> {
        Options::parse(url, Arc::new(TokioClock))
    }

    #[test]
    fn a_url_names_servers_app_cluster_and_access_key() {
        let options = read("apollo://:s3cret@a:81?app.id=shop&cluster=c&backup=b:82,c").unwrap();
        assert_eq!(&*options.name, "apollo://a:81,b:82,c:8080");
        assert_eq!((&*options.app, &*options.cluster), ("shop", "c"));
        assert_eq!(options.secret.as_deref(), Some("s3cret"));
        let plain = read("apollo://a?app.id=shop").unwrap();
        assert_eq!((&*plain.cluster, plain.secret), ("default", None));
        for bad in ["apollo://a", "apollo://a?app.id=", "apollo://a:x?app.id=s"] {
            assert_eq!(read(bad).err().unwrap().code(), Code::InvalidArgument, "{bad}");
        }
    }
}
