//! Configurators: changes of the parameters that providers and consumers have.
//!
//! They apply in Dubbo Java's order (`RegistryDirectory.overrideWithConfigurator`): those that are URLs beside
//! the providers, those of the application, those of the service; within each of these, those for a host after
//! those for any, and of equal hosts by the parameter `priority`, so that the last one wins.

mod directory;
mod matching;
mod merge;
mod url;

use bytestring::ByteString;
use dubhe_config::rule::configurator::{Override, OverrideKind};
use dubhe_config::{ConfigSnapshot, Keys};
use dubhe_core::ServiceKey;
use dubhe_core::documents::Side;

pub use self::directory::ConfiguredDirectory;
use self::matching::Conditions;
pub use self::merge::merge;
pub use self::url::ServiceUrl;

/// Any host (Dubbo Java `ANYHOST_VALUE`).
const ANY_HOST: &str = "0.0.0.0";
/// Any application or service.
const ANY: &str = "*";

/// Parameters of an override that say what it is for, and change nothing (Dubbo Java
/// `AbstractConfigurator.genConditionKeys`).
const CONDITIONS: [&str; 11] = [
    "application",
    "category",
    "check",
    "compatible_config",
    "configVersion",
    "dynamic",
    "enabled",
    "group",
    "interfaces",
    "side",
    "version",
];

/// Parameters that a document must not change, as they name files and scripts
/// (`AbstractConfiguratorListener.initSecurityKey`).
const SECURITY: [&str; 5] = ["accesslog.fixed.path", "router", "rule", "runtime", "type"];

/// The configurators that concern a service in an application, in the order in which they apply.
///
/// ```
/// # mod dubhe { pub use dubhe_core::ServiceKey; pub mod config { pub use dubhe_config::ConfigSnapshot; } pub mod rules { pub use dubhe_rules::configurators::*; } }
/// use dubhe::ServiceKey;
/// use dubhe::config::ConfigSnapshot;
/// use dubhe::rules::{Configurators, ServiceUrl};
///
/// /// The timeout of a provider for the consumers of an application, in milliseconds.
/// fn timeout(snapshot: &ConfigSnapshot, mut url: ServiceUrl) -> Option<String> {
///     let service = ServiceKey::interface_only("org.example.Users");
///     Configurators::of(snapshot, &service, "shop").apply(&mut url, "10.0.0.100");
///     url.param("timeout").map(str::to_owned)
/// }
///
/// let url = ServiceUrl::new("10.0.0.1", 20880, "org.example.Users")
///     .with_param("side", "consumer")
///     .with_param("timeout", "1000");
/// assert_eq!(timeout(&ConfigSnapshot::default(), url).as_deref(), Some("1000"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configurators(Vec<Configurator>);

/// An override that is in effect.
#[derive(Clone, Debug)]
struct Configurator {
    one: Override,
    /// `configVersion`, which decides on the way to look at it.
    version: Option<ByteString>,
    conditions: Option<Conditions>,
    /// Set for one whose text is a document.
    of_document: bool,
}

impl PartialEq for Configurator {
    fn eq(&self, other: &Self) -> bool {
        // All else is made of these.
        (&self.one, self.of_document) == (&other.one, other.of_document)
    }
}

impl Eq for Configurator {}

impl Configurators {
    /// The configurators in `snapshot` for those who consume or provide `service` in `application`.
    pub fn of(snapshot: &ConfigSnapshot, service: &ServiceKey, application: &str) -> Self {
        let document = |key: &str| {
            let rule = snapshot.configurators(key);
            rule.map_or_else(Vec::new, |rule| sorted(&rule.overrides, true))
        };
        let mut all = sorted(snapshot.override_urls(service), false);
        if !application.is_empty() {
            all.extend(document(application));
        }
        all.extend(document(&Keys::service_form(service)));
        Self(all)
    }

    /// The configurators that are URLs beside the providers of a service.
    pub fn of_urls(urls: &[Override]) -> Self {
        Self(sorted(urls, false))
    }

    /// Returns `true` if there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Changes `url` on the machine with the address `local_host`, and returns `true` if one of them did.
    pub fn apply(&self, url: &mut ServiceUrl, local_host: &str) -> bool {
        let mut changed = false;
        for one in &self.0 {
            changed |= one.hits(url, local_host) && one.change(url);
        }
        changed
    }
}

