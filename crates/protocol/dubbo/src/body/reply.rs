//! The body of a reply: a tag, what it announces, attachments. Source: Dubbo Java `DubboCodec`,
//! `DecodeableRpcResult`.

use std::borrow::Cow;

use bytes::Bytes;
use dubhe_core::end::Ending;
use dubhe_core::invoke::Outcome;
use dubhe_core::payload::Content;
use dubhe_core::reply::{Reply, ReplyBody};
use dubhe_core::status::table::DubboForm;
use dubhe_core::status::{marks, table};
use dubhe_core::{Code, Metadata, Payload, Status, Value};
use dubhe_hessian2::{Decode, Decoder, Encoder, Error, ErrorKind};
use dubhe_net::session::Outbox;

use super::writer::{Refused, Writer, frame, put_value};
use super::{Attachments, BodyLimits, DUBBO_VERSION, jsonb, to_exception, with_marks};
use crate::header::{Header, Kind};
use crate::payload::PayloadLimit;
use crate::serialization::SerializationId;

/// The tags of a reply; three more announce attachments as well.
const EXCEPTION: i32 = 0;
const VALUE: i32 = 1;
const NULL: i32 = 2;
const WITH_ATTACHMENTS: i32 = 3;

/// A value of null on the wire.
const NULL_VALUE: &[u8] = b"N";

/// The longest text of an error that is sent, in bytes.
const ERROR_TEXT: usize = 16 * 1024;

/// The content of a reply of status 20.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The bytes of exactly the result; a null is one byte, `4e`.
    Value(Bytes),
    /// The exception that the method threw.
    Exception(Value),
}

/// Reads the body of a reply of status 20: its answer and its attachments. Bytes behind them mean
/// nothing; dubbo-go always leaves one.
///
/// # Errors
/// When it is malformed or exceeds a limit.
pub fn read_reply(body: &Bytes, limits: &BodyLimits) -> Result<(Answer, Metadata), Error> {
    let mut d = limits.decoder(body);
    let tag = d.read_i32()?;
    let start = d.position();
    let answer = match tag % WITH_ATTACHMENTS {
        _ if !(EXCEPTION..=NULL + WITH_ATTACHMENTS).contains(&tag) => {
            let detail = format!("a reply cannot begin with the tag {tag}");
            return Err(d.error(ErrorKind::Malformed, detail));
        }
        EXCEPTION => Answer::Exception(Value::decode(&mut d)?),
        VALUE => {
            d.skip_value()?;
            Answer::Value(body.slice(start..d.position()))
        }
        _ => Answer::Value(Bytes::from_static(NULL_VALUE)),
    };
    let metadata = if tag >= WITH_ATTACHMENTS {
        if d.remaining().len() > limits.attachments {
            // Refused before any of them is decoded.
            Attachments::scan(&mut d, limits)?;
        }
        Attachments::read(&mut d, body, limits)?.metadata
    } else {
        Metadata::new()
    };
    Ok((answer, metadata))
}

/// The text of a reply whose status is not 20: one string.
pub fn read_error(body: &Bytes) -> Cow<'_, str> {
    match Decoder::new(body).read_str() {
        Ok(text) => text,
        Err(_) => String::from_utf8_lossy(body),
    }
}

/// The error of a reply whose status is not 20, in the serialization of the reply: Dubbo Java 3.2 has
/// one of its own for it.
pub(crate) fn read_failure(
    byte: u8,
    serialization: SerializationId,
    body: &Bytes,
    limits: &BodyLimits,
) -> Status {
    match serialization {
        SerializationId::HESSIAN2 => read_hessian_failure(byte, body, limits),
        SerializationId::FASTJSON2 => {
            table::from_dubbo(byte, &jsonb::read_text(body).unwrap_or_default())
        }
        other => {
            let text = format!("the text of the error cannot be read: it is serialized as {other}");
            table::from_dubbo(byte, &text)
        }
    }
}

/// An error in hessian2: behind the text Dubhe sends attachments where the byte does not say all, which
/// Dubbo Java skips.
fn read_hessian_failure(byte: u8, body: &Bytes, limits: &BodyLimits) -> Status {
    let status = table::from_dubbo(byte, &read_error(body));
    let mut d = limits.decoder(body);
    if d.read_str().is_err() || d.is_at_end() {
        return status;
    }
    // What follows is no part of the error where it cannot be read.
    let Ok(all) = Attachments::read(&mut d, body, limits) else { return status };
    let mut metadata = all.metadata;
    let code = metadata.remove(marks::STATUS);
    let status = match code.as_ref().and_then(Value::as_str).and_then(marks::code) {
        Some(code) => status.with_code(code),
        None => status,
    };
    let status = match metadata.remove(marks::DETAILS) {
        Some(details) => marks::add_details(status, &details),
        None => status,
    };
    status.with_headers(metadata)
}

