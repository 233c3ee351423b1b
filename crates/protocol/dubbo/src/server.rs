//! The dubbo protocol on a listening port.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;

use dubhe_core::serve::Dispatch;
use dubhe_net::detect::{Probe, Protocol};
use dubhe_net::drain::Shutdown;
use dubhe_net::io::{BoxFuture, ConnectionInfo, Io};
use dubhe_net::long_replies::LongReplies;
use dubhe_net::memory::MemoryBudget;
use dubhe_net::poll_watch::PollWatch;
use dubhe_net::session::{Driver, SessionOptions};

use crate::exchange::{Exchange, Role};
use crate::header::MAGIC;
use crate::options::DubboOptions;

/// Serves dubbo connections: give it to a [`dubhe_net::detect::Acceptor`].
///
/// When the server drains, each connection tells its peer that it is readonly (Dubbo Java
/// `HeaderExchangeServer.sendChannelReadOnlyEvent`), goes on serving until nothing has arrived for
/// [`DubboOptions::drain_quiet`] and nothing is on its way, and closes.
///
/// A connection keeps targets that were called over it. To have idle ones let go of those that a
/// dispatch no longer has, [wake](dubhe_net::drain::Trigger::wake) them when its generation changes.
#[derive(Clone)]
pub struct DubboProtocol {
    dispatch: Arc<dyn Dispatch>,
    options: Arc<DubboOptions>,
    session: SessionOptions,
    watch: Option<Arc<PollWatch>>,
    memory: Option<Arc<MemoryBudget>>,
    long_replies: Arc<LongReplies>,
}

impl DubboProtocol {
    /// Serves what `dispatch` finds.
    pub fn new(dispatch: Arc<dyn Dispatch>, options: DubboOptions) -> Self {
        Self {
            dispatch,
            options: Arc::new(options),
            session: SessionOptions::default(),
            watch: None,
            memory: None,
            long_replies: Arc::default(),
        }
    }

    /// The same with other bounds for each connection's queue and reads.
    pub fn session_options(mut self, options: SessionOptions) -> Self {
        self.session = options;
        self
    }

    /// The same, with a watchdog over the polls of handlers.
    pub fn poll_watch(mut self, watch: Arc<PollWatch>) -> Self {
        self.watch = Some(watch);
        self
    }

    /// The same, whose connections count the memory that they hold in `budget`.
    pub fn memory(mut self, budget: Arc<MemoryBudget>) -> Self {
        self.memory = Some(budget);
        self
    }
}

impl Protocol for DubboProtocol {
    fn name(&self) -> &'static str {
        "dubbo"
    }

    fn probe(&self, prefix: &[u8]) -> Probe {
        let seen = prefix.len().min(MAGIC.len());
        match (prefix.get(..seen) == MAGIC.get(..seen), seen == MAGIC.len()) {
            (true, true) => Probe::Yes,
            (true, false) => Probe::More,
            (false, _) => Probe::No,
        }
    }

    fn serve(
        &self,
        io: Io,
        peer: ConnectionInfo,
        mut shutdown: Shutdown,
    ) -> BoxFuture<'static, ()> {
        let Self { dispatch, options, session, watch, memory, long_replies } = self.clone();
        Box::pin(async move {
            let remote = peer.remote.clone();
            let memory = memory.map(|budget| budget.connection(remote.clone())).unwrap_or_default();
            let mut connection = None;
            let driver = Driver::new(io, peer, session, |handle| {
                let exchange = Exchange::new(handle, Role::Server, options, Some(dispatch));
                let exchange =
                    exchange.poll_watch(watch).memory(&memory).long_replies(long_replies);
                connection = Some(exchange.connection().clone());
                exchange
            });
            let driver = driver.memory(&memory);
            let mut driver = pin!(driver);
            let why = tokio::select! {
                // First, so that a driver which has seen older services is woken for newer ones.
                biased;
                _ = shutdown.draining() => {
                    if let Some(connection) = connection {
                        connection.drain();
                    }
                    driver.await
                }
                why = &mut driver => why,
            };
            tracing::debug!(%remote, %why, "dubbo connection ended");
        })
    }
}

impl fmt::Debug for DubboProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DubboProtocol").field("options", &self.options).finish_non_exhaustive()
    }
}
