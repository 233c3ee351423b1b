//! A bare HTTP/1.1 client.

use std::net::SocketAddr;

use bytes::{Buf, Bytes};
use http::{HeaderMap, HeaderName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Got;

pub(crate) struct Http1;

impl Http1 {
    /// Sends bytes, and reads until the server has closed the connection.
    pub(crate) async fn raw(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        answer
    }

    /// A request on a connection of its own.
    pub(crate) async fn ask(
        address: SocketAddr,
        method: &str,
        path: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Got {
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n");
        for (name, value) in headers {
            request.extend([name.as_str(), ": ", value.to_str().unwrap(), "\r\n"]);
        }
        let length = body.len().to_string();
        request.extend(["content-length: ", &length, "\r\n\r\n"]);
        let answer = Self::raw(address, &[request.as_bytes(), body].concat()).await;
        parse(answer.into())
    }
}

/// A response that is all there.
pub(crate) fn parse(mut answer: Bytes) -> Got {
    let line = line(&mut answer);
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    let headers = fields(&mut answer);
    if headers.get("transfer-encoding").is_none_or(|value| value != "chunked") {
        return Got { status, headers, body: answer, trailers: None };
    }
    let mut body = Vec::new();
    loop {
        let length = usize::from_str_radix(&self::line(&mut answer), 16).unwrap();
        if length == 0 {
            let trailers = Some(fields(&mut answer)).filter(|trailers| !trailers.is_empty());
            assert!(answer.is_empty());
            return Got { status, headers, body: body.into(), trailers };
        }
        body.extend_from_slice(&answer.split_to(length));
        assert_eq!(self::line(&mut answer), "");
    }
}

fn line(rest: &mut Bytes) -> String {
    let at = rest.windows(2).position(|end| end == b"\r\n").expect("a line ends");
    let line = String::from_utf8(rest.split_to(at).to_vec()).unwrap();
    rest.advance(2);
    line
}

fn fields(rest: &mut Bytes) -> HeaderMap {
    let mut headers = HeaderMap::new();
    loop {
        let line = line(rest);
        let Some((name, value)) = line.split_once(": ") else { return headers };
        headers.append(HeaderName::try_from(name).unwrap(), value.parse().unwrap());
    }
}
