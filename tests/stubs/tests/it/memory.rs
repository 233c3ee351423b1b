//! The memory of messages in binary, bounded before they are decoded.

use std::collections::HashMap;

use dubhe::protobuf::decode;
use dubhe::protobuf::pbjson_types::{ListValue, Struct, Value, value};
use dubhe::{Code, Payload, payload::MemoryLimit};
use dubhe_core::{Encoded, Format, payload::DecodeLimits};
use dubhe_protobuf::prost::{self, Message};
use dubhe_stubs::proto::sample::common::Named;
use dubhe_stubs::proto::sample::shapes::v1::{Holder, Word, holder};

const MOST: usize = 1 << 20;

fn read(holder: &Holder) -> Result<Holder, dubhe::Status> {
    let bytes = holder.encode_to_vec().into();
    let limit = MemoryLimit::new(64, MOST);
    decode(Payload::from(
        Encoded::new(Format::Protobuf, bytes).with_limits(DecodeLimits::new(limit)),
    ))
}

/// A holder for each field, with `count` elements in it.
fn holders(count: usize) -> Vec<(&'static str, Holder)> {
    let keys = 0..i32::try_from(count).unwrap();
    let words = vec![Word::default(); count];
    let nulls = ListValue { values: vec![Value::default(); count] };
    let json = Value { kind: Some(value::Kind::ListValue(nulls)) };
    let json = Struct { fields: HashMap::from([("list".to_owned(), json)]) };
    let with_words = Holder { words: words.clone(), ..Holder::default() };
    let nested = holder::Nested { more: vec![holder::Nested::default(); count] };
    let none = Holder::default;
    vec![
        ("words", Holder { words, ..none() }),
        ("texts", Holder { texts: vec![String::new(); count], ..none() }),
        ("blobs", Holder { blobs: vec![prost::bytes::Bytes::default(); count], ..none() }),
        ("numbers", Holder { numbers: vec![0; count], ..none() }),
        (
            "named",
            Holder {
                named: keys.clone().map(|key| (key.to_string(), Named::default())).collect(),
                ..none()
            },
        ),
        ("flags", Holder { flags: keys.map(|key| (key, true)).collect(), ..none() }),
        ("inner", Holder { inner: Some(Box::new(with_words.clone())), ..none() }),
        ("colours", Holder { colours: vec![1; count], ..none() }),
        ("holder", Holder { other: Some(holder::Other::Holder(Box::new(with_words))), ..none() }),
        ("json", Holder { other: Some(holder::Other::Json(json)), ..none() }),
        ("nested", Holder { nested: Some(nested), ..none() }),
    ]
}

#[test]
fn a_message_that_would_take_too_much_is_refused_whichever_field_it_is_in() {
    for (field, holder) in holders(1_000) {
        assert_eq!(read(&holder).unwrap(), holder, "{field}");
    }
    for (field, holder) in holders(200_000) {
        let status = read(&holder).unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{field}");
        assert!(status.message().contains("option decoded"), "{field}: {status}");
    }
}
