//! Cutting a stream of bytes into frames.

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};

use crate::header::{Header, LEN, MAGIC, NegativeLength};
use crate::payload::PayloadLimit;

/// The longest body of an event, in bytes (Dubbo Java `deserialization.event.size`).
pub const EVENT_LIMIT: usize = 15;

/// The number of bytes that begin no frame and are skipped in search of one, in a row, unless
/// [`Splitter::max_resync`] says otherwise.
pub const RESYNC_LIMIT: usize = 64 * 1024;

/// The next piece of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A whole frame.
    Whole(Header, Bytes),
    /// The header of a frame whose body is above the limit; the body is skipped as it arrives and
    /// never held.
    TooLarge(Header),
}

/// The reason why a stream cannot be followed any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// The peer began with something else than a frame: it does not speak dubbo.
    NotDubbo,
    /// A frame was followed by more than so many bytes without another.
    Lost(usize),
    /// A header with a body length below zero.
    NegativeLength(i32),
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDubbo => f.write_str(
                "the first bytes are not a dubbo frame; check that the port serves the dubbo protocol, and whether it requires TLS",
            ),
            Self::Lost(most) => {
                write!(f, "more than {most} bytes in a row are not part of a dubbo frame")
            }
            Self::NegativeLength(n) => write!(f, "a dubbo header declares a body of {n} bytes"),
        }
    }
}

impl std::error::Error for FrameError {}

/// Cuts frames off the front of a buffer. It holds no bytes itself and never asks for room that a
/// header merely declares.
///
/// As Dubbo Java does, it skips bytes that begin no frame until the next magic, but at most
/// [`RESYNC_LIMIT`] of them, or as many as [`max_resync`](Self::max_resync) says, and never before the first frame.
#[derive(Debug)]
pub struct Splitter {
    limit: PayloadLimit,
    max_resync: usize,
    /// Bytes of a body above the limit that are still to come.
    skip: usize,
    /// Bytes skipped since the last frame in search of the next.
    lost: usize,
    begun: bool,
}

impl Splitter {
    /// A splitter at the start of a stream.
    pub fn new(limit: PayloadLimit) -> Self {
        Self { limit, max_resync: RESYNC_LIMIT, skip: 0, lost: 0, begun: false }
    }

    /// The same, which skips at most so many bytes in a row that begin no frame.
    pub fn max_resync(self, bytes: usize) -> Self {
        Self { max_resync: bytes, ..self }
    }

    /// Returns `true` while bytes of a frame that is skipped are still to come.
    pub fn is_skipping(&self) -> bool {
        self.skip > 0
    }

    /// Reads the header of the next frame, and takes what comes before it off the front of `input`;
    /// `None` when more bytes are needed.
    ///
    /// # Errors
    /// As [`Splitter::next`].
    #[inline]
    pub fn header(&mut self, input: &mut BytesMut) -> Result<Option<Header>, FrameError> {
        if self.skip > 0 {
            let here = self.skip.min(input.len());
            input.advance(here);
            self.skip -= here;
        }
        if !input.starts_with(&MAGIC) {
            self.resync(input)?;
        }
        let Some(bytes) = input.first_chunk::<LEN>() else { return Ok(None) };
        Header::parse(bytes).map(Some).map_err(|NegativeLength(n)| FrameError::NegativeLength(n))
    }

    /// Takes the next frame off the front of `input`; `None` when more bytes are needed.
    ///
    /// # Errors
    /// When the stream cannot be followed any further; the connection has to be closed.
    pub fn next(&mut self, input: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
        let Some(header) = self.header(input)? else { return Ok(None) };
        let length = usize::try_from(header.length).unwrap_or(usize::MAX);
        let too_large = !self.limit.allows(length) || (header.is_event() && length > EVENT_LIMIT);
        if too_large {
            input.advance(LEN);
            let here = length.min(input.len());
            input.advance(here);
            self.skip = length - here;
        } else if input.len() - LEN < length {
            return Ok(None);
        }
        self.begun = true;
        self.lost = 0;
        if too_large {
            return Ok(Some(Frame::TooLarge(header)));
        }
        input.advance(LEN);
        Ok(Some(Frame::Whole(header, input.split_to(length).freeze())))
    }

    /// Gives up the frame that `input` begins with and that is not whole: its memory is free at once,
    /// and the rest is skipped as it arrives. Returns its header.
    #[cold]
    pub fn give_up(&mut self, input: &mut BytesMut) -> Option<Header> {
        let header = input.first_chunk::<LEN>().and_then(|bytes| Header::parse(bytes).ok())?;
        let length = usize::try_from(header.length).unwrap_or(usize::MAX);
        self.skip = length.checked_sub(input.len() - LEN)?;
        // Not cleared, which would keep its room.
        *input = BytesMut::new();
        self.begun = true;
        self.lost = 0;
        Some(header)
    }

