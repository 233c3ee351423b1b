//! Messages that no honest peer sends: each is an error that says what is wrong, never a panic,
//! and never costs more than its length warrants.

use std::collections::HashMap;

use dubhe_hessian2::ErrorKind::{
    Cycle, Limit, Malformed, Mismatch, MissingField, Null, Range, Reference, Text, Truncated,
};
use dubhe_hessian2::java::{BigDecimal, Throwable};
use dubhe_hessian2::{
    Class, DEPTH, Decode, Decoder, Encode, Encoder, Error, ErrorKind, Limits, Value, from_bytes,
    to_bytes,
};

fn kind<T: for<'de> Decode<'de>>(message: &[u8]) -> Option<ErrorKind> {
    from_bytes::<T>(message).err().map(|e| e.kind())
}

#[test]
fn bytes_that_begin_no_value() {
    for tag in [0x40, 0x45, 0x47, 0x50, 0x5a] {
        assert_eq!(Decoder::new(&[tag]).skip_value().unwrap_err().kind(), Malformed, "{tag:02x}");
        assert_eq!(kind::<Value>(&[tag]), Some(Mismatch), "{tag:02x}");
    }
    assert_eq!(kind::<Value>(&[]), Some(Truncated));
    assert_eq!(kind::<Value>(&[0x90, 0x90]), Some(Malformed));
}

#[test]
fn numbers_that_point_nowhere() {
    // A reference in an empty message, to itself, beyond, negative, and not a number.
    for message in [&[0x51, 0x90][..], &[0x79, 0x51, 0x91], &[0x79, 0x51, 0x8f], &[0x51, 0x00]] {
        let kind = kind::<Value>(message).unwrap();
        assert!([Reference, Range, Mismatch].contains(&kind), "{message:x?}: {kind:?}");
        assert!(Decoder::new(message).skip_value().is_err(), "{message:x?}");
    }
    // An object of class 0 without a definition; a list of type 0 without a name.
    assert_eq!(kind::<Value>(&[0x60]), Some(Reference));
    assert_eq!(kind::<Value>(&[0x4f, 0x90]), Some(Reference));
    assert_eq!(kind::<Value>(&[0x70, 0x90]), Some(Reference));
    assert_eq!(kind::<Value>(&[0x4d, 0x90, 0x5a]), Some(Reference));
}

#[test]
fn declared_sizes_are_not_believed() {
    // Lists of 2³¹ − 1 elements, a string of 65,535 units, a class of 2³¹ − 1 fields.
    assert_eq!(kind::<Value>(&[0x58, 0x49, 0x7f, 0xff, 0xff, 0xff]), Some(Truncated));
    assert_eq!(kind::<Vec<i64>>(&[0x58, 0x49, 0x7f, 0xff, 0xff, 0xff]), Some(Truncated));
    assert_eq!(kind::<Value>(&[0x58, 0x8f]), Some(Range));
    assert_eq!(kind::<Value>(&[0x53, 0xff, 0xff, 0x61]), Some(Truncated));
    assert_eq!(kind::<Value>(&[0x42, 0xff, 0xff, 0x61]), Some(Truncated));
    assert_eq!(kind::<Value>(&[0x43, 0x01, b'A', 0x49, 0x7f, 0xff, 0xff, 0xff]), Some(Limit));
    assert_eq!(kind::<Value>(&[0x43, 0x01, b'A', 0x8f]), Some(Limit));
}

#[test]
fn text_that_is_none() {
    for message in [
        &[0x01, 0x80][..],               // a continuation without a lead
        &[0x02, 0xc3, 0x28],             // a lead without a continuation
        &[0x01, 0xf0, 0x9f, 0x98, 0x80], // one unit declared, two there
        &[0x02, 0xf5, 0x80, 0x80, 0x80], // beyond Unicode
        &[0x01, 0xff],
    ] {
        let kind = kind::<String>(message).unwrap();
        assert!([Text, Truncated].contains(&kind), "{message:x?}: {kind:?}");
    }
    assert_eq!(from_bytes::<String>(&[0x01, 0xc0, 0x80]).unwrap(), "\0", "Java's other NUL");
    assert_eq!(from_bytes::<String>(&[0x01, 0xed, 0xa0, 0x80]).unwrap(), "\u{fffd}");
    assert_eq!(from_bytes::<String>(&[0x02, 0xf0, 0x9f, 0x98, 0x80]).unwrap(), "😀");
}

