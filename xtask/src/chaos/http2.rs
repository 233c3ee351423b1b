//! Frames of HTTP/2, written by hand so that they may be wrong.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::Result;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

pub(super) const ACK: u8 = 1;
pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

/// The code of a reset that a caller sends who has no more interest.
pub(super) const CANCEL: [u8; 4] = [0, 0, 0, 8];

pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    let mut frame = length.get(1..).unwrap_or_default().to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// The head of a gRPC call of the echo service, without any compression.
pub(super) fn request_head() -> Vec<u8> {
    let fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/bench.Echo/Echo"),
        (":authority", "chaos"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    let mut block = Vec::new();
    for (name, value) in fields {
        field(&mut block, name, value);
    }
    block
}

/// A literal field that is not indexed; name and value below 127 bytes (RFC 7541, 6.2.2).
pub(super) fn field(to: &mut Vec<u8>, name: &str, value: &str) {
    to.push(0);
    for text in [name, value] {
        to.push(u8::try_from(text.len()).unwrap_or(u8::MAX) & 0x7f);
        to.extend_from_slice(text.as_bytes());
    }
}

pub(super) fn open_stream(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &request_head())
}

/// A connection of blocking reads and writes, past its prefaces.
#[derive(Debug)]
pub(super) struct Connection(pub(super) TcpStream);

impl Connection {
    pub(super) fn open(to: SocketAddr, patience: Duration) -> Result<Self> {
        let mut stream = TcpStream::connect_timeout(&to, patience)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        stream.write_all(PREFACE)?;
        stream.write_all(&frame(SETTINGS, 0, 0, &[]))?;
        Ok(Self(stream))
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.0.write_all(bytes)?)
    }

    /// Reads one frame: its kind, its flags, its stream and its payload.
    pub(super) fn frame(&mut self) -> Result<(u8, u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head)?;
        let [l0, l1, l2, kind, flags, s0, s1, s2, s3] = head;
        let mut payload = vec![0; usize::try_from(u32::from_be_bytes([0, l0, l1, l2]))?];
        self.0.read_exact(&mut payload)?;
        Ok((kind, flags, u32::from_be_bytes([s0, s1, s2, s3]), payload))
    }

    /// Calls the echo service with an empty message on this stream and waits for the end.
    pub(super) fn echo(&mut self, stream: u32) -> Result<()> {
        self.send(&open_stream(stream))?;
        self.send(&frame(DATA, END_STREAM, stream, &[0; 5]))?;
        loop {
            let (kind, flags, on, payload) = self.frame()?;
            match kind {
                SETTINGS if flags & ACK == 0 => self.send(&frame(SETTINGS, ACK, 0, &[]))?,
                PING if flags & ACK == 0 => self.send(&frame(PING, ACK, 0, &payload))?,
                GOAWAY => return Err(format!("GOAWAY {:02x?}", payload.get(4..8)).into()),
                RST_STREAM if on == stream => {
                    return Err(format!("the stream was reset: {payload:02x?}").into());
                }
                HEADERS | DATA if on == stream && flags & END_STREAM != 0 => return Ok(()),
                _ => {}
            }
        }
    }
}
