//! A value of a YAML text.

use bytestring::ByteString;

use super::scalar::{self, Resolved};
use crate::error::{ConfigError, Position, Result};

/// A value, and where it begins.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) at: Position,
    /// `true` if each character of the text of a scalar is one of the source, from
    /// [`at`](Self::at) on.
    pub(crate) verbatim: bool,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    /// A map, in the order of the text; a key that comes again has replaced the earlier one.
    Mapping(Vec<(Node, Node)>),
}

/// A scalar: its text, and what SnakeYAML makes of it.
#[derive(Clone, Debug)]
pub(crate) struct Scalar {
    pub(crate) text: ByteString,
    pub(crate) resolved: Resolved,
}

impl Node {
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar(Scalar { resolved: Resolved::Null, .. }))
    }

    /// The text of a scalar that is a string to Java.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(Scalar { text, resolved: Resolved::Text }) => Some(text),
            _ => None,
        }
    }

    /// A scalar as Java's `String.valueOf` writes it: `null`, `true`, numbers in decimal.
    pub(crate) fn java_text(&self) -> Option<ByteString> {
        let Kind::Scalar(Scalar { text, resolved }) = &self.kind else { return None };
        Some(match resolved {
            Resolved::Text => text.clone(),
            Resolved::Null => ByteString::from_static("null"),
            Resolved::Bool(true) => ByteString::from_static("true"),
            Resolved::Bool(false) => ByteString::from_static("false"),
            Resolved::Int(decimal) => decimal.clone(),
            Resolved::Float(number) => scalar::java_double(*number).into(),
        })
    }

    /// A value as Java's `String.valueOf` writes it, lists and maps too: `{from={match=}, to=[a, b]}`.
    pub(crate) fn printed(&self) -> String {
        let joined = |parts: Vec<String>| parts.join(", ");
        match &self.kind {
            Kind::Scalar(_) => self.java_text().unwrap_or_default().to_string(),
            Kind::Sequence(items) => {
                format!("[{}]", joined(items.iter().map(Self::printed).collect()))
            }
            Kind::Mapping(entries) => {
                let entry =
                    |(key, value): &(Self, Self)| format!("{}={}", key.printed(), value.printed());
                format!("{{{}}}", joined(entries.iter().map(entry).collect()))
            }
        }
    }

    /// A value as JSON, which is what a text of Java becomes that is a map or a list in a document.
    pub(crate) fn json(&self) -> String {
        let quoted = |text: &str| format!("{text:?}");
        match &self.kind {
            Kind::Scalar(Scalar { text, resolved: Resolved::Text }) => quoted(text),
            Kind::Scalar(_) => self.java_text().unwrap_or_default().to_string(),
            Kind::Sequence(items) => {
                format!("[{}]", items.iter().map(Self::json).collect::<Vec<_>>().join(","))
            }
            Kind::Mapping(entries) => {
                let entry = |(key, value): &(Self, Self)| {
                    format!("{}:{}", quoted(&key.printed()), value.json())
                };
                format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(","))
            }
        }
    }

    /// The items of a list; `None` for everything else.
    pub(crate) fn as_sequence(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::Sequence(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn is_mapping(&self) -> bool {
        matches!(self.kind, Kind::Mapping(_))
    }

    /// The name of its kind, for an error.
    pub(crate) fn what(&self) -> &'static str {
        match &self.kind {
            Kind::Sequence(_) => "a list",
            Kind::Mapping(_) => "a map",
            Kind::Scalar(scalar) => match scalar.resolved {
                Resolved::Null => "empty",
                Resolved::Bool(_) => "a boolean",
                Resolved::Int(_) | Resolved::Float(_) => "a number",
                Resolved::Text => "a text",
            },
        }
    }

    /// The error of a value that should be something else.
    pub(crate) fn not(&self, field: &str, wanted: &str) -> ConfigError {
        ConfigError::value(self.at, format!("{field} is {}, not {wanted}", self.what()))
    }

    /// The number of values in it, itself among them, and its levels of nesting.
    pub(crate) fn size(&self) -> (usize, usize) {
        let add = |(sum, depth): (usize, usize), node: &Self| {
            let (count, levels) = node.size();
            (sum + count, depth.max(levels + 1))
        };
        match &self.kind {
            Kind::Scalar(_) => (1, 0),
            Kind::Sequence(items) => items.iter().fold((1, 1), add),
            Kind::Mapping(entries) => {
                entries.iter().flat_map(|(key, value)| [key, value]).fold((1, 1), add)
            }
        }
    }

    /// A string, as Java casts it.
    pub(crate) fn string(&self, field: &str) -> Result<ByteString> {
        match &self.kind {
            Kind::Scalar(Scalar { text, resolved: Resolved::Text }) => Ok(text.clone()),
            Kind::Scalar(scalar) => Err(self
                .not(field, "a text")
                .hint(format!("write it in quotes: \"{}\"", scalar.text))),
            _ => Err(self.not(field, "a text")),
        }
    }

    /// A scalar of any type as text.
    pub(crate) fn text(&self, field: &str) -> Result<ByteString> {
        self.java_text().ok_or_else(|| self.not(field, "a text"))
    }
}

impl Node {
    /// A number with a point or an exponent.
    pub(crate) fn as_double(&self) -> Option<f64> {
        match &self.kind {
            Kind::Scalar(Scalar { resolved: Resolved::Float(number), .. }) => Some(*number),
            _ => None,
        }
    }

    /// A whole number of 32 bits.
    pub(crate) fn as_int(&self) -> Option<i32> {
        match &self.kind {
            Kind::Scalar(Scalar { resolved: Resolved::Int(decimal), .. }) => decimal.parse().ok(),
            _ => None,
        }
    }
}
