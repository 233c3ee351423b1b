//! The half of a connection that runs in its task.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use dubhe_core::callback::CallbackSlots;
use dubhe_core::invoke::BackChannel;
use dubhe_core::serve::{self, Dispatch};
use dubhe_core::time::after;
use dubhe_core::{Peer, Status};
use dubhe_net::long_replies::LongReplies;
use dubhe_net::memory::{Charge, ConnectionMemory, FREE};
use dubhe_net::poll_watch::PollWatch;
use dubhe_net::rate::RateMeter;
use dubhe_net::session::{Activity, CloseReason, Handle, Outbox, Session};
use dubhe_net::{Error, ErrorKind, Result, time};

use super::calls::Answered;
use super::handlers::HandlerSet;
use super::heartbeat::{Beat, Heartbeat};
use super::inbound::Ticket;
use super::offload::Offload;
use super::one_way::OverdueLog;
use super::probes::Probes;
use super::request_cache::RequestCache;
use super::{Connection, PeerHandle, Role};
use crate::body::Event;
use crate::frame::{Frame, Splitter};
use crate::header::{Header, Kind};
use crate::options::DubboOptions;
use crate::serialization::SerializationId;

/// The bytes of a frame that is not whole from which on it goes no further when memory is used up.
const GROWING: usize = 4 * FREE;

/// A dubbo connection as [`dubhe_net::session::Driver`] drives it.
pub struct Exchange {
    pub(super) role: Role,
    pub(super) options: Arc<DubboOptions>,
    pub(super) connection: Arc<Connection>,
    pub(super) dispatch: Option<Arc<dyn Dispatch>>,
    pub(super) peer: Arc<Peer>,
    pub(super) handlers: HandlerSet<Ticket>,
    pub(super) last_call: Instant,
    pub(super) offload: Offload,
    pub(super) request_cache: RequestCache,
    /// Handlers begun in this task during the present batch of input.
    pub(super) in_place: u32,
    pub(super) overdue: OverdueLog,
    pub(super) watch: Option<Arc<PollWatch>>,
    pub(super) long_replies: Option<Arc<LongReplies>>,
    pub(super) memory: ConnectionMemory,
    /// The bytes of the requests whose handlers run, counted once a turn.
    pub(super) running: Charge,
    splitter: Splitter,
    heartbeat: Heartbeat,
    pub(super) keepalive: Probes,
    /// The next frame, which was left in the input because there was no room for it.
    held: Option<Kind>,
    /// The rate at which a frame comes that is not whole.
    meter: RateMeter,
    /// The bytes of it that were there when input was last looked at.
    left: usize,
    /// The last time at which reading was seen to be stopped by the limit of running calls.
    not_reading: Option<Instant>,
    drain: Drain,
}

/// The progress of the orderly end of a connection.
enum Drain {
    No,
    /// The peer knows; the connection closes when it has been quiet since this moment, or since
    /// the last call, for long enough.
    Since(Instant),
}

impl Exchange {
    /// The exchange behind `handle`. `dispatch` answers the calls of the peer; without it they
    /// are refused.
    pub fn new(
        handle: &Handle,
        role: Role,
        options: Arc<DubboOptions>,
        dispatch: Option<Arc<dyn Dispatch>>,
    ) -> Self {
        let keepalive = Probes::new(role, options.keepalive);
        let look_after = keepalive.first_look();
        let connection = Connection::new(handle.clone(), options.clone(), look_after);
        let connection = Arc::new(connection);
        let net = handle.peer();
        let certificate = net.tls.as_ref().and_then(|tls| tls.certificates.first().cloned());
        let mut peer = Peer {
            remote: Some(net.remote.clone()),
            local: Some(net.local.clone()),
            protocol: "dubbo".into(),
            certificate,
            ..Peer::default()
        };
        peer.extensions.insert(BackChannel(Arc::new(PeerHandle(connection.clone()))));
        peer.extensions.insert(CallbackSlots::default());
        let peer = Arc::new(peer);
        Self {
            role,
            connection,
            dispatch,
            peer,
            handlers: HandlerSet::new(),
            last_call: time::now(),
            offload: Offload::new(options.max_ready_replies),
            request_cache: RequestCache::default(),
            in_place: 0,
            overdue: OverdueLog::default(),
            watch: None,
            long_replies: None,
            memory: ConnectionMemory::default(),
            running: Charge::default(),
            splitter: Splitter::new(options.payload).max_resync(options.max_resync),
            heartbeat: Heartbeat::new(role, options.heartbeat),
            keepalive,
            held: None,
            meter: RateMeter::new(options.min_rate),
            left: 0,
            not_reading: None,
            drain: Drain::No,
            options,
        }
    }

