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

/// The names of a list that comes page by page; a server that says that there are ever more has no end.
const MAX_LISTED: usize = 100_000;

impl Malformed {
    pub(crate) fn new(why: String) -> Self {
        Self(why)
    }

    /// Refuses a list that has more names than are read.
    pub(crate) fn unless_bounded(listed: usize) -> Result<(), Self> {
        if listed <= MAX_LISTED {
            return Ok(());
        }
        Err(Self(format!("the list has more than {MAX_LISTED} names, of which none are read")))
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}
