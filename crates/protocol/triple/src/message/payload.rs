//! Payloads as messages, and back.

use bytes::{Bytes, BytesMut};
use dubhe_core::payload::{Args, Content, DecodeLimits};
use dubhe_core::{CallKind, Code, EncodedArgs, Format, Method, Payload, Status, descriptor};
use dubhe_hessian2::{Encoder, payload as hessian};
use dubhe_protobuf::write_content;

use crate::message::wrapper::{self, RequestWrapper, ResponseWrapper, WrapperError};

/// Appends the message of a method without descriptor to `out`.
///
/// Typed values are handed the [`BytesMut`] as their encoder.
pub(super) fn write_message(
    format: &Format,
    payload: &Payload,
    out: &mut BytesMut,
) -> Result<(), Status> {
    match payload {
        Payload::Message(content) => write_content(content, format, out),
        Payload::Args(_) => {
            let text = format!("a list of arguments cannot be sent as {format}; send one message");
            Err(Status::new(Code::InvalidArgument, text))
        }
    }
}

/// A result in its wrapper. Returns the length of the result.
pub(super) fn wrap(payload: &Payload, out: &mut BytesMut) -> Result<usize, Status> {
    let mut encoder = Encoder::new();
    match payload {
        Payload::Message(Content::Encoded(encoded)) => {
            let data = hessian::forwarded(encoded)?;
            wrapper::write_response(data, out);
            return Ok(data.len());
        }
        Payload::Message(content) => hessian::write_content(content, &mut encoder)?,
        Payload::Args(args) if args.count() == 1 => hessian::write_args(args, &mut encoder)?,
        Payload::Args(args) => {
            let count = args.count();
            let text = format!("a list of {count} arguments is not a result; return one value");
            return Err(Status::new(Code::Internal, text));
        }
    }
    wrapper::write_response(encoder.buffer(), out);
    Ok(encoder.buffer().len())
}

/// A result that is Hessian already, in its wrapper.
pub(crate) fn wrap_bytes(data: &[u8]) -> BytesMut {
    let mut out = BytesMut::new();
    wrapper::write_response(data, &mut out);
    out
}

/// The arguments in a wrapper, undecoded, and their descriptors.
pub(super) fn unwrap_request(
    message: Bytes,
    limits: DecodeLimits,
) -> Result<(Payload, String), Status> {
    let wrapper = RequestWrapper::decode(message).map_err(not_a_wrapper)?;
    refuse_other(&wrapper.serialize_type)?;
    let carried = wrapper.arg_types.iter().filter(|name| **name != wrapper::OBSERVER);
    let types = carried.map(|name| descriptor::of_name(name)).collect();
    let arguments = EncodedArgs::separate(Format::Hessian2, wrapper.args).with_limits(limits);
    Ok((arguments.into(), types))
}

/// Arguments in their wrapper, each encoded alone.
pub(super) fn wrap_request(
    payload: &Payload,
    method: &Method,
    out: &mut BytesMut,
) -> Result<(), Status> {
    payload.fits(method)?;
    let mut encoder = Encoder::separate();
    match payload {
        Payload::Message(Content::Encoded(encoded)) => {
            wrapper::write_args([hessian::forwarded(encoded)?], out);
        }
        Payload::Message(content) => {
            hessian::write_content(content, &mut encoder)?;
            wrapper::write_args([encoder.buffer()], out);
        }
        Payload::Args(Args::Encoded(encoded)) => {
            wrapper::write_args(&*hessian::separate(encoded)?, out);
        }
        Payload::Args(args) => {
            hessian::write_args(args, &mut encoder)?;
            wrapper::write_args(encoder.arguments(), out);
        }
    }
    let types = descriptor::parameters(method.descriptor.as_deref().unwrap_or_default()).flatten();
    types.for_each(|one| wrapper::write_type(&descriptor::class_name(one), out));
    if method.kind == CallKind::ServerStream {
        wrapper::write_type(wrapper::OBSERVER, out);
    }
    Ok(())
}