    /// The same, with a watchdog over the polls of handlers.
    pub fn poll_watch(mut self, watch: Option<Arc<PollWatch>>) -> Self {
        self.handlers.watch(watch.clone());
        self.watch = watch;
        self
    }

    /// The same, which lets other tasks go on while replies are encoded that `long` expects to be long.
    /// To be driven in a task that [`tokio::spawn`] started.
    pub fn long_replies(mut self, long: Arc<LongReplies>) -> Self {
        self.long_replies = Some(long);
        self
    }

    /// The same, which counts the requests that run in `memory` and refuses some when there is not
    /// enough. Handlers find it among the extensions of their [`Peer`].
    pub fn memory(mut self, memory: &ConnectionMemory) -> Self {
        self.running = memory.charge(0);
        self.memory = memory.clone();
        if let Some(peer) = Arc::get_mut(&mut self.peer) {
            peer.extensions.insert(memory.clone());
        }
        self
    }

    /// The half that callers hold.
    pub fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Returns `true` if there is room for a frame of this kind: for its answer, and for its handler.
    fn takes(&self, kind: Kind, out: &Outbox) -> bool {
        match kind {
            // A handler may wait for a reply from this very peer, so replies must get through.
            Kind::Reply { .. } | Kind::EventReply { .. } | Kind::Event { two_way: false } => true,
            Kind::Event { two_way: true } => !out.is_full(),
            // Refused rather than kept in front of a reply that a handler waits for.
            Kind::Call { .. } => {
                !out.is_full() && (!self.is_busy() || self.connection.waiting() > 0)
            }
        }
    }

    /// Lets go of targets that the dispatch no longer has, though no call comes.
    #[inline]
    fn renew_targets(&mut self) {
        let generation = || generation(self.dispatch.as_ref(), &self.connection).ok();
        self.request_cache.renew_idle(generation);
    }

    /// Returns `true` while as many handlers run as may.
    pub(super) fn is_busy(&self) -> bool {
        self.handlers.len() >= self.options.max_running
    }

    fn on_event(&mut self, header: Header, body: &Bytes, two_way: bool, out: &mut Outbox) {
        if two_way {
            // A heartbeat is answered with its own body: a null of its serialization.
            let kind = Kind::EventReply { status: dubhe_core::status::table::dubbo::OK };
            put_event(Header { kind, ..header }, body, out);
            return;
        }
        if header.serialization != SerializationId::HESSIAN2 {
            return;
        }
        match Event::read(body) {
            Event::Readonly => {
                tracing::debug!(peer = %self.connection.handle().peer().remote, "peer is readonly");
                self.connection.set_readonly(true);
            }
            Event::Writeable => self.connection.set_readonly(false),
            Event::Heartbeat | Event::Other => {}
        }
    }

    pub(super) fn send_event(&self, event: Event, two_way: bool, out: &mut Outbox) {
        let body = event.body();
        let header = Header {
            kind: Kind::Event { two_way },
            serialization: SerializationId::HESSIAN2,
            id: self.connection.spare_id(),
            length: u32::try_from(body.len()).unwrap_or(0),
        };
        put_event(header, body, out);
    }

