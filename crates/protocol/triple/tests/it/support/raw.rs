//! A bare HTTP/2 client.

use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use h2::SendStream;
use h2::client::{ResponseFuture, SendRequest};
use http::{HeaderMap, Request};
use tokio::net::TcpStream;

/// A bare client.
#[derive(Clone)]
pub(crate) struct Raw(SendRequest<Bytes>);

#[derive(Debug, PartialEq)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) trailers: Option<HeaderMap>,
}

pub(crate) struct Started {
    response: ResponseFuture,
    _send: SendStream<Bytes>,
}

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::with_window(address, 65_535).await
    }

    /// Takes so many bytes of a stream that is not read.
    pub(crate) async fn with_window(address: SocketAddr, window: u32) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        // A stream that is not read leaves room for the others.
        let (send, connection) = h2::client::Builder::new()
            .initial_window_size(window)
            .initial_connection_window_size(1 << 20)
            .handshake(stream)
            .await
            .unwrap();
        tokio::spawn(connection);
        Self(send)
    }

    /// Begins a stream and resets it at once.
    pub(crate) async fn reset(
        &mut self,
        path: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<(), h2::Error> {
        let mut request = Request::post(format!("http://test{path}")).body(()).unwrap();
        *request.headers_mut() = headers;
        self.0 = self.0.clone().ready().await?;
        let (_, mut send) = self.0.send_request(request, false)?;
        send.send_data(body, true)?;
        tokio::task::yield_now().await;
        send.send_reset(h2::Reason::CANCEL);
        Ok(())
    }

    /// The streams that the server lets it have at once.
    pub(crate) fn streams(&self) -> usize {
        self.0.current_max_send_streams()
    }

    /// The bytes that the server takes of a stream before it has used them.
    pub(crate) async fn window(&mut self, path: &str, headers: HeaderMap) -> usize {
        let mut request = Request::post(format!("http://test{path}")).body(()).unwrap();
        *request.headers_mut() = headers;
        self.ready().await.unwrap();
        let (_response, mut send) = self.0.send_request(request, false).unwrap();
        send.reserve_capacity(1 << 24);
        std::future::poll_fn(|cx| send.poll_capacity(cx)).await.unwrap().unwrap()
    }

    pub(crate) async fn ready(&mut self) -> Result<(), h2::Error> {
        self.0.clone().ready().await.map(drop)
    }

    pub(crate) async fn start(
        &mut self,
        path: &str,
        headers: HeaderMap,
        body: Option<Bytes>,
    ) -> Started {
        self.begin("POST", path, headers, body).await
    }

    async fn begin(
        &mut self,
        method: &str,
        path: &str,
        headers: HeaderMap,
        body: Option<Bytes>,
    ) -> Started {
        let request = Request::builder().method(method).uri(format!("http://test{path}"));
        let mut request = request.body(()).unwrap();
        *request.headers_mut() = headers;
        self.ready().await.unwrap();
        let (response, mut send) = self.0.send_request(request, body.is_none()).unwrap();
        if let Some(body) = body {
            send.send_data(body, true).unwrap();
        }
        Started { response, _send: send }
    }

    pub(crate) async fn call(
        &mut self,
        path: &str,
        headers: HeaderMap,
        body: Option<Bytes>,
    ) -> Got {
        self.start(path, headers, body).await.response().await
    }

    pub(crate) async fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: HeaderMap,
        body: Option<Bytes>,
    ) -> Got {
        self.begin(method, path, headers, body).await.response().await
    }
}

impl Started {
    /// The head of the reply, and its body, of which nothing is read.
    pub(crate) async fn unread(self) -> (http::response::Parts, h2::RecvStream) {
        self.response.await.unwrap().into_parts()
    }

    pub(crate) async fn response(self) -> Got {
        let (parts, mut recv) = self.response.await.unwrap().into_parts();
        let mut body = BytesMut::new();
        while let Some(chunk) = recv.data().await {
            let chunk = chunk.unwrap();
            recv.flow_control().release_capacity(chunk.len()).unwrap();
            body.extend_from_slice(&chunk);
        }
        let trailers = recv.trailers().await.unwrap();
        Got { status: parts.status.as_u16(), headers: parts.headers, body: body.freeze(), trailers }
    }
}
