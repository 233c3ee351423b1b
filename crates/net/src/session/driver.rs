//! The loop that moves the bytes of one connection.

use std::{
    future::Future,
    ops::ControlFlow::{self, Break, Continue},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Instant,
};

use bytes::BytesMut;
use dubhe_core::time::after;
use tokio::io::AsyncWrite;

use super::{
    Activity, CloseReason, Eof, Handle, Outbox, Session, SessionOptions, input::Input,
    outbox::earlier,
};
use crate::{
    Error,
    io::{ConnectionInfo, HangUp, Io},
    memory::{Charge, ConnectionMemory, FREE},
    time,
    timer::EarliestTimer,
};

/// The most of a peer's late input that is read and thrown away after an orderly close, in bytes.
const MAX_LINGER_BYTES: usize = 1024 * 1024;

/// Drives a session over a stream; spawn it, or await it where the connection is served. Ready with
/// the reason when everything is over; dropping it closes the stream at once.
#[must_use = "a connection does nothing unless its driver is awaited or spawned"]
pub struct Driver<S: Session> {
    io: Io,
    session: S,
    handle: Handle,
    options: SessionOptions,
    input: Input,
    out: Outbox,
    /// The bytes of both, counted where they are many.
    held: Charge,
    activity: Activity,
    timer: EarliestTimer,
    next_tick: Option<Instant>,
    /// The last turn gave way to the tasks that send.
    deferred: bool,
    /// More than one message was queued when the queue was last taken.
    gathered: bool,
    /// The transport took bytes that it has not passed on.
    unflushed: bool,
    /// The moment from which the transport has taken nothing although something waits.
    stuck_since: Option<Instant>,
    /// `on_data` left frames because the session wanted no more for the moment.
    left_over: bool,
    /// The end of the stream was read, though the session may have input before it to deal with.
    ended: bool,
    hang_up: HangUp,
    /// The peer ended its side; what to say in the end, and when that is.
    eof: Option<(CloseReason, Eof)>,
    stage: Stage,
}

enum Stage {
    Open,
    /// The session is over, and the last bytes leave.
    Flushing(CloseReason),
    /// This side has ended; the rest of the peer's bytes is awaited.
    Lingering {
        until: Instant,
        left: usize,
    },
    Done,
}

/// The time of a turn, and the bytes that it may still read.
struct Turn {
    now: Instant,
    /// `true` once something ran in the turn that may have taken long.
    stale: bool,
    budget: usize,
}

impl Turn {
    /// The time for what is decoded next, which may run handlers.
    fn now(&mut self) -> Instant {
        if std::mem::replace(&mut self.stale, true) {
            self.now = time::now();
        }
        self.now
    }

    fn spend(&mut self, bytes: usize) {
        self.budget = self.budget.saturating_sub(bytes);
    }
}

// Nothing inside is pinned in place.
impl<S: Session> Unpin for Driver<S> {}

impl<S: Session> Driver<S> {
    /// A driver for `io`; `session` is made with the handle through which other tasks will send.
    /// Must be called within a tokio runtime.
    pub fn new(
        mut io: Io,
        peer: ConnectionInfo,
        options: SessionOptions,
        session: impl FnOnce(&Handle) -> S,
    ) -> Self {
        let handle = Handle::new(peer, &options);
        let now = time::now();
        let received = io.take_prefix();
        Self {
            session: session(&handle),
            io,
            handle,
            left_over: !received.is_empty(),
            input: Input::new(BytesMut::from(received)),
            out: Outbox::with_high_water(options.write_high_water),
            held: Charge::default(),
            options,
            activity: Activity { opened: now, last_read: now, last_write: now },
            timer: EarliestTimer::new(),
            next_tick: Some(now),
            deferred: false,
            gathered: true,
            unflushed: false,
            stuck_since: None,
            ended: false,
            hang_up: HangUp::default(),
            eof: None,
            stage: Stage::Open,
        }
    }

