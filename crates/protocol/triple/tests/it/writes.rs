//! Bytes that a socket does not take, or takes in pieces.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use dubhe_net::detect::Protocol;
use dubhe_net::drain::Trigger;
use dubhe_net::io::{ConnectionInfo, Io};
use http::{HeaderMap, Request};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

use crate::support::{self, framed};

/// Takes seven bytes of each write, and fails after so many bytes.
struct Narrow {
    inner: DuplexStream,
    left: usize,
}

impl AsyncRead for Narrow {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for Narrow {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let most = buf.len().min(7).min(self.left);
        if most == 0 {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let written = Pin::new(&mut self.inner).poll_write(cx, &buf[..most])?;
        if let Poll::Ready(n) = written {
            self.left -= n;
        }
        written.map(Ok)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// Takes all bytes at once, and passes on seven with each flush, as TLS does when its socket is
/// full.
struct Holding {
    inner: DuplexStream,
    held: VecDeque<u8>,
}

impl AsyncRead for Holding {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for Holding {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.held.extend(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let most = self.held.len().min(7);
        let first: Vec<u8> = self.held.iter().take(most).copied().collect();
        if let Poll::Ready(n) = Pin::new(&mut self.inner).poll_write(cx, &first)? {
            self.held.drain(..n);
        }
        if self.held.is_empty() {
            return Pin::new(&mut self.inner).poll_flush(cx);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.as_mut().poll_flush(cx))?;
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

fn narrow(left: usize) -> (DuplexStream, Io) {
    let (client, inner) = tokio::io::duplex(1 << 10);
    (client, Io::from_transport(Box::new(Narrow { inner, left })))
}

fn holding() -> (DuplexStream, Io) {
    let (client, inner) = tokio::io::duplex(1 << 10);
    (client, Io::from_transport(Box::new(Holding { inner, held: VecDeque::new() })))
}

/// Echoes `message` over a connection; the error is that of the client.
async fn echo(message: &Bytes, (client, io): (DuplexStream, Io)) -> Result<Bytes, h2::Error> {
    let address: std::net::SocketAddr = "127.0.0.1:1".parse().unwrap();
    let trigger = Trigger::new();
    let serving =
        support::protocol().serve(io, ConnectionInfo::clear(address, address), trigger.shutdown());
    let served = tokio::spawn(serving);
    let outcome = async {
        let (send, connection) = h2::client::handshake(client).await?;
        tokio::spawn(connection);
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/grpc".parse().unwrap());
        let mut request = Request::post("http://h/test.Plain/Echo").body(()).unwrap();
        *request.headers_mut() = headers;
        let (response, mut body) = send.ready().await?.send_request(request, false)?;
        body.send_data(framed(message), true)?;
        let mut recv = response.await?.into_body();
        let mut got = Vec::new();
        while let Some(chunk) = recv.data().await {
            let chunk = chunk?;
            recv.flow_control().release_capacity(chunk.len())?;
            got.extend_from_slice(&chunk);
        }
        Ok(got.into())
    };
    let outcome = outcome.await;
    // Whatever came of it, the server's side ends too.
    served.await.unwrap();
    outcome
}

#[tokio::test]
async fn bytes_that_are_taken_in_pieces_arrive_whole() {
    let message = Bytes::from(vec![7; 300_000]);
    assert_eq!(echo(&message, narrow(usize::MAX)).await.unwrap(), framed(&message));
}

#[tokio::test]
async fn bytes_that_the_stream_holds_back_are_flushed() {
    for length in [10, 70_000] {
        let message = Bytes::from(vec![7; length]);
        assert_eq!(echo(&message, holding()).await.unwrap(), framed(&message));
    }
}

#[tokio::test]
async fn a_write_that_fails_ends_the_connection() {
    let message = Bytes::from(vec![7; 300_000]);
    for left in [0, 20, 60, 1_000, 100_000] {
        echo(&message, narrow(left)).await.unwrap_err();
    }
}
