//! The half of a connection that callers hold.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use dubhe_core::callback::PassedCallbacks;
use dubhe_core::invoke::{Outcome, Pending};
use dubhe_core::random::{RandomSource, SplitMix};
use dubhe_core::status::{Origin, table};
use dubhe_core::time::{Deadline, after};
use dubhe_core::{
    Call, CallKind, Encoded, Format, Invoke, Invoking, Payload, Reply, Status, Value,
};
use dubhe_net::session::{CloseReason, Handle, SendError};
use dubhe_net::{ErrorKind, pool, time};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::callbacks::Callbacks;
use super::calls::{Answered, Calls, Done, MAX_CALLS, NoRoom, Waiting};
use super::errors::CallLabel;
use super::refusals::RefusalLog;
use super::request_templates::RequestTemplates;
use crate::body::{self, Answer, BodyLimits, Refused, RequestFacts};
use crate::header::{Header, Kind};
use crate::options::DubboOptions;
use crate::serialization::SerializationId;

/// A connection to a peer, as those who call over it see it.
#[derive(Debug)]
pub struct Connection {
    handle: Handle,
    options: Arc<DubboOptions>,
    /// The limits of what bodies may hold, from the options.
    pub(super) limits: BodyLimits,
    pub(super) refusals: RefusalLog,
    calls: Mutex<Calls>,
    /// The services that the peer may call back.
    pub(super) callbacks: Callbacks,
    templates: Mutex<RequestTemplates>,
    /// The peer asked for no new calls.
    readonly: AtomicBool,
    /// This end wants to close once nothing is on its way.
    draining: AtomicBool,
    /// The peer answers nothing, probes included.
    hung: AtomicBool,
    /// The time from a call to a look at what has arrived.
    look_after: Option<Duration>,
    /// The peer has answered a call or a heartbeat.
    answered: AtomicBool,
    /// Bytes ever queued, by callers and by the session.
    queued: AtomicU64,
    /// The notice that the connection stops taking calls.
    state_changed: Notify,
}

/// The reason why a call was not queued.
enum NotSent {
    /// The queue is full: the peer has not taken enough of it.
    Full,
    Failed(Status),
}

impl Connection {
    pub(super) fn new(
        handle: Handle,
        options: Arc<DubboOptions>,
        look_after: Option<Duration>,
    ) -> Self {
        Self {
            handle,
            templates: Mutex::default(),
            callbacks: Callbacks::default(),
            calls: Mutex::new(Calls::new(SplitMix::from_os().next(), options.max_calls)),
            readonly: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            hung: AtomicBool::new(false),
            look_after,
            answered: AtomicBool::new(false),
            queued: AtomicU64::new(0),
            state_changed: Notify::new(),
            limits: options.body(),
            refusals: RefusalLog::default(),
            options,
        }
    }

    /// The connection below.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The number of calls that wait for their replies.
    pub fn waiting(&self) -> usize {
        self.calls.lock().waiting()
    }

    /// Returns `true` if new calls may be sent: neither end is about to close.
    pub fn accepts_calls(&self) -> bool {
        !self.readonly.load(Ordering::Acquire)
            && !self.draining.load(Ordering::Acquire)
            && !self.handle.is_closed()
    }

