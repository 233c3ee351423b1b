//! How an endpoint is reached.

use std::pin::Pin;
use std::sync::Arc;

use crate::endpoint::Endpoint;
use crate::invoke::Invoke;
use crate::status::Status;

/// Whether a channel can take calls now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChannelState {
    /// Not connected, and nobody has asked yet.
    Idle,
    /// Connecting or waiting to try again.
    Connecting,
    /// At least one connection takes calls.
    Ready,
    /// The endpoint asked for no more calls; those on their way end normally.
    Draining,
    /// For good.
    Closed,
}

/// A way to one endpoint, with several connections inside where that helps.
pub trait Channel: Invoke + 'static {
    /// Whether it can take calls now.
    fn state(&self) -> ChannelState;

    /// Resolves once the state is no longer `seen`.
    fn changed(&self, seen: ChannelState) -> Pin<Box<dyn Future<Output = ChannelState> + Send>>;

    /// Begins to connect without waiting for the first call.
    fn warm_up(&self);

    /// Takes no more calls; closes when those on their way have ended or at once with `now`.
    fn close(&self, now: bool);
}

/// Makes channels; one for each protocol.
pub trait Connect: Send + Sync + 'static {
    /// The protocol, as in [`crate::Offer::protocol`].
    fn protocol(&self) -> &str;

    /// A channel to `endpoint`; it connects when first used or warmed up.
    ///
    /// # Errors
    /// When the endpoint's parameters ask for something that is not supported.
    fn connect(&self, endpoint: &Endpoint) -> Result<Arc<dyn Channel>, Status>;
}
