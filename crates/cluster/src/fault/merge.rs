//! Results of several providers as one.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;
use std::sync::Arc;

use dubhe_core::value::{List, Map};
use dubhe_core::{Code, Status, Value};

use crate::names::meant;

/// The way in which the results of a method are joined, by the names of Dubbo's mergers.
///
/// ```
/// # mod dubhe { pub mod fault { pub use dubhe_cluster::fault::Merger; } pub use dubhe_core::Value; }
/// use dubhe::Value;
/// use dubhe::fault::Merger;
///
/// let merged = Merger::List.merge([Value::list(["a"]), Value::Null, Value::list(["b"])]).unwrap();
/// assert_eq!(merged, Value::list(["a", "b"]));
/// assert_eq!("set".parse::<Merger>().unwrap(), Merger::Set);
/// assert!(".addAll".parse::<Merger>().is_err()); // a method of a Java class
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merger {
    /// The one for the type of the results (`true`, `default`).
    ByType,
    /// The elements of lists, one after the other (`list`).
    List,
    /// The elements of sets, each once (`set`).
    Set,
    /// The entries of maps, of equal keys the last one (`map`).
    Map,
    /// The elements of arrays, one after the other: of numbers, booleans, characters, or objects (`int`, `long`, `byte`,
    /// `short`, `char`, `float`, `double`, `boolean`).
    Array,
}

/// The names of Dubbo's mergers.
const NAMES: [&str; 13] = [
    "true", "default", "list", "set", "map", "int", "long", "byte", "short", "char", "float",
    "double", "boolean",
];

impl FromStr for Merger {
    type Err = Status;

    fn from_str(name: &str) -> Result<Self, Status> {
        Ok(match name {
            "true" | "default" => Self::ByType,
            "list" => Self::List,
            "set" => Self::Set,
            "map" => Self::Map,
            "int" | "long" | "byte" | "short" | "char" | "float" | "double" | "boolean" => {
                Self::Array
            }
            _ if name.starts_with('.') => {
                let text = format!(
                    "the merger {name:?} is a method of the result's class in Java; there is none here, so \
                     name one of {}",
                    NAMES.join(", ")
                );
                return Err(Status::new(Code::InvalidArgument, text));
            }
            _ => {
                let (meant, known) = (meant(name, &NAMES), NAMES.join(", "));
                let text = format!("no merger is called {name:?}{meant}; there are {known}");
                return Err(Status::new(Code::InvalidArgument, text));
            }
        })
    }
}

impl Merger {
    /// Joins results; null is nothing to join.
    ///
    /// # Errors
    /// [`Code::Internal`] when a result is of another kind.
    pub fn merge(self, results: impl IntoIterator<Item = Value>) -> Result<Value, Status> {
        let mut results = results.into_iter().map(unshared).filter(|value| *value != Value::Null);
        let Some(first) = results.next() else { return Ok(Value::Null) };
        let merger = match self {
            Self::ByType => Self::of(&first)?,
            named => named,
        };
        let all = std::iter::once(first).chain(results);
        match merger {
            Self::Map => maps(all),
            Self::Set => lists(all, true),
            _ => lists(all, false),
        }
    }

    /// The merger for results like this one.
    fn of(value: &Value) -> Result<Self, Status> {
        match value {
            Value::Map(_) => Ok(Self::Map),
            Value::Bytes(_) | Value::String(_) => Ok(Self::Array),
            Value::List(list) if list.class.as_ref().is_some_and(|class| class.contains("Set")) => {
                Ok(Self::Set)
            }
            Value::List(_) => Ok(Self::List),
            _ => Err(other_kind("is no list, set, map or array")),
        }
    }
}

/// A value without the label that it has as a whole.
fn unshared(value: Value) -> Value {
    match value {
        Value::Shared(_, value) => *value,
        other => other,
    }
}

fn other_kind(what: &str) -> Status {
    Status::new(Code::Internal, format!("cannot merge the results of a call: one {what}"))
}

/// Joins lists, sets and arrays, those of bytes and of characters too, which travel as such.
fn lists(all: impl Iterator<Item = Value>, once: bool) -> Result<Value, Status> {
    let mut joined: Option<Value> = None;
    for value in all {
        joined = Some(match (joined, value) {
            (None, value @ (Value::List(_) | Value::Bytes(_) | Value::String(_))) => value,
            (Some(Value::Bytes(before)), Value::Bytes(more)) => {
                Value::Bytes([before, more].concat().into())
            }
            (Some(Value::String(before)), Value::String(more)) => {
                Value::from(format!("{before}{more}"))
            }
            (Some(Value::List(mut before)), Value::List(more)) => {
                Arc::make_mut(&mut before).items.extend(more.items.iter().cloned());
                Value::List(before)
            }
            _ => return Err(other_kind("is of another kind than those before")),
        });
    }
    match joined {
        Some(Value::List(mut list)) if once => {
            let mut seen = HashSet::new();
            let List { items, .. } = Arc::make_mut(&mut list);
            items.retain(|item| seen.insert(item.to_string()));
            Ok(Value::List(list))
        }
        Some(value) => Ok(value),
        None => Ok(Value::Null),
    }
}

fn maps(all: impl Iterator<Item = Value>) -> Result<Value, Status> {
    let mut joined = Map::default();
    let mut places: HashMap<String, usize> = HashMap::new();
    for value in all {
        let Value::Map(map) = value else { return Err(other_kind("is no map")) };
        joined.class = joined.class.or_else(|| map.class.clone());
        for (key, value) in &map.entries {
            let place = *places.entry(key.to_string()).or_insert(joined.entries.len());
            match joined.entries.get_mut(place) {
                Some(known) => known.1 = value.clone(),
                None => joined.entries.push((key.clone(), value.clone())),
            }
        }
    }
    Ok(joined.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_joined_as_in_java() {
        let set = |items: &[i32]| {
            Value::from(List::new(items.iter().copied()).class("java.util.HashSet"))
        };
        let merge = |all: [Value; 2]| Merger::ByType.merge(all).unwrap();
        assert_eq!(merge([set(&[1, 2]), set(&[2, 3])]), set(&[1, 2, 3]));
        let ints = |items: &[i32]| Value::from(List::new(items.iter().copied()).class("[int"));
        assert_eq!(merge([ints(&[1, 2]), ints(&[2])]), ints(&[1, 2, 2]));
        let map = |entries: &[(&'static str, i32)]| Value::map(entries.iter().copied());
        let joined = merge([map(&[("a", 1), ("b", 2)]), map(&[("b", 3), ("c", 4)])]);
        assert_eq!(joined, map(&[("a", 1), ("b", 3), ("c", 4)]));
        let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec().into());
        assert_eq!(merge([bytes(&[1]), bytes(&[2])]), bytes(&[1, 2]));
        assert_eq!(merge([Value::from("ab"), Value::from("c")]), Value::from("abc"));
        assert_eq!(Merger::List.merge([Value::Null]).unwrap(), Value::Null);
        for wrong in [[Value::from(1), Value::from(2)], [Value::list(["a"]), Value::from("a")]] {
            assert!(Merger::ByType.merge(wrong).is_err());
        }
    }
}
