//! Compression of messages and bodies: gzip, or none.

use std::io::{Read, Write};

use bytes::{Bytes, BytesMut};
use dubhe_core::{Code, Status};
use dubhe_net::work;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::wire::frame::FrameError;

/// The compression of messages (gRPC over HTTP/2, "Message-Encoding").
pub(crate) const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
/// The compressions that a peer can undo.
pub(crate) const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
pub(crate) const GZIP: HeaderValue = HeaderValue::from_static("gzip");

/// The compressions that are undone here: gzip, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accepted {
    Gzip,
    Nothing,
}

impl Accepted {
    /// The same as a header.
    pub(crate) fn header(self) -> HeaderValue {
        match self {
            Self::Gzip => GZIP,
            Self::Nothing => HeaderValue::from_static("identity"),
        }
    }

    /// The encoding in the header `name`.
    ///
    /// # Errors
    /// [`Code::Unimplemented`] for any that is not undone.
    pub(crate) fn encoding(
        self,
        headers: &HeaderMap,
        name: &HeaderName,
    ) -> Result<Encoding, Status> {
        match (headers.get(name).map(HeaderValue::as_bytes), self) {
            (None | Some(b""), _) => Ok(Encoding::Identity),
            (Some(name), _) if name.eq_ignore_ascii_case(b"identity") => Ok(Encoding::Identity),
            (Some(name), Self::Gzip) if name.eq_ignore_ascii_case(b"gzip") => Ok(Encoding::Gzip),
            (Some(other), _) => Err(self.refused(other, name)),
        }
    }

    #[cold]
    fn refused(self, encoding: &[u8], name: &HeaderName) -> Status {
        let encoding = String::from_utf8_lossy(encoding);
        let instead = match self {
            Self::Gzip => "send gzip",
            Self::Nothing => "send it uncompressed, or set triple.accept_compression",
        };
        let text = format!("{name} {encoding:?} is not decompressed here; {instead}");
        Status::new(Code::Unimplemented, text)
    }
}

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
            values.any(|list| list.split(',').any(|one| one.trim().eq_ignore_ascii_case("gzip")))
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

/// Appends `bytes` to `out`, compressed. Other tasks go on meanwhile where that may take long.
pub(crate) fn gzip(bytes: &[u8], out: &mut BytesMut) {
    work::give_way(bytes.len(), || {
        let mut encoder = GzEncoder::new(bytes::BufMut::writer(out), Compression::default());
        // Writing into memory does not fail.
        let _ = encoder.write_all(bytes).and_then(|()| encoder.try_finish());
    });
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
            Self::TooLarge => FrameError::TooLarge { length: None, limit },
        }
    }
}

/// Decompresses `bytes` to at most `limit`. Other tasks go on meanwhile where that may take long.
pub(crate) fn gunzip(bytes: &[u8], limit: usize) -> Result<Bytes, GunzipError> {
    let bounded = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
    let mut out = Vec::new();
    let mut decoder = MultiGzDecoder::new(bytes).take(bounded(limit).saturating_add(1));
    let not_gzip = |_| GunzipError::NotGzip;
    let mut ended = false;
    if !work::is_long(bytes.len()) {
        // Few bytes may still become many.
        let mut first = decoder.by_ref().take(bounded(work::LONG));
        ended = first.read_to_end(&mut out).map_err(not_gzip)? < work::LONG;
    }
    if !ended {
        work::give_way(usize::MAX, || decoder.read_to_end(&mut out)).map_err(not_gzip)?;
    }
    if out.len() > limit { Err(GunzipError::TooLarge) } else { Ok(out.into()) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

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
        let of =
            |headers: &HeaderMap, accepted: Accepted| accepted.encoding(headers, &GRPC_ENCODING);
        for accepted in [Accepted::Gzip, Accepted::Nothing] {
            assert_eq!(of(&HeaderMap::new(), accepted).unwrap(), Encoding::Identity);
            assert_eq!(of(&with("identity"), accepted).unwrap(), Encoding::Identity);
            let error = of(&with("snappy"), accepted).unwrap_err();
            assert_eq!(error.code(), Code::Unimplemented);
            assert!(error.message().contains("snappy"), "{error}");
        }
        assert_eq!(of(&with("gzip"), Accepted::Gzip).unwrap(), Encoding::Gzip);
        let error = of(&with("gzip"), Accepted::Nothing).unwrap_err();
        assert_eq!(error.code(), Code::Unimplemented);
        assert!(error.message().contains("triple.accept_compression"), "{error}");
    }

    #[test]
    fn the_length_above_which_it_takes_long_changes_nothing() {
        for length in [work::LONG - 1, work::LONG, work::LONG + 1, 4 * work::LONG] {
            let text: Vec<u8> = (0..=u8::MAX).cycle().take(length).collect();
            let mut packed = BytesMut::new();
            gzip(&text, &mut packed);
            assert_eq!(gunzip(&packed, length).unwrap(), text);
            assert_eq!(gunzip(&packed, length - 1), Err(GunzipError::TooLarge));
            let cut = &packed[..packed.len() - 1];
            assert_eq!(gunzip(cut, usize::MAX), Err(GunzipError::NotGzip));
        }
    }

    /// Has one worker, so that another task runs only if this one gives way.
    #[test]
    fn other_tasks_run_while_a_long_message_is_packed_or_unpacked() {
        const LENGTH: usize = 4 * work::LONG;
        let mut packed = BytesMut::new();
        gzip(&vec![0; LENGTH], &mut packed);
        let gunzips: fn(&[u8]) = |packed| drop(gunzip(packed, LENGTH).unwrap());
        let gzips: fn(&[u8]) = |_| gzip(&vec![0; LENGTH], &mut BytesMut::new());
        for work in [gunzips, gzips] {
            let packed = packed.clone();
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            let runtime = builder.worker_threads(1).build().unwrap();
            let long = runtime.spawn(async move {
                let ran = Arc::new(AtomicBool::new(false));
                tokio::spawn({
                    let ran = ran.clone();
                    async move { ran.store(true, Ordering::SeqCst) }
                });
                (0..10_000).any(|_| {
                    work(&packed);
                    ran.load(Ordering::SeqCst)
                })
            });
            assert!(runtime.block_on(long).unwrap(), "no other task ran");
        }
    }
}
