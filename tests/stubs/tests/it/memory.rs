//! The memory of messages in binary, bounded before they are decoded.

use std::collections::BTreeMap;

use dubhe::prelude::*;
use dubhe::protobuf::decode;
use dubhe::protobuf::types::{ListValue, Struct, Value, value};
use dubhe::{Payload, payload::MemoryLimit};
use dubhe_core::{Encoded, Format, payload::DecodeLimits};
use dubhe_protobuf::prost::{self, Message};
use dubhe_stubs::Speaker;
use dubhe_stubs::proto::sample::common::Named;
use dubhe_stubs::proto::sample::shapes::v1::{Holder, ShapesClient, ShapesServer, Word, holder};
use dubhe_testkit::log::Lines;
use tracing::Level;

const MOST: usize = 1 << 20;

fn read(holder: &Holder) -> Result<Holder, Status> {
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
    let json = Struct { fields: BTreeMap::from([("list".to_owned(), json)]) };
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
        ("weights", Holder { weights: vec![1.5; count], ..none() }),
        ("marks", Holder { marks: vec![u32::MAX; count], ..none() }),
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

/// The numbers of these count as many as they are, and not as many as they have bytes.
#[test]
fn packed_numbers_are_counted_one_by_one() {
    let most = |size: usize| MOST / (2 * size);
    let weights = |count| Holder { weights: vec![0.5; count], ..Holder::default() };
    let marks = |count| Holder { marks: vec![u32::MAX; count], ..Holder::default() };
    let numbers = |count| Holder { numbers: vec![i64::MAX; count], ..Holder::default() };
    for (of, size) in [(&weights as &dyn Fn(usize) -> Holder, 8), (&marks, 4), (&numbers, 8)] {
        assert!(read(&of(most(size))).is_ok());
        assert!(read(&of(most(size) + 1)).is_err());
    }
}

#[tokio::test]
async fn a_request_that_would_take_too_much_is_a_line_of_the_log() {
    let (warnings, _guard) = Lines::of_this_thread(Level::WARN);
    let server = Server::builder()
        .service(ShapesServer::new(Speaker))
        .options(|o| o.triple.decoded = MemoryLimit::new(64, MOST))
        .start("127.0.0.1:0")
        .await
        .unwrap();
    let app = App::builder("test").build().unwrap();
    let url = format!("grpc://{}", server.addr());
    let shapes = app.client::<ShapesClient>().url(&url).retries(0).build().unwrap();
    let heights = vec![1.0; MOST / (2 * size_of::<f32>()) + 1];
    let refused = shapes.say(Word { heights, ..Word::default() }).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    assert_eq!(warnings.with("option=\"triple.decoded\"").len(), 1, "{warnings:?}");
    assert!(shapes.say(Word::default()).await.is_ok());
}
