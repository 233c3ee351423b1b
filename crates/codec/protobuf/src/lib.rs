//! Protocol buffers messages as payloads of a call, in binary and in JSON.
//!
//! A [`Message`] is any `prost` message that has the [JSON form](json) of protocol buffers too;
//! `dubhe-build` makes both of `.proto` files. Methods of a protobuf service take a
//! [`Request`](dubhe_core::Request) and return a [`Response`](dubhe_core::Response), on both sides.
//!
//! A protocol writes a message by handing over a [`Sink`](dubhe_core::Sink) of
//! [`Format::Protobuf`](dubhe_core::Format::Protobuf) or
//! [`Format::Json`](dubhe_core::Format::Json) whose encoder is a [`bytes::BytesMut`]; the message
//! is appended to it. Framing, compression and the limit of a message's size are the protocol's.
//!
//! ```
//! use dubhe_protobuf::{decode, message, types::Timestamp};
//!
//! let payload = message(Timestamp { seconds: 1_700_000_000, nanos: 0 });
//! assert_eq!(decode::<Timestamp>(payload)?.seconds, 1_700_000_000);
//! # Ok::<(), dubhe_core::Status>(())
//! ```

mod detail;
pub mod json;
mod payload;
mod seen;
pub mod shape;
pub mod types;
mod unknown;

use std::sync::Arc;

use dubhe_core::{ByteString, CallKind, Method};

pub use detail::{detail, details};
pub use payload::{Message, content, decode, decode_or, message, write_content};
pub use shape::MessageShape;
pub use unknown::UnknownFields;

// What generated code names.
#[doc(hidden)]
pub use unknown::known;
#[doc(hidden)]
pub use {futures_core, prost, serde};

/// A method of a protobuf service: found by its name alone.
pub fn method(name: &'static str, kind: CallKind) -> Arc<Method> {
    Arc::new(Method { name: ByteString::from_static(name), descriptor: None, kind })
}

/// Includes what `dubhe-build` made of `.proto` files: the items of one package by its name, or
/// all packages as nested modules.
///
/// It needs what the build script has made:
///
/// ```text
/// mod greeter {
///     dubhe::include_proto!("org.example.greeter"); // greeter::Greeter, greeter::GreeterClient
/// }
///
/// mod proto {
///     dubhe::include_proto!(); // proto::org::example::greeter::Greeter
/// }
/// ```
#[macro_export]
macro_rules! include_proto {
    () => {
        $crate::include_proto!("dubhe.packages");
    };
    ($package:literal) => {
        ::core::include!(::core::concat!(::core::env!("OUT_DIR"), "/", $package, ".rs"));
    };
}
