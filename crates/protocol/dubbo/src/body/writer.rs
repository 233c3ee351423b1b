//! Writing a frame straight into a connection's queue.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::{Bytes, BytesMut};
use dubhe_core::payload::Content;
use dubhe_core::status::Origin;
use dubhe_core::{Args, Code, Encoded, Format, Metadata, Payload, Sink, Status, Value};
use dubhe_hessian2::{Decoder, Encode, Encoder, Error, payload};
use dubhe_net::session::Outbox;

use crate::header::{Header, LEN};
use crate::payload::PayloadLimit;

/// The reason why a frame was not queued. Nothing of it is left in the queue.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The body has this many bytes, more than the limit.
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

    /// Writes arguments. `metadata` is what will follow them.
    pub(crate) fn arguments(&mut self, args: &Args, metadata: &Metadata) -> Result<(), Status> {
        match args {
            Args::Typed { values, .. } => self.typed(&**values),
            Args::Values(values) => values.iter().try_for_each(|value| self.value(value)),
            Args::Encoded(encoded) => {
                let pieces = payload::shared(encoded)?;
                if has_container(metadata) {
                    self.check(&pieces, encoded.count(), true)?;
                }
                pieces.iter().for_each(|piece| self.push(piece));
                Ok(())
            }
        }
    }

    /// Writes one value. `metadata` is what will follow it.
    pub(crate) fn content(&mut self, content: &Content, metadata: &Metadata) -> Result<(), Status> {
        match content {
            Content::Typed(value) => self.typed(&**value),
            Content::Dynamic(value) => self.value(value),
            Content::Encoded(encoded) => self.encoded(encoded, metadata),
        }
    }

    /// Writes the one value of a payload. `metadata` is what will follow it.
    pub(crate) fn payload(&mut self, payload: &Payload, metadata: &Metadata) -> Result<(), Status> {
        match payload {
            Payload::Message(content) => self.content(content, metadata),
            Payload::Args(args) if args.count() == 1 => self.arguments(args, metadata),
            Payload::Args(args) => Err(not_one(args.count())),
        }
    }

    fn typed(&mut self, value: &dyn dubhe_core::EncodePayload) -> Result<(), Status> {
        value.encode(&mut Sink::new(Format::Hessian2, &mut self.encoder))
    }

    fn value(&mut self, value: &Value) -> Result<(), Status> {
        put_value(&mut self.encoder, value).map_err(unwritable)
    }

    /// Writes a value that is encoded already. Bytes behind it would pass for attachments, so its
    /// end is looked for, unless it is known.
    fn encoded(&mut self, encoded: &Encoded, metadata: &Metadata) -> Result<(), Status> {
        let bytes = payload::forwarded(encoded)?;
        let numbered = has_container(metadata);
        if numbered || !encoded.is_delimited() {
            self.check(std::slice::from_ref(bytes), 1, numbered)?;
        }
        self.push(bytes);
        Ok(())
    }

    /// Makes sure that `pieces`, which are to be pushed, are `count` values. What the encoder
    /// writes behind them is numbered on from theirs, when it needs numbers.
    fn check(&mut self, pieces: &[Bytes], count: usize, numbered: bool) -> Result<(), Status> {
        let all = match pieces {
            [only] => Cow::Borrowed(&**only),
            several => Cow::Owned(several.concat()),
        };
        let mut decoder = Decoder::new(&all);
        let mut values = (0..count).map(|_| decoder.skip_value());
        values.try_for_each(|skipped| skipped).and_then(|()| decoder.end()).map_err(unwritable)?;
        if numbered {
            self.encoder.resume(&decoder);
        }
        Ok(())
    }

    /// Appends bytes, large ones without copying them.
    fn push(&mut self, bytes: &Bytes) {
        *self.out.tail_mut() = std::mem::take(self.encoder.buffer_mut());
        self.out.push(bytes.clone());
        *self.encoder.buffer_mut() = std::mem::take(self.out.tail_mut());
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

/// Returns `true` if a value in `metadata` is one that Hessian numbers.
fn has_container(metadata: &Metadata) -> bool {
    metadata
        .iter()
        .any(|(_, v)| matches!(v.unshared(), Value::List(_) | Value::Map(_) | Value::Object(_)))
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
fn not_one(count: usize) -> Status {
    let text = format!("a list of {count} arguments is not a result; return one value");
    Status::new(Code::Internal, text).with_origin(Origin::Caller)
}
