//! Frames of the dubbo protocol, written by hand so that they may be wrong.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::hessian;
use crate::Result;

pub(super) const CHAOS: &str = "org.example.chaos.Chaos";
pub(super) const OBJECT: &str = "Ljava/lang/Object;";
pub(super) const INT: &str = "I";
/// The status of an answer without an error of the framework.
pub(super) const OK: u8 = 20;

const TWO_WAY_HESSIAN: u8 = 0xc2;
const ONE_WAY_HESSIAN: u8 = 0x82;

/// A request: one call of a method of [`CHAOS`] with one argument, already encoded, or none.
pub(super) fn call(id: u64, method: &str, types: &str, argument: &[u8]) -> Vec<u8> {
    request(TWO_WAY_HESSIAN, id, method, types, argument, |_| {})
}

/// The same without an answer.
pub(super) fn one_way(id: u64, method: &str, types: &str, argument: &[u8]) -> Vec<u8> {
    request(ONE_WAY_HESSIAN, id, method, types, argument, |_| {})
}

/// A request with attachments of its own.
pub(super) fn with_attachments(
    id: u64,
    method: &str,
    types: &str,
    argument: &[u8],
    attachments: impl FnOnce(&mut Vec<u8>),
) -> Vec<u8> {
    request(TWO_WAY_HESSIAN, id, method, types, argument, attachments)
}

fn request(
    flags: u8,
    id: u64,
    method: &str,
    types: &str,
    argument: &[u8],
    attachments: impl FnOnce(&mut Vec<u8>),
) -> Vec<u8> {
    let mut body = Vec::new();
    for text in ["2.0.2", CHAOS, "0.0.0", method, types] {
        hessian::text(&mut body, text);
    }
    body.extend_from_slice(argument);
    body.push(b'H');
    for text in ["path", CHAOS, "interface", CHAOS] {
        hessian::text(&mut body, text);
    }
    attachments(&mut body);
    body.push(b'Z');
    let mut frame = head(flags, id, body.len());
    frame.append(&mut body);
    frame
}

/// The head of a frame whose body has `length` bytes.
pub(super) fn head(flags: u8, id: u64, length: usize) -> Vec<u8> {
    let mut head = vec![0xda, 0xbb, flags, 0];
    head.extend_from_slice(&id.to_be_bytes());
    head.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    head
}

/// A connection of blocking reads and writes.
#[derive(Debug)]
pub(super) struct Connection(pub(super) TcpStream);

impl Connection {
    pub(super) fn open(to: SocketAddr, patience: Duration) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&to, patience)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Self(stream))
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.0.write_all(bytes)?)
    }

    /// Reads one answer and returns its status and its body.
    pub(super) fn answer(&mut self) -> Result<(u8, Vec<u8>)> {
        loop {
            let mut head = [0; 16];
            self.0.read_exact(&mut head)?;
            let [_, _, flags, status, .., a, b, c, d] = head;
            let length = usize::try_from(u32::from_be_bytes([a, b, c, d]))?;
            let mut body = vec![0; length];
            self.0.read_exact(&mut body)?;
            // Heartbeats and notices are no answers.
            if flags & 0x20 == 0 {
                return Ok((status, body));
            }
        }
    }

    /// Sends a request and reads the answer to it.
    pub(super) fn ask(&mut self, request: &[u8]) -> Result<(u8, Vec<u8>)> {
        self.send(request)?;
        self.answer()
    }
}
