//! Any bytes as the data of an instance's node. Nothing panics, and what is written of an instance that
//! is read is read as the same.

#![no_main]

use dubhe_zookeeper::instance_json::{from_json, to_json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(read) = from_json("shop", data) else { return };
    let written = to_json(&read);
    assert_eq!(from_json("shop", written.as_bytes()).expect("what is written is read"), read);
});
