//! The output of a writer.

use std::collections::BTreeMap;

use crate::Note;

/// Files as text, and what could not be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The files by their path below the folder of the output, with `/`.
    pub files: BTreeMap<String, String>,
    /// Notes of what is left out or has another form, in the order of the types.
    pub notes: Vec<Note>,
}

impl Written {
    pub(crate) fn note(&mut self, at: impl Into<String>, text: impl Into<String>) {
        self.notes.push(Note { at: at.into(), text: text.into() });
    }
}
