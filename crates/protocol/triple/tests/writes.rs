//! What becomes of bytes that a socket does not take, or takes in pieces.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

mod support;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use dubhe_net::detect::Protocol;
use dubhe_net::drain::Trigger;
use dubhe_net::io::{Io, Peer};
use http::{HeaderMap, Request};
use support::framed;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

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

/// Echoes `message` over a connection whose server can write `left` bytes; the error is that of
/// the client.
async fn echo(message: &Bytes, left: usize) -> Result<Bytes, h2::Error> {
    let (client, server) = tokio::io::duplex(1 << 10);
    let io = Io::from_transport(Box::new(Narrow { inner: server, left }));
    let address = "127.0.0.1:1".parse().unwrap();
    let trigger = Trigger::new();
    let serving = support::protocol().serve(io, Peer::clear(address, address), trigger.shutdown());
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
    assert_eq!(echo(&message, usize::MAX).await.unwrap(), framed(&message));
}

#[tokio::test]
async fn a_write_that_fails_ends_the_connection() {
    let message = Bytes::from(vec![7; 300_000]);
    for left in [0, 20, 60, 1_000, 100_000] {
        echo(&message, left).await.unwrap_err();
    }
}
