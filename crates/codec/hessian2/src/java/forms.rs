//! Numbers and dates in the forms of JSON and of generic calls.

use std::borrow::Cow;

use super::iso::millis;
use super::util::read_value_field;
use super::{BigDecimal, BigInteger, decimal};
use crate::decode::Number;
use crate::{Decoder, Error, tag};

impl<'de> Decoder<'de> {
    /// Reads the text of a number, or of a string as it is. None when neither is next.
    pub(crate) fn decimal_text(&mut self) -> Result<Option<Cow<'de, str>>, Error> {
        if Self::is_str(self.peek()?) {
            return self.read_str().map(Some);
        }
        match self.peek_class()? {
            Some(decimal::CLASS) => return read_value_field(self, decimal::CLASS).map(Some),
            Some("java.math.BigInteger") => {
                return BigInteger::read(self).map(|n| Some(n.to_string().into()));
            }
            Some(_) => return Ok(None),
            None => {}
        }
        if matches!(self.peek()?, tag::TRUE | tag::FALSE | tag::NULL)
            || !Self::is_number(self.peek()?)
        {
            return Ok(None);
        }
        Ok(Some(match self.number("a number")? {
            Number::Int(v) => v.to_string().into(),
            Number::Long(v) => v.to_string().into(),
            Number::Double(v) => decimal::of_double(v).into(),
        }))
    }

    /// The whole number of a text with a point or an exponent: `9.0`, `1e3`.
    pub(crate) fn whole(text: &str) -> Option<i64> {
        text.parse::<BigDecimal>().ok()?.whole()?.parse().ok()
    }

    /// Reads a date that is a text or a number of milliseconds. None when neither is next.
    #[cold]
    pub(crate) fn realize_date(&mut self) -> Result<Option<i64>, Error> {
        let tag = self.peek()?;
        if !self.realizes() {
            return Ok(None);
        }
        if Self::is_number(tag) || self.is_big_number()? {
            return self.read_i64().map(Some);
        }
        if !Self::is_str(tag) {
            return Ok(None);
        }
        let start = self.position();
        let text = self.read_str()?;
        let found = "a string that is none; write it as 2024-02-29 10:20:30.000 or in milliseconds";
        match millis(text.trim()) {
            Some(ms) => Ok(Some(ms)),
            None => Err(Self::unrealizable("a date", found).at(start)),
        }
    }
}
