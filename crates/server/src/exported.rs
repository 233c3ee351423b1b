//! An exported service.

use std::collections::HashMap;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::descriptor::{self, BadDescriptor, parameters};
use dubhe_core::end::Until;
use dubhe_core::endpoint::ServiceParams;
use dubhe_core::filter::{Chain, Step};
use dubhe_core::gate::{Gate, Gates};
use dubhe_core::serve::{Overload, Target};
use dubhe_core::time::SharedClock;
use dubhe_core::{Call, CallKind, Code, Invoke, Invoking, Method, ServiceKey, Status};
use dubhe_net::time::{self, TokioClock};

use crate::announce::AnnouncePolicy;
use crate::service::{Export, Service};
use crate::{echo, generic};

/// An exported service: its methods by name, each with its handler.
pub(crate) struct Exported {
    pub(crate) key: Arc<ServiceKey>,
    pub(crate) params: Arc<ServiceParams>,
    /// The time at which the service is registered.
    pub(crate) announce: AnnouncePolicy,
    /// The descriptors of the service, see [`Service::descriptors`].
    pub(crate) descriptors: Option<&'static [u8]>,
    /// `true` for a service of the server itself, which is not registered.
    pub(crate) built_in: bool,
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
        let Export { service, key, mut params, steps, gates, isolation, built_in } = export;
        let service = match isolation {
            Some(isolation) => isolation.wrap(service, &key)?,
            None => service,
        };
        let all = service.methods();
        // Consumers and consoles of Dubbo read them from the registered URL.
        params.entry("methods".into()).or_insert_with(|| names(&all).into());
        let key = Arc::new(key);
        let params = Arc::new(ServiceParams { params });
        let announce = AnnouncePolicy::of(&key, &params)?;
        let descriptors = service.descriptors();
        let clock: SharedClock = Arc::new(TokioClock);
        let chain = Chain::new(outer.iter().cloned().chain(steps), &clock, Until::Sent);
        let gates = Gates::new(outer_gates.iter().cloned().chain(gates), &clock);
        let target = |method: Arc<Method>, handler: Arc<dyn Invoke>| Target {
            service: key.clone(),
            method,
            params: params.clone(),
            gates: gates.clone(),
            invoke: if chain.is_empty() {
                handler
            } else {
                Arc::new(Filtered::new(chain.clone(), handler))
            },
        };
        let mut methods: HashMap<ByteString, Vec<Target>> = HashMap::new();
        for (index, method) in all.iter().enumerate() {
            let handler = Arc::new(Handler { service: service.clone(), index });
            let own = methods.entry(method.name.clone()).or_default();
            own.push(target(method.clone(), handler));
        }
        let generic = Arc::new(generic::GenericAdapter::new(service, &all));
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
        Ok(Self { key, params, announce, descriptors, built_in, methods, dubbo })
    }

    /// Returns `true` if the service is registered under `protocol`, which carries at least one of
    /// its methods.
    pub(crate) fn is_announced(&self, protocol: &str) -> bool {
        !self.built_in && (self.dubbo || protocol != "dubbo")
    }

    /// Finds a method by its name and, of several overloads, the one that `overload` selects.
    pub(crate) fn find(&self, name: &str, overload: Overload<'_>) -> Result<&Target, Status> {
        let own = self.methods.get(name).map(Vec::as_slice).unwrap_or_default();
        let found = own.iter().find(|target| fits(&target.method, overload));
        found.ok_or_else(|| self.no_method(name, overload, own))
    }

    fn no_method(&self, name: &str, overload: Overload<'_>, overloads: &[Target]) -> Status {
        let wanted = match overload {
            Overload::Any => String::new(),
            Overload::Types(types) => format!("({types})"),
            Overload::Count(count) => format!("{count} arguments"),
            Overload::Initials(letters) => format!("arguments with the initials {letters:?}"),
        };
        let text = if overloads.is_empty() {
            let mut known: Vec<_> = self.methods.keys().map(|k| &**k).collect();
            known.retain(|name| !name.starts_with('$'));
            known.sort_unstable();
            known.truncate(20);
            let known = known.join(", ");
            format!("service {} has no method {name:?}; it has {known}", self.key)
        } else {
            let known: Vec<_> =
                overloads.iter().filter_map(|t| t.method.descriptor.as_deref()).collect();
            let known = known.join(" or ");
            format!("method {}.{name} does not take {wanted}; it takes ({known})", self.key)
        };
        // Java says "bad request" here; the dubbo protocol knows that from this code.
        Status::new(Code::InvalidArgument, text)
    }
}

/// The names of `methods`, each once, sorted and separated by commas.
fn names(methods: &[Arc<Method>]) -> String {
    let mut names: Vec<&str> = methods.iter().map(|method| &*method.name).collect();
    names.sort_unstable();
    names.dedup();
    names.join(",")
}

/// Returns `true` if `overload` selects `method`. A method without descriptor has no overloads.
fn fits(method: &Method, overload: Overload<'_>) -> bool {
    let Some(own) = method.descriptor.as_deref() else { return true };
    match overload {
        Overload::Any => true,
        Overload::Types(wanted) => takes(own, wanted),
        Overload::Count(count) => descriptor::count(own) == Ok(count),
        Overload::Initials(letters) => parameters(own).map(initial).eq(letters.chars().map(Some)),
    }
}

/// The first letter of the simple name of a type.
fn initial(parameter: Result<&str, BadDescriptor>) -> Option<char> {
    let name = descriptor::source_name(parameter.ok()?);
    name.rsplit(['.', '$']).next()?.chars().next()
}

/// Returns `true` if the descriptor `wanted` stands for the arguments of `own`.
///
/// dubbo-go leaves out the semicolon after `[Ljava/util/Date` and writes `V` for a nil of unknown
/// type (dubbo-go `protocol/dubbo/impl/hessian.go`), so a `V` stands for any one object.
fn takes(own: &str, wanted: &str) -> bool {
    if own == wanted {
        return true;
    }
    let loose = wanted.contains('V') || wanted.contains("[Ljava/util/Date");
    loose && {
        let all = |descriptors| parameters(descriptors).collect::<Result<Vec<_>, _>>();
        let (Ok(own), Ok(wanted)) = (all(own), all(wanted)) else { return false };
        own.len() == wanted.len()
            && own.iter().zip(&wanted).all(|(own, wanted)| {
                own.trim_end_matches(';') == wanted.trim_end_matches(';')
                    || (*wanted == "V" && own.starts_with(['L', '[']))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_dubbo_go_writes() {
        assert!(takes("[Ljava/util/Date;", "[Ljava/util/Date"));
        assert!(takes("ILa/B;", "IV"));
        assert!(!takes("IJ", "IV"));
        assert!(!takes("I", "J"));
        assert!(!takes("La/B;", "La/C;"));
    }

    #[test]
    fn a_count_or_initials_tell_overloads_apart() {
        let method = Method::java("m", "Ljava/lang/String;I[La/B$User;");
        for (overload, fit) in [
            (Overload::Any, true),
            (Overload::Count(3), true),
            (Overload::Count(2), false),
            (Overload::Initials("SiU"), true),
            (Overload::Initials("Si"), false),
            (Overload::Initials("SIU"), false),
        ] {
            assert_eq!(fits(&method, overload), fit, "{overload:?}");
        }
    }
}
