//! Bodies: read whole, within bounds; written whole.

use bytes::{Bytes, BytesMut};
use dubhe_core::time::Deadline;
use dubhe_core::{Code, Status};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};

use crate::compression::{Encoding, GZIP, GunzipError, gunzip, gzip};
use crate::frame::FrameError;
use crate::http::{Body, ResponseBody};
use crate::server::run::passed;
use crate::status;

/// All bytes of a body, decompressed, of which there are at most `limit` before and after, and how
/// they were compressed.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    deadline: Option<Deadline>,
) -> Result<(Bytes, Encoding), Status> {
    let encoding = Encoding::of(headers, &CONTENT_ENCODING)?;
    let collected = tokio::select! {
        collected = Limited::new(body, limit).collect() => collected,
        () = passed(deadline) => {
            let text = "the request did not arrive within its deadline";
            return Err(Status::new(Code::DeadlineExceeded, text));
        }
    };
    let too_large =
        || status::of_frame(FrameError::TooLarge { length: limit.saturating_add(1), limit });
    let bytes = match collected {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(too_large()),
        Err(error) => {
            let text = format!("the body of the request broke off: {error}");
            return Err(Status::new(Code::Cancelled, text));
        }
    };
    let bytes = match encoding {
        Encoding::Identity => bytes,
        Encoding::Gzip => gunzip(&bytes, limit).map_err(|error| match error {
            GunzipError::TooLarge => too_large(),
            GunzipError::NotGzip => {
                Status::new(Code::InvalidArgument, "the body is no gzip, as content-encoding says")
            }
        })?,
    };
    Ok((bytes, encoding))
}

/// A body of these bytes, compressed, which the headers then tell.
pub(super) fn compressed(
    bytes: Bytes,
    encoding: Encoding,
    headers: &mut HeaderMap,
) -> ResponseBody {
    match encoding {
        Encoding::Identity => whole(bytes),
        Encoding::Gzip => {
            headers.insert(CONTENT_ENCODING, GZIP);
            let mut packed = BytesMut::new();
            gzip(&bytes, &mut packed);
            whole(packed.freeze())
        }
    }
}

/// A body of these bytes.
pub(super) fn whole(bytes: Bytes) -> ResponseBody {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}
