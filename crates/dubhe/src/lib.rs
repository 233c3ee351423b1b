//! Dubbo for Rust: services that join Java and Go fleets as equals.
//!
//! ```no_run
//! use dubhe::prelude::*;
//!
//! #[dubhe::interface("org.example.Greeter")]
//! trait Greeter {
//!     async fn greet(&self, name: String) -> Result<String, Status>;
//! }
//!
//! struct Polite;
//!
//! impl Greeter for Polite {
//!     async fn greet(&self, name: String) -> Result<String, Status> {
//!         Ok(format!("Hello, {name}"))
//!     }
//! }
//!
//! # async fn run() -> Result<(), Status> {
//! // A provider that Java and Go call over the dubbo protocol:
//! Server::builder().service(GreeterServer::new(Polite)).serve("0.0.0.0:20880").await?;
//!
//! // A consumer of one, wherever it runs:
//! let app = App::builder("shop").build()?;
//! let greeter = app.client::<GreeterClient>().url("dubbo://127.0.0.1:20880").build()?;
//! println!("{}", greeter.greet("Dubhe".into()).await?);
//! # Ok(())
//! # }
//! ```
//!
//! The crates behind this one are usable alone: [`hessian2`], [`net`], [`cluster`], [`core`].

mod app;
mod registries;

pub use app::{App, AppBuilder};
pub use dubhe_net::time::TokioClock;
pub use registries::registry_at;

pub use dubhe_client::{
    CallOptions, Client, ClientBuilder, Generic, JavaArgument, MethodBuilder, ReplyAttachments,
    Stub,
};
pub use dubhe_core::context::Peer;
pub use dubhe_core::end::{End, Ending};
pub use dubhe_core::fault::{Attempts, Fault, FaultStrategy};
pub use dubhe_core::filter::{Filter, Guard, Hook, Next};
pub use dubhe_core::time::Deadline;
pub use dubhe_core::url::Url;
pub use dubhe_core::{
    ByteString, Call, CallView, Code, Context, Endpoint, Metadata, Method, Payload, Reply,
    ServiceKey, Status, Value,
};
pub use dubhe_macros::{Java, JavaException, interface};
pub use dubhe_protobuf::{Request, Response, Streaming, include_proto};
pub use dubhe_server::{Export, RunningServer, Server, ServerBuilder, ServerOptions, Service};

pub use dubhe_cluster as cluster;

/// Balancers, and the traits to write one.
pub mod balance {
    pub use dubhe_cluster::balance::Random;
    pub use dubhe_core::balance::{Balance, Pick, Selection};
}

/// The traits and types to write a router.
pub mod router {
    pub use dubhe_core::endpoint::Endpoints;
    pub use dubhe_core::router::{Bitmap, PreparedRouter, Router, Trace};
}

pub use dubhe_core as core;
pub use dubhe_dubbo as dubbo;
pub use dubhe_filter as filter;
pub use dubhe_hessian2 as hessian2;
pub use dubhe_hessian2::java;
pub use dubhe_hessian2::payload::Messages;
pub use dubhe_json as json;
pub use dubhe_net as net;
pub use dubhe_protobuf as protobuf;
pub use dubhe_registry as registry;
pub use dubhe_triple as triple;
pub use dubhe_zookeeper as zookeeper;

/// The most common names, for a glob import.
pub mod prelude {
    pub use crate::{
        App, Call, CallOptions, Code, Context, Export, Generic, Java, JavaArgument, JavaException,
        Messages, Next, Reply, Server, Status, Value, args, interface,
    };
}

/// Arguments of a generic call, each with its Java type or with the one that fits its value:
/// `args!["long" => 42_i64, "java.lang.String" => "x"]`.
#[macro_export]
macro_rules! args {
    ($($java_type:expr => $value:expr),* $(,)?) => {
        ::std::vec![$($crate::JavaArgument::new($java_type, $value)),*]
    };
}

/// [`__private`] for code generated from `.proto` files, where prost strips the underscores.
#[doc(hidden)]
pub use self::__private as generated;

/// The crates that generated code refers to. Not public API.
#[doc(hidden)]
pub mod __private {
    pub use dubhe_client as client;
    pub use dubhe_core as core;
    pub use dubhe_hessian2 as hessian2;
    pub use dubhe_protobuf as protobuf;
    pub use dubhe_server as server;
}
