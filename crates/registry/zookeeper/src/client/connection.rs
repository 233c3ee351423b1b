//! A connection of a session.

use std::collections::VecDeque;
use std::error::Error as _;
use std::fmt;

use bytes::{Bytes, BytesMut};
use dubhe_core::time::{Duration, SharedClock, after};
use dubhe_net::io::Io;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};

use super::Credentials;
use super::driver::SessionState;
use super::exchange::{Command, Request};
use super::session::Session;
use super::watches::WatchKind;
use crate::wire::{
    self, Acl, ConnectRequest, ConnectResponse, Event, Header, Malformed, split_frame, xid,
};

/// No more commands are taken while this many bytes wait to be sent.
const HIGH_WATER: usize = 256 * 1024;

/// Room for one read, in bytes.
const READ_SIZE: usize = 4096;

/// The longest time for the server to confirm the end of the session.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The most bytes of paths in one frame of watches; Java's clients keep to the same, so
/// that no server's `jute.maxbuffer` is exceeded.
const MAX_WATCH_BYTES: usize = 128 * 1024;

/// The reason for which there is no connection (any more).
#[derive(Debug)]
pub(super) struct LossReason {
    why: String,
    /// `true` if the server took the connection and closed it instead of an answer to the handshake.
    pub(super) is_refusal: bool,
}

impl LossReason {
    pub(super) fn new(why: impl fmt::Display) -> Self {
        Self { why: why.to_string(), is_refusal: false }
    }

    /// The cause of a dialer's error; the server it names is known.
    pub(super) fn dial(error: &dubhe_net::Error) -> Self {
        error.source().map_or_else(|| Self::new(error), Self::new)
    }
}

impl fmt::Display for LossReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl From<Malformed> for LossReason {
    fn from(error: Malformed) -> Self {
        Self::new(error)
    }
}

impl From<std::io::Error> for LossReason {
    fn from(error: std::io::Error) -> Self {
        Self::new(error)
    }
}

/// A connection after its handshake.
pub(super) struct Connection {
    reader: ReadHalf<Io>,
    writer: WriteHalf<Io>,
    session: Session,
    acl: Acl,
    /// The session timeout that the server granted.
    timeout: Duration,
    /// The bytes of the largest frame that is read.
    max_frame: usize,
    input: BytesMut,
    output: BytesMut,
    next_id: i32,
    /// The requests that were sent and not answered, in order.
    pending: VecDeque<(i32, Request)>,
}

