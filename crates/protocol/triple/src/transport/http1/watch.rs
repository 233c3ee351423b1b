//! The time that a connection may take between requests, and for the head of one.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use dubhe_core::time::after;
use dubhe_net::io::SockAddr;
use dubhe_net::rate::RateMeter;
use dubhe_net::time;
use dubhe_net::timer::EarliestTimer;
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;

use crate::options::TripleOptions;
use crate::transport::drain::DrainWindow;

/// The progress of a connection: shared by its stream, its requests and its timer, all in one task.
pub(super) struct Progress(Mutex<State>);

struct State {
    phase: Phase,
    requests: usize,
    meter: RateMeter,
    idle: Duration,
    drain: Option<Drain>,
    /// The body of the request is awaited, and no response has begun.
    awaits_body: bool,
    responded: bool,
    /// The time since when the peer takes nothing of what is written, and the longest that it may.
    stuck: Option<Instant>,
    stall: Duration,
    /// The moment by which the response has to be sent.
    end_at: Option<Instant>,
    /// The moment at which the stream looks whether the peer has hung up.
    hang_up_due: Option<Instant>,
}

/// The state of a drain.
struct Drain {
    window: DrainWindow,
    /// The bytes that came in the window.
    received: u64,
    /// The time since when the body of the request is not awaited.
    paused: Option<Instant>,
}

enum Phase {
    /// The time between two requests, since this moment.
    Idle(Instant),
    /// Bytes of a head have come.
    Head,
    /// A request is answered.
    Request,
}

impl Progress {
    pub(super) fn new(options: &TripleOptions, remote: &SockAddr) -> Arc<Self> {
        // A TCP socket has room again only when much of its buffers is free, so that a peer that reads
        // slowly would count as one that does not. Its kernel looks at every byte (`user_timeout`).
        let by_kernel = cfg!(target_os = "linux") && remote.ip().is_some();
        let stall = if by_kernel { Duration::ZERO } else { options.write_stall };
        let mut meter = RateMeter::new(options.min_rate);
        meter.restart(time::now());
        Arc::new(Self(Mutex::new(State {
            // The first bytes have been looked at already.
            phase: Phase::Head,
            requests: 0,
            meter,
            idle: options.idle_timeout,
            drain: None,
            awaits_body: false,
            responded: false,
            stuck: None,
            stall,
            end_at: None,
            hang_up_due: None,
        })))
    }

    /// Bytes were read.
    pub(super) fn receive(&self, bytes: usize) {
        let mut state = self.0.lock();
        if let Phase::Idle(_) = state.phase {
            state.phase = Phase::Head;
            state.meter.restart(time::now());
        } else if let Phase::Head = state.phase {
            state.meter.receive(bytes);
        }
        if let Some(drain) = &mut state.drain {
            drain.received =
                drain.received.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        }
    }

    /// A head is whole. The request lasts until the guard is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> InRequest {
        let mut state = self.0.lock();
        state.phase = Phase::Request;
        state.requests += 1;
        (state.awaits_body, state.responded, state.end_at) = (false, false, None);
        if let Some(drain) = &mut state.drain {
            drain.await_body(false);
        }
        InRequest(self.clone())
    }

    /// Notes if the body of the request is awaited.
    pub(super) fn await_body(&self, awaits: bool) {
        let mut state = self.0.lock();
        let state = &mut *state;
        state.awaits_body = awaits && !state.responded;
        if let Some(drain) = &mut state.drain {
            drain.await_body(state.awaits_body);
        }
    }

    /// The head of the response is there.
    fn respond(&self) {
        let mut state = self.0.lock();
        (state.awaits_body, state.responded) = (false, true);
    }

    /// Notes if the peer takes nothing of what is written.
    pub(super) fn set_stuck(&self, stuck: bool) {
        self.0.lock().stuck = stuck.then(time::now);
    }

    /// The response of the present request has to be sent by `at`.
    pub(super) fn end_at(&self, at: Instant) {
        self.0.lock().end_at = Some(at);
    }

    pub(super) fn drain(&self, options: &TripleOptions) {
        let mut state = self.0.lock();
        if state.drain.is_none() {
            let now = time::now();
            let paused = matches!(state.phase, Phase::Request) && !state.awaits_body;
            state.drain = Some(Drain {
                window: DrainWindow::new(options, now),
                received: 0,
                paused: paused.then_some(now),
            });
        }
    }

    /// Says when the stream, which is polled with the connection, is to look after the peer.
    pub(super) fn look_for_hang_up(&self, due: Option<Instant>) {
        self.0.lock().hang_up_due = due;
    }

    /// The next moment to look again, none for none.
    fn look(&self, now: Instant) -> Result<Option<Instant>, String> {
        let mut state = self.0.lock();
        // One that has passed has been used, or waits until bytes are written.
        let hang_up = state.hang_up_due.filter(|due| *due > now);
        let due = state.look(now)?;
        Ok([due, hang_up].into_iter().flatten().min())
    }
}

