//! Any bytes as the frames of a ZooKeeper server. Nothing panics, and no more comes out of a frame than
//! is in it.

#![no_main]

use bytes::BytesMut;
use dubhe_zookeeper::fuzzing::{frame, sizes};
use libfuzzer_sys::fuzz_target;

/// The bytes of a frame at most.
const MOST: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let mut input = BytesMut::from(bytes);
    while let Some(frame) = frame(&mut input, MOST) {
        assert!(frame.len() <= bytes.len());
        assert!(sizes(&frame).into_iter().all(|size| size <= frame.len()));
    }
    // Most inputs are no frame: what would be within one.
    let whole = BytesMut::from(bytes).freeze();
    assert!(sizes(&whole).into_iter().all(|size| size <= whole.len()));
});
