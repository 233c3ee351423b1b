//! Calls from the peer.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use dubhe_core::filter::Guards;
use dubhe_core::gate::Arrival;
use dubhe_core::invoke::Outcome;
use dubhe_core::printable::Printable;
use dubhe_core::reply::ReplyBody;
use dubhe_core::serve::{self, Overload, Target, Wanted};
use dubhe_core::status::{Retry, panic_message, table};
use dubhe_core::time::{Deadline, after};
use dubhe_core::{Call, Code, Head, Metadata, Method, Peer, Reply, ServiceKey, Status};
use dubhe_hessian2::Error;
use dubhe_net::long_replies::LongReplies;
use dubhe_net::memory::MemoryFull;
use dubhe_net::poll_watch::PollKey;
use dubhe_net::session::Outbox;

use super::handlers::{HandlerPanic, HandlerResult};
use super::refusals::RefusalLog;
use super::request_cache::{CachedRequest, RequestHead};
use super::session::generation;
use super::{Exchange, one_way};
use crate::body::{
    self, ReplyTo, Request, Scanned, supports_attachments, write_failure, write_no_service,
    write_reply,
};
use crate::header::{Header, Kind};
use crate::payload::PayloadLimit;
use crate::serialization::{SerializationId, refusal};

/// The part of a call that is kept while its handler runs.
pub(super) struct Ticket {
    /// `None` for a one-way call.
    to: Option<ReplyTo>,
    /// The end of the caller's patience, or of that with a one-way call.
    deadline: Option<Instant>,
    service: Arc<ServiceKey>,
    method: Arc<Method>,
    key: PollKey,
}

impl Ticket {
    /// Queues the reply of a handler that has ended. Others go on meanwhile where `long` expects a long
    /// one.
    pub(super) fn reply(
        self,
        ended: HandlerResult,
        peer: &Peer,
        refusals: &RefusalLog,
        long: Option<&LongReplies>,
        out: &mut Outbox,
    ) {
        let mut outcome = ended.unwrap_or_else(|HandlerPanic(panic)| {
            let (service, method) = (&self.service, &self.method.name);
            let panic = Printable(panic_message(&*panic));
            let peer = peer.remote.as_ref().map(tracing::field::display);
            tracing::error!(%service, method = %Printable(method), peer, %panic, "a handler panicked");
            Err(Status::handler_panicked(service, method))
        });
        if let Err(status) = &outcome {
            refusals.failed(peer, status);
        }
        // Whatever filters and handlers pass on, the call has been handed over.
        if outcome.as_ref().is_err_and(|status| status.retry() == Retry::Unstarted) {
            outcome = outcome.map_err(Status::begun);
        }
        match self.to {
            Some(to) => {
                let known = known(&outcome);
                let encode = || write_reply(out, to, outcome);
                match long {
                    Some(long) => long.encode(self.key, known, encode, |written| *written),
                    None => encode(),
                };
            }
            None => match outcome {
                // Nothing is written, so that the end of the handler is that of the call.
                Ok(mut reply) => reply.delivered(),
                Err(status) => {
                    let Self { service, method, .. } = &self;
                    let method = Printable(&method.name);
                    tracing::debug!(%service, %method, %status, "one-way call failed");
                }
            },
        }
    }
}

impl Exchange {
    pub(super) fn on_call(
        &mut self,
        header: Header,
        two_way: bool,
        body: &Bytes,
        now: Instant,
        out: &mut Outbox,
    ) {
        self.last_call = now;
        match self.serve(header, two_way, body, now, out) {
            Ok(()) => {}
            Err(Refusal::Wire(status, text)) => self.refuse(header, two_way, status, &text, out),
            Err(Refusal::Call(to, status)) if two_way => _ = write_reply(out, to, Err(status)),
            Err(Refusal::NoService(to, status)) if two_way => write_no_service(out, to, &status),
            Err(Refusal::Call(_, status) | Refusal::NoService(_, status)) => {
                tracing::debug!(%status, "one-way call refused");
            }
        }
    }

