//! HTTP as the services see it that are mounted beside the protocol: `http::Request` in,
//! `http::Response` out, over HTTP/1.1 and HTTP/2 alike.

mod body;
mod mount;

use std::error::Error;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;

pub use body::Body;
pub use mount::HttpService;
pub(crate) use mount::Mounts;
pub use tower_service::Service;

/// Any error of a body or a mounted service.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// The body of a response, of whatever kind.
pub(crate) type ResponseBody = UnsyncBoxBody<Bytes, BoxError>;
