//! Peers that do not read, that hang up while nothing is read from them, and one-way calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{End, Methods, Raw, Request, call, event, reply, value};
use dubhe_core::status::table::dubbo;
use dubhe_core::{Invoking, Payload, Reply, Value};
use dubhe_dubbo::DubboOptions;
use dubhe_dubbo::exchange::Role;
use dubhe_dubbo::header::Kind;
use dubhe_net::io::tcp::{TcpListen, TcpOptions};
use dubhe_net::io::{ConnectionInfo, Dial, Io, Listen, SocketDial};
use dubhe_net::session::SessionOptions;
use dubhe_testkit::wait_until;
use tokio::io::AsyncWriteExt;

const REPLY: usize = 200_000;

/// A number of bytes above what transport and kernel take while nobody reads.
const PIPE: usize = 8 << 20;

fn large() -> Reply {
    Reply::new(Payload::dynamic(Value::from(vec![7_u8; REPLY])))
}

/// Calls of `large` replies that end in place, after a wait, or after a computation, which gives
/// them tasks of their own. The count is of replies that were made.
fn amplifiers() -> (Methods, Arc<AtomicUsize>) {
    let made = Arc::new(AtomicUsize::new(0));
    let (now, later, slow) = (made.clone(), made.clone(), made.clone());
    let methods = Methods::echo()
        .method("now", move |_| {
            now.fetch_add(1, Ordering::SeqCst);
            Invoking::ready(Ok(large()))
        })
        .method("later", move |_| {
            let made = later.clone();
            Invoking::boxed(async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                made.fetch_add(1, Ordering::SeqCst);
                Ok(large())
            })
        })
        .method("slow", move |_| {
            let made = slow.clone();
            // Longer than a handler may keep the task of its connection.
            std::thread::sleep(Duration::from_millis(1));
            Invoking::boxed(async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                made.fetch_add(1, Ordering::SeqCst);
                Ok(large())
            })
        });
    (methods, made)
}

/// A server of ours behind a real socket.
async fn tcp_client_of(options: DubboOptions, server: Methods) -> (Raw, End) {
    let ((io, _), far) = tcp().await;
    (Raw::new(io), End::start(far, Role::Server, options, Some(server)))
}

async fn tcp() -> ((Io, ConnectionInfo), (Io, ConnectionInfo)) {
    let any = ([127, 0, 0, 1], 0).into();
    let mut listen = TcpListen::bind(any, TcpOptions::default()).unwrap();
    let to = listen.local_addr().try_into().unwrap();
    let dial = SocketDial::default();
    let accept = std::future::poll_fn(|cx| listen.poll_accept(cx));
    let (near, far) = tokio::join!(dial.dial(&to), accept);
    (near.unwrap(), far.unwrap())
}

/// Sends calls and reads nothing at first; `ready` is the limit of replies in tasks.
async fn nobody_reads(
    (mut raw, server): (Raw, End),
    method: &str,
    made: &AtomicUsize,
    calls: u64,
    ready: usize,
) {
    let mark = SessionOptions::default().write_high_water;
    let requests: Vec<u8> = (1..=calls).flat_map(|n| Request::new(n, method, 1).bytes()).collect();
    raw.send(&requests).await;
    let handle = server.connection.handle();
    wait_until("the mark is reached", || handle.queued() >= mark).await;
    // Long enough for every handler that may still go on.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(handle.queued() < mark + REPLY + 1000, "{method}: {} bytes wait", handle.queued());
    let most = (PIPE + mark) / REPLY + 1 + ready + 2;
    let made_unread = made.load(Ordering::SeqCst);
    assert!(made_unread <= most, "{method}: {made_unread} replies");

    // And all of it comes once the peer reads.
    let mut ids = Vec::new();
    for _ in 0..calls {
        let (id, status, _) = raw.reply().await;
        assert_eq!(status, dubbo::OK);
        ids.push(id);
    }
    ids.sort_unstable();
    assert!(ids.into_iter().eq(1..=calls));
    assert_eq!(made.load(Ordering::SeqCst) as u64, calls);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_never_reads_holds_the_mark_and_one_reply() {
    for method in ["now", "later", "slow"] {
        let options = DubboOptions::default();
        for (options, ready) in [(options.clone(), 16), (options.clone().max_ready_replies(2), 2)] {
            let (methods, made) = amplifiers();
            let ends = Raw::client_of(options, methods);
            nobody_reads(ends, method, &made, 150, ready).await;
        }
        let (methods, made) = amplifiers();
        let ends = tcp_client_of(options, methods).await;
        nobody_reads(ends, method, &made, 150, 16).await;
    }
}

#[tokio::test]
async fn heartbeats_that_nobody_reads_the_answers_of_are_not_answered_without_end() {
    let (mut raw, server) = Raw::client_of(DubboOptions::default(), amplifiers().0);
    let mark = SessionOptions::default().write_high_water;
    // Garbage before a frame does not make it pass.
    let beats = [event(true, b"N"), [b"??".to_vec(), event(true, b"N")].concat()].concat();
    let calls: Vec<u8> = (1..=20).flat_map(|n| Request::new(n, "now", 1).bytes()).collect();
    raw.send(&calls).await;
    let handle = server.connection.handle();
    wait_until("the mark is reached", || handle.queued() >= mark).await;
    let queued = handle.queued();
    let flood = beats.repeat(1000);
    tokio::time::timeout(Duration::from_millis(100), raw.io.write_all(&flood))
        .await
        .unwrap()
        .unwrap();
    for _ in 0..20 {
        handle.wake();
        tokio::task::yield_now().await;
    }
    assert_eq!(handle.queued(), queued);
}

#[tokio::test]
async fn a_client_answers_no_more_callbacks_than_are_read() {
    let (methods, made) = amplifiers();
    let ((io, _), far) = dubhe_net::io::memory::Network::default().pair();
    let client = End::start(far, Role::Client, DubboOptions::default(), Some(methods));
    nobody_reads((Raw::new(io), client), "now", &made, 100, 16).await;
}

#[tokio::test]
async fn replies_are_read_however_many_requests_wait() {
    let (mut raw, client) = Raw::server_of(DubboOptions::default());
    let first = tokio::spawn({
        let connection = client.connection.clone();
        async move { connection.start(call("echo", 1)).await }
    });
    let (header, _) = raw.next().await.unwrap();
    // More than the mark, and than the transport takes.
    let large = client.connection.start(call("echo", vec![0_u8; 4 << 20]));
    let handle = client.connection.handle();
    wait_until("the mark is reached", || {
        handle.queued() >= SessionOptions::default().write_high_water
    })
    .await;
    raw.send(&reply(header.id, "read")).await;
    assert_eq!(value(&first.await.unwrap().unwrap()), "read".into());
    drop(large);
}

/// Counts a handler for as long as it runs.
struct RunningCalls(Arc<AtomicUsize>);

impl RunningCalls {
    fn begin(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count.clone())
    }
}

