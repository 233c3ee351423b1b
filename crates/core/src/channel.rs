//! Channels: the ways to one provider, and the keys by which endpoints share them.

use std::pin::Pin;

use bytestring::ByteString;

use crate::instance::Provider;
use crate::invoke::Invoke;

/// The readiness of a channel to take calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChannelState {
    /// No connection, and no call has asked for one yet.
    Idle,
    /// Connecting or waiting to try again.
    Connecting,
    /// A connection takes calls.
    Ready,
    /// A connection whose endpoint answers nothing; calls wait until it does.
    Hung,
    /// The endpoint asked for no more calls; those on their way end normally.
    Draining,
    /// The end: the channel never takes calls again.
    Closed,
}

/// A way to one endpoint, with several connections inside where that helps. By default it is always
/// ready, as a handler in this process is.
///
/// ```
/// # mod dubhe { pub mod connect { pub use dubhe_core::connect::{Channel, ChannelState}; } pub use dubhe_core::{Call, Invoke, Invoking, Status}; }
/// use dubhe::connect::{Channel, ChannelState};
/// use dubhe::{Call, Invoke, Invoking, Status};
///
/// /// A channel of a protocol of your own, whose connection is lost.
/// struct Lost;
///
/// impl Invoke for Lost {
///     fn invoke(&self, _: Call) -> Invoking {
///         Invoking::ready(Err(Status::unavailable("the connection is lost")))
///     }
/// }
///
/// impl Channel for Lost {
///     fn state(&self) -> ChannelState {
///         ChannelState::Closed
///     }
/// }
/// ```
pub trait Channel: Invoke + 'static {
    /// The present readiness to take calls.
    fn state(&self) -> ChannelState {
        ChannelState::Ready
    }

    /// Resolves once the state is no longer `seen`.
    fn changed(&self, seen: ChannelState) -> Pin<Box<dyn Future<Output = ChannelState> + Send>> {
        let _ = seen;
        Box::pin(std::future::pending())
    }

    /// Returns `true` while the address refuses connections, since nobody listens there: the endpoint is away,
    /// where one that cannot be reached may be behind a network that is. By default it never says so.
    fn is_refused(&self) -> bool {
        false
    }

    /// Begins to connect without waiting for the first call.
    fn warm_up(&self) {}

    /// Ends a pause between attempts to connect, since a registry has news of the endpoint. Called while the
    /// state is [`ChannelState::Connecting`]; by default the pause goes on.
    fn reset_backoff(&self) {}

    /// Takes no more calls; closes when those on their way have ended or at once with `now`.
    fn close(&self, now: bool) {
        let _ = now;
    }
}

/// The facts that a channel depends on: protocol and address, and what the protocol adds to them.
/// Endpoints with equal keys share a channel.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Endpoint; pub mod connect { pub use dubhe_core::connect::ChannelKey; } }
/// use dubhe::Endpoint;
/// use dubhe::connect::ChannelKey;
///
/// let one = Endpoint::of("mine", "10.0.0.7", 4000);
/// let other = Endpoint::of("mine", "10.0.0.7", 4000);
/// // Two endpoints share a connection where all that the protocol reads of them is equal.
/// assert_eq!(ChannelKey::new(&one), ChannelKey::new(&other));
/// assert_ne!(ChannelKey::new(&one), ChannelKey::new(&other).with("codec", "json"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ChannelKey {
    protocol: ByteString,
    host: ByteString,
    port: u16,
    /// The facts of the protocol, in the order in which they were added.
    more: Vec<(&'static str, ByteString)>,
}

impl ChannelKey {
    /// The key of channels that depend on protocol and address alone.
    pub fn new(provider: &Provider) -> Self {
        let offer = provider.offer();
        Self {
            protocol: offer.protocol.clone(),
            host: provider.instance().host.clone(),
            port: offer.port,
            more: Vec::new(),
        }
    }

    /// Adds something else that the channel depends on, such as the identity that TLS must find where
    /// that differs by endpoint. For the connectors of this project it does not: it is an option of the
    /// connector, of which an application has one for each protocol.
    pub fn with(mut self, name: &'static str, value: impl Into<ByteString>) -> Self {
        self.more.push((name, value.into()));
        self
    }

    /// Adds those of these parameters that `provider` has.
    pub fn with_params(mut self, provider: &Provider, names: &[&'static str]) -> Self {
        let found = names.iter().filter_map(|name| Some((*name, provider.param(name)?.into())));
        self.more.extend(found);
        self
    }
}
