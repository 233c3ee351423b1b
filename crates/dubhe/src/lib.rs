//! Dubbo for Rust: services that join Java and Go fleets as equals.
//!
//! | I want to ... | |
//! | --- | --- |
//! | serve a Java interface | [`#[interface]`](macro@interface), [`Server`] |
//! | send and receive Java classes, enums, exceptions | [`derive(Java)`](macro@Java), [`derive(JavaException)`](macro@JavaException), [`java`] |
//! | call a service | [`App`], [`ClientBuilder`] |
//! | call without Rust types | [`App::generic`], [`args!`], [`Value`] |
//! | serve and call the interfaces in a jar | [`include_java!`] |
//! | serve and call `.proto` services, stream | [`include_proto!`], [`Request`], [`Response`], [`Streaming`] |
//! | set a timeout or a deadline, send attachments | [`CallOptions`], [`ClientBuilder`] |
//! | read attachments, peer and deadline in a handler | [`Context`] |
//! | spawn work that keeps the deadline | [`spawn()`] |
//! | fail, and see why a call failed | [`Status`], [`Code`] |
//! | find providers, announce mine | [`AppBuilder::registry`], [`registry_at`], [`registry`] |
//! | do something around each call | [`Filter`], [`Hook`], [`filter::AccessLog`], [`filter::Token`], [`filter::ExceptionFilter`] |
//! | refuse calls before they are decoded | [`gate::Gate`] |
//! | choose the provider | [`balance`], [`router`] |
//! | say what happens after a failure | [`Fault`], [`ClientBuilder::retries`] |
//! | encrypt | [`net::ServerTls`], [`net::ClientTls`] |
//! | stop without losing a call | [`ServerBuilder::serve`], [`ServerBuilder::serve_with_shutdown`], [`RunningServer::stop`] |
//! | test a handler | [`Context::for_test`], [`net::Network`] |
//! | forward calls that no service of mine takes | [`dispatch::Dispatch`] |
//! | mount axum or tonic beside it | [`ServerBuilder::mount`], [`http`] |
//!
//! A provider and a consumer:
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
//! This crate re-exports what applications need. The crates behind it are usable alone, and hold
//! the rest: `dubhe-core` (the seams), `dubhe-net`, `dubhe-cluster`, `dubhe-hessian2` and others.
//!
//! # Features
//!
//! All but `kubernetes`, `dns` and `apollo` are on by default; a program with `default-features = false`
//! names those that it needs. The registries of a folder, a list and this process (`file://`, `static://`,
//! `memory://`) are always there.
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `dubbo` | the dubbo protocol, at servers and clients |
//! | `triple` | Triple, gRPC and HTTP, with health and reflection of servers; has `protobuf` |
//! | `protobuf` | messages and services of `.proto` files |
//! | `http` | REST services and Spring Cloud applications, called by name over HTTP/1.1 |
//! | `zookeeper` | ZooKeeper as a registry, and the client under it |
//! | `nacos` | Nacos as a registry, config centre and metadata centre |
//! | `etcd` | etcd likewise |
//! | `kubernetes` | Kubernetes as a registry of applications, config centre and metadata centre |
//! | `dns` | names in DNS as providers |
//! | `apollo` | Apollo as a config centre |
//! | `tls` | TLS for all of these, with rustls and aws-lc-rs: for it, `kubernetes` and `apollo` the build needs a C compiler |

mod app;
mod metadata_report;
#[cfg(feature = "protobuf")]
pub mod protobuf;
mod protocols;
mod registries;
mod spawn;
mod start_up;

pub use app::{App, AppBuilder};
pub use registries::{config_center_at, registry_at, spring_cloud_at};
pub use spawn::spawn;

