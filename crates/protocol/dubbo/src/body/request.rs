//! The body of a request: version of the protocol, service, its version, method, descriptors of
//! the arguments, the arguments, attachments. Source: Dubbo Java `DubboCodec`,
//! `DecodeableRpcInvocation`.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use dubhe_core::call::CallBody;
use dubhe_core::payload::DecodeLimits;
use dubhe_core::status::Origin;
use dubhe_core::{
    Call, CallKind, Code, EncodedArgs, Format, Metadata, Method, Payload, ServiceKey, Status,
};
use dubhe_hessian2::{Decoder, Encoder, Error, ErrorKind};

use super::writer::{Writer, put_value};
use super::{Attachments, BodyLimits, DUBBO_VERSION, PROTOCOL_KEYS, read_text};
use dubhe_core::descriptor;

/// A request as it came, arguments undecoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Request<'a> {
    /// The version of the protocol that the client speaks; it decides about reply attachments.
    pub dubbo: Cow<'a, str>,
    /// The service as the body names it: interface (Java) or path (dubbo-go).
    pub service: Cow<'a, str>,
    /// The version of the service, `""` for a null.
    pub version: Cow<'a, str>,
    /// The method.
    pub method: Cow<'a, str>,
    /// The JVM descriptors of the arguments.
    pub descriptor: Cow<'a, str>,
    /// The number of arguments.
    pub count: usize,
    /// The bytes of exactly the arguments.
    pub arguments: Bytes,
    /// The attachments.
    pub attachments: Attachments<'a>,
    /// The limits of decoding the arguments.
    pub decode: DecodeLimits,
}

impl<'a> Request<'a> {
    /// Reads a body of hessian2, within the default [`BodyLimits`]. Bytes behind the attachments
    /// mean nothing.
    ///
    /// # Errors
    /// When it is malformed, or its descriptor is.
    pub fn read(body: &'a Bytes) -> Result<Self, Error> {
        Scanned::read(body, BodyLimits::default())?.finish()
    }

    /// Reads what stands before the attachments, and of these what the protocol needs.
    fn scan(body: &'a Bytes, limits: &BodyLimits) -> Result<(Self, Decoder<'a>), Error> {
        let mut d = limits.decoder(body);
        let dubbo = read_text(&mut d)?;
        let service = read_text(&mut d)?;
        let version = read_text(&mut d)?;
        let method = read_text(&mut d)?;
        let descriptor = read_text(&mut d)?;
        let count = descriptor::count(&descriptor).map_err(|_| {
            d.error(ErrorKind::Malformed, "the parameter types are not a list of JVM descriptors")
        })?;
        let start = d.position();
        for _ in 0..count {
            d.skip_value()?;
        }
        let arguments = body.slice(start..d.position());
        let attachments = Attachments::scan(&mut d, limits)?;
        let decode = limits.decode.clone();
        let request = Self {
            dubbo,
            service,
            version,
            method,
            descriptor,
            count,
            arguments,
            attachments,
            decode,
        };
        Ok((request, d))
    }

    /// The path it is for: the attachment, else what the body names.
    pub fn path(&self) -> &str {
        self.attachments.path.as_deref().unwrap_or(&self.service)
    }

    /// The version it is for: the attachment, else what the body says.
    pub fn service_version(&self) -> &str {
        self.attachments.version.as_deref().unwrap_or(&self.version)
    }

    /// The arguments as a payload.
    pub fn payload(&self) -> Payload {
        arguments(self.count, self.arguments.clone(), self.decode.clone())
    }
}

/// A request of which the target, the time that the caller waits and its priority are known;
/// arguments and attachments are skipped, and no value is built.
pub struct Scanned<'a> {
    request: Request<'a>,
    body: &'a Bytes,
    limits: BodyLimits,
    /// The decoder, which stands before the attachments.
    decoder: Decoder<'a>,
}

impl<'a> Scanned<'a> {
    /// Scans a body of hessian2, once.
    ///
    /// # Errors
    /// As [`Request::read`].
    pub fn read(body: &'a Bytes, limits: BodyLimits) -> Result<Self, Error> {
        let (request, decoder) = Request::scan(body, &limits)?;
        Ok(Self { request, body, limits, decoder })
    }

    /// The request, with no metadata yet.
    pub fn request(&self) -> &Request<'a> {
        &self.request
    }

    /// Decodes the attachments.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn finish(mut self) -> Result<Request<'a>, Error> {
        self.request.attachments = Attachments::read(&mut self.decoder, self.body, &self.limits)?;
        Ok(self.request)
    }
}

/// The payload of `count` arguments that are `bytes`.
pub(crate) fn arguments(count: usize, bytes: Bytes, limits: DecodeLimits) -> Payload {
    EncodedArgs::shared(Format::Hessian2, count, bytes).with_limits(limits).into()
}

/// The facts that a request carries besides the call itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestFacts<'a> {
    /// The time that is left until the deadline.
    pub(crate) timeout: Option<Duration>,
    /// The name of this application, or `""`.
    pub(crate) application: &'a str,
    /// The encoded parts of the method, made for the same application.
    pub(crate) template: Option<&'a RequestTemplate>,
}

