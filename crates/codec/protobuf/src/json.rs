//! JSON as generated code reads it: the numbers of a text are numbers to its reader, and its values
//! are charged to a budget.

mod access;
mod reader;

use std::cell::Cell;

use dubhe_core::memory::{BLOCK, Budget};
use serde_json::Error;

pub use reader::Reader;

/// Reads the one value of a JSON text with `read`, such as a `deserialize` of a message. Values may
/// take `budget`, and nest up to 127 levels deep.
///
/// # Errors
/// Those of `read`; when the text is not one value, has a number beyond a double, or its value takes
/// more memory.
pub fn read<'de, T>(
    text: &'de [u8],
    budget: Budget,
    read: impl FnOnce(Reader<'_, &mut JsonText<'de>>) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut text = JsonText::from_slice(text);
    let memory = TextBudget { left: Cell::new(budget) };
    let value = read(Reader { json: &mut text, memory: &memory })?;
    text.end()?;
    Ok(value)
}

/// The parser below a [`Reader`].
pub type JsonText<'de> = serde_json::Deserializer<serde_json::de::SliceRead<'de>>;

/// The budget of a text, which everything that reads it charges.
struct TextBudget {
    left: Cell<Budget>,
}

impl TextBudget {
    fn charge<E: serde::de::Error>(&self, bytes: usize) -> Result<(), E> {
        let mut left = self.left.get();
        left.charge(bytes).map_err(E::custom)?;
        self.left.set(left);
        Ok(())
    }

    /// Charges one allocation of `bytes`.
    fn block<E: serde::de::Error>(&self, bytes: usize) -> Result<(), E> {
        if bytes == 0 { Ok(()) } else { self.charge(bytes.saturating_add(BLOCK)) }
    }

    /// Charges an element of a list, which has room to grow; the content of a large one, a
    /// message, is charged for itself.
    fn element<T, E: serde::de::Error>(&self) -> Result<(), E> {
        const SMALL: usize = 32;
        self.charge(size_of::<T>() + size_of::<T>().min(SMALL))
    }
}

/// The number that is no integer of 64 bits.
fn fraction<E: serde::de::Error>(text: &str) -> Result<f64, E> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| E::custom("a number is out of range: no double holds it"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use dubhe_core::memory::MemoryLimit;
    use serde::Deserialize;

    use super::*;

    fn of<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, Error> {
        let budget = MemoryLimit::default().budget(text.len());
        read(text.as_bytes(), budget, |json| T::deserialize(json))
    }

    #[test]
    fn numbers_are_numbers_wherever_they_stand() {
        #[derive(Deserialize, PartialEq, Debug)]
        #[serde(untagged)]
        enum Any {
            Integer(i64),
            Fraction(f64),
            List(Vec<Any>),
            Map(HashMap<String, Any>),
        }
        let fractions = vec![Any::Integer(-1), Any::Fraction(1.5), Any::Fraction(1e300)];
        assert_eq!(of::<Any>("[-1, 1.5, 1e300]").unwrap(), Any::List(fractions));
        let map = HashMap::from([("a".to_owned(), Any::Fraction(0.5))]);
        assert_eq!(of::<Any>(r#"{"a": 0.5}"#).unwrap(), Any::Map(map));
        for text in ["1e999", "-1e999"] {
            assert!(of::<Any>(text).is_err());
            assert!(of::<f64>(text).unwrap_err().to_string().contains("out of range"), "{text}");
        }
        assert_eq!(of::<Option<u8>>("null").unwrap(), None);
        assert_eq!(of::<(f64, f32, u64)>("[1.5, 2, 3]").unwrap(), (1.5, 2.0, 3));
        assert!(of::<Vec<u8>>("[1] 2").is_err());
    }

    #[test]
    fn what_is_read_is_charged() {
        #[derive(Deserialize)]
        struct Wide {
            #[serde(default)]
            _words: [u64; 32],
            #[serde(default)]
            _more: [u64; 32],
            #[serde(default)]
            _next: Option<Box<Wide>>,
        }
        let list = |element: &str, count| format!("[{}]", vec![element; count].join(","));
        assert!(of::<Vec<u32>>(&list("1", 100_000)).is_ok());
        assert!(of::<Vec<String>>(&list(r#""x""#, 100_000)).is_ok());
        assert!(of::<Vec<Option<u64>>>(&list("null", 100_000)).is_ok());
        assert!(of::<Vec<Wide>>(&list("{}", 50)).is_ok());
        for text in [list("{}", 100_000), list(r#"{"_next":{}}"#, 100_000)] {
            let error = of::<Vec<Wide>>(&text).err().unwrap().to_string();
            assert!(error.contains("more memory than it may have"), "{error}");
        }
        assert!(of::<Vec<Option<Wide>>>(&list("null", 100_000)).is_err());
        let map = |count: usize| {
            let entries: Vec<_> = (0..count).map(|n| format!("\"{n}\":null")).collect();
            format!("{{{}}}", entries.join(","))
        };
        assert!(of::<HashMap<String, Option<u64>>>(&map(100_000)).is_ok());
        assert!(of::<HashMap<String, Option<Wide>>>(&map(100_000)).is_err());
    }
}