    /// The same, which counts the bytes received and those to be written in `memory` when they are
    /// more than [`FREE`]. What is received is counted before the session sees it.
    pub fn memory(mut self, memory: &ConnectionMemory) -> Self {
        self.held = memory.charge(0);
        self
    }

    /// The way in for other tasks.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Counts what is held.
    #[inline]
    fn count(&mut self) {
        let bytes = self.input.bytes.len() + self.out.len();
        self.held.set(if bytes > FREE { bytes } else { 0 });
    }

    /// A turn of an open connection. `Break` ends it.
    fn turn(&mut self, cx: &mut Context<'_>) -> ControlFlow<CloseReason> {
        if !self.deferred && self.may_gather() && self.handle.shared.defer(cx.waker()) {
            // Other tasks that are ready have more to send: they run before this one comes up
            // again, and all of it leaves in one write.
            self.deferred = true;
            cx.waker().wake_by_ref();
            return Continue(());
        }
        self.deferred = false;
        let now = time::now();
        let taken = self.handle.shared.take(cx.waker(), &mut self.out);
        self.timer.refresh(now, taken.moved);
        if taken.messages > 0 {
            self.gathered = taken.messages > 1;
        }
        if let Some(why) = taken.close {
            return Break(why);
        }
        self.tick(now)?;

        let mut turn = Turn { now, stale: false, budget: self.options.read_budget };
        loop {
            let paused = self.read(&mut turn, cx)?;
            turn.stale = true;
            match self.session.poll(cx, &mut self.out) {
                Poll::Ready(Ok(())) => {
                    let finished = || CloseReason::Local("finished".into());
                    return Break(self.eof.take().map_or_else(finished, |(why, _)| why));
                }
                Poll::Ready(Err(error)) => return Break(CloseReason::Failed(error)),
                Poll::Pending => {}
            }
            // Only now, so that calls which arrived with the end and need no waiting are answered.
            if let Some((why, _)) = self.eof.take_if(|(_, then)| *then == Eof::Close) {
                return Break(why);
            }
            let (full, queued) = (self.out.is_full(), self.out.len());
            self.write(now, cx)?;
            // What stopped the reading, or the session, may be gone by now; nothing else would wake
            // this task for it.
            let has_room = full && !self.out.is_full();
            let goes_on = has_room || paused && self.may_read();
            if !goes_on {
                if paused && turn.budget == 0 {
                    // Not read to its end, so that the transport would not tell of a hang-up.
                    cx.waker().wake_by_ref();
                }
                break;
            }
            turn.spend(queued.saturating_sub(self.out.len()));
            if turn.budget == 0 {
                cx.waker().wake_by_ref();
                break;
            }
        }

        self.count();
        let deaf = self.is_deaf();
        if (deaf || !self.hang_up.is_reading()) && self.hang_up.look(deaf, now, &self.io, cx) {
            cx.waker().wake_by_ref();
        }
        self.next_tick = earlier(self.next_tick, self.out.take_tick());
        let stall = self.stuck_since.map(|since| after(since, self.options.write_stall));
        self.timer.arm(earlier(earlier(self.next_tick, stall), self.hang_up.due()), cx);
        if stall.is_some() {
            self.handle.shared.blocked(self.timer.due());
        }
        Continue(())
    }

    /// Returns true if others may be about to send: giving way was of use last time, or more than one
    /// call is under way.
    fn may_gather(&self) -> bool {
        self.gathered || !self.session.is_alone()
    }

    fn tick(&mut self, now: Instant) -> ControlFlow<CloseReason> {
        self.next_tick = earlier(self.next_tick, self.out.take_tick());
        if self.next_tick.is_some_and(|at| at <= now) {
            match self.session.on_tick(now, self.activity, &mut self.out) {
                Ok(next) => self.next_tick = next,
                Err(error) => return Break(CloseReason::Failed(error)),
            }
        }
        Continue(())
    }

