//! The options of a connection.

use std::time::Duration;

use dubhe_core::Format;
use dubhe_core::memory::MemoryLimit;
use dubhe_core::payload::DecodeLimits;
use dubhe_hessian2::Limits;
use dubhe_net::keepalive::KeepaliveOptions;
use dubhe_net::rate::MinRate;

use crate::wire::compression::{Accepted, Compress};
use crate::wire::frame::DEFAULT_LIMIT;

/// The options of each connection, on either side.
///
/// ```
/// # mod dubhe { pub mod connect { pub use dubhe_triple::{Compress, TripleOptions}; } }
/// use dubhe::connect::{Compress, TripleOptions};
///
/// let mut options = TripleOptions::default(); // `options.triple` of a server, or for `TripleConnect`
/// options.max_message = 16 << 20;
/// options.compress = Compress::Always;
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TripleOptions {
    /// Bytes in a message that is received, and in one that is sent unless `max_sent_message` says
    /// otherwise. Default 8 MiB, as Dubbo Java's `maxBodySize`.
    pub max_message: usize,
    /// Bytes in a message that is sent, where that is another number; `usize::MAX` for any. The
    /// parameter `payload` of a service or a provider is for both directions. Default as `max_message`.
    pub max_sent_message: Option<usize>,
    /// The format in which a client sends messages of methods without Java descriptor:
    /// [`Format::Json`] is `application/grpc+json`. Servers answer in the format of the request.
    /// Default [`Format::Protobuf`].
    pub format: Format,
    /// The limit of the memory that a message may take when it is decoded, by its bytes after
    /// decompression. In JSON, also of the length of a result by the memory of the value. Default
    /// 64 times its bytes, at most 64 MiB.
    pub decoded: MemoryLimit,
    /// The other limits of Hessian values in Triple's wrapper, arguments and results: depth, number of
    /// containers, classes, fields, digits, and bytes that references read again. Memory is `decoded`
    /// alone. See [`Limits`] for the defaults.
    pub hessian: Limits,
    /// The depth to which arrays and objects of JSON may nest, in arguments and results of methods
    /// of Java interfaces. Default 127, which is also the most for arguments.
    pub json_depth: u16,
    /// Streams a peer may have open at a time. Default 1,000.
    pub max_streams: u32,
    /// Streams that a client may have reset before the server has looked at them, which do not count
    /// as open any more. More of them end the connection with `ENHANCE_YOUR_CALM`: a client that
    /// cancels many calls at once needs as many as it may have open. Default 1,000.
    pub max_pending_resets: u32,
    /// Bytes that a list of headers must stay below, received; over HTTP/2 each field counts as 32 more
    /// than its name and its value (RFC 9113, 6.5.2). Default 16 KiB.
    pub max_header_list: u32,
    /// Fields in the head of a request over HTTP/1.1; one with more gets the answer 431. Default 100.
    pub max_headers: usize,
    /// Bytes a peer may send on a stream before they are used. Default 1 MiB.
    pub stream_window: u32,
    /// The same for all streams of a connection together. Default 4 MiB.
    pub connection_window: u32,
    /// The longest time from the first bytes of a client over HTTP/2 until its preface is whole. Zero for
    /// no limit. Default 10 s.
    pub handshake_timeout: Duration,
    /// The least rate at which a client must send what is expected of it: the head of a request over
    /// HTTP/1.1, all of its body there and of a unary call, and the rest of a message that has begun
    /// in a stream. A slower body fails its call with `DEADLINE_EXCEEDED`, a slower head ends the
    /// connection. Time in which nobody waits for the bytes is not counted. Default 1 KiB/s in each
    /// 10 s.
    pub min_rate: MinRate,
    /// The longest time without a request on a connection of a client over HTTP/1.1, and without any
    /// at all over HTTP/2; then the connection is closed in order. Zero for no limit. Default 5 min.
    pub idle_timeout: Duration,
    /// The time between two PINGs to a client over HTTP/2 whose connection has carried a request. One
    /// that is not answered until the next is due ends the connection, unless data comes at
    /// `min_rate`. Zero for none. Default 1 min.
    pub ping_interval: Duration,
    /// The time in each of which, while a server drains, a connection must make progress on which no
    /// request is whole: with half a head, half a body, a reply that is not taken, or no answer to a PING.
    /// Bytes of requests that come and of replies that leave at `min_rate` are progress, PINGs and other
    /// frames of control are none; without a `min_rate` any such byte is. Otherwise the connection is
    /// closed. Default 1 s.
    pub drain_quiet: Duration,
    /// The longest time in which a client takes no byte of a reply that waits for it. Then the stream is
    /// reset with CANCEL over HTTP/2, and the connection is closed over HTTP/1.1, there on Unix sockets and
    /// where the kernel has no `user_timeout` for TCP; the call counts as cancelled, or as late if its
    /// deadline has passed. Messages of streams over HTTP/2 wait for
    /// longer. A reply of up to 32 KiB is taken when the windows of the client have room for it, or
    /// when at most 16 KiB of such replies wait. Zero for no limit. Default 30 s.
    pub write_stall: Duration,
    /// The PINGs of a client while calls wait and nothing arrives: a connection that does not
    /// answer them takes no new calls. See [`KeepaliveOptions`] for the defaults.
    pub keepalive: KeepaliveOptions,
    /// The form of Java exceptions in wrapper mode.
    pub exceptions: Exceptions,
    /// The acceptance of compressed messages. Without it nothing is ever decompressed: a server answers
    /// compressed requests with `UNIMPLEMENTED` and `grpc-accept-encoding: identity`, those of plain HTTP
    /// with 415; a client does not offer gzip, and a compressed reply fails with `INTERNAL`. Default
    /// `true`.
    pub accept_compression: bool,
    /// The messages that are compressed, with gzip. By default replies to compressed requests.
    pub compress: Compress,
}