pub use dubhe_client::{
    CallOptions, Callback, Client, ClientBuilder, Generic, JavaArgument, MethodBuilder,
    ReplyAttachments, RetryBudget, Stub,
};
/// A text whose copies share its bytes; names and texts of Dubhe are such.
///
/// ```
/// use dubhe::ByteString;
///
/// let name = ByteString::from("Dubhe");
/// let copy = name.clone(); // of a pointer
/// assert_eq!(copy.as_ptr(), name.as_ptr());
/// assert!(copy.starts_with("Du")); // it is a `str`
/// ```
pub use dubhe_core::ByteString;
pub use dubhe_core::end::{End, Ending};
pub use dubhe_core::fault::{Attempts, Fault, FaultStrategy};
pub use dubhe_core::filter::{Filter, Guard, Hook, Next};
pub use dubhe_core::url::{Url, UrlError};
pub use dubhe_core::{
    Call, CallKind, CallView, Code, Context, Endpoint, Head, Invoke, Invoking, Metadata, Method,
    Payload, Peer, Provider, ProviderStats, Reply, Request, Response, ServiceKey, SockAddr, Status,
    Streaming, Value,
};
pub use dubhe_hessian2::include_java;
pub use dubhe_macros::{Java, JavaException, interface};
#[cfg(feature = "protobuf")]
pub use dubhe_protobuf::include_proto;
pub use dubhe_server::{
    Export, IntoExport, MethodExport, RunningServer, Server, ServerBuilder, ServerOptions, Service,
    Services, ServicesBuilder,
};
/// The trait of `futures` for values that come one by one, which methods that stream return.
///
/// ```
/// use dubhe::{Status, Stream};
///
/// /// In Java: `interface Clock { void ticks(int count, StreamObserver<Long> out); }`.
/// #[dubhe::interface("org.example.Clock")]
/// trait Clock {
///     async fn ticks(&self, count: i32) -> Result<impl Stream<Item = Result<i64, Status>>, Status>;
/// }
/// ```
pub use futures_core::Stream;

pub use dubhe_hessian2::java;

/// Balancers, and the traits to write one.
pub mod balance {
    pub use dubhe_cluster::balance::{
        ConsistentHash, LeastActive, OutlierLimit, PeakEwma, Random, RoundRobin, ShortestResponse,
        Sticky, check, named,
    };
    pub use dubhe_core::balance::{Balance, Balancing, IntoBalance, Pick, Selection, Weights};
    pub use dubhe_core::endpoint::{Changes, EndpointState, TimeoutLimit};
}

/// The parts of calls and replies, and their ends.
pub mod call {
    pub use dubhe_core::call::{ArgumentDecoder, Head};
    pub use dubhe_core::context::Cancelled;
    pub use dubhe_core::end::{DelayedEnd, End, Ending, Until, Watch};
    pub use dubhe_core::inherit::{Inherited, inherited};
    pub use dubhe_core::invoke::{Invoke, Invoking, Outcome, Pending};
    pub use dubhe_core::message::DecodeMessage;
    pub use dubhe_core::reply::{Receipt, Reply};
}

/// The environment that the clients of an application share, and the cluster of a client.
pub mod client {
    pub use dubhe_client::{Environment, EnvironmentBuilder, RemoteMetadataService, Stub};
    pub use dubhe_cluster::plan::{Choice, ClientOptions};
    pub use dubhe_cluster::{Channels, Cluster, Directories, Tasks};
}

/// Channels to endpoints: the parts of a protocol of your own, and those that are built in.
pub mod connect {
    pub use dubhe_core::connect::{Channel, ChannelKey, ChannelState, Connect};
    #[cfg(feature = "dubbo")]
    pub use dubhe_dubbo::{DubboConnect, DubboOptions, PayloadLimit};
    #[cfg(feature = "http")]
    pub use dubhe_http::{HttpConnect, HttpOptions};
    #[cfg(feature = "triple")]
    pub use dubhe_triple::{Compress, Exceptions, TripleConnect, TripleOptions};
}

/// Definitions of services: their methods and types by Java's names, for consoles.
pub mod definition {
    pub use dubhe_core::definition::{
        MethodDefinition, ServiceDefinition, TypeDefinition, TypeDefinitions,
    };
}

/// Directories: sets of endpoints from elsewhere than a registry.
pub mod directory {
    pub use dubhe_cluster::RegistryDirectory;
    pub use dubhe_core::directory::Directory;
    pub use dubhe_core::endpoint::{
        DirectoryState, Endpoint, EndpointState, Endpoints, Health, InstanceState, KnownTo,
        RegistryState, Usage,
    };
}

/// Rules and start-up configuration in config centres: their parsing, and the one snapshot of all that
/// an application follows.
pub mod config {
    pub use dubhe_config::{
        ConfigError, ConfigErrorKind, ConfigSnapshot, ConfigWatcher, Following, Keys, RuleKind,
        Summary, validate,
    };
}

/// The effect of rules on calls: the router and the configurators that every client of an application with a config
/// centre has.
pub mod rules {
    pub use dubhe_rules::configurators::{Configurators, ConfiguredDirectory, ServiceUrl, merge};
    pub use dubhe_rules::script::{Script, ScriptEngine};
    pub use dubhe_rules::{Consumer, RuleRouter};
    #[cfg(feature = "script")]
    pub use dubhe_script::JavaScript;
}

/// Config centres and metadata centres: documents under keys.
pub mod documents {
    #[cfg(feature = "apollo")]
    pub use dubhe_apollo::{Apollo, ApolloBuilder};

