//! Channels to endpoints, and those who make them.

use std::sync::Arc;

pub use crate::channel::{Channel, ChannelKey, ChannelState};
use crate::endpoint::Endpoint;
use crate::status::Status;

/// Makes channels; one for each protocol.
pub trait Connect: Send + Sync + 'static {
    /// The protocol, as in [`crate::Offer::protocol`].
    fn protocol(&self) -> &str;

    /// The key of the channel to `endpoint`: everything that [`Self::connect`] reads of it. Two
    /// services of one address with equal keys share a channel, made for either of them.
    fn key(&self, endpoint: &Endpoint) -> ChannelKey;

    /// A channel to `endpoint`; it connects when first used or warmed up.
    ///
    /// # Errors
    /// When the endpoint's parameters ask for something that is not supported.
    fn connect(&self, endpoint: &Endpoint) -> Result<Arc<dyn Channel>, Status>;
}