#[test]
fn chunks_of_any_size_are_joined() {
    let message = [0x52, 0, 1, b'a', 0x52, 0, 0, 0x30, 1, b'b'];
    assert_eq!(from_bytes::<String>(&message).unwrap(), "ab");
    // The two halves of a pair in two chunks.
    let message = [0x52, 0, 1, 0xed, 0xa0, 0xbd, 0x01, 0xed, 0xb8, 0x80];
    assert_eq!(from_bytes::<String>(&message).unwrap(), "😀");
    let message = [0x41, 0, 1, 7, 0x41, 0, 0, 0x21, 8];
    assert_eq!(from_bytes::<Vec<u8>>(&message).unwrap(), [7, 8]);
    assert_eq!(kind::<String>(&[0x52, 0, 1, b'a', 0x90]), Some(Mismatch));
    assert_eq!(kind::<Vec<u8>>(&[0x41, 0, 1, 7, 0x4e]), Some(Null));
}

#[test]
fn another_type_than_declared() {
    assert_eq!(kind::<Vec<i32>>(&to_bytes(&7).unwrap()), Some(Mismatch));
    assert_eq!(kind::<HashMap<String, i32>>(&to_bytes("x").unwrap()), Some(Mismatch));
    assert_eq!(kind::<String>(&[0x4e]), Some(Null));
    assert_eq!(kind::<i32>(&[0x01, b'7']), Some(Mismatch));
    assert_eq!(kind::<bool>(&[0x4b, 0, 0, 0, 0]), Some(Mismatch));
    assert_eq!(kind::<Throwable>(&[0x78]), Some(Mismatch));
    let other = to_bytes(&Value::from(Value::object("a.B").field("x", 1))).unwrap();
    assert_eq!(kind::<BigDecimal>(&other), Some(MissingField));
}

#[test]
fn a_cycle_is_a_value_and_no_tree() {
    let list = [0x79, 0x51, 0x90];
    let expected = Value::list([Value::reference(0)]).shared(0);
    assert_eq!(from_bytes::<Value>(&list).unwrap(), expected);
    #[derive(Debug)]
    struct Nest(#[allow(dead_code)] Vec<Nest>);
    impl<'de> Decode<'de> for Nest {
        fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
            Decode::decode(d).map(Self)
        }
    }
    assert_eq!(kind::<Nest>(&list), Some(Cycle));
}

#[test]
fn nesting_is_limited_in_both_directions() {
    let deep = |n: usize| [vec![0x79; n], vec![0x90]].concat();
    assert_eq!(kind::<Value>(&deep(DEPTH)), None);
    assert_eq!(kind::<Value>(&deep(DEPTH + 1)), Some(Limit));
    assert_eq!(Decoder::new(&deep(100_000)).skip_value().unwrap_err().kind(), Limit);
    let value = |n| (0..n).fold(Value::Int(0), |v, _| Value::list([v]));
    assert!(to_bytes(&value(DEPTH)).is_ok());
    assert_eq!(to_bytes(&value(DEPTH + 1)).unwrap_err().kind(), Limit);
    let mut d = Decoder::with_limits(&[0x79, 0x79, 0x90], Limits::default().depth(1));
    assert_eq!(d.read_value().unwrap_err().kind(), Limit);
}

#[test]
fn tables_are_limited() {
    let classes: Vec<u8> = (0..3).flat_map(|_| [0x43, 0x01, b'A', 0x90]).chain([0x60]).collect();
    let read = |limits| Decoder::with_limits(&classes, limits).read_value().err().map(|e| e.kind());
    assert_eq!(read(Limits::default().classes(3)), None);
    assert_eq!(read(Limits::default().classes(2)), Some(Limit));
    let fields = [0x43, 0x01, b'A', 0x92, 0x01, b'x', 0x01, b'y', 0x60, 0x90, 0x90];
    let read = |limits| Decoder::with_limits(&fields, limits).read_value().err().map(|e| e.kind());
    assert_eq!(read(Limits::default().fields(2)), None);
    assert_eq!(read(Limits::default().fields(1)), Some(Limit));
    let lists = [0x7a, 0x78, 0x78];
    let read = |limits| Decoder::with_limits(&lists, limits).read_value().err().map(|e| e.kind());
    assert_eq!(read(Limits::default().references(3)), None);
    assert_eq!(read(Limits::default().references(2)), Some(Limit));
}

