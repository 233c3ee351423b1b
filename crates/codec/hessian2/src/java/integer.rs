//! `java.math.BigInteger`.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use super::BigDecimal;
use crate::limits::check_text_digits;
use crate::{Array, Class, Decode, Decoder, Encode, Encoder, Error, ErrorKind};

/// Nine decimal digits fit one word.
const DIGITS: usize = 9;
const BASE: u64 = 1_000_000_000;

static CLASS: Class = Class::new(
    "java.math.BigInteger",
    &[
        "mag",
        "firstNonzeroIntNumPlusTwo",
        "lowestSetBitPlusTwo",
        "bitLengthPlusOne",
        "bitCountPlusOne",
        "signum",
    ],
);

/// An integer of any size: a sign and a magnitude, as in Java. There is no arithmetic, only
/// conversion. To and from text takes time in the square of the length, which is bounded where one
/// is received: [`Limits::digits`](crate::Limits::digits), and 10,000 digits in a text.
///
/// ```
/// # mod dubhe { pub use dubhe_hessian2::java; }
/// use dubhe::java::BigInteger;
///
/// let big: BigInteger = "-170141183460469231731687303715884105728".parse()?;
/// assert!(big.is_negative());
/// assert_eq!(i128::try_from(&big)?, i128::MIN);
/// assert_eq!(BigInteger::from(42_i64).to_string(), "42");
/// # Ok::<(), dubhe_hessian2::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BigInteger {
    negative: bool,
    /// 32-bit words, the most significant first and not zero.
    words: Vec<u32>,
}

impl BigInteger {
    /// The integer of that sign whose magnitude is `words`, the most significant first.
    pub fn new(negative: bool, words: &[u32]) -> Self {
        let zeros = words.iter().take_while(|word| **word == 0).count();
        let words = words.get(zeros..).unwrap_or_default().to_vec();
        Self { negative: negative && !words.is_empty(), words }
    }

    /// Returns `true` if it is less than zero.
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// The magnitude in 32-bit words, the most significant first; none for zero.
    pub fn words(&self) -> &[u32] {
        &self.words
    }
}

impl From<i128> for BigInteger {
    fn from(v: i128) -> Self {
        let bytes = v.unsigned_abs().to_be_bytes();
        let words: Vec<u32> = bytes.as_chunks().0.iter().map(|w| u32::from_be_bytes(*w)).collect();
        Self::new(v < 0, &words)
    }
}

impl From<i64> for BigInteger {
    fn from(v: i64) -> Self {
        i128::from(v).into()
    }
}

impl TryFrom<&BigInteger> for i128 {
    type Error = Error;

    fn try_from(v: &BigInteger) -> Result<Self, Error> {
        let too_big = || Error::new(ErrorKind::Range, "the integer does not fit 128 bits");
        if v.words.len() > 4 {
            return Err(too_big());
        }
        let magnitude = v.words.iter().fold(0, |all, word| all << 32 | u128::from(*word));
        let value = if v.negative {
            0_i128.checked_sub_unsigned(magnitude)
        } else {
            0_i128.checked_add_unsigned(magnitude)
        };
        value.ok_or_else(too_big)
    }
}

impl FromStr for BigInteger {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let malformed =
            || Error::new(ErrorKind::Malformed, "the text is not an integer; write it as -120");
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(malformed());
        }
        check_text_digits(digits.len())?;
        // The least significant word first, while digits are shifted in from the left.
        let mut words: Vec<u32> = Vec::new();
        let head = digits.len() % DIGITS;
        let (head, rest) = digits.split_at(head);
        let groups = rest.as_bytes().chunks(DIGITS);
        for group in std::iter::once(head.as_bytes()).chain(groups) {
            let mut carry = group.iter().fold(0, |all, b| all * 10 + u64::from(b - b'0'));
            for word in &mut words {
                carry += u64::from(*word) * BASE;
                *word = low(carry);
                carry >>= 32;
            }
            if carry > 0 {
                words.push(low(carry));
            }
        }
        words.reverse();
        Ok(Self::new(text.starts_with('-'), &words))
    }
}

impl fmt::Display for BigInteger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = self.words.clone();
        let mut groups = Vec::new();
        // The words before it are zero: a quotient is shorter by one most of the time.
        let mut first = 0;
        loop {
            first += words.iter().skip(first).take_while(|word| **word == 0).count();
            if first >= words.len() {
                break;
            }
            let mut rest = 0;
            for word in words.iter_mut().skip(first) {
                let wide = rest << 32 | u64::from(*word);
                *word = low(wide / BASE);
                rest = wide % BASE;
            }
            groups.push(rest);
        }
        let mut digits = groups.pop().unwrap_or(0).to_string();
        for group in groups.iter().rev() {
            write!(digits, "{group:09}")?;
        }
        f.pad_integral(!self.negative, "", &digits)
    }
}

/// The low word of a number.
fn low(wide: u64) -> u32 {
    let [.., a, b, c, d] = wide.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

impl Encode for BigInteger {
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        let signum = match (self.negative, self.words.is_empty()) {
            (_, true) => 0,
            (true, _) => -1,
            (false, _) => 1,
        };
        e.write_object(&CLASS, |e| {
            let words: Array<i32> = self.words.iter().map(|word| word.cast_signed()).collect();
            words.encode(e)?;
            // Java computes its four caches anew.
            [0; 4].iter().for_each(|cache| e.write_i32(*cache));
            e.write_i32(signum);
            Ok(())
        })
    }
}

