//! HTTP between this protocol and other frameworks, `http::Request` in and `http::Response` out, over
//! HTTP/1.1 and HTTP/2 alike: services that are mounted beside the protocol ([`HttpService`]), and
//! the protocol inside another server ([`Routes`]).

pub use crate::server::{HttpService, IntoHttpService, Routes, RoutesBody, RoutesFuture};
pub use crate::transport::{Body, BoxError};
pub use tower_service::Service;
