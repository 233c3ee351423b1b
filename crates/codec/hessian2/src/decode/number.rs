//! Numbers, booleans and dates. As in Java, every reader of a number takes every kind of number,
//! booleans and null (hessian-lite `Hessian2Input.readInt` and its kin); unlike in Java, a number
//! that does not fit is an error.

use super::Decoder;
use crate::error::{Error, ErrorKind};
use crate::tag;

const MS_PER_MINUTE: i64 = 60_000;

/// A number of either kind.
#[derive(Clone, Copy)]
pub(crate) enum Number {
    Int(i32),
    Long(i64),
    Double(f64),
}

impl Decoder<'_> {
    /// Reads an `int`.
    ///
    /// # Errors
    /// [`Mismatch`](ErrorKind::Mismatch) when no number is there, [`Range`](ErrorKind::Range)
    /// when it does not fit.
    #[inline]
    pub fn read_i32(&mut self) -> Result<i32, Error> {
        match self.peek()? {
            tag @ 0x80..=0xd7 => {
                self.at.position += 1;
                self.small_int(tag)
            }
            tag::INT => {
                self.at.position += 1;
                Ok(i32::from_be_bytes(self.array()?))
            }
            _ => self.integer("an int"),
        }
    }

    /// Reads a `long`.
    ///
    /// # Errors
    /// As [`read_i32`](Self::read_i32).
    #[inline]
    pub fn read_i64(&mut self) -> Result<i64, Error> {
        match self.peek()? {
            tag @ (0x38..=0x3f | 0xd8..=0xff) => {
                self.at.position += 1;
                self.small_long(tag)
            }
            tag::LONG_INT => {
                self.at.position += 1;
                Ok(i64::from(i32::from_be_bytes(self.array()?)))
            }
            tag::LONG => {
                self.at.position += 1;
                Ok(i64::from_be_bytes(self.array()?))
            }
            _ => self.integer("a long"),
        }
    }

    /// Reads an integer of a narrower type than `int`.
    ///
    /// # Errors
    /// As [`read_i32`](Self::read_i32).
    #[inline]
    pub fn read_small<T: TryFrom<i32>>(&mut self, expected: &str) -> Result<T, Error> {
        let start = self.at.position;
        let v = self.read_i32()?;
        T::try_from(v).map_err(|_| self.out_of_range(expected).at(start))
    }

    /// Reads a `double`.
    ///
    /// # Errors
    /// [`Mismatch`](ErrorKind::Mismatch) when no number is there.
    #[inline]
    pub fn read_f64(&mut self) -> Result<f64, Error> {
        match self.peek()? {
            tag @ (tag::DOUBLE | tag::DOUBLE_0..=tag::DOUBLE_MILLI) => {
                self.at.position += 1;
                self.double(tag)
            }
            _ => Ok(match self.number("a double")? {
                Number::Int(v) => f64::from(v),
                Number::Long(v) => v as f64,
                Number::Double(v) => v,
            }),
        }
    }

    /// Reads a boolean; a number is true when it is not zero.
    ///
    /// # Errors
    /// [`Mismatch`](ErrorKind::Mismatch) when neither a boolean nor a number is there.
    #[inline]
    pub fn read_bool(&mut self) -> Result<bool, Error> {
        match self.peek()? {
            tag @ (tag::TRUE | tag::FALSE) => {
                self.at.position += 1;
                Ok(tag == tag::TRUE)
            }
            tag if self.realizes() && Self::is_str(tag) => self.realize_bool(),
            _ => {
                let start = self.at.position;
                let (truth, one) = match self.number("a boolean")? {
                    Number::Int(v) => (v != 0, v == 1),
                    Number::Long(v) => (v != 0, v == 1),
                    Number::Double(v) => (v != 0.0, v.to_bits() == 1_f64.to_bits()),
                };
                // Java's JSON takes 2 for false, its Hessian for true.
                if self.realizes() && truth && !one {
                    let found = "a number that is neither 0 nor 1";
                    return Err(Self::unrealizable("a boolean", found).at(start));
                }
                Ok(truth)
            }
        }
    }

    /// Reads a `java.util.Date`, in milliseconds since 1970-01-01T00:00:00Z. An object whose
    /// field `value` is a date (`java.sql.Timestamp` and its kin in an `Object`) is one too.
    ///
    /// # Errors
    /// [`Mismatch`](ErrorKind::Mismatch) when no date is there.
    #[inline]
    pub fn read_date(&mut self) -> Result<i64, Error> {
        match self.peek()? {
            tag::DATE_MS => {
                self.at.position += 1;
                Ok(i64::from_be_bytes(self.array()?))
            }
            tag::DATE_MINUTES => {
                self.at.position += 1;
                Ok(i64::from(i32::from_be_bytes(self.array()?)) * MS_PER_MINUTE)
            }
            _ => self.wrapped_date(),
        }
    }

    /// Reads whatever number is there.
    pub(crate) fn number(&mut self, expected: &str) -> Result<Number, Error> {
        let tag = self.peek()?;
        self.at.position += 1;
        Ok(match tag {
            0x80..=0xd7 => Number::Int(self.small_int(tag)?),
            tag::INT => Number::Int(i32::from_be_bytes(self.array()?)),
            0x38..=0x3f | 0xd8..=0xff => Number::Long(self.small_long(tag)?),
            tag::LONG_INT => Number::Long(i64::from(i32::from_be_bytes(self.array()?))),
            tag::LONG => Number::Long(i64::from_be_bytes(self.array()?)),
            tag::DOUBLE | tag::DOUBLE_0..=tag::DOUBLE_MILLI => Number::Double(self.double(tag)?),
            tag::TRUE => Number::Int(1),
            tag::FALSE => Number::Int(0),
            tag::NULL if !self.refuse_null => Number::Int(0),
            _ => {
                self.at.position -= 1;
                return self.realize_number(expected);
            }
        })
    }

    #[inline]
    fn small_int(&mut self, tag: u8) -> Result<i32, Error> {
        let tag_value = i32::from(tag);
        Ok(match tag {
            0x80..=0xbf => tag_value - 0x90,
            0xc0..=0xcf => ((tag_value - 0xc8) << 8) + i32::from(self.byte()?),
            _ => {
                let low: [u8; 2] = self.array()?;
                ((tag_value - 0xd4) << 16) + i32::from(u16::from_be_bytes(low))
            }
        })
    }

    #[inline]
    fn small_long(&mut self, tag: u8) -> Result<i64, Error> {
        let tag_value = i64::from(tag);
        Ok(match tag {
            0xd8..=0xef => tag_value - 0xe0,
            0xf0..=0xff => ((tag_value - 0xf8) << 8) + i64::from(self.byte()?),
            _ => {
                let low: [u8; 2] = self.array()?;
                ((tag_value - 0x3c) << 16) + i64::from(u16::from_be_bytes(low))
            }
        })
    }

    #[inline]
    fn double(&mut self, tag: u8) -> Result<f64, Error> {
        Ok(match tag {
            tag::DOUBLE_0 => 0.0,
            tag::DOUBLE_1 => 1.0,
            tag::DOUBLE_I8 => f64::from(i8::from_be_bytes(self.array()?)),
            tag::DOUBLE_I16 => f64::from(i16::from_be_bytes(self.array()?)),
            // Java multiplies; dividing by 1000 would differ in the last bit of some values.
            tag::DOUBLE_MILLI => 0.001 * f64::from(i32::from_be_bytes(self.array()?)),
            _ => f64::from_be_bytes(self.array()?),
        })
    }

    /// An integer that is not of the expected kind.
    #[cold]
    fn integer<T: TryFrom<i64>>(&mut self, expected: &'static str) -> Result<T, Error> {
        // The bounds are exact: 2⁶³ is a double, and so is every whole double below it.
        const BOUND: f64 = 9_223_372_036_854_775_808.0;
        let start = self.at.position;
        let wide = match self.number(expected)? {
            Number::Int(v) => Some(i64::from(v)),
            Number::Long(v) => Some(v),
            Number::Double(v) if v.fract() == 0.0 && (-BOUND..BOUND).contains(&v) =>
            {
                #[allow(clippy::cast_possible_truncation, reason = "whole and within bounds")]
                Some(v as i64)
            }
            Number::Double(_) => None,
        };
        wide.and_then(|v| T::try_from(v).ok()).ok_or_else(|| self.out_of_range(expected).at(start))
    }

    #[cold]
    fn wrapped_date(&mut self) -> Result<i64, Error> {
        static DATE: crate::Class = crate::Class::new("java.util.Date", &["value"]);
        if let Some(date) = self.realize_date()? {
            return Ok(date);
        }
        let start = self.at.position;
        if !matches!(self.peek()?, tag::CLASS | tag::OBJECT | 0x60..=0x6f | tag::REFERENCE) {
            return Err(self.mismatch("a date"));
        }
        let mut date = None;
        self.read_object(&DATE, |d, _| {
            date = Some(d.read_date()?);
            Ok(())
        })?;
        date.ok_or_else(|| Error::missing_field(DATE.name(), "value").at(start))
    }

    #[cold]
    pub(crate) fn out_of_range(&self, expected: &str) -> Error {
        if self.realizes() {
            return Self::unrealizable(expected, "a number that it cannot hold");
        }
        let detail = format!("the number does not fit {expected}; declare a wider type");
        Error::new(ErrorKind::Range, detail)
    }
}
