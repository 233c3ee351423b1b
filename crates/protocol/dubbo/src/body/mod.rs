//! Bodies: requests, replies, errors, attachments.
//!
//! Bodies are a sequence of values with one table of references. Readers borrow from the frame and
//! leave arguments and results undecoded: one scan over them finds the attachments behind.

mod attachments;
mod event;
mod exception;
mod jsonb;
mod limits;
mod reply;
mod request;
#[cfg(test)]
mod tests;
mod writer;

use std::borrow::Cow;

use bytes::Bytes;
use bytestring::ByteString;
use dubhe_hessian2::{Decoder, Error};

pub use attachments::{Attachments, PROTOCOL_KEYS};
pub use event::Event;
pub(crate) use exception::{from_marked, to_exception, with_marks};
pub use limits::BodyLimits;
pub(crate) use reply::read_failure;
pub use reply::{Answer, read_error, read_reply, supports_attachments};
pub(crate) use reply::{ReplyTo, write_failure, write_no_service, write_reply};
pub use request::{Request, Scanned};
pub(crate) use request::{RequestFacts, RequestTemplate, arguments, write_request};
pub(crate) use writer::{Refused, frame};

/// The version of the protocol, which a request begins with and a reply's attachments hold
/// (Dubbo Java `Version`). Any other would cost the reply its attachments.
pub const DUBBO_VERSION: &str = "2.0.2";

/// Reads a string or null, which is `""`.
fn read_text<'de>(decoder: &mut Decoder<'de>) -> Result<Cow<'de, str>, Error> {
    if decoder.read_null()? { Ok(Cow::Borrowed("")) } else { decoder.read_str() }
}

/// `text` as a string of its own, sharing the memory of `frame` where it was borrowed from there.
pub(crate) fn share(frame: &Bytes, text: Cow<'_, str>) -> ByteString {
    match text {
        Cow::Borrowed("") => ByteString::new(),
        Cow::Borrowed(text) => {
            ByteString::try_from(frame.slice_ref(text.as_bytes())).unwrap_or_default()
        }
        Cow::Owned(text) => text.into(),
    }
}
