//! HTTP/2 connections.

mod client;
mod server;

pub(crate) use client::{ClientStream, Connection, Connector, InFlight};
pub(crate) use server::serve;
