//! The keys of documents: which ones an application and its services have.
//!
//! | kind | key | group | who follows it |
//! | --- | --- | --- | --- |
//! | condition | `{service}.condition-router` | `dubbo` | a consumer of the service |
//! | | `{application}.condition-router` | `dubbo` | the consumers in that application, and those of its services |
//! | tag | `{application}.tag-router` | `dubbo` | consumers of its services |
//! | script | `{application}.script-router` | `dubbo` | consumers of its services |
//! | affinity | `{service}.affinity-router` | `dubbo` | a consumer of the service |
//! | | `{application}.affinity-router` | `dubbo` | consumers of its services |
//! | configurators | `{service}.configurators` | `dubbo` | its consumers and providers |
//! | | `{application}.configurators` | `dubbo` | the application itself |
//! | mesh | `{application}.MESHAPPRULE` | `dubbo` | consumers of its services |
//! | migration | `{application}.migration` | `DUBBO_SERVICEDISCOVERY_MIGRATION` | the application itself |
//! | URLs | [`DocumentKey::Urls`] of a service, `configurators` | | its consumers and providers |
//! | | [`DocumentKey::Urls`] of a service, `routers` | | a consumer of the service |
//! | start-up | `dubbo.properties` | `dubbo`; the application | every application; the application itself |
//! | | any other `*.properties`, `*.yaml` and `*.yml` | any | |
//!
//! `{service}` is `{interface}:{version}:{group}`, always with both colons: `org.example.Greeter::`
//! without version and group (Dubbo Java `URL.getColonSeparatedKey`). The version `0.0.0` is none, as
//! dubbo-go has it (`common.URL.ColonSeparatedKey`); a [`ServiceKey`] never has it.

use bytestring::ByteString;
use dubhe_core::ServiceKey;
use dubhe_core::documents::{CONFIG_GROUP, DocumentKey, UrlCategory};

/// The group of migration rules (Dubbo Java `MigrationRule.DUBBO_SERVICEDISCOVERY_MIGRATION_GROUP`).
pub const MIGRATION_GROUP: &str = "DUBBO_SERVICEDISCOVERY_MIGRATION";

/// The key of the start-up configuration.
pub const START_UP_KEY: &str = "dubbo.properties";

/// The kind of a document.
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::RuleKind; } pub mod documents { pub use dubhe_core::documents::*; } }
/// use dubhe::config::RuleKind;
/// use dubhe::documents::DocumentKey;
///
/// let key = DocumentKey::config("shop.tag-router");
/// assert_eq!(RuleKind::of(&key), Some((RuleKind::Tag, "shop")));
/// assert_eq!(RuleKind::of(&DocumentKey::config("shop.tag-rooter")), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RuleKind {
    /// A condition rule.
    Condition,
    /// A tag rule.
    Tag,
    /// A script rule.
    Script,
    /// An affinity rule.
    Affinity,
    /// Configurators.
    Configurator,
    /// Mesh rules.
    Mesh,
    /// A migration rule.
    Migration,
    /// A start-up configuration.
    StartUp,
}

/// The kinds by the ends of their keys.
const SUFFIXES: &[(&str, RuleKind)] = &[
    (".condition-router", RuleKind::Condition),
    (".tag-router", RuleKind::Tag),
    (".script-router", RuleKind::Script),
    (".affinity-router", RuleKind::Affinity),
    (".configurators", RuleKind::Configurator),
    (".MESHAPPRULE", RuleKind::Mesh),
    (".migration", RuleKind::Migration),
    (".properties", RuleKind::StartUp),
    (".yaml", RuleKind::StartUp),
    (".yml", RuleKind::StartUp),
];

impl RuleKind {
    /// Returns the kind of the document at a key, and the service or application that it is for;
    /// `None` for a key of no kind.
    pub fn of(key: &DocumentKey) -> Option<(Self, &str)> {
        let DocumentKey::Config { key, .. } = key else { return None };
        SUFFIXES.iter().find_map(|(suffix, kind)| Some((*kind, key.strip_suffix(suffix)?)))
    }

    /// Returns the end of its keys, such as `.tag-router`.
    pub fn suffix(self) -> &'static str {
        SUFFIXES.iter().find(|(_, kind)| *kind == self).map_or("", |(suffix, _)| suffix)
    }

    /// Returns its name, such as `tag`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Condition => "condition",
            Self::Tag => "tag",
            Self::Script => "script",
            Self::Affinity => "affinity",
            Self::Configurator => "configurator",
            Self::Mesh => "mesh",
            Self::Migration => "migration",
            Self::StartUp => "start-up",
        }
    }

    /// Returns the key of the document for a service, in its [form](Keys::service_form), or an
    /// application.
    pub fn key(self, of: &str) -> DocumentKey {
        let group = match self {
            Self::Migration => MIGRATION_GROUP,
            _ => CONFIG_GROUP,
        };
        DocumentKey::Config {
            group: ByteString::from_static(group),
            key: format!("{of}{}", self.suffix()).into(),
        }
    }
}

