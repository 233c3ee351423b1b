//! A request, from its head to the end of its reply: [`answer`] and [`exchange`] list its steps,
//! whatever the version of HTTP and whatever the protocol.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;

use dubhe_core::call::{Call, CallBody, Head};
use dubhe_core::filter::Guards;
use dubhe_core::gate::{Arrival, Gates, PRIORITY};
use dubhe_core::invoke::Outcome;
use dubhe_core::payload::DecodeLimits;
use dubhe_core::serve::Target;
use dubhe_core::status::Retry;
use dubhe_core::time::{Deadline, Instant};
use dubhe_core::{CallKind, Code, Peer, Status};
use dubhe_net::memory::{Charge, ConnectionMemory};
use dubhe_net::poll_watch::{PollKey, watched};
use dubhe_net::{time, work};
use futures_util::stream;
use http::{Request, Version, request};

use super::grpc::Grpc;
use super::mount::HttpService;
use super::plain_http::PlainHttp;
use super::protocol::{Accepted, Framing, RequestProtocol};
use super::reply::{self, Late, ReplyWatch};
use super::run::{Caller, guarded};
use super::target::{RequestTarget, ResolvedTarget};
use super::{HttpConnection, Shared};
use crate::options::TripleOptions;
use crate::transport::{Messages, Receiver, Responder, ServerStream, Whole, no_message};
use crate::wire::{content, metadata};

/// Answers one request. Dropped, it drops the handler and resets the stream.
pub(super) async fn answer(connection: Arc<HttpConnection>, stream: ServerStream) {
    let shared = &*connection.shared;
    // The head of the request is here; of its body, nothing has been read.
    let arrived = time::now();
    let ServerStream { head, body, mut respond } = stream;

    // Mounts: a service that is mounted under a prefix answers all requests below it.
    if let Some(service) = shared.mounts.find(head.uri.path()) {
        return Box::pin(mounted(shared, service, head, body, respond)).await;
    }

    // Target: found once. What is mounted at `/` gets the requests that never had one.
    let target = RequestTarget::of(&head).and_then(|named| named.find(&*shared.dispatch));
    let never = |status: &Status| {
        status.code() == Code::Unimplemented && status.retry() != Retry::Unstarted
    };
    if let (Some(root), true) = (shared.mounts.root(), target.as_ref().is_err_and(never)) {
        drop(target);
        return Box::pin(mounted(shared, root, head, body, respond)).await;
    }

    // Protocol: gRPC by its content type, where there are trailers; anything else is plain HTTP.
    // The headers say how the messages look, or the request is refused.
    let format = content::of(&head.headers).and_then(content::format);
    let connection = &connection;
    let request = |peer| RequestContext { connection, head: &head, at: arrived, peer };
    match format.filter(|_| head.version >= Version::HTTP_2) {
        Some(format) => {
            let request = request(connection.grpc());
            let accepted = Grpc::accept(&request, target, format);
            exchange(request, accepted, body, &mut respond).await;
        }
        None => {
            let request = request(connection.plain());
            let accepted = PlainHttp::accept(&request, target);
            // Boxed, since the task of every request has room for its future.
            Box::pin(exchange(request, accepted, body, &mut respond)).await;
        }
    }
}

/// The facts of a request that no protocol has looked at yet.
pub(super) struct RequestContext<'a> {
    connection: &'a Arc<HttpConnection>,
    pub(super) head: &'a request::Parts,
    pub(super) at: Instant,
    peer: &'a Arc<Peer>,
}

impl<'a> RequestContext<'a> {
    pub(super) fn options(&self) -> &TripleOptions {
        &self.shared().options
    }

    fn shared(&self) -> &'a Shared {
        &self.connection.shared
    }

    fn memory(&self) -> &'a ConnectionMemory {
        &self.connection.memory
    }

    /// The limits of what is decoded.
    pub(super) fn decode(&self) -> DecodeLimits {
        self.shared().decode.clone()
    }
}

