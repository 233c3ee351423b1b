//! A ZooKeeper server whose every frame a test writes, on a network in memory.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use dubhe_core::random::SplitMix;
use dubhe_core::time::Duration;
use dubhe_net::io::memory::{MemoryListen, Network};
use dubhe_net::io::{Address, BoxFuture, ConnectionInfo, Dial, Io, Listen};
use dubhe_zookeeper::client::{Client, ZooKeeperClientOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::support::clock;

/// The session timeout that the client asks for and is granted, unless a test has another.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(6);

/// Dials a network and counts.
pub(crate) struct Counting {
    network: Network,
    dials: Arc<AtomicUsize>,
}

impl Dial for Counting {
    fn dial<'a>(
        &'a self,
        to: &'a Address,
    ) -> BoxFuture<'a, dubhe_net::Result<(Io, ConnectionInfo)>> {
        self.dials.fetch_add(1, Ordering::SeqCst);
        self.network.dial(to)
    }
}

/// A fake server.
pub(crate) struct Fake {
    network: Network,
    listener: Option<MemoryListen>,
    dials: Arc<AtomicUsize>,
    session: Duration,
}

impl Fake {
    pub(crate) fn new() -> Self {
        Self::with_session(TIMEOUT)
    }

    /// A fake whose clients ask for a session of this length.
    pub(crate) fn with_session(session: Duration) -> Self {
        let network = Network::default();
        let mut fake = Self { network, listener: None, dials: Arc::default(), session };
        fake.open();
        fake
    }

    /// Listens (again).
    pub(crate) fn open(&mut self) {
        self.listener = Some(self.network.listen("127.0.0.1:2181".parse().unwrap()).unwrap());
    }

    /// Listens no more.
    pub(crate) fn close(&mut self) {
        self.listener = None;
    }

    /// The number of times it was dialed.
    pub(crate) fn count(&self) -> Arc<AtomicUsize> {
        self.dials.clone()
    }

    pub(crate) fn dialer(&self) -> Counting {
        Counting { network: self.network.clone(), dials: self.dials.clone() }
    }

    /// A client of it.
    pub(crate) fn client(&self) -> Client {
        self.client_of(1)
    }

    /// A client with the jitter of this seed.
    pub(crate) fn client_of(&self, seed: u64) -> Client {
        Client::open(ZooKeeperClientOptions {
            servers: vec!["127.0.0.1:2181".parse().unwrap()],
            credentials: None,
            session_timeout: self.session,
            resume: None,
            max_pause: Duration::from_mins(1),
            max_frame: 16 * 1024 * 1024,
            clock: clock(),
            random: Arc::new(SplitMix::new(seed)),
            dial: Arc::new(self.dialer()),
        })
    }

    /// The next connection, before its handshake.
    pub(crate) async fn accept(&mut self) -> Line {
        let listener = self.listener.as_mut().expect("the fake is open");
        let (io, _) = poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
        Line(io)
    }

    /// The next connection, its session granted.
    pub(crate) async fn welcome(&mut self, session: i64) -> Line {
        let mut line = self.accept().await;
        line.read().await;
        line.grant(session, self.session).await;
        line
    }
}

/// The server's end of a connection.
pub(crate) struct Line(Io);

/// A request: its id, its operation and its record.
pub(crate) struct Request {
    pub(crate) id: i32,
    pub(crate) operation: i32,
    pub(crate) record: Bytes,
}

impl Line {
    /// The stream below.
    pub(crate) fn into_io(self) -> Io {
        self.0
    }

    /// Reads a frame.
    pub(crate) async fn read(&mut self) -> Bytes {
        let length = self.0.read_i32().await.unwrap();
        let mut frame = vec![0; usize::try_from(length).unwrap()];
        self.0.read_exact(&mut frame).await.unwrap();
        frame.into()
    }

    /// Reads a request.
    pub(crate) async fn request(&mut self) -> Request {
        let mut frame = self.read().await;
        Request { id: frame.get_i32(), operation: frame.get_i32(), record: frame }
    }

    /// Returns true if the client ends the connection, with nothing sent before.
    pub(crate) async fn ended(&mut self) -> bool {
        matches!(self.0.read_u8().await, Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof)
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Answers the handshake.
    pub(crate) async fn grant(&mut self, session: i64, timeout: Duration) {
        self.write(&granted(session, timeout)).await;
    }

    /// Answers a request.
    pub(crate) async fn answer(&mut self, id: i32, zxid: i64, error: i32, record: &[u8]) {
        self.write(&answer(id, zxid, error, record)).await;
    }

    /// Fires a watch: kind 4 is "children changed".
    pub(crate) async fn fire(&mut self, kind: i32, path: &str) {
        self.write(&event(kind, path)).await;
    }
}

/// A frame that says that a watch fired.
pub(crate) fn event(kind: i32, path: &str) -> Bytes {
    let mut record = BytesMut::new();
    record.put_i32(kind);
    record.put_i32(3);
    put_text(&mut record, path);
    answer(-1, -1, 0, &record)
}

/// A frame with the server's half of the handshake.
pub(crate) fn granted(session: i64, timeout: Duration) -> Bytes {
    let mut record = BytesMut::new();
    record.put_i32(0);
    record.put_i32(i32::try_from(timeout.as_millis()).unwrap());
    record.put_i64(session);
    record.put_i32(16);
    record.put_bytes(7, 16);
    record.put_u8(0);
    framed(&record)
}

/// A frame with an answer.
pub(crate) fn answer(id: i32, zxid: i64, error: i32, record: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_i32(id);
    frame.put_i64(zxid);
    frame.put_i32(error);
    frame.put_slice(record);
    framed(&frame)
}

fn framed(content: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_i32(i32::try_from(content.len()).unwrap());
    frame.put_slice(content);
    frame.freeze()
}

/// A list of names, as an answer carries it.
pub(crate) fn names(names: &[&str]) -> Bytes {
    let mut record = BytesMut::new();
    record.put_i32(i32::try_from(names.len()).unwrap());
    for name in names {
        put_text(&mut record, name);
    }
    record.freeze()
}

/// A `Stat` of a node of this session.
pub(crate) fn stat(owner: i64) -> Bytes {
    stat_of(owner, 0)
}

/// A `Stat` of a node of this session and version.
pub(crate) fn stat_of(owner: i64, version: i32) -> Bytes {
    let mut record = BytesMut::new();
    record.put_bytes(0, 32);
    record.put_i32(version);
    record.put_bytes(0, 8);
    record.put_i64(owner);
    record.put_bytes(0, 16);
    record.freeze()
}

pub(crate) fn put_text(out: &mut BytesMut, text: &str) {
    out.put_i32(i32::try_from(text.len()).unwrap());
    out.put_slice(text.as_bytes());
}
