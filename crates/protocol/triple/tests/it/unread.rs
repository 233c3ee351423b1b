//! Peers that do not take the replies to their requests.

use std::time::Duration;

use bytes::Bytes;
use dubhe_net::io::{Io, SockAddr};
use dubhe_triple::TripleOptions;
use h2::client::SendRequest;
use h2::{Reason, RecvStream};
use http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::slow::{Served, serve_from};
use crate::support::framed;

const LONG: usize = 4 << 20;
const STALL: u64 = 30;

fn stall(seconds: u64) -> TripleOptions {
    let mut options = TripleOptions::default();
    options.write_stall = Duration::from_secs(seconds);
    options
}

fn unread(options: TripleOptions, http1: bool) -> (Io, JoinHandle<()>) {
    // Over TCP, Linux itself looks whether a peer takes anything.
    let Served { io, trigger, task: serving } =
        serve_from(Some(SockAddr::Unix(None)), options, http1);
    let task = tokio::spawn(async move {
        let _open = trigger;
        serving.await.unwrap();
    });
    (io, task)
}

/// Asks for a long reply over HTTP/1.1, with a timeout in milliseconds if it is given.
async fn ask_http1(io: &mut Io, timeout: Option<u64>) {
    let timeout = timeout.map(|ms| format!("tri-service-timeout: {ms}\r\n")).unwrap_or_default();
    let head = format!(
        "POST /test.Java/hello HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\n{timeout}\
         content-length: {}\r\n\r\n",
        LONG + 4
    );
    io.write_all(head.as_bytes()).await.unwrap();
    io.write_all(format!("[\"{}\"]", "a".repeat(LONG)).as_bytes()).await.unwrap();
}

