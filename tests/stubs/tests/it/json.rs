//! The JSON mapping of generated messages.

use dubhe_core::{Encoded, Format};
use dubhe_protobuf::pbjson_types::Timestamp;
use dubhe_stubs::proto::sample::common::Colour;
use dubhe_stubs::proto::sample::shapes::v1::{Word, word::Origin};
use serde_json::json;

fn full() -> Word {
    Word {
        text: "a".into(),
        times: 2,
        serial_number: 9_007_199_254_740_993,
        raw: vec![0, 255].into(),
        colour: Colour::Red.into(),
        scores: [("x".to_owned(), 1)].into(),
        said_at: Some(Timestamp { seconds: 0, nanos: 500_000_000 }),
        note: Some(String::new()),
        origin: Some(Origin::Page(7)),
        inner: Some(Box::new(Word::default())),
        ..Word::default()
    }
}

#[test]
fn names_are_camel_case_and_wide_integers_are_text() {
    let text = serde_json::to_value(full()).unwrap();
    let expected = json!({
        "text": "a",
        "times": 2,
        "serialNumber": "9007199254740993",
        "raw": "AP8=",
        "colour": "COLOUR_RED",
        "scores": { "x": "1" },
        "saidAt": "1970-01-01T00:00:00.500+00:00",
        "note": "",
        "page": "7",
        "inner": {},
    });
    assert_eq!(text, expected);
    assert_eq!(serde_json::from_value::<Word>(text).unwrap(), full());
}

#[test]
fn other_spellings_are_read_and_unknown_fields_passed_over() {
    let text = r#"{ "serial_number": 5, "times": "2", "colour": 1, "raw": "_w", "new": [1] }"#;
    let read: Word = serde_json::from_str(text).unwrap();
    let colour = Colour::Red.into();
    let expected =
        Word { serial_number: 5, times: 2, colour, raw: vec![255].into(), ..Word::default() };
    assert_eq!(read, expected);
}

/// Goes through the payload, as calls read it: there fractions need care.
#[test]
fn fractions_are_numbers_texts_or_integers() {
    let text = r#"{ "weight": 1.5, "heights": ["2.5", 3, 1e2] }"#;
    let payload = Encoded::new(Format::Json, text.into()).into();
    let read: Word = dubhe_protobuf::decode(payload).unwrap();
    assert_eq!(read, Word { weight: 1.5, heights: vec![2.5, 3.0, 100.0], ..Word::default() });
}

#[test]
fn what_does_not_fit_is_an_error() {
    for text in [r#"{"times":3000000000}"#, r#"{"text":1}"#, r#"{"author":"a","page":"1"}"#] {
        assert!(serde_json::from_str::<Word>(text).is_err(), "{text}");
    }
}
