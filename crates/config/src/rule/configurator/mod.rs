//! Configurators: `{service or application}.configurators`, and `override://` URLs.

mod matching;
mod overriding;

use bytestring::ByteString;
pub use matching::{AddressMatch, ConditionMatch};
pub use overriding::{Override, OverrideKind, OverrideScope};

use self::overriding::{Expanded, Item};
use super::RuleHeader;
use crate::error::{ConfigError, Position, Result, Warnings};
use crate::java_url::JavaUrl;
use crate::text::{Fields, Node};

/// The configurators of a service or an application.
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::*; pub use dubhe_config::rule::configurator::*; } pub mod documents { pub use dubhe_core::documents::*; } }
/// use dubhe::config::{Rule, validate};
/// use dubhe::documents::DocumentKey;
///
/// let text = "configVersion: v3.0\nscope: application\nkey: shop\nconfigs:\n\
///             - side: consumer\n  parameters: {timeout: 3000}\n";
/// let Rule::Configurator(rule) = validate(&DocumentKey::config("shop.configurators"), text)?.rule
/// else {
///     unreachable!()
/// };
/// assert_eq!(rule.overrides[0].param("timeout"), Some("3000"));
/// # Ok::<(), dubhe::config::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfiguratorRule {
    /// `configVersion`, for texts in YAML.
    pub version: Option<ByteString>,
    /// The overrides, in the order of the text; one for each address, service and application.
    pub overrides: Vec<Override>,
}

/// `force`, `runtime` and the like mean nothing here, but tools write them into every rule.
const FIELDS: &[&str] = super::header::fields!("configs");

impl ConfiguratorRule {
    pub(crate) fn read(node: &Node, warnings: &mut Warnings) -> Result<Self> {
        if let Some(urls) = node.as_sequence() {
            return Self::read_urls(urls, node.at);
        }
        let fields = Fields::new(node, "configurators", FIELDS, warnings)?;
        let header = RuleHeader {
            version: fields.string("configVersion")?,
            scope: fields.string("scope")?,
            key: fields.string("key")?,
            enabled: fields.bool("enabled", warnings)?.unwrap_or(true),
            ..RuleHeader::default()
        };
        let Some(configs) = fields.get("configs") else {
            return Err(ConfigError::value(fields.at(), "there are no configs"));
        };
        let Some(items) = configs.as_sequence() else {
            return Err(configs.not("configs", "a list"));
        };
        let items = crate::text::limited(items, configs.at, "configs")?;
        if items.is_empty() {
            let error = ConfigError::without_effect(configs.at, "configs is empty");
            return Err(error.hint(
                "the last ones stay in effect; to end them write enabled: false, or remove the document",
            ));
        }
        let scope = match header.scope.as_deref() {
            Some("application") => OverrideScope::Application,
            _ => OverrideScope::Service,
        };
        let mut all = Expanded::default();
        for item in items {
            Item::read(item, warnings)?.expand(scope, &header, fields.at(), &mut all)?;
        }
        Ok(Self { version: header.version, overrides: all.overrides })
    }

    /// A JSON array of URLs, which is YAML too.
    fn read_urls(items: &[Node], at: Position) -> Result<Self> {
        let items = crate::text::limited(items, at, "the list of URLs")?;
        if items.is_empty() {
            return Err(ConfigError::value(at, "the list of URLs is empty"));
        }
        let urls = items.iter().map(|node| Ok((node.string("an item of the list")?, node.at)));
        Ok(Self { version: None, overrides: of_urls(urls)? })
    }
}

/// The overrides of some URLs. `empty://` ends those before it, and the list; one that changes nothing
/// is left out (Dubbo Java `Configurator.toConfigurators`).
pub(crate) fn of_urls<T: AsRef<str>>(
    urls: impl IntoIterator<Item = Result<(T, Position)>>,
) -> Result<Vec<Override>> {
    let mut all = Vec::new();
    for item in urls {
        let (text, at) = item?;
        let url = JavaUrl::parse(text.as_ref()).map_err(|what| ConfigError::value(at, what))?;
        if url.protocol == "empty" {
            return Ok(Vec::new());
        }
        all.extend(of_url(url, at)?);
    }
    Ok(all)
}

/// The override of a URL; `None` for one that changes nothing.
pub(crate) fn of_url(url: JavaUrl, at: Position) -> Result<Option<Override>> {
    let changes = url.params.keys().any(|name| name != "anyhost");
    let read = Override::of_url(url, OverrideScope::Url, at)?;
    Ok(changes.then_some(read))
}
