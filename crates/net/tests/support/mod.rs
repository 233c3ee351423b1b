//! A small protocol to drive: frames of one length byte and that many bytes, each sent back.

#![allow(dead_code, unreachable_pub, reason = "each test program uses a part")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::{
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use dubhe_net::{
    Result,
    io::{Io, memory::Network},
    session::{Close, Driver, Eof, Handle, Outbox, Session, SessionOptions},
};
use parking_lot::Mutex;

/// What a session saw.
#[derive(Debug, Default)]
pub struct Seen {
    pub frames: Vec<Bytes>,
    pub closes: Vec<String>,
}

pub type Log = Arc<Mutex<Seen>>;

/// Sends each frame back; at most `most` are taken before [`Session::poll`] answers them.
pub struct Echo {
    pub log: Log,
    pub most: usize,
    pub at_eof: Eof,
    pub waiting: Vec<Bytes>,
}

impl Echo {
    pub fn new(log: &Log) -> Self {
        Self { log: log.clone(), most: usize::MAX, at_eof: Eof::Close, waiting: Vec::new() }
    }
}

/// Takes a whole frame, with its length.
pub fn take(input: &mut BytesMut) -> Option<Bytes> {
    let len = 1 + usize::from(*input.first()?);
    (input.len() >= len).then(|| input.split_to(len).freeze())
}

/// A frame as it goes over the wire.
pub fn frame(body: &[u8]) -> Vec<u8> {
    [&[u8::try_from(body.len()).unwrap()], body].concat()
}

impl Session for Echo {
    fn on_data(&mut self, input: &mut BytesMut, _: &mut Outbox) -> Result<()> {
        while self.wants_input()
            && let Some(frame) = take(input)
        {
            self.log.lock().frames.push(frame.slice(1..));
            self.waiting.push(frame);
        }
        Ok(())
    }

    fn poll(&mut self, _: &mut Context<'_>, out: &mut Outbox) -> Poll<Result<()>> {
        self.waiting.drain(..).for_each(|frame| out.push(frame));
        Poll::Pending
    }

    fn wants_input(&self) -> bool {
        self.waiting.len() < self.most
    }

    fn on_eof(&mut self, _: usize) -> Eof {
        self.at_eof
    }

    fn on_close(&mut self, why: &Close) {
        self.log.lock().closes.push(why.to_string());
    }
}

/// Options with a small mark, so that little is much.
pub fn options(high_water: usize) -> SessionOptions {
    let mut options = SessionOptions::default();
    options.write_high_water = high_water;
    options
}

/// Runs a session in its own task over a pipe of `pipe` bytes; the other end is returned.
pub fn start<S: Session>(
    pipe: usize,
    options: SessionOptions,
    session: S,
) -> (Io, Handle, tokio::task::JoinHandle<Close>) {
    let ((near, _), (far, peer)) = Network::with_pipe(pipe).pair();
    let driver = Driver::new(far, peer, options, |_| session);
    let handle = driver.handle().clone();
    (near, handle, tokio::spawn(driver))
}

pub fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}
