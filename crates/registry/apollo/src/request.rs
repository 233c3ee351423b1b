//! A request over HTTP/1.1.

use std::pin::pin;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use dubhe_core::time::after;
use dubhe_core::{Code, Status};
use dubhe_net::io::Address;
use futures_util::future::{Either, select};
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use crate::options::Options;
use crate::sign::authorization;

/// A response: its status, and its body when that is 200.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Options {
    /// Asks one server within `timeout`.
    pub(crate) async fn get(
        &self,
        server: &Address,
        path_and_query: &str,
        timeout: Duration,
    ) -> Result<Answer, Status> {
        let late = self.clock.sleep_until(after(self.clock.now(), timeout));
        match select(late, pin!(self.exchange(server, path_and_query))).await {
            Either::Right((answer, _)) => answer,
            Either::Left(_) => {
                let what = format!("no answer of Apollo at {server} within {timeout:?}");
                Err(Status::new(Code::DeadlineExceeded, what))
            }
        }
    }

    async fn exchange(&self, server: &Address, path_and_query: &str) -> Result<Answer, Status> {
        let failed = |what: &str, error: &dyn std::fmt::Display| {
            let text = format!("cannot {what} Apollo at {server}");
            Status::new(Code::Unavailable, text).context(error)
        };
        let (io, _) = self.dial.dial(server).await.map_err(|error| failed("reach", &error))?;
        let (mut sender, connection) = http1::Builder::new()
            .handshake(TokioIo::new(io))
            .await
            .map_err(|error| failed("talk to", &error))?;
        let request = self.request(server, path_and_query)?;
        let exchange = async {
            let response = sender.send_request(request).await.map_err(|e| failed("ask", &e))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), self.max_body).collect().await;
            let body = body.map_err(|error| {
                let what = format!("{error}; the response may have {} bytes", self.max_body);
                failed("read the response of", &what)
            })?;
            Ok(Answer { status, body: body.to_bytes() })
        };
        // The connection is driven while the exchange goes on; both end together.
        let exchange = pin!(exchange);
        match select(exchange, connection).await {
            Either::Left((answer, _)) => answer,
            // It ends when the response has been read into it; a failure is told by the exchange.
            Either::Right((_, exchange)) => exchange.await,
        }
    }

    fn request(&self, server: &Address, path: &str) -> Result<Request<Empty<Bytes>>, Status> {
        let mut request = Request::get(path)
            .header(header::HOST, server.to_string())
            .header(header::CONNECTION, "close");
        if let Some(secret) = &self.secret {
            let since = self.clock.wall().duration_since(UNIX_EPOCH).unwrap_or_default();
            let timestamp = since.as_millis().to_string();
            let value = authorization(&self.app, secret, &timestamp, path);
            request = request.header(header::AUTHORIZATION, value).header("Timestamp", timestamp);
        }
        request.body(Empty::new()).map_err(|error| {
            Status::new(Code::InvalidArgument, "cannot write a request to Apollo").context(error)
        })
    }
}
