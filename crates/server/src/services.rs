//! The exported services of a server.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::end::Until;
use dubhe_core::endpoint::ServiceParams;
use dubhe_core::filter::{Chain, Step};
use dubhe_core::gate::{Gate, Gates};
use dubhe_core::serve::{Dispatch, Target, Wanted};
use dubhe_core::status::Retry;
use dubhe_core::time::SharedClock;
use dubhe_core::{Code, ServiceKey, Status};
use dubhe_net::time::TokioClock;

use crate::call_limit::CallLimit;
use crate::exported::{Exported, Filtered};
use crate::service::Export;
use crate::table::generation;

/// The exported services, by interface; immutable once built.
///
/// ```
/// use dubhe::{RunningServer, Services};
///
/// /// The interfaces that a server exports at present.
/// fn interfaces(server: &RunningServer) -> Vec<String> {
///     let services: &Services = &server.services();
///     services.iter().map(|(service, _)| service.to_string()).collect()
/// }
/// ```
#[derive(Clone)]
pub struct Services {
    interfaces: HashMap<ByteString, Vec<Arc<Exported>>>,
    /// The services that are being removed, and are served until callers know of it.
    leaving: Vec<Arc<Exported>>,
    /// The last services that were removed, oldest first; some may have been added again.
    removed: VecDeque<Arc<ServiceKey>>,
    /// The number of these at most.
    max_removed: usize,
    /// The dispatches that find the targets of calls to other services.
    others: Arc<[Arc<dyn Dispatch>]>,
    steps: Vec<Step>,
    gates: Vec<Arc<dyn Gate>>,
    /// `steps` and `gates`, prepared for the targets that `others` find.
    around_others: Chain,
    before_others: Gates,
}

/// A builder of [`Services`].
///
/// ```
/// use dubhe::Services;
/// use dubhe::dispatch::{Dispatch, Overload, Wanted};
/// use dubhe::prelude::*;
/// # #[dubhe::interface("org.example.Greeter")]
/// # trait Greeter { async fn greet(&self, name: String) -> Result<String, Status>; }
/// # struct Polite;
/// # impl Greeter for Polite {
/// #     async fn greet(&self, name: String) -> Result<String, Status> { Ok(name) }
/// # }
///
/// // The services of a server that has no port: a test, or a transport of your own.
/// let mut builder = Services::builder();
/// builder.export(Export::new(GreeterServer::new(Polite)));
/// let services = builder.build()?;
/// let (interface, types) = ("org.example.Greeter", "Ljava/lang/String;");
/// let overload = Overload::Types(types);
/// let wanted = Wanted { interface, group: "", version: "", method: "greet", overload };
/// assert!(services.find(wanted).is_ok());
/// # Ok::<(), Status>(())
/// ```
#[derive(Default)]
pub struct ServicesBuilder {
    exports: Vec<Export>,
    others: Vec<Arc<dyn Dispatch>>,
    steps: Vec<Step>,
    gates: Vec<Arc<dyn Gate>>,
    max_removed: usize,
    /// Zero is no limit.
    max_calls: usize,
}

impl ServicesBuilder {
    /// Sets the number of removed services that are remembered; none by default.
    pub(crate) fn max_removed(&mut self, most: usize) {
        self.max_removed = most;
    }

    /// Sets the number of calls that run at once; 0, the default, is no limit.
    pub(crate) fn max_calls(&mut self, most: usize) {
        self.max_calls = most;
    }

    /// Adds a service.
    pub fn export(&mut self, export: Export) {
        self.exports.push(export);
    }

    /// Adds a service of the server itself, unless there is one of its name.
    pub(crate) fn built_in(&mut self, export: Export) {
        let export = Export { built_in: true, ..export };
        if self.exports.iter().all(|other| other.key != export.key) {
            self.exports.push(export);
        }
    }

    /// Adds a dispatch for calls to services that are not exported. Dispatches are asked in the order
    /// in which they were added.
    pub fn dispatch(&mut self, other: Arc<dyn Dispatch>) {
        self.others.push(other);
    }

