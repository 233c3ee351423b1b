//! The store against a server in the test that implements Apollo's documented interface: there is no
//! real Apollo here.

#![allow(clippy::unwrap_used, clippy::panic)]

mod following;
mod server;
