//! The times of the parts of a call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dubhe::net::{
    self, Address, BoxFuture, ClientTls, ConnectionInfo, Dial, Io, SocketDial, TcpOptions,
};
use dubhe::time;

/// The times of a call and of the connection that it took. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Times(Arc<Mutex<Taken>>);

/// The time that each part took, once it is over.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Taken {
    pub(super) resolve: Option<Duration>,
    pub(super) connect: Option<Duration>,
    pub(super) tls: Option<Duration>,
    /// The time from the beginning of the call to the head of its reply.
    pub(super) first_byte: Option<Duration>,
    /// The time from the beginning of the call to its end.
    pub(super) end: Option<Duration>,
}

impl Taken {
    /// The parts that there were, by name, in the order in which they came.
    pub(super) fn parts(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        let all = [
            ("resolve", self.resolve),
            ("connect", self.connect),
            ("tls", self.tls),
            ("first_byte", self.first_byte),
            ("end", self.end),
        ];
        all.into_iter().filter_map(|(name, time)| Some((name, time?)))
    }
}

impl Times {
    /// The times so far.
    pub(super) fn taken(&self) -> Taken {
        *self.lock()
    }

    /// Remembers times.
    pub(super) fn set(&self, change: impl FnOnce(&mut Taken)) {
        change(&mut self.lock());
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens connections and notes how long each part takes.
pub(super) struct TimedDial {
    pub(super) tls: Option<ClientTls>,
    pub(super) times: Times,
}

impl TimedDial {
    async fn open(&self, to: &Address) -> net::Result<(Io, ConnectionInfo)> {
        let sockets = SocketDial::new(TcpOptions::default());
        let began = time::now();
        // What needs no look-up, or has no address, is for the dialer to open or to tell.
        let mut addresses: Vec<Address> = Vec::new();
        if to.unix_path().is_none()
            && to.as_socket_addr().is_none()
            && let Ok(found) = tokio::net::lookup_host((to.host(), to.port())).await
        {
            addresses.extend(found.map(Address::from));
        }
        if !addresses.is_empty() {
            self.times.set(|times| times.resolve = Some(began.elapsed()));
        }
        let began = time::now();
        let mut ended = None;
        for address in &addresses {
            ended = Some(sockets.dial(address).await);
            if let Some(Ok(_)) = &ended {
                break;
            }
        }
        let opened = match ended {
            Some(ended) => ended?,
            None => sockets.dial(to).await?,
        };
        self.times.set(|times| times.connect = Some(began.elapsed()));
        Ok(opened)
    }
}

impl Dial for TimedDial {
    fn dial<'a>(&'a self, to: &'a Address) -> BoxFuture<'a, net::Result<(Io, ConnectionInfo)>> {
        Box::pin(async move {
            let opened = self.open(to).await?;
            let Some(tls) = &self.tls else { return Ok(opened) };
            let began = time::now();
            let ended = tls.dial(Opened(Mutex::new(Some(opened)))).dial(to).await?;
            self.times.set(|times| times.tls = Some(began.elapsed()));
            Ok(ended)
        })
    }

    fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }
}

/// A connection that is open already, for TLS to go over.
struct Opened(Mutex<Option<(Io, ConnectionInfo)>>);

impl Dial for Opened {
    fn dial<'a>(&'a self, to: &'a Address) -> BoxFuture<'a, net::Result<(Io, ConnectionInfo)>> {
        let opened = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        Box::pin(async move {
            opened.ok_or_else(|| net::Error::protocol(format!("{to} is dialed twice")))
        })
    }
}
