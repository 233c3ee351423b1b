//! Calls of unary methods in plain HTTP: a body in, a body out.
//!
//! | dialect | spoken to | arguments | errors |
//! | --- | --- | --- | --- |
//! | Connect | a protobuf method | the message, in JSON or protobuf | `{"code","message","details"}` |
//! | Java | a method of an interface | a JSON array, or the only argument | `{"message","status"}` |
//! | Go | who sends `triple-protocol-version` | as above, or a wrapper in protobuf | as Connect, other HTTP statuses |

mod body;
mod dialect;
mod interface;
mod message;

use std::sync::Arc;

use bytes::Bytes;
use dubhe_core::call::{Call, Head};
use dubhe_core::context::Peer;
use dubhe_core::reply::{Reply, ReplyBody};
use dubhe_core::serve::{Overload, Target};
use dubhe_core::time::{Deadline, Duration};
use dubhe_core::{Body as CallBody, CallKind, Code, Metadata, Payload, Status};
use dubhe_net::time;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, request};

use super::Shared;
use super::route::{Route, payload_limit};
use super::run::guarded;
use crate::compression::Encoding;
use crate::content;
use crate::http::{Body, ResponseBody};
use crate::metadata::{self, Names};
use dialect::Dialect;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROTO: HeaderValue = HeaderValue::from_static("application/proto");

/// Answers a request that is not gRPC: by what is mounted under its path, else as a call.
pub(super) async fn answer(
    shared: &Shared,
    peer: Arc<Peer>,
    request: Request<Body>,
) -> Response<ResponseBody> {
    if let Some(service) = shared.mounts.find(request.uri().path()) {
        return service.answer(request).await;
    }
    let found = Route::of(request.uri(), request.headers())
        .and_then(|route| route.find(&*shared.dispatch, Overload::Any));
    match (found, shared.mounts.root()) {
        (Err(_), Some(root)) => root.answer(request).await,
        (found, _) => call(shared, peer, request, found).await,
    }
}

/// What the answer to a call needs to know of its request.
struct Asked {
    dialect: Dialect,
    /// Whether the body is compressed of the answer.
    encoding: Encoding,
}

async fn call(
    shared: &Shared,
    peer: Arc<Peer>,
    request: Request<Body>,
    found: Result<Target, Status>,
) -> Response<ResponseBody> {
    let (parts, body) = request.into_parts();
    let dialect = Dialect::of(&parts.headers, found.as_ref().ok().map(|t| &*t.method));
    let mut asked = Asked { dialect, encoding: Encoding::Identity };
    if parts.method == Method::OPTIONS {
        return allowed(StatusCode::NO_CONTENT);
    }
    let target = match found {
        Ok(target) => target,
        Err(status) => return asked.not_found(&status),
    };
    if let Err(refusal) = admissible(&parts, dialect, &target) {
        return match refusal {
            Refusal::Method => allowed(StatusCode::METHOD_NOT_ALLOWED),
            Refusal::Content(status) => asked.unsupported(&status),
        };
    }
    let limit = payload_limit(&target, shared.settings.max_message);
    match run(shared, peer, &parts, body, target, &mut asked, limit).await {
        Ok(answer) => asked.reply(answer, limit),
        Err(status) => asked.fail(&status),
    }
}

enum Refusal {
    /// The method of HTTP.
    Method,
    /// The content type of the body.
    Content(Status),
}

/// Whether the method of HTTP and the content type fit the call.
fn admissible(parts: &request::Parts, dialect: Dialect, target: &Target) -> Result<(), Refusal> {
    let refuse = |text| Err(Refusal::Content(Status::new(Code::InvalidArgument, text)));
    let method = &target.method;
    if !matches!(method.kind, CallKind::Unary | CallKind::OneWay) {
        return refuse(format!("{} is a stream; call it with gRPC over HTTP/2", method.name));
    }
    let kind = content::of(&parts.headers).map(content::essence);
    match (&parts.method, kind) {
        // What has no arguments needs no body.
        (&Method::GET, _) if dialect == Dialect::Java => Ok(()),
        (&Method::POST, Some("application/json")) => Ok(()),
        (&Method::POST, Some("application/proto")) if dialect != Dialect::Java => Ok(()),
        // What curl says of a body when it is told nothing.
        (&Method::POST, None | Some("application/x-www-form-urlencoded"))
            if dialect == Dialect::Java =>
        {
            Ok(())
        }
        (&Method::POST, kind) => {
            let kind = kind.unwrap_or("none");
            refuse(format!("content-type is {kind}; send application/json"))
        }
        _ => Err(Refusal::Method),
    }
}

/// A reply as a body.
struct Answer {
    kind: HeaderValue,
    body: Bytes,
    headers: Metadata,
    trailers: Metadata,
}