/// The fields of a head for which `hyper` has room without an allocation.
pub(crate) const MAX_HEADERS: usize = 100;

/// The form of Java exceptions in replies in wrapper mode. A peer cannot be known for certain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exceptions {
    /// The form of [`Exceptions::Status`] for a peer whose `user-agent` begins with `grpc-go`, since
    /// dubbo-go would take an exception for a result; that of [`Exceptions::Java`] for others.
    #[default]
    ByPeer,
    /// The exception in place of the result and `tri-exception-code`, as Dubbo Java 3.2 and later.
    Java,
    /// `grpc-status` and `grpc-message`.
    Status,
}

impl Default for TripleOptions {
    fn default() -> Self {
        Self {
            max_message: DEFAULT_LIMIT,
            max_sent_message: None,
            format: Format::Protobuf,
            decoded: MemoryLimit::default(),
            hessian: Limits::default(),
            json_depth: 127,
            max_streams: 1_000,
            max_pending_resets: 1_000,
            max_header_list: 16 * 1024,
            max_headers: MAX_HEADERS,
            stream_window: 1024 * 1024,
            connection_window: 4 * 1024 * 1024,
            handshake_timeout: Duration::from_secs(10),
            min_rate: MinRate::default(),
            idle_timeout: Duration::from_mins(5),
            ping_interval: Duration::from_mins(1),
            drain_quiet: Duration::from_secs(1),
            write_stall: Duration::from_secs(30),
            keepalive: KeepaliveOptions::default(),
            exceptions: Exceptions::default(),
            accept_compression: true,
            compress: Compress::default(),
        }
    }
}

/// The bytes that a message may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MessageLimits {
    pub(crate) received: usize,
    pub(crate) sent: usize,
}

impl TripleOptions {
    /// The bytes that a message may have: the parameter `payload`, where there is one, is for both
    /// directions, 0 or less being any number.
    pub(crate) fn message_limits(&self, payload: Option<i64>) -> MessageLimits {
        let Some(payload) = payload else {
            let received = self.max_message;
            return MessageLimits { received, sent: self.max_sent_message.unwrap_or(received) };
        };
        let any = usize::try_from(payload).ok().filter(|n| *n > 0).unwrap_or(usize::MAX);
        MessageLimits { received: any, sent: any }
    }

    /// The compressions that are undone.
    pub(crate) fn accepted(&self) -> Accepted {
        if self.accept_compression { Accepted::Gzip } else { Accepted::Nothing }
    }

    /// The limits of JSON.
    pub(crate) fn json(&self) -> dubhe_json::Limits {
        dubhe_json::Limits::default().depth(self.json_depth).memory(self.decoded)
    }

    /// The limits of decoding, which go with each message; made once.
    pub(crate) fn decode(&self) -> DecodeLimits {
        // The default ones take no memory.
        let mut limits = DecodeLimits::new(self.decoded);
        if self.json_depth != dubhe_json::Limits::default().depth {
            limits = limits.with(self.json());
        }
        if self.hessian != Limits::default() {
            limits = limits.with(self.hessian);
        }
        limits
    }
}
