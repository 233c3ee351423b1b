//! The services that the peers have as `.proto` files.

mod go;
mod grpc;
mod java;

pub(crate) use go::Greets;
pub(crate) use grpc::{ECHO_INITIAL, ECHO_TRAILING, LOAD_REPORT, Tester};
pub(crate) use java::Hellos;

/// The packages of the `.proto` files.
#[allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::pedantic,
    reason = "made for libraries, and for both sides"
)]
pub(crate) mod proto {
    dubhe::include_proto!();
}
