//! HTTP/2 connections.

mod client;
mod error;
mod frames;
mod keepalive;
mod liveness;
mod server;
mod stream;
mod task_end;

pub(crate) use client::{ClientStream, Connection, Connector};
pub(crate) use error::{Error, status};
pub(super) use frames::{FrameBoundaries, RequestBytes};
pub(crate) use keepalive::InFlight;
pub(crate) use server::serve;
pub(super) use stream::{Incoming, Responding, Sending};