impl Drop for RunningCalls {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// `methods` with one that never ends, and the number of its handlers that run.
fn endless(methods: Methods) -> (Methods, Arc<AtomicUsize>) {
    let running = Arc::new(AtomicUsize::new(0));
    let count = running.clone();
    let methods = methods.method("endless", move |_| {
        let running = RunningCalls::begin(&count);
        Invoking::boxed(async move {
            let _running = running;
            std::future::pending().await
        })
    });
    (methods, running)
}

#[tokio::test]
async fn a_full_connection_notices_a_hang_up_and_cancels_its_calls() {
    const MAX_RUNNING: usize = 20;
    // None beyond the limit, some that are read ahead, and more than that.
    for beyond in [0, 100, 10_000] {
        for over_tcp in [false, true] {
            let options = DubboOptions::default().max_running(MAX_RUNNING);
            let (methods, running) = endless(Methods::echo());
            let (mut raw, server) = if over_tcp {
                tcp_client_of(options, methods).await
            } else {
                Raw::client_of(options, methods)
            };
            let calls = u64::try_from(MAX_RUNNING + beyond).unwrap();
            let requests: Vec<u8> =
                (0..calls).flat_map(|n| Request::new(n, "endless", 1).bytes()).collect();
            let sent = raw.io.write_all(&requests);
            // What the transport does not take is lost with the peer.
            let whole = tokio::time::timeout(Duration::from_millis(200), sent).await.is_ok();
            wait_until("it is full", || running.load(Ordering::SeqCst) == MAX_RUNNING).await;
            drop(raw);
            if whole || !over_tcp {
                wait_until("all is cancelled", || server.task.is_finished()).await;
                assert_eq!(running.load(Ordering::SeqCst), 0, "{beyond} beyond the limit");
                let why = server.task.await.unwrap();
                assert!(why.is_remote(), "{why}");
            }
        }
    }
}

#[tokio::test]
async fn a_full_connection_still_answers_heartbeats() {
    let (methods, running) = endless(Methods::echo());
    let (mut raw, _server) = Raw::client_of(DubboOptions::default().max_running(2), methods);
    for n in 1..=2 {
        raw.send(&Request::new(n, "endless", 1).bytes()).await;
    }
    wait_until("it is full", || running.load(Ordering::SeqCst) == 2).await;
    raw.send(&event(true, b"N")).await;
    let (header, _) = raw.next().await.unwrap();
    assert_eq!(header.kind, Kind::EventReply { status: dubbo::OK });
}

#[tokio::test(start_paused = true)]
async fn one_way_calls_end_at_their_limit() {
    let minute = Duration::from_mins(1);
    for (param, option, limit) in [
        ("0", minute, None),
        ("2000", minute, Some(Duration::from_secs(2))),
        ("", minute, Some(minute)),
        ("", Duration::ZERO, None),
    ] {
        let methods = match param {
            "" => Methods::default(),
            param => Methods::default().param("endless.timeout", param),
        };
        let (methods, running) = endless(methods);
        let options = DubboOptions::default().one_way_timeout(option).heartbeat(Duration::ZERO);
        let (mut raw, _server) = Raw::client_of(options, methods);
        let mut request = Request { two_way: false, ..Request::new(5, "endless", 1) };
        // Of the caller's patience, which has none.
        request.attachments.push(("timeout", "5".into()));
        let began = tokio::time::Instant::now();
        raw.send(&request.bytes()).await;
        wait_until("it runs", || running.load(Ordering::SeqCst) == 1).await;
        let ended = tokio::time::timeout(Duration::from_mins(10), async {
            while running.load(Ordering::SeqCst) > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        assert_eq!(ended.await.is_ok(), limit.is_some(), "{param:?} {option:?}");
        if let Some(limit) = limit {
            let took = began.elapsed();
            assert!(took >= limit && took < limit + Duration::from_millis(50), "{took:?}");
        }
    }
}
