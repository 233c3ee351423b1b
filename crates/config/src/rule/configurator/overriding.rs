//! Overrides, to which configurators come down: one for each address, service and application.

use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::ServiceKey;
use dubhe_core::documents::Side;

use super::super::RuleHeader;
use super::matching::{ConditionMatch, condition_match};
use crate::error::{ConfigError, Position, Result, Warnings};
use crate::java_url::JavaUrl;
use crate::limits::{MAX_EXPANDED, MAX_ITEMS};
use crate::text::{Fields, Kind, Node};

/// A change of the parameters of some providers or consumers.
///
/// Dubbo Java pastes the values of a configurator into a URL and reads that (`ConfigParser`), so a
/// value `x&y=z` is two parameters, and the parameters `group`, `version`, `application`, `side` and
/// `enabled` change what is hit. This is what it reads.
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::*; pub use dubhe_config::rule::configurator::*; } pub mod documents { pub use dubhe_core::documents::*; } }
/// use dubhe::config::{OverrideKind, Rule, validate};
/// use dubhe::documents::DocumentKey;
///
/// let key = DocumentKey::config("org.example.Greeter::.configurators");
/// let text = r#"["absent://0.0.0.0/org.example.Greeter?timeout=5&application=shop"]"#;
/// let Rule::Configurator(rule) = validate(&key, text)?.rule else { unreachable!() };
/// let [only] = &*rule.overrides else { unreachable!() };
/// assert_eq!((only.kind, only.application.as_deref()), (OverrideKind::Absent, Some("shop")));
/// # Ok::<(), dubhe::config::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The place of the item, or of its URL.
    pub at: Position,
    /// The way in which it changes parameters.
    pub kind: OverrideKind,
    /// The form that it stems from.
    pub scope: OverrideScope,
    /// The host; `0.0.0.0` for any.
    pub host: ByteString,
    /// The port; 0 for any.
    pub port: u16,
    /// The path, which is the interface unless a parameter says otherwise.
    pub path: ByteString,
    /// The service; the interface `*` for all.
    pub service: ServiceKey,
    /// The application that it is for; `None` and `*` for all.
    pub application: Option<ByteString>,
    /// The side that it is for; `None` for consumers.
    pub side: Option<Side>,
    /// `enabled`: it is in effect.
    pub enabled: bool,
    /// `providerAddresses`: the `host:port` of the providers that it is for.
    pub provider_addresses: Vec<ByteString>,
    /// All parameters of the URL, those above among them, in no order, as they stand there.
    pub params: Vec<(ByteString, ByteString)>,
    /// The further conditions.
    pub matching: Option<Arc<ConditionMatch>>,
}

/// The way in which an override changes parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OverrideKind {
    /// `override://`: parameters are set.
    Override,
    /// `absent://`: parameters are set where there are none.
    Absent,
}

/// The form that an override stems from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OverrideScope {
    /// YAML of a service.
    Service,
    /// YAML of an application.
    Application,
    /// A URL.
    Url,
}

impl Override {
    /// Returns a parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        let (_, value) = self.params.iter().find(|(known, _)| known == name)?;
        Some(value)
    }

    pub(super) fn of_url(url: JavaUrl, scope: OverrideScope, at: Position) -> Result<Self> {
        let kind = match &*url.protocol {
            "override" => OverrideKind::Override,
            "absent" => OverrideKind::Absent,
            other => {
                let error = ConfigError::value(at, format!("{other}:// is no configurator"));
                return Err(error.hint("write override:// or absent://"));
            }
        };
        let side = match url.param("side") {
            None => None,
            Some("provider") => Some(Side::Provider),
            Some("consumer") => Some(Side::Consumer),
            Some(side) => {
                let error = ConfigError::value(at, format!("there is no side {side}"));
                return Err(error.hint("write consumer or provider"));
            }
        };
        let text = |name| url.param(name).map(ByteString::from);
        let user = url.username.as_deref().map(ByteString::from);
        let addresses = url.param("providerAddresses").unwrap_or_default();
        Ok(Self {
            at,
            kind,
            scope,
            service: ServiceKey::new(
                text("interface").unwrap_or_else(|| (&*url.path).into()),
                text("group").unwrap_or_default(),
                text("version").unwrap_or_default(),
            ),
            // The user stands for it where there is none (`URL.getApplication(getUsername())`).
            application: text("application").filter(|name| !name.is_empty()).or(user),
            side,
            enabled: url.param("enabled").is_none_or(|value| value.eq_ignore_ascii_case("true")),
            provider_addresses: addresses
                .split(',')
                .filter(|address| !address.is_empty())
                .map(ByteString::from)
                .collect(),
            host: url.host.into(),
            path: url.path.into(),
            port: url.port,
            params: url.params.into_iter().map(|(k, v)| (k.into(), v.into())).collect(),
            matching: None,
        })
    }
}