/// Returns `true` if a client of this version of the protocol reads attachments of replies: from
/// `2.0.2` to `2.0.99` (Dubbo Java `Version.isSupportResponseAttachment`).
pub fn supports_attachments(version: &str) -> bool {
    const FIRST: u64 = 2_000_200;
    const LAST: u64 = 2_009_900;
    if version == DUBBO_VERSION {
        return true;
    }
    let mut number = 0_u64;
    let mut parts = 0;
    for part in version.split('.') {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let part = part.get(..digits).and_then(|digits| digits.parse::<u64>().ok());
        let sum = part.and_then(|part| number.checked_mul(100)?.checked_add(part));
        let Some(sum) = sum else { return false };
        number = sum;
        parts += 1;
    }
    let number = if parts == 3 { number.saturating_mul(100) } else { number };
    (FIRST..=LAST).contains(&number)
}

/// The address and the form of a reply.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReplyTo {
    pub(crate) id: u64,
    /// The client's ability to read attachments.
    pub(crate) attachments: bool,
    pub(crate) limit: PayloadLimit,
}

impl ReplyTo {
    fn header(self, status: u8) -> Header {
        let serialization = SerializationId::HESSIAN2;
        Header { kind: Kind::Reply { status }, serialization, id: self.id, length: 0 }
    }
}

/// The length of a reply up to which it counts as sent when it is queued, in bytes.
const SMALL: usize = 32 * 1024;

/// The bytes of a frame that was queued, and of the value in it.
struct Written {
    frame: usize,
    value: usize,
}

/// Queues the reply to a call: its result, its exception, or, failing that, why it has none. Returns
/// the bytes that were encoded; `None` if the encoding broke off.
pub(crate) fn write_reply(out: &mut Outbox, to: ReplyTo, mut outcome: Outcome) -> Option<usize> {
    let written = match &mut outcome {
        Ok(reply) => write_success(out, to, reply),
        Err(status) => write_error(out, to, status),
    };
    let encoded = match &written {
        Ok(Written { frame, .. }) => Some(*frame),
        Err(Refused::TooLarge(length)) => Some(*length),
        Err(Refused::Unwritable(_)) => None,
    };
    match (written, outcome) {
        // What is small leaves at once, or with what waits already.
        (Ok(Written { frame, value }), Ok(reply)) if frame > SMALL => {
            let receipt = reply.into_receipt();
            out.on_written(move || receipt.sent(Ok(value)));
        }
        (Ok(Written { value, .. }), Ok(mut reply)) => reply.sent(Ok(value)),
        (Ok(Written { frame, .. }), Err(mut status)) if frame > SMALL => {
            out.on_written(move || status.delivered());
        }
        (Ok(_), Err(mut status)) => status.delivered(),
        (Err(refused), outcome) => {
            let failed = write_refused(out, to, refused);
            if let Ok(mut reply) = outcome {
                reply.sent(Err(Ending::Failed(&failed)));
            }
        }
    }
    encoded
}

/// Queues the reason why a reply cannot be written, and returns it.
fn write_refused(out: &mut Outbox, to: ReplyTo, refused: Refused) -> Status {
    match refused {
        Refused::TooLarge(length) => {
            let text = format!(
                "data length too large: {length}, max payload: {}; raise payload on the provider \
                 and the consumer, or return less",
                to.limit.get()
            );
            write_text(out, to, table::dubbo::SERIALIZATION_ERROR, &text);
            Status::new(Code::ResourceExhausted, text)
        }
        Refused::Unwritable(status) => {
            let text = format!("failed to send response: {}", status.message());
            write_text(out, to, table::dubbo::BAD_RESPONSE, &text);
            status
        }
    }
}

/// Queues a result.
fn write_success(out: &mut Outbox, to: ReplyTo, reply: &mut Reply) -> Result<Written, Refused> {
    match &reply.body {
        ReplyBody::One(payload, trailers) => {
            let mut metadata = std::mem::take(&mut reply.metadata);
            metadata.fill_from(trailers);
            let mut value = 0;
            let frame = frame(out, to.header(table::dubbo::OK), to.limit, |w| {
                value = write_value(w, to, payload, &metadata)?;
                Ok(())
            })?;
            Ok(Written { frame, value })
        }
        ReplyBody::Stream(_) => Err(Refused::Unwritable(Status::new(
            Code::Unimplemented,
            "the dubbo protocol cannot carry a stream of messages; offer the service over tri",
        ))),
    }
}

