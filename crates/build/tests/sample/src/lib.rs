//! What `dubhe-build` makes of `proto/`, for the tests beside it.

/// The crates that generated code names, for a program without the crate `dubhe`.
#[doc(hidden)]
pub mod dubhe {
    pub use dubhe_client as client;
    pub use dubhe_core as core;
    pub use dubhe_protobuf as protobuf;
    pub use dubhe_server as server;
}

/// The packages of `proto/`.
#[allow(missing_docs, reason = "modules are named after packages")]
pub mod proto {
    dubhe_protobuf::include_proto!();
}