    fn may_read(&self) -> bool {
        self.eof.is_none() && self.session.wants_input(&self.out)
    }

    /// Returns true if the session alone stops the reading. A peer that hangs up with answers unread
    /// resets the connection, so that writing them tells of it.
    fn reads_ahead(&self) -> bool {
        !self.ended && !self.out.is_full() && !self.may_read()
    }

    /// Returns true if the end of the stream would not be seen: nothing is read.
    fn is_deaf(&self) -> bool {
        self.input.bytes.len() >= self.options.read_ahead && self.reads_ahead()
    }

    /// Reads and decodes until nothing is left to read, somebody has enough, or the budget is used
    /// up; true in the last two cases, in which the transport will not wake this task.
    fn read(&mut self, turn: &mut Turn, cx: &mut Context<'_>) -> ControlFlow<CloseReason, bool> {
        while self.eof.is_none() {
            if !self.session.wants_input(&self.out) {
                self.read_ahead(turn, cx)?;
                if self.hang_up.is_seen() {
                    self.session.on_hang_up();
                }
                if !self.session.wants_input(&self.out) {
                    return Continue(true);
                }
            }
            if !self.left_over {
                if turn.budget == 0 {
                    return Continue(true);
                }
                match self.poll_input(turn.now, cx)? {
                    Poll::Pending => {
                        self.input.release_memory();
                        return Continue(false);
                    }
                    Poll::Ready(0) => {
                        let unread = self.input.bytes.len();
                        let why = if unread == 0 {
                            CloseReason::Ended
                        } else {
                            CloseReason::Cut { unread }
                        };
                        self.eof = Some((why, self.session.on_eof(unread)));
                        return Continue(false);
                    }
                    Poll::Ready(n) => turn.spend(n),
                }
            }
            self.count();
            let before = self.input.bytes.len();
            let now = turn.now();
            if let Err(error) = self.session.on_data(now, &mut self.input.bytes, &mut self.out) {
                return Break(CloseReason::Failed(error));
            }
            // A session that took something may have stopped before the last whole frame, and may
            // want that one by now.
            let left = self.input.bytes.len();
            self.left_over = left > 0 && (left < before || !self.session.wants_input(&self.out));
            // Frames decoded from the buffer take a turn's time too, though they cost no read.
            if self.left_over {
                turn.spend(1);
            }
        }
        Continue(true)
    }

    /// Reads, within bounds, what the session does not want yet: a peer that is gone is noticed.
    fn read_ahead(&mut self, turn: &mut Turn, cx: &mut Context<'_>) -> ControlFlow<CloseReason> {
        let most = self.options.read_ahead;
        while turn.budget > 0 && self.input.bytes.len() < most && self.reads_ahead() {
            match self.poll_input(turn.now, cx)? {
                Poll::Pending => break,
                Poll::Ready(0) => self.hang_up.see(),
                Poll::Ready(n) => {
                    self.left_over = true;
                    turn.spend(n);
                }
            }
        }
        Continue(())
    }

