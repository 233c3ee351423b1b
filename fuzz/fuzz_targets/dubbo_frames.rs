//! A stream of any bytes on a dubbo connection. Cutting it does not depend on how it arrives, no
//! more is held than has arrived, and no body makes a reader panic.

#![no_main]

use bytes::BytesMut;
use dubhe_dubbo::PayloadLimit;
use dubhe_dubbo::body::{BodyLimits, Event, Request, read_error, read_reply, supports_attachments};
use dubhe_dubbo::frame::{Frame, FrameError, Splitter};
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 4096;

fn split(stream: &[u8], size: usize) -> (Vec<Frame>, Option<FrameError>) {
    let mut splitter = Splitter::new(PayloadLimit::bytes(LIMIT));
    let (mut input, mut frames) = (BytesMut::new(), Vec::new());
    for piece in stream.chunks(size) {
        input.extend_from_slice(piece);
        loop {
            match splitter.next(&mut input) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
        assert!(input.len() < 16 + LIMIT, "held {} bytes", input.len());
    }
    (frames, None)
}

fuzz_target!(|message: &[u8]| {
    let Some((first, stream)) = message.split_first() else { return };
    let whole = split(stream, stream.len().max(1));
    assert_eq!(split(stream, usize::from(*first) + 1), whole);
    for frame in whole.0 {
        let Frame::Whole(_, body) = frame else { continue };
        if let Ok(request) = Request::read(&body) {
            assert!(request.arguments.len() <= body.len());
            let _ = (request.path(), request.service_version());
            supports_attachments(&request.dubbo);
        }
        let _ = read_reply(&body, &BodyLimits::default());
        let _ = read_error(&body);
        let _ = Event::read(&body);
    }
});
