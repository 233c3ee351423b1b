//! Any bytes as arguments of one numbering and of a numbering each: what can be converted means
//! the same as before, and so it does when it is converted back.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

#[path = "../../crates/codec/hessian2/tests/it/layout/check.rs"]
mod check;
#[path = "../../crates/codec/hessian2/tests/it/layout/meaning.rs"]
mod meaning;

fuzz_target!(|input: &[u8]| {
    let Some((count, message)) = input.split_first() else { return };
    let count = usize::from(count % 9);
    check::there_and_back(message, count);
    // The same bytes, cut into as many pieces.
    let pieces = message.chunks(message.len() / count.max(1) + 1).map(Bytes::copy_from_slice);
    check::back(&pieces.collect::<Vec<_>>());
});
