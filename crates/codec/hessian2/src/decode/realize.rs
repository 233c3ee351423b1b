//! Values in the forms of JSON and of generic calls, which become what the Rust type takes: numbers and
//! booleans as text, dates as text and numbers, bytes as base64 (Dubbo Java `PojoUtils.realize`,
//! `CompatibleTypeUtils`; fastjson2).
//!
//! A decoder comes here only where it would fail otherwise, so that others pay nothing.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Decoder;
use super::number::Number;
use crate::error::{Error, ErrorKind};
use crate::{Decode, Form, tag};

impl<'de> Decoder<'de> {
    /// Returns `true` if values may also have the forms of JSON and of generic calls.
    #[inline]
    pub(crate) const fn realizes(&self) -> bool {
        self.limits.realize.is_some()
    }

    /// The form of JSON or of generic calls that values may have too.
    pub(crate) const fn form(&self) -> Option<Form> {
        self.limits.realize
    }

    /// The error of finding `found` where a value of a Java type is due, without a place.
    #[cold]
    pub(crate) fn unrealizable(expected: &str, found: &str) -> Error {
        let name = expected.strip_prefix("an ").or_else(|| expected.strip_prefix("a "));
        let java = match name.unwrap_or(expected) {
            "date" => "java.util.Date",
            "string" => "java.lang.String",
            "list" => "java.util.List",
            "map" => "java.util.Map",
            other => other,
        };
        let (kind, remedy) = match found {
            "null" => (ErrorKind::Null, "; make it an Option"),
            _ => (ErrorKind::Mismatch, ""),
        };
        Error::new(kind, format!("expected {java}, found {found}{remedy}"))
    }

    /// Reads an element of a collection, which is no zero where it is null.
    #[inline]
    pub(crate) fn element<T>(
        &mut self,
        decode: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.realizes() && self.peek()? == tag::NULL {
            self.refuse_null = true;
            let element = decode(self);
            self.refuse_null = false;
            return element;
        }
        decode(self)
    }

