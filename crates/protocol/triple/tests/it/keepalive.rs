//! PINGs while calls wait, against a peer that says exactly what the test wants.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use dubhe_core::connect::{Channel, ChannelState, Connect};
use dubhe_core::status::Retry;
use dubhe_core::time::Deadline;
use dubhe_core::{Call, CallKind, Code, Endpoint, Head, Invoking, Method, ServiceKey};
use dubhe_net::io::memory::{MemoryListen, Network};
use dubhe_net::io::{Io, Listen as _};
use dubhe_net::keepalive::KeepaliveOptions;
use dubhe_net::time::now;
use dubhe_testkit::wait_until;
use dubhe_triple::{TripleConnect, TripleOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, sleep};

use crate::support::message;

const HEADERS: u8 = 1;
const PING: u8 = 6;
const ACK: u8 = 1;
/// END_STREAM and END_HEADERS.
const WHOLE: u8 = 5;

/// A bare server.
struct Peer {
    io: Io,
    input: BytesMut,
}

struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Bytes,
}

impl Peer {
    async fn accept(listen: &mut MemoryListen) -> Self {
        let (mut io, _) = poll_fn(|cx| listen.poll_accept(cx)).await.unwrap();
        let mut preface = [0; 24];
        io.read_exact(&mut preface).await.unwrap();
        let mut peer = Self { io, input: BytesMut::new() };
        peer.send(4, 0, 0, &[]).await;
        peer
    }

    async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
        self.io.write_all(&[&head, payload].concat()).await.unwrap();
        self.io.flush().await.unwrap();
    }

    /// Answers that there is no such thing, in headers.
    async fn answer(&mut self, stream: u32) {
        let mut block = vec![0x88];
        for (name, value) in [("content-type", "application/grpc"), ("grpc-status", "5")] {
            block.push(0);
            for text in [name, value] {
                block.push(u8::try_from(text.len()).unwrap());
                block.extend_from_slice(text.as_bytes());
            }
        }
        self.send(HEADERS, WHOLE, stream, &block).await;
    }

    /// The next PING or beginning of a stream.
    async fn next(&mut self) -> Frame {
        loop {
            let length = match self.input.first_chunk() {
                Some([a, b, c]) => usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).unwrap(),
                None => usize::MAX - 9,
            };
            if self.input.len() < length + 9 {
                let read = self.io.read_buf(&mut self.input);
                let read = tokio::time::timeout(Duration::from_mins(5), read).await;
                assert_ne!(read.expect("nothing came").unwrap(), 0, "it hung up");
                continue;
            }
            self.input.advance(3);
            let (kind, flags) = (self.input.get_u8(), self.input.get_u8());
            let stream = self.input.get_u32();
            let payload = self.input.split_to(length).freeze();
            if kind == HEADERS || kind == PING && flags & ACK == 0 {
                return Frame { kind, flags, stream, payload };
            }
        }
    }

    async fn ping(&mut self) -> Bytes {
        let frame = self.next().await;
        assert_eq!((frame.kind, frame.flags, frame.stream), (PING, 0, 0));
        frame.payload
    }

    async fn begun(&mut self) -> u32 {
        let frame = self.next().await;
        assert_eq!(frame.kind, HEADERS);
        frame.stream
    }

    async fn acknowledge(&mut self, payload: &[u8]) {
        self.send(PING, ACK, 0, payload).await;
    }
}

struct Client {
    channel: Arc<dyn Channel>,
    listen: MemoryListen,
}

impl Client {
    async fn connect(keepalive: KeepaliveOptions) -> (Self, Peer) {
        let network = Network::default();
        let mut listen = network.listen(([127, 0, 0, 1], 50051).into()).unwrap();
        let mut options = TripleOptions::default();
        options.keepalive = keepalive;
        let connect = TripleConnect::new(options).dial(Arc::new(network));
        let channel = connect.connect(&Endpoint::of("tri", "127.0.0.1", 50051)).unwrap();
        channel.warm_up();
        let peer = Peer::accept(&mut listen).await;
        wait_until("it is connected", || channel.state() == ChannelState::Ready).await;
        (Self { channel, listen }, peer)
    }

    /// Begins a call with a deadline.
    fn call(&self, seconds: u64) -> Invoking {
        let method = Method { name: "M".into(), descriptor: None, kind: CallKind::Unary };
        let mut head = Head::new(Arc::new(ServiceKey::interface_only("a.B")), Arc::new(method));
        head.deadline = Some(Deadline::after(now(), Duration::from_secs(seconds)));
        self.channel.invoke(Call::new(head, message(Bytes::from_static(b"hi"))))
    }

