//! Any value that can be written is read back the same.

use dubhe_core::value::{List, Map, Object};
use dubhe_hessian2::{Decoder, Encode, Encoder, Value, from_bytes, to_bytes};
use proptest::prelude::*;

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i32>().prop_map(Value::Int),
        (-300_000..300_000).prop_map(Value::Int),
        any::<i64>().prop_map(Value::Long),
        (-300_000..300_000_i64).prop_map(Value::Long),
        any::<f64>().prop_map(Value::Double),
        (-40_000..40_000).prop_map(|v| Value::Double(f64::from(v))),
        (-4_000_000..4_000_000).prop_map(|v| Value::Double(f64::from(v) / 1000.0)),
        any::<i64>().prop_map(Value::Date),
        (i32::MIN..i32::MAX).prop_map(|v| Value::Date(i64::from(v) * 60_000)),
        any::<String>().prop_map(Value::from),
        "[a-z]{0,40}".prop_map(Value::from),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::from),
    ]
}

fn class() -> impl Strategy<Value = String> {
    "[a-d]\\.[A-D]"
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(5, 80, 12, |inner| {
        let items = proptest::collection::vec(inner.clone(), 0..12);
        let entries = proptest::collection::vec((inner.clone(), inner.clone()), 0..5);
        let fields = proptest::collection::vec(("[a-c]{1,2}", inner), 0..5);
        let named = || proptest::option::of(class().prop_map(Into::into));
        prop_oneof![
            (named(), items).prop_map(|(class, items)| List { class, items }.into()),
            (named(), entries).prop_map(|(class, entries)| Map { class, entries }.into()),
            (class(), fields).prop_map(|(class, fields)| {
                let fields = fields.into_iter().map(|(name, v)| (name.into(), v)).collect();
                Object { class: class.into(), fields }.into()
            }),
        ]
    })
}

/// A list whose elements are all used a second time.
fn shared() -> impl Strategy<Value = Value> {
    proptest::collection::vec(value(), 1..5).prop_map(|items| {
        let named = |v: &Value| matches!(v, Value::List(_) | Value::Map(_) | Value::Object(_));
        let containers: Vec<Value> = items.into_iter().filter(named).collect();
        let again: Vec<Value> = (0..).map(Value::reference).take(containers.len()).collect();
        let first = containers.into_iter().zip(0..).map(|(v, label)| v.shared(label));
        Value::list(first.chain(again))
    })
}

proptest! {
    #[test]
    fn a_value_comes_back(value in value()) {
        let bytes = to_bytes(&value).unwrap();
        let back: Value = from_bytes(&bytes).unwrap();
        prop_assert!(back.same(&value), "{back}\n{value}");
        let mut d = Decoder::new(&bytes);
        d.skip_value().unwrap();
        prop_assert!(d.is_at_end());
    }

    #[test]
    fn sharing_comes_back(value in shared()) {
        let back: Value = from_bytes(&to_bytes(&value).unwrap()).unwrap();
        prop_assert!(back.same(&value), "{back}\n{value}");
    }

    #[test]
    fn values_of_one_message_share_their_tables(values in proptest::collection::vec(value(), 0..5)) {
        let mut e = Encoder::new();
        values.iter().try_for_each(|v| v.encode(&mut e)).unwrap();
        let message = e.into_buffer();
        let mut d = Decoder::new(&message);
        for value in &values {
            let back = d.read_value().unwrap();
            prop_assert!(back.same(value), "{back}\n{value}");
        }
        d.end().unwrap();
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let read = Decoder::new(&bytes).read_value();
        let skipped = Decoder::new(&bytes).skip_value();
        // Skipping does not look at the text itself.
        prop_assert!(read.is_err() || skipped.is_ok());
    }
}

#[test]
fn a_reference_may_come_before_what_it_names() {
    let list = Value::list([1]).shared(7);
    let value = Value::list([Value::reference(7), list]);
    let back: Value = from_bytes(&to_bytes(&value).unwrap()).unwrap();
    assert_eq!(back, Value::list([Value::list([1]).shared(0), Value::reference(0)]));
}

#[test]
fn a_reference_to_nothing_or_to_a_name_is_refused() {
    assert!(to_bytes(&Value::reference(1)).is_err());
    assert!(to_bytes(&Value::reference(1).shared(1)).is_err());
    assert!(to_bytes(&Value::list([1]).shared(1).shared(2)).is_err());
    let twice = Value::list([Value::Int(5).shared(0), Value::reference(0)]);
    assert_eq!(from_bytes::<Value>(&to_bytes(&twice).unwrap()).unwrap(), Value::list([5, 5]));
}
