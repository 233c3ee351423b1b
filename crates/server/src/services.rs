//! What a server exports.

use std::collections::HashMap;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::endpoint::ServiceParams;
use dubhe_core::filter::Step;
use dubhe_core::gate::Gate;
use dubhe_core::serve::{Dispatch, Target, Wanted};
use dubhe_core::{Code, ServiceKey, Status};

use crate::exported::Exported;
use crate::service::{Export, Service};

/// The exported services, by interface; immutable once built.
pub struct Services {
    interfaces: HashMap<ByteString, Vec<Exported>>,
}

/// Collects what to export.
#[derive(Default)]
pub struct ServicesBuilder {
    exports: Vec<Export>,
    steps: Vec<Step>,
    gates: Vec<Arc<dyn Gate>>,
}

impl ServicesBuilder {
    /// Adds a service.
    pub fn export(&mut self, export: Export) {
        self.exports.push(export);
    }

    /// What is exported so far.
    pub(crate) fn exports(&self) -> &[Export] {
        &self.exports
    }

    /// Adds a service of the server's own, unless one of its name is there.
    pub(crate) fn built_in(&mut self, service: impl Service) {
        let export = Export { built_in: true, ..Export::new(service) };
        if self.exports.iter().all(|other| other.key != export.key) {
            self.exports.push(export);
        }
    }

    /// Adds a step around all services; the first added is the outermost.
    pub fn step(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// Adds a gate before all services, asked before their own.
    pub fn gate(&mut self, gate: Arc<dyn Gate>) {
        self.gates.push(gate);
    }

    /// Prepares everything.
    ///
    /// # Errors
    /// When two services have the same interface, group and version.
    pub fn build(self) -> Result<Services, Status> {
        let mut interfaces: HashMap<ByteString, Vec<Exported>> = HashMap::new();
        for export in self.exports {
            let own = interfaces.entry(export.key.interface().clone()).or_default();
            if own.iter().any(|e| *e.key == export.key) {
                let text = format!(
                    "service {} is exported twice; give one of them another group or version",
                    export.key
                );
                return Err(Status::new(Code::AlreadyExists, text));
            }
            streams_have_names_of_their_own(&export)?;
            own.push(Exported::new(export, &self.steps, &self.gates));
        }
        Ok(Services { interfaces })
    }
}

/// The types that tell overloads apart come with the first message of a stream, after its handler
/// has begun.
fn streams_have_names_of_their_own(export: &Export) -> Result<(), Status> {
    let methods = export.service.methods();
    let streamed = methods.iter().filter(|method| method.kind.is_streamed());
    for name in streamed.map(|method| &method.name) {
        if methods.iter().filter(|method| method.name == *name).count() > 1 {
            let text = format!("{}.{name} is a stream and overloaded; give it a name", export.key);
            return Err(Status::new(Code::InvalidArgument, text));
        }
    }
    Ok(())
}

impl Services {
    /// Begins an empty collection.
    pub fn builder() -> ServicesBuilder {
        ServicesBuilder::default()
    }

    /// Every exported service with its parameters, the built-in ones too.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<ServiceKey>, &Arc<ServiceParams>)> {
        self.exported().map(|e| (&e.key, &e.params))
    }

    pub(crate) fn exported(&self) -> impl Iterator<Item = &Exported> {
        self.interfaces.values().flatten()
    }

    fn no_service(&self, wanted: Wanted<'_>) -> Status {
        let key = ServiceKey::new(wanted.interface, wanted.group, wanted.version);
        let own = self.interfaces.get(wanted.interface).map(Vec::as_slice).unwrap_or_default();
        let known: Vec<String> = own.iter().map(|e| e.key.to_string()).collect();
        let known = if known.is_empty() {
            "this server does not export that interface".to_owned()
        } else {
            format!("this server exports {}; check group and version", known.join(", "))
        };
        Status::new(Code::Unimplemented, format!("service {key} not found: {known}"))
    }
}

impl Dispatch for Services {
    fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status> {
        let version = if wanted.version == "0.0.0" { "" } else { wanted.version };
        let own = self.interfaces.get(wanted.interface).map(Vec::as_slice).unwrap_or_default();
        let exported = own
            .iter()
            .find(|e| *e.key.group() == wanted.group && *e.key.version() == version)
            .ok_or_else(|| self.no_service(wanted))?;
        exported.find(wanted.method, wanted.overload).cloned()
    }
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter().map(|(key, _)| key)).finish()
    }
}

impl std::fmt::Debug for ServicesBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.exports).finish()
    }
}