    /// Returns `true` if either end wants no new calls while the connection still stands.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire) || self.readonly.load(Ordering::Acquire)
    }

    /// Ends the connection in order: a server tells the peer and goes on serving until it is
    /// quiet; a client waits for the replies to its calls.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
        self.state_changed.notify_waiters();
        self.handle.wake();
    }

    pub(super) fn drain_wanted(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    pub(super) fn is_readonly(&self) -> bool {
        self.readonly.load(Ordering::Acquire)
    }

    pub(super) fn set_readonly(&self, readonly: bool) {
        self.readonly.store(readonly, Ordering::Release);
        self.state_changed.notify_waiters();
    }

    pub(super) fn set_hung(&self, hung: bool) {
        self.hung.store(hung, Ordering::Release);
        self.state_changed.notify_waiters();
    }

    /// Returns `true` while calls wait and the peer answers nothing, a heartbeat included.
    pub fn is_hung(&self) -> bool {
        self.hung.load(Ordering::Acquire)
    }

    async fn hung_changed(&self, seen: bool) {
        loop {
            let mut changed = pin!(self.state_changed.notified());
            changed.as_mut().enable();
            if self.is_hung() != seen {
                return;
            }
            changed.await;
        }
    }

    /// Resolves when the connection takes no more calls, for whatever reason.
    pub async fn draining(&self) {
        loop {
            let mut changed = pin!(self.state_changed.notified());
            changed.as_mut().enable();
            if !self.accepts_calls() {
                return;
            }
            changed.await;
        }
    }

    /// Notes bytes that the session queued.
    pub(super) fn count(&self, bytes: usize) {
        self.queued.fetch_add(u64::try_from(bytes).unwrap_or(0), Ordering::Relaxed);
    }

    /// An id for what gets no reply.
    pub(super) fn spare_id(&self) -> u64 {
        self.calls.lock().spare_id()
    }

    /// Begins `call`. Without anything in the way the request is in the queue when this returns,
    /// and no memory was allocated but that of the queue.
    pub fn start(self: &Arc<Self>, mut call: Call) -> Invoking {
        if let Some(passed) = call.head.extensions.get::<PassedCallbacks>().cloned()
            && let Err(status) = self.callbacks.export(&mut call.head, &passed)
        {
            return Invoking::ready(Err(status.with_origin(Origin::Caller)));
        }
        match self.try_start(&call) {
            Ok(invoking) => invoking,
            Err(NotSent::Failed(status)) => Invoking::ready(Err(status)),
            Err(NotSent::Full) => Invoking::boxed(self.clone().start_later(call)),
        }
    }

    async fn start_later(self: Arc<Self>, call: Call) -> Outcome {
        let invoking = loop {
            let room = self.handle.ready();
            match call.head.deadline {
                None => drop(room.await),
                Some(deadline) => {
                    let deadline = tokio::time::Instant::from_std(deadline.instant());
                    if tokio::time::timeout_at(deadline, room).await.is_err() {
                        let what = CallLabel::of(&call.head, &self.handle.peer().remote);
                        return Err(what.too_late(", for the peer reads too slowly"));
                    }
                }
            }
            match self.try_start(&call) {
                Ok(invoking) => break invoking,
                Err(NotSent::Failed(status)) => return Err(status),
                Err(NotSent::Full) => {}
            }
        };
        invoking.await
    }

    fn try_start(self: &Arc<Self>, call: &Call) -> Result<Invoking, NotSent> {
        let head = &call.head;
        let what = CallLabel::of(head, &self.handle.peer().remote);
        let failed = |status| Err(NotSent::Failed(status));
        let now = time::now();
        let left = head.deadline.map(|deadline| deadline.left(now));
        if left.is_some_and(|left| left.is_zero()) {
            return failed(what.too_late(""));
        }
        let two_way = head.method.kind != CallKind::OneWay;
        let deadline = head.deadline.map(Deadline::instant);
        let id = if two_way {
            let waiting = Waiting {
                service: head.service.clone(),
                method: head.method.clone(),
                began: head.arrived.unwrap_or(now),
                deadline,
                position: self.queued.load(Ordering::Relaxed),
            };
            match self.calls.lock().begin(waiting) {
                Ok(id) => id,
                Err(NoRoom::Full) => {
                    let status = what.full(self.options.max_calls.min(MAX_CALLS));
                    self.log_refusal(status.message());
                    return failed(status);
                }
                Err(NoRoom::Closed) => {
                    let why = self.handle.close_reason().unwrap_or(CloseReason::Dropped);
                    return failed(what.lost(&why, false));
                }
            }
        } else {
            self.spare_id()
        };
        let header = Header {
            kind: Kind::Call { two_way },
            serialization: SerializationId::HESSIAN2,
            id,
            length: 0,
        };
        let application = &*self.options.application;
        let template = self.templates.lock().of(head, application);
        let facts = RequestFacts { timeout: left, application, template: template.as_deref() };
        let sent = self.handle.send(|out| {
            let queued = body::frame(out, header, self.options.payload, |w| {
                body::write_request(w, call, &facts)
            })?;
            if two_way {
                // The earliest of these moments counts, so that the timer moves seldom.
                let look = self.look_after.map(|wait| after(now, wait));
                [deadline, look].into_iter().flatten().for_each(|at| out.tick_at(at));
            }
            self.count(queued);
            Ok(())
        });
        let status = match sent {
            Ok(Ok(())) if two_way => return Ok(Invoking::table(self.clone(), id)),
            Ok(Ok(())) => return Ok(Invoking::ready(Ok(nothing()))),
            Ok(Err(Refused::Unwritable(status))) => status.context(&what),
            Ok(Err(Refused::TooLarge(length))) => {
                let status = what.too_large(length, self.options.payload.get());
                self.log_refusal(status.message());
                status
            }
            Err(SendError::Closed(why)) => what.lost(&why, false),
            Err(_) => {
                self.calls.lock().cancel(id);
                return Err(NotSent::Full);
            }
        };
        self.calls.lock().cancel(id);
        failed(status)
    }

    /// A reply arrived.
    pub(super) fn answer(&self, id: u64, answered: Answered) {
        self.note_answer();
        let waker = self.calls.lock().answer(id, answered);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The peer has answered something.
    pub(super) fn note_answer(&self) {
        if !self.answered.load(Ordering::Relaxed) {
            self.answered.store(true, Ordering::Relaxed);
        }
    }

    /// Logs a call that was refused, in either direction.
    #[cold]
    pub(super) fn log_refusal(&self, why: &str) {
        self.refusals.report(&self.handle.peer().remote, why);
    }

    /// A reply arrived that is above the payload limit.
    #[cold]
    pub(super) fn refuse(&self, id: u64, why: &str) {
        let peer = &self.handle.peer().remote;
        self.log_refusal(why);
        let waker = self.calls.lock().fail(id, |w| CallLabel::waiting(w, peer).refused(why));
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Ends the calls whose deadline has passed; gives the next deadline.
    pub(super) fn expire(&self, now: Instant) -> Option<Instant> {
        let peer = &self.handle.peer().remote;
        let why = |w: &Waiting| CallLabel::waiting(w, peer).timed_out(w, now);
        let (next, wakers) = self.calls.lock().expire(now, why);
        wakers.into_iter().for_each(std::task::Waker::wake);
        next
    }

    /// Ends all calls.
    pub(super) fn fail(&self, why: &CloseReason) {
        let peer = &self.handle.peer().remote;
        let written = self.written(why);
        let status = |w: &Waiting| CallLabel::waiting(w, peer).lost(why, w.position < written);
        let wakers = self.calls.lock().close(status);
        self.callbacks.clear();
        self.state_changed.notify_waiters();
        wakers.into_iter().for_each(std::task::Waker::wake);
    }

    /// The number of bytes ever queued that may have left, or may still leave: a call behind them
    /// certainly did not start.
    fn written(&self, why: &CloseReason) -> u64 {
        let nothing_follows = match why {
            CloseReason::Aborted(_)
            | CloseReason::Stalled { .. }
            | CloseReason::Dropped
            | CloseReason::Cut { .. } => true,
            CloseReason::Failed(error) => error.kind() == ErrorKind::Io,
            _ => false,
        };
        if !nothing_follows {
            return u64::MAX;
        }
        let unsent = u64::try_from(self.handle.queued()).unwrap_or(u64::MAX);
        self.queued.load(Ordering::Relaxed).saturating_sub(unsent)
    }

    fn read(&self, answered: Answered, waiting: &Waiting) -> Outcome {
        let what = CallLabel::waiting(waiting, &self.handle.peer().remote);
        if answered.status != table::dubbo::OK {
            let status = body::read_failure(
                answered.status,
                answered.serialization,
                &answered.body,
                &self.limits,
            );
            return Err(status.with_call(&what));
        }
        if answered.serialization != SerializationId::HESSIAN2 {
            return Err(what.bad_reply(format_args!(
                "it is serialized as {} though the request was in hessian2",
                answered.serialization
            )));
        }
        let (answer, mut metadata) = match body::read_reply(&answered.body, &self.limits) {
            Ok(reply) => reply,
            Err(error) => {
                let status = what.bad_reply(&error);
                if error.kind() == dubhe_hessian2::ErrorKind::Limit {
                    self.log_refusal(status.message());
                }
                return Err(status);
            }
        };
        match answer {
            Answer::Value(bytes) => {
                let value = Encoded::delimited(Format::Hessian2, bytes);
                let value = value.with_limits(self.limits.decode.clone());
                Ok(Reply::with_metadata(value.into(), metadata))
            }
            Answer::Exception(value) => {
                let read = body::from_marked(value, &mut metadata, &self.limits);
                Err(match read {
                    // An error of the business keeps its text.
                    Ok(status) if status.is_business() => status.with_headers(metadata),
                    Ok(status) => status.with_headers(metadata).with_call(&what),
                    Err(status) => status.context(&what),
                })
            }
        }
    }
}

/// The reply to a call that has none.
fn nothing() -> Reply {
    Reply::new(Payload::dynamic(Value::Null))
}

impl Pending for Connection {
    fn poll_reply(&self, key: u64, cx: &mut Context<'_>) -> Poll<Outcome> {
        let done = ready!(self.calls.lock().poll(key, cx));
        Poll::Ready(match done {
            Some(Done::Answered(answered, waiting)) => self.read(answered, &waiting),
            Some(Done::Failed(status)) => Err(status),
            None => Err(Status::new(
                dubhe_core::Code::Internal,
                "the call was polled after it had ended",
            )),
        })
    }

    fn cancel(&self, key: u64) {
        self.calls.lock().cancel(key);
        if self.is_draining() {
            // It may have been the last that the end of the connection waits for.
            self.handle.wake();
        }
    }
}

/// Calls the peer of a connection.
#[derive(Clone, Debug)]
pub struct PeerHandle(pub Arc<Connection>);

impl Invoke for PeerHandle {
    fn invoke(&self, call: Call) -> Invoking {
        self.0.start(call)
    }
}

impl pool::Connection for PeerHandle {
    fn load(&self) -> usize {
        self.0.waiting()
    }

    fn is_ready(&self) -> bool {
        self.0.accepts_calls() && !self.0.is_hung()
    }

    fn is_hung(&self) -> bool {
        self.0.is_hung()
    }

    async fn hung_changed(&self, seen: bool) {
        self.0.hung_changed(seen).await;
    }

    fn has_answered(&self) -> bool {
        self.0.answered.load(Ordering::Relaxed)
    }

    async fn draining(&self) {
        self.0.draining().await;
    }

    fn close(&self, now: bool) {
        if now {
            self.0.handle.close("the channel was closed");
        } else {
            self.0.drain();
        }
    }
}
