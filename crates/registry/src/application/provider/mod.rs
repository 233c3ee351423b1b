//! The provider's side: one instance for all services, its metadata, and the mapping.

mod desired;
mod exported;
mod kept;
mod mapper;
mod publisher;

use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::documents::{DocumentKey, Side};
use dubhe_core::endpoint::ServiceParams;
use dubhe_core::metadata_info::ExportedMetadata;
use dubhe_core::registry::{Registration, Registry};
use dubhe_core::{ServiceKey, Status};
use futures_util::future::join;
use parking_lot::Mutex;

use self::exported::Exported;
use self::kept::Definitions;
use self::mapper::Mapper;
use self::publisher::{Board, Publisher};
use super::discovery::ServiceDiscovery;
use super::follow::Task;
use super::registry::Parts;
use crate::simplified::simplify;

/// The part that the registrations of a registry share.
pub(super) struct Provider {
    parts: Arc<Parts>,
    board: Arc<Board>,
    exported: Arc<Exported>,
    mapper: Mapper,
    definitions: Definitions,
    /// The publisher, once something was registered.
    publisher: Mutex<Option<Task>>,
}

impl Provider {
    pub(super) fn new(parts: Arc<Parts>) -> Self {
        Self {
            board: Arc::new(Board::new()),
            exported: Arc::new(Exported::new(parts.application.clone())),
            mapper: Mapper::new(parts.clone()),
            definitions: Definitions::default(),
            publisher: Mutex::default(),
            parts,
        }
    }

    /// The registry of instances, if they are registered.
    fn instances(&self) -> Option<&Arc<dyn ServiceDiscovery>> {
        let registers = self.parts.options.register_mode.has_instances();
        let instances = self.parts.instances.as_ref().filter(|_| registers);
        instances.filter(|instances| !instances.is_read_only())
    }

    /// The registry of services, if they are registered.
    fn services(&self) -> Option<&Arc<dyn Registry>> {
        let registers = self.parts.options.register_mode.has_services();
        let services = self.parts.services.as_ref().filter(|_| registers);
        services.filter(|services| !services.is_read_only())
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.instances().is_none() && self.services().is_none()
    }

    pub(super) fn exported(&self) -> Option<Arc<dyn ExportedMetadata>> {
        self.instances().map(|_| self.exported.clone() as Arc<dyn ExportedMetadata>)
    }

    /// Registers a service at each level.
    ///
    /// # Errors
    /// When a level refuses; then each has what it had before.
    pub(super) async fn register(&self, registration: Registration) -> Result<(), Status> {
        if self.instances().is_some() {
            self.mapper.check()?;
        }
        let mut before = None;
        let of_instance = self.add(&registration, &mut before);
        let (at_interface, of_instance) =
            join(self.register_service(&registration), of_instance).await;
        if let Err(error) = at_interface.and(of_instance) {
            // What is left of it would be called without being wanted.
            let undone = match before {
                None => self.unregister(&registration).await,
                Some(before) => {
                    let (at_interface, of_instance) =
                        join(self.register_service(&before), self.add(&before, &mut None)).await;
                    at_interface.and(of_instance)
                }
            };
            if let Err(error) = undone {
                let service = &registration.service;
                tracing::debug!(%service, %error, "cannot undo a registration that failed");
            }
            return Err(error);
        }
        self.definitions.registered(&registration);
        if self.instances().is_some() {
            self.mapper.keep(registration.service.interface()).await;
        }
        Ok(())
    }

    async fn register_service(&self, registration: &Registration) -> Result<(), Status> {
        match self.services() {
            Some(services) => services.register(self.simplified(registration)).await,
            None => Ok(()),
        }
    }

    /// Adds a service to the instance, and waits until that is published.
    async fn add(
        &self,
        registration: &Registration,
        before: &mut Option<Registration>,
    ) -> Result<(), Status> {
        let Some(instances) = self.instances() else { return Ok(()) };
        self.start(instances);
        let now = self.parts.pauses.clock.wall();
        let Parts { application, options, .. } = &*self.parts;
        let info = desired::service_info(registration, application, options);
        let change =
            self.board.change(|desired| desired.add(registration.clone(), info, now, before));
        let published = self.board.published(change).await;
        published.map_err(|error| {
            error.context(format_args!("cannot publish {} of {application}", registration.service))
        })
    }

    /// Takes a service back at each level, whatever becomes of the other.
    pub(super) async fn unregister(&self, registration: &Registration) -> Result<(), Status> {
        self.definitions.unregistered(registration);
        let (at_interface, of_instance) =
            join(self.unregister_service(registration), self.remove(registration)).await;
        at_interface.and(of_instance)
    }

    /// Publishes the definition of a service, and keeps it published.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) async fn publish_definition(
        &self,
        service: &ServiceKey,
        application: &ByteString,
        definition: ByteString,
    ) -> Result<(), Status> {
        let Some(center) = &self.parts.metadata_center else { return Ok(()) };
        let key = DocumentKey::Definition {
            service: service.clone(),
            side: Side::Provider,
            application: application.clone(),
        };
        let put = center.put(&key, definition.clone()).await;
        put.map_err(|error| error.context(format_args!("cannot publish {key}")))?;
        let task = kept::keep(&self.parts, center, key, definition);
        self.definitions.keep(service, application, task);
        Ok(())
    }

    async fn unregister_service(&self, registration: &Registration) -> Result<(), Status> {
        match self.services() {
            Some(services) => services.unregister(&self.simplified(registration)).await,
            None => Ok(()),
        }
    }

    async fn remove(&self, registration: &Registration) -> Result<(), Status> {
        if self.instances().is_none() {
            return Ok(());
        }
        let change = self.board.change(|desired| desired.remove(registration));
        let interface: &ByteString = registration.service.interface();
        if !self.board.look(|desired| desired.has_interface(interface)) {
            self.mapper.forget(interface);
        }
        let published = self.board.published(change).await;
        published.map_err(|error| {
            let application = &self.parts.application;
            error
                .context(format_args!("cannot take back {} of {application}", registration.service))
        })
    }

    /// The registration as services are registered.
    fn simplified(&self, registration: &Registration) -> Registration {
        let options = &self.parts.options;
        if !options.simplified {
            return registration.clone();
        }
        let params = simplify(&registration.params.to_params(), &options.kept_keys());
        Registration { params: Arc::new(ServiceParams::new(&params)), ..registration.clone() }
    }

    fn start(&self, instances: &Arc<dyn ServiceDiscovery>) {
        let mut publisher = self.publisher.lock();
        publisher.get_or_insert_with(|| {
            let (parts, board) = (self.parts.clone(), self.board.clone());
            let new = Publisher::new(parts, instances.clone(), board, self.exported.clone());
            Task(self.parts.runtime.spawn(new.run()).abort_handle())
        });
    }
}
