//! The builder of a registry.

use std::fmt;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::Status;
use dubhe_core::random::{RandomSource, SplitMix};
use dubhe_core::time::SharedClock;
use dubhe_net::io::Dial;
use dubhe_net::io::tcp::TcpDial;

use super::ZooKeeper;
use crate::client::{Client, ZooKeeperClientOptions};
use crate::ensemble::Ensemble;
use crate::node::NodeKeeper;
use crate::options::ZooKeeperOptions;

/// Makes a [`ZooKeeper`].
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod net { pub use dubhe_net::io::Dial; } pub mod registry { pub use dubhe_zookeeper::{ZooKeeper, ZooKeeperBuilder}; } pub mod time { pub use dubhe_core::time::SharedClock; } }
/// use dubhe::Status;
/// use dubhe::net::Dial;
/// use dubhe::registry::{ZooKeeper, ZooKeeperBuilder};
/// use dubhe::time::SharedClock;
///
/// /// ZooKeeper over TLS, by a dialer from `ClientTls::dial`.
/// fn encrypted(clock: SharedClock, tls: impl Dial) -> Result<ZooKeeperBuilder, Status> {
///     let builder = ZooKeeper::builder("zookeeper://zk.example.org:2281", clock)?;
///     Ok(builder.dial(tls))
/// }
/// ```
pub struct ZooKeeperBuilder {
    options: ZooKeeperOptions,
    clock: SharedClock,
    random: Arc<dyn RandomSource>,
    dial: Arc<dyn Dial>,
}

impl ZooKeeper {
    /// Begins a registry of the URL that [`ZooKeeperOptions::parse`] describes.
    ///
    /// # Errors
    /// When the URL is wrong, or a file of its TLS cannot be used; whether ZooKeeper is there does not
    /// matter.
    pub fn builder(url: &str, clock: SharedClock) -> Result<ZooKeeperBuilder, Status> {
        let options = ZooKeeperOptions::parse(url)?;
        let dial = match &options.tls {
            None => Arc::new(TcpDial::default()),
            Some(tls) => tls.dial(TcpDial::default(), &[])?,
        };
        Ok(ZooKeeperBuilder { options, clock, random: Arc::new(SplitMix::from_os()), dial })
    }
}

impl ZooKeeperBuilder {
    /// The application that consumers register under, unless the URL names one.
    pub fn application(mut self, name: impl Into<ByteString>) -> Self {
        if self.options.application.is_empty() {
            self.options.application = name.into();
        }
        self
    }

    /// Replaces the source of jitter.
    pub fn random(mut self, random: Arc<dyn RandomSource>) -> Self {
        self.random = random;
        self
    }

    /// Replaces how connections are opened, and with it what the URL says of TLS.
    pub fn dial(mut self, dial: impl Dial) -> Self {
        self.dial = Arc::new(dial);
        self
    }

    /// Makes the registry, which connects in the background. Must be called within a tokio runtime, in
    /// which it runs whoever uses it.
    pub fn build(self) -> ZooKeeper {
        let Self { options, clock, random, dial } = self;
        let client = Client::open(ZooKeeperClientOptions {
            servers: options.servers.clone(),
            credentials: options.credentials.clone(),
            session_timeout: options.session_timeout,
            resume: None,
            max_pause: options.max_pause,
            max_frame: options.max_frame,
            clock: clock.clone(),
            random: random.clone(),
            dial,
        });
        let name = name(&options);
        ZooKeeper::new(Ensemble::new(NodeKeeper { client, clock, random }, name, options))
    }
}

/// The URL of the registry without secrets, of which the parameters that say where it is are left.
fn name(options: &ZooKeeperOptions) -> String {
    let servers: Vec<_> = options.servers.iter().map(ToString::to_string).collect();
    let servers = servers.join(",");
    match &*options.root {
        "/dubbo" => format!("zookeeper://{servers}"),
        root => format!("zookeeper://{servers}?group={}", root.trim_start_matches('/')),
    }
}

impl fmt::Debug for ZooKeeperBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZooKeeperBuilder").field("options", &self.options).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_has_the_servers_and_no_secret() {
        for (url, expected) in [
            ("zookeeper://u:secret@h?backup=i:1", "zookeeper://h:2181,i:1"),
            ("zookeeper://h:1?group=/fleet/a&password=secret", "zookeeper://h:1?group=fleet/a"),
            ("zookeeper://h?group=/", "zookeeper://h:2181?group="),
        ] {
            assert_eq!(name(&ZooKeeperOptions::parse(url).unwrap()), expected);
        }
    }
}
