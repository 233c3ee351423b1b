//! The budget of memory of a connection and of a server, over HTTP/2 and HTTP/1.1.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use dubhe_net::detect::Protocol;
use dubhe_net::drain::Trigger;
use dubhe_net::io::{ConnectionInfo, Io};
use dubhe_net::memory::{FREE, MemoryBudget, MemoryOptions};
use dubhe_testkit::wait_until;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, Request};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::net::TcpStream;

use crate::support::{self, Http1, Listening, Raw, Server, framed, headers, listen, serve};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
const ECHO: &str = "/test.Plain/Echo";
const WAIT: &str = "/test.Plain/Wait";
/// The bytes in front of a message over gRPC.
const PREFIX: usize = 5;
const EXHAUSTED: &str = "8";

struct Limited {
    server: Server,
    budget: Arc<MemoryBudget>,
    http2: SocketAddr,
    http1: SocketAddr,
    _listening: [Listening; 2],
}

/// A server with these limits.
async fn limited(of_server: usize, of_connection: usize) -> Limited {
    let options = MemoryOptions::default().server(of_server).connection(of_connection);
    let budget = MemoryBudget::new(options);
    let server = serve().await;
    let protocol = server.protocol.clone().memory(budget.clone());
    let (one, two) = (listen(protocol.http1()).await, listen(protocol).await);
    let (http1, http2) = (one.address, two.address);
    Limited { server, budget, http2, http1, _listening: [one, two] }
}

fn grpc() -> HeaderMap {
    headers(&[("content-type", "application/grpc"), ("te", "trailers")])
}

fn message(bytes: usize) -> Bytes {
    framed(&vec![0; bytes])
}

fn assert_refused(headers: &HeaderMap, budget: &str) {
    assert_eq!(headers["grpc-status"], EXHAUSTED);
    let text = headers["grpc-message"].to_str().unwrap();
    assert!(text.contains(&format!("raise memory.{budget} of the server")), "{text}");
    assert_eq!(headers["dubhe-unstarted"], "1");
}

#[tokio::test]
async fn a_connection_over_http2_holds_its_limit_and_not_one_byte_more() {
    const EACH: usize = 100 * KIB;
    let both = 2 * (EACH + PREFIX);
    for limit in [both, both - 1] {
        let mut limited = limited(0, limit).await;
        let mut raw = Raw::connect(limited.http2).await;
        let first = raw.start(WAIT, grpc(), Some(message(EACH))).await;
        limited.server.started.recv().await.unwrap();
        let second = raw.start(WAIT, grpc(), Some(message(EACH))).await;
        if limit == both {
            limited.server.started.recv().await.unwrap();
            // At the limit a call is still taken.
            let third = raw.call(ECHO, grpc(), Some(message(FREE))).await;
            assert_eq!(third.headers.get("grpc-status"), None);
            limited.server.go.notify_one();
            limited.server.go.notify_one();
            assert_eq!(second.response().await.body.len(), PREFIX + EACH);
        } else {
            assert_refused(&second.response().await.headers, "connection");
            limited.server.go.notify_one();
        }
        assert_eq!(first.response().await.body.len(), PREFIX + EACH);
        wait_until("all is free", || limited.budget.used() == 0).await;
    }
}

#[tokio::test]
async fn a_connection_above_its_limit_takes_no_call() {
    let mut limited = limited(0, 100 * KIB).await;
    let mut raw = Raw::connect(limited.http2).await;
    let mut waiting = Vec::new();
    // Of short requests each is counted when its handler waits.
    for _ in 0..11 {
        waiting.push(raw.start(WAIT, grpc(), Some(message(10 * KIB))).await);
        limited.server.started.recv().await.unwrap();
    }
    wait_until("all count", || limited.budget.used() == 128 * KIB).await;
    let refused = raw.call(ECHO, grpc(), Some(message(1))).await;
    assert_refused(&refused.headers, "connection");
    limited.server.go.notify_waiters();
    for call in waiting {
        assert_eq!(call.response().await.body.len(), PREFIX + 10 * KIB);
    }
    wait_until("all is free", || limited.budget.used() == 0).await;
    assert_eq!(
        raw.call(ECHO, grpc(), Some(message(1))).await.trailers.unwrap()["grpc-status"],
        "0"
    );
}