/// The parts of a request that are the same in all calls of a method, encoded.
#[derive(Debug)]
pub(crate) struct RequestTemplate {
    /// The names in front of the arguments.
    names: Box<[u8]>,
    /// The attachments with the target and the application.
    attachments: Box<[u8]>,
}

impl RequestTemplate {
    /// The parts of calls of `method`; `None` for a method without a Java signature.
    pub(crate) fn new(service: &ServiceKey, method: &Method, application: &str) -> Option<Self> {
        let encoded = |write: &dyn Fn(&mut Encoder)| {
            let mut e = Encoder::new();
            write(&mut e);
            e.into_buffer().to_vec().into_boxed_slice()
        };
        let descriptor = method.descriptor.as_deref()?;
        Some(Self {
            names: encoded(&|e| write_names(e, service, &method.name, descriptor)),
            attachments: encoded(&|e| write_target(e, service, application)),
        })
    }
}

/// Writes the body of a request.
pub(crate) fn write_request(
    w: &mut Writer<'_>,
    call: &Call,
    facts: &RequestFacts<'_>,
) -> Result<(), Status> {
    let (service, method) = (&*call.head.service, &*call.head.method);
    let (CallBody::One(payload), CallKind::Unary | CallKind::OneWay) = (&call.body, method.kind)
    else {
        return Err(unsupported("a stream of messages; offer the service over tri"));
    };
    let Some(descriptor) = &method.descriptor else {
        return Err(unsupported(
            "a method without a Java signature, such as one of a .proto file; call it over tri or grpc",
        ));
    };
    payload.fits(method)?;
    match facts.template {
        Some(template) => w.buffer().extend_from_slice(&template.names),
        None => write_names(w.encoder(), service, &method.name, descriptor),
    }
    match payload {
        Payload::Args(args) => w.arguments(args, &call.head.metadata)?,
        Payload::Message(content) => w.content(content, &call.head.metadata)?,
    }
    write_attachments(w.encoder(), service, facts, &call.head.metadata)
        .map_err(super::writer::unwritable)
}

/// Writes everything in front of the arguments.
fn write_names(e: &mut Encoder, service: &ServiceKey, method: &str, descriptor: &str) {
    e.write_str(DUBBO_VERSION);
    e.write_str(service.interface());
    e.write_str(version(service));
    e.write_str(method);
    e.write_str(descriptor);
}

/// The version of a service on the wire.
fn version(service: &ServiceKey) -> &str {
    if service.version().is_empty() { "0.0.0" } else { service.version() }
}

/// Writes the attachments that tell the target and, unless it is `""`, the application.
fn write_target(e: &mut Encoder, service: &ServiceKey, application: &str) {
    let mut put = |key: &str, value: &str| {
        e.write_str(key);
        e.write_str(value);
    };
    put("path", service.interface());
    if !application.is_empty() {
        put("remote.application", application);
    }
    put("interface", service.interface());
    put("version", version(service));
    if !service.group().is_empty() {
        put("group", service.group());
    }
}

fn write_attachments(
    e: &mut Encoder,
    service: &ServiceKey,
    facts: &RequestFacts<'_>,
    metadata: &Metadata,
) -> Result<(), Error> {
    // What the caller says of its application holds.
    let named = !metadata.is_empty() && metadata.get("remote.application").is_some();
    e.write_map(|e| {
        match facts.template {
            Some(template) if !named => e.buffer_mut().extend_from_slice(&template.attachments),
            _ => write_target(e, service, if named { "" } else { facts.application }),
        }
        if let Some(timeout) = facts.timeout {
            // Less than a millisecond is not nothing: 0 would mean "expired".
            let millis = timeout.as_millis().max(1);
            e.write_str("timeout");
            e.write_str(Decimal::new(millis).as_str());
        }
        for (key, value) in metadata.iter().filter(|(k, _)| !PROTOCOL_KEYS.contains(&&***k)) {
            e.write_str(key);
            put_value(e, value)?;
        }
        Ok(())
    })
}

/// A number as text, without an allocation.
struct Decimal {
    digits: [u8; 20],
    start: usize,
}

impl Decimal {
    fn new(number: u128) -> Self {
        let mut left = u64::try_from(number).unwrap_or(u64::MAX);
        let mut this = Self { digits: [b'0'; 20], start: 20 };
        for (at, digit) in this.digits.iter_mut().enumerate().rev() {
            *digit = b'0' + u8::try_from(left % 10).unwrap_or(0);
            left /= 10;
            this.start = at;
            if left == 0 {
                break;
            }
        }
        this
    }

    fn as_str(&self) -> &str {
        self.digits.get(self.start..).and_then(|d| std::str::from_utf8(d).ok()).unwrap_or("0")
    }
}

#[cold]
fn unsupported(what: &str) -> Status {
    Status::new(Code::Unimplemented, format!("the dubbo protocol cannot carry {what}"))
        .with_origin(Origin::Caller)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_print_as_text() {
        for n in [0, 7, 10, 3000, u64::MAX] {
            assert_eq!(Decimal::new(n.into()).as_str(), n.to_string());
        }
    }
}