    /// Takes a call from its frame to its handler. An error is what to tell the peer: nothing was
    /// run then.
    fn serve(
        &mut self,
        header: Header,
        two_way: bool,
        frame: &Bytes,
        now: Instant,
        out: &mut Outbox,
    ) -> Result<(), Refusal> {
        // What can be refused without a look at the body.
        if header.serialization != SerializationId::HESSIAN2 {
            return Err(Refusal::Wire(table::dubbo::BAD_REQUEST, refusal(header.serialization)));
        }
        if self.is_busy() {
            let most = self.options.max_running;
            let text = format!(
                "{most} calls of this connection run already; call less at once, or raise max_running"
            );
            return Err(Refusal::Wire(table::dubbo::SERVER_THREADPOOL_EXHAUSTED, text));
        }
        // Counted already: the frame as input, the calls before it as that or as running.
        self.memory.check(0).map_err(Refusal::full)?;
        let generation = generation(self.dispatch.as_ref(), &self.connection);
        self.request_cache.renew(generation.map_err(Refusal::failed)?);

        // The target, by the bytes of an earlier request or by a scan that builds no value; then
        // the gates, before arguments and attachments are decoded.
        let (known, payload, guards) = match self.request_cache.recognise(frame) {
            Some(CachedRequest { known, count, arguments }) => {
                let guards = self.admit(header, two_way, now, &known)?;
                let limits = self.connection.limits.decode.clone();
                (known, body::arguments(count, arguments, limits), guards)
            }
            None => {
                let limits = self.connection.limits.clone();
                let scanned = Scanned::read(frame, limits).map_err(Refusal::unreadable)?;
                let mut known = self.request_head(header, scanned.request())?;
                let guards = self.admit(header, two_way, now, &known)?;
                let request = match scanned.finish() {
                    Ok(request) => request,
                    Err(error) => return Err(refused(guards, Refusal::unreadable(error))),
                };
                known.metadata.clone_from(&request.attachments.metadata);
                self.request_cache.learn(frame, &request, &known);
                (Arc::new(known), request.payload(), guards)
            }
        };
        let RequestHead { target, limit, .. } = &*known;
        let Target { service, method, .. } = target;
        if !limit.allows(frame.len()) {
            let text = too_large(frame.len(), *limit);
            return Err(refused(guards, Refusal::Wire(table::dubbo::BAD_REQUEST, text)));
        }
        let deadline = known.deadline(two_way, now);
        if deadline.is_some_and(|deadline| deadline.passed(now)) {
            let text = format!("{service}.{} arrived after its timeout", method.name);
            return Err(refused(guards, Refusal::Wire(table::dubbo::SERVER_TIMEOUT, text)));
        }

        // The handler, behind its filters: here while handlers are quick and the request is short,
        // else in a task.
        let key = PollKey::of(&target.invoke);
        let ticket = Ticket {
            to: two_way.then(|| known.reply_to(header)),
            deadline: match deadline {
                None if !two_way => {
                    one_way::time_limit(&target.params, method, self.options.one_way_timeout)
                        .map(|t| after(now, t))
                }
                deadline => deadline.map(Deadline::instant),
            },
            service: service.clone(),
            method: method.clone(),
            key,
        };
        let until = ticket.deadline;
        let head = Head {
            metadata: known.metadata.clone(),
            deadline,
            arrived: Some(now),
            peer: Some(self.peer.clone()),
            ..Head::new(service.clone(), method.clone())
        };
        let begin = move || guards.follow(known.target.invoke.invoke(Call::new(head, payload)));
        let bytes = frame.len();
        let started = if self.offload.next(bytes) {
            let watch = self.watch.clone();
            self.handlers.start(key, bytes, || self.offload.spawn(watch, key, bytes, begin), ticket)
        } else {
            self.in_place += 1;
            self.handlers.start(key, bytes, begin, ticket)
        };

        // The reply, now or when the handler ends.
        match started {
            Some((ended, ticket)) => {
                let (refusals, long) = (&self.connection.refusals, self.long_replies.as_deref());
                ticket.reply(ended, &self.peer, refusals, long, out);
            }
            None => {
                if let Some(until) = until {
                    out.tick_at(until);
                }
            }
        }
        Ok(())
    }

