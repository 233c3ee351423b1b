//! An exported service.

mod overload;

use std::collections::HashMap;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::end::Until;
use dubhe_core::endpoint::ServiceParams;
use dubhe_core::filter::{Chain, Step};
use dubhe_core::gate::{Gate, Gates};
use dubhe_core::serve::{Overload, Target};
use dubhe_core::time::SharedClock;
use dubhe_core::{Call, CallKind, Code, Invoke, Invoking, Method, ServiceKey, Status};
use dubhe_net::poll_watch::PollKey;
use dubhe_net::time::{self, TokioClock};

use crate::announce::AnnouncePolicy;
use crate::callback::Callbacks;
use crate::service::{Export, Service};
use crate::work::Awaited;
use crate::{echo, generic};

/// An exported service: its methods by name, each with its handler.
pub(crate) struct Exported {
    pub(crate) key: Arc<ServiceKey>,
    pub(crate) params: Arc<ServiceParams>,
    /// The time at which the service is registered.
    pub(crate) announce: AnnouncePolicy,
    /// The descriptors of the service, see [`Service::descriptors`].
    #[cfg(feature = "protobuf")]
    pub(crate) descriptors: Option<&'static [u8]>,
    /// `true` for a service of the server itself, which is not registered.
    pub(crate) built_in: bool,
    pub(crate) service: Arc<dyn Service>,
    methods: HashMap<ByteString, Vec<Target>>,
    /// `true` if the dubbo protocol can carry one of the methods: a method of a Java interface that
    /// is no stream.
    dubbo: bool,
}

/// The handler of one method.
struct Handler {
    service: Arc<dyn Service>,
    index: usize,
}

impl Invoke for Handler {
    fn invoke(&self, call: Call) -> Invoking {
        self.service.call(self.index, call)
    }
}

/// Filters around a handler.
pub(crate) struct Filtered {
    chain: Chain,
    target: Arc<dyn Invoke>,
}

impl Filtered {
    pub(crate) fn new(chain: Chain, target: Arc<dyn Invoke>) -> Self {
        Self { chain, target }
    }
}

impl Invoke for Filtered {
    fn invoke(&self, call: Call) -> Invoking {
        let began = call.head.arrived.unwrap_or_else(time::now);
        self.chain.run(call, began, &self.target)
    }
}

