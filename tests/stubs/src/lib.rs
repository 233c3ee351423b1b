//! The code that `dubhe-build` makes of `proto/`, for tests here and elsewhere.

mod speaker;

pub use speaker::Speaker;

/// The packages of `proto/`, over the crate `dubhe`.
#[allow(missing_docs, reason = "modules are named after packages")]
pub mod proto {
    dubhe::include_proto!();
}

/// The same without that crate.
#[allow(missing_docs, unused_qualifications, reason = "modules are named after packages")]
pub mod alone {
    #[doc(hidden)]
    pub mod private {
        pub use dubhe_client as client;
        pub use dubhe_core as core;
        pub use dubhe_protobuf as protobuf;
        pub use dubhe_server as server;
    }

    include!(concat!(env!("OUT_DIR"), "/alone/dubhe.packages.rs"));
}

/// Messages that keep what their schema does not have.
#[allow(missing_docs, reason = "modules are named after packages")]
pub mod unknown {
    include!(concat!(env!("OUT_DIR"), "/unknown/dubhe.packages.rs"));
}

/// The services that every server has.
#[allow(missing_docs, reason = "modules are named after packages")]
pub mod built_in {
    include!(concat!(env!("OUT_DIR"), "/built_in/dubhe.packages.rs"));
}

/// Names that are not what they seem: clashes, keywords, and what generated code uses itself.
#[allow(missing_docs, reason = "modules are named after packages")]
pub mod names {
    include!(concat!(env!("OUT_DIR"), "/names/dubhe.packages.rs"));
}
