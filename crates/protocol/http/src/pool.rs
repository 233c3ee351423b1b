//! Connections to one address, each with one exchange at a time.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use dubhe_core::connect::ChannelState;
use dubhe_core::random::RandomSource;
use dubhe_core::time::{Deadline, Duration, Instant, after};
use dubhe_net::drain::Scope;
use dubhe_net::io::{Address, Dial};
use dubhe_net::pool::Backoff;
use dubhe_net::{Error, ErrorKind, Result, time};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};

use crate::options::HttpOptions;

/// The body of a request; its error is the one of the stream that the caller sends.
pub(crate) type RequestBody = UnsyncBoxBody<Bytes, dubhe_core::Status>;

/// The sending half of a connection.
pub(crate) type Sender = http1::SendRequest<RequestBody>;

/// The parts of a pool.
pub(crate) struct PoolParts {
    pub(crate) address: Address,
    pub(crate) dial: Arc<dyn Dial>,
    pub(crate) options: HttpOptions,
    pub(crate) backoff: Backoff,
    pub(crate) random: Arc<dyn RandomSource>,
}

/// The connections to one address. Clones share them; the last one closes them.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Inner>);

struct Inner {
    parts: PoolParts,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Idle>>,
    state: watch::Sender<ChannelState>,
    /// Set when nobody listened at the address at the last attempt.
    refused: AtomicBool,
    /// Ends the pause before the next attempt.
    reset: Arc<Notify>,
    /// The connections, their reaper, and the attempts to reach an address that was lost.
    tasks: Scope,
}

struct Idle {
    sender: Sender,
    since: Instant,
}

/// The right to one exchange, and the connection for it.
pub(crate) struct Lease {
    pub(crate) sender: Sender,
    /// `true` if the connection has served before: its server may have closed it meanwhile.
    pub(crate) is_used: bool,
    pool: Weak<Inner>,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    /// A pool without connections. To be called within a tokio runtime.
    pub(crate) fn new(parts: PoolParts) -> Self {
        let inner = Arc::new(Inner {
            permits: Arc::new(Semaphore::new(parts.options.max_connections.max(1))),
            parts,
            idle: Mutex::default(),
            state: watch::Sender::new(ChannelState::Idle),
            refused: AtomicBool::new(false),
            reset: Arc::default(),
            tasks: Scope::new(),
        });
        inner.tasks.spawn(reap(Arc::downgrade(&inner), inner.parts.options.idle_timeout));
        Self(inner)
    }

    pub(crate) fn states(&self) -> watch::Receiver<ChannelState> {
        self.0.state.subscribe()
    }

    /// Takes a connection that is idle, else opens one; waits for its turn where there are as many as
    /// there may be.
    ///
    /// # Errors
    /// When there is none by `deadline`, the address cannot be reached, or the pool is closed.
    pub(crate) async fn lease(&self, deadline: Option<Deadline>) -> Result<Lease> {
        let permit = self.0.permits.clone().acquire_owned();
        let permit = within(deadline, permit).await.ok_or_else(|| {
            let most = self.0.parts.options.max_connections;
            let why = format!("all {most} connections were busy until the deadline");
            Error::new(ErrorKind::Timeout, why)
        })?;
        let permit = permit.map_err(|_| Error::new(ErrorKind::Closed, "the channel is closed"))?;
        let lease = |sender, is_used| Lease {
            sender,
            is_used,
            pool: Arc::downgrade(&self.0),
            _permit: permit,
        };
        while let Some(mut idle) = self.0.pop() {
            // It may have ended, or not have noticed yet that its last exchange is over.
            if poll_fn(|cx| idle.poll_ready(cx)).await.is_ok() {
                return Ok(lease(idle, true));
            }
        }
        match within(deadline, self.0.connect()).await {
            Some(Ok(sender)) => Ok(lease(sender, false)),
            Some(Err(error)) => {
                self.0.start_reaching();
                Err(error)
            }
            None => {
                let why = format!("no connection to {} was made in time", self.0.parts.address);
                Err(Error::new(ErrorKind::Timeout, why))
            }
        }
    }

    /// Returns `true` while nobody listens at the address.
    pub(crate) fn is_refused(&self) -> bool {
        self.0.is(ChannelState::Connecting) && self.0.refused.load(Ordering::Acquire)
    }

    /// Opens a connection unless there is one.
    pub(crate) fn warm_up(&self) {
        if self.0.is(ChannelState::Idle) && self.0.idle.lock().is_empty() {
            self.0.start_reaching();
        }
    }

    /// Ends the pause before the next attempt to reach an address that was lost.
    pub(crate) fn reset_backoff(&self) {
        self.0.reset.notify_waiters();
    }

    /// Ends idle connections now, and others after their exchange or, with `now`, at once.
    pub(crate) fn close(&self, now: bool) {
        self.0.state.send_replace(ChannelState::Closed);
        self.0.permits.close();
        self.0.idle.lock().clear();
        if now {
            self.0.tasks.abort();
        }
    }
}

