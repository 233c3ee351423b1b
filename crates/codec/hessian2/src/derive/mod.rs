//! The parts that the code of `#[derive(Java)]` and `#[derive(JavaException)]` names. Not an
//! interface for people: it changes together with the macros.

mod define;
mod throwable;

pub use define::{Define, Undefined, define_as};
pub use dubhe_core::Status;
pub use dubhe_core::definition::{TypeDefinition, TypeDefinitions};

pub use throwable::{
    Message, Thrown, decode_cause, encode_cause, encode_no_stack, encode_no_suppressed,
    encode_stack, encode_suppressed, exception_of, status_of,
};

use crate::{Class, Decode, Decoder, Encode, Encoder, Error};

/// A class whose fields can be fields of a subclass as well.
///
/// hessian-lite writes the compound fields of the superclass, then of the class, then the simple
/// ones of both in that order, so the two runs are separate here.
pub trait Fields: Encode {
    /// The class.
    const CLASS: &'static Class;
    /// The compound fields of the class and of its superclass, in the order of writing.
    const COMPOUND: &'static FieldNames;
    /// The simple fields of the class and of its superclass, in the order of writing.
    const SIMPLE: &'static FieldNames;
    /// The compound fields, then the simple ones.
    const ALL: &'static FieldNames =
        &FieldNames::join(&[Self::COMPOUND.as_slice(), Self::SIMPLE.as_slice()]);

    /// Writes the compound fields of the object of that number.
    ///
    /// # Errors
    /// Those of a field.
    fn encode_compound(&self, number: usize, e: &mut Encoder) -> Result<(), Error>;

    /// Writes the simple fields of the object of that number.
    ///
    /// # Errors
    /// Those of a field.
    fn encode_simple(&self, number: usize, e: &mut Encoder) -> Result<(), Error>;
}

/// A class whose fields can be read as fields of a subclass.
pub trait ReadFields<'de>: Fields + Sized {
    /// The fields that have been read so far.
    type Slots;

    /// The slots before any field is read.
    fn slots() -> Self::Slots;

    /// Reads the value of the field of that index in [`Fields::ALL`].
    ///
    /// # Errors
    /// Those of the field.
    fn read_field(slots: &mut Self::Slots, index: usize, d: &mut Decoder<'de>)
    -> Result<(), Error>;

    /// Reads the values of an object that has the fields of [`Fields::ALL`] in that order, which
    /// is what most messages hold.
    ///
    /// # Errors
    /// Those of a field.
    #[inline]
    fn read_in_order(d: &mut Decoder<'de>) -> Result<Self, Error> {
        let mut slots = Self::slots();
        (0..Self::ALL.len()).try_for_each(|index| Self::read_field(&mut slots, index, d))?;
        Self::build(slots)
    }

    /// Makes the value.
    ///
    /// # Errors
    /// [`MissingField`](crate::ErrorKind::MissingField).
    fn build(slots: Self::Slots) -> Result<Self, Error>;
}

/// The names of fields, joined at compile time, at most 256.
pub struct FieldNames {
    names: [&'static str; Self::MAX_NAMES],
    len: usize,
}

impl FieldNames {
    const MAX_NAMES: usize = 256;

    /// All of `parts` in turn.
    // Runs at compile time only, where an index out of bounds is an error of compilation.
    #[allow(clippy::indexing_slicing)]
    pub const fn join(parts: &[&[&'static str]]) -> Self {
        let mut joined = Self { names: [""; Self::MAX_NAMES], len: 0 };
        let mut part = 0;
        while part < parts.len() {
            let mut at = 0;
            while at < parts[part].len() {
                joined.names[joined.len] = parts[part][at];
                joined.len += 1;
                at += 1;
            }
            part += 1;
        }
        joined
    }

    /// The names.
    pub const fn as_slice(&self) -> &[&'static str] {
        self.names.split_at(self.len).0
    }

    /// The number of them.
    #[allow(clippy::len_without_is_empty)]
    pub const fn len(&self) -> usize {
        self.len
    }
}

/// Writes an object.
///
/// # Errors
/// Those of a field.
#[inline]
pub fn encode_object<T: Fields>(value: &T, e: &mut Encoder) -> Result<(), Error> {
    let number = e.next_reference();
    e.write_object(T::CLASS, |e| {
        value.encode_compound(number, e)?;
        value.encode_simple(number, e)
    })
}

/// Reads an object.
///
/// # Errors
/// Those of a field, and [`MissingField`](crate::ErrorKind::MissingField).
#[inline]
pub fn decode_object<'de, T: ReadFields<'de>>(d: &mut Decoder<'de>) -> Result<T, Error> {
    if d.realizes() {
        d.refuse_big_number(T::CLASS.name())?;
    }
    if let Some(object) = d.read_object_in_order(T::CLASS, T::read_in_order)? {
        return Ok(object);
    }
    decode_fields(d)
}

/// Reads an object whose fields come in another order than ours, or are not the same.
#[inline(never)]
fn decode_fields<'de, T: ReadFields<'de>>(d: &mut Decoder<'de>) -> Result<T, Error> {
    let mut slots = T::slots();
    let start = d.position();
    d.read_object(T::CLASS, |d, index| T::read_field(&mut slots, index, d))?;
    T::build(slots).map_err(|e| e.at(start))
}

/// The value of a field. One that the message lacks is as good as null, which is zero, `false` or
/// `None` for the types that can be that.
///
/// # Errors
/// [`MissingField`](crate::ErrorKind::MissingField) for all other types.
#[inline]
pub fn present<'de, T: Decode<'de>>(slot: Option<T>, class: &str, field: &str) -> Result<T, Error> {
    match slot {
        Some(value) => Ok(value),
        None => from_null().ok_or_else(|| Error::missing_field(class, field)),
    }
}

#[cold]
fn from_null<'de, T: Decode<'de>>() -> Option<T> {
    T::decode(&mut Decoder::new(&[crate::tag::NULL])).ok()
}

/// Reads a value, where null is its default.
///
/// # Errors
/// Those of the value.
#[inline]
pub fn decode_or_default<'de, T: Decode<'de> + Default>(d: &mut Decoder<'de>) -> Result<T, Error> {
    if d.read_null()? { Ok(T::default()) } else { T::decode(d) }
}

/// The error of what is next, which is none of the subclasses of `class`.
#[cold]
pub fn unexpected_class(class: &str, d: &mut Decoder<'_>) -> Error {
    match d.peek_type() {
        Ok(Some(found)) => Error::unexpected_class(class, found),
        Ok(None) => return d.mismatch(class),
        Err(error) => return error,
    }
    .at(d.position())
}