impl Exported {
    /// Prepares `export`, with the gates and filters of the server in front of its own.
    ///
    /// # Errors
    /// When one of its parameters is wrong, or its runtime cannot be started.
    pub(crate) fn new(
        export: Export,
        outer: &[Step],
        outer_gates: &[Arc<dyn Gate>],
    ) -> Result<Self, Status> {
        let Export { service, key, mut params, methods, steps, gates, isolation, built_in, gated } =
            export;
        let callbacks = service.callbacks();
        let isolated = isolation.is_some();
        let (service, runtime_gate) = match isolation {
            Some(isolation) => {
                let (service, gate) = isolation.wrap(service, &key)?;
                (service, Some(gate))
            }
            None => (service, None),
        };
        let all = service.methods();
        let has = |name: &ByteString| all.iter().any(|method| method.name == *name);
        if let Some(name) = methods.iter().find(|name| !has(name)) {
            let text = format!(
                "options are published for the method {name}, which {key} does not have; its methods on \
                 the wire are {}",
                names(&all)
            );
            return Err(Status::new(Code::InvalidArgument, text));
        }
        // Consumers and consoles of Dubbo read them from the registered URL.
        params.entry("methods".into()).or_insert_with(|| names(&all).into());
        let callbacks = Callbacks::new(&key, callbacks, &all, &mut params)?;
        let key = Arc::new(key);
        let params = Arc::new(ServiceParams::new(&params));
        let announce = AnnouncePolicy::of(&key, &params)?;
        #[cfg(feature = "protobuf")]
        let descriptors = service.descriptors();
        let clock: SharedClock = Arc::new(TokioClock);
        let chain = Chain::new(outer.iter().cloned().chain(steps), &clock, Until::Sent);
        let outer_gates = if gated { outer_gates } else { &[] };
        let gates = runtime_gate.into_iter().chain(outer_gates.iter().cloned()).chain(gates);
        let gates = Gates::new(gates, &clock);
        let target = |method: Arc<Method>, handler: Arc<dyn Invoke>| {
            let mut invoke = handler;
            if !chain.is_empty() {
                invoke = Arc::new(Filtered::new(chain.clone(), invoke));
            }
            if isolated {
                invoke = Arc::new(Awaited::new(invoke, clock.clone()));
            }
            let (service, params, gates) = (key.clone(), params.clone(), gates.clone());
            Target { service, method, params, gates, invoke }
        };
        let mut methods: HashMap<ByteString, Vec<Target>> = HashMap::new();
        for (index, method) in all.iter().enumerate() {
            let handler = Arc::new(Handler { service: service.clone(), index });
            let handler = callbacks.around(index, handler);
            let own = methods.entry(method.name.clone()).or_default();
            own.push(target(method.clone(), handler));
        }
        // Of several methods of one name a gate sees the one that is called.
        let by_arguments = gates.by_arguments();
        for overload in methods.values_mut().filter(|own| own.len() > 1).flatten() {
            overload.gates = by_arguments.clone();
        }
        let generic = Arc::new(generic::GenericAdapter::new(service.clone(), &all));
        let of_dubbo: [(Arc<Method>, Arc<dyn Invoke>); 3] = [
            (generic::method("$invoke"), generic.clone()),
            (generic::method("$invokeAsync"), generic),
            (echo::method(), Arc::new(echo::Echo)),
        ];
        for (method, handler) in of_dubbo {
            methods.entry(method.name.clone()).or_insert_with(|| vec![target(method, handler)]);
        }
        let single = |method: &Method| matches!(method.kind, CallKind::Unary | CallKind::OneWay);
        let dubbo = all.iter().any(|method| method.descriptor.is_some() && single(method));
        Ok(Self {
            key,
            params,
            announce,
            #[cfg(feature = "protobuf")]
            descriptors,
            built_in,
            service,
            methods,
            dubbo,
        })
    }

    /// Writes a line to the log: the service is served from now on.
    pub(crate) fn log_export(&self) {
        tracing::info!(service = %self.key, "service exported");
    }

    /// Writes a line to the log: the service is no longer served.
    pub(crate) fn log_removal(&self) {
        tracing::info!(service = %self.key, "service removed");
    }

    /// Returns `true` if the service is registered under `protocol`, which carries at least one of
    /// its methods.
    pub(crate) fn is_announced(&self, protocol: &str) -> bool {
        !self.built_in && (self.dubbo || protocol != "dubbo")
    }

    /// The name of the method whose handler has this key.
    pub(crate) fn name_of(&self, key: PollKey) -> Option<String> {
        let mut targets = self.methods.values().flatten();
        let target = targets.find(|target| PollKey::of(&target.invoke) == key)?;
        Some(format!("{}.{}", target.service, target.method.name))
    }

    /// Finds a method by its name and, of several overloads, the one that `overload` selects.
    pub(crate) fn find(&self, name: &str, overload: Overload<'_>) -> Result<&Target, Status> {
        let own = self.methods.get(name).map(Vec::as_slice).unwrap_or_default();
        let found = own.iter().find(|target| overload::fits(&target.method, overload));
        found.ok_or_else(|| {
            if own.is_empty() {
                let names = self.methods.keys().map(|name| &**name);
                overload::no_method(&self.key, name, names)
            } else {
                let methods = own.iter().map(|target| &*target.method);
                overload::no_overload(&self.key, name, overload, methods)
            }
        })
    }
}

/// The names of `methods`, each once, sorted and separated by commas.
fn names(methods: &[Arc<Method>]) -> String {
    let mut names: Vec<&str> = methods.iter().map(|method| &*method.name).collect();
    names.sort_unstable();
    names.dedup();
    names.join(",")
}
