//! The rules by which `check` judges changed types are what the decoder does.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use dubhe_hessian2::{Decode, Encode, JavaType, from_bytes, to_bytes};

fn read_as<'de, T: Decode<'de>>(bytes: &'de [u8]) -> Option<T> {
    from_bytes(bytes).ok()
}

fn written(value: &(impl Encode + JavaType)) -> Vec<u8> {
    to_bytes(value).unwrap().to_vec()
}

#[test]
fn numbers_are_read_as_wider_ones() {
    for value in [0, 1, -17, 300, 70_000, i32::MIN, i32::MAX] {
        assert_eq!(read_as::<i64>(&written(&value)), Some(i64::from(value)));
        assert_eq!(read_as::<f64>(&written(&value)), Some(f64::from(value)));
        assert_eq!(read_as::<Option<i64>>(&written(&value)), Some(Some(i64::from(value))));
    }
    assert_eq!(read_as::<i32>(&written(&7_i64)), Some(7));
    assert_eq!(read_as::<i32>(&written(&i64::MAX)), None, "a number that does not fit is refused");
    assert_eq!(read_as::<i16>(&written(&70_000)), None);
    assert_eq!(read_as::<i32>(&written(&2.0_f64)), Some(2));
    assert_eq!(read_as::<i32>(&written(&2.5_f64)), None, "and so is a fraction");
}

#[test]
fn null_is_read_as_zero_or_false() {
    assert_eq!(read_as::<i32>(&written(&None::<i32>)), Some(0));
    assert_eq!(read_as::<bool>(&written(&None::<bool>)), Some(false));
    assert_eq!(
        read_as::<String>(&written(&None::<String>)),
        None,
        "but a text that is never null is refused"
    );
}

#[test]
fn booleans_numbers_and_texts_are_read_as_each_other() {
    assert_eq!(read_as::<i32>(&written(&true)), Some(1));
    assert_eq!(read_as::<bool>(&written(&2)), Some(true));
    assert_eq!(read_as::<String>(&written(&42)), Some("42".into()));
    assert_eq!(read_as::<String>(&written(&true)), Some("true".into()));
    assert_eq!(read_as::<i32>(&written(&"42".to_owned())), None);
    assert_eq!(read_as::<String>(&written(&'x')), Some("x".into()));
    assert_eq!(read_as::<char>(&written(&"x".to_owned())), Some('x'));
    assert_eq!(read_as::<char>(&written(&"xy".to_owned())), None);
    assert_eq!(read_as::<char>(&written(&120)), None);
}

#[test]
fn other_values_are_passed_over_where_nothing_is_returned() {
    assert_eq!(read_as::<()>(&written(&"gone".to_owned())), Some(()));
}