/// An item of `configs`.
pub(super) struct Item {
    at: Position,
    enabled: Option<bool>,
    addresses: Vec<ByteString>,
    provider_addresses: Vec<ByteString>,
    services: Vec<ByteString>,
    applications: Vec<ByteString>,
    parameters: Vec<(ByteString, ByteString)>,
    side: Option<ByteString>,
    matching: Option<Arc<ConditionMatch>>,
    general: bool,
}

const ITEM: &[&str] = &[
    "type",
    "enabled",
    "addresses",
    "providerAddresses",
    "services",
    "applications",
    "parameters",
    "match",
    "side",
];

impl Item {
    pub(super) fn read(node: &Node, warnings: &mut Warnings) -> Result<Self> {
        let fields = Fields::new(node, "a configurator", ITEM, warnings)?;
        let general = fields.string("type")?.is_none_or(|kind| kind == "general");
        let enabled = fields.bool("enabled", warnings)?;
        if let (true, Some(false), Some(node)) = (general, enabled, fields.get("enabled")) {
            warnings.add(node.at, || {
                "enabled of an item is read with another type than general only".to_owned()
            });
        }
        let parameters = match fields.get("parameters").map(|node| &node.kind) {
            Some(Kind::Mapping(entries)) => {
                let read = entries.iter().map(|entry| parameter(entry, warnings));
                read.collect::<Result<_>>()?
            }
            _ => Vec::new(),
        };
        if parameters.is_empty() {
            let at = fields.get("parameters").map_or(node.at, |node| node.at);
            let error = ConfigError::value(at, "a configurator has no parameters");
            return Err(error.hint("write a map, such as parameters: {timeout: 3000}"));
        }
        let mut texts = |name| fields.texts(name, warnings).map(Option::unwrap_or_default);
        Ok(Self {
            at: node.at,
            enabled,
            addresses: texts("addresses")?,
            provider_addresses: texts("providerAddresses")?,
            services: texts("services")?,
            applications: texts("applications")?,
            parameters,
            side: fields.string("side")?,
            matching: match fields.get("match") {
                Some(node) if node.is_mapping() => Some(Arc::new(condition_match(node, warnings)?)),
                Some(node) => {
                    warnings.add(node.at, || format!("match is {}, and passed over", node.what()));
                    None
                }
                None => None,
            },
            general,
        })
    }

