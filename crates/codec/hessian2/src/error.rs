//! Errors: the fault, its place, and the remedy.

use std::borrow::Cow;
use std::fmt;

/// The reason why a value could not be written or read.
///
/// The text names classes, fields and tags, never the content of a value.
///
/// ```
/// # mod dubhe { pub mod hessian2 { pub use dubhe_hessian2::{Error, ErrorKind, from_bytes, to_bytes}; } }
/// use dubhe::hessian2::{Error, ErrorKind, from_bytes, to_bytes};
///
/// let error: Error = from_bytes::<i32>(&to_bytes("seven")?).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Mismatch);
/// println!("{error}"); // says at which byte, what was expected there and what was found
/// # Ok::<(), Error>(())
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    offset: Option<usize>,
    detail: Cow<'static, str>,
}

/// The kinds of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes end within a value.
    Truncated,
    /// A value is there, but not of the expected kind.
    Mismatch,
    /// A null where the Rust type has none.
    Null,
    /// A number that the Rust type cannot hold, or an unknown constant of an enum.
    Range,
    /// A byte that begins no value, or a malformed definition.
    Malformed,
    /// Text that is not UTF-8 in any of Java's spellings.
    Text,
    /// A reference to a container, class or type that is not there.
    Reference,
    /// A reference to a container that is still being read: a cycle.
    Cycle,
    /// A size, a number or a depth above a limit.
    Limit,
    /// A field that the Rust type needs is missing.
    MissingField,
    /// A value that Hessian has no form for.
    Unsupported,
}

impl Error {
    /// An error with a text of its own.
    pub fn new(kind: ErrorKind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner { kind, offset: None, detail: detail.into() }))
    }

    /// The same error at a byte offset, unless it has one.
    #[must_use]
    pub fn at(mut self, offset: usize) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// The same error, of the argument at `index` of `count`.
    #[must_use]
    pub(crate) fn of_argument(mut self, index: usize, count: usize) -> Self {
        self.0.detail = format!("argument {} of {count}: {}", index + 1, self.0.detail).into();
        self
    }

    /// The error of a field that a class must have and a message lacks.
    #[cold]
    pub fn missing_field(class: &str, field: &str) -> Self {
        Self::new(
            ErrorKind::MissingField,
            format!(
                "the message has no field {} of {}; make it an Option or give it a default",
                Short(field),
                Short(class)
            ),
        )
    }

    /// The error of an enum constant that the Rust type does not know.
    #[cold]
    pub fn unknown_constant(class: &str, constant: &str) -> Self {
        Self::new(
            ErrorKind::Range,
            format!("{} has no constant {}; add it to the enum", Short(class), Short(constant)),
        )
    }

    /// The error of a class that the Rust type does not stand for.
    #[cold]
    pub fn unexpected_class(expected: &str, found: &str) -> Self {
        Self::new(
            ErrorKind::Mismatch,
            format!(
                "expected an object of {}, found one of {}; declare that class or use Value",
                Short(expected),
                Short(found)
            ),
        )
    }

    /// The text without the place.
    pub(crate) fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The kind of the error.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The place in the message where it arose, in bytes from its start; writers have none.
    pub fn offset(&self) -> Option<usize> {
        self.0.offset
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.offset {
            Some(offset) => write!(f, "hessian2 at byte {offset}: {}", self.0.detail),
            None => write!(f, "hessian2: {}", self.0.detail),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({self})", self.0.kind)
    }
}

impl std::error::Error for Error {}

/// A name from a peer, safe to print: escaped, and cut after 80 characters.
pub(crate) struct Short<'a>(pub(crate) &'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAX_CHARS: usize = 80;
        self.0.chars().take(MAX_CHARS).try_for_each(|c| write!(f, "{}", c.escape_debug()))?;
        if self.0.chars().nth(MAX_CHARS).is_some() { f.write_str("...") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_offset_stays_and_names_are_escaped_and_cut() {
        let e = Error::unknown_constant("a.B", &"\n".repeat(100)).at(3).at(9);
        assert_eq!(e.offset(), Some(3));
        assert_eq!(
            e.to_string(),
            format!(
                "hessian2 at byte 3: a.B has no constant {}...; add it to the enum",
                "\\n".repeat(80)
            )
        );
    }
}