/// Writes a value with its tag and the attachments; gives the bytes of the value alone.
fn write_value(
    w: &mut Writer<'_>,
    to: ReplyTo,
    payload: &Payload,
    metadata: &Metadata,
) -> Result<usize, Status> {
    let family = if to.attachments { WITH_ATTACHMENTS } else { 0 };
    let mut length = NULL_VALUE.len();
    if let Payload::Message(Content::Dynamic(Value::Null)) = payload {
        w.encoder().write_i32(NULL + family);
    } else {
        let tag = w.buffer().len();
        w.encoder().write_i32(VALUE + family);
        let value = w.buffer().len();
        w.payload(payload, metadata)?;
        if w.buffer().get(value..) == Some(NULL_VALUE) {
            w.buffer().truncate(tag);
            w.encoder().write_i32(NULL + family);
        } else {
            length = w.buffer().len().saturating_sub(value);
        }
    }
    write_attachments(w.encoder(), to, metadata)?;
    Ok(length)
}

/// Queues an error: a Java exception where it is one, or has its form, else a status byte.
fn write_error(out: &mut Outbox, to: ReplyTo, status: &Status) -> Result<Written, Refused> {
    if status.java().is_none()
        && !status.is_business()
        && let DubboForm::Byte(byte) = table::to_dubbo(status)
    {
        return write_byte(out, to, byte, status);
    }
    let metadata = with_marks(status, marks::of_exception(status));
    let frame = frame(out, to.header(table::dubbo::OK), to.limit, |w| {
        let family = if to.attachments { WITH_ATTACHMENTS } else { 0 };
        w.encoder().write_i32(EXCEPTION + family);
        w.content(&to_exception(status), &metadata)?;
        write_attachments(w.encoder(), to, &metadata)
    })?;
    Ok(Written { frame, value: 0 })
}

/// Queues an error whose form is a status byte and a text, and behind them what those do not say.
fn write_byte(
    out: &mut Outbox,
    to: ReplyTo,
    byte: u8,
    status: &Status,
) -> Result<Written, Refused> {
    let mark =
        (table::code_of_dubbo(byte) != status.code()).then_some((marks::STATUS, status.code()));
    let metadata = with_marks(status, mark);
    frame(out, to.header(byte), to.limit, |w| {
        w.encoder().write_str(cut(status.message()));
        if metadata.is_empty() { Ok(()) } else { write_attachments(w.encoder(), to, &metadata) }
    })?;
    Ok(Written { frame: 0, value: 0 })
}

/// Queues the error of a service that is not here, in the form of Dubbo Java 3: its consumers ask
/// another provider then.
pub(crate) fn write_no_service(out: &mut Outbox, to: ReplyTo, status: &Status) {
    // What is no longer than a text can always be written.
    let _ = write_byte(
        out,
        ReplyTo { limit: PayloadLimit::UNLIMITED, ..to },
        table::dubbo::SERVICE_ERROR,
        status,
    );
}

/// The part of the text of an error that is sent.
fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(ERROR_TEXT)).unwrap_or_default()
}

/// Queues an error that is one text, in the serialization of the request.
pub(crate) fn write_failure(
    out: &mut Outbox,
    id: u64,
    serialization: SerializationId,
    status: u8,
    text: &str,
) {
    let text = cut(text);
    let header = Header { kind: Kind::Reply { status }, serialization, id, length: 0 };
    // One string of bounded length is always writable.
    let _ = frame(out, header, PayloadLimit::UNLIMITED, |w| {
        if serialization == SerializationId::FASTJSON2 {
            jsonb::write_text(w.buffer(), text);
        } else {
            w.encoder().write_str(text);
        }
        Ok(())
    });
}

fn write_text(out: &mut Outbox, to: ReplyTo, status: u8, text: &str) {
    write_failure(out, to.id, SerializationId::HESSIAN2, status, text);
}

fn write_attachments(e: &mut Encoder, to: ReplyTo, metadata: &Metadata) -> Result<(), Status> {
    if !to.attachments {
        return Ok(());
    }
    e.write_map(|e| {
        e.write_str("dubbo");
        e.write_str(DUBBO_VERSION);
        for (key, value) in metadata.iter().filter(|(key, _)| **key != "dubbo") {
            e.write_str(key);
            put_value(e, value)?;
        }
        Ok(())
    })
    .map_err(super::writer::unwritable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_some_versions_read_attachments() {
        for yes in ["2.0.2", "2.0.3", "2.0.99", "2.0.2.1", "2.0.2-x"] {
            assert!(supports_attachments(yes), "{yes}");
        }
        for no in ["", "2.0.1", "2.1.0", "2.6.5", "2.7.23", "3.3.6", "x", "99999999999999999999.1"]
        {
            assert!(!supports_attachments(no), "{no}");
        }
    }
}
