//! gRPC's message framing: one byte that says whether the message is compressed, four bytes of
//! length, the message (gRPC over HTTP/2, "Length-Prefixed-Message").

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};

/// The bytes in front of a message.
pub const PREFIX: usize = 5;

/// The bytes a message may have unless said otherwise: 8 MiB, as Dubbo Java's `maxBodySize`.
pub const DEFAULT_LIMIT: usize = 8 * 1024 * 1024;

/// The error of bytes that are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// The message is compressed, and nothing that decompresses was agreed on.
    Compressed,
    /// The first byte is neither 0 nor 1.
    Flag(u8),
    /// The message is too large to be sent.
    TooLargeToSend {
        /// The length in bytes.
        length: usize,
        /// The bytes that it may have.
        limit: usize,
    },
    /// The received message is too large, compressed or not.
    TooLarge {
        /// The length in bytes; `None` where it is not known, as of what is not decompressed or read
        /// any further.
        length: Option<usize>,
        /// The bytes that it may have.
        limit: usize,
    },
    /// A compressed message is no gzip.
    NotGzip,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compressed => {
                f.write_str("the message is compressed but grpc-encoding does not say how")
            }
            Self::Flag(flag) => write!(f, "a message begins with {flag}, where 0 or 1 must be"),
            Self::TooLargeToSend { length, limit } => write!(
                f,
                "the message has {length} bytes, the limit of what is sent is {limit}; raise \
                 triple.max_sent_message or triple.max_message, or the parameter payload of the \
                 service, or send less"
            ),
            Self::TooLarge { length, limit } => {
                match length {
                    Some(length) => {
                        write!(f, "the message has {length} bytes, the limit is {limit}")?;
                    }
                    None => write!(f, "the message has more than {limit} bytes, the limit")?,
                }
                f.write_str(
                    "; raise triple.max_message, or the parameter payload of the service, or send less",
                )
            }
            Self::NotGzip => f.write_str("the message is not gzip, as its grpc-encoding says"),
        }
    }
}

impl std::error::Error for FrameError {}

/// A received message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The bytes of the message.
    pub bytes: Bytes,
    /// The mark of bytes that are compressed.
    pub compressed: bool,
}

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

    /// The bytes that a message may have.
    pub fn limit(&self) -> usize {
        self.limit
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
    pub fn next_message(&mut self) -> Result<Option<Message>, FrameError> {
        let held = if self.partial.is_empty() { &self.whole[..] } else { &self.partial[..] };
        let Some((compressed, length)) = self.look(held)? else { return Ok(None) };
        let bytes = if self.partial.is_empty() {
            self.whole.advance(PREFIX);
            self.whole.split_to(length)
        } else {
            self.partial.advance(PREFIX);
            self.partial.split_to(length).freeze()
        };
        Ok(Some(Message { bytes, compressed }))
    }

    /// The bytes that are held.
    pub(crate) fn len(&self) -> usize {
        self.whole.len() + self.partial.len()
    }

    /// Returns `true` when no byte is left over.
    pub fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.partial.is_empty()
    }

    /// The mark and the length of the message that `held` begins with, when all of it is there.
    fn look(&self, held: &[u8]) -> Result<Option<(bool, usize)>, FrameError> {
        let Some((&[flag, a, b, c, d], rest)) = held.split_first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        match flag {
            _ if length > self.limit => {
                Err(FrameError::TooLarge { length: Some(length), limit: self.limit })
            }
            0 | 1 => Ok((rest.len() >= length).then_some((flag == 1, length))),
            flag => Err(FrameError::Flag(flag)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::data::Data;

    fn bytes_of(message: &'static [u8]) -> Bytes {
        let mut data = Data::message(Bytes::from_static(message), 100).unwrap();
        data.copy_to_bytes(data.remaining())
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
                    assert!(!message.compressed);
                    got.push(message.bytes);
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
        assert_eq!(deframer.next_message().unwrap().unwrap().bytes.as_ptr(), start);
    }

    #[test]
    fn refuses_by_the_prefix_alone() {
        for (prefix, error) in [
            ([0, 0, 0, 0, 6], FrameError::TooLarge { length: Some(6), limit: 5 }),
            ([7, 0, 0, 0, 1], FrameError::Flag(7)),
        ] {
            let mut deframer = Deframer::new(5);
            deframer.push(Bytes::copy_from_slice(&prefix));
            assert_eq!(deframer.next_message(), Err(error));
        }
        let own = Data::message(Bytes::from_static(b"long"), 3).unwrap_err();
        assert_eq!(own, FrameError::TooLargeToSend { length: 4, limit: 3 });
    }

    #[test]
    fn a_length_that_is_not_known_is_not_told() {
        let text = |length| FrameError::TooLarge { length, limit: 65_536 }.to_string();
        assert!(
            text(Some(65_537)).starts_with("the message has 65537 bytes, the limit is 65536; ")
        );
        assert!(text(None).starts_with("the message has more than 65536 bytes, the limit; raise "));
    }
}
