//! The reason why a text is refused, and where.

use std::fmt;

use dubhe_core::printable::Shown;

/// A place in a text; both numbers begin at 1. Columns count characters.
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::Position; } }
/// use dubhe::config::Position;
///
/// assert_eq!(Position { line: 3, column: 5 }.to_string(), "line 3, column 5");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl Position {
    /// The beginning of a text.
    pub const START: Self = Self { line: 1, column: 1 };

    /// The place `characters` further on the same line.
    pub(crate) fn right(self, characters: usize) -> Self {
        let characters = u32::try_from(characters).unwrap_or(u32::MAX);
        Self { column: self.column.saturating_add(characters), ..self }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A kind of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConfigErrorKind {
    /// A text that is not of the format: YAML, properties or a URL.
    Syntax,
    /// A value that cannot mean anything: a wrong type, a number out of range, a bad expression.
    Value,
    /// Larger or deeper than what is read.
    Limit,
    /// Well-formed, but Dubbo Java leaves the rule that it had in effect, and so does Dubhe: a rule
    /// without conditions, or of a newer version.
    WithoutEffect,
    /// The key names no kind of document.
    Key,
}

/// The reason why a document is refused. A document is refused whole: the last good text of its key
/// stays in effect.
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::*; } pub mod documents { pub use dubhe_core::documents::*; } }
/// use dubhe::config::validate;
/// use dubhe::documents::DocumentKey;
///
/// let key = DocumentKey::config("shop.tag-router");
/// let error = validate(&key, "force: true\ntags:\n  - nam: gray\n    addresses: 10\npriority: high\n")
///     .unwrap_err();
/// assert_eq!((error.position().line, error.position().column), (5, 11));
/// assert!(error.to_string().starts_with("line 5, column 11: "));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    kind: ConfigErrorKind,
    at: Position,
    message: String,
    hint: Option<String>,
}

impl ConfigError {
    pub(crate) fn new(kind: ConfigErrorKind, at: Position, message: impl Into<String>) -> Self {
        Self { kind, at, message: message.into(), hint: None }
    }

    pub(crate) fn value(at: Position, message: impl Into<String>) -> Self {
        Self::new(ConfigErrorKind::Value, at, message)
    }

    pub(crate) fn without_effect(at: Position, message: impl Into<String>) -> Self {
        Self::new(ConfigErrorKind::WithoutEffect, at, message)
    }

    pub(crate) fn limit(at: Position, message: impl Into<String>) -> Self {
        Self::new(ConfigErrorKind::Limit, at, message)
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Returns what the text is.
    pub fn kind(&self) -> ConfigErrorKind {
        self.kind
    }

    /// Returns the place in the text.
    pub fn position(&self) -> Position {
        self.at
    }

    /// Returns the reason, without place and hint.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns what to write in its place, if that is known.
    pub fn to_do(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Returns the line of `text` at which it is wrong, to be shown under the error.
    pub fn source_line<'a>(&self, text: &'a str) -> Option<&'a str> {
        let line = usize::try_from(self.at.line).ok()?;
        text.lines().nth(line.checked_sub(1)?)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, Shown(&self.message))?;
        match &self.hint {
            Some(hint) => write!(f, "; {}", Shown(hint)),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ConfigError {}

/// The result of reading a part of a text.
pub(crate) type Result<T> = std::result::Result<T, ConfigError>;

/// A remark on a text that is read all the same, such as on a field that nobody knows.
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::{Position, Warning}; } }
/// use dubhe::config::{Position, Warning};
///
/// fn print(warnings: &[Warning]) {
///     for warning in warnings {
///         println!("{warning}"); // line 3, column 1: there is no field prioritty; did you mean priority?
///     }
/// }
/// # let at = Position { line: 3, column: 1 };
/// # print(&[Warning { at, message: "text".into() }]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The place in the text.
    pub at: Position,
    /// The text, for people.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, Shown(&self.message))
    }
}

/// The warnings of one text, at most [`MAX_WARNINGS`](crate::limits::MAX_WARNINGS).
#[derive(Debug, Default)]
pub(crate) struct Warnings(Vec<Warning>);

impl Warnings {
    pub(crate) fn add(&mut self, at: Position, message: impl FnOnce() -> String) {
        if self.0.len() < crate::limits::MAX_WARNINGS {
            self.0.push(Warning { at, message: message() });
        }
    }

    pub(crate) fn into_vec(self) -> Vec<Warning> {
        self.0
    }
}
