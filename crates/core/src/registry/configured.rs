//! A registry with the parameters that all kinds of registries have.

use std::sync::Arc;

use bytestring::ByteString;

use super::{Registering, Registration, Registry, RegistryTraits, Snapshots};
use crate::backoff::FullJitter;
use crate::endpoint::{Instance, Offer};
use crate::metadata_info::ExportedMetadata;
use crate::service::ServiceKey;
use crate::status::Status;

/// A registry with [traits](RegistryTraits), whatever its kind: what `preferred`, `zone`, `weight`, `register`
/// and `subscribe` of the URL of a registry say.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_core::registry::{ConfiguredRegistry, Registry}; } pub use dubhe_core::Status; }
/// use std::sync::Arc;
/// use dubhe::registry::{ConfiguredRegistry, Registry};
/// use dubhe::Status;
///
/// /// The new registry of a fleet that moves: written already, not read yet.
/// fn written(registry: Arc<dyn Registry>) -> Result<ConfiguredRegistry, Status> {
///     ConfiguredRegistry::new(registry).with_params([("subscribe", "false")])
/// }
/// ```
pub struct ConfiguredRegistry {
    inner: Arc<dyn Registry>,
    traits: RegistryTraits,
    register: bool,
}

impl ConfiguredRegistry {
    /// The registry as it is.
    pub fn new(inner: Arc<dyn Registry>) -> Self {
        let traits = inner.traits();
        Self { inner, traits, register: true }
    }

    /// The same with other traits.
    pub fn with_traits(mut self, traits: RegistryTraits) -> Self {
        self.traits = traits;
        self
    }

    /// The same with the traits that parameters of a URL give it; others are passed over.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) when one is not what it should be.
    pub fn with_params<'a>(
        mut self,
        params: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Status> {
        for (name, value) in params {
            match name {
                "preferred" => self.traits.preferred = flag(name, value)?,
                "subscribe" => self.traits.subscribe = flag(name, value)?,
                "register" => self.register = flag(name, value)?,
                "zone" => {
                    let zone = Some(value).filter(|zone| !zone.is_empty());
                    self.traits.zone = zone.map(ByteString::from);
                }
                "weight" => {
                    let wrong = |_| wrong(name, value, "not a number from 0 to 4294967295");
                    self.traits.weight = value.parse().map_err(wrong)?;
                }
                _ => {}
            }
        }
        Ok(self)
    }

    /// Returns `true` if it is as the registry itself.
    pub fn is_plain(&self) -> bool {
        self.register && self.traits == self.inner.traits()
    }
}

fn flag(name: &str, value: &str) -> Result<bool, Status> {
    value.parse().map_err(|_| wrong(name, value, "neither true nor false"))
}

fn wrong(name: &str, value: &str, is: &str) -> Status {
    Status::invalid_argument(format!("wrong registry URL: {name}={value:?} is {is}"))
}

impl Registry for ConfiguredRegistry {
    fn traits(&self) -> RegistryTraits {
        self.traits.clone()
    }

    fn is_read_only(&self) -> bool {
        !self.register || self.inner.is_read_only()
    }

    fn register(&self, registration: Registration) -> Registering<'_, ()> {
        self.inner.register(registration)
    }

    fn unregister(&self, registration: &Registration) -> Registering<'_, ()> {
        self.inner.unregister(registration)
    }

    fn register_instance(&self, instance: &Arc<Instance>, offer: &Offer) -> Registering<'_, ()> {
        self.inner.register_instance(instance, offer)
    }

    fn unregister_instance(&self, instance: &Arc<Instance>, offer: &Offer) -> Registering<'_, ()> {
        self.inner.unregister_instance(instance, offer)
    }

    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
        self.inner.subscribe(service)
    }

    fn services(&self) -> Registering<'_, Vec<ServiceKey>> {
        self.inner.services()
    }

    fn name(&self) -> &str {
        self.inner.name()
    }

    fn failure(&self, service: &ServiceKey) -> Option<Status> {
        self.inner.failure(service)
    }

    fn backoff(&self) -> FullJitter {
        self.inner.backoff()
    }

    fn exported_metadata(&self) -> Option<Arc<dyn ExportedMetadata>> {
        self.inner.exported_metadata()
    }

    fn publish_definition(
        &self,
        service: &ServiceKey,
        application: &ByteString,
        definition: ByteString,
    ) -> Registering<'_, ()> {
        self.inner.publish_definition(service, application, definition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::fixed;

    struct Nothing;

    impl Registry for Nothing {
        fn register(&self, _: Registration) -> Registering<'_, ()> {
            Box::pin(async { Ok(()) })
        }

        fn unregister(&self, _: &Registration) -> Registering<'_, ()> {
            Box::pin(async { Ok(()) })
        }

        fn subscribe(&self, _: &ServiceKey) -> Registering<'_, Snapshots> {
            Box::pin(async { Ok(fixed(Vec::new())) })
        }

        fn name(&self) -> &'static str {
            "nothing://"
        }
    }

    fn configured(params: &[(&'static str, &'static str)]) -> Result<ConfiguredRegistry, Status> {
        ConfiguredRegistry::new(Arc::new(Nothing)).with_params(params.iter().copied())
    }

    #[test]
    fn every_parameter_is_read() {
        assert!(configured(&[("timeout", "1"), ("weight", "100")]).unwrap().is_plain());
        let all = [("preferred", "true"), ("zone", "hz"), ("weight", "7"), ("subscribe", "false")];
        let registry = configured(&all).unwrap();
        let traits = RegistryTraits {
            preferred: true,
            zone: Some("hz".into()),
            weight: 7,
            subscribe: false,
        };
        assert_eq!((registry.traits(), registry.is_read_only()), (traits, false));
        assert_eq!((registry.name(), registry.is_plain()), ("nothing://", false));
        let read = configured(&[("register", "false"), ("zone", "")]).unwrap();
        assert_eq!((read.is_read_only(), read.traits()), (true, RegistryTraits::default()));
        assert!(!read.is_plain());
    }

    #[test]
    fn what_cannot_be_is_an_error_that_names_it() {
        for (name, value) in [("preferred", "yes"), ("subscribe", ""), ("weight", "-1")] {
            let error = configured(&[(name, value)]).err().unwrap();
            assert!(error.message().contains(&format!("{name}={value:?}")), "{error}");
        }
    }
}
