//! Peers that do not go on with what they have begun, or that do nothing at all.

use std::time::Duration;

use bytes::Bytes;
use dubhe_net::detect::Protocol;
use dubhe_net::drain::Trigger;
use dubhe_net::io::memory::Network;
use dubhe_net::io::{Io, SockAddr};
use dubhe_net::rate::MinRate;
use dubhe_triple::{TripleOptions, TripleProtocol};
use h2::client::SendRequest;
use http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::support::{framed, services};

const MINUTE: Duration = Duration::from_mins(1);

/// A connection to a server in memory, whose clock can stand.
pub(crate) struct Served {
    pub(crate) io: Io,
    pub(crate) trigger: Trigger,
    pub(crate) task: JoinHandle<()>,
}

pub(crate) fn serve(options: TripleOptions, http1: bool) -> Served {
    serve_from(None, options, http1)
}

/// The same, to which the peer has this address.
pub(crate) fn serve_from(remote: Option<SockAddr>, options: TripleOptions, http1: bool) -> Served {
    let ((io, _), (other, mut peer)) = Network::default().pair();
    peer.remote = remote.unwrap_or(peer.remote);
    let protocol = TripleProtocol::new(services(), options);
    let trigger = Trigger::new();
    let shutdown = trigger.shutdown();
    let serving = if http1 {
        protocol.http1().serve(other, peer, shutdown)
    } else {
        protocol.serve(other, peer, shutdown)
    };
    Served { io, trigger, task: tokio::spawn(serving) }
}

/// Reads until the server has closed the connection.
pub(crate) async fn rest(io: &mut Io) -> String {
    let mut all = Vec::new();
    io.read_to_end(&mut all).await.unwrap();
    String::from_utf8_lossy(&all).into_owned()
}

/// A client over HTTP/2, and the sender that makes its connection fall silent.
pub(crate) async fn client(
    io: Io,
) -> (SendRequest<Bytes>, JoinHandle<()>, tokio::sync::watch::Sender<bool>) {
    let (near, mut far) = tokio::io::duplex(64 * 1024);
    let mut io = io;
    let (silence, mut silent) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut io, &mut far) => return,
            _ = silent.wait_for(|silent| *silent) => {}
        }
        // Open, and nothing passes.
        let _held = (io, far);
        std::future::pending::<()>().await;
    });
    let (send, connection) = h2::client::handshake(near).await.unwrap();
    let connection = tokio::spawn(async move {
        let _ = connection.await;
    });
    (send, connection, silence)
}

pub(crate) fn request(method: &str) -> Request<()> {
    let request = Request::post(format!("http://h/test.Plain/{method}"));
    request.header("content-type", "application/grpc").body(()).unwrap()
}

/// The status of the response to a call whose body is `sent` and goes no further.
pub(crate) async fn status(
    send: &mut SendRequest<Bytes>,
    method: &str,
    sent: Option<Bytes>,
) -> String {
    let (response, mut body) = send.send_request(request(method), false).unwrap();
    if let Some(sent) = sent {
        body.send_data(sent, false).unwrap();
    }
    let response = response.await.unwrap();
    if let Some(status) = response.headers().get("grpc-status") {
        return status.to_str().unwrap().to_owned();
    }
    let mut body = response.into_body();
    while let Some(data) = body.data().await {
        data.unwrap();
    }
    let trailers = body.trailers().await.unwrap().unwrap();
    trailers["grpc-status"].to_str().unwrap().to_owned()
}

async fn echo(send: &mut SendRequest<Bytes>) {
    let mut ready = send.clone().ready().await.unwrap();
    let (response, mut body) = ready.send_request(request("Echo"), false).unwrap();
    body.send_data(framed(b"hi"), true).unwrap();
    let mut body = response.await.unwrap().into_body();
    assert_eq!(body.data().await.unwrap().unwrap(), framed(b"hi"));
    while body.data().await.is_some() {}
    body.trailers().await.unwrap();
}

pub(crate) const ECHO1: &str =
    "POST /test.Java/hello HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\n";

