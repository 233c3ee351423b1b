//! PINGs of a client while calls wait, and what they say of the connection.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use std::task::Context;

use dubhe_net::io::SockAddr;
use dubhe_net::keepalive::{Keepalive, KeepaliveOptions, ProbeStep};
use dubhe_net::time;
use dubhe_net::timer::EarliestTimer;
use h2::{Ping, PingPong};

use super::client::{Shared, State};
use super::task_end::TaskEnd;
use crate::transport::coalesced::Flusher;

/// The streams of a connection, by the number of references to it, and the PINGs before them. It owns
/// the task of the connection: the clones of that, and streams, which outlive the channel that began
/// them. When the last one is dropped the task ends in order.
#[derive(Debug, Default)]
pub(super) struct Streams {
    /// A response has come.
    has_answered: AtomicBool,
    /// The end of the task that drives the connection.
    task_end: Arc<TaskEnd>,
    /// A stream has begun since the last look.
    begun: AtomicBool,
    /// The number of PINGs sent.
    pings: AtomicU32,
    /// The number of PINGs that the peer had got before it answered a call.
    answered: AtomicU32,
}

impl Streams {
    pub(super) fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }

    pub(super) fn task_end(&self) -> &Arc<TaskEnd> {
        &self.task_end
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        self.task_end.set(TaskEnd::UNUSED);
    }
}

/// Counts a stream until it is dropped.
pub(crate) struct InFlight {
    streams: Arc<Streams>,
    /// The number of PINGs that were sent before it.
    pings: u32,
}

impl InFlight {
    pub(super) fn new(streams: &Arc<Streams>) -> Self {
        if !streams.begun.load(Ordering::Relaxed) {
            streams.begun.store(true, Ordering::Relaxed);
        }
        Self { streams: streams.clone(), pings: streams.pings.load(Ordering::Acquire) }
    }

    /// The peer sent headers on this stream, and so after the PINGs before it: it counts PINGs anew.
    pub(crate) fn answered(&self) {
        // As a rule nothing is written.
        if !self.streams.has_answered() {
            self.streams.has_answered.store(true, Ordering::Relaxed);
        }
        if self.streams.answered.load(Ordering::Relaxed) != self.pings {
            self.streams.answered.fetch_max(self.pings, Ordering::Relaxed);
        }
    }
}

/// The probes of one connection, polled where that is driven.
pub(super) struct Probes {
    keepalive: Keepalive,
    ping_pong: PingPong,
    /// Set while calls wait, at most once an interval.
    timer: EarliestTimer,
    armed: bool,
    streams: Weak<Streams>,
    connection: Weak<Shared>,
    remote: SockAddr,
}

impl Probes {
    pub(super) fn new(
        options: KeepaliveOptions,
        ping_pong: PingPong,
        connection: &Arc<Shared>,
        remote: SockAddr,
    ) -> Self {
        Self {
            keepalive: Keepalive::new(options),
            ping_pong,
            timer: EarliestTimer::new(),
            armed: false,
            streams: Arc::downgrade(&connection.streams),
            connection: Arc::downgrade(connection),
            remote,
        }
    }

    /// Looks at the connection when it is time, after it has been polled.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, flusher: &Flusher) {
        if self.keepalive.is_hung() {
            if flusher.has_heard() {
                self.look(flusher);
            }
        } else if !self.armed {
            let waiting = self.streams.strong_count() > 1;
            if !waiting || self.keepalive.first_look().is_none() {
                return;
            }
            self.look(flusher);
        }
        while self.armed && self.timer.poll(cx).is_ready() {
            self.look(flusher);
        }
    }

    fn look(&mut self, flusher: &Flusher) {
        self.armed = false;
        let (Some(streams), Some(connection)) = (self.streams.upgrade(), self.connection.upgrade())
        else {
            return;
        };
        if streams.answered.load(Ordering::Relaxed) == streams.pings.load(Ordering::Relaxed) {
            self.keepalive.answered();
        }
        // The connection has one reference, and this is another.
        let waiting = Arc::strong_count(&streams) > 2;
        let waiting = streams.begun.swap(false, Ordering::Relaxed) || waiting;
        let (step, next) = self.keepalive.look(time::now(), flusher.take_heard(), waiting);
        let peer = &self.remote;
        match step {
            ProbeStep::Wait => {}
            ProbeStep::Probe => self.ping(&streams),
            ProbeStep::Hung => {
                tracing::warn!(
                    %peer,
                    "calls wait and the peer answers nothing, not even a PING; it gets no new calls \
                     until it does"
                );
                connection.advance(State::Hung);
            }
            ProbeStep::Alive => {
                tracing::info!(%peer, "the peer answers again");
                connection.advance(State::Open);
            }
            ProbeStep::Dead => {
                tracing::warn!(%peer, "the peer still answers nothing; another connection is opened");
                connection.advance(State::Draining);
            }
        }
        if let Some(next) = next {
            self.timer.reset(next);
            self.armed = true;
        }
    }

    fn ping(&mut self, streams: &Streams) {
        // Forgets the answer to the last one; without it there is one on its way, which does.
        let cx = &mut Context::from_waker(std::task::Waker::noop());
        let _ = self.ping_pong.poll_pong(cx);
        if self.ping_pong.send_ping(Ping::opaque()).is_ok() {
            // Only now, so that a stream which counts it begins behind it.
            streams.pings.fetch_add(1, Ordering::Release);
        }
    }
}
