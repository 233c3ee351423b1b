//! Lists, maps, objects, and the three tables they share: classes, types, references.

use bytestring::ByteString;

use super::{Encoder, Written};
use crate::class::Class;
use crate::error::Error;
use crate::tag;

impl Encoder {
    /// Writes a plain list (`java.util.ArrayList`) of exactly `len` values, written by `items`.
    ///
    /// # Errors
    /// Those of `items`, and [`Limit`](crate::ErrorKind::Limit) when containers nest deeper than
    /// [`DEPTH`](crate::DEPTH).
    #[inline]
    pub fn write_list(
        &mut self,
        len: usize,
        items: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match len {
            0..=7 => self.put(&[tag::LIST_DIRECT + low(len)]),
            _ => {
                self.put(&[tag::LIST]);
                self.write_size(len);
            }
        }
        self.container(items)
    }

    /// Writes a list of a class (`java.util.HashSet`) or an array (`[int`).
    ///
    /// # Errors
    /// As [`write_list`](Self::write_list).
    pub fn write_typed_list(
        &mut self,
        class: &str,
        len: usize,
        items: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match len {
            0..=7 => {
                self.put(&[tag::TYPED_LIST_DIRECT + low(len)]);
                self.write_type(class);
            }
            _ => {
                self.put(&[tag::TYPED_LIST]);
                self.write_type(class);
                self.write_size(len);
            }
        }
        self.container(items)
    }

    /// Writes a plain list whose length is known only at its end.
    ///
    /// # Errors
    /// As [`write_list`](Self::write_list).
    pub fn write_open_list(
        &mut self,
        items: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.put(&[tag::LIST_OPEN]);
        self.container(items)?;
        self.put(&[tag::END]);
        Ok(())
    }

    /// Writes a plain map (`java.util.HashMap`): `entries` writes key, value, key, value.
    ///
    /// # Errors
    /// As [`write_list`](Self::write_list).
    #[inline]
    pub fn write_map(
        &mut self,
        entries: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.put(&[tag::MAP]);
        self.container(entries)?;
        self.put(&[tag::END]);
        Ok(())
    }

    /// Writes a map of a class (`java.util.TreeMap`).
    ///
    /// # Errors
    /// As [`write_list`](Self::write_list).
    pub fn write_typed_map(
        &mut self,
        class: &str,
        entries: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.put(&[tag::TYPED_MAP]);
        self.write_type(class);
        self.container(entries)?;
        self.put(&[tag::END]);
        Ok(())
    }

    /// Writes an object: `fields` writes one value for each of the class's fields, in order.
    ///
    /// # Errors
    /// As [`write_list`](Self::write_list).
    #[inline]
    pub fn write_object(
        &mut self,
        class: &'static Class,
        fields: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let known = self
            .classes
            .iter()
            .position(|known| matches!(known, Written::Static(c) if std::ptr::eq(*c, class)));
        let index = match known {
            Some(index) => index,
            None => self.define(class),
        };
        self.write_instance(index);
        self.container(fields)
    }

    /// Writes an object of a class that is known only now. `values` writes one value for each of
    /// `fields`, in order.
    ///
    /// # Errors
    /// As [`write_list`](Self::write_list).
    pub fn write_dynamic_object<'a>(
        &mut self,
        class: &ByteString,
        fields: impl ExactSizeIterator<Item = &'a ByteString> + Clone,
        values: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let names = fields.clone().map(|name| &**name);
        let index = match self.classes.iter().position(|c| c.is(class, names.clone())) {
            Some(index) => index,
            None => {
                self.write_definition(class, names);
                let fields = fields.cloned().collect();
                self.add(Written::Dynamic { name: class.clone(), fields })
            }
        };
        self.write_instance(index);
        self.container(values)
    }

    /// The number that the next list, map or object takes.
    pub fn next_reference(&self) -> usize {
        self.references
    }

    /// Writes a reference to the container of that number.
    pub fn write_reference(&mut self, number: usize) {
        self.put(&[tag::REFERENCE]);
        self.write_size(number);
    }

    #[inline]
    fn container(
        &mut self,
        content: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.references += 1;
        self.nested(content)
    }

    #[inline]
    pub(crate) fn write_instance(&mut self, class: usize) {
        match class {
            0..=0xf => self.put(&[tag::OBJECT_DIRECT + low(class)]),
            _ => {
                self.put(&[tag::OBJECT]);
                self.write_size(class);
            }
        }
    }

    /// Finds a class by content, or writes its definition: the first use of its address.
    #[cold]
    fn define(&mut self, class: &'static Class) -> usize {
        let fields = class.fields().iter().copied();
        self.classes.iter().position(|c| c.is(class.name(), fields.clone())).unwrap_or_else(|| {
            self.write_definition(class.name(), fields);
            self.add(Written::Static(class))
        })
    }

    fn add(&mut self, class: Written) -> usize {
        self.classes.push(class);
        self.classes.len() - 1
    }

    fn write_definition<'a>(&mut self, name: &str, fields: impl ExactSizeIterator<Item = &'a str>) {
        self.put(&[tag::CLASS]);
        self.write_str(name);
        self.write_size(fields.len());
        fields.for_each(|field| self.write_str(field));
    }

    /// Types share one table: text the first time, its number afterwards.
    fn write_type(&mut self, class: &str) {
        match self.types.iter().position(|known| known == class) {
            Some(number) => self.write_size(number),
            None => {
                self.write_str(class);
                self.types.push(class.into());
            }
        }
    }
}

impl Written {
    fn is<'a>(&self, class: &str, mut fields: impl ExactSizeIterator<Item = &'a str>) -> bool {
        match self {
            Self::Static(c) => c.name() == class && fields.eq(c.fields().iter().copied()),
            Self::Dynamic { name, fields: known } => {
                name == class
                    && known.len() == fields.len()
                    && known.iter().all(|known| fields.next() == Some(&**known))
            }
        }
    }
}

/// The low byte of a number that is known to be small.
fn low(small: usize) -> u8 {
    let [.., low] = small.to_be_bytes();
    low
}
