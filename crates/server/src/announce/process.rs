//! The registration of the process itself.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dubhe_core::endpoint::{Instance, Offer};
use dubhe_core::registry::Registry;
use dubhe_core::{Code, Provider, Status};
use futures_util::FutureExt as _;
use futures_util::future::join_all;

/// The registration of the process in the registries that hold applications which are called over
/// HTTP; others do nothing with it.
pub(super) struct Process {
    registries: Arc<[Arc<dyn Registry>]>,
    instance: Arc<Instance>,
    /// The way to it by HTTP; `None` where it listens on none.
    offer: Option<Offer>,
    /// `true` while a registry may know of it.
    is_registered: AtomicBool,
}

impl Process {
    pub(super) fn new(
        registries: Arc<[Arc<dyn Registry>]>,
        instance: Arc<Instance>,
        offer: Option<Offer>,
    ) -> Self {
        Self { registries, instance, offer, is_registered: AtomicBool::new(false) }
    }

    /// Registers the process; [`Process::unregister`] takes back what was done before an error.
    pub(super) async fn register(&self) -> Result<(), Status> {
        let Some(offer) = &self.offer else { return Ok(()) };
        for registry in self.registries.iter().filter(|registry| !registry.is_read_only()) {
            self.is_registered.store(true, Ordering::Release);
            let register = registry.register_instance(&self.instance, offer);
            AssertUnwindSafe(register).catch_unwind().await.unwrap_or_else(|_| {
                Err(Status::new(Code::Internal, "a registry panicked; the log says where"))
            })?;
        }
        Ok(())
    }

    /// Takes the registration back, if there is one. A failure is in the log: registries forget a
    /// process that is gone.
    pub(super) async fn unregister(&self) {
        let Some(offer) = &self.offer else { return };
        if !self.is_registered.swap(false, Ordering::AcqRel) {
            return;
        }
        let all = self.registries.iter().filter(|registry| !registry.is_read_only());
        join_all(all.map(async |registry| {
            let unregister = registry.unregister_instance(&self.instance, offer);
            let done = AssertUnwindSafe(unregister).catch_unwind().await;
            if let Ok(Err(error)) = done {
                let instance = Provider::new(self.instance.clone(), offer.clone(), Arc::default());
                tracing::warn!(
                    %instance, registry = registry.name(), %error, "cannot withdraw an instance"
                );
            }
        }))
        .await;
    }

    pub(super) fn is_registered(&self) -> bool {
        self.is_registered.load(Ordering::Acquire)
    }
}
