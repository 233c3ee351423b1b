//! A registry whose providers have another time of day.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use dubhe::ServiceKey;
use dubhe::registry::{ExportedMetadata, Instance, Registering, Registration, Registry, Snapshots};

/// Registers providers as a machine does whose clock is wrong.
pub(crate) struct Skewed {
    pub(crate) inner: Arc<dyn Registry>,
    /// The seconds by which the clock is ahead.
    pub(crate) ahead: i64,
    /// Writes `timestamp` in seconds, as dubbo-go does.
    pub(crate) in_seconds: bool,
}

impl Skewed {
    fn skewed(&self, registration: &Registration) -> Registration {
        let mut instance = Instance::clone(&registration.instance);
        let by = Duration::from_secs(self.ahead.unsigned_abs());
        instance.started = instance.started.and_then(|at| match self.ahead {
            0.. => at.checked_add(by),
            _ => at.checked_sub(by),
        });
        let since = instance.started.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        if let Some(since) = since.filter(|_| self.in_seconds) {
            instance.params.set("timestamp", since.as_secs().to_string());
        }
        Registration { instance: Arc::new(instance), ..registration.clone() }
    }
}

impl Registry for Skewed {
    fn register(&self, registration: Registration) -> Registering<'_, ()> {
        self.inner.register(self.skewed(&registration))
    }

    fn unregister(&self, registration: &Registration) -> Registering<'_, ()> {
        let registration = self.skewed(registration);
        Box::pin(async move { self.inner.unregister(&registration).await })
    }

    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
        self.inner.subscribe(service)
    }

    fn name(&self) -> &str {
        self.inner.name()
    }

    fn exported_metadata(&self) -> Option<Arc<dyn ExportedMetadata>> {
        self.inner.exported_metadata()
    }
}