/// The enabled ones, in the order in which they apply (`Configurator.compareTo`).
fn sorted(overrides: &[Override], of_document: bool) -> Vec<Configurator> {
    let enabled = overrides.iter().filter(|one| one.enabled && !one.host.is_empty());
    let mut all: Vec<_> = enabled
        .map(|one| Configurator {
            version: one.param("configVersion").filter(|v| !v.is_empty()).map(ByteString::from),
            conditions: one.matching.as_deref().map(Conditions::new),
            one: one.clone(),
            of_document,
        })
        .collect();
    let priority = |of: &Configurator| {
        of.one.param("priority").and_then(|text| text.parse::<i32>().ok()).unwrap_or_default()
    };
    all.sort_by(|a, b| (&a.one.host, priority(a)).cmp(&(&b.one.host, priority(b))));
    all
}

impl Configurator {
    /// Returns `true` if it is for this URL.
    fn hits(&self, url: &ServiceUrl, local_host: &str) -> bool {
        let side = url.side();
        let host = match (&self.version, self.one.side, side) {
            (Some(_), Some(Side::Consumer), Some(Side::Consumer)) => local_host,
            (Some(_), Some(Side::Provider), Some(Side::Provider)) => url.host(),
            (Some(_), ..) => return false,
            // Without a version, those with a port are for a provider and whoever has it, and those without
            // for consumers by their own address, or for all providers.
            (None, ..) if self.one.port != 0 => {
                if self.one.port != url.port() {
                    return false;
                }
                url.host()
            }
            (None, _, Some(Side::Consumer)) => local_host,
            (None, _, Some(Side::Provider)) => ANY_HOST,
            (None, _, None) => return false,
        };
        let any_host = self.one.host == ANY_HOST || self.one.host == *host;
        any_host && self.is_for(url) && self.holds(url, host)
    }

    /// Looks at the provider addresses, the application and the service.
    fn is_for(&self, url: &ServiceUrl) -> bool {
        let addresses = &self.one.provider_addresses;
        if !addresses.is_empty() {
            let address = url.address();
            let any_port = format!("{ANY_HOST}:{}", url.port());
            let hits = |one: &ByteString| {
                *one == address
                    || *one == ANY_HOST
                    || *one == "0.0.0.0:*"
                    || *one == any_port
                    || *one == url.host()
            };
            if !addresses.iter().any(hits) {
                return false;
            }
        }
        let application = self.one.application.as_deref().filter(|name| !name.is_empty());
        if application.is_some_and(|name| name != ANY && Some(name) != url.param("application")) {
            return false;
        }
        let service = self.service_key();
        service == ANY || service == url.service_key()
    }

    /// The key of the service that it is for, in Java's form.
    fn service_key(&self) -> String {
        let one = &self.one;
        let interface = one.param("interface").filter(|name| !name.is_empty());
        let part = |name| one.param(name).unwrap_or_default();
        url::service_key(interface.unwrap_or(&one.path), part("group"), part("version"))
    }

    /// Looks at further conditions: of v3.0 those of `match`, before it parameters whose names begin with a tilde.
    fn holds(&self, url: &ServiceUrl, host: &str) -> bool {
        if self.version.as_deref().is_some_and(|version| version.starts_with("v3.0")) {
            return self.conditions.as_ref().is_none_or(|conditions| conditions.hold(host, url));
        }
        self.one.params.iter().all(|(name, value)| {
            let key = match name.strip_prefix('~') {
                Some(key) => key,
                None if matches!(&**name, "application" | "side") => name,
                None => return true,
            };
            value == ANY || url.param(key) == Some(value)
        })
    }

    fn change(&self, url: &mut ServiceUrl) -> bool {
        let changes = self.one.params.iter().filter(|(name, _)| {
            let secure = self.of_document && SECURITY.contains(&&**name);
            // Before v3.0 a name with a tilde is a condition.
            let condition = name.starts_with('~')
                && !self.version.as_deref().is_some_and(|version| version.starts_with("v3.0"));
            !secure && !condition && !CONDITIONS.contains(&&**name)
        });
        let mut changed = false;
        for (name, value) in changes {
            let set = match self.one.kind {
                OverrideKind::Override => url.param(name) != Some(value),
                OverrideKind::Absent => url.param(name).is_none_or(str::is_empty),
            };
            if set {
                url.set(name.clone(), value.clone());
                changed = true;
            }
        }
        changed
    }
}