impl State {
    fn look(&mut self, now: Instant) -> Result<Option<Instant>, String> {
        let state = self;
        let ends = |until: Option<Instant>, why: &str| match until {
            Some(until) if until <= now => Err(why.to_owned()),
            until => Ok(until),
        };
        let stalled = state.stuck.filter(|_| !state.stall.is_zero());
        let stalled = stalled.map(|since| after(since, state.stall));
        let stalled = ends(stalled, "the peer took no byte of a response for too long")?;
        let due = match state.phase {
            Phase::Idle(since) if !state.idle.is_zero() => {
                ends(Some(after(since, state.idle)), "no request came for too long")
            }
            Phase::Idle(_) => Ok(None),
            Phase::Head => {
                let checked = state.meter.check(now, "the head of a request");
                checked.map_err(|error| error.to_string())?;
                let drained = state.drain.as_mut();
                let drained = drained.map(|drain| drain.look(now, "half a head")).transpose()?;
                Ok([state.meter.due(), drained].into_iter().flatten().min())
            }
            Phase::Request if state.awaits_body => {
                state.drain.as_mut().map(|drain| drain.look(now, "half a body")).transpose()
            }
            Phase::Request => ends(state.end_at, "the deadline of a response passed"),
        }?;
        Ok([due, stalled].into_iter().flatten().min())
    }
}

impl Drain {
    /// Notes if the body of the request is awaited: time in which it is not does not count.
    fn await_body(&mut self, awaits: bool) {
        if !awaits {
            self.paused.get_or_insert_with(time::now);
        } else if let Some(since) = self.paused.take() {
            self.window.shift(time::now().saturating_duration_since(since));
        }
    }

    /// The next moment to look again, while the peer owes the rest of a request.
    fn look(&mut self, now: Instant, part: &str) -> Result<Instant, String> {
        if self.window.due() <= now {
            if !self.window.has_progress(now, self.received) {
                return Err(format!("it was drained, with {part}"));
            }
            self.window.restart(now);
            self.received = 0;
        }
        Ok(self.window.due())
    }
}

/// A request that is answered.
pub(super) struct InRequest(Arc<Progress>);

impl Drop for InRequest {
    fn drop(&mut self) {
        let mut state = self.0.0.lock();
        state.requests -= 1;
        if state.requests == 0 {
            state.phase = Phase::Idle(time::now());
            state.meter.stop();
        }
    }
}

/// The timer of a connection.
pub(super) struct ConnectionTimer {
    progress: Arc<Progress>,
    timer: EarliestTimer,
}

impl ConnectionTimer {
    pub(super) fn new(progress: Arc<Progress>) -> Self {
        Self { progress, timer: EarliestTimer::new() }
    }

    /// Becomes ready, with the reason, when the connection has to end. To be polled after the
    /// connection.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<String> {
        loop {
            let due = match self.progress.look(time::now()) {
                Ok(Some(due)) => due,
                Ok(None) => return Poll::Pending,
                Err(why) => return Poll::Ready(why),
            };
            self.timer.advance(due);
            ready!(self.timer.poll(cx));
        }
    }
}

/// A body, or the future of one, that is part of a request until it is dropped.
pub(super) struct During<T> {
    inner: T,
    request: Option<InRequest>,
}

impl<T> During<T> {
    pub(super) fn new(request: InRequest, inner: T) -> Self {
        Self { inner, request: Some(request) }
    }
}

impl<T, B, E> Future for During<T>
where
    T: Future<Output = Result<http::Response<B>, E>> + Unpin,
{
    type Output = Result<http::Response<During<B>>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(Pin::new(&mut self.inner).poll(cx))?;
        let request = self.request.take();
        if let Some(request) = &request {
            request.0.respond();
        }
        Poll::Ready(Ok(response.map(|inner| During { inner, request })))
    }
}

impl<B: Body + Unpin> Body for During<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
