//! Plain HTTP, with nothing of ours between: what curl would send.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Posts the only argument of a method and returns the body of the answer.
pub(super) async fn post(address: &str, method: &str, argument: &str) -> Result<String, String> {
    let answer = tokio::time::timeout(super::TIMEOUT, exchange(address, method, argument));
    let answer = answer.await.map_err(|_| "no answer in time".to_owned())?;
    let answer = answer.map_err(|error| error.to_string())?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    let body = if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        unchunked(body).ok_or("broken chunks")?
    } else {
        body.to_owned()
    };
    if head.starts_with("HTTP/1.1 200") { Ok(body) } else { Err(body) }
}

async fn exchange(address: &str, method: &str, argument: &str) -> std::io::Result<String> {
    // A method that takes an Object takes all of the body as one.
    let body = if method == "any" { argument.to_owned() } else { format!("[{argument}]") };
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "POST /peer.api.JsonService/{method} HTTP/1.1\r\nHost: {address}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn unchunked(mut text: &str) -> Option<String> {
    let mut body = String::new();
    loop {
        let (len, rest) = text.split_once("\r\n")?;
        let len = usize::from_str_radix(len.trim(), 16).ok()?;
        let (chunk, rest) = rest.split_at_checked(len)?;
        if len == 0 {
            return Some(body);
        }
        body.push_str(chunk);
        text = rest.strip_prefix("\r\n")?;
    }
}
