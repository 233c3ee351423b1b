//! Channels to endpoints, and those who make them.

use std::sync::Arc;

pub use crate::channel::{Channel, ChannelKey, ChannelState};
use crate::endpoint::Endpoint;
use crate::status::Status;

/// Makes channels; one for each protocol.
///
/// ```
/// # mod dubhe { pub mod connect { pub use dubhe_core::connect::{Channel, ChannelKey, Connect}; } pub use dubhe_core::{Call, Endpoint, Invoke, Invoking, Status}; }
/// use std::sync::Arc;
/// use dubhe::connect::{Channel, ChannelKey, Connect};
/// use dubhe::{Call, Endpoint, Invoke, Invoking, Status};
///
/// /// A protocol of your own.
/// struct Mine;
/// struct MyChannel;
///
/// impl Connect for Mine {
///     fn protocol(&self) -> &str {
///         "mine"
///     }
///
///     fn key(&self, endpoint: &Endpoint) -> ChannelKey {
///         ChannelKey::new(endpoint)
///     }
///
///     fn connect(&self, _: &Endpoint) -> Result<Arc<dyn Channel>, Status> {
///         Ok(Arc::new(MyChannel)) // which connects in the background, or at its first call
///     }
/// }
///
/// impl Channel for MyChannel {}
/// impl Invoke for MyChannel {
///     fn invoke(&self, _: Call) -> Invoking {
///         Invoking::ready(Err(Status::unimplemented("not written yet")))
///     }
/// }
/// ```
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
