//! Messages as payloads: both formats, both ways, and bytes that are no message.

use bytes::{Bytes, BytesMut};
use dubhe_core::payload::Content;
use dubhe_core::reply::{Frame, Trailers};
use dubhe_core::{
    CallBody, Code, Encoded, Format, Metadata, Payload, Reply, Response, Sink, Status, Streaming,
    Value,
};
use dubhe_protobuf::prost::Message as _;
use dubhe_protobuf::prost::encoding::encode_varint;
use dubhe_protobuf::types::{BytesValue, ListValue, Timestamp};
use dubhe_protobuf::{content, decode, decode_or, message, write_content};
use futures_util::FutureExt as _;
use futures_util::stream;

fn time(seconds: i64) -> Timestamp {
    Timestamp { seconds, nanos: 0 }
}

fn encoded(format: Format, bytes: impl Into<Bytes>) -> Payload {
    Encoded::new(format, bytes.into()).into()
}

#[test]
fn a_message_is_appended_in_the_format_of_the_sink() {
    let mut out = BytesMut::from(&b"head "[..]);
    write_content(&content(time(5)), &Format::Protobuf, &mut out).unwrap();
    assert_eq!(out, &b"head \x08\x05"[..]);

    let mut out = BytesMut::from(&b"head "[..]);
    write_content(&content(time(5)), &Format::Json, &mut out).unwrap();
    assert_eq!(out, &b"head \"1970-01-01T00:00:05Z\""[..]);
}

#[test]
fn a_message_is_read_from_both_formats_and_from_a_value() {
    assert_eq!(decode::<Timestamp>(encoded(Format::Protobuf, &b"\x08\x05"[..])).unwrap(), time(5));
    let json = encoded(Format::Json, &b"\"1970-01-01T00:00:05Z\""[..]);
    assert_eq!(decode::<Timestamp>(json).unwrap(), time(5));
    assert_eq!(decode::<Timestamp>(message(time(5))).unwrap(), time(5));
}

#[test]
fn null_is_a_message_without_fields() {
    let null = || Payload::dynamic(Value::Null);
    assert_eq!(decode::<Timestamp>(null()).unwrap(), time(0));
    let written = |format| {
        let mut out = BytesMut::new();
        write_content(&Content::Dynamic(Value::Null), &format, &mut out).unwrap();
        out
    };
    assert_eq!(written(Format::Protobuf), &b""[..]);
    assert_eq!(written(Format::Json), &b"{}"[..]);
}

#[test]
fn bytes_share_the_memory_of_the_payload() {
    let wire = Bytes::from(BytesValue { value: vec![7; 64].into() }.encode_to_vec());
    let whole = wire.as_ptr_range();
    let value = decode::<BytesValue>(encoded(Format::Protobuf, wire.clone())).unwrap().value;
    assert!(whole.contains(&value.as_ptr()));
}

#[test]
fn what_is_no_message_is_an_error_that_names_it() {
    let status = decode::<Timestamp>(encoded(Format::Protobuf, &b"\x08"[..])).unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().starts_with("not a Timestamp in protobuf: "), "{status}");

    let status = decode::<Timestamp>(encoded(Format::Json, &b"[]"[..])).unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().starts_with("not a Timestamp in json: "), "{status}");

    let status = decode::<Timestamp>(encoded(Format::Hessian2, &b"N"[..])).unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    let status = decode::<Timestamp>(Payload::dynamic(Value::Int(1))).unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[test]
fn nesting_without_end_is_an_error() {
    // A list in a list in a list: field 1 of ListValue is a Value, whose field 6 is a ListValue.
    let mut wire = Vec::new();
    for _ in 0..200 {
        for tag in [0x32, 0x0a] {
            let mut outer = vec![tag];
            encode_varint(wire.len().try_into().unwrap(), &mut outer);
            outer.append(&mut wire);
            wire = outer;
        }
    }
    let status = decode::<ListValue>(encoded(Format::Protobuf, wire)).unwrap_err();
    assert!(status.message().contains("recursion limit"), "{status}");

    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    let status = decode::<ListValue>(encoded(Format::Json, deep)).unwrap_err();
    assert!(status.message().contains("recursion limit"), "{status}");
}

