//! The messages around calls of Java interfaces: each argument and the result is a Hessian message
//! of its own inside a protobuf message (Dubbo Java `triple_wrapper.proto`).

use std::fmt;

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;

use crate::wire::fields::{Fields, Malformed, put, put_some};

/// Dubbo Java's name for hessian2 inside a wrapper; dubbo-go writes `hessian2`, and both read both.
pub const HESSIAN: &str = "hessian4";

/// Java names the observer of a server stream beside its argument; it carries nothing (Dubbo Java
/// `ReflectionPackableMethod`).
pub const OBSERVER: &str = "org.apache.dubbo.common.stream.StreamObserver";

/// The most arguments of a call: as many as a Java method has (JVM specification, 4.3.3).
pub const MAX_ARGS: usize = 255;

/// The error of bytes that are no wrapper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrapperError {
    /// Bytes that are no protobuf message.
    Malformed,
    /// A text in them is no UTF-8.
    NotUtf8,
    /// More than [`MAX_ARGS`] arguments or types.
    TooMany,
}

impl fmt::Display for WrapperError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the wrapper is not a protobuf message",
            Self::NotUtf8 => "a name in the wrapper is not utf-8",
            Self::TooMany => "the wrapper has more than 255 arguments, which no Java method takes",
        })
    }
}

impl std::error::Error for WrapperError {}

impl From<Malformed> for WrapperError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// `TripleRequestWrapper`: the arguments of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestWrapper {
    /// The serialization of the arguments.
    pub serialize_type: ByteString,
    /// The arguments, each a message of its own.
    pub args: Vec<Bytes>,
    /// The types of the arguments, as Java's `Class.getName` gives them.
    pub arg_types: Vec<ByteString>,
}

impl RequestWrapper {
    /// Reads a wrapper; arguments share its memory.
    ///
    /// # Errors
    /// When the bytes are none, or hold more than [`MAX_ARGS`] arguments.
    pub fn decode(message: Bytes) -> Result<Self, WrapperError> {
        let mut wrapper = Self::default();
        let mut fields = Fields::new(message);
        while let Some((number, bytes)) = fields.next_bytes()? {
            match number {
                1 => wrapper.serialize_type = text(bytes)?,
                2 if wrapper.args.len() == MAX_ARGS => return Err(WrapperError::TooMany),
                3 if wrapper.arg_types.len() == MAX_ARGS => return Err(WrapperError::TooMany),
                2 => wrapper.args.push(bytes),
                3 => wrapper.arg_types.push(text(bytes)?),
                _ => {}
            }
        }
        Ok(wrapper)
    }

    /// Appends the wrapper to `out`.
    pub fn write(&self, out: &mut BytesMut) {
        put_args(&self.serialize_type, &self.args, out);
        self.arg_types.iter().for_each(|name| write_type(name, out));
    }
}

/// Appends the wrapper of arguments, each a message of its own; [`write_type`] for each of their
/// types completes it.
pub(crate) fn write_args<A>(args: A, out: &mut BytesMut)
where
    A: IntoIterator<Item: AsRef<[u8]>, IntoIter: Clone>,
{
    put_args(HESSIAN, args, out);
}

fn put_args<A>(serialize_type: &str, args: A, out: &mut BytesMut)
where
    A: IntoIterator<Item: AsRef<[u8]>, IntoIter: Clone>,
{
    let args = args.into_iter();
    // The name of a type takes some 32 bytes.
    let content: usize = args.clone().map(|arg| arg.as_ref().len() + 32).sum();
    out.reserve(content + 32);
    put_some(1, serialize_type.as_bytes(), out);
    args.for_each(|arg| put(2, arg.as_ref(), out));
}

/// Appends the type of an argument, as Java's `Class.getName` gives it.
pub(crate) fn write_type(name: &str, out: &mut BytesMut) {
    put_some(3, name.as_bytes(), out);
}

/// `TripleResponseWrapper`: a result, or a thrown exception.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseWrapper {
    /// The serialization of the result.
    pub serialize_type: ByteString,
    /// The result.
    pub data: Bytes,
    /// The declared type, as Java's `Class.getName` gives it.
    pub data_type: ByteString,
}

impl ResponseWrapper {
    /// Reads a wrapper; the result shares its memory.
    ///
    /// # Errors
    /// When the bytes are none.
    pub fn decode(message: Bytes) -> Result<Self, WrapperError> {
        let mut wrapper = Self::default();
        let mut fields = Fields::new(message);
        while let Some((number, bytes)) = fields.next_bytes()? {
            match number {
                1 => wrapper.serialize_type = text(bytes)?,
                2 => wrapper.data = bytes,
                3 => wrapper.data_type = text(bytes)?,
                _ => {}
            }
        }
        Ok(wrapper)
    }
}

