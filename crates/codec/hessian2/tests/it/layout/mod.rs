//! Arguments that share tables into messages of their own, and back.

mod bounds;
mod check;
mod generated;
mod meaning;
mod payloads;

use bytes::Bytes;
use dubhe_core::value::{List, Map};
use dubhe_hessian2::layout::{join, split};
use dubhe_hessian2::{Decoder, Encode as _, Encoder, Value, to_bytes};
use dubhe_testkit::samples;
use meaning::alike;

/// The bytes that one encoder writes.
fn shared(values: &[Value]) -> Bytes {
    let mut encoder = Encoder::new();
    for value in values {
        value.encode(&mut encoder).unwrap();
    }
    encoder.into_buffer().freeze()
}

/// The bytes that an encoder for each writes.
fn separate(values: &[Value]) -> Vec<Bytes> {
    values.iter().map(|value| to_bytes(value).unwrap()).collect()
}

fn values(bytes: &[u8], count: usize) -> Vec<Value> {
    let mut decoder = Decoder::new(bytes);
    let values = (0..count).map(|_| decoder.read_value().unwrap()).collect();
    decoder.end().unwrap();
    values
}

fn joined(pieces: &[Bytes]) -> Bytes {
    join(pieces).unwrap().concat().into()
}

/// Returns `true` if `part` is memory of `whole`.
fn lies_in(part: &Bytes, whole: &Bytes) -> bool {
    whole.as_ptr_range().contains(&part.as_ptr())
        && part.as_ptr_range().end <= whole.as_ptr_range().end
}

/// Converts both ways, to exactly what the encoders write. Returns the number of arguments that
/// were copied.
fn both_ways(arguments: &[Value]) -> (usize, usize) {
    let (whole, alone) = (shared(arguments), separate(arguments));
    let messages = split(&whole, arguments.len()).unwrap();
    assert_eq!(messages, alone);
    let pieces = join(&alone).unwrap();
    assert_eq!(pieces.concat(), whole);
    let copied = messages.iter().filter(|message| !lies_in(message, &whole)).count();
    let passed = |piece: &Bytes| alone.iter().any(|argument| lies_in(piece, argument));
    (copied, pieces.iter().filter(|piece| !passed(piece)).count())
}

fn user(name: &str) -> Value {
    Value::object("a.User").field("name", name).field("age", 7).into()
}

fn typed_list(class: &'static str, items: &[i32]) -> Value {
    List::new(items.iter().copied()).class(class).into()
}

fn typed_map(class: &'static str) -> Value {
    Map::new([("k", 1)]).class(class).into()
}

#[test]
fn none_and_one_are_the_same_in_both_layouts() {
    assert_eq!(both_ways(&[]), (0, 0));
    for one in [Value::Null, user("a"), typed_list("[int", &[1])] {
        assert_eq!(both_ways(&[one]), (0, 0));
    }
}

#[test]
fn what_takes_nothing_from_the_others_is_not_copied() {
    let plain = Value::list([Value::map([("a", 1)]), Value::list(["b"])]);
    let arguments = [Value::from("x"), plain.clone(), Value::Long(1 << 40), plain, "y".into()];
    assert_eq!(both_ways(&arguments), (0, 0));
    // The first may be anything, and so may a later one when none before it fills its table.
    let arguments = [1.into(), user("a"), Value::list([1]), typed_list("[int", &[]), 2.into()];
    assert_eq!(both_ways(&arguments), (0, 0));
}

#[test]
fn a_class_of_several_arguments() {
    let pair = Value::list([user("b"), user("c")]);
    assert_eq!(both_ways(&[user("a"), pair]), (1, 1));
    let other = Value::object("a.Other").field("of", user("d"));
    assert_eq!(both_ways(&[user("a"), other.into(), user("e")]), (2, 1));
}

#[test]
fn a_type_of_several_arguments() {
    let long = typed_list("[int", &[1; 20]);
    assert_eq!(both_ways(&[typed_list("[int", &[1]), long]), (1, 1));
    let maps = Value::list([typed_map("a.Map"), typed_map("[int"), typed_map("a.Map")]);
    assert_eq!(both_ways(&[typed_map("[int"), maps, typed_map("a.Map")]), (2, 1));
    // A type that is named in text means the same anywhere; it is only not named twice.
    assert_eq!(both_ways(&[typed_map("a.Map"), typed_list("[int", &[1])]), (0, 1));
}

#[test]
fn seven_arguments_in_pieces() {
    let own = || Value::list([Value::list([1]).shared(0), Value::reference(0)]);
    let arguments =
        [user("a"), 1.into(), user("b"), "text".into(), own(), Value::list([2]), user("c")];
    assert_eq!(both_ways(&arguments), (3, 3));
}

#[test]
fn references_within_an_argument_stay_references() {
    let inner = user("a").shared(3);
    let tree = Value::list([Value::list([inner]), Value::reference(3), Value::reference(3)]);
    assert_eq!(both_ways(&[Value::list([1]), tree.clone(), tree]), (2, 1));
    let cycle = Value::list([Value::from(1), Value::reference(0)]).shared(0);
    assert_eq!(both_ways(&[Value::map([(1, 2)]), cycle.clone(), cycle]), (2, 1));
}

