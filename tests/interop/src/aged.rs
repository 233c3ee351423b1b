//! A registry that is told another start of this process.

use std::sync::Arc;
use std::time::SystemTime;

use dubhe::registry::{
    ExportedMetadata, Instance, Offer, Registering, Registration, Registry, Snapshots,
};
use dubhe::{ByteString, ServiceKey};

/// Tells `registry` that this process started then.
pub(crate) struct Aged {
    pub(crate) registry: Arc<dyn Registry>,
    pub(crate) started: SystemTime,
}

impl Aged {
    fn instance(&self, instance: &Instance) -> Arc<Instance> {
        Arc::new(Instance { started: Some(self.started), ..instance.clone() })
    }

    fn registration(&self, registration: Registration) -> Registration {
        Registration { instance: self.instance(&registration.instance), ..registration }
    }
}

impl Registry for Aged {
    fn register(&self, registration: Registration) -> Registering<'_, ()> {
        self.registry.register(self.registration(registration))
    }

    fn unregister(&self, registration: &Registration) -> Registering<'_, ()> {
        let registration = self.registration(registration.clone());
        Box::pin(async move { self.registry.unregister(&registration).await })
    }

    fn register_instance(&self, instance: &Arc<Instance>, offer: &Offer) -> Registering<'_, ()> {
        let (instance, offer) = (self.instance(instance), offer.clone());
        Box::pin(async move { self.registry.register_instance(&instance, &offer).await })
    }

    fn unregister_instance(&self, instance: &Arc<Instance>, offer: &Offer) -> Registering<'_, ()> {
        let (instance, offer) = (self.instance(instance), offer.clone());
        Box::pin(async move { self.registry.unregister_instance(&instance, &offer).await })
    }

    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
        self.registry.subscribe(service)
    }

    fn name(&self) -> &str {
        self.registry.name()
    }

    fn exported_metadata(&self) -> Option<Arc<dyn ExportedMetadata>> {
        self.registry.exported_metadata()
    }

    fn publish_definition(
        &self,
        service: &ServiceKey,
        application: &ByteString,
        definition: ByteString,
    ) -> Registering<'_, ()> {
        self.registry.publish_definition(service, application, definition)
    }
}
