//! `java.math.BigDecimal`.

use std::fmt;
use std::str::FromStr;

use crate::{Class, Decode, Decoder, Encode, Encoder, Error, ErrorKind};

/// A decimal number of any size, kept as Java's text of it: `-1.50`, `1E+10`. Equality is that of
/// the text, so `1.5` and `1.50` differ, as they do for Java's `equals`. There is no arithmetic:
/// parse the text with the decimal type of your choice.
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
        let number = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (number, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let valid = !(whole.is_empty() && fraction.is_empty())
            && digits(whole)
            && digits(fraction)
            && exponent.parse::<i32>().is_ok();
        if valid { Ok(Self(text.to_owned())) } else { Err(malformed()) }
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
        super::util::read_value_field(d, "java.math.BigDecimal")?
            .parse()
            .map_err(|e: Error| e.at(start))
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
}