/// Two arguments of which the second is `reference` bytes, and what that becomes alone.
fn second(first: &Value, reference: &[u8]) -> (Vec<Value>, Bytes) {
    let whole = Bytes::from([&to_bytes(first).unwrap(), reference].concat());
    let messages = split(&whole, 2).unwrap();
    assert!(lies_in(&messages[0], &whole));
    let (was, is) = (values(&whole, 2), values(&messages[1], 1));
    assert!(alike(&was[1], &is[0]), "{} {}", was[1], is[0]);
    let back = values(&joined(&messages), 2);
    assert!(alike(&was[0], &back[0]) && alike(&was[1], &back[1]));
    (is, messages[1].clone())
}

#[test]
fn a_reference_to_an_earlier_argument_becomes_a_copy() {
    let boss = Value::object("a.Boss").field("of", user("a")).field("with", typed_map("m"));
    let boss = Value::from(boss);
    assert_eq!(second(&boss, b"\x51\x90").1, to_bytes(&boss).unwrap());
    assert_eq!(second(&boss, b"\x51\x91").1, to_bytes(&user("a")).unwrap());
    assert_eq!(second(&boss, b"\x51\x92").1, to_bytes(&typed_map("m")).unwrap());
}

#[test]
fn a_copy_is_there_once() {
    let first = Value::list([user("a"), user("b")]);
    let twice = Value::list([user("a").shared(0), Value::reference(0)]);
    assert_eq!(second(&first, b"\x7a\x51\x91\x51\x91").1, to_bytes(&twice).unwrap());
    // The whole, and then a part of it.
    let whole = Value::list([user("a"), user("b").shared(0)]);
    let part = Value::list([whole, Value::reference(0)]);
    assert_eq!(second(&first, b"\x7a\x51\x90\x51\x92").1, to_bytes(&part).unwrap());
    // A part, and then the whole that holds it.
    let whole = Value::list([user("a"), Value::reference(0)]);
    let part = Value::list([user("b").shared(0), whole]);
    assert_eq!(second(&first, b"\x7a\x51\x92\x51\x90").1, to_bytes(&part).unwrap());
}

#[test]
fn a_cycle_of_an_earlier_argument_is_copied_as_one() {
    let cycle = Value::list([Value::list([Value::reference(0)])]).shared(0);
    assert_eq!(second(&cycle, b"\x51\x90").1, to_bytes(&cycle).unwrap());
    let (inner, _) = second(&cycle, b"\x79\x51\x91");
    assert!(inner[0].to_string().len() < 100, "{}", inner[0]);
}

#[test]
fn every_form_of_a_list_and_a_map_stays_what_it_was() {
    // Fixed and open lists, typed by text and by number, and maps, each with a reference that
    // must be numbered anew.
    let lists: [&[u8]; 8] = [
        b"\x78\x51\x90",
        b"\x79\x51\x90",
        b"X\x91\x51\x90",
        b"W\x51\x90Z",
        b"\x71\x01t\x51\x90",
        b"V\x01t\x91\x51\x90",
        b"U\x90\x51\x90Z",
        b"M\x01t\x91\x51\x90Z",
    ];
    for (index, bytes) in lists.into_iter().enumerate().skip(1) {
        let named = bytes.starts_with(b"U");
        let first = if named { typed_map("t") } else { Value::list([(); 0]) };
        let (_, alone) = second(&first, bytes);
        assert_eq!(alone[0], bytes[0], "{index}");
    }
}

#[test]
fn a_class_whose_names_are_numbers() {
    // A reader of text takes numbers, in Java as here.
    let whole = Bytes::from_static(b"\x79\x78\x79C\x01a\x91\x95\x60\x51\x90");
    let messages = split(&whole, 2).unwrap();
    assert_eq!(messages[1], b"\x79C\x01a\x91\x95\x60\x79\x78"[..]);
    assert!(alike(&values(&whole, 2)[1], &values(&messages[1], 1)[0]));
}

#[test]
fn numbers_of_two_bytes_and_more() {
    let class = |n: i32| Value::from(Value::object(format!("c.C{n}")).field("n", n));
    let many = Value::list((0..100).map(class));
    let reversed = Value::list((0..100).rev().map(class));
    let shares = Value::list([class(99).shared(0), Value::reference(0)]);
    assert_eq!(both_ways(&[many, reversed, shares]), (2, 1));
    let lists = Value::list((0..3000).map(|n| Value::list([n])));
    let shares = Value::list([Value::list([1]).shared(0), Value::reference(0)]);
    assert_eq!(both_ways(&[lists, shares.clone(), shares]), (2, 1));
}

#[test]
fn all_of_java_s_values_in_both_layouts() {
    let all: Vec<Value> = samples::all().into_iter().map(|sample| sample.1).collect();
    for count in [2, 3, 7, all.len()] {
        for arguments in all.windows(count).step_by(count.min(5)) {
            both_ways(arguments);
            let twice: Vec<Value> = arguments.iter().chain(arguments).cloned().collect();
            both_ways(&twice);
        }
    }
}