    pub use dubhe_core::documents::{
        CONFIG_GROUP, Document, DocumentKey, DocumentState, DocumentStates, DocumentStore, Side,
        UrlCategory,
    };
}

/// Targets of calls that no exported service takes: the parts of a gateway.
pub mod dispatch {
    pub use dubhe_core::filter::Guards;
    pub use dubhe_core::gate::Gates;
    pub use dubhe_core::serve::{Dispatch, Overload, Target, Wanted};
}

/// The treatment of failures: strategies, and the policy that they run under.
pub mod fault {
    pub use dubhe_cluster::fault::{
        Available, Broadcast, Failback, Failsafe, Forking, Hedge, Mergeable, Merger, named,
    };
    pub use dubhe_core::endpoint::{CallDefaults, Level};
    pub use dubhe_core::fault::{Attempts, Fault, FaultStrategy, IntoFault, MakeAttempt};
    pub use dubhe_core::filter::Chain;
    pub use dubhe_core::plan::{Destination, Picked, Plan, Policy};
}

/// The parameters of a [`Service`] of your own that are callbacks, and the parts of a [`Callback`].
pub mod callback {
    pub use dubhe_core::callback::{
        CallbackParameter, CallbackService, CallbackUse, PassedCallback,
    };
}

/// Filters that come with Dubhe, and the parts of one of your own.
pub mod filter {
    pub use dubhe_core::filter::{Chain, Filter, Guard, Hook, Next, Passed, Step};
    pub use dubhe_filter::access_log::AccessLog;
    pub use dubhe_filter::exception::ExceptionFilter;
    pub use dubhe_filter::token::Token;
}

/// Gates, which admit requests before they are decoded.
pub mod gate {
    pub use dubhe_core::filter::Guard;
    pub use dubhe_core::gate::{Arrival, Gate, PRIORITY};
}

/// Clients of applications over HTTP ([`HttpClient`](http::HttpClient)), HTTP services that a server
/// mounts beside its own, and its own services inside a server of another framework
/// ([`Routes`](http::Routes)).
#[cfg(any(feature = "triple", feature = "http"))]
pub mod http {
    #[cfg(feature = "http")]
    pub use dubhe_client::http::{HttpClient, MAX_REPLAYED, MethodName, ResponseBody};
    #[cfg(feature = "http")]
    pub use dubhe_http::{Refusal, RequestHead, ResponseHead};
    #[cfg(feature = "triple")]
    pub use dubhe_triple::http::{
        Body, BoxError, HttpService, IntoHttpService, Routes, RoutesBody, RoutesFuture, Service,
    };
}

/// Hessian2, the serialization of the dubbo protocol: the parts of types of your own.
pub mod hessian2 {
    pub use dubhe_hessian2::{
        Array, Class, Decode, Decoder, Encode, Encoder, Entries, Error, ErrorKind, Items, JavaType,
        Limits, Serde, from_bytes, from_value, to_bytes, to_value,
    };
}

/// Dynamic values as JSON, with fastjson2's rules for Java types.
pub mod json {
    pub use dubhe_core::memory::OverBudget;
    pub use dubhe_json::{
        Classes, Error, Limits, from_bytes, from_json, from_slice, from_str, to_json, to_string,
        to_string_within,
    };
}

/// Layers of `tower` around calls, and the traits to write one. A server and an [`Export`] have
/// `layer(..)`; at a caller a layer is a filter: `.filter(LayerFilter::new(layer))`.
pub mod layer {
    pub use dubhe_filter::layer::{Layer, LayerFilter, NextService, Service};
}

/// Listeners, dialers and options of connections.
pub mod net {
    pub use dubhe_net::detect::{AcceptOptions, Probe, Protocol, TlsMode};
    pub use dubhe_net::drain::{DrainGuard, Phase, Shutdown};
    pub use dubhe_net::io::memory::{MemoryListen, Network};
    pub use dubhe_net::io::tcp::{TcpDial, TcpListen, TcpOptions};
    pub use dubhe_net::io::unix::{UnixDial, UnixListen, UnixOptions};
    pub use dubhe_net::io::{
        Address, BoxFuture, ConnectionInfo, Dial, Io, Listen, SocketDial, Subnet, TlsPeer,
        Transport,
    };
    pub use dubhe_net::keepalive::KeepaliveOptions;
    pub use dubhe_net::memory::MemoryOptions;
    pub use dubhe_net::pool::Backoff;
    pub use dubhe_net::rate::MinRate;
    pub use dubhe_net::session::SessionOptions;
    #[cfg(feature = "tls")]
    pub use dubhe_net::tls::{ClientTls, ClientTlsBuilder, ServerTls, ServerTlsBuilder, TlsDial};
    pub use dubhe_net::{Error, ErrorKind, Result};
}

