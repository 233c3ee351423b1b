//! The calling side.
//!
//! A [`Client`] calls one service, whoever provides it; generated stubs are typed covers over it
//! and [`Generic`] is the one for services without a Rust type. All clients of an application
//! share its [`Environment`]: clock, protocols, connections and registries.
//!
//! ```text
//! stub or Generic → Client → filters → cluster (plan → fault → directory → route → balance)
//! ```

mod balance;
mod builder;
pub mod callback;
mod client;
mod environment;
mod generic;
#[cfg(feature = "http")]
pub mod http;
mod metadata_service;
mod options;
mod rules;
mod source;
mod start_up;
pub mod stub;

pub use builder::{ClientBuilder, MethodBuilder, Stub};
pub use callback::Callback;
pub use client::Client;
pub use dubhe_cluster::RetryBudget;
pub use environment::{Environment, EnvironmentBuilder};
pub use generic::{Generic, JavaArgument};
pub use metadata_service::RemoteMetadataService;
pub use options::{CallOptions, ReplyAttachments};
pub use source::Source;