    /// Adds a step around all services; the first added is the outermost.
    pub fn step(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// Adds a gate in front of all services, which is asked before their own.
    pub fn gate(&mut self, gate: Arc<dyn Gate>) {
        self.gates.push(gate);
    }

    /// Builds the services.
    ///
    /// # Errors
    /// When two services have the same interface, group and version, or one cannot be exported.
    pub fn build(self) -> Result<Services, Status> {
        let Self { exports, others, steps, mut gates, max_removed, max_calls } = self;
        if max_calls > 0 {
            gates.insert(0, Arc::new(CallLimit::new(max_calls)));
        }
        let clock: SharedClock = Arc::new(TokioClock);
        let around_others = Chain::new(steps.iter().cloned(), &clock, Until::Sent);
        let mut services = Services {
            interfaces: HashMap::new(),
            leaving: Vec::new(),
            removed: VecDeque::new(),
            max_removed,
            others: others.into(),
            around_others,
            before_others: Gates::new(gates.iter().cloned(), &clock),
            steps,
            gates,
        };
        for export in exports {
            services.add(export)?;
        }
        Ok(services)
    }
}

/// Refuses overloads of a streamed method: the types that distinguish overloads arrive with the first
/// message, after the handler has begun.
fn check_streams(export: &Export) -> Result<(), Status> {
    let methods = export.service.methods();
    let streamed = methods.iter().filter(|method| method.kind.is_streamed());
    for name in streamed.map(|method| &method.name) {
        if methods.iter().filter(|method| method.name == *name).count() > 1 {
            let text = format!(
                "{}.{name} is a stream and overloaded; give it a name of its own",
                export.key
            );
            return Err(Status::new(Code::InvalidArgument, text));
        }
    }
    Ok(())
}

impl Services {
    /// Returns a builder without services.
    pub fn builder() -> ServicesBuilder {
        ServicesBuilder::default()
    }

    /// Returns every exported service with its parameters, built-in services included.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<ServiceKey>, &Arc<ServiceParams>)> {
        self.exported().map(|e| (&e.key, &e.params))
    }

    pub(crate) fn exported(&self) -> impl Iterator<Item = &Arc<Exported>> {
        self.interfaces.values().flatten()
    }

    /// Exports one more service.
    ///
    /// # Errors
    /// When there is one of its interface, group and version, or it cannot be exported.
    pub(crate) fn add(&mut self, export: Export) -> Result<Arc<Exported>, Status> {
        if let Some(other) = self.get(&export.key) {
            let text = if other.built_in {
                format!(
                    "service {} is built in; disable it with an option of the server",
                    other.key
                )
            } else if self.is_leaving(other) {
                format!(
                    "service {} is being removed; add it when `remove` has returned, and call \
                     `remove` again if its future was dropped",
                    other.key
                )
            } else {
                format!(
                    "service {} is exported twice; give one of them another group or version",
                    other.key
                )
            };
            return Err(Status::new(Code::AlreadyExists, text));
        }
        check_streams(&export)?;
        let exported = Arc::new(Exported::new(export, &self.steps, &self.gates)?);
        let interface = exported.key.interface().clone();
        self.interfaces.entry(interface).or_default().push(exported.clone());
        Ok(exported)
    }

    /// Returns `true` once the removal of a service has begun.
    pub(crate) fn is_leaving(&self, exported: &Arc<Exported>) -> bool {
        self.leaving.iter().any(|leaving| Arc::ptr_eq(leaving, exported))
    }

    /// Begins to remove a service, which is served until [`Services::remove`].
    ///
    /// # Errors
    /// As for [`Services::remove`].
    pub(crate) fn leave(&mut self, key: &ServiceKey) -> Result<Arc<Exported>, Status> {
        let exported = self.removable(key)?.clone();
        if !self.is_leaving(&exported) {
            self.leaving.push(exported.clone());
        }
        Ok(exported)
    }

    /// Finds a service that can be removed.
    fn removable(&self, key: &ServiceKey) -> Result<&Arc<Exported>, Status> {
        let Some(exported) = self.get(key) else {
            let mut known: Vec<_> =
                self.exported().filter(|e| !e.built_in).map(|e| e.key.to_string()).collect();
            known.sort_unstable();
            let text =
                format!("service {key} is not exported; exported services: {}", known.join(", "));
            return Err(Status::new(Code::NotFound, text));
        };
        if exported.built_in {
            let text =
                format!("service {key} is built in; disable it with an option of the server");
            return Err(Status::new(Code::FailedPrecondition, text));
        }
        Ok(exported)
    }