impl Connection {
    /// Shakes hands over `io`; `None` when the server says that the session is over.
    pub(super) async fn open(
        mut io: Io,
        acl: Acl,
        timeout: Duration,
        max_frame: usize,
        session_state: &SessionState,
    ) -> Result<Option<Self>, LossReason> {
        let (mut input, mut output) = (BytesMut::new(), BytesMut::new());
        let request = ConnectRequest {
            last_zxid: session_state.last_zxid,
            timeout: i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX),
            session: session_state.session.id(),
            password: session_state.session.password(),
        };
        request.write(&mut output);
        io.write_all_buf(&mut output).await?;
        io.flush().await?;
        let frame = loop {
            if let Some(frame) = split_frame(&mut input, max_frame)? {
                break frame;
            }
            if io.read_buf(&mut input).await? == 0 {
                let why = LossReason::new("the server closed the connection during the handshake");
                return Err(LossReason { is_refusal: true, ..why });
            }
        };
        let response = ConnectResponse::read(frame)?;
        let Some(timeout) = u64::try_from(response.timeout).ok().filter(|ms| *ms > 0) else {
            return Ok(None);
        };
        let resumed = session_state.session.id();
        if resumed != 0 && response.session != resumed {
            return Err(LossReason::new("the server goes on with another session than ours"));
        }
        let (reader, writer) = tokio::io::split(io);
        Ok(Some(Self {
            reader,
            writer,
            session: Session::new(response.session, response.password),
            acl,
            timeout: Duration::from_millis(timeout),
            max_frame,
            input,
            output,
            next_id: 1,
            pending: VecDeque::new(),
        }))
    }

    pub(super) fn session(&self) -> Session {
        self.session.clone()
    }

    /// The session timeout that the server granted.
    pub(super) fn session_timeout(&self) -> Duration {
        self.timeout
    }

    /// Sends the credentials before anything else.
    pub(super) fn authenticate(&mut self, credentials: &Credentials) {
        wire::auth(&mut self.output, &credentials.user, &credentials.password);
    }

    /// Takes over the watches that the session had on an earlier connection.
    fn take_over_watches(&mut self, session_state: &mut SessionState) {
        let since = session_state.last_zxid;
        let (mut data, mut absence, mut children) = (Vec::new(), Vec::new(), Vec::new());
        let mut bytes = 0;
        for (what, path) in session_state.watches.live() {
            match what {
                WatchKind::Data => data.push(path),
                WatchKind::Absence => absence.push(path),
                WatchKind::Children => children.push(path),
            }
            bytes += path.len();
            if bytes > MAX_WATCH_BYTES {
                wire::set_watches(&mut self.output, since, &data, &absence, &children);
                bytes = 0;
                [&mut data, &mut absence, &mut children].into_iter().for_each(Vec::clear);
            }
        }
        if bytes > 0 {
            wire::set_watches(&mut self.output, since, &data, &absence, &children);
        }
    }

    /// Serves commands until the connection is lost, or until the client is closed: then `None`.
    pub(super) async fn serve(
        &mut self,
        commands: &mut mpsc::Receiver<Command>,
        session_state: &mut SessionState,
        clock: &SharedClock,
    ) -> Option<LossReason> {
        self.take_over_watches(session_state);
        let closing = match self.run(commands, session_state, clock).await {
            Ok(closing) => closing,
            Err(lost) => return Some(lost),
        };
        tokio::select! {
            _ = self.close_session() => {}
            () = clock.sleep_until(clock.now() + CLOSE_TIMEOUT) => {}
        }
        if let Some(done) = closing {
            // Whoever closed the client may have left.
            let _ = done.send(());
        }
        None
    }

    /// Serves commands until the client is closed, by command or by dropping all handles.
    async fn run(
        &mut self,
        commands: &mut mpsc::Receiver<Command>,
        session_state: &mut SessionState,
        clock: &SharedClock,
    ) -> Result<Option<oneshot::Sender<()>>, LossReason> {
        // As Java's clients: a ping after a third of the timeout, the end after two thirds without
        // a word, so that another server can be found before the session is over.
        let (ping, dead) = (self.timeout / 3, self.timeout.saturating_mul(2) / 3);
        let mut heard = clock.now();
        let mut sent = heard;
        // Requests are answered in order. The oldest that is not, or a ping, has the whole session: bytes may
        // come for ever of a frame whose length is wrong.
        let mut unanswered = None;
        let mut alarm = clock.sleep_until(after(sent, ping));
        let mut flushed = true;
        loop {
            while let Some(frame) = split_frame(&mut self.input, self.max_frame)? {
                self.deliver(frame, session_state)?;
                unanswered = (!self.pending.is_empty()).then(|| clock.now());
            }
            self.input.reserve(READ_SIZE);
            tokio::select! {
                read = self.reader.read_buf(&mut self.input) => {
                    if read? == 0 {
                        return Err(LossReason::new("the server closed the connection"));
                    }
                    heard = clock.now();
                }
                pushed = push(&mut self.writer, &mut self.output),
                    if !flushed || !self.output.is_empty() =>
                {
                    flushed = pushed?;
                    sent = clock.now();
                }
                command = commands.recv(), if self.output.len() < HIGH_WATER => match command {
                    Some(Command::Request(request)) => {
                        unanswered.get_or_insert_with(|| clock.now());
                        self.send(request);
                    }
                    Some(Command::Renew) => {
                        session_state.forget();
                        return Err(LossReason::new("the server has another number for our session"));
                    }
                    Some(Command::Close(done)) => return Ok(Some(done)),
                    None => return Ok(None),
                },
                () = &mut alarm => {
                    let now = clock.now();
                    if now >= after(heard, dead) {
                        return Err(LossReason::new(format_args!("the server sent nothing for {dead:?}")));
                    }
                    if unanswered.is_some_and(|since| now >= after(since, self.timeout)) {
                        let timeout = self.timeout;
                        return Err(LossReason::new(format_args!("the server answered nothing for {timeout:?}")));
                    }
                    if now >= after(sent, ping) {
                        wire::ping(&mut self.output);
                        sent = now;
                        unanswered.get_or_insert(now);
                    }
                    alarm = clock.sleep_until(after(heard, dead).min(after(sent, ping)));
                }
            }
        }
    }

    fn send(&mut self, request: Request) {
        let id = self.next_id;
        // Negative ids have meanings of their own.
        self.next_id = id.checked_add(1).unwrap_or(1);
        request.write(&mut self.output, id, self.acl);
        self.pending.push_back((id, request));
    }

    /// Hands a frame to the request or the watches that it answers.
    fn deliver(
        &mut self,
        frame: Bytes,
        session_state: &mut SessionState,
    ) -> Result<(), LossReason> {
        let (header, mut record) = Header::read(frame)?;
        match header.xid {
            xid::PING | xid::SET_WATCHES => {}
            xid::EVENT => session_state.watches.fire(Event::read(&mut record)?),
            xid::AUTH if header.error != 0 => {
                return Err(LossReason::new(
                    "the server refuses our credentials; check username and password",
                ));
            }
            xid::AUTH => {}
            id => {
                let request = match self.pending.pop_front() {
                    Some((expected, request)) if expected == id => request,
                    _ => return Err(Malformed("a reply without a request").into()),
                };
                if header.zxid > 0 {
                    session_state.last_zxid = header.zxid;
                }
                request.answer(header.error, &mut record, &mut session_state.watches)?;
            }
        }
        Ok(())
    }

    /// Ends the session and waits until the server has done so.
    async fn close_session(&mut self) -> std::io::Result<()> {
        wire::close(&mut self.output, self.next_id);
        self.writer.write_all_buf(&mut self.output).await?;
        self.writer.flush().await?;
        // It closes the connection when the session is gone.
        while self.reader.read_buf(&mut self.input).await? > 0 {
            self.input.clear();
        }
        Ok(())
    }
}

/// Writes some of `output`, or flushes when there is none; says whether everything is flushed.
async fn push(writer: &mut WriteHalf<Io>, output: &mut BytesMut) -> std::io::Result<bool> {
    if output.is_empty() {
        writer.flush().await?;
        return Ok(true);
    }
    match writer.write_buf(output).await? {
        0 => Err(std::io::ErrorKind::WriteZero.into()),
        _ => Ok(false),
    }
}
