//! The JSON forms of what fields hold: numbers, booleans, text, bytes, and the keys of maps.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;

use super::{Error, Json, Reader, Writer, number};

/// The characters and paddings of base64 that readers take.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// The text of a number, which may stand in quotes.
fn quoted<'de>(json: &mut Reader<'de>) -> Result<Cow<'de, str>, Error> {
    if json.peek() != Some(b'"') {
        return json.number().map(Cow::Borrowed);
    }
    let text = json.string()?;
    if number::length(text.as_bytes()) == Some(text.len()) {
        return Ok(text);
    }
    Err(json.error("expected a number, found another text"))
}

macro_rules! integers {
    ($($type:ident $name:literal $method:ident;)*) => {$(
        impl Json for $type {
            fn is_default(&self) -> bool {
                *self == 0
            }

            fn write(&self, out: &mut Writer<'_>) -> Result<(), Error> {
                out.$method(*self)
            }

            fn read(&mut self, json: &mut Reader<'_>) -> Result<(), Error> {
                let text = quoted(json)?;
                let value = text.parse().ok().or_else(|| Self::try_from(number::integer(&text)?).ok());
                *self = value.ok_or_else(|| json.error(concat!("a number that is no ", $name)))?;
                Ok(())
            }
        }

        impl Key for $type {
            fn read(key: &str) -> Option<Self> {
                (number::length(key.as_bytes()) == Some(key.len())).then_some(())?;
                key.parse().ok().or_else(|| Self::try_from(number::integer(key)?).ok())
            }

            fn write(&self, out: &mut Writer<'_>) -> Result<(), Error> {
                out.quoted(*self)
            }
        }
    )*};
}

integers! {
    i32 "int32" scalar;
    u32 "uint32" scalar;
    i64 "int64" quoted;
    u64 "uint64" quoted;
}

macro_rules! fractions {
    ($($type:ident $name:literal;)*) => {$(
        impl Json for $type {
            /// Negative zero is a value of its own.
            fn is_default(&self) -> bool {
                self.to_bits() == 0
            }

            fn write(&self, out: &mut Writer<'_>) -> Result<(), Error> {
                match *self {
                    value if value.is_finite() => out.scalar(value),
                    value if value.is_nan() => out.string("NaN"),
                    value if value > 0.0 => out.string("Infinity"),
                    _ => out.string("-Infinity"),
                }
            }

            fn read(&mut self, json: &mut Reader<'_>) -> Result<(), Error> {
                if json.peek() == Some(b'"') {
                    let text = json.ahead(|json| json.string())?;
                    let special = match &*text {
                        "NaN" => Some(Self::NAN),
                        "Infinity" => Some(Self::INFINITY),
                        "-Infinity" => Some(Self::NEG_INFINITY),
                        _ => None,
                    };
                    if let Some(special) = special {
                        json.string()?;
                        *self = special;
                        return Ok(());
                    }
                }
                let value = quoted(json)?.parse().ok().filter(|value: &Self| value.is_finite());
                *self = value.ok_or_else(|| {
                    json.error(concat!("a number is out of range: no ", $name, " holds it"))
                })?;
                Ok(())
            }
        }
    )*};
}

fractions! {
    f32 "float";
    f64 "double";
}

impl Json for bool {
    fn is_default(&self) -> bool {
        !self
    }

    fn write(&self, out: &mut Writer<'_>) -> Result<(), Error> {
        out.scalar(*self)
    }

    fn read(&mut self, json: &mut Reader<'_>) -> Result<(), Error> {
        *self = json.bool()?;
        Ok(())
    }
}

impl Json for String {
    fn is_default(&self) -> bool {
        self.is_empty()
    }

    fn write(&self, out: &mut Writer<'_>) -> Result<(), Error> {
        out.string(self)
    }

    fn read(&mut self, json: &mut Reader<'_>) -> Result<(), Error> {
        let text = json.string()?;
        json.block(text.len())?;
        *self = text.into_owned();
        Ok(())
    }
}

/// The bytes of a text in base64.
fn base64(json: &mut Reader<'_>) -> Result<Vec<u8>, Error> {
    let text = json.string()?;
    json.block(text.len())?;
    let engine = if text.contains(['-', '_']) { BASE64_URL } else { BASE64 };
    engine.decode(text.as_bytes()).map_err(|error| json.error(&format!("no base64: {error}")))
}

macro_rules! bytes {
    ($($type:ty)*) => {$(
        impl Json for $type {
            fn is_default(&self) -> bool {
                self.is_empty()
            }

            fn write(&self, out: &mut Writer<'_>) -> Result<(), Error> {
                out.string(&BASE64.encode(self))
            }

            fn read(&mut self, json: &mut Reader<'_>) -> Result<(), Error> {
                *self = base64(json)?.into();
                Ok(())
            }
        }
    )*};
}

bytes!(Bytes Vec<u8>);

/// A key of a map, which JSON has as text.
///
/// ```
/// # mod dubhe { pub mod protobuf { pub use dubhe_protobuf::json; } }
/// use std::collections::HashMap;
/// use dubhe::protobuf::json::{Error, Key, Object, Plain, Reader, Writer, to_string};
///
/// #[derive(Default)]
/// struct Stock { left: HashMap<i64, u32> }
///
/// impl Object for Stock {
///     // `find` and `read_field` as in the example of `Object`
/// #     fn find(_: &str) -> Option<u32> { None }
/// #     fn read_field(&mut self, _: u32, _: &mut Reader<'_>) -> Result<(), Error> { Ok(()) }
///     fn write_fields(&self, out: &mut Writer<'_>) -> Result<(), Error> {
///         out.map(r#""left":"#, Plain, &self.left) // keys are texts in JSON
///     }
/// }
///
/// assert_eq!(to_string(&Stock { left: HashMap::from([(7, 3)]) })?, r#"{"left":{"7":3}}"#);
/// assert_eq!(<i64 as Key>::read("7"), Some(7));
/// # Ok::<(), Error>(())
/// ```
pub trait Key: Sized {
    /// Reads it; `None` if the text is none.
    fn read(key: &str) -> Option<Self>;

    /// Appends it.
    ///
    /// # Errors
    /// None of those that there are.
    fn write(&self, out: &mut Writer<'_>) -> Result<(), Error>;
}

impl Key for String {
    fn read(key: &str) -> Option<Self> {
        Some(key.to_owned())
    }

    fn write(&self, out: &mut Writer<'_>) -> Result<(), Error> {
        out.string(self)
    }
}

impl Key for bool {
    fn read(key: &str) -> Option<Self> {
        key.parse().ok()
    }

    fn write(&self, out: &mut Writer<'_>) -> Result<(), Error> {
        out.quoted(*self)
    }
}
