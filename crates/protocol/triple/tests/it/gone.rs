//! Clients over HTTP/1.1 that leave before they have their answers.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use dubhe_triple::http::{Body, HttpService, Service};
use http::{Request, Response};
use http_body::Frame;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::support::{self, serve};

const TYPE: &str = "content-type: application/proto";

/// A request whose body is `hi`.
fn request(path: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: h\r\n{TYPE}\r\ncontent-length: 2\r\n\r\nhi")
}

/// The ways in which a client leaves.
#[derive(Clone, Copy, Debug)]
enum Leave {
    Close,
    Reset,
    /// TCP does not tell it from `Close`.
    HalfClose,
}

impl Leave {
    /// Leaves. What is left of the stream is to be held.
    async fn leave(self, mut stream: TcpStream) -> Option<TcpStream> {
        match self {
            Self::Close => return None,
            Self::Reset => stream.set_zero_linger().unwrap(),
            Self::HalfClose => {
                stream.shutdown().await.unwrap();
                return Some(stream);
            }
        }
        None
    }
}

#[tokio::test]
async fn its_handler_is_dropped_whatever_it_has_sent_behind() {
    let never = request("/test.Plain/Never");
    let half = never.get(..20).unwrap();
    for behind in ["", half, &never, &never.repeat(100)] {
        for leave in [Leave::Close, Leave::Reset, Leave::HalfClose] {
            // Only Linux tells of an end behind bytes that are not read.
            if !behind.is_empty() && !cfg!(target_os = "linux") {
                continue;
            }
            let mut server = serve().await;
            let http1 = support::listen(server.protocol.http1()).await;
            let mut stream = TcpStream::connect(http1.address).await.unwrap();
            stream.write_all(format!("{never}{behind}").as_bytes()).await.unwrap();
            server.started.recv().await.unwrap();
            let _held = leave.leave(stream).await;
            server.dropped.recv().await.unwrap();
            http1.ended.await.unwrap();
            server.started.try_recv().expect_err("nobody waits for the next answer");
        }
    }
}

#[tokio::test]
async fn one_that_stays_gets_all_its_answers() {
    let mut server = serve().await;
    let http1 = support::listen(server.protocol.http1()).await;
    let mut stream = TcpStream::connect(http1.address).await.unwrap();
    stream.write_all(request("/test.Plain/Wait").repeat(3).as_bytes()).await.unwrap();
    let mut all = String::new();
    for answers in 1..=3 {
        server.started.recv().await.unwrap();
        // So long that the server looks after the client.
        tokio::time::sleep(Duration::from_millis(30)).await;
        server.go.notify_one();
        while all.matches("\r\n\r\nhi").count() < answers {
            let mut some = [0; 1024];
            let n = stream.read(&mut some).await.unwrap();
            assert!(n > 0, "{all}");
            all.push_str(std::str::from_utf8(&some[..n]).unwrap());
        }
    }
}

/// Answers with a body that goes on without an end, and tells when that is dropped.
#[derive(Clone)]
struct Endless(mpsc::UnboundedSender<()>);

struct Pieces(mpsc::UnboundedSender<()>, bool);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if std::mem::replace(&mut self.1, true) {
            return Poll::Pending;
        }
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"first")))))
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

impl Service<Request<Body>> for Endless {
    type Response = Response<Pieces>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        ready(Ok(Response::new(Pieces(self.0.clone(), false))))
    }
}

#[tokio::test]
async fn a_body_that_it_was_sent_is_dropped() {
    let (tells, mut dropped) = mpsc::unbounded_channel();
    let protocol = support::protocol().mount("/endless", HttpService::new(Endless(tells)));
    for pipelined in [1, 2] {
        if pipelined > 1 && !cfg!(target_os = "linux") {
            continue;
        }
        let http1 = support::listen(protocol.http1()).await;
        let mut stream = TcpStream::connect(http1.address).await.unwrap();
        stream.write_all(request("/endless").repeat(pipelined).as_bytes()).await.unwrap();
        let mut read = Vec::new();
        while !read.ends_with(b"first\r\n") {
            assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0);
        }
        drop(stream);
        dropped.recv().await.unwrap();
        http1.ended.await.unwrap();
    }
}
