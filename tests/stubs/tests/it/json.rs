//! The JSON mapping of generated messages.

use dubhe_core::{Encoded, Format};
use dubhe_protobuf::json;
use dubhe_protobuf::types::Timestamp;
use dubhe_stubs::proto::sample::common::Colour;
use dubhe_stubs::proto::sample::shapes::v1::{Word, word::Origin};
use serde_json::json as value;

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
    let expected = value!({
        "text": "a",
        "times": 2,
        "serialNumber": "9007199254740993",
        "raw": "AP8=",
        "colour": "COLOUR_RED",
        "scores": { "x": "1" },
        "saidAt": "1970-01-01T00:00:00.500Z",
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

fn read(text: &str) -> Result<Word, dubhe_core::Status> {
    dubhe_protobuf::decode(Encoded::new(Format::Json, text.to_owned().into()).into())
}

fn written(word: &Word) -> String {
    json::to_string(word).unwrap()
}

#[test]
fn null_is_no_value_of_a_field() {
    let text = r#"{"text":null,"times":null,"raw":null,"colour":null,"scores":null,"saidAt":null,
        "note":null,"author":null,"inner":null,"weight":null,"heights":null,"page":"1"}"#;
    let expected = Word { origin: Some(Origin::Page(1)), ..Word::default() };
    assert_eq!(read(text).unwrap(), expected);
    for text in [r#"{"heights":[null]}"#, r#"{"scores":{"a":null}}"#, "null"] {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn numbers_are_what_they_say() {
    let word = read(r#"{"times":1e3,"serialNumber":"1.0","weight":"-Infinity"}"#).unwrap();
    assert_eq!((word.times, word.serial_number, word.weight), (1000, 1, f64::NEG_INFINITY));
    let nan = read(r#"{"weight":"NaN"}"#).unwrap();
    assert!(nan.weight.is_nan());
    assert_eq!(written(&nan), r#"{"weight":"NaN"}"#);
    for text in [
        r#"{"heights":[3.5e38]}"#,
        r#"{"weight":1e400}"#,
        r#"{"weight":NaN}"#,
        r#"{"times":1.5}"#,
        r#"{"times":"01"}"#,
        r#"{"serialNumber":12345678901234567890}"#,
    ] {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn enums_keep_their_numbers() {
    let word = read(r#"{"colour":7}"#).unwrap();
    assert_eq!((word.colour, written(&word)), (7, r#"{"colour":7}"#.to_owned()));
    // A newer peer may have more names.
    assert_eq!(read(r#"{"colour":"COLOUR_NEW"}"#).unwrap(), Word::default());
}

#[test]
fn keys_may_be_booleans_and_integers() {
    use dubhe_stubs::proto::sample::shapes::v1::Holder;
    let holder: Holder = json::from_str(r#"{"flags":{"-7":true}}"#).unwrap();
    assert_eq!(holder.flags, [(-7, true)].into());
    assert!(json::from_str::<Holder>(r#"{"flags":{"x":true}}"#).is_err());
}

#[test]
fn an_error_names_the_path() {
    let status = read(r#"{"inner":{"heights":[1,"x"]}}"#).unwrap_err();
    assert!(status.message().contains("inner.heights[1]: expected a number"), "{status}");
}

#[test]
fn a_field_comes_once() {
    for text in [r#"{"times":1,"times":2}"#, r#"{"serialNumber":1,"serial_number":2}"#] {
        assert!(read(text).unwrap_err().message().contains("comes twice"), "{text}");
    }
}