/// Answers one request of the protocol `P`.
async fn exchange<P: RequestProtocol>(
    request: RequestContext<'_>,
    accepted: Result<Accepted<'_, P>, Box<Whole>>,
    body: Receiver,
    respond: &mut Responder,
) {
    let Accepted { target, deadline, encoding, limit, protocol } = match accepted {
        Ok(accepted) => accepted,
        Err(refusal) => return reply::send(respond, *refusal, request.memory()).await,
    };
    let (watch, key) = (request.shared().watch.as_ref(), PollKey::of(&target.target.invoke));
    let long = &*request.shared().long_replies;

    // Admission: nothing of the body has been read or decoded. Of several methods of one name the gates
    // are asked about the one that is called, which the arguments tell.
    let gates = &target.target.gates;
    let admitted = match request.memory().check(0) {
        Ok(()) if gates.are_by_arguments() => Ok(Guards::default()),
        Ok(()) => gates.admit(&arrival(&request, &target.target, deadline)),
        Err(full) => Err(full.into()),
    };
    let guards = match admitted {
        Ok(guards) => guards,
        Err(status) => {
            return reply::send(respond, protocol.refusal(&status), request.memory()).await;
        }
    };

    // Messages, then the handler; until the deadline, or until the caller gives up. Dropping the
    // handler is all there is to do then.
    let messages = Messages::new(body, limit, encoding).watched(watch, key);
    let mut refused = false;
    let memory = request.memory();
    let limits = &request.connection.limits;
    let caller = Caller { head: request.head, remote: request.peer.remote.clone(), limits };
    let outcome = {
        let call =
            call(request, &protocol, target, deadline, messages, (guards, &caller), &mut refused);
        let call = pin!(call);
        tokio::select! {
            biased;
            outcome = guarded(call, deadline, &caller) => outcome,
            () = respond.gone() => return,
        }
    };

    // Reply, to its end.
    match outcome {
        Ok(reply) => {
            let late = Late { deadline, memory };
            let watch = watch.map(|watch| &**watch);
            let watch = ReplyWatch { watch, key, caller: &caller, long };
            reply::write(&protocol, respond, reply, late, watch).await;
        }
        Err(status) if refused || status.is_never_ran() => {
            reply::send(respond, protocol.refusal(&status), memory).await;
        }
        Err(status) => {
            caller.handler_failed(&status);
            reply::send(respond, protocol.error(&status), memory).await;
        }
    }
}

