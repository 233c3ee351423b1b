//! Any bytes as JSON. Nothing panics, both ways of reading agree, and what is written is read back.

#![no_main]

use bytes::Bytes;
use dubhe_json::{Classes, Limits, from_bytes, from_slice, to_string};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let Ok(value) = from_slice(text) else { return };
    let shared = from_bytes(&Bytes::copy_from_slice(text), Limits::default());
    assert_eq!(shared.expect("the same text is read"), value);
    let written = to_string(&value, Classes::Keep).expect("what is read can be written");
    assert_eq!(from_slice(written.as_bytes()).expect("what is written is read"), value);
});
