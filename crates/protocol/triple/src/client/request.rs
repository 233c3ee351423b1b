//! Requests: their headers, and sending their messages.

use std::time::Instant;

use bytes::Bytes;
use dubhe_core::payload::DecodeLimits;
use dubhe_core::{Code, Endpoint, Format, Head, Status};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, TE, USER_AGENT};
use http::uri::{self, Authority, PathAndQuery, Scheme, Uri};
use http::{Method, Request};

use crate::options::{MessageLimits, TripleOptions};
use crate::wire::compression::{
    Accepted, Compress, Encoding, GRPC_ACCEPT_ENCODING, GRPC_ENCODING, GZIP,
};
use crate::wire::headers::{CONSUMER, SERVICE_GROUP, SERVICE_VERSION, TIMEOUT};
use crate::wire::{content, metadata, timeout};

const AGENT: HeaderValue = HeaderValue::from_static(concat!("dubhe/", env!("CARGO_PKG_VERSION")));

/// The limits of messages.
#[derive(Clone)]
pub(super) struct Limits {
    /// The bytes of a message.
    pub(super) message: MessageLimits,
    /// The limits of a reply that is decoded.
    pub(super) decode: DecodeLimits,
    /// The compressions of replies.
    pub(super) accepted: Accepted,
}

/// The part that the requests to one endpoint share.
pub(super) struct Caller {
    scheme: Scheme,
    authority: Authority,
    application: Option<HeaderValue>,
    pub(super) limits: Limits,
    /// The compression of requests.
    pub(super) encoding: Encoding,
    /// The format of messages of methods without descriptor.
    pub(super) format: Format,
}

fn bad(what: &str) -> Status {
    Status::new(Code::InvalidArgument, format!("{what} cannot be sent"))
}

impl Caller {
    pub(super) fn new(
        scheme: Scheme,
        endpoint: &Endpoint,
        application: &str,
        options: &TripleOptions,
        limits: Limits,
    ) -> Result<Self, Status> {
        let authority = match endpoint.unix_path() {
            // As grpc-go has it: a path is no authority.
            Some(_) => Ok(Authority::from_static("localhost")),
            None => endpoint.address().try_into(),
        };
        let authority = authority.map_err(|_| bad("the address of the endpoint"))?;
        let application = match application {
            "" => None,
            name => Some(HeaderValue::from_str(name).map_err(|_| bad("the application"))?),
        };
        let encoding = match options.compress {
            Compress::Always => Encoding::Gzip,
            Compress::Never | Compress::AsAsked => Encoding::Identity,
        };
        let format = options.format.clone();
        Ok(Self { scheme, authority, application, limits, encoding, format })
    }

    /// The head of a request.
    pub(super) fn head(&self, head: &Head, now: Instant) -> Result<Request<()>, Status> {
        let mut request = Request::new(());
        *request.uri_mut() = self.uri(head)?;
        *request.method_mut() = Method::POST;
        *request.headers_mut() = self.headers(head, now)?;
        Ok(request)
    }

    fn uri(&self, head: &Head) -> Result<Uri, Status> {
        let path = format!("/{}/{}", head.service.interface(), head.method.name);
        let path = PathAndQuery::from_maybe_shared(Bytes::from(path));
        let mut parts = uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path.map_err(|_| bad("the name of service or method"))?);
        Uri::from_parts(parts).map_err(|_| bad("the name of service or method"))
    }

    fn headers(&self, head: &Head, now: Instant) -> Result<HeaderMap, Status> {
        let mut headers =
            HeaderMap::with_capacity(8 + head.metadata.len().min(metadata::MAX_HEADERS));
        let kind = match head.method.descriptor {
            Some(_) => HeaderValue::from_static(content::GRPC),
            None => content::of_format(&self.format),
        };
        headers.insert(CONTENT_TYPE, kind);
        headers.insert(TE, HeaderValue::from_static("trailers"));
        headers.insert(USER_AGENT, AGENT);
        headers.insert(GRPC_ACCEPT_ENCODING, self.limits.accepted.header());
        if self.encoding == Encoding::Gzip {
            headers.insert(GRPC_ENCODING, GZIP);
        }
        if let Some(deadline) = head.deadline {
            let left = timeout::format(deadline.left(now));
            let mut left = HeaderValue::try_from(left).map_err(|_| bad("the timeout"))?;
            // It differs from call to call: not worth a place in the table of HPACK.
            left.set_sensitive(true);
            headers.insert(TIMEOUT, left);
        }
        for (name, text) in
            [(SERVICE_VERSION, head.service.version()), (SERVICE_GROUP, head.service.group())]
        {
            if !text.is_empty() {
                headers.insert(
                    name,
                    HeaderValue::from_str(text).map_err(|_| bad("group or version"))?,
                );
            }
        }
        if let Some(name) = &self.application {
            headers.insert(CONSUMER, name.clone());
        }
        metadata::write(&head.metadata, &mut headers);
        Ok(headers)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use dubhe_core::{Method, ServiceKey};

    use super::*;

    #[test]
    fn the_authority_is_the_address_and_localhost_for_a_unix_socket() {
        let service = Arc::new(ServiceKey::interface_only("a.B"));
        let head = Head::new(service, Arc::new(Method::java("m", "")));
        for (host, port, uri) in [
            ("10.0.0.1", 1, "http://10.0.0.1:1/a.B/m"),
            ("::1", 1, "http://[::1]:1/a.B/m"),
            ("unix:/run/shop.sock", 0, "http://localhost/a.B/m"),
        ] {
            let endpoint = Endpoint::of("tri", host, port);
            let accepted = Accepted::Gzip;
            let options = TripleOptions::default();
            let message = options.message_limits(None);
            let limits = Limits { message, decode: DecodeLimits::default(), accepted };
            let caller = Caller::new(Scheme::HTTP, &endpoint, "", &options, limits).unwrap();
            let request = caller.head(&head, dubhe_net::time::now()).unwrap();
            assert_eq!(request.uri(), uri);
        }
    }
}