#[tokio::test]
async fn a_message_that_grows_above_the_limit_ends_its_stream_alone() {
    let limited = limited(0, 512 * KIB).await;
    let mut raw = Raw::connect(limited.http2).await;
    // Most of a message: the rest never comes.
    let most = message(4 * KIB * KIB).slice(..KIB * KIB);
    for path in [ECHO, "/test.Plain/Each"] {
        let got = raw.call(path, grpc(), Some(most.clone())).await;
        let end = got.trailers.as_ref().unwrap_or(&got.headers);
        assert_eq!(end["grpc-status"], EXHAUSTED, "{path}");
        wait_until("its bytes are free", || limited.budget.used() == 0).await;
    }
    let served = raw.call(ECHO, grpc(), Some(message(300 * KIB))).await;
    assert_eq!(served.body.len(), PREFIX + 300 * KIB);
}

#[tokio::test]
async fn decompressed_bytes_count() {
    let body = packed(KIB * KIB);
    let packed = &body[PREFIX..];
    let mut compressed = grpc();
    compressed.insert("grpc-encoding", "gzip".parse().unwrap());
    for (limit, served) in [(KIB * KIB, true), (KIB * KIB - 1, false)] {
        let limited = limited(0, limit).await;
        let mut raw = Raw::connect(limited.http2).await;
        let got = raw.call(ECHO, compressed.clone(), Some(body.clone())).await;
        if served {
            assert_eq!(got.trailers.unwrap()["grpc-status"], "0");
        } else {
            assert_refused(&got.headers, "connection");
        }

        let plain = headers(&[("content-type", "application/proto"), ("content-encoding", "gzip")]);
        let got = Http1::ask(limited.http1, "POST", ECHO, &plain, packed).await;
        assert_eq!(got.status, if served { 200 } else { 429 });
    }
}

#[tokio::test]
async fn a_body_over_http1_has_the_limit_of_its_connection() {
    let body = vec![0; 100 * KIB];
    let proto = headers(&[("content-type", "application/proto")]);
    for (limit, status) in [(body.len(), 200), (body.len() - 1, 429)] {
        let limited = limited(0, limit).await;
        let got = Http1::ask(limited.http1, "POST", ECHO, &proto, &body).await;
        assert_eq!(got.status, status, "{:?}", got.body);
        let text = String::from_utf8_lossy(&got.body);
        assert_eq!(text.contains("raise memory.connection"), status == 429, "{text}");
        wait_until("all is free", || limited.budget.used() == 0).await;
    }
}

#[tokio::test]
async fn connections_that_fill_the_server_leave_room_for_small_calls() {
    let mut limited = limited(256 * KIB, 0).await;
    let mut one = Raw::connect(limited.http2).await;
    let waiting = one.start(WAIT, grpc(), Some(message(200 * KIB))).await;
    limited.server.started.recv().await.unwrap();
    let mut two = Raw::connect(limited.http2).await;
    let refused = two.call(ECHO, grpc(), Some(message(100 * KIB))).await;
    assert_refused(&refused.headers, "server");
    let small = two.call(ECHO, grpc(), Some(message(FREE - PREFIX))).await;
    assert_eq!(small.trailers.unwrap()["grpc-status"], "0");

    // Half a body holds its bytes until its connection ends.
    let mut half = TcpStream::connect(limited.http1).await.unwrap();
    let head = format!(
        "POST {ECHO} HTTP/1.1\r\nhost: h\r\ncontent-type: application/proto\r\n\
         content-length: 1000000\r\n\r\n"
    );
    half.write_all(head.as_bytes()).await.unwrap();
    half.write_all(&vec![0; 50 * KIB]).await.unwrap();
    wait_until("the half counts", || limited.budget.used() == 256 * KIB).await;
    drop(half);
    wait_until("it is free", || limited.budget.used() == 192 * KIB).await;
    limited.server.go.notify_one();
    assert_eq!(waiting.response().await.body.len(), PREFIX + 200 * KIB);
    wait_until("all is free", || limited.budget.used() == 0).await;
}

