//! The detection of protocols on one port: who gets a connection, who gets none, and how it all
//! ends.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use crate::support::loopback;
use dubhe_net::{
    detect::{AcceptOptions, Acceptor, MAX_SNIFF_BYTES, Probe, Protocol},
    drain::{Shutdown, Trigger},
    io::{BoxFuture, ConnectionInfo, Dial, Io, Listen, SockAddr, memory::Network},
    time,
};
use dubhe_testkit::wait_until;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

/// Answers with its magic and everything it got, then ends; drains by leaving.
struct Magic(&'static str);

impl Protocol for Magic {
    fn name(&self) -> &str {
        self.0
    }

    fn probe(&self, prefix: &[u8]) -> Probe {
        let magic = self.0.as_bytes();
        if prefix.starts_with(magic) {
            Probe::Yes
        } else if magic.starts_with(prefix) {
            Probe::More
        } else {
            Probe::No
        }
    }

    fn serve(
        &self,
        mut io: Io,
        _: ConnectionInfo,
        mut shutdown: Shutdown,
    ) -> BoxFuture<'static, ()> {
        let magic = self.0;
        Box::pin(async move {
            assert_ne!(magic, "PANIC", "as the test asked");
            let mut got = Vec::new();
            tokio::select! {
                read = io.read_to_end(&mut got) => drop(read.unwrap()),
                _ = shutdown.draining(), if magic != "STUBBORN" => got.extend_from_slice(b" drained"),
            }
            io.write_all(&[magic.as_bytes(), b":", &got].concat()).await.unwrap();
        })
    }
}

/// A protocol that is never sure.
struct Unsure;

impl Protocol for Unsure {
    fn name(&self) -> &'static str {
        "unsure"
    }

    fn probe(&self, prefix: &[u8]) -> Probe {
        if prefix.first() == Some(&b'?') { Probe::More } else { Probe::No }
    }

    fn serve(&self, _: Io, _: ConnectionInfo, _: Shutdown) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

struct Server {
    network: Network,
    addr: SocketAddr,
    trigger: Trigger,
    running: JoinHandle<()>,
}

impl Server {
    fn with(options: AcceptOptions) -> Self {
        let network = Network::default();
        let listen = network.listen(loopback(80)).unwrap();
        Self::on(network, listen, options)
    }

    fn on(network: Network, listen: impl Listen, options: AcceptOptions) -> Self {
        let protocols: Vec<Arc<dyn Protocol>> = vec![
            Arc::new(Magic("GET")),
            Arc::new(Magic("GREET")),
            Arc::new(Magic("PANIC")),
            Arc::new(Magic("STUBBORN")),
            Arc::new(Unsure),
        ];
        let acceptor = Acceptor::new(listen, protocols, options).unwrap();
        let addr = acceptor.local_addr().as_socket_addr().unwrap();
        let trigger = Trigger::new();
        let running = tokio::spawn(acceptor.run(trigger.shutdown()));
        Self { network, addr, trigger, running }
    }

    async fn dial(&self) -> Io {
        self.network.dial(&self.addr.into()).await.unwrap().0
    }

    async fn ask(&self, question: &[u8]) -> String {
        let mut io = self.dial().await;
        // The server may have hung up already, which its answer tells.
        let _ = io.write_all(question).await;
        let _ = io.shutdown().await;
        answer(&mut io).await
    }
}

async fn answer(io: &mut Io) -> String {
    let mut got = Vec::new();
    io.read_to_end(&mut got).await.unwrap();
    String::from_utf8(got).unwrap()
}

