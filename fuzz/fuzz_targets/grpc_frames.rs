//! A stream of any bytes as the DATA of a gRPC call. Cutting it into messages does not depend on
//! how it arrives, and no more is held than has arrived.

#![no_main]

use bytes::Bytes;
use dubhe_triple::frame::{Deframer, FrameError, Message, PREFIX};
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 4096;

fn cut(stream: &[u8], size: usize) -> (Vec<Message>, Result<bool, FrameError>) {
    let mut deframer = Deframer::new(LIMIT);
    let mut messages = Vec::new();
    for piece in stream.chunks(size) {
        deframer.push(Bytes::copy_from_slice(piece));
        loop {
            match deframer.next_message() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => return (messages, Err(error)),
            }
        }
    }
    (messages, Ok(deframer.is_empty()))
}

fuzz_target!(|input: &[u8]| {
    let Some((first, stream)) = input.split_first() else { return };
    let whole = cut(stream, stream.len().max(1));
    assert_eq!(cut(stream, usize::from(*first) + 1), whole);
    let taken: usize = whole.0.iter().map(|message| message.bytes.len() + PREFIX).sum();
    assert!(taken <= stream.len());
    assert!(whole.0.iter().all(|message| message.bytes.len() <= LIMIT));
});
