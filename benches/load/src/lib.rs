//! The load of the echo clients of the benchmarks.
//!
//! Our client and those of other projects differ in how they call and share the rest: who calls
//! when, what is sent, that every reply is looked at, and the line of JSON at the end.

mod limit;
mod payload;
mod report;
mod streams;
mod unary;

use std::time::Duration;

use clap::Args;

use limit::Limit;
pub use streams::{Outgoing, streams};
pub use unary::unary;

/// Errors end the program; a person reads them.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The load of all callers.
#[derive(Args, Clone, Debug)]
pub struct Load {
    /// The server, as HOST:PORT.
    #[arg(long)]
    pub addr: String,
    /// Connections.
    #[arg(long, default_value_t = 8)]
    pub conns: usize,
    /// Calls in flight, or open streams, over all connections.
    #[arg(long, default_value_t = 128)]
    pub concurrency: usize,
    /// Messages in flight on each stream.
    #[arg(long, default_value_t = 16)]
    pub ahead: usize,
    /// The duration, in seconds.
    #[arg(long, default_value_t = 5)]
    pub seconds: u64,
    /// The number of calls or messages, rounded up to a multiple of the callers; instead of
    /// `seconds`.
    #[arg(long)]
    pub calls: Option<u64>,
    /// Bytes of data in a call or message.
    #[arg(long, default_value_t = 100)]
    pub size: usize,
}

impl Load {
    /// The limit of each caller, from now on.
    fn limit(&self) -> Limit {
        match self.calls {
            Some(calls) => {
                Limit::count(calls.div_ceil(u64::try_from(self.concurrency.max(1)).unwrap_or(1)))
            }
            None => Limit::time(Duration::from_secs(self.seconds)),
        }
    }
}
