//! DATA frames on their way out: messages with their prefixes.

use bytes::{Buf, Bytes, BytesMut};
use dubhe_net::memory::ConnectionMemory;

use super::frame::{FrameError, PREFIX};
use super::held::Held;

/// The bytes that a message usually has no more than, prefix included.
const USUAL: usize = 128;

/// Puts room for a prefix into `out`; [`end`] fills it.
pub(crate) fn begin(out: &mut BytesMut) -> usize {
    let at = out.len();
    if out.capacity() == 0 {
        out.reserve(USUAL);
    }
    out.extend_from_slice(&[0; PREFIX]);
    at
}

/// Fills the prefix that was begun `at`, for the message behind it, and returns the length of that.
///
/// # Errors
/// When the message has more than `limit` bytes.
pub(crate) fn end(
    out: &mut BytesMut,
    at: usize,
    compressed: bool,
    limit: usize,
) -> Result<usize, FrameError> {
    let length = out.len().saturating_sub(at + PREFIX);
    let prefix = prefix(length, compressed, limit)?;
    if let Some(room) = out.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *room = prefix;
    }
    Ok(length)
}

fn prefix(length: usize, compressed: bool, limit: usize) -> Result<[u8; PREFIX], FrameError> {
    match u32::try_from(length) {
        Ok(short) if length <= limit => {
            let [a, b, c, d] = short.to_be_bytes();
            Ok([u8::from(compressed), a, b, c, d])
        }
        _ => Err(FrameError::TooLargeToSend { length, limit }),
    }
}

/// The content of DATA frames: framed bytes, or a message that is not copied behind its prefix.
#[derive(Debug)]
pub(crate) struct Data {
    prefix: [u8; PREFIX],
    /// The bytes of `prefix` that are sent already; all when the bytes have theirs.
    sent: u8,
    bytes: Bytes,
    held: Held,
}

impl Data {
    /// Bytes that are framed already, or need no frame.
    pub(crate) fn framed(bytes: impl Into<Bytes>) -> Self {
        Self { prefix: [0; PREFIX], sent: 5, bytes: bytes.into(), held: Held::Uncounted }
    }

    /// An uncompressed message, which gets its prefix here.
    ///
    /// # Errors
    /// When it has more than `limit` bytes.
    pub(crate) fn message(bytes: Bytes, limit: usize) -> Result<Self, FrameError> {
        Ok(Self {
            prefix: prefix(bytes.len(), false, limit)?,
            sent: 0,
            bytes,
            held: Held::Uncounted,
        })
    }

    /// No byte at all, to end a stream without trailers.
    pub(crate) fn nothing() -> Self {
        Self::framed(Bytes::new())
    }

    /// Takes the first `at` bytes, or all when there are fewer; a prefix is not torn apart.
    pub(crate) fn split_to(&mut self, at: usize) -> Self {
        let ahead = self.ahead().len();
        let bytes = self.bytes.split_to(at.max(ahead).saturating_sub(ahead).min(self.bytes.len()));
        let mut first = Self { prefix: self.prefix, sent: self.sent, bytes, held: Held::Uncounted };
        self.sent = 5;
        first.held = self.held.split(first.remaining());
        first
    }

    /// The bytes, without a copy when they are framed already.
    pub(crate) fn into_bytes(mut self) -> Bytes {
        match self.ahead() {
            [] => std::mem::take(&mut self.bytes),
            _ => self.copy_to_bytes(self.remaining()),
        }
    }

    /// Counts the bytes by `held` until they are written, or dropped.
    pub(crate) fn hold(&mut self, held: Held) {
        self.held = held;
    }

    /// Counts the bytes in `memory` until they are written, or dropped.
    pub(crate) fn charge(&mut self, memory: &ConnectionMemory) {
        self.held = Held::Charge(memory.charge(self.remaining()));
    }

    fn ahead(&self) -> &[u8] {
        self.prefix.get(usize::from(self.sent)..).unwrap_or_default()
    }
}

impl Buf for Data {
    fn remaining(&self) -> usize {
        self.ahead().len() + self.bytes.len()
    }

    fn chunk(&self) -> &[u8] {
        match self.ahead() {
            [] => &self.bytes,
            ahead => ahead,
        }
    }

    fn chunks_vectored<'a>(&'a self, dst: &mut [std::io::IoSlice<'a>]) -> usize {
        let chunks = [self.ahead(), &self.bytes].into_iter().filter(|chunk| !chunk.is_empty());
        let filled = dst.iter_mut().zip(chunks).map(|(slot, chunk)| {
            *slot = std::io::IoSlice::new(chunk);
        });
        filled.count()
    }

    fn advance(&mut self, count: usize) {
        let of_prefix = count.min(self.ahead().len());
        self.sent += u8::try_from(of_prefix).unwrap_or_default();
        self.bytes.advance(count - of_prefix);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of(message: &'static [u8]) -> Bytes {
        let mut data = Data::message(Bytes::from_static(message), 100).unwrap();
        data.copy_to_bytes(data.remaining())
    }

    #[test]
    fn both_ways_to_frame_give_the_same_bytes() {
        let mut out = BytesMut::new();
        for message in [&b"first"[..], b""] {
            let at = begin(&mut out);
            out.extend_from_slice(message);
            end(&mut out, at, false, 5).unwrap();
        }
        assert_eq!(out, [bytes_of(b"first"), bytes_of(b"")].concat());
        let at = begin(&mut out);
        out.extend_from_slice(b"long");
        assert_eq!(
            end(&mut out, at, false, 3),
            Err(FrameError::TooLargeToSend { length: 4, limit: 3 })
        );
    }

    #[test]
    fn data_is_sent_in_any_pieces() {
        for step in 1..12 {
            let mut data = Data::message(Bytes::from_static(b"message"), 100).unwrap();
            let mut got = Vec::new();
            while data.has_remaining() {
                let n = step.min(data.chunk().len());
                got.extend_from_slice(&data.chunk()[..n]);
                data.advance(n);
            }
            assert_eq!(got, b"\0\0\0\0\x07message");
        }
        let data = Data::message(Bytes::from_static(b"m"), 100).unwrap();
        let mut slices = [std::io::IoSlice::new(&[]); 3];
        assert_eq!(data.chunks_vectored(&mut slices), 2);
        assert_eq!((slices[0].len(), slices[1].len()), (PREFIX, 1));
        assert_eq!(Data::nothing().remaining(), 0);
    }
}
