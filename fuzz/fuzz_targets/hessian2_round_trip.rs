//! A round trip: what is read from any bytes can be written, and is read back the same.

#![no_main]

use dubhe_hessian2::{Decoder, Value, from_bytes, to_bytes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|message: &[u8]| {
    let Ok(value) = Decoder::new(message).read_value() else { return };
    let bytes = to_bytes(&value).expect("what was read can be written");
    let back: Value = from_bytes(&bytes).expect("what was written can be read");
    assert_eq!(back.to_string(), value.to_string());
    assert_eq!(to_bytes(&back).expect("it was written before"), bytes);
});