    /// Gives up the frame that is left in the input if it grows though memory is used up: its call
    /// fails, and its bytes are not kept.
    fn give_up_growing(&mut self, input: &mut BytesMut, now: Instant, out: &mut Outbox) {
        if input.len() <= GROWING || self.held.is_some() {
            return;
        }
        // The input itself is counted already.
        if let Err(full) = self.memory.check(0)
            && let Some(header) = self.splitter.give_up(input)
        {
            self.on_given_up(header, full, now, out);
        }
    }

    /// Watches the rate at which the frame comes that is left in the input, if there is one.
    #[inline]
    fn measure(
        &mut self,
        now: Instant,
        left: usize,
        arrived: usize,
        frames: bool,
        out: &mut Outbox,
    ) {
        self.left = left;
        if self.held.is_some() || left == 0 && !self.splitter.is_skipping() {
            return self.meter.stop();
        }
        if frames || !self.meter.is_running() {
            self.meter.restart(now);
            if let Some(due) = self.meter.due() {
                out.tick_at(due);
            }
        } else {
            self.meter.receive(arrived);
        }
    }

    /// Returns `true` if the connection has come to its orderly end.
    fn is_finished(&mut self, out: &mut Outbox) -> bool {
        let wanted = self.connection.drain_wanted();
        let given_up = self.role == Role::Client && (wanted || self.connection.is_readonly());
        if given_up {
            return self.handlers.len() == 0 && self.connection.waiting() == 0;
        }
        if !wanted {
            return false;
        }
        let now = time::now();
        let since = match self.drain {
            Drain::Since(since) => since.max(self.last_call),
            Drain::No => {
                self.send_event(Event::Readonly, false, out);
                self.drain = Drain::Since(now);
                now
            }
        };
        let end = after(since, self.options.drain_quiet);
        if end > now {
            out.tick_at(end);
            return false;
        }
        self.handlers.len() == 0 && self.connection.waiting() == 0
    }
}

/// The number of the present set of targets: those of the dispatch, and callbacks.
#[inline]
pub(super) fn generation(
    dispatch: Option<&Arc<dyn Dispatch>>,
    connection: &Connection,
) -> std::result::Result<u64, Status> {
    let own = dispatch.map_or(Ok(0), |dispatch| serve::generation(&**dispatch))?;
    // Both count from 0, so that a sum of two parts is another one when either is.
    Ok(own.wrapping_add(connection.callbacks.generation() << 32))
}

impl Session for Exchange {
    fn is_alone(&self) -> bool {
        self.handlers.len() + self.connection.waiting() <= 1
    }

    fn on_data(&mut self, now: Instant, input: &mut BytesMut, out: &mut Outbox) -> Result<()> {
        let before = out.len();
        let arrived = input.len().saturating_sub(self.left);
        let mut frames = false;
        self.held = None;
        // Before, since what is begun from here on counts as input for now.
        self.running.set(self.handlers.bytes());
        loop {
            if (out.is_full() || self.is_busy())
                && let Some(next) =
                    self.splitter.header(input).map_err(|e| Error::protocol(e.to_string()))?
                && !self.takes(next.kind, out)
            {
                self.held = Some(next.kind);
                break;
            }
            let frame = self.splitter.next(input).map_err(|e| Error::protocol(e.to_string()))?;
            frames |= frame.is_some();
            match frame {
                None => break,
                Some(Frame::Whole(header, body)) => match header.kind {
                    Kind::Call { two_way } => self.on_call(header, two_way, &body, now, out),
                    Kind::Event { two_way } => self.on_event(header, &body, two_way, out),
                    Kind::Reply { status } => {
                        let serialization = header.serialization;
                        self.keepalive.answered();
                        self.connection.answer(header.id, Answered { status, serialization, body });
                    }
                    // That it arrived is what counts.
                    Kind::EventReply { .. } => self.connection.note_answer(),
                },
                Some(Frame::TooLarge(header)) => self.on_too_large(header, now, out),
            }
        }
        self.give_up_growing(input, now, out);
        self.measure(now, input.len(), arrived, frames, out);
        if self.keepalive.is_hung() {
            self.look_at_peer(now, now, self.connection.waiting() > 0, out);
        }
        self.connection.count(out.len().saturating_sub(before));
        let polls = std::mem::take(&mut self.in_place);
        if polls > 0 {
            self.offload.observe(now, time::now(), polls);
        }
        Ok(())
    }

