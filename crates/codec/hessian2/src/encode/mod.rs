//! The encoder.

mod binary;
mod container;
mod number;
mod text;

use bytes::BytesMut;
use bytestring::ByteString;

use crate::class::Class;
use crate::decode::Decoder;
use crate::error::{Error, ErrorKind};
use crate::form::Form;
use crate::tag;

/// The depth to which containers may nest while writing: as deep as the decoder reads by default.
pub const DEPTH: usize = 128;

/// Writes values, one after the other, into one buffer.
///
/// Class definitions, type names and reference numbers are shared by everything that one encoder
/// writes, as they are within the body of a dubbo frame. [`reset`](Self::reset) begins anew.
///
/// ```
/// # mod dubhe { pub mod hessian2 { pub use dubhe_hessian2::{Encode, Encoder, Error}; } }
/// use dubhe::hessian2::{Encode, Encoder, Error};
///
/// let mut e = Encoder::new();
/// e.write_str("org.example.Greeter");
/// vec![1_i32, 2].encode(&mut e)?;
/// let bytes = e.into_buffer();
/// assert_eq!(bytes[0], 19); // the length of a short text
/// # Ok::<(), Error>(())
/// ```
#[derive(Default)]
pub struct Encoder {
    out: BytesMut,
    classes: Vec<Written>,
    types: Vec<ByteString>,
    references: usize,
    depth: usize,
    /// The end of each argument, when each is a message of its own.
    ends: Option<Vec<usize>>,
    /// The form of what becomes JSON or a generic value.
    form: Option<Form>,
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

    /// An encoder of what becomes JSON or a generic value, where a `float` is the decimal number that it
    /// prints as, not its bits as a `double`.
    pub(crate) fn for_form(form: Form) -> Self {
        Self { form: Some(form), ..Self::default() }
    }

    /// The form of what becomes JSON or a generic value.
    #[inline]
    pub(crate) const fn form(&self) -> Option<Form> {
        self.form
    }

    /// An encoder that appends to `buffer`.
    pub fn with_buffer(buffer: BytesMut) -> Self {
        Self { out: buffer, ..Self::default() }
    }

    /// An encoder with an empty buffer, for arguments that are each a message of its own.
    pub fn separate() -> Self {
        Self { ends: Some(Vec::new()), ..Self::default() }
    }

    /// Ends an argument. Does nothing unless the encoder is [`separate`](Self::separate).
    #[inline]
    pub fn end_argument(&mut self) {
        if let Some(ends) = &mut self.ends {
            ends.push(self.out.len());
            self.reset();
        }
    }

    /// Returns `true` if each argument is a message of its own.
    pub(crate) fn is_separate(&self) -> bool {
        self.ends.is_some()
    }

    /// The arguments that were written, when the encoder is [`separate`](Self::separate).
    pub fn arguments(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let mut start = 0;
        self.ends.iter().flatten().map(move |end| {
            self.out.get(std::mem::replace(&mut start, *end)..*end).unwrap_or_default()
        })
    }

    /// Goes on behind bytes that `read` has read and that were written past this encoder: takes
    /// over the classes and types that they define, and counts their containers.
    pub fn resume(&mut self, read: &Decoder<'_>) {
        self.classes.extend(read.classes().map(|(name, fields)| Written::Dynamic {
            name: name.into(),
            fields: fields.iter().map(|field| (&**field).into()).collect(),
        }));
        self.types.extend(read.types().map(ByteString::from));
        self.references += read.cursor().containers as usize;
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
