//! The data of an instance's node: a `ServiceInstance` of Curator's service discovery, as JSON.
//!
//! Sources: Dubbo Java `ZookeeperInstance` and `CuratorFrameworkUtils`, Curator
//! `JsonInstanceSerializer`, dubbo-go `curator_discovery`; measured of Dubbo Java 3.3.6 and dubbo-go
//! 3.3.2.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytestring::ByteString;
use dubhe_core::endpoint::{Instance, Params};
use dubhe_core::printable::Printable;
use dubhe_core::url::Url;
use dubhe_registry::application::ServiceInstance;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

/// The class that Curator's reader in Dubbo Java needs to know.
const PAYLOAD_CLASS: &str = "org.apache.dubbo.registry.zookeeper.ZookeeperInstance";

/// The number of entries of the metadata of an instance that are read.
const MAX_METADATA: usize = 1024;

/// An instance as its node says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredInstance {
    /// The instance.
    pub instance: ServiceInstance,
    /// The time of its registration in milliseconds since the epoch; 0 when the node does not say.
    pub registered: u64,
}

#[derive(Serialize)]
struct Written<'a> {
    name: &'a str,
    id: &'a str,
    address: &'a str,
    port: u16,
    #[serde(rename = "sslPort")]
    ssl_port: Option<u16>,
    payload: WrittenPayload<'a>,
    #[serde(rename = "registrationTimeUTC")]
    registered: u64,
    #[serde(rename = "serviceType")]
    service_type: &'static str,
    #[serde(rename = "uriSpec")]
    uri_spec: Option<&'static str>,
}

#[derive(Serialize)]
struct WrittenPayload<'a> {
    #[serde(rename = "@class")]
    class: &'static str,
    id: &'a str,
    name: &'a str,
    metadata: BTreeMap<&'a str, &'a str>,
}

/// Prints an instance as Dubbo Java registers it.
pub fn to_json(registered: &RegisteredInstance) -> String {
    let RegisteredInstance { instance: service, registered } = registered;
    let (id, instance) = (service.address(), &service.instance);
    let mut metadata: BTreeMap<&str, &str> = instance.params.iter().collect();
    if let Some(zone) = &instance.zone {
        metadata.entry("zone").or_insert(zone);
    }
    let started = instance.started.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let started = started.map(|at| at.as_millis().to_string());
    if let Some(started) = &started {
        metadata.entry("timestamp").or_insert(started);
    }
    let (name, id) = (&*instance.application, &*id);
    let written = Written {
        name,
        id,
        address: &instance.host,
        port: service.port,
        ssl_port: None,
        payload: WrittenPayload { class: PAYLOAD_CLASS, id, name, metadata },
        registered: *registered,
        service_type: "DYNAMIC",
        uri_spec: None,
    };
    // Texts and numbers always print.
    serde_json::to_string(&written).unwrap_or_default()
}

#[derive(Deserialize)]
struct Read {
    #[serde(default)]
    address: Scalar,
    #[serde(default)]
    port: Scalar,
    #[serde(default, rename = "sslPort")]
    ssl_port: Scalar,
    #[serde(default)]
    payload: Option<ReadPayload>,
    #[serde(default, rename = "registrationTimeUTC")]
    registered: Scalar,
    #[serde(default)]
    enabled: Scalar,
}

#[derive(Deserialize)]
struct ReadPayload {
    #[serde(default)]
    metadata: Metadata,
}

/// Reads the data of a node of an application: those of Dubbo Java, of dubbo-go and of others with
/// Curator's form, such as Spring Cloud. Fields that are not known are passed over, and metadata that
/// are no texts are taken as such.
///
/// # Errors
/// The reason for people, when it is no such JSON, has no address or no port, is disabled, or has more
/// than 1,024 entries of metadata.
pub fn from_json(application: &str, data: &[u8]) -> Result<RegisteredInstance, String> {
    let read: Read = serde_json::from_slice(data).map_err(|error| unreadable(&error))?;
    if read.enabled.0.as_deref() == Some("false") {
        return Err("it is disabled".to_owned());
    }
    let host = read.address.0.filter(|host| !host.is_empty()).ok_or("it has no address")?;
    let port = |of: Scalar| of.0.and_then(|text| text.parse().ok()).filter(|port| *port != 0);
    let port = port(read.port).or_else(|| port(read.ssl_port)).ok_or("it has no port")?;
    let metadata = read.payload.map(|payload| payload.metadata).unwrap_or_default();
    if metadata.passed_over {
        return Err(format!("it has more than {MAX_METADATA} entries of metadata"));
    }
    // The facts among the parameters are those of a provider's URL.
    let url = Url { host: host.into(), params: metadata.params, ..Url::default() };
    let facts = url.instance();
    let instance = Instance { application: application.into(), params: url.params.into(), ..facts };
    Ok(RegisteredInstance {
        instance: ServiceInstance { instance: Arc::new(instance), port },
        registered: read.registered.0.and_then(|text| text.parse().ok()).unwrap_or(0),
    })
}

