//! Arguments as payloads, and back.

use std::borrow::Cow;
use std::slice::from_ref;
use std::sync::Arc;

use bytes::Bytes;
use dubhe_core::payload::{Args, ArgsLayout, DecodeLimits};
use dubhe_core::status::Origin;
use dubhe_core::{Code, EncodedArgs, Format, Payload, Sink, Status, Value};

use super::{can_forward, cannot_write, expect_hessian};
use crate::dynamic::write_elements;
use crate::{
    Arguments, DecodeArguments, Decoder, Encode as _, Encoder, Error, Form, Limits, layout,
};

/// Arguments that borrow nothing from the message.
pub trait OwnedArguments: for<'de> DecodeArguments<'de> {}
impl<T: for<'de> DecodeArguments<'de>> OwnedArguments for T {}

/// Arguments of Rust types on their way out.
struct Typed<T>(T);

impl<T: Arguments + Send + Sync> dubhe_core::EncodePayload for Typed<T> {
    fn encode(&self, sink: &mut Sink<'_>) -> Result<(), Status> {
        match sink.encoder::<Encoder>() {
            Some(encoder) => self.0.encode_arguments(encoder).map_err(cannot_write),
            None => Err(sink.unsupported(std::any::type_name::<T>())),
        }
    }
}

/// Arguments, as a tuple.
pub fn args<T: Arguments + Send + Sync + 'static>(values: T) -> Payload {
    Payload::Args(Args::Typed { count: T::COUNT, values: Arc::new(Typed(values)) })
}

/// Decodes arguments into a tuple.
///
/// # Errors
/// [`Code::InvalidArgument`] when they are not of these types, or fewer.
pub fn arguments<T: OwnedArguments>(payload: &Payload) -> Result<T, Status> {
    arguments_with_memory(payload).map(|(arguments, _)| arguments)
}

/// Decodes arguments into a tuple, and returns the bytes of memory that they take beside the message:
/// those that were charged to its [budget](dubhe_core::memory).
///
/// # Errors
/// As [`arguments`].
pub fn arguments_with_memory<T: OwnedArguments>(payload: &Payload) -> Result<(T, usize), Status> {
    let decoded = read(payload, |decoder| {
        let before = decoder.budget().left();
        let arguments = T::decode_arguments(decoder);
        Ok(arguments.map(|all| (all, before.saturating_sub(decoder.budget().left()))))
    })?;
    decoded.map_err(|error| refused(payload, error))
}

/// The error of arguments that cannot be decoded. Those who sent JSON or generic values get the way to
/// the value in place of a byte that they never saw.
#[cold]
fn refused(payload: &Payload, error: Error) -> Status {
    let place = error.offset().and_then(|offset| {
        let path = |d: &mut Decoder<'_>| {
            Ok(if d.realizes() { d.path_to(offset, payload.count()) } else { None })
        };
        read(payload, path).ok().flatten()
    });
    let text = match place {
        Some((argument, path)) => {
            let comma = if path.is_empty() { "" } else { ", " };
            format!("argument {}{comma}{path}: {}", argument + 1, error.detail())
        }
        None => error.to_string(),
    };
    Status::new(Code::InvalidArgument, text).with_source(error)
}

