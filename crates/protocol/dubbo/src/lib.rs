//! The dubbo protocol: requests and replies in frames with a 16-byte header, over one TCP or TLS
//! connection that both ends may call through.
//!
//! ```text
//! client  call → encode into the connection's queue ─┐                ┌─ handler ← dispatch
//!                                                    ├─ frames, both ─┤
//!         reply ← slot of the call                  ─┘      ways      └─ encode the reply
//! ```
//!
//! | module | what it is | source on the Java side |
//! | --- | --- | --- |
//! | [`header`] | the 16 bytes in front of a body | `ExchangeCodec` |
//! | [`frame`] | cutting a stream into frames, within limits | `ExchangeCodec`, `AbstractCodec` |
//! | [`body`] | requests, replies, errors, attachments | `DubboCodec`, `DecodeableRpcInvocation`, `DecodeableRpcResult` |
//! | [`descriptor`](dubhe_core::descriptor) | JVM descriptors of parameters | `ReflectUtils` |
//! | [`serialization`] | which serialization, and who decides | `PreferSerializationProviderImpl` |
//! | [`exchange`] | a connection: calls both ways, heartbeats, events, deadlines | `HeaderExchangeHandler`, `HeartbeatHandler` |
//! | [`client`] | channels to endpoints | `DubboInvoker` |
//! | [`server`] | the protocol on a listening port | `DubboProtocol` |
//!
//! # Behaviour worth knowing
//! * A call costs no task, no channel and no box: its request is encoded into the connection's
//!   queue, and its reply is found by the slot number in the request id.
//! * Handlers run in the connection's task while they are quick, and in tasks of their own, on
//!   other cores, while they keep it longer than 100 µs. A panic is the answer to its own call
//!   only. When the caller's timeout passes or its connection ends, its handlers are dropped.
//! * Arguments and results stay undecoded; one scan finds the attachments behind them. The
//!   protocol's own attachments ([`body::PROTOCOL_KEYS`]) become facts of the call's head.
//! * Only hessian2 is spoken. A request in another serialization is refused before anything is
//!   decoded, in words that name the setting to change.
//! * Telnet commands, which Dubbo Java takes on the same port, are not understood.

pub mod body;
pub mod client;
pub mod exchange;
pub mod frame;
pub mod header;
mod options;
mod payload;
pub mod serialization;
pub mod server;

pub use client::DubboConnect;
pub use options::DubboOptions;
pub use payload::{DEFAULT_PAYLOAD, PayloadLimit};
pub use server::DubboProtocol;