/// Returns the seconds until the connection has ended.
async fn ended(task: JoinHandle<()>) -> u64 {
    let begin = Instant::now();
    task.await.unwrap();
    begin.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn an_unread_reply_over_http1_ends_its_connection() {
    for (options, seconds) in [(TripleOptions::default(), STALL), (stall(5), 5)] {
        let (mut io, task) = unread(options, true);
        ask_http1(&mut io, None).await;
        assert_eq!(ended(task).await, seconds);
    }
    let (mut io, task) = unread(stall(0), true);
    ask_http1(&mut io, None).await;
    sleep(Duration::from_hours(1)).await;
    assert!(!task.is_finished(), "zero is no limit");
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_is_read_slowly_over_http1_arrives() {
    let (mut io, task) = unread(TripleOptions::default(), true);
    ask_http1(&mut io, None).await;
    let mut read = 0;
    let mut piece = vec![0; 256 * 1024];
    while read < LONG {
        sleep(Duration::from_secs(STALL - 1)).await;
        read += io.read_exact(&mut piece).await.unwrap();
    }
    assert!(!task.is_finished());
}

#[tokio::test(start_paused = true)]
async fn an_unread_reply_over_http1_ends_at_its_deadline() {
    let (mut io, task) = unread(TripleOptions::default(), true);
    ask_http1(&mut io, Some(3_000)).await;
    assert_eq!(ended(task).await, 3);
}

/// More than waits uncounted, and less than a long reply.
fn short() -> Bytes {
    framed(&vec![7; 20_000])
}

/// Connects without a window for replies: their heads alone are taken. It opens to each of `windows`,
/// one after the other, each of them shortly before the reply is given up.
async fn connect_closed(io: Io, windows: &'static [u32]) -> SendRequest<Bytes> {
    let mut builder = h2::client::Builder::new();
    let (send, mut connection) = builder.initial_window_size(0).handshake(io).await.unwrap();
    tokio::spawn(async move {
        for window in windows {
            tokio::select! {
                _ = &mut connection => return,
                () = sleep(Duration::from_secs(STALL - 1)) => {}
            }
            connection.set_initial_window_size(*window).unwrap();
        }
        let _ = connection.await;
    });
    send
}

async fn connect(io: Io) -> SendRequest<Bytes> {
    let (send, connection) = h2::client::handshake(io).await.unwrap();
    tokio::spawn(async move {
        let _ = connection.await;
    });
    send
}

/// Calls over HTTP/2, and returns the body of the response.
async fn ask_http2(
    send: &mut SendRequest<Bytes>,
    path: &str,
    kind: &str,
    timeout: Option<&str>,
    body: Bytes,
) -> RecvStream {
    let mut request = Request::post(format!("http://h/{path}")).header("content-type", kind);
    if let Some(timeout) = timeout {
        request = request.header("tri-service-timeout", timeout);
    }
    let request = request.body(()).unwrap();
    let (response, mut sent) =
        send.clone().ready().await.unwrap().send_request(request, false).unwrap();
    sent.send_data(body, true).unwrap();
    response.await.unwrap().into_body()
}

/// Waits without making room for more until the stream is reset; returns the seconds and the reason.
async fn reset(mut body: RecvStream) -> (u64, Option<Reason>) {
    let begin = Instant::now();
    loop {
        match body.data().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => return (begin.elapsed().as_secs(), error.reason()),
            None => return (begin.elapsed().as_secs(), None),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_unread_message_over_http2_ends_its_stream_alone() {
    for (options, seconds) in [(TripleOptions::default(), STALL), (stall(5), 5)] {
        let (io, _task) = unread(options, false);
        let mut send = connect(io).await;
        let message = framed(&vec![7; LONG]);
        let path = "test.Plain/Repeat";
        let stream = ask_http2(&mut send, path, "application/grpc", None, message.clone()).await;
        let path = "test.Plain/Echo";
        let body = ask_http2(&mut send, path, "application/grpc", None, message).await;
        assert_eq!(reset(body).await, (seconds, Some(Reason::CANCEL)));
        // Who reads a stream may pause.
        let stream = tokio::time::timeout(Duration::from_hours(1), reset(stream)).await;
        assert!(stream.is_err(), "{stream:?}");
        let mut body = ask_http2(&mut send, path, "application/grpc", None, framed(b"hi")).await;
        assert_eq!(body.data().await.unwrap().unwrap(), framed(b"hi"));
    }
    let (io, task) = unread(stall(0), false);
    let mut send = connect(io).await;
    let kind = "application/grpc";
    let _body = ask_http2(&mut send, "test.Plain/Echo", kind, None, framed(&vec![7; LONG])).await;
    sleep(Duration::from_hours(1)).await;
    assert!(!task.is_finished(), "zero is no limit");
}

#[tokio::test(start_paused = true)]
async fn an_unread_reply_without_trailers_over_http2_ends_at_its_deadline() {
    let (io, _task) = unread(TripleOptions::default(), false);
    let mut send = connect(io).await;
    let json = Bytes::from(format!("[\"{}\"]", "a".repeat(LONG)));
    let path = "test.Java/hello";
    let body = ask_http2(&mut send, path, "application/json", Some("3000"), json).await;
    assert_eq!(reset(body).await, (3, Some(Reason::CANCEL)));
}

#[tokio::test(start_paused = true)]
async fn a_short_reply_for_which_there_is_no_window_ends_its_stream_alone() {
    for (options, seconds) in [(TripleOptions::default(), STALL), (stall(5), 5)] {
        let (io, task) = unread(options, false);
        let mut send = connect_closed(io, &[]).await;
        let path = "test.Plain/Echo";
        let body = ask_http2(&mut send, path, "application/grpc", None, short()).await;
        assert_eq!(reset(body).await, (seconds, Some(Reason::CANCEL)));
        assert!(!task.is_finished());
    }
}

#[tokio::test(start_paused = true)]
async fn a_short_reply_waits_for_its_window_and_arrives() {
    let (io, _task) = unread(TripleOptions::default(), false);
    let mut send = connect_closed(io, &[7, 65_535]).await;
    let (path, kind) = ("test.Plain/Echo", "application/grpc");
    let mut body = ask_http2(&mut send, path, kind, None, short()).await;
    let mut got = Vec::new();
    while let Some(piece) = body.data().await {
        got.extend_from_slice(&piece.unwrap());
    }
    assert_eq!(got, short());
    assert_eq!(body.trailers().await.unwrap().unwrap()["grpc-status"], "0");
}
