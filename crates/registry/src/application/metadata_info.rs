//! [`MetadataInfo`] as JSON, and its revision.
//!
//! ```
//! # mod dubhe { pub mod registry { pub use dubhe_registry::application; } }
//! use dubhe::registry::application::metadata_info::{from_json, revision, to_json};
//!
//! let text = r#"{"app":"shop","services":{"k":{"name":"a.B","protocol":"tri","port":50051}}}"#;
//! let mut info = from_json(text)?;
//! info.revision = revision(&info).into();
//! assert_eq!(info.revision.len(), 32);
//! assert_eq!(from_json(&to_json(&info))?, info);
//! # Ok::<(), dubhe_core::Status>(())
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;

use dubhe_core::metadata_info::{MetadataInfo, ServiceInfo};
use dubhe_core::printable::Shown;
use dubhe_core::{Code, ServiceKey, Status};
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

/// The parameters of a service that say something about one process (Dubbo Java
/// `MetadataInfo.KEYS_TO_REMOVE` and the instance parameters): they are not part of its metadata.
const OF_PROCESS: [&str; 13] = [
    "monitor",
    "bind.ip",
    "bind.port",
    "qos.enable",
    "qos.host",
    "qos.port",
    "qos.accept.foreign.ip",
    "validation",
    "interfaces",
    "pid",
    "timestamp",
    "heartbeat.timeout",
    "ipv6",
];

/// Returns `true` if a parameter of a provider URL is no part of the metadata of its service: its
/// name is that of one about the process alone, whatever its case, or has it after a dot.
pub fn is_of_process(name: &str) -> bool {
    let after_dot = |of: &str| name.split_once('.').is_some() && name.contains(&format!(".{of}"));
    OF_PROCESS.iter().any(|of| name.eq_ignore_ascii_case(of) || after_dot(of))
}