#[test]
fn a_sink_of_another_encoder_is_refused() {
    let Content::Typed(value) = content(time(1)) else { panic!("not typed") };
    let mut out = String::new();
    let status = value.encode(&mut Sink::new(Format::Protobuf, &mut out)).unwrap_err();
    assert_eq!(status.code(), Code::Internal);

    let mut out = BytesMut::new();
    let encoded = Content::Encoded(Encoded::new(Format::Hessian2, Bytes::from_static(b"N")));
    let status = write_content(&encoded, &Format::Protobuf, &mut out).unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

fn replied(frames: Vec<Frame>) -> Reply {
    Reply::stream(stream::iter(frames))
}

fn ended(status: Option<Status>) -> Frame {
    let metadata = Metadata::from_iter([("cost", "3")]);
    Frame::Trailers(Trailers { status, metadata })
}

#[test]
fn a_reply_of_one_may_come_as_a_stream() {
    let one = replied(vec![Frame::Message(message(time(1))), ended(None)]);
    let one = Response::<Timestamp>::of_reply(one, decode_or).now_or_never().unwrap().unwrap();
    assert_eq!(one.metadata().get_str("cost"), None);
    assert_eq!(one.trailers().get_str("cost"), Some("3"));
    assert_eq!(one.into_inner(), time(1));

    for frames in [0, 2].map(|n| (0..n).map(|n| Frame::Message(message(time(n)))).collect()) {
        let mut frames: Vec<_> = frames;
        frames.push(ended(None));
        let wrong =
            Response::<Timestamp>::of_reply(replied(frames), decode_or).now_or_never().unwrap();
        assert_eq!(wrong.unwrap_err().code(), Code::Internal);
    }
}

#[test]
fn a_stream_ends_with_its_trailers_or_in_an_error_and_then_stays_so() {
    let next = |s: &mut Streaming<Timestamp>| s.message().now_or_never().unwrap();
    let whole = replied(vec![Frame::Message(message(time(1))), ended(None)]);
    let mut whole = Streaming::<Timestamp>::of_reply(whole, decode_or);
    assert_eq!(next(&mut whole).unwrap(), Some(time(1)));
    assert_eq!(whole.trailers(), None);
    assert_eq!(next(&mut whole).unwrap(), None);
    assert_eq!(whole.trailers().unwrap().get_str("cost"), Some("3"));

    let failed = ended(Some(Status::new(Code::NotFound, "gone")));
    let not_one = Frame::Message(encoded(Format::Protobuf, &b"\x08"[..]));
    for (frames, code) in [
        (vec![], Code::Unavailable),
        (vec![failed], Code::NotFound),
        (vec![not_one, ended(None)], Code::Internal),
    ] {
        let mut broken = Streaming::<Timestamp>::of_reply(replied(frames), decode_or);
        assert_eq!(next(&mut broken).unwrap_err().code(), code);
        assert_eq!(next(&mut broken).unwrap(), None);
    }
}

#[test]
fn a_request_of_one_is_a_stream_of_one() {
    let mut one = Streaming::<Timestamp>::of_request(CallBody::One(message(time(1))), decode_or);
    assert_eq!(one.message().now_or_never().unwrap().unwrap(), Some(time(1)));
    assert_eq!(one.message().now_or_never().unwrap().unwrap(), None);
}

#[test]
fn a_value_may_be_null_and_an_any_is_the_message_in_it() {
    use dubhe_protobuf::json::{from_str, to_string};
    use dubhe_protobuf::types::{Any, FieldMask, Value, value};

    let null: Value = from_str("null").unwrap();
    assert_eq!(null.kind, Some(value::Kind::NullValue(0)));
    assert_eq!(to_string(&null).unwrap(), "null");

    let text = r#"{"@type":"type.googleapis.com/google.protobuf.Timestamp","value":"1970-01-01T00:00:05Z"}"#;
    let any: Any = from_str(text).unwrap();
    assert_eq!(any.to_msg::<Timestamp>().unwrap(), time(5));
    assert_eq!(to_string(&any).unwrap(), text);
    let null = from_str::<Timestamp>("null").unwrap_err().to_string();
    assert_eq!(null, "expected a message, found null (at byte 0)");
    let status = from_str::<Any>(r#"{"@type":"a/b.C"}"#).unwrap_err();
    assert!(status.to_string().contains("not known here"), "{status}");

    let mask: FieldMask = from_str(r#""fooBar,baz.quxQuux""#).unwrap();
    assert_eq!(mask.paths, ["foo_bar", "baz.qux_quux"]);
    assert_eq!(to_string(&mask).unwrap(), r#""fooBar,baz.quxQuux""#);
}

#[test]
fn what_json_becomes_is_charged() {
    use dubhe_protobuf::json::{Unknown, read};

    let budget = |text: &str| dubhe_core::memory::MemoryLimit::new(1, 1 << 20).budget(text.len());
    let list = |count: usize| format!("[{}]", vec!["[]"; count].join(","));
    let (few, many) = (list(100), list(100_000));
    assert!(read::<ListValue>(few.as_bytes(), budget(&few), Unknown::Ignore).is_ok());
    let error = read::<ListValue>(many.as_bytes(), budget(&many), Unknown::Ignore).unwrap_err();
    assert!(error.to_string().contains("more memory than it may have"), "{error}");
}

#[test]
fn an_empty_path_of_a_field_mask_is_passed_over() {
    use dubhe_protobuf::{json, types::FieldMask};
    let mask: FieldMask = json::from_str(r#"",aB,,c,""#).unwrap();
    assert_eq!(mask.paths, ["a_b", "c"]);
    assert_eq!(json::to_string(&mask).unwrap(), r#""aB,c""#);
}
