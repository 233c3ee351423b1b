//! Results as people read them.

use std::sync::Arc;

use dubhe::value::{List, Map, Object};
use dubhe::{Value, java};

use super::generalized;

/// The same value as JSON has it in Dubbo Java: big numbers as numbers, and texts for UUIDs, dates, times
/// and others that have one.
pub(super) fn value(value: Value) -> Value {
    match value {
        Value::List(list) => {
            let List { class, items } = Arc::unwrap_or_clone(list);
            List { class, items: items.into_iter().map(self::value).collect() }.into()
        }
        Value::Map(map) => {
            if let Some(text) = generalized::text(&map) {
                return text;
            }
            let Map { class, entries } = Arc::unwrap_or_clone(map);
            let entries =
                entries.into_iter().map(|(k, v)| (self::value(k), self::value(v))).collect();
            Map { class, entries }.into()
        }
        Value::Date(ms) => java::Date(ms).to_string().into(),
        Value::Object(object) => match java::json(&object) {
            Some(json) => json,
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

#[cfg(test)]
mod tests {
    use dubhe::hessian2::to_value;

    use super::*;

    #[test]
    fn numbers_and_texts_are_such_wherever_they_stand() {
        let decimal: java::BigDecimal = "1.50".parse().unwrap();
        let integer: java::BigInteger = "-12345678901234567890".parse().unwrap();
        let uuid = java::Uuid(0x0b9e_2f5e_3d09_4d0c_9c5f_7b8b_1c6a_7e11);
        let order = Value::object("a.Order")
            .field("price", to_value(&decimal).unwrap())
            .field("ids", Value::list([to_value(&integer).unwrap(), to_value(&uuid).unwrap()]));
        let text = dubhe::json::to_string(&value(order.into()), dubhe::json::Classes::Keep);
        assert_eq!(
            text.unwrap(),
            concat!(
                r#"{"class":"a.Order","price":1.50,"#,
                r#""ids":[-12345678901234567890,"0b9e2f5e-3d09-4d0c-9c5f-7b8b1c6a7e11"]}"#
            )
        );
    }
}