/// Reads arguments with a decoder of their layout.
pub(super) fn read<T>(
    payload: &Payload,
    read: impl FnOnce(&mut Decoder<'_>) -> Result<T, Status>,
) -> Result<T, Status> {
    let bytes;
    let mut decoder = match payload {
        Payload::Args(Args::Encoded(encoded)) => {
            expect_hessian(encoded.format())?;
            let limits = encoded.limits();
            match encoded.layout() {
                ArgsLayout::Shared { bytes, .. } => super::decoder(bytes, limits),
                ArgsLayout::Separate(pieces) => {
                    Decoder::separate_with_limits(pieces, Limits::of(limits))
                        .memory(limits.memory())
                }
            }
        }
        Payload::Args(args) => {
            let mut encoder = Encoder::new();
            write_args(args, &mut encoder)?;
            bytes = encoder.into_buffer().freeze();
            let limits = Limits::default();
            // Values that were not read from Hessian came as JSON.
            let generic = matches!(args, Args::Values(_));
            let limits = if generic { limits.realizing(Form::Json) } else { limits };
            Decoder::shared_with_limits(&bytes, limits)
        }
        Payload::Message(_) => {
            let limits;
            (bytes, limits) = super::bytes(payload, Encoder::new())?;
            super::decoder(&bytes, &limits)
        }
    };
    read(&mut decoder)
}

/// Writes arguments in the layout of `encoder`: one after the other, or each as a message of its
/// own. Those that are bytes must be the first that it writes.
///
/// # Errors
/// [`Code::Internal`] when a value has no form in Hessian; [`Code::InvalidArgument`] for bytes of
/// another format, or bytes that are not these arguments.
pub fn write_args(args: &Args, encoder: &mut Encoder) -> Result<(), Status> {
    match args {
        Args::Typed { values, .. } => values.encode(&mut Sink::new(Format::Hessian2, encoder)),
        Args::Values(values) => {
            let mut each = values.iter();
            each.try_for_each(|v| v.encode(encoder).map(|()| encoder.end_argument()))
                .map_err(cannot_write)
        }
        Args::Encoded(encoded) => {
            let pieces = if encoder.is_separate() { separate(encoded) } else { shared(encoded) }?;
            for piece in &*pieces {
                encoder.buffer_mut().extend_from_slice(piece);
                encoder.end_argument();
            }
            Ok(())
        }
    }
}

/// The elements of one value, which came in `form`, as arguments that are written by one encoder;
/// several may have a container in common. They are decoded within `limits`, and become
/// what the Rust types take, as in Dubbo Java: a `java.util.Date` is also taken as a text, a number as
/// one, a `byte[]` as base64.
///
/// # Errors
/// [`Code::Internal`] when an element has no form in Hessian.
pub fn elements(
    elements: &[Value],
    form: Form,
    limits: &DecodeLimits,
) -> Result<EncodedArgs, Status> {
    let mut encoder = Encoder::new();
    write_elements(elements, &mut encoder).map_err(cannot_write)?;
    let bytes = encoder.into_buffer().freeze();
    let limits = limits.clone().with(Limits::of(limits).realizing(form));
    Ok(EncodedArgs::shared(Format::Hessian2, elements.len(), bytes).with_limits(limits))
}

/// The arguments as messages of their own, as Triple sends them. Nothing is decoded nor copied
/// unless they are two or more that were written by one encoder; see [`layout::split`].
///
/// # Errors
/// [`Code::InvalidArgument`] for another format than Hessian, and for bytes that are not these
/// arguments or exceed a limit.
pub fn separate(args: &EncodedArgs) -> Result<Cow<'_, [Bytes]>, Status> {
    can_forward(args.format())?;
    Ok(match args.layout() {
        ArgsLayout::Separate(pieces) => Cow::Borrowed(pieces),
        ArgsLayout::Shared { count: 0, .. } => Cow::Borrowed(&[]),
        ArgsLayout::Shared { count: 1, bytes } => Cow::Borrowed(from_ref(bytes)),
        ArgsLayout::Shared { count, bytes } => {
            Cow::Owned(layout::split(bytes, count).map_err(cannot_convert)?)
        }
    })
}

/// The arguments as one encoder writes them, as the dubbo protocol sends them: pieces to be written
/// one after the other. Nothing is decoded nor copied unless an argument behind others uses
/// numbers of Hessian's tables; see [`layout::join`].
///
/// # Errors
/// As [`separate`].
pub fn shared(args: &EncodedArgs) -> Result<Cow<'_, [Bytes]>, Status> {
    can_forward(args.format())?;
    match args.layout() {
        ArgsLayout::Shared { bytes, .. } => Ok(Cow::Borrowed(from_ref(bytes))),
        ArgsLayout::Separate(pieces) => layout::join(pieces).map_err(cannot_convert),
    }
}

#[cold]
fn cannot_convert(error: Error) -> Status {
    Status::new(Code::InvalidArgument, format!("the arguments cannot be sent on: {error}"))
        .with_origin(Origin::Caller)
        .with_source(error)
}
