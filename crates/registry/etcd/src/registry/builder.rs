//! The builder of a registry.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::Status;
use dubhe_core::random::{RandomSource, SplitMix};
use dubhe_core::time::SharedClock;
use dubhe_net::io::{Dial, SocketDial};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::{Etcd, Inner, announced};
use crate::client::{Client, EtcdClientOptions};
use crate::options::EtcdOptions;

/// Makes an [`Etcd`].
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod net { pub use dubhe_net::io::Dial; } pub mod registry { pub use dubhe_etcd::{Etcd, EtcdBuilder}; } pub mod time { pub use dubhe_core::time::SharedClock; } }
/// use dubhe::Status;
/// use dubhe::net::Dial;
/// use dubhe::registry::{Etcd, EtcdBuilder};
/// use dubhe::time::SharedClock;
///
/// /// etcd through a dialer of one's own, such as one that goes through a proxy.
/// fn through(clock: SharedClock, proxy: impl Dial) -> Result<EtcdBuilder, Status> {
///     let builder = Etcd::builder("etcd://etcd.example.org", clock)?;
///     Ok(builder.dial(proxy))
/// }
/// ```
pub struct EtcdBuilder {
    options: EtcdOptions,
    clock: SharedClock,
    random: Arc<dyn RandomSource>,
    dial: Arc<dyn Dial>,
}

impl Etcd {
    /// Begins a registry of the URL that [`EtcdOptions::parse`] describes.
    ///
    /// # Errors
    /// When the URL is wrong, or a file of TLS that it names; whether etcd is there does not matter.
    pub fn builder(url: &str, clock: SharedClock) -> Result<EtcdBuilder, Status> {
        let options = EtcdOptions::parse(url)?;
        let dial = match &options.tls {
            None => Arc::new(SocketDial::default()),
            Some(tls) => tls.dial(SocketDial::default(), &["h2"])?,
        };
        Ok(EtcdBuilder { options, clock, random: Arc::new(SplitMix::from_os()), dial })
    }
}

impl EtcdBuilder {
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

    /// Replaces how connections are opened. TLS is then the dialer's own matter, which must offer `h2` by
    /// ALPN.
    pub fn dial(mut self, dial: impl Dial) -> Self {
        self.dial = Arc::new(dial);
        self
    }

    /// Makes the registry, which connects in the background. Must be called within a tokio runtime, in
    /// which it runs whoever uses it.
    pub fn build(self) -> Etcd {
        let Self { options, clock, random, dial } = self;
        let client = Client::open(EtcdClientOptions {
            servers: options.servers.clone(),
            credentials: options.credentials.clone(),
            session_timeout: options.session_timeout,
            max_frame: options.max_frame,
            max_pause: options.max_pause,
            clock: clock.clone(),
            random,
            dial,
        });
        Etcd(Arc::new(Inner {
            client,
            clock,
            name: name(&options),
            options,
            runtime: Handle::current(),
            tasks: Mutex::new(JoinSet::new()),
            announced: announced::All::default(),
            errors: Mutex::new(HashMap::new()),
        }))
    }
}

/// The URL of the registry without secrets, of which the parameters that say where it is are left.
fn name(options: &EtcdOptions) -> String {
    let servers: Vec<_> = options.servers.iter().map(ToString::to_string).collect();
    let servers = servers.join(",");
    match &*options.root {
        "/dubbo" => format!("etcd://{servers}"),
        root => format!("etcd://{servers}?group={}", root.trim_start_matches('/')),
    }
}

impl fmt::Debug for EtcdBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdBuilder").field("options", &self.options).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_has_the_servers_and_no_secret() {
        for (url, expected) in [
            ("etcdv3://u:secret@h?backup=i:1", "etcd://h:2379,i:1"),
            (
                "etcd://h?group=/fleet/dubbo&username=u&password=p",
                "etcd://h:2379?group=fleet/dubbo",
            ),
        ] {
            assert_eq!(name(&EtcdOptions::parse(url).unwrap()), expected);
        }
    }
}
