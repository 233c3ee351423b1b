//! The JSON form of messages, as the protobuf project defines it.
//!
//! `dubhe-build` generates [`Object`] for every message: a table of its fields over the functions of
//! [`Writer`] and [`Reader`], which know the rules. Source: the
//! [ProtoJSON page](https://protobuf.dev/programming-guides/json/) and the conformance tests of the
//! protobuf project, which `cargo xtask conformance protobuf` runs.
//!
//! ```
//! use dubhe_protobuf::{json, types::Timestamp};
//!
//! let time = Timestamp { seconds: 1_700_000_000, nanos: 0 };
//! let text = json::to_string(&time)?;
//! assert_eq!(text, r#""2023-11-14T22:13:20Z""#);
//! assert_eq!(json::from_str::<Timestamp>(&text)?, time);
//! # Ok::<(), json::Error>(())
//! ```

mod any;
mod bridge;
mod codec;
mod error;
mod extension;
mod number;
mod object;
mod reader;
mod scalar;
mod string;
mod time;
mod well_known;
mod writer;

use bytes::BytesMut;
use dubhe_core::memory::{Budget, MemoryLimit};

pub use any::{Holds, Type, Types, uses, uses_one_of};
pub use bridge::{deserialize, serialize};
pub use codec::{Boxed, Codec, Enum, Null, Plain};
pub use error::Error;
pub use extension::{read_extension, write_extensions};
pub use object::Object;
pub use reader::Reader;
pub use scalar::Key;
pub use writer::Writer;

/// A value with a JSON form: a message, or what a field holds.
///
/// ```
/// # mod dubhe { pub mod protobuf { pub use dubhe_protobuf::json; } }
/// use dubhe::protobuf::json::{Error, Json, Reader, Writer, from_str, to_string};
///
/// /// Degrees, which JSON has as a number.
/// #[derive(Default)]
/// struct Degrees(f64);
///
/// impl Json for Degrees {
///     fn write(&self, out: &mut Writer<'_>) -> Result<(), Error> {
///         self.0.write(out)
///     }
///
///     fn read(&mut self, json: &mut Reader<'_>) -> Result<(), Error> {
///         self.0.read(json)
///     }
/// }
///
/// assert_eq!(to_string(&Degrees(12.5))?, "12.5");
/// assert_eq!(from_str::<Degrees>("12.5")?.0, 12.5);
/// # Ok::<(), Error>(())
/// ```
pub trait Json: Default {
    /// A flag: `null` is a value of it; otherwise `null` in a field is as good as no field.
    const NULL: bool = false;
    /// A flag: its form is an object of its own fields, among which an `Any` has `@type`.
    const OBJECT: bool = false;

    /// Returns true if a field without presence leaves it out.
    fn is_default(&self) -> bool {
        false
    }

    /// The types that an `Any` in it may hold, besides the well-known ones.
    fn types() -> &'static Types {
        &Types::NONE
    }

    /// Appends it.
    ///
    /// # Errors
    /// When it has no JSON form: a time out of range, an `Any` of an unknown type.
    fn write(&self, out: &mut Writer<'_>) -> Result<(), Error>;

    /// Reads the value that is next into this one, which is the default.
    ///
    /// # Errors
    /// When there is no such value.
    fn read(&mut self, json: &mut Reader<'_>) -> Result<(), Error>;
}

/// The treatment of a field that a message does not have, and with a name that an enum does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// Passes over it, so that a peer may have a newer schema. Calls read so.
    Ignore,
    /// Refuses it.
    Refuse,
}

/// Writes a message.
///
/// # Errors
/// As [`Json::write`].
pub fn to_string<T: Json>(message: &T) -> Result<String, Error> {
    let mut out = BytesMut::new();
    write(message, &mut out)?;
    String::from_utf8(out.into()).map_err(|_| Error::new("the text is not UTF-8"))
}

/// Appends a message to `out`.
///
/// # Errors
/// As [`Json::write`].
pub fn write<T: Json>(message: &T, out: &mut BytesMut) -> Result<(), Error> {
    message.write(&mut Writer::new(out, T::types()))
}

/// Reads a message; unknown fields are passed over, and it may take the memory of
/// [`MemoryLimit::default`].
///
/// # Errors
/// As [`read`].
pub fn from_str<T: Json>(text: &str) -> Result<T, Error> {
    read(text.as_bytes(), MemoryLimit::default().budget(text.len()), Unknown::Ignore)
}

/// Reads a message, which may take `budget`. Values nest up to 127 levels deep.
///
/// # Errors
/// When the text is no JSON, or no such message; the error names the path to the value and its place
/// in the text.
pub fn read<T: Json>(text: &[u8], budget: Budget, unknown: Unknown) -> Result<T, Error> {
    let text = std::str::from_utf8(text).map_err(|_| Error::new("the text is not UTF-8"))?;
    let mut json = Reader::new(text, budget, T::types(), unknown);
    let mut value = T::default();
    if !T::NULL && json.peek() == Some(b'n') {
        return Err(json.expected("a message"));
    }
    value.read(&mut json)?;
    json.end()?;
    Ok(value)
}
