//! Publication of the definitions of services.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::ServiceKey;
use dubhe_core::registry::Registry;
use futures_util::FutureExt as _;
use futures_util::future::join_all;

/// The definition of a service, to be published in all registries.
pub(super) struct Publication {
    pub(super) registries: Arc<[Arc<dyn Registry>]>,
    pub(super) service: Arc<ServiceKey>,
    pub(super) application: ByteString,
    pub(super) definition: ByteString,
}

impl Publication {
    /// Publishes it once in each registry. A registry that fails is one without it, of which the log
    /// tells: its consumers need none.
    pub(super) async fn publish(self) {
        join_all(self.registries.iter().map(|registry| self.publish_in(&**registry))).await;
    }

    async fn publish_in(&self, registry: &dyn Registry) {
        let Self { service, application, definition, .. } = self;
        let publish = async {
            if registry.is_read_only() {
                return;
            }
            let done = registry.publish_definition(service, application, definition.clone()).await;
            if let Err(error) = done {
                tracing::warn!(
                    %service, registry = registry.name(), %error,
                    "cannot publish the definition of a service; consoles do not see its methods"
                );
            }
        };
        if AssertUnwindSafe(publish).catch_unwind().await.is_err() {
            tracing::error!(%service, "a registry panicked at the definition of a service");
        }
    }
}
