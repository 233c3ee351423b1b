//! gRPC's message framing: one byte that says whether the message is compressed, four bytes of
//! length, the message (gRPC over HTTP/2, "Length-Prefixed-Message").

use std::fmt;
use std::io::Cursor;

use bytes::buf::Chain;
use bytes::{Buf, Bytes, BytesMut};

/// The bytes in front of a message.
pub const PREFIX: usize = 5;

/// The bytes a message may have unless said otherwise: 8 MiB, as Dubbo Java's `maxBodySize`.
pub const DEFAULT_LIMIT: usize = 8 * 1024 * 1024;

/// A message with its prefix, written as one DATA frame without copying the message.
pub type Framed = Chain<Cursor<[u8; PREFIX]>, Bytes>;

/// Puts the prefix before `message`.
///
/// # Errors
/// When the message has more than `limit` bytes.
pub fn frame(message: Bytes, limit: usize) -> Result<Framed, FrameError> {
    let length = message.len();
    let too_large = FrameError::TooLarge { length, limit };
    let Some(short) = u32::try_from(length).ok().filter(|_| length <= limit) else {
        return Err(too_large);
    };
    let [a, b, c, d] = short.to_be_bytes();
    Ok(Cursor::new([0, a, b, c, d]).chain(message))
}

/// What ends a stream of frames that ends without trailers: no byte at all.
pub(crate) fn nothing() -> Framed {
    let mut none = Cursor::new([0; PREFIX]);
    none.advance(PREFIX);
    none.chain(Bytes::new())
}

/// Why bytes are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// The message is compressed, and nothing that decompresses was agreed on.
    Compressed,
    /// The first byte is neither 0 nor 1.
    Flag(u8),
    /// The message is too large.
    TooLarge {
        /// Its bytes.
        length: usize,
        /// How many it may have.
        limit: usize,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compressed => f.write_str("the message is compressed; send it uncompressed"),
            Self::Flag(flag) => write!(f, "a message begins with {flag}, where 0 or 1 must be"),
            Self::TooLarge { length, limit } => {
                write!(
                    f,
                    "the message has {length} bytes, the limit is {limit}; raise it or send less"
                )
            }
        }
    }
}

impl std::error::Error for FrameError {}

/// Cuts received bytes into messages. A message that arrived in one piece is not copied.
#[derive(Debug)]
pub struct Deframer {
    limit: usize,
    /// Received bytes, as they came; empty while `partial` is in use.
    whole: Bytes,
    /// A message whose pieces are being put together, and what came with the last of them.
    partial: BytesMut,
}

impl Deframer {
    /// Takes messages of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, whole: Bytes::new(), partial: BytesMut::new() }
    }

    /// Adds received bytes.
    pub fn push(&mut self, bytes: Bytes) {
        if self.is_empty() {
            self.whole = bytes;
            return;
        }
        self.partial.extend_from_slice(&std::mem::take(&mut self.whole));
        self.partial.extend_from_slice(&bytes);
    }

    /// The next message, `None` when more bytes are needed.
    ///
    /// # Errors
    /// As soon as the prefix of a message says what cannot be accepted. The stream is then of no
    /// more use.
    pub fn next_message(&mut self) -> Result<Option<Bytes>, FrameError> {
        let held = if self.partial.is_empty() { &self.whole[..] } else { &self.partial[..] };
        let Some(length) = self.message_length(held)? else { return Ok(None) };
        Ok(Some(if self.partial.is_empty() {
            self.whole.advance(PREFIX);
            self.whole.split_to(length)
        } else {
            self.partial.advance(PREFIX);
            self.partial.split_to(length).freeze()
        }))
    }

    /// Whether no byte is left over.
    pub fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.partial.is_empty()
    }

    /// The length of the message that `held` begins with, when all of it is there.
    fn message_length(&self, held: &[u8]) -> Result<Option<usize>, FrameError> {
        let Some((&[flag, a, b, c, d], rest)) = held.split_first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        match flag {
            _ if length > self.limit => Err(FrameError::TooLarge { length, limit: self.limit }),
            0 => Ok((rest.len() >= length).then_some(length)),
            1 => Err(FrameError::Compressed),
            flag => Err(FrameError::Flag(flag)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of(message: &'static [u8]) -> Bytes {
        let mut framed = frame(Bytes::from_static(message), 100).unwrap();
        framed.copy_to_bytes(framed.remaining())
    }

    #[test]
    fn messages_come_out_however_the_bytes_are_cut() {
        let all = [bytes_of(b"first"), bytes_of(b""), bytes_of(b"third")].concat();
        for size in 1..=all.len() {
            let mut deframer = Deframer::new(5);
            let mut got = Vec::new();
            for piece in all.chunks(size) {
                deframer.push(Bytes::copy_from_slice(piece));
                while let Some(message) = deframer.next_message().unwrap() {
                    got.push(message);
                }
            }
            assert_eq!(got, [&b"first"[..], b"", b"third"]);
            assert!(deframer.is_empty());
        }
    }

    #[test]
    fn a_message_in_one_piece_is_not_copied() {
        let bytes = bytes_of(b"first");
        let (start, mut deframer) = (bytes[PREFIX..].as_ptr(), Deframer::new(5));
        deframer.push(bytes);
        assert_eq!(deframer.next_message().unwrap().unwrap().as_ptr(), start);
    }

    #[test]
    fn refuses_by_the_prefix_alone() {
        for (prefix, error) in [
            ([0, 0, 0, 0, 6], FrameError::TooLarge { length: 6, limit: 5 }),
            ([1, 0, 0, 0, 1], FrameError::Compressed),
            ([7, 0, 0, 0, 1], FrameError::Flag(7)),
        ] {
            let mut deframer = Deframer::new(5);
            deframer.push(Bytes::copy_from_slice(&prefix));
            assert_eq!(deframer.next_message(), Err(error));
        }
        let own = frame(Bytes::from_static(b"long"), 3).unwrap_err();
        assert_eq!(own, FrameError::TooLarge { length: 4, limit: 3 });
        assert_eq!(nothing().remaining(), 0);
    }
}