    /// Reads once; ready with the number of bytes, 0 at the end of the stream.
    fn poll_input(
        &mut self,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> ControlFlow<CloseReason, Poll<usize>> {
        if self.ended {
            return Continue(Poll::Ready(0));
        }
        match self.input.poll_read(cx, &mut self.io) {
            Poll::Pending => Continue(Poll::Pending),
            Poll::Ready(Err(source)) => Break(read_failed(&self.handle, source)),
            Poll::Ready(Ok(n)) => {
                if n == 0 {
                    self.ended = true;
                } else {
                    self.activity.last_read = now;
                }
                Continue(Poll::Ready(n))
            }
        }
    }

    /// Writes until nothing is left or the transport takes no more.
    fn write(&mut self, now: Instant, cx: &mut Context<'_>) -> ControlFlow<CloseReason> {
        let had = !self.out.is_empty();
        if !had && !self.unflushed {
            self.stuck_since = None;
            return Continue(());
        }
        match self.poll_drain(now, cx) {
            Poll::Ready(Ok(())) => self.stuck_since = None,
            Poll::Ready(Err(source)) => return Break(write_failed(&self.handle, source)),
            Poll::Pending => {
                let since = *self.stuck_since.get_or_insert(now);
                let after = now.saturating_duration_since(since);
                if after >= self.options.write_stall {
                    return Break(CloseReason::Stalled { pending: self.out.len(), after });
                }
            }
        }
        if had {
            self.handle.shared.publish_unsent(self.out.len());
        }
        Continue(())
    }

    fn poll_drain(&mut self, now: Instant, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        while !self.out.is_empty() {
            if ready!(self.out.poll_write(cx, &mut self.io))? == 0 {
                return Poll::Ready(Err(std::io::ErrorKind::WriteZero.into()));
            }
            self.unflushed = true;
            self.activity.last_write = now;
            self.stuck_since = None;
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
            self.unflushed = false;
            self.out.release_memory();
        }
        Poll::Ready(Ok(()))
    }

    /// Ends the connection for the session and for everybody who holds a handle.
    fn end(&mut self, why: CloseReason) {
        self.handle.shared.end(&why, &mut self.out);
        self.stuck_since = None;
        self.hang_up = HangUp::default();
        self.stage = if why.flushes() { Stage::Flushing(why.clone()) } else { Stage::Done };
        self.session.on_close(&why);
    }

    /// The last bytes of an orderly close. Errors matter to nobody any more.
    fn poll_goodbye(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let now = time::now();
        self.timer.refresh(now, true);
        if let Stage::Flushing(why) = &self.stage {
            let why = why.clone();
            let sent = match self.poll_drain(now, cx) {
                Poll::Ready(Ok(())) => Pin::new(&mut self.io).poll_shutdown(cx),
                other => other,
            };
            let peer_ended =
                matches!(why, CloseReason::Ended | CloseReason::Cut { .. }) || self.eof.is_some();
            match sent {
                Poll::Ready(Ok(())) if !peer_ended => {
                    let until = after(now, self.options.linger);
                    self.stage = Stage::Lingering { until, left: MAX_LINGER_BYTES };
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => {
                    let until =
                        after(*self.stuck_since.get_or_insert(now), self.options.write_stall);
                    if until <= now {
                        return Poll::Ready(());
                    }
                    self.timer.arm(Some(until), cx);
                    return Poll::Pending;
                }
            }
        }
        if let Stage::Lingering { until, left } = &mut self.stage {
            while *until > now && *left > 0 {
                self.input.bytes.clear();
                match self.input.poll_read(cx, &mut self.io) {
                    Poll::Ready(Ok(n)) if n > 0 => *left = left.saturating_sub(n),
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => {
                        self.timer.arm(Some(*until), cx);
                        return Poll::Pending;
                    }
                }
            }
        }
        Poll::Ready(())
    }
}

fn read_failed(handle: &Handle, source: std::io::Error) -> CloseReason {
    CloseReason::Failed(Error::io(format!("reading from {} failed", handle.peer().remote), source))
}

fn write_failed(handle: &Handle, source: std::io::Error) -> CloseReason {
    CloseReason::Failed(Error::io(format!("writing to {} failed", handle.peer().remote), source))
}

impl<S: Session> Future for Driver<S> {
    type Output = CloseReason;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CloseReason> {
        let this = self.get_mut();
        if let Stage::Open = this.stage {
            match this.turn(cx) {
                Continue(()) => return Poll::Pending,
                Break(why) => this.end(why),
            }
        }
        ready!(this.poll_goodbye(cx));
        this.stage = Stage::Done;
        Poll::Ready(this.handle.close_reason().unwrap_or(CloseReason::Dropped))
    }
}

impl<S: Session> Drop for Driver<S> {
    fn drop(&mut self) {
        if let Stage::Open = self.stage {
            self.end(CloseReason::Dropped);
        }
    }
}
