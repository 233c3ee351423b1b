//! Directories: the endpoints of a service.

use std::pin::Pin;
use std::sync::Arc;

use crate::endpoint::Endpoints;

/// The endpoints of one service, as known now.
///
/// Endpoints may be made anew for each set: a client gives one the state, and so the connections, of
/// the one before it at the same address with the same parameters of connections.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Endpoint; pub mod directory { pub use dubhe_core::directory::Directory; pub use dubhe_core::endpoint::Endpoints; } }
/// use std::sync::Arc;
/// use dubhe::Endpoint;
/// use dubhe::directory::{Directory, Endpoints};
///
/// /// The providers of a configuration, which never change.
/// struct Configured(Arc<Endpoints>);
///
/// impl Directory for Configured {
///     fn snapshot(&self) -> Arc<Endpoints> {
///         self.0.clone()
///     }
/// }
///
/// let endpoints = Endpoints::new([Endpoint::of("dubbo", "10.0.0.1", 20880)]);
/// let directory = Configured(Arc::new(endpoints)); // for `ClientBuilder::directory`
/// assert_eq!(directory.snapshot().len(), 1);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a directory",
    note = "an `Arc<Endpoints>` is a directory of fixed endpoints; implement `Directory` for one that changes"
)]
pub trait Directory: Send + Sync + 'static {
    /// The present set; a cheap read of an immutable snapshot.
    fn snapshot(&self) -> Arc<Endpoints>;

    /// Resolves once the set is no longer `seen` (by generation), or never when it cannot change.
    /// A directory whose set changes must implement it: nobody asks for the set again before.
    fn changed(&self, seen: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let _ = seen;
        Box::pin(std::future::pending())
    }
}

impl Directory for Arc<Endpoints> {
    fn snapshot(&self) -> Arc<Endpoints> {
        self.clone()
    }
}
