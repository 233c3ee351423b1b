//! The echo services that every program of the benchmarks serves and calls.

mod echo;

pub use echo::{Echo, EchoClient, EchoServer, Same};

/// The code that is generated from `bench.proto`.
#[allow(missing_docs, reason = "the generated file has docs where the .proto file has them")]
pub mod proto {
    dubhe::include_proto!("bench");
}