    /// Begins a call in a task, since calls are not sent before they are polled.
    fn start(&self, seconds: u64) -> tokio::task::JoinHandle<Code> {
        let call = self.call(seconds);
        tokio::spawn(async move { call.await.unwrap_err().code() })
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_lets_calls_wait_is_asked_and_hangs_until_it_answers() {
    let (client, mut peer) = Client::connect(KeepaliveOptions::default()).await;
    let begin = Instant::now();
    let waits = client.start(30);
    let stream = peer.begun().await;
    let ping = peer.ping().await;
    assert!((1..=2).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
    assert_eq!(client.channel.state(), ChannelState::Ready);
    wait_until("it hangs", || client.channel.state() == ChannelState::Hung).await;
    assert!((2..=3).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
    // A new call is not sent, and says so; one that has more time waits for the peer.
    let error = client.call(1).await.unwrap_err();
    assert_eq!((error.code(), error.retry()), (Code::DeadlineExceeded, Retry::Unstarted));
    assert!(error.message().contains("answers nothing"), "{error}");
    let patient = client.start(30);
    sleep(Duration::from_secs(10)).await;
    peer.acknowledge(&ping).await;
    let second = peer.begun().await;
    assert_eq!(client.channel.state(), ChannelState::Ready);
    peer.answer(stream).await;
    peer.answer(second).await;
    assert_eq!((waits.await.unwrap(), patient.await.unwrap()), (Code::NotFound, Code::NotFound));
}

#[tokio::test(start_paused = true)]
async fn two_pings_until_a_call_begun_behind_them_is_answered() {
    let (client, mut peer) = Client::connect(KeepaliveOptions::default()).await;
    let slow = client.start(50);
    let first = peer.begun().await;
    for _ in 0..2 {
        let ping = peer.ping().await;
        peer.acknowledge(&ping).await;
    }
    // From here on the deadline of the call decides.
    let silent = tokio::time::timeout(Duration::from_secs(30), peer.next()).await;
    assert!(silent.is_err());
    // Before this answer the peer may have got neither of them.
    peer.answer(first).await;
    slow.await.unwrap();
    let slow = client.start(20);
    let second = peer.begun().await;
    assert!(tokio::time::timeout(Duration::from_secs(15), peer.next()).await.is_err());
    peer.answer(second).await;
    slow.await.unwrap();
    let _slow = client.start(20);
    peer.begun().await;
    peer.ping().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_timed_out_in_vain_has_the_peer_asked_and_another_connection_follows() {
    let (mut client, mut peer) = Client::connect(KeepaliveOptions::default()).await;
    assert_eq!(client.start(1).await.unwrap(), Code::DeadlineExceeded);
    peer.begun().await;
    peer.ping().await;
    wait_until("it hangs", || client.channel.state() == ChannelState::Hung).await;
    let hung = Instant::now();
    let mut second = Peer::accept(&mut client.listen).await;
    assert!((19..=21).contains(&hung.elapsed().as_secs()), "{:?}", hung.elapsed());
    let next = client.start(5);
    let stream = second.begun().await;
    second.answer(stream).await;
    assert_eq!(next.await.unwrap(), Code::NotFound);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_while_nobody_waits_nor_while_answers_come() {
    let (client, mut peer) = Client::connect(KeepaliveOptions::default()).await;
    for _ in 0..40 {
        let calling = client.start(5);
        let stream = peer.begun().await;
        sleep(Duration::from_millis(900)).await;
        peer.answer(stream).await;
        calling.await.unwrap();
        sleep(Duration::from_millis(500)).await;
    }
    let silent = tokio::time::timeout(Duration::from_mins(2), peer.next()).await;
    assert!(silent.is_err());
}

#[tokio::test(start_paused = true)]
async fn zero_turns_pings_off() {
    let (client, mut peer) = Client::connect(KeepaliveOptions::off()).await;
    let slow = client.start(50);
    peer.begun().await;
    assert!(tokio::time::timeout(Duration::from_secs(49), peer.next()).await.is_err());
    assert_eq!(slow.await.unwrap(), Code::DeadlineExceeded);
    assert_eq!(client.channel.state(), ChannelState::Ready);
}
