//! Requests of HTTP/1.1 with JSON.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::dubbo::CHAOS;
use crate::Result;

/// Calls a method of the service and returns the status line's code and the body, as it came.
pub(super) fn post(
    to: SocketAddr,
    method: &str,
    headers: &str,
    body: &[u8],
    patience: Duration,
) -> Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect_timeout(&to, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    let head = format!(
        "POST /{CHAOS}/{method} HTTP/1.1\r\nhost: chaos\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: {}\r\n{headers}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    // A server that refuses the request closes before it has read all of it.
    let sent = stream.write_all(body);
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let code = answer.get(9..12).and_then(|code| std::str::from_utf8(code).ok()?.parse().ok());
    match code {
        Some(code) => Ok((code, after_head(&answer))),
        None => {
            sent?;
            read?;
            Err("the server closed without an answer".into())
        }
    }
}

fn after_head(answer: &[u8]) -> Vec<u8> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
    end.and_then(|end| answer.get(end + 4..)).unwrap_or_default().to_vec()
}

/// The number that a method without arguments returns.
pub(super) fn number(to: SocketAddr, method: &str) -> Result<i64> {
    let (code, body) = post(to, method, "", b"[]", Duration::from_secs(5))?;
    let text = String::from_utf8_lossy(&body);
    let number = text.lines().find_map(|line| line.trim().trim_matches('"').parse().ok());
    number.ok_or_else(|| format!("{method} answered {code}: {text}").into())
}
