//! Peers that send little, or take little, while the server drains.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dubhe_net::rate::MinRate;
use dubhe_triple::TripleOptions;
use h2::client::{Builder, SendRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt, split};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::slow::{ECHO1, Served, drain, frame, request, rest, serve};
use crate::support::framed;

const SECOND: Duration = Duration::from_secs(1);

/// The seconds of a drain whose peer has sent `first`, and sends `then` every half second.
async fn dribbled(options: TripleOptions, http1: bool, first: &[u8], then: &[u8]) -> u64 {
    let Served { mut io, trigger, task } = serve(options, http1);
    io.write_all(first).await.unwrap();
    sleep(SECOND / 100).await;
    let guard = trigger.shutdown().guard();
    let then = then.to_vec();
    // PINGs of the server are read, and not answered.
    let (mut read, mut write) = split(io);
    let reads = tokio::spawn(async move { read.read_to_end(&mut Vec::new()).await });
    let writes = tokio::spawn(async move {
        while write.write_all(&then).await.is_ok() {
            sleep(SECOND / 2).await;
        }
    });
    let took = drain(&trigger, task).await;
    drop(guard);
    writes.abort();
    reads.await.unwrap().unwrap();
    took.as_secs()
}

fn preface() -> Vec<u8> {
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(0x4, 0, 0, &[])].concat()
}

/// Half a request over HTTP/1.1: of its head, or of its body.
fn halves_http1() -> [String; 2] {
    let half_head = format!("{ECHO1}a: ");
    [half_head, format!("{ECHO1}content-length: 100000\r\n\r\n[\"Ada")]
}

/// The head of a call, without its end, and half of its body.
fn half_http2() -> Vec<u8> {
    let literal = |name: &[u8], value: &[u8]| {
        let length = |text: &[u8]| vec![u8::try_from(text.len()).unwrap()];
        [vec![0], length(name), name.to_vec(), length(value), value.to_vec()].concat()
    };
    let block = [
        vec![0x83, 0x86],
        literal(b":path", b"/test.Plain/Echo"),
        literal(b"content-type", b"application/grpc"),
    ];
    let head = frame(0x1, 0x4, 1, &block.concat());
    [preface(), head, frame(0x0, 0, 1, &[0, 0, 1, 0, 0])].concat()
}