/// Replies that wait are counted, but for the first 16 KiB of short ones on a connection.
#[tokio::test]
async fn short_replies_that_nobody_takes_count() {
    for (bytes, uncounted) in [(32_000, 0), (8_000, 2), (1_000, 16)] {
        let limited = limited(0, MIB).await;
        let mut raw = Raw::with_window(limited.http2, 0).await;
        let mut open = Vec::new();
        // One by one, so that no request waits for memory.
        let refused = loop {
            let started = raw.start(ECHO, grpc(), Some(message(bytes))).await;
            let (head, body) = started.unread().await;
            if head.headers.contains_key("grpc-status") {
                break head;
            }
            open.push(body);
            assert!(open.len() <= MIB / bytes + 4, "replies are in no budget");
            if bytes == 1_000 && open.len() == 500 {
                break head;
            }
        };
        if bytes == 1_000 {
            assert_eq!(limited.budget.used(), 512 * KIB);
        } else {
            assert_refused(&refused.headers, "connection");
            assert_eq!(open.len(), uncounted + MIB / (bytes + PREFIX) + 1);
        }
        drop((open, raw));
        wait_until("all is free", || limited.budget.used() == 0).await;
    }
}

/// A socket of a client that does not read.
struct Deaf(DuplexStream);

impl AsyncRead for Deaf {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Deaf {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// The windows are open, and HTTP/2 has all that the socket does not take.
#[tokio::test]
async fn replies_on_a_socket_that_nobody_reads_count() {
    const CALLS: usize = 40;
    let compressed = headers(&[("content-type", "application/grpc"), ("grpc-encoding", "gzip")]);
    for bytes in [30_000, 300_000] {
        let budget = MemoryBudget::new(MemoryOptions::default().connection(0).server(0));
        let (client, io) = tokio::io::duplex(64 * KIB);
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let (peer, trigger) = (ConnectionInfo::clear(address, address), Trigger::new());
        let protocol = support::protocol().memory(budget.clone());
        let io = Io::from_transport(Box::new(io));
        let serving = tokio::spawn(protocol.serve(io, peer, trigger.shutdown()));
        let mut builder = h2::client::Builder::new();
        builder.initial_window_size(1 << 30).initial_connection_window_size(1 << 30);
        let (send, connection) = builder.handshake(Deaf(client)).await.unwrap();
        tokio::spawn(connection);
        let mut open = Vec::new();
        // Short on the wire: the client does not hear that it may send more.
        let request = packed(bytes);
        for _ in 0..CALLS {
            let mut post = Request::post(format!("http://h{ECHO}")).body(()).unwrap();
            *post.headers_mut() = compressed.clone();
            let mut ready = send.clone().ready().await.unwrap();
            let (response, mut body) = ready.send_request(post, false).unwrap();
            body.send_data(request.clone(), true).unwrap();
            open.push((response, body));
        }
        // A server that cannot write reads no further requests after a while.
        wait_until("many count", || budget.used() > 8 * bytes).await;
        serving.abort();
        wait_until("all is free", || budget.used() == 0).await;
    }
}

/// A compressed message of so many bytes.
fn packed(bytes: usize) -> Bytes {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&vec![0; bytes]).unwrap();
    let mut body = framed(&packed.finish().unwrap()).to_vec();
    body[0] = 1;
    body.into()
}
