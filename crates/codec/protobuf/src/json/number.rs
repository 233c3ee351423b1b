//! Numbers: the grammar of JSON, and integers however they are written.

/// The length of the number at the beginning of `text`; `None` if there is none.
pub(super) fn length(text: &[u8]) -> Option<usize> {
    let digits = |at: usize| {
        let rest = text.get(at..).unwrap_or_default();
        rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len())
    };
    let mut at = usize::from(text.first() == Some(&b'-'));
    match digits(at) {
        0 => return None,
        many if many > 1 && text.get(at) == Some(&b'0') => return None,
        many => at += many,
    }
    if text.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        at += 1 + usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at);
        if exponent == 0 {
            return None;
        }
        at += exponent;
    }
    Some(at)
}

/// The integer that a number is, as `1`, `1.0` or `1e0`; `None` if it has a fraction, or is beyond
/// any integer of 64 bits.
pub(super) fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        // An exponent beyond that is one of 0 or of no integer of 64 bits.
        Some((mantissa, exponent)) => (
            mantissa,
            exponent.parse::<i64>().unwrap_or_else(|_| {
                if exponent.starts_with('-') { i64::MIN / 2 } else { i64::MAX / 2 }
            }),
        ),
        None => (digits, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let fraction = fraction.trim_end_matches('0');
    let significant = || whole.bytes().chain(fraction.bytes()).skip_while(|digit| *digit == b'0');
    let count = i64::try_from(significant().count()).ok()?;
    // The digits are an integer with this many zeros behind.
    let zeros = exponent.saturating_sub(i64::try_from(fraction.len()).ok()?);
    if count == 0 {
        return Some(0);
    }
    const MOST: i64 = 20;
    if count.saturating_add(zeros) > MOST {
        return None;
    }
    let kept = if zeros < 0 { count.checked_add(zeros).filter(|kept| *kept > 0)? } else { count };
    let mut value: i128 = 0;
    for (index, digit) in (0_i64..).zip(significant()) {
        if index < kept {
            value = value * 10 + i128::from(digit - b'0');
        } else if digit != b'0' {
            return None;
        }
    }
    for _ in 0..zeros.max(0) {
        value *= 10;
    }
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::{integer, length};

    #[test]
    fn numbers_are_those_of_json() {
        for number in ["0", "-0", "10", "1.5", "1e5", "1.25E-7", "-1.0e+3"] {
            assert_eq!(length(number.as_bytes()), Some(number.len()), "{number}");
        }
        assert_eq!(length(b"12]"), Some(2));
        for wrong in ["", "-", "+1", "01", ".5", "1.", "1e", "1e+", "-x", "NaN"] {
            assert_eq!(length(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn an_integer_is_one_however_it_is_written() {
        for (text, value) in [
            ("0", 0),
            ("-0.000", 0),
            ("0e999999999999999999999", 0),
            ("1e3", 1000),
            ("1.0", 1),
            ("100e-2", 1),
            ("1.5e1", 15),
            ("-1.25e2", -125),
            ("10", 10),
            ("0.00012e5", 12),
            ("120000000000000000000000e-23", 0),
        ] {
            let value = Some(value).filter(|_| text != "120000000000000000000000e-23");
            assert_eq!(integer(text), value, "{text}");
        }
        assert_eq!(integer("18446744073709551615"), Some(u64::MAX.into()));
        assert_eq!(integer("9223372036854775807.0"), Some(i64::MAX.into()));
        for text in
            ["0.5", "1e-1", "15e-1", "1e21", "1e99999999999999999999", "1e-99999999999999999999"]
        {
            assert_eq!(integer(text), None, "{text}");
        }
    }
}
