//! Who could answer.

use std::sync::Arc;

use crate::endpoint::Endpoints;

/// The endpoints of one service, as known now.
pub trait Directory: Send + Sync + 'static {
    /// The present set; a cheap read of an immutable snapshot.
    fn snapshot(&self) -> Arc<Endpoints>;

    /// Resolves once the set is no longer `seen` (by generation), or never when it cannot change.
    fn changed(&self, seen: u64) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
        let _ = seen;
        Box::pin(std::future::pending())
    }
}

impl Directory for Arc<Endpoints> {
    fn snapshot(&self) -> Arc<Endpoints> {
        self.clone()
    }
}
