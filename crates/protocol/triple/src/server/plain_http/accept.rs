//! The heads of requests.

use dubhe_core::time::{Deadline, Duration};
use dubhe_core::{CallKind, Code, Format, Status};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use http::{HeaderMap, Method, StatusCode, request};

use super::{
    BodyCodec, Dialect, PlainHttp, allowed, error, not_found, unsupported, unsupported_encoding,
};
use crate::message::Codec;
use crate::options::MessageLimits;
use crate::server::exchange::RequestContext;
use crate::server::protocol::Accepted;
use crate::server::target::{RequestTarget, ResolvedTarget, message_limits};
use crate::transport::Whole;
use crate::wire::compression::Accepted as Encodings;
use crate::wire::content;

/// The headers that hold a timeout in milliseconds: Connect's, dubbo-go's, Dubbo Java's.
const TIMEOUTS: [&str; 3] = ["connect-timeout-ms", "triple-timeout-ms", "tri-service-timeout"];

impl PlainHttp {
    /// Reads the headers of a request, or refuses it.
    pub(in crate::server) fn accept<'a>(
        request: &RequestContext<'a>,
        target: Result<ResolvedTarget<'a>, Status>,
    ) -> Result<Accepted<'a, Self>, Box<Whole>> {
        let (options, head) = (request.options(), request.head);
        let headers = &head.headers;
        let method = target.as_ref().ok().map(|found| &*found.target.method);
        let dialect = Dialect::of(headers, method);
        if head.method == Method::OPTIONS {
            return Err(allowed(StatusCode::NO_CONTENT, dialect).into());
        }
        let target = target.map_err(|status| Box::new(not_found(dialect, status)))?;
        fits(head, dialect, &target.target.method)?;
        let failed =
            |status: Status| Box::new(error(dialect, &status, dialect.http_status(&status)));
        let timeout = timeout(headers).map_err(failed)?;
        let deadline = timeout.map(|timeout| Deadline::after(request.at, timeout));
        let encoding = options.accepted().encoding(headers, &CONTENT_ENCODING);
        let encoding = encoding.map_err(|status| match options.accepted() {
            Encodings::Gzip => failed(status),
            Encodings::Nothing => unsupported_encoding(dialect, &status).into(),
        })?;
        let MessageLimits { received, sent } = message_limits(&target.target, options);
        let protocol = Self {
            dialect,
            content: content(head, &target),
            limit: sent,
            limits: request.decode(),
            encoding: options.compress.reply(encoding, headers, &ACCEPT_ENCODING),
        };
        Ok(Accepted { target, deadline, encoding, limit: received, protocol })
    }
}

/// The content of the body that the head tells of.
fn content(head: &request::Parts, found: &ResolvedTarget<'_>) -> BodyCodec {
    let proto =
        content::of(&head.headers).is_some_and(|kind| content::is(kind, "application/proto"));
    match (proto, &found.target.method.descriptor) {
        (false, Some(_)) => {
            let initials =
                RequestTarget::of(head).ok().and_then(|named| named.initials().map(Into::into));
            BodyCodec::Json { initials }
        }
        (false, None) => BodyCodec::Message(Codec::Message(Format::Json)),
        (true, _) => BodyCodec::Message(Codec::of(&found.target.method, Format::Protobuf)),
    }
}

/// Refuses a request whose method of HTTP or content type does not fit the call.
fn fits(
    head: &request::Parts,
    dialect: Dialect,
    method: &dubhe_core::Method,
) -> Result<(), Box<Whole>> {
    if !matches!(method.kind, CallKind::Unary | CallKind::OneWay) {
        let text = format!("{} is a stream; call it with gRPC over HTTP/2", method.name);
        return Err(unsupported(dialect, text).into());
    }
    let kind = content::of(&head.headers);
    let is = |name| kind.is_some_and(|kind| content::is(kind, name));
    match (&head.method, kind) {
        // What has no arguments needs no body.
        (&Method::GET, _) if dialect == Dialect::Java => Ok(()),
        (&Method::POST, _) if is("application/json") => Ok(()),
        (&Method::POST, _) if dialect != Dialect::Java && is("application/proto") => Ok(()),
        // What curl says of a body when it is told nothing.
        (&Method::POST, kind)
            if dialect == Dialect::Java
                && (kind.is_none() || is("application/x-www-form-urlencoded")) =>
        {
            Ok(())
        }
        (&Method::POST, kind) => {
            let kind = kind.unwrap_or("none");
            let text = format!("content-type is {kind}; send application/json");
            Err(unsupported(dialect, text).into())
        }
        _ => Err(allowed(StatusCode::METHOD_NOT_ALLOWED, dialect).into()),
    }
}

fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, Status> {
    let Some((name, value)) = TIMEOUTS.iter().find_map(|name| Some((name, headers.get(*name)?)))
    else {
        return Ok(None);
    };
    let digits = value.to_str().ok().filter(|text| text.len() <= 10);
    let millis = digits.and_then(|text| text.parse().ok()).map(Duration::from_millis);
    let wrong = || {
        Status::new(Code::InvalidArgument, format!("{name} is not a number of at most 10 digits"))
    };
    millis.map(Some).ok_or_else(wrong)
}
