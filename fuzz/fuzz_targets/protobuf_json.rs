//! Any bytes as the JSON of messages of protobuf. Nothing panics, and what is read is written and read
//! back the same; in binary too.

#![no_main]

use dubhe_core::memory::MemoryLimit;
use dubhe_protobuf::json::{self, Unknown};
use dubhe_protobuf::types::{Any, FieldMask, ListValue, Struct, Value};
use dubhe_protobuf::{Message, decode, message};
use libfuzzer_sys::fuzz_target;

mod generated {
    pub use dubhe_protobuf as protobuf;
}

mod messages {
    include!(concat!(env!("OUT_DIR"), "/everything.rs"));
}

fn round_trip<T: Message + Clone + PartialEq + std::fmt::Debug>(text: &[u8]) {
    for unknown in [Unknown::Ignore, Unknown::Refuse] {
        let budget = MemoryLimit::default().budget(text.len());
        let Ok(read) = json::read::<T>(text, budget, unknown) else { continue };
        let written = json::to_string(&read).expect("what is read can be written");
        // A text without blanks may take as much as one with them.
        let budget = MemoryLimit::new(u16::MAX, 1 << 30).budget(written.len());
        let again = json::read::<T>(written.as_bytes(), budget, Unknown::Refuse)
            .expect("what is written is read");
        // A number that is none is not equal to itself.
        if !written.contains("NaN") {
            assert_eq!(again, read);
            // Binary nests less deep.
            if let Ok(binary) = decode::<T>(message(read.clone())) {
                assert_eq!(binary, read);
            }
        }
    }
}

fuzz_target!(|text: &[u8]| {
    round_trip::<messages::Everything>(text);
    round_trip::<Any>(text);
    round_trip::<FieldMask>(text);
    round_trip::<ListValue>(text);
    round_trip::<Struct>(text);
    round_trip::<Value>(text);
});