/// The result, or the exception, in a wrapper, undecoded.
pub(crate) fn unwrap_response(message: Bytes) -> Result<Bytes, Status> {
    let wrapper = ResponseWrapper::decode(message).map_err(not_a_wrapper)?;
    refuse_other(&wrapper.serialize_type)?;
    Ok(wrapper.data)
}

fn refuse_other(serialize_type: &str) -> Result<(), Status> {
    if wrapper::is_hessian(serialize_type) {
        return Ok(());
    }
    let text = format!("serialization {serialize_type} is not spoken; set serialization=hessian2");
    Err(Status::new(Code::Unimplemented, text))
}

fn not_a_wrapper(error: WrapperError) -> Status {
    Status::new(Code::Internal, error.to_string()).with_source(error)
}

#[cfg(test)]
mod tests {
    use dubhe_core::Value;

    use super::*;

    #[test]
    fn java_names_the_observer_of_a_server_stream_and_sends_none() {
        let arguments = hessian::args(("w".to_owned(),));
        let count = Method::java("count", "Ljava/lang/String;").kind(CallKind::ServerStream);
        let mut message = BytesMut::new();
        wrap_request(&arguments, &count, &mut message).unwrap();
        let wrapper = RequestWrapper::decode(message.clone().freeze()).unwrap();
        assert_eq!(wrapper.arg_types, ["java.lang.String", wrapper::OBSERVER]);
        assert_eq!(wrapper.args, [&b"\x01w"[..]]);
        assert_eq!(
            unwrap_request(message.freeze(), DecodeLimits::default()).unwrap().1,
            "Ljava/lang/String;"
        );
    }

    fn wrapped(payload: &Payload, method: &Method) -> Result<Bytes, Status> {
        let mut message = BytesMut::new();
        wrap_request(payload, method, &mut message).map(|()| message.freeze())
    }

    #[test]
    fn arguments_of_either_layout_are_sent_each_alone() {
        let user = |name: &str| Value::from(Value::object("a.User").field("name", name));
        let all = [user("a"), 1.into(), user("b"), user("c"), "d".into(), user("e"), user("f")];
        for count in [0, 1, 2, 7] {
            let descriptor = "Ljava/lang/Object;".repeat(count);
            let method = Method::java("f", descriptor.clone());
            let args = Args::Values(all[..count].to_vec().into());
            let mut encoder = Encoder::new();
            hessian::write_args(&args, &mut encoder).unwrap();
            let bytes = encoder.into_buffer().freeze();
            let direct = wrapped(&args.into(), &method).unwrap();
            let (came, types) = unwrap_request(direct.clone(), DecodeLimits::default()).unwrap();
            assert_eq!((came.count(), types), (count, descriptor));
            assert_eq!(wrapped(&came, &method).unwrap(), direct);
            let shared = EncodedArgs::shared(Format::Hessian2, count, bytes).into();
            assert_eq!(wrapped(&shared, &method).unwrap(), direct, "{count}");
        }
    }

    #[test]
    fn arguments_that_do_not_fit_are_refused() {
        let method = Method::java("f", "II");
        let two = |bytes| {
            Payload::from(EncodedArgs::shared(Format::Hessian2, 2, Bytes::from_static(bytes)))
        };
        assert!(wrapped(&two(b"\x90\x91"), &method).is_ok());
        for (payload, why) in [
            (two(b"\x90"), "argument 2 of 2"),
            (two(b"\x90\x91\x92"), "bytes follow"),
            (Payload::dynamic(1.into()), "1 arguments were given for f(II)"),
            (EncodedArgs::shared(Format::Json, 2, Bytes::new()).into(), "json cannot be sent"),
        ] {
            let refused = wrapped(&payload, &method).unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
            assert!(refused.message().contains(why), "{refused}");
        }
        let refused = wrap(&two(b"\x90\x91"), &mut BytesMut::new()).unwrap_err();
        assert!(refused.message().contains("a list of 2 arguments is not a result"), "{refused}");
    }
}
