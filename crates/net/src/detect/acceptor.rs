//! The loop that accepts.

use std::{future::poll_fn, io, sync::Arc, time::Duration};

use dubhe_core::log::OncePerSecond;
use tracing::{debug, warn};

use super::limits::{ConnectionPermit, Limits};
use super::sniff::{self, SniffTimeouts};
use super::{AcceptOptions, Protocol, TlsMode};
use crate::{
    Error, ErrorKind, Result,
    drain::{Scope, Shutdown},
    io::{ConnectionInfo, Io, Listen, SockAddr},
    time,
};

/// The pause after an error that says resources are short, such as too many open files.
const SHORTAGE_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections and serves each with the protocol that its first bytes name.
pub struct Acceptor {
    listen: Box<dyn Listen>,
    shared: Arc<Shared>,
}

struct Shared {
    protocols: Vec<Arc<dyn Protocol>>,
    options: AcceptOptions,
    limits: Limits,
    refusals: OncePerSecond,
    tls_refusals: OncePerSecond,
}

impl Acceptor {
    /// An acceptor on `listen` for `protocols`; of several that say yes to a prefix, the first one
    /// serves.
    ///
    /// # Errors
    /// When TLS is asked for without a certificate.
    pub fn new(
        listen: impl Listen,
        protocols: Vec<Arc<dyn Protocol>>,
        options: AcceptOptions,
    ) -> Result<Self> {
        #[cfg(feature = "tls")]
        let certified = options.tls.is_some();
        #[cfg(not(feature = "tls"))]
        let certified = false;
        if options.tls_mode != TlsMode::Off && !certified {
            let message = "tls is enabled without a certificate: set AcceptOptions::tls";
            return Err(Error::new(ErrorKind::Config, message));
        }
        let limits = Limits::new(&options);
        let (refusals, tls_refusals) = Default::default();
        let shared = Shared { protocols, options, limits, refusals, tls_refusals };
        Ok(Self { listen: Box::new(listen), shared: Arc::new(shared) })
    }

    /// The address listened on.
    pub fn local_addr(&self) -> SockAddr {
        self.listen.local_addr()
    }

    /// Accepts until the shutdown begins, then waits until all connections have ended or are
    /// forced to. Dropping the future closes them.
    pub async fn run(mut self, mut shutdown: Shutdown) {
        let connections = Scope::new();
        let (mut stop, open) = (shutdown.clone(), shutdown.listener());
        let mut short = false;
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.closing() => break,
                accepted = poll_fn(|cx| self.listen.poll_accept(cx)) => accepted,
            };
            match accepted {
                Ok((io, peer)) => {
                    short = false;
                    self.shared.clone().start(io, peer, &shutdown, &connections);
                }
                Err(error) if is_shortage(&error) => {
                    if !std::mem::replace(&mut short, true) {
                        warn!(%error, "cannot accept connections now; will go on trying");
                    }
                    tokio::select! {
                        () = stop.closing() => break,
                        () = time::sleep_until(time::now() + SHORTAGE_PAUSE) => {}
                    }
                }
                Err(error) => {
                    debug!(%error, "a connection was gone before it was accepted");
                    // Not every listener yields on its own.
                    tokio::task::consume_budget().await;
                }
            }
        }
        // The port is free from here on, and peers are told.
        let Self { listen, shared } = self;
        drop(listen);
        drop(open);
        tokio::select! {
            () = shared.limits.emptied() => {}
            () = shutdown.forced() => {}
        }
        connections.join().await;
    }
}

impl Shared {
    fn start(self: Arc<Self>, io: Io, peer: ConnectionInfo, shutdown: &Shutdown, scope: &Scope) {
        let permit = match self.limits.admit(peer.remote.ip()) {
            Ok(permit) => permit,
            Err(why) => {
                if let Some(refused) = self.refusals.count(time::now()) {
                    warn!(remote = %peer.remote, refused, why, "connections refused");
                }
                return;
            }
        };
        let (guard, shutdown) = (shutdown.guard(), shutdown.clone());
        scope.spawn(async move {
            let remote = peer.remote.clone();
            if let Err(error) = self.serve(io, peer, shutdown, permit).await {
                self.tell(&remote, &error);
            }
            drop(guard);
        });
    }

    /// Writes a line to the log for a connection that no protocol took.
    #[cold]
    fn tell(&self, remote: &SockAddr, error: &Error) {
        if error.kind() != ErrorKind::Tls {
            debug!(%remote, %error, "connection closed before a protocol took it");
        } else if let Some(refused) = self.tls_refusals.count(time::now()) {
            warn!(%remote, refused, %error, "tls handshakes refused");
        }
    }

    async fn serve(
        &self,
        io: Io,
        peer: ConnectionInfo,
        mut shutdown: Shutdown,
        _permit: ConnectionPermit,
    ) -> Result<()> {
        let begun = tokio::select! {
            begun = self.begin(io, peer) => begun?,
            // Whoever has not said anything yet has nothing to lose.
            _ = shutdown.draining() => return Ok(()),
        };
        if let Some((protocol, io, peer)) = begun {
            let mut forced = shutdown.clone();
            tokio::select! {
                () = protocol.serve(io, peer, shutdown) => {}
                () = forced.forced() => {}
            }
        }
        Ok(())
    }

    /// TLS where it applies, then the protocol.
    async fn begin(
        &self,
        io: Io,
        peer: ConnectionInfo,
    ) -> Result<Option<(Arc<dyn Protocol>, Io, ConnectionInfo)>> {
        #[cfg(feature = "tls")]
        let Some((io, peer)) = self.encrypt(io, peer).await? else { return Ok(None) };
        let found = sniff::protocol(io, &self.protocols, self.sniff_timeouts()).await?;
        Ok(found.map(|(protocol, io)| (protocol, io, peer)))
    }

    #[cfg(feature = "tls")]
    async fn encrypt(&self, io: Io, peer: ConnectionInfo) -> Result<Option<(Io, ConnectionInfo)>> {
        let Some(tls) = &self.options.tls else { return Ok(Some((io, peer))) };
        let io = match self.options.tls_mode {
            TlsMode::Off => return Ok(Some((io, peer))),
            TlsMode::Required => io,
            TlsMode::Optional => match sniff::is_tls(io, self.sniff_timeouts()).await? {
                Some((true, io)) => io,
                Some((false, io)) => return Ok(Some((io, peer))),
                None => return Ok(None),
            },
        };
        let limit = self.options.handshake_timeout;
        match tokio::time::timeout(limit, tls.accept(io, peer)).await {
            Ok(accepted) => accepted.map(Some),
            Err(_) => {
                let message = format!("the tls handshake took longer than {limit:?}");
                Err(Error::new(ErrorKind::Tls, message))
            }
        }
    }

    fn sniff_timeouts(&self) -> SniffTimeouts {
        let AcceptOptions { first_byte_timeout, handshake_timeout, .. } = self.options;
        SniffTimeouts { first: first_byte_timeout, rest: handshake_timeout }
    }
}

/// Returns true if an error of `accept` means that this process or machine has no room, false if it
/// means that one connection went away.
fn is_shortage(error: &io::Error) -> bool {
    !matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
            | io::ErrorKind::WouldBlock
    )
}

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let known: Vec<_> = self.shared.protocols.iter().map(|p| p.name()).collect();
        f.debug_struct("Acceptor")
            .field("local", &self.local_addr())
            .field("protocols", &known)
            .finish_non_exhaustive()
    }
}
