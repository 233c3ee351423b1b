//! Errors of reading and writing JSON.

use std::fmt;

use dubhe_core::memory::OverBudget;

/// The most bytes of a key that an error repeats.
const SHOWN: usize = 64;

/// An error of reading or writing JSON: what was expected, and the path to it.
///
/// ```
/// # mod dubhe { pub mod protobuf { pub use dubhe_protobuf::{json, types}; } }
/// use dubhe::protobuf::json::from_str;
/// use dubhe::protobuf::types::Timestamp;
///
/// let error = from_str::<Timestamp>("\"yesterday\"").unwrap_err();
/// println!("{error}"); // says what is wrong, and at which byte
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    path: String,
    text: String,
    over: Option<OverBudget>,
}

impl Error {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(Box::new(Inner { path: String::new(), text: text.into(), over: None }))
    }

    /// The reason, if the value would take too much memory.
    pub(crate) fn over_budget(&self) -> Option<OverBudget> {
        self.0.over
    }

    /// The error of a value in the field, or under the key, `name`.
    #[must_use]
    pub(crate) fn within(mut self, name: &str) -> Self {
        let shown =
            name.char_indices().nth(SHOWN).and_then(|(end, _)| name.get(..end)).unwrap_or(name);
        let dot = if self.0.path.is_empty() || self.0.path.starts_with('[') { "" } else { "." };
        self.0.path = format!("{shown}{dot}{}", self.0.path);
        self
    }

    /// The error of an element.
    #[must_use]
    pub(crate) fn at(mut self, index: usize) -> Self {
        let dot = if self.0.path.is_empty() || self.0.path.starts_with('[') { "" } else { "." };
        self.0.path = format!("[{index}]{dot}{}", self.0.path);
        self
    }
}

impl From<OverBudget> for Error {
    fn from(over: OverBudget) -> Self {
        Self(Box::new(Inner { path: String::new(), text: over.to_string(), over: Some(over) }))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0.path {
            "" => f.write_str(&self.0.text),
            path => write!(f, "{path}: {}", self.0.text),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}
