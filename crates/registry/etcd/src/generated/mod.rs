//! The messages of etcd: what `dubhe-build` made of `proto/`; a test keeps it current.
#![allow(
    dead_code,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    reason = "generated code"
)]

pub(crate) use dubhe_protobuf as protobuf;

pub(crate) mod etcd {
    include!("etcdserverpb.rs");
}
