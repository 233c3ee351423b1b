//! The instances of a service as the server tells them.

use std::collections::BTreeMap;

use bytestring::ByteString;
use dubhe_core::endpoint::Params;
use dubhe_core::printable::Shown;
use dubhe_core::registry::{Excluded, MAX_EXCLUDED};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Malformed;

/// An instance of a service (Nacos `Instance`).
#[derive(Clone, Debug, PartialEq)]
pub struct Host {
    /// The address, without port.
    pub ip: ByteString,
    /// The port; 0 of a consumer.
    pub port: u16,
    /// The weight by Nacos, 1 unless somebody says otherwise; 0 for no calls.
    pub weight: f64,
    /// `false` when the server's health check fails.
    pub healthy: bool,
    /// `false` when somebody has taken it out of service.
    pub enabled: bool,
    /// The words of its provider.
    pub metadata: Params,
}

/// The whole list of the instances of a service (Nacos `ServiceInfo`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceInfo {
    /// The name of the service, without its group.
    pub name: ByteString,
    /// The group.
    pub group: ByteString,
    /// The instances.
    pub hosts: Vec<Host>,
    /// The entries that are no instances, with the reasons.
    pub unreadable: Vec<Excluded>,
    /// The time of the list by the clock of the server, in milliseconds.
    pub time: i64,
}

impl ServiceInfo {
    /// Returns `true` if both list the same, whenever.
    pub(crate) fn is_same_list(&self, other: &Self) -> bool {
        self.hosts == other.hosts && self.unreadable == other.unreadable
    }

    /// Returns `true` if an instance of this address is listed.
    pub(crate) fn lists(&self, ip: &str, port: u16) -> bool {
        self.hosts.iter().any(|host| host.ip == *ip && host.port == port)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonHost {
    ip: String,
    #[serde(default)]
    port: u16,
    weight: Option<f64>,
    healthy: Option<bool>,
    enabled: Option<bool>,
    #[serde(default)]
    metadata: Option<BTreeMap<String, Option<String>>>,
}

/// The service of a response or a push; its hosts are read one by one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JsonService<'a> {
    name: Option<String>,
    group_name: Option<String>,
    #[serde(borrow)]
    hosts: Option<&'a RawValue>,
    last_ref_time: Option<i64>,
}

/// The separator of group and name in a grouped name.
const GROUPED: &str = "@@";

impl JsonService<'_> {
    pub(super) fn read(self) -> Result<ServiceInfo, Malformed> {
        let name = self.name.unwrap_or_default();
        // Some servers name it with its group.
        let (group, name) = match name.split_once(GROUPED) {
            Some((group, name)) => (Some(group.to_owned()), name.to_owned()),
            None => (self.group_name, name),
        };
        let mut info = ServiceInfo {
            name: name.into(),
            group: group.unwrap_or_default().into(),
            time: self.last_ref_time.unwrap_or_default(),
            ..ServiceInfo::default()
        };
        if let Some(hosts) = self.hosts {
            read_hosts(hosts.get(), &mut info)?;
        }
        Ok(info)
    }
}

/// Reads the hosts; one that cannot be read is told and costs no other.
fn read_hosts(json: &str, info: &mut ServiceInfo) -> Result<(), Malformed> {
    use serde::de::{Deserializer as _, SeqAccess, Visitor};

    struct Hosts<'b>(&'b mut ServiceInfo);

    impl<'de> Visitor<'de> for Hosts<'_> {
        type Value = ();

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a list of instances")
        }

        fn visit_unit<E>(self) -> Result<(), E> {
            Ok(())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
            // One by one: an entry that is no instance takes no memory.
            while let Some(raw) = seq.next_element::<&RawValue>()? {
                match host(raw.get()) {
                    Ok(host) => self.0.hosts.push(host),
                    Err(excluded) if self.0.unreadable.len() < MAX_EXCLUDED => {
                        self.0.unreadable.push(excluded);
                    }
                    Err(_) => {}
                }
            }
            Ok(())
        }
    }

    let mut json = serde_json::Deserializer::from_str(json);
    json.deserialize_any(Hosts(info))
        .map_err(|error| Malformed::new(format!("the instances cannot be read: {error}")))
}

fn host(json: &str) -> Result<Host, Excluded> {
    let host: JsonHost = serde_json::from_str(json).map_err(|error| {
        Excluded::new(Shown(json).to_string(), format!("it is no instance: {error}"))
    })?;
    let metadata = host.metadata.unwrap_or_default().into_iter();
    Ok(Host {
        ip: host.ip.into(),
        port: host.port,
        weight: host.weight.unwrap_or(1.0),
        healthy: host.healthy.unwrap_or(true),
        enabled: host.enabled.unwrap_or(true),
        metadata: metadata.filter_map(|(k, v)| Some((k.into(), v?.into()))).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<ServiceInfo, Malformed> {
        serde_json::from_str::<JsonService<'_>>(json).unwrap().read()
    }

    #[test]
    fn a_bad_instance_costs_no_other() {
        let info = read(
            r#"{"name":"a.B","groupName":"G","lastRefTime":7,"hosts":[
                {"ip":"10.0.0.1","port":70000},
                {"ip":"10.0.0.2","port":20880,"weight":2.5,"healthy":false,"metadata":{"k":"v","n":null}},
                {},3,{"ip":"10.0.0.3","metadata":{"k":1}},{"ip":"10.0.0.4","metadata":null}]}"#,
        )
        .unwrap();
        assert_eq!((&*info.name, &*info.group, info.time), ("a.B", "G", 7));
        let ips: Vec<&str> = info.hosts.iter().map(|host| &*host.ip).collect();
        assert_eq!(ips, ["10.0.0.2", "10.0.0.4"]);
        let first = info.hosts.first().unwrap();
        assert_eq!((first.weight, first.healthy, first.metadata.len()), (2.5, false, 1));
        assert_eq!(info.unreadable.len(), 4);
        assert!(info.unreadable.first().unwrap().instance.contains("10.0.0.1"));
    }

    #[test]
    fn no_hosts_are_an_empty_list_and_others_an_error() {
        for empty in [r#"{"name":"G@@a","hosts":null}"#, r#"{"name":"a","groupName":"G"}"#] {
            let info = read(empty).unwrap();
            assert_eq!((&*info.name, &*info.group, info.hosts.len()), ("a", "G", 0));
        }
        assert!(read(r#"{"hosts":{"ip":"a"}}"#).is_err());
    }

    #[test]
    fn entries_that_are_no_instances_take_no_memory() {
        let info = read(&format!(r#"{{"hosts":[{}0]}}"#, "{},".repeat(10_000))).unwrap();
        assert_eq!((info.hosts.len(), info.unreadable.len()), (0, MAX_EXCLUDED));
    }
}