    /// Asks the gates of the target.
    fn admit(
        &self,
        header: Header,
        two_way: bool,
        now: Instant,
        known: &RequestHead,
    ) -> Result<Guards, Refusal> {
        let Target { service, method, gates, .. } = &known.target;
        let mut arrival = Arrival::new(service, method, &self.peer, now);
        arrival.deadline = known.deadline(two_way, now);
        arrival.priority = known.priority.as_deref();
        gates.admit(&arrival).map_err(|status| Refusal::Call(known.reply_to(header), status))
    }

    /// Finds the target and the facts of a request.
    fn request_head(&self, header: Header, request: &Request<'_>) -> Result<RequestHead, Refusal> {
        let attachments = supports_attachments(&request.dubbo);
        let limit = self.options.payload;
        let target = self.find(request).map_err(|status| {
            Refusal::not_found(ReplyTo { id: header.id, attachments, limit }, status)
        })?;
        Ok(RequestHead {
            limit: self.limit(&target),
            target,
            timeout: request.attachments.timeout,
            priority: request.attachments.priority.as_deref().map(Into::into),
            metadata: Metadata::new(),
            attachments,
        })
    }

    fn find(&self, request: &Request<'_>) -> Result<Target, Status> {
        let called_back = request.attachments.callback.as_deref();
        let called_back = called_back.and_then(|id| self.connection.callbacks.find(id));
        let Some(dispatch) = called_back.as_ref().or(self.dispatch.as_ref()) else {
            let text = format!(
                "service {} not found: this side of the connection exports no service",
                request.path()
            );
            return Err(Status::unimplemented(text));
        };
        let wanted = Wanted {
            interface: request.path(),
            group: request.attachments.group.as_deref().unwrap_or_default(),
            version: request.service_version(),
            method: &request.method,
            overload: Overload::Types(&request.descriptor),
        };
        serve::find(&**dispatch, wanted)
    }

    /// The limit of a service: its own, where it was exported with one, within the connection's.
    fn limit(&self, target: &Target) -> PayloadLimit {
        let own = target.params.get("payload").and_then(PayloadLimit::parse);
        own.map_or(self.options.payload, |own| own.min(self.options.payload))
    }

    /// A frame above the limit: its call is answered, its body is being skipped.
    #[cold]
    pub(super) fn on_too_large(&mut self, header: Header, now: Instant, out: &mut Outbox) {
        let length = usize::try_from(header.length).unwrap_or(usize::MAX);
        let text = too_large(length, self.options.payload);
        match header.kind {
            Kind::Call { two_way } => {
                self.last_call = now;
                self.refuse(header, two_way, table::dubbo::BAD_REQUEST, &text, out);
            }
            Kind::Reply { .. } => self.connection.refuse(header.id, &text),
            Kind::Event { .. } | Kind::EventReply { .. } => {
                tracing::debug!(length, "an event is too long and was skipped");
            }
        }
    }

    /// A frame that was given up before it was whole, since memory is used up.
    #[cold]
    pub(super) fn on_given_up(
        &mut self,
        header: Header,
        full: MemoryFull,
        now: Instant,
        out: &mut Outbox,
    ) {
        let text = full.to_string();
        match header.kind {
            Kind::Call { two_way } => {
                self.last_call = now;
                self.refuse(header, two_way, table::dubbo::SERVER_THREADPOOL_EXHAUSTED, &text, out);
            }
            Kind::Reply { .. } => self.connection.refuse(header.id, &text),
            Kind::Event { .. } | Kind::EventReply { .. } => {}
        }
    }

