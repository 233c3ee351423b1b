//! The parts of a call that HTTP alone knows.

use std::error::Error;
use std::fmt;

use bytes::Bytes;
use dubhe_core::payload::Format;
use dubhe_core::status::Retry;
use dubhe_core::{Code, Method as CallMethod, Status};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, StatusCode};

/// The name of the payload format of bodies: bytes as they are.
pub const FORMAT: &str = "http";

/// Returns the format of bodies.
pub(crate) fn format() -> Format {
    Format::other(FORMAT)
}

/// The head of a request, among the extensions of the call.
///
/// ```
/// # mod dubhe { pub mod http { pub use dubhe_http::RequestHead; } pub use dubhe_core::Call; }
/// use dubhe::Call;
/// use dubhe::http::RequestHead;
///
/// /// A filter's view of a request.
/// fn verb(call: &Call) -> Option<&str> {
///     call.head.extensions.get::<RequestHead>().map(|head| head.method.as_str())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct RequestHead {
    /// The verb.
    pub method: Method,
    /// The path with its query.
    pub path: PathAndQuery,
    /// The header fields.
    pub headers: HeaderMap,
}

/// Returns the method of a call for a request: the verb and the path without its query, such as
/// `GET /users/7`.
pub fn method_of(head: &RequestHead) -> CallMethod {
    CallMethod {
        name: format!("{} {}", head.method, head.path.path()).into(),
        descriptor: None,
        kind: dubhe_core::CallKind::Unary,
    }
}

impl RequestHead {
    /// Returns what is known of sending it again when its outcome is not known: repeating an
    /// idempotent verb does no harm (RFC 9110, 9.2.2).
    pub(crate) fn retry(&self) -> Retry {
        if self.method.is_idempotent() { Retry::Unknown } else { Retry::Never }
    }
}

/// The head of a response, among the extensions of the reply.
///
/// ```
/// # mod dubhe { pub mod http { pub use dubhe_http::ResponseHead; } pub use dubhe_core::Reply; }
/// use dubhe::Reply;
/// use dubhe::http::ResponseHead;
///
/// /// A filter's view of a response.
/// fn is_found(reply: &Reply) -> bool {
///     reply.extensions.get::<ResponseHead>().is_some_and(|head| head.status.as_u16() != 404)
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ResponseHead {
    /// The status.
    pub status: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
}

/// A response that is an error of the call: the source of its [`Status`].
///
/// ```
/// # mod dubhe { pub mod http { pub use dubhe_http::Refusal; } pub use dubhe_core::Status; }
/// use std::error::Error;
/// use dubhe::Status;
/// use dubhe::http::Refusal;
///
/// /// The body of the response behind an error.
/// fn body(status: &Status) -> Option<&[u8]> {
///     status.source()?.downcast_ref().map(|refusal: &Refusal| &*refusal.body)
/// }
/// ```
#[derive(Clone)]
pub struct Refusal {
    /// The head.
    pub head: ResponseHead,
    /// The body.
    pub body: Bytes,
}

impl fmt::Debug for Refusal {
    // Bodies may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Refusal({}, {} bytes)", self.head.status, self.body.len())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer was {}", self.head.status)
    }
}

impl Error for Refusal {}

impl Refusal {
    /// Returns the code of an error response; `None` for one that is a reply.
    pub(crate) fn code(status: StatusCode) -> Option<Code> {
        match status {
            StatusCode::TOO_MANY_REQUESTS => Some(Code::ResourceExhausted),
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE => Some(Code::Unavailable),
            StatusCode::GATEWAY_TIMEOUT => Some(Code::DeadlineExceeded),
            other => other.is_server_error().then_some(Code::Internal),
        }
    }

    /// Returns the error of the call, whose request may be sent again as `retry` says.
    pub(crate) fn into_status(self, code: Code, retry: Retry) -> Status {
        let text = self.to_string();
        let status = match code {
            Code::Internal => Status::business(code, text).with_retry(Retry::Never),
            code => Status::new(code, text)
                .with_origin(dubhe_core::status::Origin::RemoteFramework)
                .with_retry(retry),
        };
        status.with_source(self)
    }
}
