//! The options of a store, set one after the other.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use dubhe_core::Status;
use dubhe_core::backoff::FullJitter;
use dubhe_core::random::RandomSource;
use dubhe_net::io::Dial;

use super::Apollo;
use crate::options::Options;

/// The options of an [`Apollo`] store, from its URL.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod documents { pub use dubhe_apollo::{Apollo, ApolloBuilder}; } pub mod time { pub use dubhe_core::time::SharedClock; } }
/// use dubhe::Status;
/// use dubhe::documents::{Apollo, ApolloBuilder};
/// use dubhe::time::SharedClock;
///
/// /// A store whose requests are signed.
/// fn signed(clock: SharedClock, secret: String) -> Result<ApolloBuilder, Status> {
///     let builder = Apollo::builder("apollo://10.0.0.2:8080?app.id=shop", clock)?;
///     Ok(builder.application("shop").access_key(secret))
/// }
/// ```
pub struct ApolloBuilder(pub(super) Options);

impl ApolloBuilder {
    /// Sets the Dubbo application: its group is Apollo's namespace `application`. None by default.
    #[must_use]
    pub fn application(mut self, name: impl Into<String>) -> Self {
        self.0.application = Some(name.into());
        self
    }

    /// Sets the access key of the app, with which requests are signed. Default the password of the
    /// URL, if it has one.
    #[must_use]
    pub fn access_key(mut self, secret: impl Into<String>) -> Self {
        self.0.secret = Some(secret.into());
        self
    }

    /// Sets how connections are opened, such as over TLS. Default plain TCP.
    #[must_use]
    pub fn dial(mut self, dial: Arc<dyn Dial>) -> Self {
        self.0.dial = dial;
        self
    }

    /// Sets the source of the jitter of pauses. Default one seeded by the operating system.
    #[must_use]
    pub fn random(mut self, random: Arc<dyn RandomSource>) -> Self {
        self.0.random = random;
        self
    }

    /// Sets the pauses after failures. Default at most 1 s, times 1.6, to 5 s.
    #[must_use]
    pub fn backoff(mut self, backoff: FullJitter) -> Self {
        self.0.backoff = backoff;
        self
    }

    /// Sets the time for a request from dialing to the last byte, long polls aside. Default 5 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout = timeout;
        self
    }

    /// Sets the bytes of a response that are read at most. Default 8 MiB.
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.0.max_body = bytes;
        self
    }

    /// Begins to follow Apollo.
    ///
    /// # Errors
    /// `FAILED_PRECONDITION` outside a tokio runtime.
    pub fn start(self) -> Result<Apollo, Status> {
        Apollo::start(self.0)
    }
}

impl fmt::Debug for ApolloBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApolloBuilder({})", self.0.name)
    }
}