    /// Answers a call that is refused, and logs it.
    #[cold]
    fn refuse(&self, header: Header, two_way: bool, status: u8, text: &str, out: &mut Outbox) {
        self.connection.log_refusal(text);
        if two_way {
            write_failure(out, header.id, header.serialization, status, text);
        }
    }

    /// Drops the handlers whose callers no longer wait; gives the next deadline.
    pub(super) fn expire_handlers(&mut self, now: Instant, out: &mut Outbox) -> Option<Instant> {
        let mut next: Option<Instant> = None;
        let is_over = |ticket: &Ticket| {
            let Some(deadline) = ticket.deadline else { return false };
            if deadline > now {
                next = Some(next.map_or(deadline, |next| next.min(deadline)));
            }
            deadline <= now
        };
        let mut one_way: Option<(u64, String)> = None;
        let (peer, refusals) = (&self.peer, &self.connection.refusals);
        self.handlers.cancel_where(is_over, |ticket| {
            if ticket.to.is_none() {
                let name = || format!("{}.{}", ticket.service, ticket.method.name);
                one_way.get_or_insert_with(|| (0, name())).0 += 1;
                return;
            }
            ticket.reply(Ok(Err(Status::not_ended())), peer, refusals, None, out);
        });
        if let Some((calls, example)) = one_way {
            self.overdue.report(calls, &example, now);
        }
        next
    }
}

/// The answer to a call whose handler was not run.
enum Refusal {
    /// A status of the protocol and its text.
    Wire(u8, String),
    /// The error of a call whose head could be read: a gate's refusal, or no such method.
    Call(ReplyTo, Status),
    /// The error of a service that is not here.
    NoService(ReplyTo, Status),
}

impl Refusal {
    #[cold]
    fn not_found(to: ReplyTo, status: Status) -> Self {
        match status.code() {
            Code::Unimplemented => Self::NoService(to, status),
            // A service lacks the method.
            Code::InvalidArgument => Self::Call(to, status.with_code(Code::Unimplemented)),
            _ => Self::Call(to, status),
        }
    }

    fn unreadable(error: Error) -> Self {
        let text = format!("fail to decode request due to: {error}");
        Self::Wire(table::dubbo::BAD_REQUEST, text)
    }

    #[cold]
    fn full(full: MemoryFull) -> Self {
        Self::Wire(table::dubbo::SERVER_THREADPOOL_EXHAUSTED, full.to_string())
    }

    fn failed(status: Status) -> Self {
        Self::Wire(table::dubbo::SERVER_ERROR, status.message().to_owned())
    }
}

/// Ends the guards of an admitted call that is refused after all.
#[cold]
fn refused(guards: Guards, refusal: Refusal) -> Refusal {
    if let Refusal::Wire(status, text) = &refusal {
        let _ = guards.refused(table::from_dubbo(*status, text));
    }
    refusal
}

impl RequestHead {
    /// The deadline; none for a one-way call, whatever its timeout says.
    fn deadline(&self, two_way: bool, now: Instant) -> Option<Deadline> {
        self.timeout.filter(|_| two_way).map(|timeout| Deadline::after(now, timeout))
    }

    fn reply_to(&self, header: Header) -> ReplyTo {
        ReplyTo { id: header.id, attachments: self.attachments, limit: self.limit }
    }
}

/// The length of a result as far as it is known before it is written, in bytes.
fn known(outcome: &Outcome) -> usize {
    let Ok(Reply { body: ReplyBody::One(payload, _), .. }) = outcome else { return 0 };
    payload.encoded_len()
}

#[cold]
fn too_large(length: usize, limit: PayloadLimit) -> String {
    format!(
        "data length too large: {length}, max payload: {}; raise payload on the provider, or send less",
        limit.get()
    )
}
