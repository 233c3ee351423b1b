//! Script rules: `{provider application}.script-router`.

use bytestring::ByteString;

use super::RuleHeader;
use super::condition;
use super::header::fields;
use crate::error::{ConfigError, Position, Result, Warnings};
use crate::java_url::JavaUrl;
use crate::text::{Fields, Node};

/// A script rule. The script itself is not looked at.
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::*; } pub mod documents { pub use dubhe_core::documents::*; } }
/// use dubhe::config::{Rule, validate};
/// use dubhe::documents::DocumentKey;
///
/// let key = DocumentKey::config("shop.script-router");
/// let Rule::Script(rule) = validate(&key, "script: invokers\n")?.rule else { unreachable!() };
/// assert_eq!((&*rule.language, &*rule.script), ("javascript", "invokers"));
/// # Ok::<(), dubhe::config::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptRule {
    /// The common fields; `force` is not looked at.
    pub header: RuleHeader,
    /// `type`: the language. Default `javascript`.
    pub language: ByteString,
    /// The script.
    pub script: ByteString,
    /// The place of its first character.
    pub at: Position,
}

const FIELDS: &[&str] = fields!("type", "script");
const DEFAULT_LANGUAGE: &str = "javascript";

impl ScriptRule {
    pub(crate) fn read(node: &Node, warnings: &mut Warnings) -> Result<Self> {
        let fields = Fields::new(node, "a script rule", FIELDS, warnings)?;
        let header = RuleHeader::read(&fields, warnings)?;
        let language = fields.string("type")?;
        let Some(script) = fields.get("script") else {
            return Err(ConfigError::value(fields.at(), "the rule has no script"));
        };
        Self::new(header, language, script.string("script")?, script.at)
    }

    pub(crate) fn from_url(url: &JavaUrl, at: Position) -> Result<Self> {
        let header = condition::header_of_url(url, at)?;
        let language = url.param("type").map(ByteString::from);
        Self::new(header, language, url.decoded("rule").unwrap_or_default().into(), at)
    }

    fn new(
        header: RuleHeader,
        language: Option<ByteString>,
        script: ByteString,
        at: Position,
    ) -> Result<Self> {
        if script.is_empty() {
            return Err(ConfigError::value(at, "the script is empty"));
        }
        let language = language.filter(|language| !language.is_empty());
        let language = language.unwrap_or_else(|| ByteString::from_static(DEFAULT_LANGUAGE));
        Ok(Self { header, language, script, at })
    }
}
