//! Writing.

mod binary;
mod container;
mod number;
mod text;

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;

use crate::class::Class;
use crate::error::{Error, ErrorKind};
use crate::tag;

/// How deep containers may nest while writing: as deep as the decoder reads by default.
pub const DEPTH: usize = 128;

/// Writes values, one after the other, into one buffer.
///
/// Class definitions, type names and reference numbers are shared by everything that one encoder
/// writes, as they are within the body of a dubbo frame. [`reset`](Self::reset) begins anew.
#[derive(Default)]
pub struct Encoder {
    out: BytesMut,
    classes: Vec<Written>,
    types: Vec<ByteString>,
    references: usize,
    depth: usize,
    /// Where each argument ends, when each is a message of its own.
    ends: Option<Vec<usize>>,
}

/// A class definition that has been written.
enum Written {
    Static(&'static Class),
    Dynamic { name: ByteString, fields: Vec<ByteString> },
}

impl Encoder {
    /// An encoder with an empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// An encoder that appends to `buffer`.
    pub fn with_buffer(buffer: BytesMut) -> Self {
        Self { out: buffer, ..Self::default() }
    }

    /// An encoder with an empty buffer, for arguments that are each a message of its own.
    pub fn separate() -> Self {
        Self { ends: Some(Vec::new()), ..Self::default() }
    }

    /// Says that an argument has been written. Means nothing unless the encoder is
    /// [`separate`](Self::separate).
    #[inline]
    pub fn end_argument(&mut self) {
        if let Some(ends) = &mut self.ends {
            ends.push(self.out.len());
            self.reset();
        }
    }

    /// Takes the arguments out of an encoder that is [`separate`](Self::separate).
    pub fn into_arguments(mut self) -> Vec<Bytes> {
        let mut start = 0;
        let ends = self.ends.unwrap_or_default();
        let lengths = ends.into_iter().map(|end| end - std::mem::replace(&mut start, end));
        lengths.map(|length| self.out.split_to(length).freeze()).collect()
    }

    /// Takes the buffer out, with what was written at its end.
    pub fn into_buffer(self) -> BytesMut {
        self.out
    }

    /// The buffer: what it held, then what was written.
    pub fn buffer(&self) -> &BytesMut {
        &self.out
    }

    /// The buffer, to write around values: a frame's header before, its length afterwards.
    pub fn buffer_mut(&mut self) -> &mut BytesMut {
        &mut self.out
    }

    /// Forgets all classes, types and references: what follows is a message of its own. The
    /// buffer keeps its content, the tables their memory.
    pub fn reset(&mut self) {
        self.classes.clear();
        self.types.clear();
        self.references = 0;
        self.depth = 0;
    }

    /// Writes `null`.
    #[inline]
    pub fn write_null(&mut self) {
        self.put(&[tag::NULL]);
    }

    /// Writes a boolean.
    #[inline]
    pub fn write_bool(&mut self, v: bool) {
        self.put(&[if v { tag::TRUE } else { tag::FALSE }]);
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    #[inline]
    fn nested<T>(&mut self, write: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth == DEPTH {
            return Err(too_deep());
        }
        self.depth += 1;
        let written = write(self)?;
        self.depth -= 1;
        Ok(written)
    }
}

#[cold]
fn too_deep() -> Error {
    Error::new(
        ErrorKind::Limit,
        format!("the value nests more than {DEPTH} containers; flatten it or send it in parts"),
    )
}
