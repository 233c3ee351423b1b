//! Budgets of the memory that peers make a server hold: one for each connection, one for the server.
//!
//! Whatever is held for a peer is counted by a [`Charge`], which never fails, and given back when it is
//! dropped. A few checkpoints, where something may still be refused, ask
//! [`ConnectionMemory::check`]: it never waits, so that messages of which every one waits for the
//! rest of another cannot come about.
//!
//! A connection counts on its own. The server is told only of what a connection holds above
//! [`FREE`], in steps of 64 KiB, so that small calls touch nothing that connections share. A connection
//! below [`FREE`] is never refused: its small calls are served while others have used up the budget of
//! the server.

mod account;
mod machine;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dubhe_core::status::Retry;
use dubhe_core::{Code, Status};

use account::Account;

use crate::io::SockAddr;
use crate::time;
use dubhe_core::log::OncePerSecond;

/// The bytes of each connection that do not count for the server, and are never refused: 16 KiB.
pub const FREE: usize = 16 * 1024;

/// The least default budget of a connection: two messages of the default limit.
const LEAST_CONNECTION: usize = 16 * 1024 * 1024;

/// The budgets of memory of a server and of each of its connections, in bytes. Zero is no limit.
///
/// ```
/// # mod dubhe { pub mod net { pub use dubhe_net::memory::MemoryOptions; } }
/// use dubhe::net::MemoryOptions;
///
/// // For `options.memory` of a server: 2 GiB for all connections, 64 MiB for each.
/// let memory = MemoryOptions::default().server(2 << 30).connection(64 << 20);
/// assert_eq!(memory.connection, Some(64 << 20));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryOptions {
    /// The memory that all connections of the server may hold. Default `None`: a quarter of the limit
    /// of the cgroup or, where that is less, of the memory of the machine; 1 GiB where neither is
    /// known.
    pub server: Option<usize>,
    /// The memory that one connection may hold. Default `None`: a sixteenth of the server's, but at
    /// least 16 MiB, which two messages of the default limit need.
    pub connection: Option<usize>,
}

impl MemoryOptions {
    /// The same with another limit of the server.
    pub fn server(mut self, bytes: usize) -> Self {
        self.server = Some(bytes);
        self
    }

    /// The same with another limit of a connection.
    pub fn connection(mut self, bytes: usize) -> Self {
        self.connection = Some(bytes);
        self
    }
}

/// The memory that the connections of a server hold.
#[derive(Debug)]
pub struct MemoryBudget {
    /// The sum of what connections have reserved.
    used: AtomicUsize,
    server: usize,
    connection: usize,
    log: OncePerSecond,
}

impl MemoryBudget {
    /// The budget of a server.
    pub fn new(options: MemoryOptions) -> Arc<Self> {
        let unless_zero = |bytes| if bytes == 0 { usize::MAX } else { bytes };
        let server = options.server.map_or_else(|| machine::available() / 4, unless_zero);
        let of_server = match server {
            usize::MAX => machine::available() / 4,
            server => server,
        };
        let connection =
            options.connection.map_or((of_server / 16).max(LEAST_CONNECTION), unless_zero);
        Arc::new(Self { used: AtomicUsize::new(0), server, connection, log: <_>::default() })
    }

    /// The limit of all connections in bytes; `usize::MAX` is none.
    pub fn server_limit(&self) -> usize {
        self.server
    }

    /// The limit of a connection in bytes; `usize::MAX` is none.
    pub fn connection_limit(&self) -> usize {
        self.connection
    }

    /// The bytes that connections have reserved: what each holds above [`FREE`], in steps of 64 KiB.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// The memory of one more connection, from `peer` if that is known.
    pub fn connection(self: &Arc<Self>, peer: impl Into<Option<SockAddr>>) -> ConnectionMemory {
        ConnectionMemory(Some(Arc::new(Account::new(self.clone(), peer.into()))))
    }

    #[cold]
    fn full(&self, full: MemoryFull, peer: Option<&SockAddr>) -> MemoryFull {
        if let Some(refusals) = self.log.count(time::now()) {
            let MemoryFull { budget, bytes, limit } = full;
            tracing::warn!(
                peer = peer.map(tracing::field::display),
                bytes,
                limit,
                refusals,
                "the memory budget of the {budget} is used up; what peers send is refused until some is \
                 free: raise memory.{budget}, or lower the limits of messages"
            );
        }
        full
    }
}

/// The memory that is held for one connection. The default counts nothing and refuses nothing: that
/// of a client.
#[derive(Clone, Debug, Default)]
pub struct ConnectionMemory(Option<Arc<Account>>);

impl ConnectionMemory {
    /// The memory of a connection that counts nothing, as the default.
    pub const UNCOUNTED: Self = Self(None);

    /// A guard that counts `bytes`, whatever the limits are.
    pub fn charge(&self, bytes: usize) -> Charge {
        let mut charge = Charge { memory: self.clone(), bytes: 0 };
        charge.set(bytes);
        charge
    }

    /// The bytes that are counted.
    pub fn used(&self) -> usize {
        self.0.as_ref().map_or(0, |account| account.used())
    }

    /// Returns an error if the connection, or the server, holds more than it may once `more` bytes are
    /// counted; a connection that holds at most [`FREE`] may always.
    ///
    /// # Errors
    /// The budget that is used up. The log has a warning, once a second at most.
    #[inline]
    pub fn check(&self, more: usize) -> Result<(), MemoryFull> {
        self.0.as_ref().map_or(Ok(()), |account| account.check(more))
    }
}

/// Bytes that are counted until the guard is dropped.
#[derive(Debug, Default)]
pub struct Charge {
    memory: ConnectionMemory,
    bytes: usize,
}

impl Charge {
    /// The bytes that are counted.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Counts `bytes` in place of those before.
    #[inline]
    pub fn set(&mut self, bytes: usize) {
        if bytes != self.bytes {
            self.change(bytes);
        }
    }

    /// Splits off a guard that counts the first `bytes` of these, or all where there are fewer.
    pub fn split(&mut self, bytes: usize) -> Self {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        Self { memory: self.memory.clone(), bytes }
    }

    fn change(&mut self, bytes: usize) {
        let before = std::mem::replace(&mut self.bytes, bytes);
        let Some(account) = &self.memory.0 else { return };
        if bytes > before {
            account.add(bytes - before);
        } else {
            account.subtract(before - bytes);
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.set(0);
    }
}

/// The error of a budget that is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryFull {
    /// The budget: `connection` or `server`.
    budget: &'static str,
    bytes: usize,
    limit: usize,
}

impl fmt::Display for MemoryFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { budget, bytes, limit } = self;
        write!(
            f,
            "the memory budget of the {budget} is used up: {bytes} bytes of {limit}; send less at \
             once, or raise memory.{budget} of the server"
        )
    }
}

impl std::error::Error for MemoryFull {}

impl From<MemoryFull> for Status {
    /// `RESOURCE_EXHAUSTED`; nothing of the call has begun, so that it may be sent elsewhere.
    fn from(full: MemoryFull) -> Self {
        Self::new(Code::ResourceExhausted, full.to_string()).with_retry(Retry::Unstarted)
    }
}

#[cfg(test)]
mod tests;
