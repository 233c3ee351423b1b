//! Matches of values in tag rules, configurators and mesh rules.

use std::sync::Arc;

use bytestring::ByteString;
use regex_syntax::ast::parse::ParserBuilder;

use crate::error::{ConfigError, Result, Warnings};
use crate::limits::{MAX_REGEX, MAX_REGEX_DEPTH};
use crate::text::{Fields, Node};

/// A match of a text that may be absent (Dubbo Java `StringMatch`).
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::rule::string_match::*; } }
/// use dubhe::config::{StringMatch, TextMatch};
///
/// // value: {prefix: demo}
/// let matching = StringMatch { text: Some(TextMatch::Prefix("demo".into())), presence: None };
/// # assert_ne!(matching, StringMatch::default());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct StringMatch {
    /// The condition for a value that is there.
    pub text: Option<TextMatch>,
    /// The condition where there is no value, and for every value without `text`. Without this
    /// either, nothing matches.
    pub presence: Option<Presence>,
}

/// A condition for a text. Of several fields the first one here counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TextMatch {
    /// `exact`, and a `wildcard` other than `*`: the text itself.
    Exact(ByteString),
    /// `prefix`: texts that begin with it.
    Prefix(ByteString),
    /// `regex`: texts that the expression matches whole.
    Regex(Regex),
    /// `wildcard: "*"`: every text.
    Any,
}

/// The presence of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Presence {
    /// `empty`: it is absent or empty.
    Empty,
    /// `noempty`: it is there and not empty.
    NotEmpty,
}

/// A regular expression whose syntax is known to be right, as text. Who compiles it bounds the size
/// of what it becomes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Regex(Arc<str>);

impl Regex {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Reads a match of a text from the value of `what`.
pub(super) fn string_match(
    node: &Node,
    what: &str,
    warnings: &mut Warnings,
) -> Result<StringMatch> {
    let known = &["exact", "prefix", "regex", "wildcard", "empty", "noempty"];
    let fields = Fields::new(node, what, known, warnings)?;
    let text = if let Some(exact) = fields.text("exact")? {
        Some(TextMatch::Exact(exact))
    } else if let Some(prefix) = fields.text("prefix")? {
        Some(TextMatch::Prefix(prefix))
    } else if let Some(node) = fields.get("regex") {
        Some(TextMatch::Regex(regex(node)?))
    } else {
        let wildcard = fields.text("wildcard")?;
        wildcard.map(|text| if &*text == "*" { TextMatch::Any } else { TextMatch::Exact(text) })
    };
    let presence = match (fields.get("empty"), fields.get("noempty")) {
        (Some(_), _) => Some(Presence::Empty),
        (None, Some(_)) => Some(Presence::NotEmpty),
        (None, None) => None,
    };
    if text.is_none() && presence.is_none() {
        warnings.add(node.at, || format!("{what} says nothing, so it matches nothing"));
    }
    Ok(StringMatch { text, presence })
}

fn regex(node: &Node) -> Result<Regex> {
    let text = node.text("regex")?;
    if text.len() > MAX_REGEX {
        let what = format!("a regular expression has {} bytes; at most {MAX_REGEX}", text.len());
        return Err(ConfigError::limit(node.at, what));
    }
    let parsed = ParserBuilder::new().nest_limit(MAX_REGEX_DEPTH).build().parse(&text);
    parsed.map_err(|error| {
        let characters = text.get(..error.span().start.offset).map_or(0, |s| s.chars().count());
        let at = if node.verbatim { node.at.right(characters) } else { node.at };
        let error = ConfigError::value(at, format!("not a regular expression: {}", error.kind()));
        error.hint("look-around and back-references are not known, as their time has no bound")
    })?;
    Ok(Regex((&*text).into()))
}

/// A parameter and what it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamMatch {
    /// The name of the parameter; `None` matches nothing.
    pub key: Option<ByteString>,
    /// The value; `None` matches nothing.
    pub value: Option<StringMatch>,
}

/// Reads `{key, value}`.
pub(super) fn param_match(node: &Node, warnings: &mut Warnings) -> Result<ParamMatch> {
    let fields = Fields::new(node, "match", &["key", "value"], warnings)?;
    let value = match fields.get("value") {
        // A text in its place is passed over in Java, and so is what it says.
        Some(value) if value.is_mapping() => Some(string_match(value, "value", warnings)?),
        _ => None,
    };
    let read = ParamMatch { key: fields.text("key")?, value };
    if read.key.is_none() || read.value.is_none() {
        warnings.add(node.at, || "a match without key and value matches nothing".to_owned());
    }
    Ok(read)
}

/// Reads `{oneof: [..]}`.
pub(super) fn one_of(node: &Node, what: &str, warnings: &mut Warnings) -> Result<Vec<StringMatch>> {
    let fields = Fields::new(node, what, &["oneof"], warnings)?;
    let Some(all) = fields.get("oneof") else {
        let error = ConfigError::value(node.at, format!("{what} has no oneof"));
        return Err(error.hint("write {oneof: [{exact: text}]}; with none Java fails every call"));
    };
    string_matches(all, "oneof", warnings)
}

/// Reads a list of matches.
pub(super) fn string_matches(
    node: &Node,
    what: &str,
    warnings: &mut Warnings,
) -> Result<Vec<StringMatch>> {
    let Some(items) = node.as_sequence() else { return Err(node.not(what, "a list")) };
    let items = crate::text::limited(items, node.at, what)?;
    items.iter().map(|item| string_match(item, what, warnings)).collect()
}
