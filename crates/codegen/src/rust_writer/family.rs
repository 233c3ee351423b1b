//! Classes that are no abstract ones and have classes below them: where such a class is declared, an object of any of them may
//! be, so that an enum beside the struct stands there.

use super::RustWriter;
use crate::model::{Class, Kind};
use crate::pattern::matches;

/// The end of a key that no name of a class has.
const END: &str = "|any";

/// The key of the enum of a class and those below it, among the names of classes.
pub(super) fn key(java: &str) -> String {
    format!("{java}{END}")
}

/// The class of a key, which may be that of an enum of it and those below it.
pub(super) fn class(key: &str) -> &str {
    key.strip_suffix(END).unwrap_or(key)
}

/// Returns `true` for the key of such an enum.
pub(super) fn is_key(key: &str) -> bool {
    key.ends_with(END)
}

/// The name of the enum beside a struct.
pub(super) fn name(own: &str) -> String {
    format!("Any{own}")
}

/// Returns `true` for a class that may have such an enum, by its form alone.
pub(super) fn may_be(kind: Option<&Kind>) -> bool {
    match kind {
        Some(Kind::Class(class)) => !class.is_abstract && (class.is_exception || is_family(class)),
        _ => false,
    }
}

/// Returns `true` for a class with others below it that say by themselves what they hold.
fn is_family(class: &Class) -> bool {
    class.parameters.is_empty() && !class.subclasses.is_empty()
}

impl RustWriter {
    /// Returns `true` if the options say that values of a class are of no class below it.
    pub(super) fn is_exact(&self, java: &str) -> bool {
        self.exact.iter().any(|pattern| matches(pattern, java))
    }
}
