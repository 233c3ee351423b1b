//! Triple: gRPC on the wire, over HTTP/2; and unary calls in plain HTTP.
//!
//! ```text
//! client  call → headers, frames ─┐             ┌─ Dispatch → handler
//!                                 ├── streams ──┤
//!         reply ← frames, status ─┘             └─ headers, frames, trailers
//! ```
//!
//! | module | what it is | source |
//! | --- | --- | --- |
//! | [`content`] | content types | gRPC over HTTP/2 |
//! | [`http`] | HTTP requests, what is mounted for them, and the services inside another server | |
//! | [`frame`] | messages and their five-byte prefix | gRPC over HTTP/2 |
//! | [`timeout`] | `grpc-timeout` | gRPC over HTTP/2 |
//! | [`percent`] | percent-encoding | gRPC over HTTP/2 |
//! | [`metadata`] | metadata and headers | Dubbo Java `StreamUtils`, `TripleHeaderEnum` |
//! | [`status`] | status and trailers | gRPC over HTTP/2, Dubbo Java `TriRpcStatus` |
//! | [`wrapper`] | calls of Java interfaces | Dubbo Java `triple_wrapper.proto` |
//! | [`client`] | channels to endpoints | Dubbo Java `TripleInvoker` |
//! | [`server`] | the protocol on a listening port | Dubbo Java `TripleProtocol` |
//!
//! The source has five folders, of which each uses those above it:
//!
//! | folder | what it is |
//! | --- | --- |
//! | `wire` | headers, frames and codes; no I/O |
//! | `message` | payloads as messages, and back; no I/O |
//! | `transport` | connections and their streams, of one type for HTTP/1.1 and HTTP/2; `h2` is named in `http2` alone, `hyper` in `http1`, and those outside `transport` nowhere; `version.rs` lists what a version implements |
//! | `server` | the steps of a request (`exchange.rs`), and the protocols that differ in the look of messages and replies |
//! | `client` | calls over the connections of a pool |
//!
//! # Behaviour worth knowing
//! * A method with a Java descriptor is called in wrapper mode, on either side; any other exchanges
//!   its messages undecoded, in protobuf. Values of Rust types get a [`bytes::BytesMut`] to write
//!   their protobuf into ([`dubhe_core::Sink::encoder`]).
//! * A request that is not gRPC is a plain call of a unary method, over HTTP/1.1 as well: see
//!   [`server`]. Services of other frameworks can be mounted beside ([`http::HttpService`]).
//! * Attachments of a reply are sent in its head, in wrapper mode in its trailers, where Dubbo Java
//!   reads them.
//! * A server runs each call in a task of its own; the tasks end with their connection. A reset, or
//!   the deadline, drops the handler. A panic is the answer to its own call only.
//! * Messages of a stream that are ready together leave in one frame, up to 32 KiB of them. A stream
//!   whose reader stops stops its writer: one such batch waits beside what HTTP/2 holds.
//! * Messages are decompressed with gzip, and compressed where [`TripleOptions::compress`] says so.

pub mod client;
pub mod http;
mod message;
mod options;
pub mod server;
mod transport;
mod wire;

pub use client::TripleConnect;
pub use message::wrapper;
pub use options::{Exceptions, TripleOptions};
pub use server::TripleProtocol;
pub use wire::compression::Compress;
pub use wire::{content, frame, metadata, percent, status, timeout};
