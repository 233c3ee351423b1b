//! Writing a frame straight into a connection's queue.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::BytesMut;
use dubhe_core::payload::Content;
use dubhe_core::status::Origin;
use dubhe_core::{Code, Encoded, Format, Metadata, Payload, Sink, Status, Value};
use dubhe_hessian2::{Decode, Decoder, Encode, Encoder, Error};
use dubhe_net::session::Outbox;

use crate::header::{Header, LEN};
use crate::payload::PayloadLimit;

/// Why a frame was not queued. Nothing of it is left in the queue.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Its body has this many bytes, more than the limit.
    TooLarge(usize),
    /// A value cannot be written.
    Unwritable(Status),
}

/// Queues a frame whose body `write` writes; the length in `header` is filled in. Gives the number
/// of bytes queued.
pub(crate) fn frame(
    out: &mut Outbox,
    header: Header,
    limit: PayloadLimit,
    write: impl FnOnce(&mut Writer<'_>) -> Result<(), Status>,
) -> Result<usize, Refused> {
    let mark = out.mark();
    out.tail_mut().extend_from_slice(&header.to_bytes());
    // The codec of a user's type may panic; frames of other calls are in the same buffer.
    let written = catch_unwind(AssertUnwindSafe(|| write(&mut Writer::new(out))));
    let total = out.since(mark);
    let length = total.saturating_sub(LEN);
    let refused = match written {
        Ok(Ok(())) => match i32::try_from(length) {
            Ok(_) if limit.allows(length) => {
                let length = u32::try_from(length).unwrap_or(0);
                if out.overwrite(mark, &Header { length, ..header }.to_bytes()) {
                    return Ok(total);
                }
                Refused::Unwritable(Status::new(Code::Internal, "the frame lost its header"))
            }
            _ => Refused::TooLarge(length),
        },
        Ok(Err(status)) => Refused::Unwritable(status),
        Err(_) => Refused::Unwritable(Status::new(
            Code::Internal,
            "the codec of a value panicked while writing it; see the log for where",
        )),
    };
    out.rollback(mark);
    Err(refused)
}

/// An encoder at the end of a queue. It gives the queue its buffer back when dropped.
pub(crate) struct Writer<'a> {
    out: &'a mut Outbox,
    encoder: Encoder,
}

impl<'a> Writer<'a> {
    fn new(out: &'a mut Outbox) -> Self {
        let encoder = Encoder::with_buffer(std::mem::take(out.tail_mut()));
        Self { out, encoder }
    }

    /// The encoder.
    pub(crate) fn encoder(&mut self) -> &mut Encoder {
        &mut self.encoder
    }

    /// Writes `count` values. `metadata` is what will follow them.
    pub(crate) fn values(
        &mut self,
        content: &Content,
        count: usize,
        metadata: &Metadata,
    ) -> Result<(), Status> {
        match content {
            Content::Typed(typed) => {
                typed.encode(&mut Sink::new(Format::Hessian2, &mut self.encoder))
            }
            Content::Dynamic(value) if count == 1 => self.value(value),
            Content::Values(values) if values.len() == count => {
                values.iter().try_for_each(|value| self.value(value))
            }
            Content::Encoded(encoded) => self.encoded(encoded, count, metadata),
            Content::Dynamic(_) => Err(miscounted(1, count)),
            Content::Values(values) => Err(miscounted(values.len(), count)),
        }
    }

    /// Writes the one value of a payload. `metadata` is what will follow it.
    pub(crate) fn payload(&mut self, payload: &Payload, metadata: &Metadata) -> Result<(), Status> {
        match payload {
            Payload::Message(content) => self.values(content, 1, metadata),
            Payload::Args(args) => self.values(&args.values, 1, metadata),
            Payload::Encoded(encoded) => self.encoded(encoded, 1, metadata),
        }
    }

    fn value(&mut self, value: &Value) -> Result<(), Status> {
        put_value(&mut self.encoder, value).map_err(unwritable)
    }

    /// Appends `count` values that are encoded already, large ones without copying them.
    pub(crate) fn encoded(
        &mut self,
        encoded: &Encoded,
        count: usize,
        metadata: &Metadata,
    ) -> Result<(), Status> {
        if *encoded.format() != Format::Hessian2 {
            return Err(Status::new(
                Code::Unimplemented,
                format!(
                    "the dubbo protocol writes hessian2 and cannot forward {}; decode it first",
                    encoded.format()
                ),
            ));
        }
        if metadata.iter().any(|(_, value)| is_container(value)) {
            // Containers number their classes and types after those in the bytes, so the bytes
            // must pass through the same encoder.
            let bytes = encoded.contiguous();
            let mut decoder = Decoder::shared(&bytes);
            for _ in 0..count {
                let value = Value::decode(&mut decoder).map_err(unwritable)?;
                self.value(&value)?;
            }
            return Ok(());
        }
        for chunk in encoded.chunks() {
            *self.out.tail_mut() = std::mem::take(self.encoder.buffer_mut());
            self.out.push(chunk.clone());
            *self.encoder.buffer_mut() = std::mem::take(self.out.tail_mut());
        }
        Ok(())
    }

    /// The bytes at the end of the queue that are not part of a pushed chunk.
    pub(crate) fn buffer(&mut self) -> &mut BytesMut {
        self.encoder.buffer_mut()
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        *self.out.tail_mut() = std::mem::take(self.encoder.buffer_mut());
    }
}

fn is_container(value: &Value) -> bool {
    matches!(value.plain(), Value::List(_) | Value::Map(_) | Value::Object(_))
}

/// Writes a dynamic value; the common kinds without a detour.
pub(super) fn put_value(encoder: &mut Encoder, value: &Value) -> Result<(), Error> {
    match value {
        Value::String(text) => {
            encoder.write_str(text);
            Ok(())
        }
        other => other.encode(encoder),
    }
}

#[cold]
pub(super) fn unwritable(error: Error) -> Status {
    Status::new(Code::InvalidArgument, error.to_string())
        .with_origin(Origin::Caller)
        .with_source(error)
}

#[cold]
fn miscounted(given: usize, count: usize) -> Status {
    Status::new(
        Code::InvalidArgument,
        format!("{given} values were given where the method takes {count}"),
    )
    .with_origin(Origin::Caller)
}
