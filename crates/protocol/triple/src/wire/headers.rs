//! The headers of Triple, which gRPC does not have (Dubbo Java `TripleHeaderEnum`), and the one
//! of gRPC that both sides need.

use http::HeaderName;

/// The version of the service.
pub(crate) const SERVICE_VERSION: HeaderName = HeaderName::from_static("tri-service-version");
/// The group of the service.
pub(crate) const SERVICE_GROUP: HeaderName = HeaderName::from_static("tri-service-group");
/// The version, as callers of REST write it.
pub(crate) const REST_VERSION: HeaderName = HeaderName::from_static("rest-service-version");
/// The group, as callers of REST write it.
pub(crate) const REST_GROUP: HeaderName = HeaderName::from_static("rest-service-group");
/// The application that calls.
pub(crate) const CONSUMER: HeaderName = HeaderName::from_static("tri-consumer-appname");
/// The kind of an exception that stands in place of a result.
pub(crate) const EXCEPTION_CODE: HeaderName = HeaderName::from_static("tri-exception-code");
/// The time that the caller waits.
pub(crate) const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