#[tokio::test(start_paused = true)]
async fn a_byte_now_and_then_does_not_hold_a_drain_over_http1() {
    for half in halves_http1() {
        let took = dribbled(TripleOptions::default(), true, half.as_bytes(), b" ").await;
        assert_eq!(took, 1, "{half:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn frames_now_and_then_do_not_hold_a_drain_over_http2() {
    let ping = frame(0x6, 0, 0, b"12345678");
    let window = frame(0x8, 0, 0, &[0, 0, 0, 1]);
    let empty = frame(0x0, 0, 1, b"");
    for (first, then) in [
        (preface(), ping.clone()),
        (preface(), frame(0x4, 0, 0, &[])),
        (preface(), window.clone()),
        // As many bytes as the least rate asks for, and their answers.
        (preface(), ping.repeat(100)),
        (half_http2(), ping.repeat(100)),
        (half_http2(), window.repeat(100)),
        (half_http2(), empty.repeat(10)),
        (half_http2(), frame(0x0, 0, 1, b"x")),
        // The rest of a header block.
        ([preface(), frame(0x1, 0, 1, &[0x83])].concat(), frame(0x9, 0, 1, b"")),
    ] {
        let took = dribbled(TripleOptions::default(), false, &first, &then).await;
        assert_eq!(took, 1, "{first:?} {:?}", &then[..9]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_asks_for_the_least_rate_of_the_options() {
    let mut options = TripleOptions::default();
    options.min_rate = MinRate::new(2, 10 * SECOND);
    let [_, half] = halves_http1();
    // The rate is kept, up to the end of the drain.
    let Served { mut io, trigger, task } = serve(options, true);
    io.write_all(half.as_bytes()).await.unwrap();
    sleep(SECOND / 100).await;
    let _guard = trigger.shutdown().guard();
    let begin = Instant::now();
    let mut draining = std::pin::pin!(trigger.drain((begin + 60 * SECOND).into_std()));
    assert!(futures_util::poll!(&mut draining).is_pending());
    for _ in 0..40 {
        io.write_all(b"x").await.unwrap();
        sleep(SECOND / 2).await;
    }
    assert!(!task.is_finished());
    task.await.unwrap();
    assert!((20..=22).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_upload_at_a_fair_rate_over_http1_is_answered_during_a_drain() {
    let Served { mut io, trigger, task } = serve(TripleOptions::default(), true);
    let guard = trigger.shutdown().guard();
    io.write_all(b"POST /test.Java/hello HTTP/1.1\r\n").await.unwrap();
    sleep(SECOND / 100).await;
    let draining = tokio::spawn(drain_for(trigger, task));
    // The head, then the body.
    let field = |n| format!("k{n}: {}\r\n", "v".repeat(1200));
    for n in 0..8 {
        io.write_all(field(n).as_bytes()).await.unwrap();
        sleep(SECOND / 2).await;
    }
    let head = "host: h\r\ncontent-type: application/json\r\ncontent-length: 40004\r\n\r\n[\"";
    io.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..20 {
        sleep(SECOND * 3 / 4).await;
        io.write_all(&[b'a'; 2000]).await.unwrap();
    }
    io.write_all(b"\"]").await.unwrap();
    let answer = rest(&mut io).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(guard);
    assert!(draining.await.unwrap().as_secs() >= 18);
}

async fn drain_for(trigger: dubhe_net::drain::Trigger, task: JoinHandle<()>) -> Duration {
    drain(&trigger, task).await
}

/// A client over HTTP/2 with this window of a stream.
async fn client(io: dubhe_net::io::Io, window: u32) -> (SendRequest<Bytes>, JoinHandle<()>) {
    let made = Builder::new().initial_window_size(window).handshake(io);
    let (send, connection) = made.await.unwrap();
    let connection = tokio::spawn(async move {
        let _ = connection.await;
    });
    (send, connection)
}

#[tokio::test(start_paused = true)]
async fn an_upload_at_a_fair_rate_over_http2_is_answered_during_a_drain() {
    let Served { io, trigger, task } = serve(TripleOptions::default(), false);
    let guard = trigger.shutdown().guard();
    let (mut send, _connection) = client(io, 65_535).await;
    let (response, mut body) = send.send_request(request("Echo"), false).unwrap();
    let message = framed(&vec![7; 40_000]);
    sleep(SECOND / 100).await;
    let draining = tokio::spawn(drain_for(trigger, task));
    for piece in message.chunks(2000) {
        sleep(SECOND * 3 / 4).await;
        body.send_data(Bytes::copy_from_slice(piece), false).unwrap();
    }
    body.send_data(Bytes::new(), true).unwrap();
    let mut back = response.await.unwrap().into_body();
    let mut came = BytesMut::new();
    while let Some(data) = back.data().await {
        came.extend_from_slice(&data.unwrap());
    }
    assert_eq!(came, message);
    assert_eq!(back.trailers().await.unwrap().unwrap()["grpc-status"], "0");
    drop((guard, send));
    assert!(draining.await.unwrap().as_secs() >= 15);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_is_not_taken_does_not_hold_a_drain() {
    let Served { io, trigger, task } = serve(TripleOptions::default(), false);
    // Its connection answers the PING.
    let (mut send, _connection) = client(io, 0).await;
    let (response, mut body) = send.send_request(request("Echo"), false).unwrap();
    body.send_data(framed(b"hi"), true).unwrap();
    let _unread = response.await.unwrap();
    let guard = trigger.shutdown().guard();
    assert_eq!(drain(&trigger, task).await.as_secs(), 1);
    drop(guard);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_is_taken_at_a_fair_rate_leaves_during_a_drain() {
    let Served { io, trigger, task } = serve(TripleOptions::default(), false);
    let (mut send, _connection) = client(io, 1500).await;
    let (response, mut body) = send.send_request(request("Echo"), false).unwrap();
    let message = framed(&vec![7; 20_000]);
    body.send_data(message.clone(), true).unwrap();
    let mut back = response.await.unwrap().into_body();
    let guard = trigger.shutdown().guard();
    let draining = tokio::spawn(drain_for(trigger, task));
    let mut came = BytesMut::new();
    while let Some(data) = back.data().await {
        let data = data.unwrap();
        came.extend_from_slice(&data);
        sleep(SECOND * 3 / 4).await;
        back.flow_control().release_capacity(data.len()).unwrap();
    }
    assert_eq!(came, message);
    assert_eq!(back.trailers().await.unwrap().unwrap()["grpc-status"], "0");
    drop((guard, send));
    assert!(draining.await.unwrap().as_secs() >= 9);
}