/// Reads the arguments, runs the handler and writes what it returns.
async fn run(
    shared: &Shared,
    peer: Arc<Peer>,
    parts: &request::Parts,
    body: Body,
    target: Target,
    asked: &mut Asked,
    limit: usize,
) -> Result<Answer, Status> {
    let arrived = time::now();
    let deadline = timeout(&parts.headers)?.map(|timeout| Deadline::after(arrived, timeout));
    let (bytes, encoding) = body::read(&parts.headers, body, limit, deadline).await?;
    asked.encoding =
        shared.settings.compress.reply(encoding, &parts.headers, &http::header::ACCEPT_ENCODING);
    let proto = content::of(&parts.headers).map(content::essence) == Some("application/proto");
    let interface = target.method.descriptor.is_some();
    let names = if interface { Names::Dubbo } else { Names::Grpc };
    let route = Route::of(&parts.uri, &parts.headers)?;
    let (target, payload) = match (interface, proto) {
        (false, proto) => (target, message::payload(bytes, proto)),
        (true, true) => interface::wrapped(&route, &*shared.dispatch, bytes)?,
        (true, false) => interface::arguments(&route, &*shared.dispatch, &target, &bytes)?,
    };
    let mut head = Head::new(target.service, target.method);
    head.metadata = metadata::of_request(&parts.headers, names);
    head.deadline = deadline;
    head.arrived = Some(arrived);
    head.peer = Some(peer);
    let call = Call { head, body: CallBody::One(payload) };
    let work = async move { target.invoke.invoke(call).await };
    let mut reply = guarded(work, deadline, arrived).await?;
    let headers = std::mem::take(&mut reply.metadata);
    let (payload, trailers) = one(reply)?;
    let (kind, body) = match (interface, proto) {
        (false, proto) => message::body(&payload, proto)?,
        (true, true) => (PROTO, interface::wrap(&payload)?),
        (true, false) => (JSON, interface::json(&payload)?),
    };
    Ok(Answer { kind, body, headers, trailers })
}

/// The one message of a reply.
fn one(reply: Reply) -> Result<(Payload, Metadata), Status> {
    match reply.body {
        ReplyBody::One(payload, trailers) => Ok((payload, trailers)),
        ReplyBody::Stream(_) => {
            Err(Status::new(Code::Internal, "the handler of a unary method answered with a stream"))
        }
    }
}

/// The headers that hold a timeout in milliseconds: Connect's, dubbo-go's, Dubbo Java's.
const TIMEOUTS: [&str; 3] = ["connect-timeout-ms", "triple-timeout-ms", "tri-service-timeout"];

fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, Status> {
    let Some((name, value)) = TIMEOUTS.iter().find_map(|name| Some((name, headers.get(*name)?)))
    else {
        return Ok(None);
    };
    let digits = value.to_str().ok().filter(|text| text.len() <= 10);
    let millis = digits.and_then(|text| text.parse().ok()).map(Duration::from_millis);
    let wrong = || Status::new(Code::InvalidArgument, format!("{name} is no number of 10 digits"));
    millis.map(Some).ok_or_else(wrong)
}

/// The methods of HTTP that calls are made with.
fn allowed(status: StatusCode) -> Response<ResponseBody> {
    let mut response = Response::new(body::whole(Bytes::new()));
    *response.status_mut() = status;
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST, GET, OPTIONS"));
    response
}

impl Asked {
    fn reply(&self, answer: Answer, limit: usize) -> Response<ResponseBody> {
        if answer.body.len() > limit {
            let length = answer.body.len();
            let error = crate::frame::FrameError::TooLarge { length, limit };
            return self.fail(&crate::status::of_frame(error));
        }
        let mut headers = HeaderMap::new();
        self.dialect.metadata(&answer.headers, &answer.trailers, &mut headers);
        headers.insert(CONTENT_TYPE, answer.kind);
        let body = body::compressed(answer.body, self.encoding, &mut headers);
        let mut response = Response::new(body);
        *response.headers_mut() = headers;
        response
    }

    fn fail(&self, status: &Status) -> Response<ResponseBody> {
        self.error(status, self.dialect.http(status))
    }

    fn not_found(&self, status: &Status) -> Response<ResponseBody> {
        self.error(&status.clone().with_code(Code::Unimplemented), StatusCode::NOT_FOUND)
    }

    fn unsupported(&self, status: &Status) -> Response<ResponseBody> {
        let mut response = self.error(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        let accepted = HeaderValue::from_static("application/json, application/proto");
        response.headers_mut().insert("accept-post", accepted);
        response
    }

    fn error(&self, status: &Status, http: StatusCode) -> Response<ResponseBody> {
        let mut headers = HeaderMap::new();
        self.dialect.metadata(status.headers(), status.trailers(), &mut headers);
        headers.insert(CONTENT_TYPE, JSON);
        let body = self.dialect.error(status, http).to_string();
        let mut response = Response::new(body::whole(body.into()));
        *response.status_mut() = http;
        *response.headers_mut() = headers;
        response
    }
}
