//! Required fields that are missing, in binary and in JSON.

use dubhe_core::{Code, Encoded, Format, Payload, Status};
use dubhe_protobuf::prost::Message;
use dubhe_protobuf::prost::encoding::encode_varint;
use dubhe_protobuf::{MessageShape, decode, json};
use dubhe_stubs::names::names::required::{Kind, Line, Order, Plain, order};

fn read(wire: &[u8]) -> Result<Order, Status> {
    decode(Payload::from(Encoded::new(Format::Protobuf, wire.to_vec().into())))
}

/// A field of bytes.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut wire = vec![number << 3 | 2];
    encode_varint(content.len() as u64, &mut wire);
    wire.extend_from_slice(content);
    wire
}

/// The fields that are required, and others.
fn with(more: &[Vec<u8>]) -> Vec<u8> {
    [&b"\x0a\x00\x10\x00\x58\x01"[..], &more.concat()].concat()
}

const LINE: &[u8] = b"\x08\x01";

#[test]
fn a_message_with_all_of_them_is_read() {
    let line = Line { id: 0, text: None, more: Some(Box::new(Line::default())) };
    let order = Order {
        id: String::new(),
        count: 0,
        first: Some(line.clone()),
        lines: vec![line.clone(), line.clone()],
        named: [("a".to_owned(), line.clone())].into(),
        either: Some(order::Either::One(line)),
        part: Some(order::Part { whole: false }),
        plain: Some(Plain::default()),
        kind: Kind::Old.into(),
    };
    assert_eq!(read(&order.encode_to_vec()).unwrap(), order);
    let text = json::to_string(&order).unwrap();
    assert_eq!(json::from_str::<Order>(&text).unwrap(), order);
    assert!(Plain::required().is_none());
}

#[test]
fn those_that_are_missing_are_named_with_the_way_to_them() {
    let entry = |value: &[u8]| field(5, &[b"\x0a\x00", value].concat());
    for (wire, missing) in [
        (Vec::new(), "id, count, kind"),
        (b"\x10\x01".to_vec(), "id, kind"),
        (with(&[field(3, b"")]), "first.id"),
        (with(&[field(3, &[LINE, &field(3, b"\x12\x00")].concat())]), "first.more.id"),
        (with(&[field(4, LINE), field(4, b"")]), "lines[1].id"),
        (with(&[entry(&field(2, LINE)), entry(&field(2, b"\x12\x00"))]), "named[1].id"),
        // The value of an entry without one is the default.
        (with(&[entry(b"")]), "named[0].id"),
        (with(&[field(6, b"")]), "one.id"),
        (with(&[b"\x4b\x4c".to_vec()]), "part.whole"),
        (with(&[b"\x4b\x1b\x08\x01\x1c\x4c".to_vec()]), "part.whole"),
        (
            with(&(0..10).map(|_| field(4, b"")).collect::<Vec<_>>()),
            "lines[0].id, lines[1].id, lines[2].id, lines[3].id, lines[4].id, lines[5].id, \
             lines[6].id, lines[7].id and more",
        ),
    ] {
        let status = read(&wire).unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{missing}");
        let text = format!("not a Order in protobuf: required fields are missing: {missing}");
        assert_eq!(status.message(), text);
    }
}

#[test]
fn the_parts_of_a_message_are_merged_and_the_last_of_a_oneof_counts() {
    for wire in [
        with(&[field(3, b""), field(3, LINE)]),
        with(&[field(3, LINE), field(3, b"\x12\x00")]),
        with(&[field(6, b""), field(7, LINE)]),
        with(&[field(6, b""), field(8, b"x")]),
        with(&[b"\x4b\x08\x01\x4c".to_vec()]),
    ] {
        assert!(read(&wire).is_ok(), "{wire:?}");
    }
    assert!(read(&with(&[field(7, LINE), field(6, b"")])).is_err());
    assert!(read(&with(&[field(8, b"x"), field(6, b"")])).is_err());
}

#[test]
fn what_is_malformed_and_what_nests_too_deep_are_errors_of_the_decoder() {
    let deep = (0..200).fold(LINE.to_vec(), |inner, _| [LINE, &field(3, &inner)].concat());
    let status = read(&with(&[field(3, &deep)])).unwrap_err();
    assert!(status.message().contains("recursion limit"), "{status}");
    let groups = [[0x4b; 300], [0x4c; 300]].concat();
    for wire in [&b"\x0a"[..], b"\x4b\x08", b"\x0f", &groups] {
        let status = read(wire).unwrap_err();
        assert!(status.message().contains("failed to decode"), "{status}");
    }
}

#[test]
fn json_names_them_too() {
    let refused = |text: &str| json::from_str::<Order>(text).unwrap_err().to_string();
    for (text, error) in [
        ("{}", "required fields are missing: id, count, kind"),
        (r#"{"id":"x","count":1}"#, "required fields are missing: kind"),
        (
            r#"{"id":"","count":0,"kind":"OLD","first":{}}"#,
            "first: required fields are missing: id",
        ),
        (r#"{"id":"","count":0,"kind":"OLD","lines":[{"id":1},{}]}"#, "lines[1]: required"),
        (r#"{"id":null}"#, "id: no value of a required field"),
        // Calls pass over names that an enum does not have.
        (r#"{"id":"","count":0,"kind":"NEWER"}"#, "kind: no value of a required field"),
    ] {
        let refused = refused(text);
        assert!(refused.starts_with(error), "{text}: {refused}");
    }
}
