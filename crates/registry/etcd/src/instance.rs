//! The value of an instance: the JSON of dubbo-go's `DefaultServiceInstance`.
//!
//! Source: dubbo-go `registry/service_instance.go`, whose fields have their names in Go; they are read
//! whatever their letters' case is, as Go's decoder does and so that Java's names are read too.

use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use dubhe_core::endpoint::Params;
use dubhe_core::url::Url;
use dubhe_registry::application::ServiceInstance;
use serde_json::{Map, Value, json};

/// The parameter of a provider's tag.
const TAG: &str = "dubbo.tag";

/// The value of an instance.
pub fn write(instance: &ServiceInstance) -> Bytes {
    let params = &instance.instance.params;
    let metadata: Map<String, Value> =
        params.iter().map(|(name, value)| (name.to_string(), Value::from(&**value))).collect();
    let weight = params.get("weight").and_then(|weight| weight.parse::<i64>().ok()).unwrap_or(0);
    let tag = params.get(TAG).map_or("", |tag| &**tag);
    let value = json!({
        "ID": instance.address(),
        "ServiceName": &*instance.instance.application,
        "Host": &*instance.instance.host,
        "Port": instance.port,
        "Weight": weight,
        "Enable": true,
        "Healthy": instance.instance.is_available(),
        "Metadata": metadata,
        "ServiceMetadata": null,
        "Address": "",
        "GroupName": "",
        "Tag": tag,
    });
    value.to_string().into()
}

/// The instance that a value describes, of `application` by its key.
///
/// # Errors
/// The reason for which there is none to use.
pub fn read(application: &ByteString, value: &[u8]) -> Result<ServiceInstance, &'static str> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(value) else {
        return Err("its value is no JSON object");
    };
    let named = |name: &str| {
        let own = fields.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        own.map(|(_, value)| value).filter(|value| !value.is_null())
    };
    let text = |name| named(name).and_then(Value::as_str).unwrap_or_default();
    let host = text("Host");
    if host.is_empty() {
        return Err("it has no host");
    }
    let port = named("Port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
    let Some(port) = port.filter(|port| *port > 0) else { return Err("it has no port") };
    // Java says `enabled`.
    let enabled = named("Enable").or_else(|| named("Enabled"));
    if enabled == Some(&Value::Bool(false)) {
        return Err("it is disabled");
    }
    let mut params = Params::new();
    match named("Metadata") {
        None => {}
        Some(Value::Object(metadata)) => {
            for (name, value) in metadata {
                if let Some(value) = value.as_str() {
                    params.insert(name.as_str().into(), value.into());
                }
            }
        }
        Some(_) => return Err("its metadata is no JSON object"),
    }
    if !text("Tag").is_empty() {
        params.entry(TAG.into()).or_insert_with(|| text("Tag").into());
    }
    if let Some(weight) = named("Weight").and_then(Value::as_u64).filter(|weight| *weight > 0) {
        params.entry("weight".into()).or_insert_with(|| weight.to_string().into());
    }
    // The facts among the parameters are those of a provider's URL.
    let url = Url { host: host.into(), port, params, ..Url::default() };
    let mut instance = url.instance();
    instance.application = application.clone();
    instance.params = url.params;
    instance.ready = named("Healthy") != Some(&Value::Bool(false));
    Ok(ServiceInstance { instance: Arc::new(instance), port })
}
