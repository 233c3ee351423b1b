//! The value of an instance: the JSON of dubbo-go's `DefaultServiceInstance`.
//!
//! Source: dubbo-go `registry/service_instance.go`, whose fields have their names in Go; they are read
//! whatever their letters' case is, as Go's decoder does and so that Java's names are read too.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use bytestring::ByteString;
use dubhe_core::endpoint::Params;
use dubhe_core::url::Url;
use dubhe_registry::application::ServiceInstance;
use serde_json::{Map, Value, json};

/// The parameter of a provider's tag.
const TAG: &str = "dubbo.tag";

/// The value of an instance. Its zone and its start are among the metadata.
pub fn write(instance: &ServiceInstance) -> Bytes {
    let params = &instance.instance.params;
    let mut metadata: Map<String, Value> =
        params.iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    let started = instance.instance.started.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    for (name, fact) in [
        ("zone", instance.instance.zone.as_ref().map(ToString::to_string)),
        ("timestamp", started.map(|at| at.as_millis().to_string())),
    ] {
        if let Some(fact) = fact {
            metadata.entry(name).or_insert_with(|| fact.into());
        }
    }
    let weight = params.get("weight").and_then(|weight| weight.parse::<i64>().ok()).unwrap_or(0);
    let tag = params.get(TAG).unwrap_or_default();
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
    instance.params = url.params.into();
    instance.ready = named("Healthy") != Some(&Value::Bool(false));
    Ok(ServiceInstance { instance: Arc::new(instance), port })
}

#[cfg(test)]
mod tests {
    use dubhe_core::Instance;
    use dubhe_core::time::Duration;

    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let instance = Instance {
            host: "::1".into(),
            application: "shop".into(),
            zone: Some("north".into()),
            started: Some(UNIX_EPOCH + Duration::from_millis(1_700_000_000_123)),
            ready: false,
            params: [("dubbo.tag".into(), "grey".into()), ("weight".into(), "7".into())].into(),
            ..Instance::default()
        };
        let instance = ServiceInstance { instance: Arc::new(instance), port: 1 };
        let value = write(&instance);
        let text = String::from_utf8(value.to_vec()).unwrap();
        for part in [r#""ID":"[::1]:1""#, r#""Weight":7"#, r#""Tag":"grey""#, r#""Healthy":false"#]
        {
            assert!(text.contains(part), "{text}");
        }
        let read = read(&"shop".into(), &value).unwrap();
        let facts = |of: &ServiceInstance| {
            let Instance { host, application, zone, started, ready, .. } = (*of.instance).clone();
            (host, application, zone, started, ready, of.port)
        };
        assert_eq!(facts(&read), facts(&instance));
        assert_eq!(read.instance.params.get("weight"), Some("7"));
    }
}
