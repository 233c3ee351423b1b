//! Numbers, booleans, characters and nothing.

use std::borrow::Cow;

use crate::{Decode, Decoder, Encode, Encoder, Error, ErrorKind, Form, JavaType};

macro_rules! java_type {
    ($type:ty, $descriptor:literal, $boxed:literal $(, $list:literal)?) => {
        impl JavaType for $type {
            fn descriptor() -> Cow<'static, str> {
                Cow::Borrowed($descriptor)
            }

            fn boxed_descriptor() -> Cow<'static, str> {
                Cow::Borrowed($boxed)
            }

            $(fn list_descriptor() -> Cow<'static, str> {
                Cow::Borrowed($list)
            })?
        }
    };
}

java_type!((), "V", "Ljava/lang/Void;");
java_type!(bool, "Z", "Ljava/lang/Boolean;");
java_type!(i8, "B", "Ljava/lang/Byte;");
java_type!(u8, "B", "Ljava/lang/Byte;", "[B");
java_type!(i16, "S", "Ljava/lang/Short;");
java_type!(i32, "I", "Ljava/lang/Integer;");
java_type!(i64, "J", "Ljava/lang/Long;");
java_type!(f32, "F", "Ljava/lang/Float;");
java_type!(f64, "D", "Ljava/lang/Double;");
java_type!(char, "C", "Ljava/lang/Character;");
java_type!(u16, "C", "Ljava/lang/Character;");

/// The null; reading it steps over whatever is there.
impl Encode for () {
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        e.write_null();
        Ok(())
    }
}

impl<'de> Decode<'de> for () {
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        d.skip_value()
    }
}

macro_rules! scalar {
    ($($type:ty: |$v:ident, $e:ident| $write:expr, |$d:ident| $read:expr;)*) => {$(
        impl Encode for $type {
            #[inline]
            fn encode(&self, $e: &mut Encoder) -> Result<(), Error> {
                let $v = *self;
                $write;
                Ok(())
            }
        }

        impl<'de> Decode<'de> for $type {
            #[inline]
            fn decode($d: &mut Decoder<'de>) -> Result<Self, Error> {
                $read
            }
        }
    )*};
}

scalar! {
    bool: |v, e| e.write_bool(v), |d| d.read_bool();
    i16: |v, e| e.write_i32(v.into()), |d| d.read_small("a short");
    i32: |v, e| e.write_i32(v), |d| d.read_i32();
    i64: |v, e| e.write_i64(v), |d| d.read_i64();
    f64: |v, e| e.write_f64(v), |d| d.read_f64();
}

impl Encode for i8 {
    #[inline]
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        e.write_i32((*self).into());
        Ok(())
    }

    fn encode_array(items: &[Self], _: &str, e: &mut Encoder) -> Result<(), Error> {
        let bytes: Vec<u8> = items.iter().map(|v| v.cast_unsigned()).collect();
        e.write_bytes(&bytes);
        Ok(())
    }
}

impl<'de> Decode<'de> for i8 {
    #[inline]
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        d.read_small("a byte")
    }

    fn decode_array(d: &mut Decoder<'de>) -> Result<Vec<Self>, Error> {
        Ok(d.read_byte_vec()?.into_iter().map(u8::cast_signed).collect())
    }
}

/// Java's `byte` by its bits; many of them are a `byte[]`.
impl Encode for u8 {
    #[inline]
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        self.cast_signed().encode(e)
    }

    #[inline]
    fn encode_list(items: &[Self], e: &mut Encoder) -> Result<(), Error> {
        e.write_bytes(items);
        Ok(())
    }

    fn encode_list_as(items: &[Self], _: &str, e: &mut Encoder) -> Result<(), Error> {
        Self::encode_list(items, e)
    }

    fn encode_array(items: &[Self], _: &str, e: &mut Encoder) -> Result<(), Error> {
        Self::encode_list(items, e)
    }
}

