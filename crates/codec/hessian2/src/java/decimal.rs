//! `java.math.BigDecimal`.

use std::fmt;
use std::str::FromStr;

use crate::limits::check_text_digits;
use crate::{Class, Decode, Decoder, Encode, Encoder, Error, ErrorKind};

/// The class.
pub(crate) const CLASS: &str = "java.math.BigDecimal";

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

impl BigDecimal {
    /// Takes what came as JSON or as a generic value, and writes it as Java prints it.
    fn realized(text: &str, check: impl FnOnce(usize) -> Result<(), Error>) -> Result<Self, Error> {
        let Self(text) = Self::parse(text.trim(), check).map_err(|error| match error.kind() {
            ErrorKind::Malformed => Error::new(
                ErrorKind::Malformed,
                format!("expected {CLASS}, found a string that is no number; write it as -12.50"),
            ),
            _ => error,
        })?;
        // A scale that no Java int holds stays as it came.
        Ok(Self(Parts::of(&text).map_or(text, |parts| parts.to_string())))
    }

    /// The digits of a whole number, with its sign; `None` for a fraction.
    pub(super) fn whole(&self) -> Option<String> {
        let parts = Parts::of(&self.0)?;
        let zeros = usize::try_from(parts.scale.max(0)).ok()?;
        let more = usize::try_from(-parts.scale.min(0)).ok()?;
        if check_text_digits(parts.digits.len().saturating_add(more)).is_err() {
            return None;
        }
        let sign = if parts.negative { "-" } else { "" };
        if parts.digits == "0" {
            return Some("0".into());
        }
        let (whole, fraction) =
            parts.digits.split_at_checked(parts.digits.len().checked_sub(zeros)?)?;
        let is_whole = !whole.is_empty() && fraction.bytes().all(|b| b == b'0');
        is_whole.then(|| format!("{sign}{whole}{}", "0".repeat(more)))
    }
}

/// A decimal number as Java holds it: an integer, and the number of its digits behind the point.
struct Parts {
    negative: bool,
    digits: String,
    scale: i64,
}

impl Parts {
    /// The parts of a text that is a number.
    fn of(text: &str) -> Option<Self> {
        let number = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (number, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let scale = i64::try_from(fraction.len()).ok()? - exponent.parse::<i64>().ok()?;
        i32::try_from(scale).ok()?;
        let digits = format!("{whole}{fraction}");
        let digits = match digits.trim_start_matches('0') {
            "" => "0",
            digits => digits,
        };
        let negative = text.starts_with('-') && digits != "0";
        Some(Self { negative, digits: digits.to_owned(), scale })
    }
}

/// Java's form: an exponent where there are zeros that are not digits of the number, or many of them
/// behind the point (`BigDecimal.toString`).
impl fmt::Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// The least exponent that is written out.
        const LEAST_PLAIN: i64 = -6;
        if self.negative {
            f.write_str("-")?;
        }
        let len = i64::try_from(self.digits.len()).unwrap_or(i64::MAX);
        let exponent = len - 1 - self.scale;
        if self.scale == 0 {
            return f.write_str(&self.digits);
        }
        if self.scale > 0 && exponent >= LEAST_PLAIN {
            let width = usize::try_from(self.scale).unwrap_or_default() + 1;
            let digits = format!("{:0>width$}", self.digits);
            let (whole, fraction) = digits.split_at(digits.len() + 1 - width);
            return write!(f, "{whole}.{fraction}");
        }
        let (first, rest) = self.digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        write!(f, "{first}{point}{rest}E{exponent:+}")
    }
}

/// Java's text of a double (`Double.toString`).
pub(crate) fn of_double(v: f64) -> String {
    let plain = v == 0.0 || (1e-3..1e7).contains(&v.abs()) || !v.is_finite();
    if plain {
        return format!("{v:?}");
    }
    let text = format!("{v:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let point = if mantissa.contains('.') { "" } else { ".0" };
    format!("{mantissa}{point}E{exponent}")
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
        if d.realizes() {
            let decimal = match d.decimal_text()? {
                Some(text) => Self::realized(&text, |digits| d.check_digits(digits)),
                None => return Err(d.mismatch(CLASS)),
            };
            return decimal.map_err(|e| e.at(start));
        }
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
    fn numbers_of_json_print_as_in_java() {
        let realized = |text: &str| BigDecimal::realized(text, check_text_digits).unwrap().0;
        for (text, java) in [
            ("1.50", "1.50"),
            ("+007", "7"),
            ("-0", "0"),
            ("1e2", "1E+2"),
            ("1.0E10", "1.0E+10"),
            ("-12.5e-1", "-1.25"),
            (".5", "0.5"),
            ("5e-7", "5E-7"),
            ("0.000005", "0.000005"),
            ("0.00", "0.00"),
            (" 1 ", "1"),
            ("1E+2147483647", "1E+2147483647"),
        ] {
            assert_eq!(realized(text), java, "{text}");
        }
        for (text, whole) in [
            ("100.0", Some("100")),
            ("-1e2", Some("-100")),
            ("0.0", Some("0")),
            ("1.5", None),
            ("0.1", None),
            ("1e10000", None),
        ] {
            assert_eq!(BigDecimal(text.into()).whole().as_deref(), whole, "{text}");
        }
        for (double, java) in [(1.5, "1.5"), (100.0, "100.0"), (1e7, "1.0E7"), (1.25e-5, "1.25E-5")]
        {
            assert_eq!(of_double(double), java);
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
