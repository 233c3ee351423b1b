//! `org.apache.dubbo.metadata.MetadataService`, version 1.0.0.

use dubhe_core::metadata_info::{MetadataInfo, ServiceInfo};
use dubhe_core::{ByteString, Code, Method, Payload, Reply, ServiceKey, Status, Value};
use dubhe_hessian2::payload;
use dubhe_registry::application::{MetadataTarget, metadata_info};

use super::{service_info, unknown};

pub(super) fn service(target: &MetadataTarget) -> ServiceKey {
    let interface = ByteString::from_static("org.apache.dubbo.metadata.MetadataService");
    ServiceKey::new(interface, target.application.clone(), "1.0.0")
}

pub(super) fn method() -> Method {
    Method::java("getMetadataInfo", "Ljava/lang/String;")
}

pub(super) fn request(revision: &str) -> Payload {
    payload::args((revision.to_owned(),))
}

/// Reads an object of Java's `MetadataInfo`, by whichever class; or the JSON text of it, which older
/// releases of Dubbo Java return (dubbo-go `metadata/client.go`).
pub(super) fn info(reply: &Reply) -> Result<MetadataInfo, Status> {
    let info: Value = payload::reply(reply)?;
    if info.is_null() {
        return Err(unknown());
    }
    if let Some(json) = info.as_str() {
        return metadata_info::from_json(json);
    }
    if info.as_object().is_none() && info.as_map().is_none() {
        let text = "its answer is no MetadataInfo; it is no MetadataService of Dubbo 3";
        return Err(Status::new(Code::DataLoss, text));
    }
    let services = info.get("services").map(entries).unwrap_or_default();
    let services = services.iter().map(|(_, of)| service_of(of));
    Ok(super::metadata_info(text(&info, "app"), text(&info, "revision"), services))
}

fn service_of(of: &Value) -> Option<ServiceInfo> {
    let name = Some(text(of, "name")).filter(|name| !name.is_empty())?;
    let key = ServiceKey::new(name, text(of, "group"), text(of, "version"));
    let port = of.get("port").map_or(Some(0), Value::as_i64).unwrap_or(-1);
    let params = of.get("params").map(entries).unwrap_or_default();
    let params = params.iter().filter_map(|(name, value)| Some((of_text(name)?, of_text(value)?)));
    service_info(key, text(of, "protocol"), port, text(of, "path"), params)
}

fn entries(map: &Value) -> &[(Value, Value)] {
    map.as_map().map(|map| &*map.entries).unwrap_or_default()
}

/// The text of a field; `""` for a null.
fn text(of: &Value, field: &str) -> ByteString {
    of.get(field).and_then(of_text).unwrap_or_default()
}

fn of_text(value: &Value) -> Option<ByteString> {
    match value.unshared() {
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}
