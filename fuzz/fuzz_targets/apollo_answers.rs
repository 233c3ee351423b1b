//! Any bytes as an answer of Apollo. Nothing panics, and the values of a namespace as a text of
//! properties are those values.

#![no_main]

use dubhe_apollo::fuzzing::{notifications, release};
use dubhe_config::{Rule, validate};
use dubhe_core::documents::DocumentKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(again) = notifications(bytes) {
        assert_eq!(notifications(again.as_bytes()), Some(again));
    }
    let Some((values, whole)) = release(bytes) else { return };
    assert_eq!(whole.is_none(), values.is_empty());
    let Some(whole) = whole else { return };
    // It may have more or longer values than are read.
    let Ok(read) = validate(&DocumentKey::config("dubbo.properties"), &whole) else { return };
    let Rule::StartUp(read) = read.rule else { panic!("dubbo.properties is start-up configuration") };
    // Of two keys that mean the same one is read.
    assert!(read.iter().len() <= values.len());
    for setting in read.iter() {
        assert_eq!(values.get(&*setting.key).map(|value| &**value), Some(&*setting.value));
    }
});