impl<'de> Decode<'de> for u8 {
    #[inline]
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        let start = d.position();
        match d.read_small::<i16>("a byte")? {
            v @ -128..=255 => {
                let [_, low] = v.to_be_bytes();
                Ok(low)
            }
            _ => Err(d.out_of_range("a byte").at(start)),
        }
    }

    #[inline]
    fn decode_list(d: &mut Decoder<'de>) -> Result<Vec<Self>, Error> {
        d.read_byte_vec()
    }
}

/// A primitive `float` is widened bit by bit, a boxed one goes through its decimal text, both as
/// Java writes them; Java reads either form back to the same float.
impl Encode for f32 {
    #[inline]
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        if e.form().is_some() {
            return self.encode_boxed(e);
        }
        e.write_f64((*self).into());
        Ok(())
    }

    fn encode_boxed(&self, e: &mut Encoder) -> Result<(), Error> {
        e.write_f64(self.to_string().parse().unwrap_or_else(|_| (*self).into()));
        Ok(())
    }

    /// A `Float`: a class has objects.
    fn encode_as(&self, _: &str, e: &mut Encoder) -> Result<(), Error> {
        self.encode_boxed(e)
    }

    /// An array stays one of `float` in a generic call.
    fn encode_array(items: &[Self], class: &str, e: &mut Encoder) -> Result<(), Error> {
        let generic = e.form() == Some(Form::Generic);
        e.write_typed_list(class, items.len(), |e| {
            items.iter().try_for_each(|item| {
                if !generic {
                    return item.encode(e);
                }
                e.write_f64((*item).into());
                Ok(())
            })
        })
    }
}

impl<'de> Decode<'de> for f32 {
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "as Java narrows a double to a float")]
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        if d.realizes() {
            return d.realize_float();
        }
        Ok(d.read_f64()? as Self)
    }
}

/// A UTF-16 unit.
impl Encode for u16 {
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        e.write_char_unit(*self);
        Ok(())
    }

    fn encode_array(items: &[Self], _: &str, e: &mut Encoder) -> Result<(), Error> {
        if e.form() == Some(Form::Gson) {
            return Self::encode_list(items, e);
        }
        e.write_char_units(items);
        Ok(())
    }
}

impl<'de> Decode<'de> for u16 {
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        let start = d.position();
        match d.read_char_units()?.as_slice() {
            [] => Ok(0),
            [unit] => Ok(*unit),
            more => {
                let found = format!("a string of {} units", more.len());
                let error = if d.realizes() {
                    Decoder::unrealizable("a char", &found)
                } else {
                    Error::new(ErrorKind::Range, format!("expected a char, found {found}"))
                };
                Err(error.at(start))
            }
        }
    }

    fn decode_array(d: &mut Decoder<'de>) -> Result<Vec<Self>, Error> {
        d.read_char_units()
    }
}

/// A character of the basic plane: Java's `char` holds no other.
impl Encode for char {
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        match u16::try_from(u32::from(*self)) {
            Ok(unit) => unit.encode(e),
            Err(_) => Err(Error::new(
                ErrorKind::Range,
                "the character is beyond the basic plane and no Java char; send a String",
            )),
        }
    }

    fn encode_array(items: &[Self], _: &str, e: &mut Encoder) -> Result<(), Error> {
        if e.form() == Some(Form::Gson) {
            return Self::encode_list(items, e);
        }
        e.write_str(&items.iter().collect::<String>());
        Ok(())
    }
}

impl<'de> Decode<'de> for char {
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        let unit = u16::decode(d)?;
        Ok(Self::from_u32(unit.into()).unwrap_or(Self::REPLACEMENT_CHARACTER))
    }

    fn decode_array(d: &mut Decoder<'de>) -> Result<Vec<Self>, Error> {
        if d.realizes() {
            let units = d.read_char_units()?;
            d.charge(units.len().saturating_mul(size_of::<Self>()))?;
            return Ok(Self::decode_utf16(units)
                .map(|c| c.unwrap_or(Self::REPLACEMENT_CHARACTER))
                .collect());
        }
        let text = d.read_str()?;
        d.charge(text.len().saturating_mul(size_of::<Self>()))?;
        Ok(text.chars().collect())
    }
}