/// The keys that an application follows.
///
/// ```
/// # mod dubhe { pub use dubhe_core::ServiceKey; pub mod config { pub use dubhe_config::Keys; } }
/// use dubhe::ServiceKey;
/// use dubhe::config::Keys;
///
/// let service = ServiceKey::new("org.example.Greeter", "north", "");
/// let keys = Keys::consumed(&service);
/// assert_eq!(keys[0].to_string(), "dubbo/org.example.Greeter::north.condition-router");
/// ```
#[derive(Debug)]
pub struct Keys(());

impl Keys {
    /// Returns the form of a service in keys: `{interface}:{version}:{group}`.
    pub fn service_form(service: &ServiceKey) -> String {
        format!("{}:{}:{}", service.interface(), service.version(), service.group())
    }

    /// Returns the keys of an application itself, those of its start-up configuration included.
    pub fn own(application: &str) -> Vec<DocumentKey> {
        let rules = [RuleKind::Condition, RuleKind::Configurator, RuleKind::Migration];
        let rules = rules.map(|kind| kind.key(application));
        rules.into_iter().chain(Self::start_up(application)).collect()
    }

    /// Returns the keys of a service that is consumed.
    pub fn consumed(service: &ServiceKey) -> Vec<DocumentKey> {
        let form = Self::service_form(service);
        let rules = [RuleKind::Condition, RuleKind::Affinity, RuleKind::Configurator];
        let urls = [UrlCategory::Configurators, UrlCategory::Routers];
        let urls = urls.map(|category| Self::urls(service, category));
        rules.into_iter().map(|kind| kind.key(&form)).chain(urls).collect()
    }

    /// Returns the keys of a service that is provided.
    pub fn provided(service: &ServiceKey) -> Vec<DocumentKey> {
        let own = RuleKind::Configurator.key(&Self::service_form(service));
        vec![own, Self::urls(service, UrlCategory::Configurators)]
    }

    /// Returns the key of the rules of a service that are URLs beside its providers.
    pub fn urls(service: &ServiceKey, category: UrlCategory) -> DocumentKey {
        DocumentKey::Urls { service: service.clone(), category }
    }

    /// Returns the keys of an application whose services are consumed.
    pub fn providers_of(application: &str) -> Vec<DocumentKey> {
        use RuleKind::{Affinity, Condition, Mesh, Script, Tag};
        [Condition, Tag, Script, Affinity, Mesh].map(|kind| kind.key(application)).into()
    }

    /// Returns the key of the migration rule of an application.
    pub fn migration(application: &str) -> DocumentKey {
        RuleKind::Migration.key(application)
    }

    /// Returns the keys of the start-up configuration: that of all applications, and that of the
    /// application, whose values win (Dubbo Java `DefaultApplicationDeployer.prepareEnvironment`).
    pub fn start_up(application: &str) -> [DocumentKey; 2] {
        [CONFIG_GROUP, application].map(|group| DocumentKey::Config {
            group: group.into(),
            key: ByteString::from_static(START_UP_KEY),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_have_both_colons_and_no_version_0_0_0() {
        for (group, version, form) in [
            ("", "", "a.B::"),
            ("g", "", "a.B::g"),
            ("", "1.0", "a.B:1.0:"),
            ("g", "1.0", "a.B:1.0:g"),
            ("", "0.0.0", "a.B::"),
        ] {
            assert_eq!(Keys::service_form(&ServiceKey::new("a.B", group, version)), form);
        }
    }

    #[test]
    fn every_kind_is_known_by_its_own_key() {
        for (_, kind) in SUFFIXES {
            assert_eq!(RuleKind::of(&kind.key("shop")), Some((*kind, "shop")));
        }
        assert_eq!(
            Keys::migration("shop").to_string(),
            "DUBBO_SERVICEDISCOVERY_MIGRATION/shop.migration"
        );
        let [all, own] = Keys::start_up("shop");
        assert_eq!(
            (all.to_string(), own.to_string()),
            ("dubbo/dubbo.properties".to_owned(), "shop/dubbo.properties".to_owned())
        );
        let mapping = DocumentKey::Mapping { interface: "a.B.tag-router".into() };
        assert_eq!(RuleKind::of(&mapping), None);
    }
}
