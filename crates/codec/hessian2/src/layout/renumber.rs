//! Writes what is read again, with other numbers.

use std::borrow::Cow;
use std::collections::HashMap;

use bytes::Bytes;

use super::numbers::Numbers;
use crate::decode::{Decoder, Start};
use crate::error::{Error, ErrorKind};
use crate::{Encoder, tag};

/// Writes values again, token by token, with the numbers of the message that they become part of.
pub(super) struct Renumber<'a> {
    out: Encoder,
    /// The number of bytes that may still be written.
    left: usize,
    containers: Numbers,
    classes: Numbers,
    types: Numbers,
    /// The numbers of the definitions and types in the message that is written.
    written: WrittenTables<'a>,
}

/// The tables of the message that is written.
#[derive(Default)]
struct WrittenTables<'a> {
    containers: u32,
    /// The numbers of the definitions, by their bytes.
    classes: HashMap<&'a [u8], u32>,
    /// The number of definitions: one may be there twice.
    defined: u32,
    types: HashMap<Cow<'a, str>, u32>,
    named: u32,
}

impl<'a> Renumber<'a> {
    /// Writes at most `left` bytes, give or take one token.
    pub(super) fn new(left: usize) -> Self {
        Self {
            out: Encoder::new(),
            left,
            containers: Numbers::default(),
            classes: Numbers::default(),
            types: Numbers::default(),
            written: WrittenTables::default(),
        }
    }

    /// Begins a source: what is read from now on has tables of its own.
    pub(super) fn begin_source(&mut self) {
        self.containers.begin();
        self.classes.begin();
        self.types.begin();
    }

    /// Begins a message: what is written from now on has tables of its own.
    pub(super) fn begin_message(&mut self) {
        // What is read is the same, but nothing of it has been written yet.
        self.begin_source();
        self.written = WrittenTables::default();
    }

    /// Takes what was written since the last time, if anything was.
    pub(super) fn take(&mut self) -> Option<Bytes> {
        let bytes = self.out.buffer_mut().split().freeze();
        self.left = self.left.saturating_sub(bytes.len());
        (!bytes.is_empty()).then_some(bytes)
    }

    /// Goes on behind a whole message, read by `d`, that was passed on as it is.
    pub(super) fn pass(&mut self, d: &Decoder<'a>) {
        let end = d.cursor();
        for definition in (0..end.classes.into()).map_while(|class| d.definition(class)) {
            self.written.classes.entry(definition).or_insert(self.written.defined);
            self.written.defined += 1;
        }
        for text in (0..end.types as usize).map_while(|number| d.type_text(number)) {
            self.written.types.entry(text.clone()).or_insert(self.written.named);
            self.written.named += 1;
        }
        self.written.containers = self.written.containers.saturating_add(end.containers);
    }

    /// Writes the value that is next.
    pub(super) fn value(&mut self, d: &mut Decoder<'a>) -> Result<(), Error> {
        let start = d.read_start()?;
        match start {
            Start::Object(class) => self.container(d, |this, d| this.object(d, start, class)),
            Start::Other(tag @ (0x70..=0x7f | tag::TYPED_LIST_OPEN..=tag::LIST)) => {
                self.container(d, |this, d| this.list(d, tag))
            }
            Start::Other(tag @ (tag::MAP | tag::TYPED_MAP)) => {
                self.container(d, |this, d| this.map(d, tag))
            }
            Start::Other(tag::REFERENCE) => self.reference(d),
            Start::Other(_) => {
                let bytes = d.remaining();
                d.skip_value()?;
                let len = bytes.len().saturating_sub(d.remaining().len());
                self.put(bytes.get(..len).unwrap_or_default());
                Ok(())
            }
        }?;
        if self.out.buffer().len() > self.left {
            return Err(too_large());
        }
        Ok(())
    }

    /// Writes the container that is next with `write`, or a reference where it is written already:
    /// as part of one that was referred to.
    fn container(
        &mut self,
        d: &mut Decoder<'a>,
        write: impl FnOnce(&mut Self, &mut Decoder<'a>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let number = d.cursor().containers as usize;
        if let Some(known) = self.containers.get(number) {
            d.skip_value()?;
            self.out.write_reference(known as usize);
            return Ok(());
        }
        self.containers.set(number, self.written.containers);
        self.written.containers = self.written.containers.saturating_add(1);
        write(self, d)
    }

    fn object(&mut self, d: &mut Decoder<'a>, start: Start, class: usize) -> Result<(), Error> {
        let class = match self.classes.get(class) {
            Some(known) => known,
            None => self.define(d, class),
        };
        self.out.write_instance(class as usize);
        d.object(start, |d, _| self.value(d))
    }

    fn define(&mut self, d: &Decoder<'a>, class: usize) -> u32 {
        let definition = d.definition(class).unwrap_or_default();
        let number = self.written.classes.get(definition).copied().unwrap_or_else(|| {
            self.put(definition);
            let number = self.written.defined;
            self.written.classes.insert(definition, number);
            self.written.defined += 1;
            number
        });
        self.classes.set(class, number);
        number
    }

    fn list(&mut self, d: &mut Decoder<'a>, tag: u8) -> Result<(), Error> {
        self.put(&[tag]);
        d.list(tag, |d, class, items| {
            if let Some(class) = class {
                self.class_type(d, class);
            }
            if let (tag::TYPED_LIST | tag::LIST, Some(len)) = (tag, items.known()) {
                self.out.write_size(len);
            }
            while items.next(d)? {
                self.value(d)?;
            }
            Ok(())
        })?;
        if matches!(tag, tag::TYPED_LIST_OPEN | tag::LIST_OPEN) {
            self.put(&[tag::END]);
        }
        Ok(())
    }

    fn map(&mut self, d: &mut Decoder<'a>, tag: u8) -> Result<(), Error> {
        self.put(&[tag]);
        d.map(tag, |d, class, entries| {
            if let Some(class) = class {
                self.class_type(d, class);
            }
            while entries.next(d)? {
                self.value(d)?;
                self.value(d)?;
            }
            Ok(())
        })?;
        self.put(&[tag::END]);
        Ok(())
    }

    /// Writes a type: its text the first time, its number afterwards.
    fn class_type(&mut self, d: &Decoder<'a>, class: usize) {
        let known = self.types.get(class);
        let Some(text) = d.type_text(class) else { return };
        let known = known.or_else(|| self.written.types.get(text).copied());
        let number = match known {
            Some(number) => {
                self.out.write_size(number as usize);
                number
            }
            None => {
                self.out.write_str(text);
                let number = self.written.named;
                self.written.types.insert(text.clone(), number);
                self.written.named += 1;
                number
            }
        };
        self.types.set(class, number);
    }

    /// Writes a reference, or a copy of what it leads to where that is not in the message.
    fn reference(&mut self, d: &mut Decoder<'a>) -> Result<(), Error> {
        let number = d.read_reference()?;
        match self.containers.get(number as usize) {
            Some(known) => {
                self.out.write_reference(known as usize);
                Ok(())
            }
            None => d.replay(number, |d| self.value(d)),
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.out.buffer_mut().extend_from_slice(bytes);
    }
}

#[cold]
fn too_large() -> Error {
    Error::new(
        ErrorKind::Limit,
        "the arguments share so much that they are too large when each is written alone; \
         call over the protocol that they came by",
    )
}
