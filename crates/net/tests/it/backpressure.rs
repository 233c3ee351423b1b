//! Connections from which nothing is read: what they hold, and how their end is noticed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use dubhe_net::{
    Result,
    io::{
        ConnectionInfo, Dial, Io, Listen, SocketDial,
        memory::Network,
        tcp::{TcpListen, TcpOptions},
    },
    session::{CloseReason, Driver, Handle, Outbox, Session, SessionOptions},
};
use dubhe_testkit::wait_until;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

use crate::support::loopback;

const MARK: usize = 10_000;
const REPLY: usize = 4_000;

#[derive(Default)]
struct Counts {
    answered: AtomicUsize,
    polled: AtomicUsize,
    hang_ups: AtomicUsize,
}

/// Answers each byte with a reply, in place or, when it is even, at the next poll.
struct Amplifier {
    counts: Arc<Counts>,
    reply: usize,
    later: usize,
    /// Wants no input before a hang-up.
    deaf: bool,
}

impl Session for Amplifier {
    fn on_data(&mut self, _: Instant, input: &mut BytesMut, out: &mut Outbox) -> Result<()> {
        while !out.is_full() && !input.is_empty() {
            if input.split_to(1).first().is_some_and(|byte| byte % 2 == 0) {
                self.later += 1;
            } else {
                self.counts.answered.fetch_add(1, Ordering::SeqCst);
                out.push(Bytes::from(vec![1; self.reply]));
            }
        }
        Ok(())
    }

    fn poll(&mut self, _: &mut Context<'_>, out: &mut Outbox) -> Poll<Result<()>> {
        while !out.is_full() && self.later > 0 {
            self.later -= 1;
            self.counts.polled.fetch_add(1, Ordering::SeqCst);
            out.push(Bytes::from(vec![2; self.reply]));
        }
        Poll::Pending
    }

    fn wants_input(&self, out: &Outbox) -> bool {
        !self.deaf && !out.is_full()
    }

    fn on_hang_up(&mut self) {
        self.counts.hang_ups.fetch_add(1, Ordering::SeqCst);
        self.deaf = false;
    }
}

type Started = (Io, Handle, JoinHandle<CloseReason>, Arc<Counts>);
type Pair = (Io, (Io, ConnectionInfo));

fn start((near, (far, peer)): Pair, options: SessionOptions, reply: usize, deaf: bool) -> Started {
    let counts = Arc::new(Counts::default());
    let session = Amplifier { counts: counts.clone(), reply, later: 0, deaf };
    let driver = Driver::new(far, peer, options, |_| session);
    let handle = driver.handle().clone();
    (near, handle, tokio::spawn(driver), counts)
}

fn memory(pipe: usize) -> Pair {
    let ((near, _), far) = Network::with_pipe(pipe).pair();
    (near, far)
}

async fn tcp() -> Pair {
    let mut listen = TcpListen::bind(loopback(0), TcpOptions::default()).unwrap();
    let to = listen.local_addr().try_into().unwrap();
    let dial = SocketDial::default();
    let accept = std::future::poll_fn(|cx| listen.poll_accept(cx));
    let (near, far) = tokio::join!(dial.dial(&to), accept);
    (near.unwrap().0, far.unwrap())
}

#[cfg(unix)]
fn unix() -> Pair {
    let (near, far) = tokio::net::UnixStream::pair().unwrap();
    let (_, (_, peer)) = memory(1);
    (near.into(), (far.into(), peer))
}

fn options() -> SessionOptions {
    let mut options = SessionOptions::default();
    options.write_high_water = MARK;
    options
}

