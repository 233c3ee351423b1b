//! The registry that a project has in its source.

use dubhe::registry::RegistryParts;

use crate::registries;

/// The word for no registry.
pub(super) const NONE: &str = "none";

/// The kinds of registries, with what a project needs to use them.
const KINDS: &[Scheme] = &[
    Scheme { name: "zookeeper", registers: true, feature: None },
    Scheme { name: "nacos", registers: true, feature: None },
    Scheme { name: "etcd", registers: true, feature: None },
    Scheme { name: "file", registers: true, feature: None },
    Scheme { name: "static", registers: false, feature: None },
    Scheme { name: "kubernetes", registers: true, feature: Some("kubernetes") },
    Scheme { name: "dns", registers: false, feature: Some("dns") },
];

/// The words in names of parameters that hold what is secret.
const SECRET: &[&str] = &["password", "secret", "token", "accesskey"];

struct Scheme {
    name: &'static str,
    /// The ability to register providers.
    registers: bool,
    /// The feature of `dubhe` that is off by default.
    feature: Option<&'static str>,
}

/// A registry by its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Registry {
    pub(super) url: String,
    /// The feature of `dubhe` that it needs.
    pub(super) feature: Option<&'static str>,
}

impl Registry {
    /// Reads the URL of a registry, or [`NONE`], for a project that registers providers or does not. Must be
    /// called within a tokio runtime.
    ///
    /// # Errors
    /// When the URL is wrong, or would bring a password into the source.
    pub(super) fn read(text: &str, registers: bool) -> Result<Option<Self>, String> {
        if text == NONE {
            return Ok(None);
        }
        let scheme = text
            .split_once("://")
            .and_then(|(name, _)| KINDS.iter().find(|scheme| scheme.name == name));
        let Some(scheme) = scheme else {
            return Err(format!(
                "{text:?} is no registry where processes meet: {}, or {NONE}",
                registries::KINDS
            ));
        };
        if registers && !scheme.registers {
            let name = scheme.name;
            return Err(format!(
                "{name}:// takes no registrations of a provider; it is for consumers"
            ));
        }
        if holds_secret(text) {
            return Err(
                "a URL with a password would be in the source: leave user and password out, and give the \
                 program the whole URL in the variable REGISTRY"
                    .to_owned(),
            );
        }
        // Beside what is wrong in a URL, what a table of Markdown could not show.
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || "\"\\`|<>".contains(c)) {
            return Err(format!("{text:?} is no URL"));
        }
        // This program may be built without the others.
        if scheme.feature.is_none() {
            let opened = RegistryParts::open(text, registries::APPLICATION);
            opened.map_err(|error| error.message().to_owned())?;
        }
        Ok(Some(Self { url: text.to_owned(), feature: scheme.feature }))
    }
}

/// Returns true if a user, a password or a parameter such as a token is in a URL.
fn holds_secret(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = place.split('/').next().unwrap_or_default();
    let mut names = query.split('&').filter_map(|pair| pair.split('=').next());
    authority.contains('@')
        || names.any(|name| {
            let name = name.to_ascii_lowercase().replace(['-', '_', '.'], "");
            SECRET.iter().any(|word| name.contains(word))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn registries_are_those_in_which_processes_meet() {
        let registers = [
            "zookeeper://10.0.0.1:2181,10.0.0.2:2181?group=dubbo",
            "nacos://h:8848?namespace=dev",
            "etcd://h:2379",
            "file:///tmp/dubhe",
        ];
        for url in registers {
            for provider in [true, false] {
                let read = Registry::read(url, provider).unwrap();
                assert_eq!(read, Some(Registry { url: url.to_owned(), feature: None }));
            }
        }
        let kubernetes = Registry::read("kubernetes://", true).unwrap().unwrap();
        assert_eq!(kubernetes.feature, Some("kubernetes"));
        assert_eq!(Registry::read(NONE, true), Ok(None));
        for url in ["static://h:1?protocol=dubbo", "dns:///h:1?protocol=dubbo"] {
            assert!(Registry::read(url, false).is_ok(), "{url}");
            let error = Registry::read(url, true).unwrap_err();
            assert!(error.contains("no registrations"), "{error}");
        }
    }

    #[tokio::test]
    async fn what_cannot_be_is_refused_with_its_reason() {
        for (url, why) in [
            ("127.0.0.1:2181", "is no registry"),
            ("consul://h:1", "is no registry"),
            ("memory://", "is no registry"),
            ("apollo://h:1", "is no registry"),
            ("zookeeper://h:x", "h:x"),
            ("nacos://h:1?a b", "is no URL"),
            ("nacos://h:1?a=`b`", "is no URL"),
            ("nacos://me:word@h:1", "REGISTRY"),
            ("etcd://h:1?password=x", "REGISTRY"),
            ("nacos://h:1?secretKey=x", "REGISTRY"),
        ] {
            let error = Registry::read(url, false).unwrap_err();
            assert!(error.contains(why), "{url}: {error}");
            assert!(!error.contains("word@"), "{error}");
        }
    }
}