#[tokio::test(start_paused = true)]
async fn half_a_head_over_http1_ends_its_connection() {
    for (rate, seconds) in
        [(MinRate::default(), 10), (MinRate::new(1024, Duration::from_secs(3)), 3)]
    {
        let mut options = TripleOptions::default();
        options.min_rate = rate;
        let mut served = serve(options, true);
        let begin = Instant::now();
        served.io.write_all(ECHO1.as_bytes()).await.unwrap();
        assert_eq!(rest(&mut served.io).await, "");
        assert_eq!(begin.elapsed().as_secs(), seconds);
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_may_take_long_at_the_rate_and_not_below() {
    for (bytes, served_at_all) in [(10 * 1024, true), (10 * 1024 - 30, false)] {
        let mut served = serve(TripleOptions::default(), true);
        served.io.write_all(b"GET /x HTTP/1.1\r\n").await.unwrap();
        sleep(Duration::from_secs(5)).await;
        let field = format!("k: {}\r\n", "v".repeat(bytes - 5));
        served.io.write_all(field.as_bytes()).await.unwrap();
        sleep(Duration::from_secs(10)).await;
        let _ = served.io.write_all(b"host: h\r\nconnection: close\r\n\r\n").await;
        let answer = rest(&mut served.io).await;
        assert_eq!(answer.starts_with("HTTP/1.1 "), served_at_all, "{bytes}: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn half_a_body_over_http1_fails_its_request() {
    let mut served = serve(TripleOptions::default(), true);
    let begin = Instant::now();
    let half = format!("{ECHO1}content-length: 100\r\n\r\n[\"Ada");
    served.io.write_all(half.as_bytes()).await.unwrap();
    let answer = rest(&mut served.io).await;
    assert_eq!(begin.elapsed().as_secs(), 10);
    assert!(answer.contains("bytes of the body of the request came in"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_over_http1_is_closed() {
    for (idle, seconds) in [(TripleOptions::default().idle_timeout, 300), (MINUTE, 60)] {
        let mut options = TripleOptions::default();
        options.idle_timeout = idle;
        let mut served = serve(options, true);
        for _ in 0..3 {
            let whole = format!("{ECHO1}content-length: 7\r\n\r\n[\"Ada\"]");
            served.io.write_all(whole.as_bytes()).await.unwrap();
            let mut answer = [0; 1024];
            let length = served.io.read(&mut answer).await.unwrap();
            assert!(answer[..length].starts_with(b"HTTP/1.1 200"));
            sleep(Duration::from_secs(50)).await;
        }
        let begin = Instant::now();
        rest(&mut served.io).await;
        assert_eq!(begin.elapsed().as_secs() + 50, seconds);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_request_does_not_come_fails_alone() {
    let served = serve(TripleOptions::default(), false);
    let (mut send, _connection, _silence) = client(served.io).await;
    for sent in [None, Some(Bytes::from_static(&[0, 0, 0])), Some(framed(b"hi"))] {
        let begin = Instant::now();
        assert_eq!(status(&mut send, "Echo", sent.clone()).await, "4", "{sent:?}");
        assert_eq!(begin.elapsed().as_secs(), 10, "{sent:?}");
        echo(&mut send).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_may_pause_between_messages_and_not_within_one() {
    let served = serve(TripleOptions::default(), false);
    let (mut send, _connection, _silence) = client(served.io).await;
    let (response, mut body) = send.send_request(request("Each"), false).unwrap();
    let mut back = response.await.unwrap().into_body();
    for _ in 0..3 {
        sleep(10 * MINUTE).await;
        body.send_data(framed(b"hi"), false).unwrap();
        assert_eq!(back.data().await.unwrap().unwrap(), framed(b"hi"));
    }
    let begin = Instant::now();
    body.send_data(Bytes::from_static(&[0, 0, 0]), false).unwrap();
    assert!(back.data().await.is_none());
    let trailers = back.trailers().await.unwrap().unwrap();
    assert_eq!(trailers["grpc-status"], "4");
    assert_eq!(begin.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn half_a_preface_over_http2_ends_its_connection() {
    for (limit, seconds) in [(None, 10), (Some(3), 3)] {
        let mut options = TripleOptions::default();
        if let Some(limit) = limit {
            options.handshake_timeout = Duration::from_secs(limit);
        }
        let mut served = serve(options, false);
        served.io.write_all(b"PRI * HTTP/2.0\r\n\r\n").await.unwrap();
        let begin = Instant::now();
        served.task.await.unwrap();
        assert_eq!(begin.elapsed().as_secs(), seconds);
    }
    let mut options = TripleOptions::default();
    options.handshake_timeout = Duration::ZERO;
    let mut served = serve(options, false);
    served.io.write_all(b"PRI * HTTP/2.0\r\n\r\n").await.unwrap();
    sleep(60 * MINUTE).await;
    assert!(!served.task.is_finished(), "zero is no limit");
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_a_call_over_http2_is_closed() {
    let served = serve(TripleOptions::default(), false);
    let begin = Instant::now();
    let (_send, connection, _silence) = client(served.io).await;
    connection.await.unwrap();
    served.task.await.unwrap();
    assert_eq!(begin.elapsed().as_secs(), 300);

    let mut options = TripleOptions::default();
    options.idle_timeout = Duration::ZERO;
    let served = serve(options, false);
    let (mut send, _connection, _silence) = client(served.io).await;
    sleep(60 * MINUTE).await;
    echo(&mut send).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_carried_a_call_is_kept_while_it_answers() {
    let served = serve(TripleOptions::default(), false);
    let (mut send, _connection, silence) = client(served.io).await;
    echo(&mut send).await;
    sleep(600 * MINUTE + MINUTE / 2).await;
    echo(&mut send).await;
    let begin = Instant::now();
    silence.send(true).unwrap();
    served.task.await.unwrap();
    // The PING of the next minute, and a minute for its answer.
    assert!((60..=120).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn without_an_interval_nobody_is_asked() {
    let mut options = TripleOptions::default();
    options.ping_interval = Duration::ZERO;
    let served = serve(options, false);
    let (mut send, _connection, silence) = client(served.io).await;
    echo(&mut send).await;
    silence.send(true).unwrap();
    sleep(600 * MINUTE).await;
    assert!(!served.task.is_finished());
}

/// The time that a drain takes, which ends in order.
pub(crate) async fn drain(trigger: &Trigger, task: JoinHandle<()>) -> Duration {
    let begin = Instant::now();
    let mut drain = std::pin::pin!(trigger.drain((begin + MINUTE).into_std()));
    assert!(futures_util::poll!(&mut drain).is_pending());
    task.await.unwrap();
    begin.elapsed()
}

#[tokio::test(start_paused = true)]
async fn half_a_request_over_http1_does_not_hold_a_drain() {
    let half = format!("{ECHO1}content-length: 100\r\n\r\n[\"Ada");
    for sent in [&half[..20], &half] {
        let mut served = serve(TripleOptions::default(), true);
        served.io.write_all(sent.as_bytes()).await.unwrap();
        sleep(Duration::from_millis(10)).await;
        let guard = served.trigger.shutdown().guard();
        let took = drain(&served.trigger, served.task).await;
        assert!((1..=2).contains(&took.as_secs()), "{took:?} for {sent:?}");
        drop(guard);
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_over_http2_without_a_call_does_not_hold_a_drain() {
    for (silent, half_a_body) in [(true, false), (false, true), (true, true), (false, false)] {
        let served = serve(TripleOptions::default(), false);
        let (mut send, _connection, silence) = client(served.io).await;
        echo(&mut send).await;
        let begun = half_a_body.then(|| send.send_request(request("Echo"), false).unwrap());
        sleep(Duration::from_millis(10)).await;
        silence.send(silent).unwrap();
        let guard = served.trigger.shutdown().guard();
        let took = drain(&served.trigger, served.task).await;
        assert!(took.as_secs() <= 2, "{took:?} for {silent} {half_a_body}");
        drop((begun, guard));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_pauses_holds_a_drain() {
    let served = serve(TripleOptions::default(), false);
    let (mut send, _connection, _silence) = client(served.io).await;
    let (response, mut body) = send.send_request(request("Join"), false).unwrap();
    body.send_data(framed(b"a"), false).unwrap();
    sleep(Duration::from_millis(10)).await;
    let guard = served.trigger.shutdown().guard();
    let begin = Instant::now();
    let mut draining = std::pin::pin!(served.trigger.drain((begin + MINUTE).into_std()));
    assert!(futures_util::poll!(&mut draining).is_pending());
    sleep(Duration::from_secs(20)).await;
    body.send_data(framed(b"b"), true).unwrap();
    let mut back = response.await.unwrap().into_body();
    assert_eq!(back.data().await.unwrap().unwrap(), framed(b"ab"));
    drop(guard);
}

/// A frame over HTTP/2.
pub(crate) fn frame(kind: u8, flags: u8, stream: u8, body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len()).unwrap();
    [&[0, 0, length, kind, flags, 0, 0, 0, stream], body].concat()
}

#[tokio::test(start_paused = true)]
async fn half_a_frame_or_header_block_over_http2_ends_its_connection() {
    let preface = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(0x4, 0, 0, &[])].concat();
    // A block whose rest would come in a frame of its own; half of a PING; the head of a frame.
    let halves = [frame(0x1, 0, 1, &[0x82]), frame(0x6, 0, 0, &[0; 8])[..12].to_vec(), vec![0; 3]];
    for (half, rate, seconds) in [
        (&halves[0], MinRate::default(), 10),
        (&halves[0], MinRate::new(1024, Duration::from_secs(3)), 3),
        (&halves[1], MinRate::default(), 10),
        (&halves[2], MinRate::default(), 10),
    ] {
        let mut options = TripleOptions::default();
        options.min_rate = rate;
        let mut served = serve(options, false);
        served.io.write_all(&preface).await.unwrap();
        sleep(MINUTE).await;
        let begin = Instant::now();
        served.io.write_all(half).await.unwrap();
        rest(&mut served.io).await;
        assert_eq!(begin.elapsed().as_secs(), seconds, "{half:?}");
    }
}