/// The reason of the parser, which may quote the data.
fn unreadable(error: &serde_json::Error) -> String {
    const SHOWN_BYTES: usize = 200;
    let why = error.to_string();
    let why = why.get(..why.floor_char_boundary(SHOWN_BYTES)).unwrap_or_default();
    format!("its data cannot be read: {}", Printable(why))
}

/// A text, number or truth value as text; nothing for all else.
#[derive(Default)]
struct Scalar(Option<String>);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar(Some(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Scalar, E> {
        Ok(Scalar(Some(text)))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar(Some(value.to_string())))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar(Some(value.to_string())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar(Some(value.to_string())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar(Some(value.to_string())))
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Scalar, A::Error> {
        while all.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Scalar, A::Error> {
        while all.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar(None))
    }
}

/// The metadata of an instance: none for what is no object.
#[derive(Default)]
struct Metadata {
    params: Params,
    /// `true` if there are more than are read.
    passed_over: bool,
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MetadataVisitor)
    }
}

struct MetadataVisitor;

impl<'de> Visitor<'de> for MetadataVisitor {
    type Value = Metadata;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of metadata")
    }

    fn visit_unit<E>(self) -> Result<Metadata, E> {
        Ok(Metadata::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Metadata, A::Error> {
        let mut metadata = Metadata::default();
        while let Some((name, value)) = all.next_entry::<String, Scalar>()? {
            if metadata.params.len() == MAX_METADATA {
                metadata.passed_over = true;
                while all.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                break;
            }
            if let Some(value) = value.0 {
                metadata.params.insert(name.into(), ByteString::from(value));
            }
        }
        Ok(metadata)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// The nodes that Dubbo Java 3.3.6 and dubbo-go 3.3.2 wrote.
    fn recorded() -> BTreeMap<String, String> {
        serde_json::from_str(include_str!("../../../../tests/vectors/zookeeper_instances.json"))
            .unwrap()
    }

    #[test]
    fn a_node_of_dubbo_java_is_read_and_written_to_the_byte() {
        let text = &recorded()["dubbo-java-3.3.6"];
        let read = from_json("java-dubbo-dubbo", text.as_bytes()).unwrap();
        assert_eq!(read.instance.address(), "127.0.0.1:22880");
        assert_eq!(read.instance.revision(), Some("92ff512a71dade3114770f5daba539d9"));
        assert_eq!(read.registered, 1_796_002_257_184);
        assert!(read.instance.instance.started.is_some());
        assert_eq!(to_json(&read), *text);
    }

    #[test]
    fn a_node_of_dubbo_go_is_read() {
        let read = from_json("go-triple", recorded()["dubbo-go-3.3.2"].as_bytes()).unwrap();
        assert_eq!(read.instance.address(), "127.0.0.1:22990");
        assert_eq!(&*read.instance.endpoints()[0].protocol, "tri");
        assert_eq!(read.instance.instance.params.get("registry.id").unwrap(), "zookeeper");
        assert_eq!(read.registered, 0);
    }

    #[test]
    fn what_others_add_or_leave_out_does_no_harm() {
        for (text, address) in [
            (r#"{"address":"h","port":1}"#, "h:1"),
            (r#"{"address":"h","port":"1","payload":null,"x":[{"y":[]}]}"#, "h:1"),
            (r#"{"address":"::1","port":null,"sslPort":2,"payload":{"metadata":null}}"#, "[::1]:2"),
            (r#"{"address":"h","port":1,"enabled":true,"name":{},"uriSpec":{"parts":[1]}}"#, "h:1"),
        ] {
            let read = from_json("shop", text.as_bytes()).unwrap();
            assert_eq!(read.instance.address(), address, "{text}");
            assert_eq!(&*read.instance.instance.application, "shop");
        }
        let text = r#"{"address":"h","port":1,"payload":{"metadata":{"a":1,"b":true,"c":null,"d":[1],"e":"x"}}}"#;
        let read = from_json("shop", text.as_bytes()).unwrap();
        let params =
            read.instance.instance.params.iter().map(|(name, value)| format!("{name}={value}"));
        assert_eq!(params.collect::<Vec<_>>(), ["a=1", "b=true", "e=x"]);
    }

    #[test]
    fn what_cannot_be_used_has_a_reason() {
        let many = (0..=MAX_METADATA).fold(String::new(), |mut text, n| {
            let _ = write!(text, "{}\"k{n}\":\"\"", if n == 0 { "" } else { "," });
            text
        });
        let many = format!(r#"{{"address":"h","port":1,"payload":{{"metadata":{{{many}}}}}}}"#);
        for (text, why) in [
            ("", "cannot be read"),
            ("127.0.0.1", "cannot be read"),
            ("[]", "no address"),
            (r#"{"address":"h","port":1,"payload":3}"#, "cannot be read"),
            (r#"{"port":1}"#, "no address"),
            (r#"{"address":"","port":1}"#, "no address"),
            (r#"{"address":"h"}"#, "no port"),
            (r#"{"address":"h","port":0}"#, "no port"),
            (r#"{"address":"h","port":65536}"#, "no port"),
            (r#"{"address":"h","port":1,"enabled":false}"#, "disabled"),
            (&many, "more than 1024"),
        ] {
            let error = from_json("shop", text.as_bytes()).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
