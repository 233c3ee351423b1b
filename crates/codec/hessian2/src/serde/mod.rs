//! Types of serde.
//!
//! [`Serde<T>`] travels as its `T` does:
//!
//! | serde | Java |
//! | --- | --- |
//! | a struct whose name has a dot (`#[serde(rename = "org.example.User")]`) | an object of that class |
//! | any other struct, a map | `java.util.HashMap` |
//! | a unit variant of an enum whose name has a dot | a constant of that Java enum |
//! | any other unit variant | a string |
//! | a newtype or struct variant whose name has a dot | an object of that class: a hierarchy |
//! | any other variant | a map from the variant's name to its content |
//! | a sequence, a tuple | `java.util.ArrayList` |
//! | bytes (`serde_bytes`) | `byte[]` |
//! | `u32` and `u64` | `long` |
//!
//! serde has no dates, no sharing and no arrays. `#[derive(Java)]` has all of them, and is faster:
//! what serde writes is first made into a [`Value`].
//!
//! ```
//! use dubhe_hessian2::{Serde, from_bytes, to_bytes};
//!
//! #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
//! #[serde(rename = "org.example.User", rename_all = "camelCase")]
//! struct User {
//!     first_name: String,
//!     age: Option<i32>,
//! }
//!
//! let user = Serde(User { first_name: "Ada".into(), age: None });
//! let bytes = to_bytes(&user)?;
//! assert_eq!(from_bytes::<Serde<User>>(&bytes)?, user);
//! # Ok::<(), dubhe_hessian2::Error>(())
//! ```

mod access;
mod compound;
mod de;
mod error;
mod probe;
mod ser;

use std::borrow::Cow;

use ::serde::{Deserialize, Serialize};

use crate::{Decode, Decoder, Encode, Encoder, Error, JavaType, Value};

/// A type of serde as a Hessian type.
///
/// ```
/// # mod dubhe { pub mod hessian2 { pub use dubhe_hessian2::{Error, Serde, from_bytes, to_bytes}; } }
/// use dubhe::hessian2::{Error, Serde, from_bytes, to_bytes};
///
/// #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
/// struct Point { x: i32, y: i32 }
///
/// // A map in Java, since the name of a class is not known.
/// let bytes = to_bytes(&Serde(Point { x: 3, y: 4 }))?;
/// let Serde(point) = from_bytes::<Serde<Point>>(&bytes)?;
/// assert_eq!(point, Point { x: 3, y: 4 });
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serde<T>(pub T);

/// The value that a type of serde travels as.
///
/// # Errors
/// [`Range`](crate::ErrorKind::Range) for an integer beyond 64 bits, and errors of the type.
pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, Error> {
    value.serialize(ser::ToValue)
}

impl<T: Serialize> Encode for Serde<T> {
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        to_value(&self.0)?.encode(e)
    }
}

impl<'de, T: Deserialize<'de>> Decode<'de> for Serde<T> {
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        let start = d.position();
        T::deserialize(de::FromDecoder(d)).map(Self).map_err(|e| e.at(start))
    }
}

/// The Java type is found by asking `T` what it would read.
impl<T: Deserialize<'static>> JavaType for Serde<T> {
    fn descriptor() -> Cow<'static, str> {
        probe::descriptor::<T>()
    }
}