/// Payloads of calls whatever their codec, for what stands between caller and handler.
pub mod payload {
    pub use dubhe_core::memory::{Budget, MemoryLimit, OverBudget};
    pub use dubhe_core::payload::{
        Args, ArgsLayout, Content, DecodeLimits, EncodePayload, PayloadStream, Sink,
    };
    pub use dubhe_core::reply::{Frame, ReplyBody, ReplyStream, Trailers};
    pub use dubhe_core::{CallBody, Encoded, EncodedArgs, Format, Payload, Payloads};
}

/// Sources of randomness, which a test can replace.
pub mod random {
    pub use dubhe_core::random::{RandomSource, SplitMix};
}

/// Registries, and the parts of one of your own.
pub mod registry {
    pub use crate::registries::RegistryParts;
    pub use dubhe_core::backoff::FullJitter;
    pub use dubhe_core::endpoint::{Instance, Offer, PackedParams, Params, ServiceParams};
    pub use dubhe_core::metadata_info::{ExportedMetadata, MetadataInfo, ServiceInfo};
    pub use dubhe_core::registry::{
        ConfiguredRegistry, DiscoveryLevel, Excluded, Health, Origin, Registering, Registration,
        Registry, RegistryTraits, Snapshot, Snapshots, fixed,
    };
    #[cfg(feature = "dns")]
    pub use dubhe_dns::{Dns, DnsOptions, Family as DnsFamily, Query as DnsQuery};
    #[cfg(feature = "etcd")]
    pub use dubhe_etcd::{Etcd, EtcdBuilder, EtcdOptions};
    #[cfg(feature = "kubernetes")]
    pub use dubhe_kubernetes::{
        Credentials as KubernetesCredentials, Kubernetes, KubernetesBuilder, KubernetesOptions,
        Pem as KubernetesPem,
    };
    #[cfg(feature = "nacos")]
    pub use dubhe_nacos::{
        Nacos, NacosAddressServer, NacosBuilder, NacosCredentials, NacosDiscovery, NacosDocuments,
        NacosOptions, NacosRegistry,
    };
    pub use dubhe_registry::{
        File, FileDocuments, Memory, MemoryDiscovery, MemoryDocuments, Static, TlsOptions,
        application, provider_url,
    };
    #[cfg(feature = "zookeeper")]
    pub use dubhe_zookeeper::{
        ZooKeeper, ZooKeeperBuilder, ZooKeeperDiscovery, ZooKeeperDocuments, ZooKeeperOptions,
    };
}

/// The traits and types to write a router.
pub mod router {
    pub use dubhe_cluster::router::{RegistryChoice, Subset, ZoneAffinity};
    pub use dubhe_core::endpoint::Endpoints;
    pub use dubhe_core::router::{Bitmap, PreparedRouter, Router, Trace, TraceStep};
}

/// The parts of a status.
pub mod status {
    pub use dubhe_core::status::{Detail, Exception, Origin, Retry};
}

/// Clocks and deadlines.
pub mod time {
    pub use dubhe_core::time::{Clock, Deadline, SharedClock, Sleep, Timer};
    pub use dubhe_net::time::{TokioClock, deadline_after, now};
}

/// Dynamic values of Java types.
pub mod value {
    pub use dubhe_core::value::{Label, List, Map, Name, Object, Value};
}

/// The client of ZooKeeper that is behind the registry.
#[cfg(feature = "zookeeper")]
pub mod zookeeper {
    pub use dubhe_zookeeper::client::{
        Client, ClientState, Credentials, Error, Session, Stat, Watch, ZooKeeperClientOptions,
    };
}

/// The most common names, for a glob import.
pub mod prelude {
    pub use crate::{
        App, Attempts, Call, CallOptions, CallView, Callback, Code, Context, Endpoint, Export,
        Fault, Generic, Guard, Hook, Java, JavaArgument, JavaException, Next, Reply,
        ReplyAttachments, Request, Response, Server, ServiceKey, Status, Streaming, Value, args,
        interface,
    };
    pub use std::time::Instant;
}

/// Arguments of a generic call, each with its Java type or with the one that fits its value:
/// `args!["long" => 42_i64, "java.lang.String" => "x"]`.
///
/// ```
/// let arguments = dubhe::args!["long" => 42_i64, "java.lang.String" => "x"];
/// assert_eq!(arguments.len(), 2);
/// assert_eq!(arguments[0].java_type, "long");
/// ```
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
    #[cfg(feature = "protobuf")]
    pub use dubhe_protobuf as protobuf;
    pub use dubhe_server as server;
}