/// Returns the revision of services as Dubbo Java computes it (`MetadataInfo.calRevision`): `0` for
/// none, else the MD5 of the application and of each service, in the order of their keys.
pub fn revision(info: &MetadataInfo) -> String {
    if info.services.is_empty() {
        return "0".to_owned();
    }
    let mut text = info.application.to_string();
    for service in info.services.values() {
        let ServiceInfo { port, path, params, .. } = service;
        // Writing to a text never fails.
        let _ = write!(text, "{}{port}{path}{{", service.match_key());
        for (i, (name, value)) in params.iter().enumerate() {
            let between = if i == 0 { "" } else { ", " };
            let _ = write!(text, "{between}{name}={value}");
        }
        text.push('}');
    }
    Md5::digest(text).iter().fold(String::with_capacity(32), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The bytes of all texts of the metadata.
pub(super) fn text_bytes(info: &MetadataInfo) -> usize {
    let service = |of: &ServiceInfo| {
        let params = of.params.iter().map(|(name, value)| name.len() + value.len());
        of.match_key().len() + of.path.len() + params.sum::<usize>()
    };
    info.services.values().map(service).sum()
}

#[derive(Serialize, Deserialize)]
struct JsonInfo<S> {
    #[serde(default)]
    app: Option<String>,
    #[serde(default)]
    revision: Option<String>,
    #[serde(default = "Option::default")]
    services: Option<BTreeMap<String, S>>,
}

#[derive(Serialize, Deserialize)]
struct JsonService {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(default)]
    protocol: Option<String>,
    #[serde(default)]
    port: u16,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    params: Option<BTreeMap<String, String>>,
}

/// Prints the metadata as Dubbo Java stores it in a metadata centre.
pub fn to_json(info: &MetadataInfo) -> String {
    let services = info.services.iter().map(|(key, of)| {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let params = of.params.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let service = JsonService {
            name: of.service.interface().to_string(),
            group: text(of.service.group()),
            version: text(of.service.version()),
            protocol: text(&of.protocol),
            port: of.port,
            path: text(&of.path),
            params: Some(params.collect()),
        };
        (key.to_string(), service)
    });
    let json = JsonInfo {
        app: Some(info.application.to_string()),
        revision: Some(info.revision.to_string()),
        services: Some(services.collect()),
    };
    // Texts and numbers always print.
    serde_json::to_string(&json).unwrap_or_default()
}

/// Reads the metadata that Dubbo Java or dubbo-go stored; what neither needs is passed over. A service that
/// cannot be read is left out, of which a warning tells.
///
/// # Errors
/// When it is no JSON of this shape, or of its services none can be read; the message has the place.
pub fn from_json(text: &str) -> Result<MetadataInfo, Status> {
    let unreadable = |error: serde_json::Error| {
        Status::new(Code::DataLoss, format!("not the metadata of an application: {error}"))
    };
    let json: JsonInfo<serde_json::Value> = serde_json::from_str(text).map_err(unreadable)?;
    let (mut readable, mut bad) = (Vec::new(), None);
    for (key, of) in json.services.unwrap_or_default() {
        match serde_json::from_value::<JsonService>(of) {
            Ok(of) => readable.push(of),
            Err(error) => {
                let (application, revision) = (json.app.as_deref(), json.revision.as_deref());
                tracing::warn!(
                    application,
                    revision,
                    service = %Shown(&key),
                    %error,
                    "passed over a service in the metadata of an application"
                );
                bad = Some(error);
            }
        }
    }
    if let Some(error) = bad.filter(|_| readable.is_empty()) {
        return Err(unreadable(error));
    }
    let services = readable.into_iter().map(|of| {
        let text = Option::unwrap_or_default;
        let params = of.params.unwrap_or_default().into_iter();
        let service = ServiceInfo {
            path: of.path.unwrap_or_else(|| of.name.clone()).into(),
            service: ServiceKey::new(of.name, text(of.group), text(of.version)),
            protocol: text(of.protocol).into(),
            port: of.port,
            params: params.map(|(name, value)| (name.into(), value.into())).collect(),
        };
        (service.match_key().into(), service)
    });
    Ok(MetadataInfo {
        application: json.app.unwrap_or_default().into(),
        revision: json.revision.unwrap_or_default().into(),
        services: services.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info() -> MetadataInfo {
        let params =
            [("REGISTRY_CLUSTER", "default"), ("application", "shop"), ("side", "provider")];
        let service = ServiceInfo {
            service: ServiceKey::new("a.B", "g", "1.0"),
            protocol: "dubbo".into(),
            port: 20880,
            path: "a.B".into(),
            params: params.map(|(name, value)| (name.into(), value.into())).into(),
        };
        let services = [(service.match_key().into(), service)].into();
        MetadataInfo { application: "shop".into(), revision: "x".into(), services }
    }

    #[test]
    fn a_revision_is_that_of_java() {
        // MD5 of "shopg/a.B:1.0:dubbo20880a.B{REGISTRY_CLUSTER=default, application=shop, side=provider}".
        assert_eq!(revision(&info()), "1f1b6232c19ce2ea05da02b9aa93e336");
        assert_eq!(revision(&MetadataInfo::default()), "0");
    }

    #[test]
    fn json_survives_a_round_trip() {
        let text = to_json(&info());
        let expected = r#"{"app":"shop","revision":"x","services":{"g/a.B:1.0:dubbo":{"name":"a.B","group":"g","version":"1.0","protocol":"dubbo","port":20880,"path":"a.B","params":{"REGISTRY_CLUSTER":"default","application":"shop","side":"provider"}}}}"#;
        assert_eq!(text, expected);
        assert_eq!(from_json(&text).unwrap(), info());
    }

    #[test]
    fn what_others_add_or_leave_out_does_no_harm() {
        let go = r#"{"app":"go","tag":"","lastUpdatedTime":1,"services":{"k":{"name":"a.B","methods":["x"],"group":null,"params":null}}}"#;
        let info = from_json(go).unwrap();
        let service = info.services.get("a.B").unwrap();
        assert_eq!((&*service.path, service.port), ("a.B", 0));
        assert_eq!(from_json("{}").unwrap(), MetadataInfo::default());
        for bad in [
            "",
            "1",
            "{",
            r#"{"services":{"k":{}}}"#,
            r#"{"services":{"k":{"name":"a","port":70000}}}"#,
        ] {
            assert!(from_json(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_service_that_cannot_be_read_takes_no_other_with_it() {
        for bad in [r"{}", r#"{"name":"a","port":70000}"#, r#"{"name":"a","params":[]}"#, "7"] {
            let text = format!(r#"{{"app":"shop","services":{{"a":{bad},"b":{{"name":"b"}}}}}}"#);
            let info = from_json(&text).unwrap();
            let known: Vec<&str> = info.services.keys().map(|key| &**key).collect();
            assert_eq!(known, ["b"], "{bad}");
        }
    }

    #[test]
    fn parameters_of_the_process_are_known() {
        for name in ["pid", "timestamp", "QOS.enable", "bind.ip", "remote.timestamp"] {
            assert!(is_of_process(name), "{name}");
        }
        for name in ["side", "timeout", "getPid", "methods"] {
            assert!(!is_of_process(name), "{name}");
        }
    }
}
