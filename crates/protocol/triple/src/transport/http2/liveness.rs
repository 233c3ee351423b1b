//! The life of a connection beside its requests: idle time, PINGs, and the end of a drain.

use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use dubhe_core::time::after;
use dubhe_net::time;
use dubhe_net::timer::EarliestTimer;
use h2::{Ping, PingPong};

use super::RequestBytes;
use crate::options::TripleOptions;
use crate::transport::drain::DrainWindow;

/// The watch over a connection. Its timer is moved to an earlier moment only, and rings in vain
/// where calls made it needless.
pub(super) struct Liveness<'a> {
    options: &'a TripleOptions,
    pings: Option<PingPong>,
    timer: EarliestTimer,
    opened: Instant,
    /// A request has come.
    carried: bool,
    /// The last PING, while it is not answered, and the bytes that had come before it.
    unanswered: Option<(Instant, u64)>,
    last_ping: Instant,
    /// The beginning of the window in which a frame or a header block has not become whole, and the
    /// bytes that had come before it.
    unfinished: Option<(Instant, u64)>,
    /// The timer is set to the next moment to look, or an earlier one.
    armed: bool,
    drain: Option<Drain>,
}

/// The state of a drain.
struct Drain {
    window: DrainWindow,
    /// The traffic before the window; `None` while a request that is whole is waited for.
    before: Option<Traffic>,
}

/// The facts of a connection that decide.
#[derive(Clone, Copy)]
pub(super) struct Traffic {
    /// Bytes ever received.
    pub(super) received: u64,
    /// Bytes ever written.
    pub(super) written: u64,
    /// The parts of requests in what was received.
    pub(super) parts: RequestBytes,
    /// Requests that are not answered to their end.
    pub(super) requests: usize,
    /// Requests of them that have not arrived to their end and whose handlers have not begun.
    pub(super) receiving: usize,
}

impl Traffic {
    /// The bytes of requests that came since `before`, and of replies that left.
    fn progress_since(&self, before: &Self) -> u64 {
        let parts = (self.parts.bytes).saturating_sub(before.parts.bytes);
        // A PING and the like may be answered each: that is no progress.
        let frames = (self.parts.frames).saturating_sub(before.parts.frames);
        let replies = (self.written).saturating_sub(before.written);
        parts.saturating_add(replies.saturating_sub(frames.saturating_mul(ANSWER)))
    }
}

/// The most bytes of the answer to a frame that is no request (RFC 9113, 6.7).
const ANSWER: u64 = 17;

/// The step that a connection should take.
pub(super) enum CloseStep {
    /// Ends in order, since no call has come for so long.
    Drain(Duration),
    /// Ends at once: the peer is not there, or has nothing that could be lost.
    End(&'static str),
}

impl<'a> Liveness<'a> {
    pub(super) fn new(options: &'a TripleOptions, pings: Option<PingPong>) -> Self {
        let now = time::now();
        Self {
            options,
            pings,
            timer: EarliestTimer::new(),
            opened: now,
            carried: false,
            unanswered: None,
            last_ping: now,
            unfinished: None,
            armed: false,
            drain: None,
        }
    }

    /// A request has come.
    pub(super) fn carry(&mut self) {
        if !std::mem::replace(&mut self.carried, true) {
            self.last_ping = time::now();
            self.armed = false;
        }
    }

    /// A drain begins: a PING tells if the peer is there.
    pub(super) fn drain(&mut self, traffic: Traffic) {
        let now = time::now();
        self.drain =
            Some(Drain { window: DrainWindow::new(self.options, now), before: Some(traffic) });
        self.ping(now, traffic.received);
    }

    fn ping(&mut self, now: Instant, received: u64) {
        if self.unanswered.is_none()
            && let Some(pings) = &mut self.pings
            && pings.send_ping(Ping::opaque()).is_ok()
        {
            self.unanswered = Some((now, received));
            self.last_ping = now;
        }
    }

    /// Becomes ready when the connection should end. It is `unfinished` while a frame or a header block
    /// is not whole.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        unfinished: bool,
        traffic: impl Fn() -> Traffic,
    ) -> Poll<CloseStep> {
        if unfinished != self.unfinished.is_some() && !self.options.min_rate.is_none() {
            self.unfinished = unfinished.then(|| (time::now(), traffic().received));
            self.armed &= !unfinished;
        }
        if self.unanswered.is_some()
            && let Some(pings) = &mut self.pings
            && matches!(pings.poll_pong(cx), Poll::Ready(Ok(_)))
        {
            self.unanswered = None;
        }
        if self.armed && self.drain.is_none() && self.timer.poll(cx).is_pending() {
            return Poll::Pending;
        }
        loop {
            let now = time::now();
            let traffic = traffic();
            let late = self.look_at_rate(now, traffic.received);
            let due =
                late.and_then(|rate| Ok(rate.into_iter().chain(self.look(now, traffic)?).min()));
            let due = match due {
                Ok(Some(due)) => due,
                Ok(None) => {
                    self.armed = false;
                    return Poll::Pending;
                }
                Err(step) => return Poll::Ready(step),
            };
            self.timer.advance(due);
            self.armed = true;
            if self.timer.poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// The next moment to look at the rate of what is not whole.
    fn look_at_rate(&mut self, now: Instant, received: u64) -> Result<Option<Instant>, CloseStep> {
        let Some((since, before)) = self.unfinished else { return Ok(None) };
        let rate = self.options.min_rate;
        let elapsed = now.saturating_duration_since(since);
        if elapsed < rate.window {
            return Ok(Some(after(since, rate.window)));
        }
        if received.saturating_sub(before) < rate.least(elapsed) {
            return Err(CloseStep::End("a frame or a header block came too slowly"));
        }
        self.unfinished = Some((now, received));
        Ok(Some(after(now, rate.window)))
    }

    /// The next moment to look again.
    fn look(&mut self, now: Instant, traffic: Traffic) -> Result<Option<Instant>, CloseStep> {
        let Traffic { received, requests, receiving, .. } = traffic;
        let options = self.options;
        if let Some(drain) = &mut self.drain {
            if requests > receiving {
                drain.before = None;
                return Ok(None);
            }
            let progress = drain.before.map(|before| traffic.progress_since(&before));
            let over = drain.window.due() <= now;
            if over && progress.is_some_and(|bytes| !drain.window.has_progress(now, bytes)) {
                return Err(CloseStep::End("it was drained"));
            }
            if over || progress.is_none() {
                drain.window.restart(now);
                drain.before = Some(traffic);
            }
            let due = drain.window.due();
            return if due > now { Ok(Some(due)) } else { Err(CloseStep::End("it was drained")) };
        }
        if !self.carried {
            let idle = options.idle_timeout;
            if idle.is_zero() {
                return Ok(None);
            }
            let until = after(self.opened, idle);
            return if until > now { Ok(Some(until)) } else { Err(CloseStep::Drain(idle)) };
        }
        let interval = options.ping_interval;
        if interval.is_zero() {
            return Ok(None);
        }
        let due = after(self.last_ping, interval);
        if due > now {
            return Ok(Some(due));
        }
        if let Some((sent, before)) = self.unanswered {
            // An answer may be behind much data.
            let least = options.min_rate.least(now.saturating_duration_since(sent)).max(1);
            if received.saturating_sub(before) < least {
                return Err(CloseStep::End("the peer answered no PING"));
            }
            self.last_ping = now;
            self.unanswered = Some((now, received));
        } else {
            self.ping(now, received);
        }
        Ok(Some(after(now, interval)))
    }
}