/// Lists of which each holds the one before it twice: 2ⁿ leaves in 5 n bytes.
fn laughs(n: usize) -> Vec<u8> {
    let mut e = Encoder::new();
    e.write_list(n, |e| {
        e.write_list(0, |_| Ok(()))?;
        (1..n).try_for_each(|at| {
            e.write_list(2, |e| {
                e.write_reference(at);
                e.write_reference(at);
                Ok(())
            })
        })
    })
    .unwrap();
    e.into_buffer().to_vec()
}

#[test]
fn shared_parts_do_not_unfold_without_bound() {
    #[derive(Debug)]
    struct Tree(#[allow(dead_code)] Vec<Tree>);
    impl<'de> Decode<'de> for Tree {
        fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
            Decode::decode(d).map(Self)
        }
    }
    assert_eq!(kind::<Tree>(&laughs(8)), None);
    assert_eq!(kind::<Tree>(&laughs(100)), Some(Limit));
    assert_eq!(kind::<Value>(&laughs(100)), None, "a Value keeps the sharing");
    let few = laughs(12);
    let mut d = Decoder::with_limits(&few, Limits::default().replay(0));
    assert_eq!(Tree::decode(&mut d).unwrap_err().kind(), Limit);
}

#[test]
fn what_follows_a_skipped_value_is_read_aright() {
    static POINT: Class = Class::new("a.Point", &["x", "y"]);
    struct Point(i32, i32);
    impl Encode for Point {
        fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
            e.write_object(&POINT, |e| {
                self.0.encode(e)?;
                self.1.encode(e)
            })
        }
    }
    let mut e = Encoder::new();
    Point(1, 2).encode(&mut e).unwrap();
    e.write_typed_list("java.util.LinkedList", 0, |_| Ok(())).unwrap();
    Point(3, 4).encode(&mut e).unwrap();
    e.write_typed_list("java.util.LinkedList", 0, |_| Ok(())).unwrap();
    e.write_reference(0);
    let message = e.into_buffer();
    let mut d = Decoder::new(&message);
    d.skip_value().unwrap();
    d.skip_value().unwrap();
    let point = |x, y| Value::from(Value::object("a.Point").field("x", x).field("y", y));
    assert_eq!(d.read_value().unwrap(), point(3, 4));
    assert_eq!(d.read_value().unwrap().class().unwrap(), "java.util.LinkedList");
    assert_eq!(d.read_value().unwrap(), point(1, 2), "a reference to what was skipped");
    d.end().unwrap();
}

#[test]
fn one_wire_class_read_as_two_types_in_turn() {
    static BOTH: Class = Class::new("a.Pair", &["next", "n"]);
    static N: Class = Class::new("a.N", &["n"]);
    // The field "next" is read as another type than the object that holds it.
    let inner = Value::from(Value::object("a.Pair").field("next", ()).field("n", 1));
    let outer = Value::from(Value::object("a.Pair").field("next", inner).field("n", 2));
    let message = to_bytes(&outer).unwrap();
    let mut d = Decoder::new(&message);
    let mut seen = Vec::new();
    d.read_object(&BOTH, |d, field| {
        match field {
            0 => d.read_object(&N, |d, _| {
                seen.push(("inner", d.read_i32()?));
                Ok(())
            })?,
            _ => seen.push(("outer", d.read_i32()?)),
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(seen, [("inner", 1), ("outer", 2)]);
}

#[test]
fn errors_print_class_names_cut_and_escaped() {
    let mut message = vec![0x33, 0xff];
    message.extend(std::iter::repeat_n(b'\n', 1023));
    let class = String::from_utf8(vec![b'\n'; 1023]).unwrap();
    let constant = Error::unexpected_class("a.B", &class).to_string();
    assert!(constant.len() < 400 && !constant.contains('\n'), "{constant}");
    let secret = to_bytes("hunter2").unwrap();
    let error = from_bytes::<Vec<i32>>(&secret).unwrap_err().to_string();
    assert_eq!(error, "hessian2 at byte 0: expected a list, found a string (0x07)");
}
