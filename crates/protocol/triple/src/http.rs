//! HTTP as the services see it that are mounted beside the protocol: `http::Request` in,
//! `http::Response` out, over HTTP/1.1 and HTTP/2 alike.

pub use crate::server::{HttpService, IntoHttpService};
pub use crate::transport::{Body, BoxError};
pub use tower_service::Service;
