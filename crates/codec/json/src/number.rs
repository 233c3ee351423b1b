//! Numbers of JSON, of which no digit is lost.

use dubhe_core::Value;

use crate::Error;

/// The class of a number that is neither a Java `long` nor a `double`.
pub(crate) const DECIMAL: &str = "java.math.BigDecimal";

/// Returns `true` if JSON has this text as a number.
pub(crate) fn is_number(text: &str) -> bool {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let whole = digits(unsigned);
    if whole == 0 || whole > 1 && unsigned.starts_with('0') {
        return false;
    }
    let mut rest = unsigned.get(whole..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix('.') {
        let len = digits(fraction);
        if len == 0 {
            return false;
        }
        rest = fraction.get(len..).unwrap_or_default();
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

/// The value of a number: an `Int`, a `Long`, a `Double` when its text is that of the double, or a
/// `java.math.BigDecimal` of that text.
pub(crate) fn value(text: &str) -> Result<Value, Error> {
    if let Ok(n) = text.parse::<i64>() {
        return Ok(integer(n));
    }
    let double: f64 = text.parse().map_err(|_| Error::Number)?;
    if !double.is_finite() {
        return Err(Error::Number);
    }
    if text.contains('.') && format!("{double:?}") == text {
        return Ok(Value::Double(double));
    }
    Ok(Value::object(DECIMAL).field("value", text).into())
}

pub(crate) fn integer(n: i64) -> Value {
    i32::try_from(n).map_or(Value::Long(n), Value::Int)
}

/// The numbers of a JSON text, one after the other.
///
/// `serde_json` hands out doubles, where `1.50` and more digits than 17 are lost, unless a feature that
/// changes every program is on. It reads numbers in the order of the text, so the same number is found
/// there again.
pub(crate) struct Numbers<'a> {
    text: &'a [u8],
    /// The numbers that were handed out and not looked for.
    behind: usize,
}

impl<'a> Numbers<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, behind: 0 }
    }

    /// Steps over the next number.
    pub(crate) fn skip(&mut self) {
        self.behind += 1;
    }

    /// The text of the next number.
    pub(crate) fn next(&mut self) -> Option<&'a str> {
        for _ in 0..std::mem::take(&mut self.behind) {
            self.find()?;
        }
        self.find()
    }

    fn find(&mut self) -> Option<&'a str> {
        loop {
            let (first, rest) = self.text.split_first()?;
            match first {
                b'"' => self.text = behind_string(rest)?,
                b'-' | b'0'..=b'9' => {
                    let is_part =
                        |b: &u8| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
                    let len = self.text.iter().take_while(|b| is_part(b)).count();
                    let (number, rest) = self.text.split_at_checked(len)?;
                    self.text = rest;
                    return std::str::from_utf8(number).ok();
                }
                _ => self.text = rest,
            }
        }
    }
}

/// The text behind the string whose content is next.
fn behind_string(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        let (first, rest) = text.split_first()?;
        text = match first {
            b'"' => return Some(rest),
            b'\\' => rest.get(1..)?,
            _ => rest,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_digit_is_lost() {
        let decimal = |text: &str| Value::from(Value::object(DECIMAL).field("value", text));
        for text in ["1.50", "12345678901234567890", "0.12345678901234567890", "1e2", "1E+2"] {
            assert_eq!(value(text).unwrap(), decimal(text));
        }
        for (text, number) in [("1.5", 1.5), ("100.0", 100.0), ("-0.0", 0.0)] {
            assert_eq!(value(text).unwrap(), Value::Double(number));
        }
        assert_eq!(value("9223372036854775807").unwrap(), Value::Long(i64::MAX));
        assert!(matches!(value("1e400"), Err(Error::Number)));
    }

    #[test]
    fn a_number_is_found_where_it_stands() {
        let mut numbers = Numbers::new(br#"{"1\"2": [3, "4\\", -5.50], "k": 6e+7, "x": 8}"#);
        assert_eq!(numbers.next(), Some("3"));
        assert_eq!(numbers.next(), Some("-5.50"));
        numbers.skip();
        assert_eq!((numbers.next(), numbers.next()), (Some("8"), None));
    }

    #[test]
    fn only_numbers_of_json_are_written_as_numbers() {
        for text in ["0", "-1.50", "1E+10", "10", "0.5e-3"] {
            assert!(is_number(text), "{text}");
        }
        for text in ["", "-", "01", "+1", ".5", "5.", "1e", "1x", "NaN"] {
            assert!(!is_number(text), "{text}");
        }
    }
}
