//! The registry against answers of a real API server, played back: `tests/kubernetes/recording.rs`
//! records them; and against a server that keeps what is written.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/greeter.rs"]
mod greeter;
#[path = "../support/replay.rs"]
mod replay;
#[path = "../support/store.rs"]
mod store;
#[path = "../support/mod.rs"]
mod support;

mod bad_input;
mod calls;
mod following;
mod keeping;
mod kubeconfig;
mod silence;
