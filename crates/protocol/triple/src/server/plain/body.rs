//! Bodies: read whole, within bounds; written whole.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dubhe_core::time::Deadline;
use dubhe_core::{Code, Status};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};

use crate::compression::{Encoding, GZIP, GunzipError, gunzip, gzip};
use crate::http::{Body, ResponseBody};
use crate::status;
use crate::timeout::passed;

/// How long a body may pause.
const SILENCE: Duration = Duration::from_mins(1);

/// All bytes of a body, decompressed, of which there are at most `limit` before and after, and how
/// they were compressed.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    deadline: Option<Deadline>,
) -> Result<(Bytes, Encoding), Status> {
    let encoding = Encoding::of(headers, &CONTENT_ENCODING)?;
    let bytes = tokio::select! {
        bytes = collect(body, limit) => bytes?,
        () = passed(deadline) => {
            let text = "the request did not arrive within its deadline";
            return Err(Status::new(Code::DeadlineExceeded, text));
        }
    };
    let bytes = match encoding {
        Encoding::Identity => bytes,
        Encoding::Gzip => gunzip(&bytes, limit).map_err(|error| match error {
            GunzipError::TooLarge => status::of_frame(error.framed(limit)),
            GunzipError::NotGzip => {
                Status::new(Code::InvalidArgument, "the body is no gzip, as content-encoding says")
            }
        })?,
    };
    Ok((bytes, encoding))
}

/// All bytes of a body that does not pause.
async fn collect(body: Body, limit: usize) -> Result<Bytes, Status> {
    let mut body = Limited::new(body, limit);
    let mut all = BytesMut::new();
    loop {
        let Ok(frame) = tokio::time::timeout(SILENCE, body.frame()).await else {
            let text = format!("the body of the request paused for more than {SILENCE:?}");
            return Err(Status::new(Code::DeadlineExceeded, text));
        };
        match frame {
            None => return Ok(all.freeze()),
            Some(Ok(frame)) => all.extend(frame.into_data()),
            Some(Err(error)) if error.is::<LengthLimitError>() => {
                return Err(status::of_frame(GunzipError::TooLarge.framed(limit)));
            }
            Some(Err(error)) => {
                let text = format!("the body of the request broke off: {error}");
                return Err(Status::new(Code::Cancelled, text));
            }
        }
    }
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
