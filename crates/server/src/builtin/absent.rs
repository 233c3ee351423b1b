//! The absence of built-in services, which are services of protobuf.

use tokio::sync::watch;

use crate::server::ServerOptions;
use crate::services::{Services, ServicesBuilder};

/// The state of a server that nobody asks for.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    pub(crate) serving: bool,
}

impl Catalog {
    pub(crate) fn of(_: &Services) -> Self {
        Self { serving: true }
    }
}

pub(crate) fn add(_: &mut ServicesBuilder, _: &ServerOptions, _: &watch::Receiver<Catalog>) {}
