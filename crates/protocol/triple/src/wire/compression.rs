//! Compression of messages and bodies: gzip, or none.

use std::io::{Read, Write};

use bytes::{Bytes, BytesMut};
use dubhe_core::{Code, Status};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::wire::frame::FrameError;

/// The compression of messages (gRPC over HTTP/2, "Message-Encoding").
pub(crate) const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
/// The compressions that a peer can undo.
pub(crate) const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
/// The compression that is undone here.
pub(crate) const ACCEPTED: HeaderValue = HeaderValue::from_static("gzip");
pub(crate) const GZIP: HeaderValue = ACCEPTED;

/// The choice of the messages that are sent compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compress {
    /// No message is compressed.
    Never,
    /// Replies to compressed requests are, as grpc-go has it; requests are not.
    #[default]
    AsAsked,
    /// Requests always, whose peers must be known to decompress them, and replies to callers that
    /// can.
    Always,
}

impl Compress {
    /// The compression of the reply to a request with these headers.
    pub(crate) fn reply(
        self,
        asked: Encoding,
        headers: &HeaderMap,
        accept: &HeaderName,
    ) -> Encoding {
        let accepts = || {
            let mut values = headers.get_all(accept).iter().filter_map(|v| v.to_str().ok());
            values.any(|list| list.split(',').any(|one| one.trim() == "gzip"))
        };
        match (self, asked) {
            (Self::Always, _) | (Self::AsAsked, Encoding::Gzip) if accepts() => Encoding::Gzip,
            _ => Encoding::Identity,
        }
    }
}

/// The compression of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// No compression.
    Identity,
    Gzip,
}

impl Encoding {
    /// The encoding in the header `name`.
    ///
    /// # Errors
    /// [`Code::Unimplemented`] for any other.
    pub(crate) fn of(headers: &HeaderMap, name: &HeaderName) -> Result<Self, Status> {
        match headers.get(name).map(HeaderValue::as_bytes) {
            None | Some(b"identity" | b"") => Ok(Self::Identity),
            Some(b"gzip") => Ok(Self::Gzip),
            Some(other) => {
                let other = String::from_utf8_lossy(other);
                let text = format!("{name} {other:?} is not decompressed here; send gzip");
                Err(Status::new(Code::Unimplemented, text))
            }
        }
    }
}

/// Appends `bytes` to `out`, compressed.
pub(crate) fn gzip(bytes: &[u8], out: &mut BytesMut) {
    let mut encoder = GzEncoder::new(bytes::BufMut::writer(out), Compression::default());
    // Writing into memory does not fail.
    let _ = encoder.write_all(bytes).and_then(|()| encoder.try_finish());
}

/// The error of bytes that cannot be decompressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GunzipError {
    NotGzip,
    TooLarge,
}

impl GunzipError {
    /// The same as an error of a message that may have `limit` bytes.
    pub(crate) fn framed(self, limit: usize) -> FrameError {
        match self {
            Self::NotGzip => FrameError::NotGzip,
            Self::TooLarge => FrameError::TooLarge { length: limit.saturating_add(1), limit },
        }
    }
}

/// Decompresses `bytes` to at most `limit`.
pub(crate) fn gunzip(bytes: &[u8], limit: usize) -> Result<Bytes, GunzipError> {
    let most = u64::try_from(limit).unwrap_or(u64::MAX);
    let mut out = Vec::new();
    let mut decoder = MultiGzDecoder::new(bytes).take(most.saturating_add(1));
    decoder.read_to_end(&mut out).map_err(|_| GunzipError::NotGzip)?;
    if out.len() > limit { Err(GunzipError::TooLarge) } else { Ok(out.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_and_within_bounds() {
        let text = [b'a'; 10_000];
        let mut packed = BytesMut::new();
        gzip(&text, &mut packed);
        assert!(packed.len() < 200);
        assert_eq!(gunzip(&packed, text.len()).unwrap(), &text[..]);
        assert_eq!(gunzip(&packed, text.len() - 1), Err(GunzipError::TooLarge));
        assert_eq!(gunzip(&packed[..packed.len() - 1], 1 << 20), Err(GunzipError::NotGzip));
        assert_eq!(gunzip(b"plain", 1 << 20), Err(GunzipError::NotGzip));
    }

    #[test]
    fn replies_are_compressed_as_asked_and_where_they_can_be_read() {
        use Encoding::{Gzip, Identity};
        let mut can = HeaderMap::new();
        can.insert(GRPC_ACCEPT_ENCODING, HeaderValue::from_static("identity, gzip"));
        let cannot = HeaderMap::new();
        for (compress, asked, headers, expected) in [
            (Compress::Never, Gzip, &can, Identity),
            (Compress::AsAsked, Identity, &can, Identity),
            (Compress::AsAsked, Gzip, &can, Gzip),
            (Compress::AsAsked, Gzip, &cannot, Identity),
            (Compress::Always, Identity, &can, Gzip),
            (Compress::Always, Gzip, &cannot, Identity),
        ] {
            let got = compress.reply(asked, headers, &GRPC_ACCEPT_ENCODING);
            assert_eq!(got, expected, "{compress:?} {asked:?}");
        }
    }

    #[test]
    fn other_encodings_are_refused() {
        let with = |value| HeaderMap::from_iter([(GRPC_ENCODING, HeaderValue::from_static(value))]);
        assert_eq!(Encoding::of(&HeaderMap::new(), &GRPC_ENCODING).unwrap(), Encoding::Identity);
        assert_eq!(Encoding::of(&with("gzip"), &GRPC_ENCODING).unwrap(), Encoding::Gzip);
        let error = Encoding::of(&with("snappy"), &GRPC_ENCODING).unwrap_err();
        assert_eq!(error.code(), Code::Unimplemented);
        assert!(error.message().contains("snappy"), "{error}");
    }
}