    /// Reads a list as [`Decode::decode_list`] does, whose elements are no zeros where they are null.
    #[cold]
    pub(crate) fn realize_list<T: Decode<'de>>(&mut self) -> Result<Vec<T>, Error> {
        self.read_list(|d, items| {
            let mut list = items.vec(d)?;
            while items.next(d)? {
                d.make_room(&mut list)?;
                list.push(d.element(T::decode)?);
            }
            Ok(list)
        })
    }

    /// Returns `true` if a number begins with this tag.
    pub(crate) const fn is_number(tag: u8) -> bool {
        matches!(
            tag,
            0x38..=0x3f
                | 0x80..=0xff
                | tag::INT
                | tag::LONG
                | tag::LONG_INT
                | tag::DOUBLE
                | tag::DOUBLE_0..=tag::DOUBLE_MILLI
        )
    }

    /// Returns `true` if a number is next that is an object: JSON has one for each that is no `long` and
    /// has more digits than a double keeps.
    pub(crate) fn is_big_number(&mut self) -> Result<bool, Error> {
        Ok(matches!(self.peek_class()?, Some("java.math.BigDecimal" | "java.math.BigInteger")))
    }

    /// Refuses a number that is an object, which would be taken for an instance of `class`.
    #[cold]
    pub(crate) fn refuse_big_number(&mut self, class: &str) -> Result<(), Error> {
        if self.peek_class()? != Some(class) && self.is_big_number()? {
            return Err(Self::unrealizable(class, "a number").at(self.at.position));
        }
        Ok(())
    }

    /// Reads a number that is a text or of any size.
    #[cold]
    pub(super) fn realize_number(&mut self, expected: &str) -> Result<Number, Error> {
        if !self.realizes() {
            return Err(self.mismatch(expected));
        }
        let start = self.at.position;
        if !Self::is_str(self.peek()?) && self.peek_class()?.is_none() {
            return Err(self.mismatch(expected));
        }
        let Some(text) = self.decimal_text()? else { return Err(self.mismatch(expected)) };
        let text = text.trim();
        // A double has not all digits of a long.
        if let Some(v) = text.parse().ok().or_else(|| Self::whole(text)) {
            return Ok(Number::Long(v));
        }
        match text.parse::<f64>() {
            Ok(v) if v.is_finite() || matches!(text, "NaN" | "Infinity" | "-Infinity") => {
                Ok(Number::Double(v))
            }
            _ => Err(Self::unrealizable(expected, "a string that is no such number")),
        }
        .map_err(|error: Error| error.at(start))
    }

    /// Reads a `float`, which no finite number overflows.
    #[cold]
    #[allow(clippy::cast_possible_truncation, reason = "as Java narrows a double to a float")]
    pub(crate) fn realize_float(&mut self) -> Result<f32, Error> {
        let start = self.at.position;
        let double = self.read_f64()?;
        let float = double as f32;
        if double.is_finite() && float.is_infinite() {
            let found = "a number that it cannot hold";
            return Err(Self::unrealizable("a float", found).at(start));
        }
        Ok(float)
    }

    #[cold]
    pub(super) fn realize_bool(&mut self) -> Result<bool, Error> {
        let start = self.at.position;
        match self.read_str()?.trim() {
            "1" => Ok(true),
            "0" => Ok(false),
            text if text.eq_ignore_ascii_case("true") => Ok(true),
            text if text.eq_ignore_ascii_case("false") => Ok(false),
            _ => Err(Self::unrealizable("a boolean", "a string that is neither true nor false")
                .at(start)),
        }
    }

    /// Reads a constant that is an ordinal or a text.
    #[cold]
    pub(super) fn realize_constant(
        &mut self,
        class: &str,
        names: &[&'static str],
    ) -> Result<Cow<'de, str>, Error> {
        let (start, tag) = (self.at.position, self.peek()?);
        let ordinal = if Self::is_str(tag) {
            let read = self.read_str()?;
            let text = read.trim();
            let exact = names.iter().find(|name| **name == text);
            let in_any_case = || names.iter().find(|name| name.eq_ignore_ascii_case(text));
            if let Some(name) = exact.or_else(in_any_case) {
                return Ok(Cow::Borrowed(name));
            }
            match text.parse::<u32>() {
                Ok(ordinal) => i64::from(ordinal),
                // It may be one that the enum takes as unknown.
                Err(_) => return Ok(read),
            }
        } else if Self::is_number(tag) || self.peek_class()? == Some("java.math.BigDecimal") {
            self.read_i64()?
        } else if matches!(tag, tag::CLASS | tag::OBJECT | 0x60..=0x6f | tag::REFERENCE) {
            return self.read_constant();
        } else {
            return Err(self.mismatch(class));
        };
        let name = usize::try_from(ordinal).ok().and_then(|ordinal| names.get(ordinal));
        name.map(|name| Cow::Borrowed(*name)).ok_or_else(|| {
            let last = names.len().saturating_sub(1);
            let found = format!("the ordinal {ordinal}, where 0 to {last} are known");
            Self::unrealizable(class, &found).at(start)
        })
    }

    /// Reads a `byte[]` that is base64, or a list of numbers.
    #[cold]
    pub(super) fn realize_bytes(&mut self) -> Result<Vec<u8>, Error> {
        let start = self.at.position;
        if Self::is_str(self.peek()?) {
            let text = self.read_str()?;
            self.charge_block(text.len() / 4 * 3)?;
            return STANDARD
                .decode(&*text)
                .map_err(|_| Self::unrealizable("byte[]", "a string that is no base64").at(start));
        }
        if !matches!(self.peek()?, 0x70..=0x7f | tag::TYPED_LIST_OPEN..=tag::LIST | tag::REFERENCE)
        {
            return Err(self.mismatch("byte[]"));
        }
        self.read_list(|d, items| {
            let mut bytes = items.vec(d)?;
            while items.next(d)? {
                d.make_room(&mut bytes)?;
                bytes.push(d.element(u8::decode)?);
            }
            Ok(bytes)
        })
    }

    /// Reads a `char[]` that is a list of strings.
    #[cold]
    pub(super) fn realize_chars(&mut self) -> Result<Vec<u16>, Error> {
        if !matches!(self.peek()?, 0x70..=0x7f | tag::TYPED_LIST_OPEN..=tag::LIST) {
            return Err(self.mismatch("a string"));
        }
        self.read_list(|d, items| {
            let mut units = items.vec(d)?;
            while items.next(d)? {
                d.make_room(&mut units)?;
                if !Self::is_str(d.peek()?) {
                    return Err(d.mismatch("a char"));
                }
                units.push(u16::decode(d)?);
            }
            Ok(units)
        })
    }
}