#[tokio::test]
async fn one_read_of_small_requests_fills_no_memory() {
    for requests in [vec![1; 5000], vec![2; 5000], [1, 2].repeat(2500)] {
        let (mut near, handle, _driver, counts) = start(memory(64 * 1024), options(), REPLY, false);
        near.write_all(&requests).await.unwrap();
        wait_until("the mark is reached", || handle.queued() >= MARK).await;
        let answers =
            || counts.answered.load(Ordering::SeqCst) + counts.polled.load(Ordering::SeqCst);
        // Nothing drains, so nothing more is answered, however often the connection looks.
        for _ in 0..50 {
            handle.wake();
            tokio::task::yield_now().await;
            assert!(handle.queued() < MARK + REPLY, "{} bytes wait", handle.queued());
        }
        assert!(answers() * REPLY < 64 * 1024 + MARK + REPLY, "{} answers", answers());

        // And all of it comes once the peer reads.
        let mut got = vec![0; requests.len() * REPLY];
        near.read_exact(&mut got).await.unwrap();
        assert_eq!(answers(), requests.len());
        let sum = |bytes: &[u8]| bytes.iter().map(|byte| usize::from(*byte)).sum::<usize>();
        assert_eq!(sum(&got), sum(&requests) * REPLY);
    }
}

/// Connected pairs of each transport.
async fn pairs() -> Vec<Pair> {
    vec![
        memory(1 << 20),
        tcp().await,
        #[cfg(unix)]
        unix(),
    ]
}

#[tokio::test]
async fn a_hang_up_is_noticed_and_what_came_before_it_dealt_with() {
    for size in [0, 1, 1000, 900_000] {
        for pair in pairs().await {
            let (mut near, _, driver, counts) = start(pair, SessionOptions::default(), 1, true);
            near.write_all(&vec![2; size]).await.unwrap();
            near.shutdown().await.unwrap();
            let mut got = Vec::new();
            near.read_to_end(&mut got).await.unwrap();
            assert_eq!(got, vec![2; size]);
            assert_eq!(counts.hang_ups.load(Ordering::SeqCst), 1);
            assert!(matches!(driver.await.unwrap(), CloseReason::Ended));
        }
    }
}

#[tokio::test]
async fn no_more_than_the_limit_is_read_ahead() {
    let mut options = SessionOptions::default();
    options.read_ahead = 100;
    let (mut near, _, driver, counts) = start(memory(50), options, 1, true);
    let mut sent = 0;
    // Ends when the pipe and the input are full.
    while let Ok(n) = tokio::time::timeout(Duration::from_millis(50), near.write(&[2; 10])).await {
        sent += n.unwrap();
    }
    assert!((150..=200).contains(&sent), "{sent} bytes taken");
    assert_eq!(counts.hang_ups.load(Ordering::SeqCst), 0);
    driver.abort();
}

/// The kernel tells of the end behind bytes that nobody has read.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_hang_up_is_noticed_behind_what_is_not_read_ahead() {
    for pair in [tcp().await, unix()] {
        let mut options = SessionOptions::default();
        options.read_ahead = 0;
        let (mut near, _, driver, counts) = start(pair, options, 1, true);
        near.write_all(&[2; 10_000]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(counts.hang_ups.load(Ordering::SeqCst), 0, "{near:?}");
        near.shutdown().await.unwrap();
        let mut got = Vec::new();
        near.read_to_end(&mut got).await.unwrap();
        assert_eq!(got, [2; 10_000]);
        assert_eq!(counts.hang_ups.load(Ordering::SeqCst), 1, "{near:?}");
        assert!(matches!(driver.await.unwrap(), CloseReason::Ended));
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_reset_is_noticed_behind_what_is_not_read() {
    let pair = tcp().await;
    let mut options = SessionOptions::default();
    options.read_ahead = 0;
    let (mut near, handle, driver, _) = start(pair, options, 1, true);
    handle.send(|out| out.push(Bytes::from_static(b"never read"))).unwrap();
    near.write_all(&[2; 10_000]).await.unwrap();
    wait_until("it is written", || handle.queued() == 0).await;
    // Closed with bytes unread, the kernel resets the connection.
    drop(near);
    let why = driver.await.unwrap();
    assert!(why.is_remote(), "{why}");
}

#[tokio::test]
async fn the_end_of_a_peer_that_reads_nothing_is_noticed_by_writing() {
    for pair in pairs().await {
        let (mut near, handle, driver, _) = start(pair, options(), 1 << 20, false);
        near.write_all(&[1; 100]).await.unwrap();
        wait_until("the mark is reached", || handle.queued() >= MARK).await;
        drop(near);
        let why = driver.await.unwrap();
        assert!(why.is_remote(), "{why}");
    }
}
