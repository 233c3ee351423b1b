//! A small protocol to drive: frames of one length byte and that many bytes, each sent back.

use std::{
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use bytes::{Bytes, BytesMut};
use dubhe_net::{
    Result,
    io::{Io, memory::Network},
    session::{CloseReason, Driver, Eof, Handle, Outbox, Session, SessionOptions},
};
use parking_lot::Mutex;

/// The events of a session.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) frames: Vec<Bytes>,
    pub(crate) closes: Vec<String>,
}

pub(crate) type Log = Arc<Mutex<Seen>>;

/// Sends each frame back; at most `most` are taken before [`Session::poll`] answers them.
pub(crate) struct Echo {
    pub(crate) log: Log,
    pub(crate) most: usize,
    pub(crate) at_eof: Eof,
    pub(crate) waiting: Vec<Bytes>,
}

impl Echo {
    pub(crate) fn new(log: &Log) -> Self {
        Self { log: log.clone(), most: usize::MAX, at_eof: Eof::Close, waiting: Vec::new() }
    }
}

/// Takes a whole frame, with its length.
pub(crate) fn take(input: &mut BytesMut) -> Option<Bytes> {
    let len = 1 + usize::from(*input.first()?);
    (input.len() >= len).then(|| input.split_to(len).freeze())
}

/// A frame as it goes over the wire.
pub(crate) fn frame(body: &[u8]) -> Vec<u8> {
    [&[u8::try_from(body.len()).unwrap()], body].concat()
}

impl Session for Echo {
    fn on_data(&mut self, _: Instant, input: &mut BytesMut, out: &mut Outbox) -> Result<()> {
        while self.wants_input(out)
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

    fn wants_input(&self, out: &Outbox) -> bool {
        !out.is_full() && self.waiting.len() < self.most
    }

    fn on_eof(&mut self, _: usize) -> Eof {
        self.at_eof
    }

    fn on_close(&mut self, why: &CloseReason) {
        self.log.lock().closes.push(why.to_string());
    }
}

/// Options with a small mark, so that little is much.
pub(crate) fn options(high_water: usize) -> SessionOptions {
    let mut options = SessionOptions::default();
    options.write_high_water = high_water;
    options.read_ahead = 0;
    options
}

/// Runs a session in its own task over a pipe of `pipe` bytes; the other end is returned.
pub(crate) fn start<S: Session>(
    pipe: usize,
    options: SessionOptions,
    session: S,
) -> (Io, Handle, tokio::task::JoinHandle<CloseReason>) {
    let ((near, _), (far, peer)) = Network::with_pipe(pipe).pair();
    let driver = Driver::new(far, peer, options, |_| session);
    let handle = driver.handle().clone();
    (near, handle, tokio::spawn(driver))
}

pub(crate) fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}