    /// Adds the overrides that the item stands for.
    pub(super) fn expand(
        &self,
        scope: OverrideScope,
        header: &RuleHeader,
        at: Position,
        to: &mut Expanded,
    ) -> Result<()> {
        let key = header.key.clone().unwrap_or_default();
        let addresses = unless_empty(&self.addresses, "0.0.0.0");
        let (services, applications) = match scope {
            OverrideScope::Application => (unless_empty(&self.services, "*"), vec![key]),
            _ => (vec![key], self.applications.clone()),
        };
        if services.iter().any(|service| service.is_empty()) {
            let error = ConfigError::value(at, "the configurators name no service");
            return Err(error.hint("write key: with the service, such as org.example.Greeter"));
        }
        let enabled = if self.general { Some(header.enabled) } else { self.enabled };
        // As Java prints an absent one, which is then not `true`.
        let enabled = enabled.map_or("null".to_owned(), |enabled| enabled.to_string());
        let version = header.version.as_deref().unwrap_or("null");
        let own = self.query(&addresses);
        for address in &addresses {
            for service in &services {
                let begin = format!("override://{address}/{}{own}", path_and_key(service));
                if scope == OverrideScope::Application {
                    let application = applications.first().map_or("", |application| application);
                    let url = format!(
                        "{begin}&application={application}&enabled={enabled}\
                         &category=appdynamicconfigurators&configVersion={version}"
                    );
                    self.add(&url, scope, to)?;
                    continue;
                }
                let url = format!("{begin}&enabled={enabled}&configVersion={version}");
                if applications.is_empty() {
                    self.add(&url, scope, to)?;
                }
                for application in &applications {
                    self.add(&format!("{url}&application={application}"), scope, to)?;
                }
            }
        }
        Ok(())
    }

    fn add(&self, url: &str, scope: OverrideScope, to: &mut Expanded) -> Result<()> {
        to.bytes = to.bytes.saturating_add(url.len());
        if to.overrides.len() >= MAX_ITEMS || to.bytes > MAX_EXPANDED {
            let what = format!(
                "the configurators stand for more than {MAX_ITEMS} overrides, or for URLs of more \
                 than {MAX_EXPANDED} bytes"
            );
            return Err(ConfigError::limit(self.at, what));
        }
        let url = JavaUrl::parse(url).map_err(|what| ConfigError::value(self.at, what))?;
        let mut read = Override::of_url(url, scope, self.at)?;
        read.matching.clone_from(&self.matching);
        to.overrides.push(read);
        Ok(())
    }

    /// The parameters of the item itself, in Java's order: of equal names the last one counts.
    fn query(&self, addresses: &[ByteString]) -> String {
        let mut parts = vec!["category=dynamicconfigurators".to_owned()];
        parts.extend(self.side.iter().map(|side| format!("side={side}")));
        parts.extend(self.parameters.iter().map(|(name, value)| format!("{name}={value}")));
        let providers = match &*self.provider_addresses {
            [] if self.side.as_deref() == Some("provider") => addresses,
            providers => providers,
        };
        if !providers.is_empty() {
            let list: Vec<&str> = providers.iter().map(|address| &**address).collect();
            parts.push(format!("providerAddresses={}", list.join(",")));
        }
        parts.join("&")
    }
}

/// The overrides of a text so far, and the bytes of their URLs.
#[derive(Default)]
pub(super) struct Expanded {
    pub(super) overrides: Vec<Override>,
    bytes: usize,
}

fn unless_empty(list: &[ByteString], default: &'static str) -> Vec<ByteString> {
    if list.is_empty() { vec![ByteString::from_static(default)] } else { list.to_vec() }
}

/// The path of a service, `group/interface:version`, and the parameters for its group and version.
fn path_and_key(service: &str) -> String {
    let (group, rest) = match service.split_once('/') {
        Some((group, rest)) if !group.is_empty() => (format!("group={group}&"), rest),
        _ => (String::new(), service),
    };
    match rest.split_once(':') {
        Some((interface, version)) if !interface.is_empty() => {
            format!("{interface}?{group}version={version}&")
        }
        _ => format!("{rest}?{group}"),
    }
}

fn parameter(
    (key, value): &(Node, Node),
    warnings: &mut Warnings,
) -> Result<(ByteString, ByteString)> {
    let name = key.string("the name of a parameter")?;
    if value.is_null() {
        return Err(value.not(&format!("the parameter {name}"), "a value"));
    }
    let text = value.java_text().unwrap_or_else(|| {
        warnings.add(value.at, || {
            format!("the parameter {name} is {}; as in Java its printed form is set", value.what())
        });
        value.printed().into()
    });
    Ok((name, text))
}