/// Reads the request and runs the handler. Notes a refusal of a gate in `refused`.
async fn call<P: RequestProtocol>(
    request: RequestContext<'_>,
    protocol: &P,
    found: ResolvedTarget<'_>,
    deadline: Option<Deadline>,
    messages: Messages,
    (guards, caller): (Guards, &Caller<'_>),
    refused: &mut bool,
) -> Outcome {
    let ReadRequest { target, asked, body, bytes, mut held } =
        match read(&request, protocol, found, messages).await {
            Ok(read) => read,
            Err(status) => {
                caller.limited(&status);
                // No memory for it here, and perhaps elsewhere.
                *refused = status.retry() == Retry::Unstarted;
                return Err(guards.refused(status));
            }
        };
    // A gate is asked once a call: now, or before about another method of that name.
    let guards = match asked {
        None => guards,
        Some(asked) => {
            let also = |arrival: &Arrival<'_>| target.gates.admit_also(&asked, guards, arrival);
            also(&arrival(&request, &target, deadline)).inspect_err(|_| *refused = true)?
        }
    };
    let RequestContext { connection, head: parts, at, peer } = request;
    let (shared, memory) = (&*connection.shared, &connection.memory);
    let mut head = Head::new(target.service, target.method);
    head.metadata =
        metadata::of_request(&parts.headers, protocol.binary_names(), &connection.agent);
    head.deadline = deadline;
    head.arrived = Some(at);
    head.peer = Some(peer.clone());
    let (watch, key) = (shared.watch.as_deref(), PollKey::of(&target.invoke));
    // Handlers decode when they begin.
    let begin = || work::give_way(bytes, || target.invoke.invoke(Call { head, body }));
    let mut invoking = watched(watch, key, || guards.follow(begin()));
    poll_fn(|cx| {
        let polled = watched(watch, key, || Pin::new(&mut invoking).poll(cx));
        // Of short requests those count whose handlers wait.
        if polled.is_pending() && held.bytes() < bytes {
            held = memory.charge(bytes);
        }
        polled
    })
    .await
}

/// A request as far as it is read before its handler begins.
struct ReadRequest {
    target: Target,
    /// The gates that were asked, if more are to be: of the method that was found first, where the
    /// arguments have chosen another one.
    asked: Option<Gates>,
    body: CallBody,
    /// The length of a message that is there whole.
    bytes: usize,
    /// The count of it in the memory of the connection, if it is long.
    held: Charge,
}

/// Reads a request as far as its kind needs before the handler begins.
async fn read<P: RequestProtocol>(
    request: &RequestContext<'_>,
    protocol: &P,
    found: ResolvedTarget<'_>,
    mut messages: Messages,
) -> Result<ReadRequest, Status> {
    Ok(match (P::FRAMING, found.target.method.kind) {
        (Framing::Prefixed, CallKind::ClientStream | CallKind::Bidirectional) => {
            messages.begin_handler();
            let (connection, remote) = (request.connection.clone(), request.peer.remote.clone());
            let (service, method) = (found.target.service.clone(), found.target.method.clone());
            let protocol = protocol.clone();
            let payloads = stream::poll_fn(move |cx| {
                let HttpConnection { memory, limits, .. } = &*connection;
                messages.poll_message(cx, memory).map(|message| {
                    let decode = |message| Ok(protocol.decode(message, &method)?.payload);
                    let failed = |status: &Status| {
                        limits.failed(status, remote.as_ref(), &service, &method.name);
                    };
                    message.map(|message| message.and_then(decode).inspect_err(failed))
                })
            });
            let (target, body) = (found.target, CallBody::Stream(Box::pin(payloads)));
            let asked = target.gates.are_by_arguments().then(Gates::default);
            ReadRequest { target, asked, body, bytes: 0, held: Charge::default() }
        }
        (framing, _) => {
            let message = match framing {
                Framing::Prefixed => {
                    messages.only(request.memory()).await?.ok_or_else(no_message)?
                }
                Framing::Whole => Box::pin(messages.whole(request.memory())).await?,
            };
            let held = messages.take_held();
            let bytes = message.len();
            let decode = || protocol.decode(message, &found.target.method);
            let decoded = work::give_way(bytes, decode)?;
            let later = found.target.gates.are_by_arguments();
            let (target, asked) = match decoded.overload {
                // Of several methods of one name, the arguments say which is meant.
                Some(overload) if !found.fits(&overload) => {
                    let asked = if later { Gates::default() } else { found.target.gates.clone() };
                    let dispatch = &*request.shared().dispatch;
                    (found.choose(dispatch, request.head, &overload)?, Some(asked))
                }
                _ => (found.target, later.then(Gates::default)),
            };
            ReadRequest { target, asked, body: CallBody::One(decoded.payload), bytes, held }
        }
    })
}

/// Returns the facts of a request for the gates of `target`.
fn arrival<'a>(
    request: &RequestContext<'a>,
    target: &'a Target,
    deadline: Option<Deadline>,
) -> Arrival<'a> {
    let Target { service, method, .. } = target;
    let mut arrival = Arrival::new(service, method, request.peer, request.at);
    arrival.deadline = deadline;
    arrival.priority = request.head.headers.get(PRIORITY).and_then(|value| value.to_str().ok());
    arrival
}

/// Answers by a mounted service.
async fn mounted(
    shared: &Shared,
    service: &HttpService,
    head: request::Parts,
    mut body: Receiver,
    mut respond: Responder,
) {
    body.begin_handler();
    let request = Request::from_parts(head, body.into());
    let mut answer = pin!(service.answer(request));
    let watch = shared.watch.as_deref();
    let answer = poll_fn(|cx| watched(watch, PollKey::NONE, || answer.as_mut().poll(cx)));
    let response = tokio::select! {
        biased;
        response = answer => response,
        () = respond.gone() => return,
    };
    respond.send_body(response).await;
}
