//! The vocabulary of Dubhe: calls, replies, status, endpoints, and the traits that connect them.
//!
//! Nothing here performs I/O or needs a runtime. A call is one protocol-neutral value: filters,
//! routers and balancers never know which wire it will take, and protocols never know why an
//! endpoint was chosen.
//!
//! ```text
//! caller → client → cluster (plan → filters → fault → destination (directory, routers, balancer)
//!        → filters of the endpoint) → connect → net
//! ```
//!
//! | module | what it names |
//! | --- | --- |
//! | [`call`], [`reply`], [`payload`] | what flows |
//! | [`message`] | requests, responses and streams of typed messages |
//! | [`end`], [`watch`] | the end of a call, on every way out |
//! | [`context`], [`inherit`] | the call that a handler serves, and what its own calls take from it |
//! | [`status`] | the one error type of all protocols |
//! | [`service`], [`descriptor`], [`metadata`], [`value`] | keys, types, attachments, dynamic values |
//! | [`endpoint`], [`sock_addr`] | instances, offers, providers, endpoints, snapshots; addresses of connections |
//! | [`callback`] | arguments that the callee calls |
//! | [`invoke`], [`filter`], [`gate`], [`plan`], [`directory`], [`router`], [`fault`], [`balance`], [`connect`], [`registry`], [`serve`] | the seams |
//! | [`documents`], [`metadata_info`] | what config centres and metadata centres hold; the services of an application |
//! | [`printable`], [`log`] | text of others, on its way to people; lines of the log that come once a second at most |
//! | [`memory`] | the memory that decoding a message may take |
//! | [`backoff`] | pauses between attempts |
//! | [`time`], [`random`] | what is injected |

pub mod backoff;
pub mod balance;
pub mod call;
pub mod callback;
mod channel;
pub mod connect;
pub mod context;
mod defaults;
pub mod definition;
pub mod descriptor;
pub mod directory;
pub mod documents;
pub mod end;
pub mod endpoint;
pub mod fault;
pub mod filter;
pub mod gate;
pub mod inherit;
mod instance;
pub mod invoke;
pub mod java_number;
mod level;
pub mod log;
pub mod memory;
pub mod message;
pub mod metadata;
pub mod metadata_info;
mod origin;
mod params;
pub mod payload;
mod payloads;
pub mod peer;
mod percent;
pub mod plan;
pub mod printable;
pub mod random;
pub mod registry;
pub mod reply;
pub mod router;
pub mod serve;
pub mod service;
pub mod sock_addr;
mod stats;
pub mod status;
pub mod time;
pub mod url;
pub mod value;
pub mod watch;

pub use bytestring::ByteString;
pub use call::{Call, CallBody, CallView, Head};
pub use context::Context;
pub use end::{End, Ending};
pub use endpoint::{Endpoint, Endpoints, Instance, Offer, Provider};
pub use invoke::{Invoke, Invoking};
pub use message::{Request, Response, Streaming};
pub use metadata::Metadata;
pub use payload::{Args, EncodePayload, Encoded, EncodedArgs, Format, Payload, Sink};
pub use payloads::Payloads;
pub use peer::Peer;
pub use reply::{Reply, Trailers};
pub use service::{CallKind, Method, ServiceKey};
pub use sock_addr::SockAddr;
pub use stats::ProviderStats;
pub use status::{Code, Status};
pub use value::Value;
