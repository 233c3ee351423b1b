//! Equality of meaning.

use super::{Label, List, Map, Value};

impl Value {
    /// Returns `true` if both mean the same to Java: maps and hash sets in any order, labels under any
    /// number, NaN equal to NaN. Quadratic in the size of unordered containers.
    pub fn same(&self, other: &Self) -> bool {
        same(self, other, &mut Labels::default())
    }
}

/// The labels of one side, and those of the other that they stand for.
#[derive(Clone, Default)]
struct Labels(Vec<(Label, Label)>);

impl Labels {
    fn pair(&mut self, a: Label, b: Label) -> bool {
        match self.0.iter().find(|(x, y)| *x == a || *y == b) {
            Some(known) => *known == (a, b),
            None => {
                self.0.push((a, b));
                true
            }
        }
    }
}

fn same(a: &Value, b: &Value, labels: &mut Labels) -> bool {
    match (a, b) {
        (Value::Double(x), Value::Double(y)) => a == b || (x.is_nan() && y.is_nan()),
        (Value::List(x), Value::List(y)) => {
            x.class == y.class
                && x.items.len() == y.items.len()
                && if unordered(x) {
                    any_order(&x.items, &y.items, labels, same)
                } else {
                    x.items.iter().zip(&y.items).all(|(x, y)| same(x, y, labels))
                }
        }
        (Value::Map(x), Value::Map(y)) => same_map(x, y, labels),
        (Value::Object(x), Value::Object(y)) => {
            x.class == y.class
                && x.fields.len() == y.fields.len()
                && x.fields
                    .iter()
                    .zip(&y.fields)
                    .all(|(x, y)| x.0 == y.0 && same(&x.1, &y.1, labels))
        }
        (Value::Shared(at, x), Value::Shared(bt, y)) => labels.pair(*at, *bt) && same(x, y, labels),
        (Value::Ref(at), Value::Ref(bt)) => labels.pair(*at, *bt),
        _ => a == b,
    }
}

fn same_map(a: &Map, b: &Map, labels: &mut Labels) -> bool {
    a.class == b.class
        && a.entries.len() == b.entries.len()
        && any_order(&a.entries, &b.entries, labels, |x, y, labels| {
            same(&x.0, &y.0, labels) && same(&x.1, &y.1, labels)
        })
}

/// Java's hash sets have no order of their own; linked and tree sets do.
fn unordered(list: &List) -> bool {
    list.class.as_deref().is_some_and(|class| class.ends_with(".HashSet"))
}

fn any_order<T>(
    a: &[T],
    b: &[T],
    labels: &mut Labels,
    same: impl Fn(&T, &T, &mut Labels) -> bool,
) -> bool {
    let mut rest: Vec<&T> = b.iter().collect();
    a.iter().all(|x| {
        let found = rest.iter().position(|y| {
            let mut trial = labels.clone();
            let fits = same(x, y, &mut trial);
            if fits {
                *labels = trial;
            }
            fits
        });
        found.map(|at| rest.swap_remove(at)).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_and_hash_sets_have_no_order_and_lists_have() {
        let a = Value::map([("a", 1), ("b", 2)]);
        let b = Value::map([("b", 2), ("a", 1)]);
        assert!(a.same(&b) && a != b);
        let set = |items: [i32; 2]| Value::from(List::new(items).class("java.util.HashSet"));
        assert!(set([1, 2]).same(&set([2, 1])));
        assert!(!set([1, 1]).same(&set([1, 2])));
        assert!(!Value::list([1, 2]).same(&Value::list([2, 1])));
    }

    #[test]
    fn labels_are_compared_by_what_they_join() {
        let pair = |a, b| {
            let empty = || Value::list([(); 0]);
            Value::list([empty().shared(a), empty().shared(b), Value::reference(a)])
        };
        assert!(pair(0, 1).same(&pair(7, 3)));
        let other = Value::list([
            Value::list([(); 0]).shared(0),
            Value::list([(); 0]).shared(1),
            Value::reference(1),
        ]);
        assert!(!pair(0, 1).same(&other));
    }

    #[test]
    fn not_a_number_is_itself() {
        assert!(Value::Double(f64::NAN).same(&Value::Double(f64::NAN)));
        assert!(!Value::Int(1).same(&Value::Long(1)));
    }
}
