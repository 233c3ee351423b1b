//! Affinity rules: `{service or application}.affinity-router`, of v3.1.

use bytestring::ByteString;

use super::RuleHeader;
use super::header::fields;
use crate::error::{ConfigError, Result, Warnings};
use crate::text::{Fields, Node};

/// An affinity rule: providers whose parameter is that of the consumer, if enough of them are.
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::*; } pub mod documents { pub use dubhe_core::documents::*; } }
/// use dubhe::config::{Rule, validate};
/// use dubhe::documents::DocumentKey;
///
/// let text = "configVersion: v3.1\naffinityAware: {key: region, ratio: 20}\n";
/// let Rule::Affinity(rule) = validate(&DocumentKey::config("shop.affinity-router"), text)?.rule else {
///     unreachable!()
/// };
/// assert_eq!((rule.key.as_deref(), rule.ratio), (Some("region"), 20.0));
/// # Ok::<(), dubhe::config::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AffinityRule {
    /// The common fields.
    pub header: RuleHeader,
    /// `affinityAware.key`: the parameter.
    pub key: Option<ByteString>,
    /// `affinityAware.ratio`: the share of all providers, in percent, 0 to 100, that must be left for
    /// the rule to hold.
    pub ratio: f64,
}

const FIELDS: &[&str] = fields!("affinityAware");

impl AffinityRule {
    pub(crate) fn read(node: &Node, warnings: &mut Warnings) -> Result<Self> {
        let fields = Fields::new(node, "an affinity rule", FIELDS, warnings)?;
        let header = RuleHeader::read(&fields, warnings)?;
        let Some(version) = &header.version else {
            let error = ConfigError::value(fields.at(), "the rule has no configVersion");
            return Err(error.hint("write configVersion: v3.1"));
        };
        if !version.to_lowercase().starts_with("v3.1") {
            let what = format!("configVersion {version} has no affinity rules");
            return Err(
                ConfigError::without_effect(fields.at(), what).hint("write configVersion: v3.1")
            );
        }
        let Some(aware) = fields.get("affinityAware") else {
            return Err(ConfigError::value(fields.at(), "the rule has no affinityAware"));
        };
        let aware = Fields::new(aware, "affinityAware", &["key", "ratio"], warnings)?;
        let ratio = aware.number::<f64>("ratio")?;
        if ratio.is_none() && aware.is_empty("ratio") {
            let error = ConfigError::value(aware.at(), "the ratio is empty");
            return Err(error.hint("write a number from 0 to 100, or leave it out for 0"));
        }
        let ratio = ratio.unwrap_or_default();
        if !(0.0..=100.0).contains(&ratio) {
            let at = aware.get("ratio").map_or(aware.at(), |node| node.at);
            return Err(ConfigError::value(at, format!("the ratio {ratio} is not in 0 to 100")));
        }
        Ok(Self { header, key: aware.string("key")?, ratio })
    }
}
