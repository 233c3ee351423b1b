//! HTTP/2 connections.

mod client;
mod error;
mod liveness;
mod server;
mod stream;

pub(crate) use client::{ClientStream, Connection, Connector, InFlight};
pub(crate) use error::{Error, status};
pub(crate) use server::serve;
pub(crate) use stream::{Exchange, Incoming, Outgoing};