    fn poll(&mut self, cx: &mut Context<'_>, out: &mut Outbox) -> Poll<Result<()>> {
        let before = out.len();
        self.renew_targets();
        if self.handlers.len() > 0 {
            let begin = self.handlers.has_woken().then(time::now);
            // While too much waits for the peer no handler goes on, since its reply would wait too.
            let polls = if out.is_full() {
                0
            } else {
                let long = self.long_replies.as_deref();
                self.handlers.poll(cx, |ended, ticket| {
                    ticket.reply(ended, &self.peer, &self.connection.refusals, long, out);
                    !out.is_full()
                })
            };
            if let Some(begin) = begin {
                self.offload.observe(begin, time::now(), polls);
            }
            self.running.set(self.handlers.bytes());
        }
        if self.meter.is_running() && !self.wants_input(out) {
            // The peer has to wait for this end.
            self.meter.restart(time::now());
        }
        let finished = self.is_finished(out);
        self.connection.count(out.len().saturating_sub(before));
        if finished { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn on_tick(
        &mut self,
        now: Instant,
        activity: Activity,
        out: &mut Outbox,
    ) -> Result<Option<Instant>> {
        let before = out.len();
        let waiting = self.connection.waiting() > 0;
        let calls = self.connection.expire(now);
        let handlers = self.expire_handlers(now, out);
        self.running.set(self.handlers.bytes());
        if !self.wants_input(out) {
            self.not_reading = Some(now);
        }
        self.meter.check(now, "a frame")?;
        // Silence that this end asked for does not count against the peer.
        let last_read =
            self.not_reading.map_or(activity.last_read, |at| at.max(activity.last_read));
        let probe = self.look_at_peer(now, last_read, waiting, out);
        let beat = match self.heartbeat.look(now, last_read, activity.last_write) {
            Beat::Wait(next) => next,
            Beat::Send(next) => {
                self.send_event(Event::Heartbeat, true, out);
                Some(next)
            }
            Beat::Dead(silence) => {
                let message = format!(
                    "nothing came from {} for {silence:?}, heartbeats included",
                    self.connection.handle().peer().remote
                );
                return Err(Error::new(ErrorKind::Timeout, message));
            }
        };
        self.connection.count(out.len().saturating_sub(before));
        let due = [calls, handlers, probe, beat, self.meter.due()];
        Ok(due.into_iter().flatten().min())
    }

    #[inline]
    fn wants_input(&self, out: &Outbox) -> bool {
        match self.held {
            Some(kind) => self.takes(kind, out),
            // Frames that need no room are taken; of others the first one is held.
            None => !out.is_full() || self.connection.waiting() > 0,
        }
    }

    fn on_hang_up(&mut self) {
        // As at the end of the stream: nobody is left to answer.
        self.handlers.cancel_where(|_| true, drop);
        self.running.set(0);
    }

    fn on_close(&mut self, why: &CloseReason) {
        self.handlers.cancel_where(|_| true, drop);
        self.running.set(0);
        self.connection.fail(why);
    }
}

fn put_event(header: Header, body: &[u8], out: &mut Outbox) {
    out.tail_mut().extend_from_slice(&header.to_bytes());
    out.tail_mut().extend_from_slice(body);
}
