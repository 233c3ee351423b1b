//! `java.math.BigDecimal`.

use std::fmt;
use std::str::FromStr;

use crate::limits::check_text_digits;
use crate::{Class, Decode, Decoder, Encode, Encoder, Error, ErrorKind};

/// A decimal number of any size, kept as Java's text of it: `-1.50`, `1E+10`. Equality is that of
/// the text, so `1.5` and `1.50` differ, as they do for Java's `equals`. There is no arithmetic:
/// parse the text with the decimal type of your choice. An exponent stays an exponent, so that
/// `1E+1000000000` is 13 characters here; the digits of one that is received are bounded by
/// [`Limits::digits`](crate::Limits::digits), and by 10,000 in a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BigDecimal(String);

impl BigDecimal {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BigDecimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Takes what Java's constructor takes: digits, perhaps with a sign, a point and an exponent.
impl FromStr for BigDecimal {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text, check_text_digits)
    }
}

impl BigDecimal {
    /// Takes a text whose number of digits `check` allows.
    fn parse(text: &str, check: impl FnOnce(usize) -> Result<(), Error>) -> Result<Self, Error> {
        let number = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (number, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let valid = !(whole.is_empty() && fraction.is_empty())
            && digits(whole)
            && digits(fraction)
            && exponent.parse::<i32>().is_ok();
        if !valid {
            return Err(malformed());
        }
        check(whole.len() + fraction.len())?;
        Ok(Self(text.to_owned()))
    }
}

impl From<i64> for BigDecimal {
    fn from(v: i64) -> Self {
        Self(v.to_string())
    }
}

#[cold]
fn malformed() -> Error {
    Error::new(
        ErrorKind::Malformed,
        "the text is not a decimal number; write it as -12.50 or 1E+10",
    )
}

impl Encode for BigDecimal {
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        static CLASS: Class = Class::new("java.math.BigDecimal", &["value"]);
        e.write_object(&CLASS, |e| self.0.encode(e))
    }
}

impl<'de> Decode<'de> for BigDecimal {
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        let start = d.position();
        let text = super::util::read_value_field(d, "java.math.BigDecimal")?;
        let decimal = Self::parse(&text, |digits| d.check_digits(digits));
        decimal.map_err(|e| e.at(start))
    }
}

java_type!(BigDecimal, "java.math.BigDecimal");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_are_decimals() {
        for text in ["0", "-1.50", "+7", ".5", "5.", "1E+10", "1e-10"] {
            assert_eq!(text.parse::<BigDecimal>().unwrap().as_str(), text);
        }
        for text in ["", "-", ".", "1.2.3", "1E", "E5", "NaN", "0x10", " 1", "--1"] {
            assert!(text.parse::<BigDecimal>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_exponent_is_not_written_out_and_digits_are_limited() {
        let decimal: BigDecimal = "1E+1000000000".parse().unwrap();
        assert_eq!(decimal.to_string(), "1E+1000000000");
        for text in ["1E+10000000000", "1e99999999999999999999"] {
            assert!(text.parse::<BigDecimal>().is_err(), "{text}");
        }
        let digits = |count: usize| format!("-0.{}e-7", "1".repeat(count - 1));
        assert!(digits(10_000).parse::<BigDecimal>().is_ok());
        assert_eq!(digits(10_001).parse::<BigDecimal>().unwrap_err().kind(), ErrorKind::Limit);
        let bytes = crate::to_bytes(&BigDecimal(digits(20))).unwrap();
        let read = |digits| {
            let limits = crate::Limits::default().digits(digits);
            BigDecimal::decode(&mut Decoder::with_limits(&bytes, limits)).map_err(|e| e.kind())
        };
        assert_eq!(read(20).unwrap().as_str(), digits(20));
        assert_eq!(read(19), Err(ErrorKind::Limit));
    }
}
