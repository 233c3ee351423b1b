//! Equality of values whatever they share: a copy is like the container it is a copy of.

use std::collections::{HashMap, HashSet};

use dubhe_hessian2::Value;

/// Returns `true` if both look alike to someone who only reads.
pub(crate) fn alike(a: &Value, b: &Value) -> bool {
    let mut walk = Walk { a: HashMap::new(), b: HashMap::new(), met: HashSet::new() };
    name(a, &mut walk.a);
    name(b, &mut walk.b);
    walk.alike(a, b)
}

struct Walk<'a> {
    a: HashMap<u32, &'a Value>,
    b: HashMap<u32, &'a Value>,
    /// Pairs of containers that are being compared, or were.
    met: HashSet<(*const Value, *const Value)>,
}

/// Finds the containers that have labels.
fn name<'a>(value: &'a Value, names: &mut HashMap<u32, &'a Value>) {
    match value {
        Value::Shared(label, inner) => {
            names.insert(label.0, inner);
            name(inner, names);
        }
        Value::List(list) => list.items.iter().for_each(|v| name(v, names)),
        Value::Map(map) => map.entries.iter().for_each(|(k, v)| {
            name(k, names);
            name(v, names);
        }),
        Value::Object(object) => object.fields.iter().for_each(|(_, v)| name(v, names)),
        _ => {}
    }
}

fn resolve<'a>(value: &'a Value, names: &HashMap<u32, &'a Value>) -> &'a Value {
    match value {
        Value::Shared(_, inner) => inner,
        Value::Ref(label) => names[&label.0],
        plain => plain,
    }
}

impl<'a> Walk<'a> {
    fn alike(&mut self, a: &'a Value, b: &'a Value) -> bool {
        let (a, b) = (resolve(a, &self.a), resolve(b, &self.b));
        match (a, b) {
            (Value::Double(x), Value::Double(y)) => x.to_bits() == y.to_bits(),
            (Value::List(x), Value::List(y)) => {
                x.class == y.class
                    && x.items.len() == y.items.len()
                    && (!self.met.insert((a, b))
                        || x.items.iter().zip(&y.items).all(|(x, y)| self.alike(x, y)))
            }
            (Value::Map(x), Value::Map(y)) => {
                let mut pairs = x.entries.iter().zip(&y.entries);
                x.class == y.class
                    && x.entries.len() == y.entries.len()
                    && (!self.met.insert((a, b))
                        || pairs.all(|(x, y)| self.alike(&x.0, &y.0) && self.alike(&x.1, &y.1)))
            }
            (Value::Object(x), Value::Object(y)) => {
                let mut pairs = x.fields.iter().zip(&y.fields);
                x.class == y.class
                    && x.fields.len() == y.fields.len()
                    && (!self.met.insert((a, b))
                        || pairs.all(|(x, y)| x.0 == y.0 && self.alike(&x.1, &y.1)))
            }
            _ => a == b,
        }
    }
}
