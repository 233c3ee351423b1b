//! The options of a connection.

use std::time::Duration;

use bytestring::ByteString;
use dubhe_core::endpoint::ServiceParams;
use dubhe_core::memory::MemoryLimit;
use dubhe_core::payload::DecodeLimits;
use dubhe_hessian2::Limits;
use dubhe_net::keepalive::KeepaliveOptions;
use dubhe_net::rate::MinRate;

use crate::body::BodyLimits;
use crate::payload::PayloadLimit;

/// The options of a connection.
///
/// ```
/// # mod dubhe { pub mod connect { pub use dubhe_dubbo::{DubboOptions, PayloadLimit}; } }
/// use std::time::Duration;
/// use dubhe::connect::{DubboOptions, PayloadLimit};
///
/// // For `options.dubbo` of a server, and for `DubboConnect`.
/// let options = DubboOptions::default()
///     .payload(PayloadLimit::bytes(16 << 20))
///     .heartbeat(Duration::from_secs(20))
///     .max_running(1_000);
/// assert_eq!(options.payload.get(), 16 << 20);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DubboOptions {
    /// The limit of the length of a body, in both directions. Parameter `payload`, default 8 MiB.
    pub payload: PayloadLimit,
    /// The limit of the attachments of a request or a reply, in bytes as they are received. A call
    /// with more fails, and the connection goes on. Default 64 KiB.
    pub max_attachments: usize,
    /// The limit of the memory that the arguments of a request, or the result of a reply, may take
    /// when they are decoded, and that of the attachments likewise. Default 64 times the bytes of
    /// either, at most 64 MiB.
    pub decoded: MemoryLimit,
    /// The other limits of Hessian values that are received: depth, number of containers, classes,
    /// fields, digits, and bytes that references read again. Memory is `decoded` alone. See
    /// [`Limits`] for the defaults.
    pub hessian: Limits,
    /// The silence in one direction after which a client sends a heartbeat; after three times as
    /// much from the peer either end closes. Zero turns both off. Parameter `heartbeat` in
    /// milliseconds, default 60 s.
    pub heartbeat: Duration,
    /// The least rate at which a frame must come that has begun; a slower peer loses the connection.
    /// Time in which this end does not read is not counted. Default 1 KiB/s in each 10 s.
    pub min_rate: MinRate,
    /// The heartbeats of a client beside these, while calls wait and nothing arrives: a connection
    /// that does not answer them takes no new calls. See [`KeepaliveOptions`] for the defaults.
    pub keepalive: KeepaliveOptions,
    /// The number of calls from the peer that may run at once. Above it further calls stay undecoded
    /// until one ends; while a call to the peer waits for its reply, they are refused with status
    /// 100. Default 1,024.
    pub max_running: usize,
    /// The number of calls to the peer that may wait for their replies on a connection; further ones
    /// fail with `RESOURCE_EXHAUSTED`. Default 65,535, which is the most.
    pub max_calls: usize,
    /// The number of replies of handlers in tasks of their own (slow ones, and those of long requests)
    /// that the connection has not taken. Above it, and one for each thread, such handlers do not go on
    /// until one is taken. At least one. Default 16.
    pub max_ready_replies: usize,
    /// The number of bytes in a row that begin no frame and are skipped in search of the next one, after
    /// the first frame; with one more the connection ends. Default 64 KiB.
    pub max_resync: usize,
    /// The longest time that the handler of a one-way call may take, for which nobody waits; then it
    /// is cancelled, and the log has a warning. The parameter `timeout` of the method
    /// (`<method>.timeout`) or of the service, in milliseconds, comes first. Zero for no limit.
    /// Default 1 min.
    pub one_way_timeout: Duration,
    /// The name of this application, sent as `remote.application`; `""` sends none.
    pub application: ByteString,
    /// The time, while draining, in which no call may have arrived before a server closes. Default
    /// 500 ms.
    pub drain_quiet: Duration,
}

