//! The nodes of documents.

use dubhe_core::documents::{DocumentKey, Side};
use dubhe_core::{Code, ServiceKey, Status};

use dubhe_registry::names::{decode, encode};

/// The roots of documents.
#[derive(Clone, Copy)]
pub(super) struct Paths<'a> {
    /// `/dubbo`, or the `group` of the registry.
    pub(super) root: &'a str,
    /// `/dubbo/config`, or that of another namespace.
    pub(super) config: &'a str,
}

impl Paths<'_> {
    /// The node of a document.
    ///
    /// A slash in a key begins another node, as in Java (`PathUtils.buildPath`, `toRootDir() + …`);
    /// of all parts, the interface of a definition (`BaseServiceMetadataIdentifier`) and of URLs
    /// (`ZookeeperRegistry.toServicePath`) alone is percent-encoded.
    pub(super) fn of(&self, key: &DocumentKey) -> Result<String, Status> {
        let Self { root, config } = self;
        let encoded;
        let (root, parts): (&str, &[&str]) = match key {
            DocumentKey::Config { group, key } => (config, &[group, key]),
            DocumentKey::Mapping { interface } => (root, &["mapping", interface]),
            DocumentKey::Metadata { application, revision } => {
                (root, &["metadata", application, revision])
            }
            DocumentKey::Definition { service, side, application } => {
                encoded = encode(service.interface());
                let (version, group) = (service.version(), service.group());
                let parts = ["metadata", &encoded, version, group, side.as_str(), application];
                return join(root, &parts, 4, key);
            }
            DocumentKey::Urls { service, category } => {
                encoded = encode(service.interface());
                return join(root, &[&encoded, category.as_str()], 2, key);
            }
        };
        join(root, parts, parts.len(), key)
    }

    /// The nodes at which a document may be, the first of which counts.
    pub(super) fn readable(&self, key: &DocumentKey) -> Result<Vec<String>, Status> {
        let mut paths = vec![self.of(key)?];
        if let DocumentKey::Metadata { application, revision } = key {
            // dubbo-go `metadata/report/zookeeper`: its root and no "metadata".
            paths.push(join(self.root, &[application, revision], 2, key)?);
        }
        Ok(paths)
    }
}

/// The parts below a root, of which as many as `least` are not empty.
fn join(root: &str, parts: &[&str], least: usize, key: &DocumentKey) -> Result<String, Status> {
    let there: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    let mut nodes = there.iter().flat_map(|part| part.split('/')).filter(|node| !node.is_empty());
    let is_node = |node: &str| !matches!(node, "." | "..") && !node.contains(char::is_control);
    if there.len() < least || !nodes.clone().all(is_node) {
        let why = format!("{key} is no key of a document in zookeeper");
        return Err(Status::new(Code::InvalidArgument, why));
    }
    let mut path = root.to_owned();
    nodes.by_ref().for_each(|node| {
        path.push('/');
        path.push_str(node);
    });
    Ok(path)
}

/// The key of a node below `metadata`, by its parts; `None` for one that is no document.
///
/// A part between interface and side that is alone may be a version or a group; either has the same
/// path.
pub(super) fn metadata_key(parts: &[&str]) -> Option<DocumentKey> {
    let definition =
        |interface: &str, version: &str, group: &str, side: &str, application: &str| {
            let side = side_of(side)?;
            let interface = decode(interface);
            let service = ServiceKey::new(interface, group.to_owned(), version.to_owned());
            Some(DocumentKey::Definition { service, side, application: application.into() })
        };
    match *parts {
        [application, revision] if side_of(revision).is_none() => Some(DocumentKey::Metadata {
            application: application.into(),
            revision: revision.into(),
        }),
        [interface, side, application] => definition(interface, "", "", side, application),
        [interface, version, side, application] => {
            definition(interface, version, "", side, application)
        }
        [interface, version, group, side, application] => {
            definition(interface, version, group, side, application)
        }
        _ => None,
    }
}

fn side_of(name: &str) -> Option<Side> {
    [Side::Provider, Side::Consumer].into_iter().find(|side| side.as_str() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATHS: Paths<'_> = Paths { root: "/dubbo", config: "/dubbo/config" };

    fn definition(interface: &str, group: &str, version: &str) -> DocumentKey {
        DocumentKey::Definition {
            service: ServiceKey::new(interface.to_owned(), group.to_owned(), version.to_owned()),
            side: Side::Provider,
            application: "shop".into(),
        }
    }

    fn metadata(application: &'static str, revision: &'static str) -> DocumentKey {
        DocumentKey::Metadata { application: application.into(), revision: revision.into() }
    }

    #[test]
    fn documents_are_where_java_keeps_them() {
        let mapping = DocumentKey::Mapping { interface: "a.B".into() };
        let migration = DocumentKey::Config {
            group: "DUBBO_SERVICEDISCOVERY_MIGRATION".into(),
            key: "shop.migration".into(),
        };
        for (key, path) in [
            (
                DocumentKey::config("a.B:1.0:g.configurators"),
                "/dubbo/config/dubbo/a.B:1.0:g.configurators",
            ),
            (DocumentKey::config("x//y"), "/dubbo/config/dubbo/x/y"),
            (migration, "/dubbo/config/DUBBO_SERVICEDISCOVERY_MIGRATION/shop.migration"),
            (mapping, "/dubbo/mapping/a.B"),
            (metadata("shop", "abc"), "/dubbo/metadata/shop/abc"),
            (definition("a.B", "", ""), "/dubbo/metadata/a.B/provider/shop"),
            (definition("a.B", "north", ""), "/dubbo/metadata/a.B/north/provider/shop"),
            (
                definition("a.B$C", "north", "1.0"),
                "/dubbo/metadata/a.B%24C/1.0/north/provider/shop",
            ),
        ] {
            assert_eq!(PATHS.of(&key).unwrap(), path);
        }
        let fleet = Paths { root: "", config: "/x/config" };
        assert_eq!(fleet.of(&metadata("shop", "abc")).unwrap(), "/metadata/shop/abc");
        assert_eq!(fleet.of(&DocumentKey::config("k")).unwrap(), "/x/config/dubbo/k");
        let paths = PATHS.readable(&metadata("shop", "abc")).unwrap();
        assert_eq!(paths, ["/dubbo/metadata/shop/abc", "/dubbo/shop/abc"]);
    }

    #[test]
    fn keys_that_are_no_path_are_refused() {
        for key in [
            DocumentKey::config(""),
            DocumentKey::config(".."),
            DocumentKey::config("a/../../b"),
            DocumentKey::config("a\0b"),
            DocumentKey::Mapping { interface: "".into() },
            metadata("", "x"),
            metadata("shop", ""),
            definition("", "", ""),
        ] {
            let error = PATHS.of(&key).unwrap_err();
            assert_eq!(error.code(), Code::InvalidArgument, "{key}");
        }
    }

    #[test]
    fn keys_are_read_back_from_their_nodes() {
        for key in [
            metadata("shop", "abc"),
            definition("a.B$C", "", ""),
            definition("a.B", "", "1.0"),
            definition("a.B", "north", "1.0"),
        ] {
            let path = PATHS.of(&key).unwrap();
            let parts: Vec<&str> = path.split('/').skip(3).collect();
            assert_eq!(metadata_key(&parts), Some(key));
        }
        for parts in [&["a"][..], &["a", "provider"], &["a", "b", "c"], &["a", "b", "c", "d", "e"]]
        {
            assert_eq!(metadata_key(parts), None, "{parts:?}");
        }
    }
}
