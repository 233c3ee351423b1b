//! `java.util` and `java.lang`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use dubhe_core::Value;

use super::realize::realize;
use crate::{Array, Decode, Decoder, Encode, Encoder, Error, ErrorKind};

record! {
    /// `java.lang.Class`: the name of a class.
    ///
    /// ```
    /// # mod dubhe { pub mod hessian2 { pub use dubhe_hessian2::{Error, from_bytes, to_bytes}; } pub use dubhe_hessian2::java; }
    /// use dubhe::hessian2::{Error, from_bytes, to_bytes};
    /// use dubhe::java::Class;
    ///
    /// // An argument `Class<?> type`:
    /// let class = Class { name: "org.example.Shop$Item".into() };
    /// assert_eq!(from_bytes::<Class>(&to_bytes(&class)?)?, class);
    /// # Ok::<(), Error>(())
    /// ```
    Class("java.lang.Class", "java.lang.Class") {
        /// The name; nested classes are joined by `$`.
        name: String,
    }
    wire(required) { 0 name "name", }
}

record! {
    /// `java.util.Locale`.
    ///
    /// ```
    /// # mod dubhe { pub mod hessian2 { pub use dubhe_hessian2::{Error, from_bytes, to_bytes}; } pub use dubhe_hessian2::java; }
    /// use dubhe::hessian2::{Error, from_bytes, to_bytes};
    /// use dubhe::java::Locale;
    ///
    /// let locale = Locale { value: "zh_CN".into() };
    /// assert_eq!(from_bytes::<Locale>(&to_bytes(&locale)?)?, locale);
    /// # Ok::<(), Error>(())
    /// ```
    Locale("java.util.Locale", handle!("LocaleHandle")) {
        /// Java's text of it: `en`, `zh_CN`.
        value: String,
    }
    wire(required) { 0 value "value", }
}

record! {
    /// `java.util.Currency`.
    ///
    /// ```
    /// # mod dubhe { pub mod hessian2 { pub use dubhe_hessian2::{Error, from_bytes, to_bytes}; } pub use dubhe_hessian2::java; }
    /// use dubhe::hessian2::{Error, from_bytes, to_bytes};
    /// use dubhe::java::Currency;
    ///
    /// let currency = Currency { code: "EUR".into() };
    /// assert_eq!(from_bytes::<Currency>(&to_bytes(&currency)?)?, currency);
    /// # Ok::<(), Error>(())
    /// ```
    Currency("java.util.Currency", "java.util.Currency") {
        /// The code of ISO 4217, such as `EUR`.
        code: String,
    }
    wire(required) { 0 code "currencyCode", }
}

record! {
    /// `java.util.BitSet`.
    ///
    /// ```
    /// # mod dubhe { pub use dubhe_hessian2::java; }
    /// use dubhe::java::BitSet;
    ///
    /// let weekdays: BitSet = [1, 2, 3, 4, 5].into_iter().collect();
    /// assert!(weekdays.get(3));
    /// assert!(!weekdays.get(6));
    /// ```
    BitSet("java.util.BitSet", handle!("BitSetHandle")) {
        /// The bits, 64 a word, the lowest first.
        words: Array<i64>,
    }
    wire(required) { 0 words "words", }
}

impl BitSet {
    /// Returns `true` if the bit is set.
    pub fn get(&self, bit: usize) -> bool {
        self.words.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
    }
}

impl BitSet {
    /// The bits in bytes, the lowest first, without zeros at the end (`BitSet.toByteArray`).
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let zeros = bytes.iter().rev().take_while(|byte| **byte == 0).count();
        bytes.truncate(bytes.len() - zeros);
        bytes
    }

    /// The set of bits in bytes, the lowest first.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let word = |chunk: &[u8]| {
            let mut word = [0; 8];
            word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
            i64::from_le_bytes(word)
        };
        Self { words: bytes.chunks(8).map(word).collect() }
    }

    /// The bits as 0 and 1, up to the highest that is set (Gson).
    pub(super) fn bits(&self) -> Value {
        let bytes = self.to_bytes();
        let len = bytes.last().map_or(0, |last| {
            bytes.len() * 8 - usize::try_from(last.leading_zeros()).unwrap_or_default()
        });
        Value::list((0..len).map(|bit| i32::from(self.get(bit))))
    }
}