    /// Drops what comes before the next magic; a last byte that may begin one stays.
    #[cold]
    fn resync(&mut self, input: &mut BytesMut) -> Result<(), FrameError> {
        let [first, second] = MAGIC;
        let begins = |at: usize| {
            input.get(at) == Some(&first) && input.get(at + 1).is_none_or(|b| *b == second)
        };
        let garbage = (0..input.len()).find(|at| begins(*at)).unwrap_or(input.len());
        if garbage > 0 && !self.begun {
            return Err(FrameError::NotDubbo);
        }
        input.advance(garbage);
        self.lost += garbage;
        if self.lost > self.max_resync { Err(FrameError::Lost(self.max_resync)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::Kind;
    use crate::serialization::SerializationId;

    fn bytes(kind: Kind, id: u64, body: &[u8]) -> Vec<u8> {
        let serialization = SerializationId::HESSIAN2;
        let length = u32::try_from(body.len()).unwrap();
        let mut bytes = Header { kind, serialization, id, length }.to_bytes().to_vec();
        bytes.extend_from_slice(body);
        bytes
    }

    fn call(id: u64, body: &[u8]) -> Vec<u8> {
        bytes(Kind::Call { two_way: true }, id, body)
    }

    /// The id of a frame and its body, none when it is too large.
    type Found = (u64, Option<Vec<u8>>);

    /// The frames that a splitter finds when `stream` arrives in pieces of `size` bytes.
    fn split(limit: usize, stream: &[u8], size: usize) -> Result<Vec<Found>, FrameError> {
        let mut splitter = Splitter::new(PayloadLimit::bytes(limit));
        let (mut input, mut found) = (BytesMut::new(), Vec::new());
        for piece in stream.chunks(size) {
            input.extend_from_slice(piece);
            while let Some(frame) = splitter.next(&mut input)? {
                found.push(match frame {
                    Frame::Whole(header, body) => (header.id, Some(body.to_vec())),
                    Frame::TooLarge(header) => (header.id, None),
                });
            }
            assert!(input.len() <= LEN + limit, "held {} bytes", input.len());
        }
        Ok(found)
    }

    #[test]
    fn frames_are_found_however_the_bytes_arrive() {
        let stream = [call(1, b"ab"), call(2, b""), call(3, &[0xda, 0xbb, 0xda])].concat();
        let expected = vec![
            (1, Some(b"ab".to_vec())),
            (2, Some(Vec::new())),
            (3, Some(vec![0xda, 0xbb, 0xda])),
        ];
        for size in 1..=stream.len() {
            assert_eq!(split(64, &stream, size), Ok(expected.clone()), "pieces of {size}");
        }
    }

    #[test]
    fn a_large_body_is_skipped_without_being_held() {
        let event = bytes(Kind::Event { two_way: true }, 3, &[0; EVENT_LIMIT + 1]);
        let stream = [call(1, &[7; 9000]), call(2, &[8; 64]), event, call(4, b"x")].concat();
        let expected = vec![(1, None), (2, Some(vec![8; 64])), (3, None), (4, Some(b"x".to_vec()))];
        for size in [1, 13, 64] {
            assert_eq!(split(64, &stream, size), Ok(expected.clone()), "pieces of {size}");
        }
    }

    #[test]
    fn a_frame_that_is_given_up_is_skipped_to_its_end() {
        let whole = call(1, &[7; 100]);
        for at in LEN..whole.len() {
            let mut splitter = Splitter::new(PayloadLimit::bytes(1000));
            let mut input = BytesMut::from(&whole[..at]);
            assert_eq!(splitter.next(&mut input), Ok(None));
            assert_eq!(splitter.give_up(&mut input).map(|header| header.id), Some(1));
            assert_eq!(input.capacity(), 0);
            input.extend_from_slice(&whole[at..]);
            input.extend_from_slice(&call(2, b"b"));
            let Ok(Some(Frame::Whole(next, _))) = splitter.next(&mut input) else { panic!("{at}") };
            assert_eq!(next.id, 2);
        }
        assert_eq!(Splitter::new(PayloadLimit::UNLIMITED).give_up(&mut BytesMut::new()), None);
    }

    #[test]
    fn garbage_between_frames_is_skipped_up_to_a_bound() {
        let mut stream = [call(1, b"a"), vec![0xda; 100], call(2, b"b")].concat();
        let expected = vec![(1, Some(b"a".to_vec())), (2, Some(b"b".to_vec()))];
        for size in [1, 7, stream.len()] {
            assert_eq!(split(64, &stream, size), Ok(expected.clone()), "pieces of {size}");
        }
        stream.extend_from_slice(&vec![0; RESYNC_LIMIT + 1]);
        assert_eq!(split(64, &stream, 64), Err(FrameError::Lost(RESYNC_LIMIT)));
    }

    #[test]
    fn a_stream_must_begin_with_a_frame_and_lengths_are_not_negative() {
        assert_eq!(split(64, b"HTTP/1.1 400 Bad Request", 3), Err(FrameError::NotDubbo));
        let mut negative = call(1, b"");
        negative[12] = 0x80;
        assert_eq!(split(64, &negative, 64), Err(FrameError::NegativeLength(i32::MIN)));
    }
}
