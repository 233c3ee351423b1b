//! The tables of what was read, for those who write it again.

use std::borrow::Cow;

use super::{Decoder, Uses};

impl<'de> Decoder<'de> {
    /// The tables of which an entry was used by its number since this was asked last.
    pub(crate) fn take_uses(&mut self) -> Uses {
        std::mem::take(&mut self.uses)
    }

    /// The bytes of the definition of a class, tag included.
    pub(crate) fn definition(&self, class: usize) -> Option<&'de [u8]> {
        let class = self.tables.classes.get(class)?;
        self.input.get(class.definition.clone())
    }

    /// The text of a type.
    pub(crate) fn type_text(&self, number: usize) -> Option<&Cow<'de, str>> {
        self.tables.types.get(number).map(|known| &known.text)
    }

    /// The classes that were defined: the name of each, and the names of its fields.
    pub(crate) fn classes(&self) -> impl Iterator<Item = (&str, &[Cow<'de, str>])> {
        self.tables.classes.iter().map(|class| {
            let fields = class.start..class.start + usize::from(class.len);
            (&*class.name, self.tables.fields.get(fields).unwrap_or_default())
        })
    }

    /// The texts of all types, in order.
    pub(crate) fn types(&self) -> impl Iterator<Item = &str> {
        self.tables.types.iter().map(|known| &*known.text)
    }
}
