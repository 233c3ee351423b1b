//! The places of documents: data ids and groups.

use bytestring::ByteString;
use dubhe_core::ServiceKey;
use dubhe_core::documents::{CONFIG_GROUP, DocumentKey, Side};

use crate::names::{from_nacos, to_nacos};

/// The group of mappings (Dubbo Java `AbstractServiceNameMapping.DEFAULT_MAPPING_GROUP`).
const MAPPING: &str = "mapping";

/// The place of a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) data_id: ByteString,
    pub(crate) group: ByteString,
}

/// Java replaces what Nacos refuses in both (Dubbo Java `NacosConfigServiceWrapper`).
fn written(text: &str) -> ByteString {
    to_nacos(text).replace('/', "-").into()
}

/// The place of a document (Dubbo Java `NacosDynamicConfiguration`, `NacosMetadataReport`).
pub(super) fn place(key: &DocumentKey) -> Place {
    let (data_id, group): (&str, &str) = match key {
        DocumentKey::Config { group, key } => (key, group),
        DocumentKey::Mapping { interface } => (interface, MAPPING),
        DocumentKey::Metadata { application, revision } => (application, revision),
        DocumentKey::Definition { service, side, application } => {
            let (interface, version, group) =
                (service.interface(), service.version(), service.group());
            let id = format!("{interface}:{version}:{group}:{}:{application}", side.as_str());
            return Place { data_id: written(&id), group: CONFIG_GROUP.into() };
        }
        // Not held: nobody writes it.
        DocumentKey::Urls { service, category } => (service.interface(), category.as_str()),
    };
    Place { data_id: written(data_id), group: written(group) }
}

/// The key of the document at a place, of which it may have been another: a group that looks like a
/// revision is taken for one, and a hyphen stays one.
pub(super) fn key(place: &Place) -> DocumentKey {
    let Place { data_id, group } = place;
    match &**group {
        MAPPING => DocumentKey::Mapping { interface: from_nacos(data_id).into() },
        CONFIG_GROUP => definition(data_id).unwrap_or_else(|| config(place)),
        revision if is_revision(revision) => {
            DocumentKey::Metadata { application: data_id.clone(), revision: revision.into() }
        }
        _ => config(place),
    }
}

fn config(place: &Place) -> DocumentKey {
    DocumentKey::Config { group: place.group.clone(), key: place.data_id.clone() }
}

fn definition(data_id: &str) -> Option<DocumentKey> {
    let data_id = from_nacos(data_id);
    let parts: Vec<&str> = data_id.split(':').collect();
    let [interface, version, group, side, application] = parts[..] else { return None };
    let side = [Side::Provider, Side::Consumer].into_iter().find(|one| one.as_str() == side)?;
    let service = ServiceKey::new(interface, group, version);
    Some(DocumentKey::Definition { service, side, application: application.into() })
}

/// An MD5 as of Dubbo Java, or a SHA-512 as of dubbo-go 3.3.2.
fn is_revision(text: &str) -> bool {
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    matches!(text.len(), 32 | 128) && text.bytes().all(hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_java() {
        let revision = "ebfa6caf653f9606186fb7764b2f34d7";
        let service = ServiceKey::new("demo.Outer$Greet", "g1", "1.2.3");
        let definition = |service: &ServiceKey, side| DocumentKey::Definition {
            service: service.clone(),
            side,
            application: "shop".into(),
        };
        let config = |group: &'static str, key: &'static str| DocumentKey::Config {
            group: group.into(),
            key: key.into(),
        };
        for (key, data_id, group) in [
            (DocumentKey::config("shop.tag-router"), "shop.tag-router", "dubbo"),
            (
                config("DUBBO_SERVICEDISCOVERY_MIGRATION", "shop.migration"),
                "shop.migration",
                "DUBBO_SERVICEDISCOVERY_MIGRATION",
            ),
            (DocumentKey::Mapping { interface: "demo.Greet".into() }, "demo.Greet", "mapping"),
            (DocumentKey::Mapping { interface: "demo.A$B".into() }, "demo.A___B", "mapping"),
            (
                DocumentKey::Metadata { application: "shop".into(), revision: revision.into() },
                "shop",
                revision,
            ),
            (
                definition(&service, Side::Provider),
                "demo.Outer___Greet:1.2.3:g1:provider:shop",
                "dubbo",
            ),
            (
                definition(&ServiceKey::interface_only("a.B"), Side::Consumer),
                "a.B:::consumer:shop",
                "dubbo",
            ),
        ] {
            let found = place(&key);
            assert_eq!((&*found.data_id, &*found.group), (data_id, group));
            assert_eq!(super::key(&found), key);
        }
        let slashes = place(&config("g/1", "g1/demo.Greet:1.0.condition-router"));
        assert_eq!(
            (&*slashes.data_id, &*slashes.group),
            ("g1-demo.Greet:1.0.condition-router", "g-1")
        );
    }
}