    /// Removes a service.
    ///
    /// # Errors
    /// When there is none of this key, or it is a built-in service.
    pub(crate) fn remove(&mut self, key: &ServiceKey) -> Result<(), Status> {
        let exported = self.removable(key)?.clone();
        self.take_back(&exported);
        // Those that were added again are not removed; they take no place.
        let mut removed = std::mem::take(&mut self.removed);
        removed.retain(|other| **other != *key && self.get(other).is_none());
        self.removed = removed;
        self.removed.push_back(exported.key.clone());
        if self.removed.len() > self.max_removed {
            self.removed.pop_front();
        }
        Ok(())
    }

    /// Takes back an addition, if this very export is still there: callers are told what they were
    /// told before it.
    pub(crate) fn take_back(&mut self, exported: &Arc<Exported>) {
        self.leaving.retain(|leaving| !Arc::ptr_eq(leaving, exported));
        let interface = exported.key.interface();
        if let Some(own) = self.interfaces.get_mut(interface) {
            own.retain(|e| !Arc::ptr_eq(e, exported));
            if own.is_empty() {
                self.interfaces.remove(interface);
            }
        }
    }

    pub(crate) fn others(&self) -> &Arc<[Arc<dyn Dispatch>]> {
        &self.others
    }

    pub(crate) fn get(&self, key: &ServiceKey) -> Option<&Arc<Exported>> {
        self.interfaces.get(key.interface())?.iter().find(|e| *e.key == *key)
    }

    /// Finds a target among the other dispatches, asked in order.
    fn find_other(&self, wanted: Wanted<'_>) -> Result<Target, Status> {
        let mut refusal: Option<Status> = None;
        for other in &*self.others {
            match other.find(wanted) {
                Ok(mut target) => {
                    target.gates = self.before_others.then(&target.gates);
                    if !self.around_others.is_empty() {
                        let filtered = Filtered::new(self.around_others.clone(), target.invoke);
                        target.invoke = Arc::new(filtered);
                    }
                    return Ok(target);
                }
                Err(status) if status.code() == Code::Unimplemented => {
                    let before = match &refusal {
                        Some(before) => before.message().to_owned(),
                        None => self.not_exported(wanted),
                    };
                    refusal = Some(status.context(before));
                }
                Err(status) => return Err(status),
            }
        }
        let own = self.no_service(wanted);
        // That a service has been removed says more.
        Err(refusal.filter(|_| own.code() == Code::Unimplemented).unwrap_or(own))
    }

    fn no_service(&self, wanted: Wanted<'_>) -> Status {
        let key = ServiceKey::new(wanted.interface, wanted.group, wanted.version);
        if self.removed.iter().any(|removed| **removed == key) {
            let text = format!("service {key} has been removed from this server");
            return Status::unavailable(text).with_retry(Retry::Unstarted);
        }
        let known = self
            .known(wanted)
            .unwrap_or_else(|| "this server does not export that interface".to_owned());
        Status::new(Code::Unimplemented, format!("service {key} not found: {known}"))
    }

    /// The text before that of a dispatch, which may well know the service and lack the method.
    #[cold]
    fn not_exported(&self, wanted: Wanted<'_>) -> String {
        let key = ServiceKey::new(wanted.interface, wanted.group, wanted.version);
        let known = self.known(wanted).map(|known| format!(" ({known})")).unwrap_or_default();
        format!("service {key} is not exported{known}, and a dispatch refuses the call")
    }

    /// The exported services of the same interface.
    fn known(&self, wanted: Wanted<'_>) -> Option<String> {
        let own = self.interfaces.get(wanted.interface).filter(|own| !own.is_empty())?;
        let known: Vec<String> = own.iter().map(|e| e.key.to_string()).collect();
        Some(format!("this server exports {}; check group and version", known.join(", ")))
    }
}

impl Dispatch for Services {
    fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status> {
        let version = if wanted.version == "0.0.0" { "" } else { wanted.version };
        let own = self.interfaces.get(wanted.interface).map(Vec::as_slice).unwrap_or_default();
        let exported =
            own.iter().find(|e| *e.key.group() == wanted.group && *e.key.version() == version);
        match exported {
            Some(exported) => exported.find(wanted.method, wanted.overload).cloned(),
            None => self.find_other(wanted),
        }
    }

    fn generation(&self) -> u64 {
        generation(0, &self.others)
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
