//! The definition of a service as JSON, for consoles such as dubbo-admin: what Dubbo Java publishes of
//! its own services (`MetadataUtils.publishServiceDefinition`).

#[cfg(feature = "protobuf")]
mod protobuf;

use std::time::UNIX_EPOCH;

use dubhe_core::definition::{
    MethodDefinition, ServiceDefinition, TypeDefinition, TypeDefinitions,
};
use dubhe_core::endpoint::ServiceParams;
use dubhe_core::{Instance, Method, ServiceKey, descriptor};
use serde_json::{Map, Value, json};

use crate::service::Service;

/// The type of which nothing is known.
const OBJECT: &str = "java.lang.Object";

/// Returns the definition of a service as Dubbo Java prints its `FullServiceDefinition`: fields in the
/// order of their names, and empty lists where there is nothing. The parameters are those of its URL on
/// `instance`.
pub(crate) fn of(
    service: &dyn Service,
    key: &ServiceKey,
    params: &ServiceParams,
    instance: &Instance,
) -> String {
    let name = key.interface();
    let ServiceDefinition { methods, types } = of_service(service, name);
    let source = code_source();
    let started = instance.started.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let started = started.map(|at| at.as_millis().to_string()).unwrap_or_default();
    let own = [
        ("application", &*instance.application),
        ("group", key.group()),
        ("interface", name),
        ("release", concat!("dubhe-", env!("CARGO_PKG_VERSION"))),
        ("side", "provider"),
        ("timestamp", &started),
        ("version", key.version()),
    ];
    let parameters: Map<String, Value> = instance
        .params
        .iter()
        .chain(params.iter())
        .chain(own.into_iter().filter(|(_, value)| !value.is_empty()))
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    let methods: Vec<Value> = methods.iter().map(method).collect();
    let types: Vec<Value> = types.iter().map(|(name, parts)| type_of(name, parts)).collect();
    json!({
        "annotations": [],
        "canonicalName": **name,
        "codeSource": source,
        "methods": methods,
        "parameters": parameters,
        "types": types,
        "uniqueId": format!("{name}@{source}"),
    })
    .to_string()
}

/// The origin of the code of a service: the file of the program, as Java has the archive of a class.
fn code_source() -> String {
    let program = std::env::current_exe().ok();
    let name = program.as_deref().and_then(|path| path.file_name());
    name.map_or_else(|| "dubhe".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn method(of: &MethodDefinition) -> Value {
    json!({
        "annotations": [],
        "name": of.name,
        "parameterTypes": of.parameter_types,
        "parameters": [],
        "returnType": of.return_type,
    })
}

fn type_of(name: &str, parts: &TypeDefinition) -> Value {
    json!({
        "enums": parts.enums,
        "items": parts.items,
        "properties": parts.properties,
        "type": name,
    })
}

/// Returns the definition that a service gives of itself, that of its descriptors, or what its methods
/// tell.
#[cfg_attr(
    not(feature = "protobuf"),
    expect(unused_variables, reason = "of protobuf services alone")
)]
fn of_service(service: &dyn Service, interface: &str) -> ServiceDefinition {
    #[cfg(feature = "protobuf")]
    let described = || protobuf::of(interface, service.descriptors()?);
    #[cfg(not(feature = "protobuf"))]
    let described = || None;
    let methods = || of_methods(service.methods().iter().map(|method| &**method));
    service.definition().or_else(described).unwrap_or_else(methods)
}

/// Returns what the descriptors of methods tell of them: the results could be anything. Methods of
/// protobuf have none.
fn of_methods<'a>(methods: impl Iterator<Item = &'a Method>) -> ServiceDefinition {
    let mut types = TypeDefinitions::default();
    let mut define = |method: &Method| {
        let parameters = descriptor::parameters(method.descriptor.as_ref()?);
        let parameter_types = parameters
            .map(|of| of.map(|of| types.add(descriptor::source_name(of).replace('$', "."))))
            .collect::<Result<_, _>>();
        Some(MethodDefinition {
            name: method.name.to_string(),
            parameter_types: parameter_types.ok()?,
            return_type: types.add(OBJECT),
        })
    };
    let methods = methods.filter_map(&mut define).collect();
    ServiceDefinition { methods, types }
}