#[tokio::test]
async fn the_first_bytes_choose_and_are_not_lost_even_one_at_a_time() {
    let server = Server::with(AcceptOptions::default());
    assert_eq!(server.ask(b"GET /").await, "GET:GET /");
    for question in ["GET /", "GREET me"] {
        let mut io = server.dial().await;
        for byte in question.as_bytes() {
            io.write_all(&[*byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        io.shutdown().await.unwrap();
        let (magic, _) = question.split_once(' ').unwrap();
        assert_eq!(answer(&mut io).await, format!("{magic}:{question}"));
    }
}

#[tokio::test]
async fn what_no_protocol_knows_is_closed() {
    let server = Server::with(AcceptOptions::default());
    for unknown in
        [&b"POST /"[..], b"", b"G", &[b'?'; MAX_SNIFF_BYTES], &[b'?'; 4 * MAX_SNIFF_BYTES]]
    {
        assert_eq!(server.ask(unknown).await, "");
    }
    assert_eq!(server.ask(b"GET").await, "GET:GET");
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_may_wait_long_and_a_hesitant_one_may_not() {
    let mut options = AcceptOptions::default();
    options.first_byte_timeout = Duration::from_secs(100);
    options.handshake_timeout = Duration::from_secs(5);
    let server = Server::with(options);

    let began = time::now();
    assert_eq!(answer(&mut server.dial().await).await, "");
    assert_eq!(time::now() - began, Duration::from_secs(100));

    let began = time::now();
    let mut io = server.dial().await;
    tokio::time::sleep(Duration::from_secs(90)).await;
    for byte in b"GRE" {
        io.write_all(&[*byte]).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(answer(&mut io).await, "");
    assert_eq!(time::now() - began, Duration::from_secs(95));

    // Once its protocol is known, a connection is that protocol's own affair.
    let mut io = server.dial().await;
    io.write_all(b"GET").await.unwrap();
    tokio::time::sleep(Duration::from_secs(1000)).await;
    io.shutdown().await.unwrap();
    assert_eq!(answer(&mut io).await, "GET:GET");
}

#[tokio::test]
async fn connections_are_bounded_in_all_and_by_address() {
    let mut options = AcceptOptions::default();
    options.max_per_ip = 2;
    let server = Server::with(options);
    let mut held = vec![server.dial().await, server.dial().await];
    wait_until("both are counted", || server.trigger.live() == 2).await;
    assert_eq!(server.ask(b"GET").await, "");
    drop(held.pop());
    wait_until("one is gone", || server.trigger.live() == 1).await;
    assert_eq!(server.ask(b"GET").await, "GET:GET");
}

#[tokio::test]
async fn a_protocol_that_panics_takes_only_its_connection_along() {
    let server = Server::with(AcceptOptions::default());
    assert_eq!(server.ask(b"PANIC").await, "");
    assert_eq!(server.ask(b"GET").await, "GET:GET");
    wait_until("no connection is counted", || server.trigger.live() == 0).await;
}

/// Fails as a kernel does, before each connection.
struct Failing<L> {
    inner: L,
    errors: Vec<io::Error>,
}

impl<L: Listen> Listen for Failing<L> {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Io, ConnectionInfo)>> {
        match self.errors.pop() {
            Some(error) => Poll::Ready(Err(error)),
            None => Poll::Ready(ready!(self.inner.poll_accept(cx))),
        }
    }

    fn local_addr(&self) -> SockAddr {
        self.inner.local_addr()
    }
}

#[tokio::test(start_paused = true)]
async fn accepting_survives_errors_and_pauses_only_when_resources_are_short() {
    const EMFILE: i32 = 24;
    let gone = || io::Error::from(io::ErrorKind::ConnectionAborted);
    let short = || io::Error::from_raw_os_error(EMFILE);
    for (errors, pauses) in
        [((0..5000).map(|_| gone()).collect::<Vec<_>>(), 0), (vec![short(), gone(), short()], 2)]
    {
        let network = Network::default();
        let inner = network.listen(loopback(80)).unwrap();
        let began = time::now();
        let server = Server::on(network, Failing { inner, errors }, AcceptOptions::default());
        assert_eq!(server.ask(b"GET").await, "GET:GET");
        // Timers count milliseconds and may be one late.
        let waited = (time::now() - began).as_millis();
        assert!((100 * pauses..=100 * pauses + pauses).contains(&waited), "{waited}");
    }
}

#[tokio::test(start_paused = true)]
async fn draining_frees_the_port_tells_connections_and_forces_those_that_stay() {
    let server = Server::with(AcceptOptions::default());
    let mut polite = server.dial().await;
    polite.write_all(b"GET x").await.unwrap();
    let mut stubborn = server.dial().await;
    stubborn.write_all(b"STUBBORN").await.unwrap();
    let mut silent = server.dial().await;
    wait_until("all are counted", || server.trigger.live() == 3).await;
    tokio::time::sleep(Duration::from_secs(1)).await;

    let began = time::now();
    let (left, polite, silent) = tokio::join!(
        server.trigger.drain(began + Duration::from_secs(7)),
        answer(&mut polite),
        answer(&mut silent),
    );
    assert_eq!((left, polite.as_str(), silent.as_str()), (1, "GET:GET x drained", ""));
    assert_eq!(time::now() - began, Duration::from_secs(7));
    assert_eq!(answer(&mut stubborn).await, "");
    server.running.await.unwrap();
    assert_eq!(server.trigger.live(), 0);
    assert!(server.network.dial(&server.addr.into()).await.is_err());
}
