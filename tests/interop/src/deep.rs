//! Structural equality, as `peer.api.Deep` has it: what the values mean to Java.
//!
//! Unlike [`Value::same`] it looks through sharing, so two equal values of which one shares a part
//! and the other holds two equal parts are the same; and of a throwable only what Java keeps when
//! it is thrown counts.

use std::collections::{HashMap, HashSet};
use std::iter;

use dubhe::Value;
use dubhe::value::{Label, List, Map, Name, Object};

use crate::any::Any;

/// The fields of every throwable but its message: they differ with where it was made.
const CIRCUMSTANCES: [&str; 3] = ["suppressedExceptions", "stackTrace", "cause"];

/// Returns true if two objects of any kind are equal.
pub(crate) fn same_any(a: &Any, b: &Any) -> bool {
    match (a, b) {
        (Any::Value(a), Any::Value(b)) => same(a, b),
        _ => a == b,
    }
}

/// Returns true if two values are equal.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    Pair { a: &labels(a), b: &labels(b) }.same(a, b, &mut HashSet::new())
}

type Labels<'a> = HashMap<Label, &'a Value>;

/// The containers of a value that have labels.
fn labels(value: &Value) -> Labels<'_> {
    let mut found = Labels::new();
    let mut rest = vec![value];
    while let Some(value) = rest.pop() {
        match value {
            Value::Shared(label, inner) => {
                found.insert(*label, inner);
                rest.push(inner);
            }
            Value::List(list) => rest.extend(&list.items),
            Value::Map(map) => rest.extend(map.entries.iter().flat_map(|(k, v)| [k, v])),
            Value::Object(object) => rest.extend(object.fields.iter().map(|(_, v)| v)),
            _ => {}
        }
    }
    found
}

/// Pairs of containers that are being compared, by address: a cycle is equal unless something
/// else in it differs.
type Seen = HashSet<(*const Value, *const Value)>;

/// Two values with their labels.
struct Pair<'a> {
    a: &'a Labels<'a>,
    b: &'a Labels<'a>,
}

impl Pair<'_> {
    fn same(&self, a: &Value, b: &Value, seen: &mut Seen) -> bool {
        let (a, b) = (resolve(a, self.a), resolve(b, self.b));
        match (a, b) {
            (Value::Double(x), Value::Double(y)) if x.is_nan() && y.is_nan() => true,
            (Value::List(_) | Value::Map(_) | Value::Object(_), _)
                if !seen.insert((std::ptr::from_ref(a), std::ptr::from_ref(b))) =>
            {
                true
            }
            (Value::List(x), Value::List(y)) => {
                list_class(x) == list_class(y)
                    && x.items.len() == y.items.len()
                    && if is_set(x) {
                        any_order(&x.items, &y.items, |x, y| self.same(x, y, &mut seen.clone()))
                    } else {
                        iter::zip(&x.items, &y.items).all(|(x, y)| self.same(x, y, seen))
                    }
            }
            (Value::Map(x), Value::Map(y)) => {
                map_class(x) == map_class(y)
                    && x.entries.len() == y.entries.len()
                    && any_order(&x.entries, &y.entries, |x, y| {
                        self.same(&x.0, &y.0, &mut seen.clone())
                            && self.same(&x.1, &y.1, &mut seen.clone())
                    })
            }
            (Value::Object(x), Value::Object(y)) => {
                let (left, right) = (fields(x), fields(y));
                x.class == y.class
                    && left.len() == right.len()
                    && iter::zip(left, right)
                        .all(|(x, y)| x.0 == y.0 && self.same(&x.1, &y.1, seen))
            }
            _ => a == b,
        }
    }
}

fn resolve<'a>(value: &'a Value, labels: &Labels<'a>) -> &'a Value {
    match value {
        Value::Ref(label) => labels.get(label).copied().unwrap_or(value),
        other => other.unshared(),
    }
}

/// The fields that count, by name; of those with one name, the parent's first.
fn fields(object: &Object) -> Vec<&(Name, Value)> {
    let throwable = object.get("detailMessage").is_some() && object.get("stackTrace").is_some();
    let counts = |name: &str| !throwable || !CIRCUMSTANCES.contains(&name);
    let mut fields: Vec<_> = object.fields.iter().filter(|(name, _)| counts(name)).collect();
    fields.sort_by_key(|(name, _)| name);
    fields
}

/// The class that Java makes of a list. hessian-lite 3.2 writes classes that 4.0 leaves out, and
/// makes an `ArrayList` of those that it cannot make.
fn list_class(list: &List) -> &str {
    match list.class.as_deref() {
        None | Some("java.util.ArrayList$SubList") => "java.util.ArrayList",
        Some(class) => class,
    }
}

fn map_class(map: &Map) -> &str {
    map.class.as_deref().unwrap_or("java.util.HashMap")
}

fn is_set(list: &List) -> bool {
    list_class(list).ends_with("Set")
}

fn any_order<T>(a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    let mut rest: Vec<&T> = b.iter().collect();
    a.iter().all(|x| {
        let found = rest.iter().position(|y| same(x, y));
        found.map(|at| rest.swap_remove(at)).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(label: &str, next: Value) -> Value {
        Value::object("a.Node").field("label", label).field("next", next).into()
    }

    #[test]
    fn sharing_is_looked_through() {
        let part = || node("x", Value::Null);
        let shared = Value::list([part().shared(0), Value::reference(0)]);
        let apart = Value::list([part(), part()]);
        assert!(same(&shared, &apart) && same(&apart, &shared));
        assert!(!same(&shared, &Value::list([part(), node("y", Value::Null)])));
    }

    #[test]
    fn cycles_end() {
        let cycle = |label| node(label, Value::reference(0)).shared(0);
        assert!(same(&cycle("a"), &cycle("a")));
        assert!(!same(&cycle("a"), &cycle("b")));
        let twice = node("a", node("a", Value::reference(7))).shared(7);
        assert!(same(&cycle("a"), &twice));
    }

    #[test]
    fn maps_and_sets_have_no_order_and_lists_have() {
        let map = |entries: [(&'static str, i32); 2]| Value::map(entries);
        assert!(same(&map([("a", 1), ("b", 2)]), &map([("b", 2), ("a", 1)])));
        assert!(!same(&map([("a", 1), ("b", 2)]), &map([("a", 2), ("b", 1)])));
        let list = |class: &'static str, items: [i32; 2]| List::new(items).class(class).into();
        assert!(same(&list("java.util.HashSet", [1, 2]), &list("java.util.HashSet", [2, 1])));
        assert!(!same(&list("java.util.HashSet", [1, 2]), &list("java.util.TreeSet", [1, 2])));
        assert!(same(&list("java.util.ArrayList", [1, 2]), &Value::list([1, 2])));
        assert!(!same(&Value::list([1, 2]), &Value::list([2, 1])));
    }

    #[test]
    fn of_a_throwable_its_message_and_its_own_fields_count() {
        let thrown = |stack: i32, message: &'static str, code: i32| -> Value {
            Value::object("a.E")
                .field("stackTrace", Value::list([stack]))
                .field("detailMessage", message)
                .field("code", code)
                .into()
        };
        assert!(same(&thrown(1, "m", 7), &thrown(2, "m", 7)));
        assert!(!same(&thrown(1, "m", 7), &thrown(1, "n", 7)));
        assert!(!same(&thrown(1, "m", 7), &thrown(1, "m", 8)));
    }
}