/// Appends the wrapper of a result to `out`. Its declared type is not known here, and Java
/// consumers take that of their interface.
pub fn write_response(data: &[u8], out: &mut BytesMut) {
    out.reserve(data.len() + 64);
    put_some(1, HESSIAN.as_bytes(), out);
    put_some(2, data, out);
    put_some(3, b"java.lang.Object", out);
}

/// Returns `true` when a serialization by this name is hessian2.
pub fn is_hessian(serialize_type: &str) -> bool {
    matches!(serialize_type, HESSIAN | "hessian2")
}

fn text(bytes: Bytes) -> Result<ByteString, WrapperError> {
    ByteString::try_from(bytes).map_err(|_| WrapperError::NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `hello("bob")`, as a Java client sent it and a Java server answered.
    const REQUEST: &[u8] = b"\x0a\x08hessian4\x12\x04\x03bob\x1a\x10java.lang.String";
    const RESPONSE: &[u8] = b"\x0a\x08hessian4\x12\x07\x06hi bob\x1a\x10java.lang.String";

    fn written(request: &RequestWrapper) -> Bytes {
        let mut out = BytesMut::new();
        request.write(&mut out);
        out.freeze()
    }

    #[test]
    fn java_wrappers_both_ways() {
        let request = RequestWrapper {
            serialize_type: HESSIAN.into(),
            args: vec![Bytes::from_static(b"\x03bob")],
            arg_types: vec!["java.lang.String".into()],
        };
        assert_eq!(RequestWrapper::decode(Bytes::from_static(REQUEST)), Ok(request.clone()));
        assert_eq!(written(&request), REQUEST);
        let response = ResponseWrapper {
            serialize_type: HESSIAN.into(),
            data: Bytes::from_static(b"\x06hi bob"),
            data_type: "java.lang.String".into(),
        };
        assert_eq!(ResponseWrapper::decode(Bytes::from_static(RESPONSE)), Ok(response.clone()));
        let mut out = BytesMut::new();
        write_response(&response.data, &mut out);
        let data_type = "java.lang.Object".into();
        let untyped = ResponseWrapper { data_type, ..response };
        assert_eq!(ResponseWrapper::decode(out.freeze()), Ok(untyped));
    }

    #[test]
    fn no_arguments_is_the_serialization_alone() {
        let request = RequestWrapper { serialize_type: HESSIAN.into(), ..Default::default() };
        assert_eq!(written(&request), &b"\x0a\x08hessian4"[..]);
    }

    #[test]
    fn unknown_fields_are_skipped_and_every_cut_is_an_error_or_a_shorter_message() {
        let extra = b"\x20\x96\x01\x29\0\0\0\0\0\0\0\0\x35\0\0\0\0\x12\x01N";
        let wrapper = RequestWrapper::decode(Bytes::from_static(extra)).unwrap();
        assert_eq!(wrapper.args, [&b"N"[..]]);
        for cut in 1..extra.len() {
            let got = RequestWrapper::decode(Bytes::from_static(&extra[..cut]));
            let between_fields = [3, 12, 17].contains(&cut);
            assert_eq!(got.is_ok(), between_fields, "{cut}");
        }
        for bad in [&b"\x0b"[..], b"\0", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x80"] {
            let got = RequestWrapper::decode(Bytes::copy_from_slice(bad));
            assert_eq!(got, Err(WrapperError::Malformed), "{bad:?}");
        }
        let got = RequestWrapper::decode(Bytes::from_static(b"\x0a\x01\xff"));
        assert_eq!(got, Err(WrapperError::NotUtf8));
    }

    #[test]
    fn as_many_arguments_as_java_has() {
        let request = |args, types| RequestWrapper {
            args: vec![Bytes::from_static(b"N"); args],
            arg_types: vec!["int".into(); types],
            ..Default::default()
        };
        let most = request(MAX_ARGS, MAX_ARGS);
        assert_eq!(RequestWrapper::decode(written(&most)), Ok(most));
        for many in [request(MAX_ARGS + 1, 1), request(1, MAX_ARGS + 1)] {
            assert_eq!(RequestWrapper::decode(written(&many)), Err(WrapperError::TooMany));
        }
    }

    #[test]
    fn lengths_above_one_byte() {
        let request = RequestWrapper { args: vec![vec![7; 300].into()], ..Default::default() };
        assert_eq!(RequestWrapper::decode(written(&request)), Ok(request));
    }
}