impl<'de> Decode<'de> for BigInteger {
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        if d.realizes() {
            return Self::realize(d);
        }
        Self::read(d)
    }
}

impl BigInteger {
    /// Reads what came as JSON or as a generic value.
    #[cold]
    fn realize(d: &mut Decoder<'_>) -> Result<Self, Error> {
        let start = d.position();
        if d.peek_class()? == Some(CLASS.name()) {
            return Self::read(d);
        }
        let Some(text) = d.decimal_text()? else { return Err(d.mismatch(CLASS.name())) };
        let text = text.trim();
        let digits = match text.parse::<BigDecimal>() {
            // Its zeros behind the point and its exponent are digits here.
            Ok(decimal) if text.contains(['.', 'e', 'E']) => decimal.whole(),
            _ => Some(text.to_owned()),
        };
        let parsed = digits.ok_or_else(|| Error::new(ErrorKind::Range, "")).and_then(|d| d.parse());
        parsed.map_err(|error: Error| match error.kind() {
            ErrorKind::Limit => error.at(start),
            _ => {
                let detail = format!(
                    "expected {}, found a number or a string that is no integer",
                    CLASS.name()
                );
                Error::new(ErrorKind::Malformed, detail).at(start)
            }
        })
    }

    /// Reads an object.
    pub(crate) fn read(d: &mut Decoder<'_>) -> Result<Self, Error> {
        let start = d.position();
        let (mut words, mut signum) = (None, None);
        d.read_object(&CLASS, |d, field| {
            match field {
                0 => words = Some(Vec::<i32>::decode(d)?),
                5 => signum = Some(d.read_i32()?),
                _ => d.skip_value()?,
            }
            Ok(())
        })?;
        let missing = |field| Error::missing_field(CLASS.name(), field).at(start);
        let words = words.ok_or_else(|| missing("mag"))?;
        d.check_digits(words.len().saturating_mul(DIGITS)).map_err(|e| e.at(start))?;
        let words: Vec<u32> = words.into_iter().map(i32::cast_unsigned).collect();
        Ok(Self::new(signum.ok_or_else(|| missing("signum"))? < 0, &words))
    }
}

java_type!(BigInteger, "java.math.BigInteger");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_words_say_the_same() {
        for (text, negative, words) in [
            ("0", false, &[] as &[u32]),
            ("-1", true, &[1]),
            ("4294967296", false, &[1, 0]),
            ("-340282366920938463463374607431768211456", true, &[1, 0, 0, 0, 0]),
            ("1000000000000000000", false, &[0x0de0_b6b3, 0xa764_0000]),
        ] {
            let integer: BigInteger = text.parse().unwrap();
            assert_eq!(integer, BigInteger::new(negative, words));
            assert_eq!(integer.to_string(), text);
        }
        assert_eq!("-0".parse::<BigInteger>().unwrap(), BigInteger::default());
        assert!("1.0".parse::<BigInteger>().is_err());
    }

    #[test]
    fn digits_are_limited_where_a_number_is_received() {
        // A word holds nine digits and a part of a tenth.
        let words =
            |count: usize| crate::to_bytes(&BigInteger::new(true, &vec![u32::MAX; count])).unwrap();
        let read = |bytes: &[u8], digits| {
            let limits = crate::Limits::default().digits(digits);
            BigInteger::decode(&mut Decoder::with_limits(bytes, limits)).map_err(|e| e.kind())
        };
        let default = crate::Limits::default().digits;
        assert_eq!(read(&words(1_111), default).unwrap().to_string().len(), 10_704);
        assert_eq!(read(&words(1_112), default), Err(ErrorKind::Limit));
        let error = crate::from_bytes::<BigInteger>(&words(1_112)).unwrap_err();
        assert!(error.to_string().contains("raise Limits::digits (option hessian)"), "{error}");
        // 104 KB took the better part of a minute to print.
        assert_eq!(read(&words(26_000), default), Err(ErrorKind::Limit));
        assert_eq!(read(&words(2), 18).unwrap().to_string(), "-18446744073709551615");
        assert_eq!(read(&words(3), 18), Err(ErrorKind::Limit));
        assert!(read(&words(26_000), 300_000).is_ok());

        let text = |digits: usize| "9".repeat(digits).parse::<BigInteger>();
        assert_eq!(text(10_000).unwrap().to_string(), "9".repeat(10_000));
        let error = text(10_001).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit);
        assert!(
            error.to_string().contains("more than 10000 digits, which are the most of a text"),
            "{error}"
        );
    }

    #[test]
    fn up_to_128_bits_it_is_a_number_of_rust() {
        for v in [0, -1, i128::MIN, i128::MAX] {
            assert_eq!(i128::try_from(&BigInteger::from(v)).unwrap(), v);
        }
        let over = BigInteger::new(false, &[0x8000_0000, 0, 0, 0]);
        assert!(i128::try_from(&over).is_err());
    }
}
