//! Results as people read them.

use std::sync::Arc;

use dubhe::hessian2::{Decode, from_value};
use dubhe::value::{List, Map, Object};
use dubhe::{Value, java};

/// The same value with texts for objects that have one: big numbers, UUIDs, local dates and times.
pub(super) fn value(value: Value) -> Value {
    match value {
        Value::List(list) => {
            let List { class, items } = Arc::unwrap_or_clone(list);
            List { class, items: items.into_iter().map(self::value).collect() }.into()
        }
        Value::Map(map) => {
            let Map { class, entries } = Arc::unwrap_or_clone(map);
            let entries =
                entries.into_iter().map(|(k, v)| (self::value(k), self::value(v))).collect();
            Map { class, entries }.into()
        }
        Value::Object(object) => match text(&object) {
            Some(text) => text.into(),
            None => {
                let Object { class, fields } = Arc::unwrap_or_clone(object);
                let fields = fields.into_iter().map(|(name, v)| (name, self::value(v))).collect();
                Object { class, fields }.into()
            }
        },
        Value::Shared(label, inner) => Value::Shared(label, Box::new(self::value(*inner))),
        other => other,
    }
}

fn text(object: &Object) -> Option<String> {
    match &*object.class {
        "java.math.BigDecimal" => printed::<java::BigDecimal>(object),
        "java.math.BigInteger" => printed::<java::BigInteger>(object),
        "java.util.UUID" => printed::<java::Uuid>(object),
        _ => java::text(object),
    }
}

fn printed<T: for<'de> Decode<'de> + ToString>(object: &Object) -> Option<String> {
    from_value::<T>(&object.clone().into()).ok().map(|value| value.to_string())
}

#[cfg(test)]
mod tests {
    use dubhe::hessian2::to_value;

    use super::*;

    #[test]
    fn numbers_and_dates_are_texts_wherever_they_stand() {
        let decimal: java::BigDecimal = "1.50".parse().unwrap();
        let integer: java::BigInteger = "-12345678901234567890".parse().unwrap();
        let uuid = java::Uuid(0x0b9e_2f5e_3d09_4d0c_9c5f_7b8b_1c6a_7e11);
        let order = Value::object("a.Order")
            .field("price", to_value(&decimal).unwrap())
            .field("ids", Value::list([to_value(&integer).unwrap(), to_value(&uuid).unwrap()]));
        let expected = Value::object("a.Order").field("price", "1.50").field(
            "ids",
            Value::list(["-12345678901234567890", "0b9e2f5e-3d09-4d0c-9c5f-7b8b1c6a7e11"]),
        );
        assert_eq!(value(order.into()), Value::from(expected));
    }
}
