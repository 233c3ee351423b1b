//! A request over HTTP/1.1, for what Nacos has no gRPC for.

use std::sync::Arc;

use bytes::Bytes;
use dubhe_core::time::{Duration, SharedClock, after};
use dubhe_net::io::{Address, Dial};
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

/// The longest time of a request.
const TIMEOUT: Duration = Duration::from_secs(3);

/// A client of the HTTP interface of servers, with a connection for each request.
#[derive(Clone)]
pub(crate) struct HttpClient {
    pub(crate) dial: Arc<dyn Dial>,
    pub(crate) clock: SharedClock,
}

/// A request.
pub(crate) struct HttpRequest<'a> {
    pub(crate) method: Method,
    /// The path with its query.
    pub(crate) target: &'a str,
    /// The fields of a form, in a POST.
    pub(crate) form: &'a [(&'a str, &'a str)],
    /// Further headers.
    pub(crate) headers: Vec<(String, String)>,
    /// The bytes of the largest answer.
    pub(crate) limit: usize,
}

impl HttpClient {
    /// Sends a request; the error is for people.
    pub(crate) async fn send(
        &self,
        server: &Address,
        request: HttpRequest<'_>,
    ) -> Result<(StatusCode, Bytes), String> {
        tokio::select! {
            answer = self.exchange(server, request) => answer,
            () = self.clock.sleep_until(after(self.clock.now(), TIMEOUT)) => {
                Err(format!("{server} does not answer within {TIMEOUT:?}"))
            }
        }
    }

    async fn exchange(
        &self,
        server: &Address,
        request: HttpRequest<'_>,
    ) -> Result<(StatusCode, Bytes), String> {
        let failed = |what: &dyn std::fmt::Display| format!("http request to {server}: {what}");
        let body: Vec<String> = request
            .form
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        let mut built = Request::builder()
            .method(request.method)
            .uri(request.target)
            .header(header::HOST, server.to_string())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in &request.headers {
            built = built.header(name, value);
        }
        let built = built.body(Full::new(Bytes::from(body.join("&")))).map_err(|e| failed(&e))?;
        let (io, _) = self.dial.dial(server).await.map_err(|e| e.to_string())?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(io)).await.map_err(|e| failed(&e))?;
        let answer = async {
            let answer = sender.send_request(built).await.map_err(|e| failed(&e))?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), request.limit).collect().await;
            Ok((status, body.map_err(|e| failed(&e))?.to_bytes()))
        };
        let mut answer = std::pin::pin!(answer);
        tokio::select! {
            biased;
            answered = &mut answer => answered,
            // It ends when all of the answer is here.
            _ = connection => answer.await,
        }
    }
}

/// Percent-encoding of a value in a query or a form.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => {
                // Writing to a text never fails.
                let _ = std::fmt::Write::write_fmt(&mut out, format_args!("%{byte:02X}"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn values_are_percent_encoded() {
        assert_eq!(super::encode("a b&c=d+é~"), "a%20b%26c%3Dd%2B%C3%A9~");
    }
}
