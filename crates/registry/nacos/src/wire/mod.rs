//! The messages of Nacos' gRPC protocol that this client exchanges: JSON in a protobuf envelope.
//!
//! Sources: Nacos `api/src/main/proto/nacos_grpc_service.proto`, and the Java classes of the package
//! `com.alibaba.nacos.api` by whose names the messages go.

mod host;
mod payload;
mod push;
mod request;
mod response;

use std::fmt;

pub use host::{Host, ServiceInfo};
pub use payload::Payload;
pub(crate) use payload::{Headers, encode};
pub use push::Push;
pub(crate) use push::answer;
pub(crate) use request::{
    BatchInstance, ConfigListen, ConfigPublish, ConfigQuery, ConfigRemove, ConnectionSetup,
    HealthCheck, Identity, Instance, InstanceChange, ListenContext, Named, Request, Resource,
    ServerCheck, ServiceList, ServiceQuery, Subscribe,
};
pub(crate) use response::{Outcome, Response, code};

/// The reason why a message cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(String);

impl Malformed {
    pub(crate) fn new(why: String) -> Self {
        Self(why)
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}
