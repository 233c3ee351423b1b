//! Tag rules: `{provider application}.tag-router`.

use bytestring::ByteString;

use super::RuleHeader;
use super::header::fields;
use super::string_match::{ParamMatch, param_match};
use crate::error::{ConfigError, Position, Result, Warnings};
use crate::text::{Fields, Node};

/// A tag rule.
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::*; } pub mod documents { pub use dubhe_core::documents::*; } }
/// use dubhe::config::{Rule, validate};
/// use dubhe::documents::DocumentKey;
///
/// let text = "tags:\n- name: gray\n  addresses: [\"10.0.0.3:20880\", \"10.0.1.*\"]\n";
/// let Rule::Tag(rule) = validate(&DocumentKey::config("shop.tag-router"), text)?.rule else {
///     unreachable!()
/// };
/// assert_eq!(rule.tags[0].addresses.len(), 2);
/// # Ok::<(), dubhe::config::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagRule {
    /// The common fields.
    pub header: RuleHeader,
    /// The tags. Without any the rule is the same as none, which ends the last one.
    pub tags: Vec<Tag>,
}

/// A tag, and the providers that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The place.
    pub at: Position,
    /// The name; `None` is found by no request.
    pub name: Option<ByteString>,
    /// The addresses: `ip:port`, `ip`, patterns such as `10.0.*.*` and `10.0.0.1-20`, networks such
    /// as `10.0.0.0/8`, and `0.0.0.0:port` for any host. They win over `matches`.
    pub addresses: Vec<ByteString>,
    /// The conditions for the parameters of a provider, all of them; read with a `configVersion` that
    /// begins with `v3.0` only, and `None` where it is not there. An empty list is every provider.
    pub matches: Option<Vec<ParamMatch>>,
}

const FIELDS: &[&str] = fields!("tags");

impl TagRule {
    pub(crate) fn read(node: &Node, warnings: &mut Warnings) -> Result<Self> {
        let fields = Fields::new(node, "a tag rule", FIELDS, warnings)?;
        let header = RuleHeader::read(&fields, warnings)?;
        let with_match = header.version_begins("v3.0");
        let items = fields.list("tags", warnings)?.unwrap_or_default();
        let tags = items.iter().map(|item| tag(item, with_match, warnings));
        Ok(Self { tags: tags.collect::<Result<_>>()?, header })
    }
}

fn tag(node: &Node, with_match: bool, warnings: &mut Warnings) -> Result<Tag> {
    let fields = Fields::new(node, "a tag", &["name", "addresses", "match"], warnings)?;
    let name = fields.string("name")?;
    if name.is_none() {
        warnings.add(node.at, || "the tag has no name, so no request finds it".to_owned());
    }
    let addresses = fields.texts("addresses", warnings)?.unwrap_or_default();
    let matches = match fields.get("match") {
        Some(node) if !with_match => {
            warnings.add(node.at, || "match is read with configVersion: v3.0 only".to_owned());
            None
        }
        Some(node) => {
            let Some(items) = node.as_sequence() else { return Err(node.not("match", "a list")) };
            let items = crate::text::limited(items, node.at, "match")?;
            Some(items.iter().map(|item| param_match(item, warnings)).collect::<Result<_>>()?)
        }
        None => None,
    };
    if with_match && addresses.is_empty() && matches.is_none() {
        let error = ConfigError::value(node.at, "the tag has neither addresses nor match");
        return Err(error.hint("write one of them, or leave the tag out"));
    }
    Ok(Tag { at: node.at, name, addresses, matches })
}
