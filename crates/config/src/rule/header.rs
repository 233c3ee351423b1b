//! The fields that all routing rules have.

use bytestring::ByteString;

use crate::error::{Result, Warnings};
use crate::text::Fields;

/// The fields that all routing rules have (Dubbo Java `AbstractRouterRule`).
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::*; } pub mod documents { pub use dubhe_core::documents::*; } }
/// use dubhe::config::{Rule, validate};
/// use dubhe::documents::DocumentKey;
///
/// let key = DocumentKey::config("shop.tag-router");
/// let text = "enabled: false\ntags: [{name: gray, addresses: [\"10.0.0.3:20880\"]}]\n";
/// let Rule::Tag(rule) = validate(&key, text)?.rule else { unreachable!() };
/// assert!(!rule.header.enabled && !rule.header.force && rule.header.runtime);
/// # Ok::<(), dubhe::config::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleHeader {
    /// `configVersion`: decides on the form of a condition rule, and on `match` of a tag rule.
    pub version: Option<ByteString>,
    /// `scope`: `service` or `application`. Java decides by the key of the document alone.
    pub scope: Option<ByteString>,
    /// `key`: the service or application. Java decides by the key of the document alone, but for
    /// configurators.
    pub key: Option<ByteString>,
    /// `enabled`: the rule is in effect. Default `true`.
    pub enabled: bool,
    /// `force`: no provider that fits is an empty choice, in place of all providers. Default `false`.
    pub force: bool,
    /// `runtime`: choose for each call. Default `true`; in dubbo-go `false`. It changes nothing.
    pub runtime: bool,
    /// `valid`. Default `true`.
    pub valid: bool,
    /// `dynamic`. Default `false`; it changes nothing.
    pub dynamic: bool,
    /// `priority`. Default 0; it changes nothing, as there is one rule for a key.
    pub priority: i32,
}

impl Default for RuleHeader {
    fn default() -> Self {
        Self {
            version: None,
            scope: None,
            key: None,
            enabled: true,
            force: false,
            runtime: true,
            valid: true,
            dynamic: false,
            priority: 0,
        }
    }
}

impl RuleHeader {
    pub(super) fn read(fields: &Fields<'_>, warnings: &mut Warnings) -> Result<Self> {
        let default = Self::default();
        // A field of Java's that must be a text when it is there, and means nothing.
        fields.string("rawRule")?;
        let mut flag =
            |name, default| fields.bool(name, warnings).map(|value| value.unwrap_or(default));
        Ok(Self {
            enabled: flag("enabled", default.enabled)?,
            force: flag("force", default.force)?,
            runtime: flag("runtime", default.runtime)?,
            valid: flag("valid", default.valid)?,
            dynamic: flag("dynamic", default.dynamic)?,
            version: fields.string("configVersion")?,
            scope: fields.string("scope")?,
            key: fields.string("key")?,
            priority: fields.number("priority")?.unwrap_or_default(),
        })
    }

    /// Returns `true` if `configVersion` begins with this text, such as `v3.0`.
    pub(super) fn version_begins(&self, with: &str) -> bool {
        self.version.as_ref().is_some_and(|version| version.starts_with(with))
    }
}

/// The names of the fields of a header with those of one kind of rule.
macro_rules! fields {
    ($($own:literal),*) => {
        &[
            "configVersion", "scope", "key", "enabled", "force", "runtime", "valid", "dynamic",
            "priority", "rawRule", $($own),*
        ]
    };
}
pub(super) use fields;