/// Sets the bits of these numbers. The set takes an eighth of the greatest in bytes.
impl FromIterator<usize> for BitSet {
    fn from_iter<I: IntoIterator<Item = usize>>(bits: I) -> Self {
        let mut words = Array::default();
        for bit in bits {
            if words.len() <= bit / 64 {
                words.resize(bit / 64 + 1, 0);
            }
            if let Some(word) = words.get_mut(bit / 64) {
                *word |= 1 << (bit % 64);
            }
        }
        Self { words }
    }
}

/// `java.util.UUID`, as its 128 bits.
///
/// ```
/// # mod dubhe { pub use dubhe_hessian2::java; }
/// use dubhe::java::Uuid;
///
/// let id: Uuid = "67e55044-10b1-426f-9247-bb680e5fe0c8".parse()?;
/// assert_eq!(id, Uuid(0x67e5504410b1426f9247bb680e5fe0c8));
/// assert_eq!(id.to_string(), "67e55044-10b1-426f-9247-bb680e5fe0c8");
/// # Ok::<(), dubhe_hessian2::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub u128);

static UUID: crate::Class =
    crate::Class::new("java.util.UUID", &["value", "mostSigBits", "leastSigBits"]);

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:032x}", self.0);
        let mut rest = digits.as_str();
        for len in [8, 4, 4, 4] {
            let (group, more) = rest.split_at(len);
            write!(f, "{group}-")?;
            rest = more;
        }
        f.write_str(rest)
    }
}

impl FromStr for Uuid {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let lengths = text.split('-').map(str::len);
        let hex = text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit());
        let bits = u128::from_str_radix(&text.replace('-', ""), 16);
        match bits {
            Ok(bits) if hex && lengths.eq([8, 4, 4, 4, 12]) => Ok(Self(bits)),
            _ => Err(Error::new(
                ErrorKind::Malformed,
                "the text is not a UUID; write it as 123e4567-e89b-12d3-a456-426614174000",
            )),
        }
    }
}

impl Encode for Uuid {
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        static CLASS: crate::Class = crate::Class::new("java.util.UUID", &["value"]);
        e.write_object(&CLASS, |e| self.to_string().encode(e))
    }
}

/// Reads Java's text, or the two halves that dubbo-go sends.
impl<'de> Decode<'de> for Uuid {
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        let start = d.position();
        if let Some(uuid) = realize(d)? {
            return Ok(uuid);
        }
        let (mut text, mut most, mut least) = (None, None, None);
        d.read_object(&UUID, |d, field| {
            match field {
                0 => text = Option::<Cow<'_, str>>::decode(d)?,
                1 => most = Some(d.read_i64()?),
                _ => least = Some(d.read_i64()?),
            }
            Ok(())
        })?;
        match (text, most, least) {
            (Some(text), ..) => text.parse().map_err(|e: Error| e.at(start)),
            (None, Some(most), Some(least)) => {
                let half = |v: i64| u128::from(v.cast_unsigned());
                Ok(Self(half(most) << 64 | half(least)))
            }
            _ => Err(Error::missing_field(UUID.name(), "value").at(start)),
        }
    }
}

java_type!(Uuid, "java.util.UUID");

/// Reads the text in the field `value` of an object, or plain text.
pub(super) fn read_value_field<'de>(
    d: &mut Decoder<'de>,
    class: &str,
) -> Result<Cow<'de, str>, Error> {
    static VALUE: crate::Class = crate::Class::new("java.lang.Object", &["value"]);
    if Decoder::is_str(d.peek()?) {
        return d.read_str();
    }
    let (start, mut value) = (d.position(), None);
    d.read_object(&VALUE, |d, _| {
        value = Some(d.read_str()?);
        Ok(())
    })?;
    value.ok_or_else(|| Error::missing_field(class, "value").at(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_its_text() {
        let text = "123e4567-e89b-12d3-a456-426614174000";
        let uuid: Uuid = text.parse().unwrap();
        assert_eq!(
            (uuid.0, uuid.to_string()),
            (0x123e_4567_e89b_12d3_a456_4266_1417_4000, text.into())
        );
        for wrong in
            ["", "123e4567e89b12d3a456426614174000", "+23e4567-e89b-12d3-a456-426614174000"]
        {
            assert!(wrong.parse::<Uuid>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn bits_are_counted_from_the_lowest_word() {
        let set: BitSet = [1, 70].into_iter().collect();
        assert_eq!(set.words.0, [2, 64]);
        assert!(set.get(70) && !set.get(71) && !set.get(1_000));
    }
}