impl Inner {
    fn is(&self, state: ChannelState) -> bool {
        *self.state.borrow() == state
    }

    /// The connection that was used last, so that the others can be closed.
    fn pop(&self) -> Option<Sender> {
        self.idle.lock().pop().map(|idle| idle.sender)
    }

    /// Takes the connection back; one that is closed is dropped.
    fn push(&self, sender: Sender) {
        if !sender.is_closed() && !self.is(ChannelState::Closed) {
            self.idle.lock().push(Idle { sender, since: time::now() });
        }
    }

    /// Changes the state, unless the channel is closed.
    fn becomes(&self, state: ChannelState) -> bool {
        self.state.send_if_modified(|now| {
            let changes = *now != state && *now != ChannelState::Closed;
            if changes {
                *now = state;
            }
            changes
        })
    }

    async fn connect(&self) -> Result<Sender> {
        let PoolParts { address, dial, options, .. } = &self.parts;
        let dialed = dial.dial(address).await;
        let refused = dialed.as_ref().is_err_and(Error::is_refused);
        self.refused.store(refused, Ordering::Release);
        let (io, _) = dialed?;
        let mut builder = http1::Builder::new();
        builder.max_buf_size(options.max_head.max(8192)).max_headers(options.max_headers);
        let handshake = builder.handshake(TokioIo::new(io)).await;
        let (sender, connection) = handshake.map_err(|error| {
            let what = format!("cannot begin http/1.1 with {address}");
            Error::with_source(ErrorKind::Protocol, what, error)
        })?;
        // An error of the connection is the error of its exchange, if it has one.
        self.tasks.spawn(async move { drop(connection.await) });
        self.becomes(ChannelState::Ready);
        Ok(sender)
    }

    /// Tries to connect in the background until it succeeds, unless it does so already.
    fn start_reaching(self: &Arc<Self>) {
        if self.becomes(ChannelState::Connecting) {
            self.tasks.spawn(reach(Arc::downgrade(self)));
        }
    }
}

impl Lease {
    /// Gives the connection back after an exchange that was read to its end.
    pub(crate) fn give_back(self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.push(self.sender);
        }
    }
}

/// Waits for `future` until the deadline; `None` when that came first.
pub(crate) async fn within<T>(
    deadline: Option<Deadline>,
    future: impl Future<Output = T>,
) -> Option<T> {
    let Some(deadline) = deadline else { return Some(future.await) };
    tokio::select! {
        biased;
        done = future => Some(done),
        () = time::sleep_until(deadline.instant()) => None,
    }
}

/// Tries to open a connection until there is one.
async fn reach(pool: Weak<Inner>) {
    let mut failures: u32 = 0;
    while let Some(inner) = pool.upgrade().filter(|inner| inner.is(ChannelState::Connecting)) {
        let address = &inner.parts.address;
        match inner.connect().await {
            Ok(sender) => {
                if failures > 0 {
                    tracing::info!(%address, "connected to the server after all");
                }
                return inner.push(sender);
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                let pause = inner.parts.backoff.pause(failures, &*inner.parts.random);
                if failures == 1 {
                    tracing::warn!(%address, %error, "cannot connect to the server; trying again");
                }
                let (at, reset) = (after(time::now(), pause), inner.reset.clone());
                drop(inner);
                tokio::select! {
                    () = time::sleep_until(at) => {}
                    () = reset.notified() => {}
                }
            }
        }
    }
}

/// Closes connections that have been idle for long, for as long as there is the pool.
async fn reap(pool: Weak<Inner>, idle_timeout: Duration) {
    loop {
        time::sleep_until(after(time::now(), idle_timeout / 2)).await;
        let Some(inner) = pool.upgrade() else { return };
        let now = time::now();
        let is_fresh = |idle: &mut Idle| now.saturating_duration_since(idle.since) < idle_timeout;
        inner.idle.lock().retain_mut(is_fresh);
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use dubhe_core::random::SplitMix;
    use dubhe_net::io::{BoxFuture, ConnectionInfo, Io};

    use super::*;

    /// Notes when it is asked, and that nobody listens.
    #[derive(Default)]
    struct Refusing(Mutex<Vec<Instant>>);

    impl Dial for Refusing {
        fn dial<'a>(&'a self, _: &'a Address) -> BoxFuture<'a, Result<(Io, ConnectionInfo)>> {
            self.0.lock().push(time::now());
            let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
            Box::pin(std::future::ready(Err(Error::io("nobody listens", refused))))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_reset_ends_the_pause_before_the_next_attempt() {
        let dial = Arc::new(Refusing::default());
        let pool = Pool::new(PoolParts {
            address: Address::new("127.0.0.1", 8080),
            dial: dial.clone(),
            options: HttpOptions::default(),
            backoff: Backoff { initial: Duration::from_mins(2), ..Backoff::default() },
            random: Arc::new(SplitMix::new(1)),
        });
        pool.warm_up();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(pool.is_refused() && dial.0.lock().len() == 1);
        let reset = time::now();
        pool.reset_backoff();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(dial.0.lock().get(1), Some(&reset));
    }
}