impl Default for DubboOptions {
    fn default() -> Self {
        Self {
            payload: PayloadLimit::default(),
            max_attachments: BodyLimits::ATTACHMENTS,
            decoded: MemoryLimit::default(),
            hessian: Limits::default(),
            heartbeat: Duration::from_mins(1),
            min_rate: MinRate::default(),
            keepalive: KeepaliveOptions::default(),
            max_running: 1024,
            max_calls: crate::exchange::MAX_CALLS,
            max_ready_replies: crate::exchange::MAX_READY,
            max_resync: crate::frame::RESYNC_LIMIT,
            one_way_timeout: Duration::from_mins(1),
            application: ByteString::new(),
            drain_quiet: Duration::from_millis(500),
        }
    }
}

impl DubboOptions {
    /// The same options with another payload limit.
    pub fn payload(mut self, payload: PayloadLimit) -> Self {
        self.payload = payload;
        self
    }

    /// The same options with another limit of attachments, in bytes.
    pub fn max_attachments(mut self, bytes: usize) -> Self {
        self.max_attachments = bytes;
        self
    }

    /// The same options with another limit of the memory of what is decoded.
    pub fn decoded(mut self, limit: MemoryLimit) -> Self {
        self.decoded = limit;
        self
    }

    /// The same options with other limits of Hessian values.
    pub fn hessian(mut self, limits: Limits) -> Self {
        self.hessian = limits;
        self
    }

    /// The limits of bodies; made once a connection.
    pub(crate) fn body(&self) -> BodyLimits {
        let decode = DecodeLimits::new(self.decoded);
        // The default ones take no memory.
        let decode =
            if self.hessian == Limits::default() { decode } else { decode.with(self.hessian) };
        BodyLimits { attachments: self.max_attachments, decode }
    }

    /// The same options with another heartbeat period.
    pub fn heartbeat(mut self, heartbeat: Duration) -> Self {
        self.heartbeat = heartbeat;
        self
    }

    /// The same options with another least rate of frames.
    pub fn min_rate(mut self, rate: MinRate) -> Self {
        self.min_rate = rate;
        self
    }

    /// The same options with other heartbeats while calls wait.
    pub fn keepalive(mut self, keepalive: KeepaliveOptions) -> Self {
        self.keepalive = keepalive;
        self
    }

    /// The same options with another number of calls that run at once.
    pub fn max_running(mut self, max_running: usize) -> Self {
        self.max_running = max_running;
        self
    }

    /// The same options with another number of calls that wait for their replies.
    pub fn max_calls(mut self, max_calls: usize) -> Self {
        self.max_calls = max_calls;
        self
    }

    /// The same options with another number of replies of handlers in tasks.
    pub fn max_ready_replies(mut self, replies: usize) -> Self {
        self.max_ready_replies = replies;
        self
    }

    /// The same options with another number of bytes that are skipped in search of a frame.
    pub fn max_resync(mut self, bytes: usize) -> Self {
        self.max_resync = bytes;
        self
    }

    /// The same options with another limit of the time of one-way calls.
    pub fn one_way_timeout(mut self, timeout: Duration) -> Self {
        self.one_way_timeout = timeout;
        self
    }

    /// The same options with another application name.
    pub fn application(mut self, application: impl Into<ByteString>) -> Self {
        self.application = application.into();
        self
    }

    /// The same options with another quiet period before a drained connection closes.
    pub fn drain_quiet(mut self, quiet: Duration) -> Self {
        self.drain_quiet = quiet;
        self
    }

    /// The same options with what `params` say under Dubbo's names `payload` and `heartbeat`.
    ///
    /// # Errors
    /// When one of them is no number; the text names it.
    pub fn with_params(mut self, params: &ServiceParams) -> Result<Self, String> {
        if let Some(text) = params.get("payload") {
            let bad = || format!("payload={text:?} is not a number of bytes");
            self.payload = PayloadLimit::parse(text).ok_or_else(bad)?;
        }
        if let Some(millis) = millis(params, "heartbeat")? {
            self.heartbeat = millis;
        }
        Ok(self)
    }
}

/// A parameter in milliseconds.
pub(crate) fn millis(params: &ServiceParams, name: &str) -> Result<Option<Duration>, String> {
    let Some(text) = params.get(name) else { return Ok(None) };
    let number = text.trim().parse();
    let number = number.map_err(|_| format!("{name}={text:?} is not a number of milliseconds"))?;
    Ok(Some(Duration::from_millis(number)))
}
