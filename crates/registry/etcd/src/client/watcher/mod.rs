//! All that is followed, over one stream of watches.
//!
//! A range is read once, then watched from the next revision on. Over a new connection the watch goes
//! on behind the last revision that was heard of; when that has been compacted, the range is read anew.

pub(super) mod followed;

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;

use dubhe_core::time::{Duration, Instant, after};
use dubhe_core::{Code, Status, Streaming};
use futures_util::stream::{self, FuturesUnordered};
use futures_util::{FutureExt, StreamExt};
use tokio::sync::{mpsc, watch};

use self::followed::{Audit, Followed, Stage};
use super::calls::{WATCH, is_token_refusal};
use super::link::{Link, REQUEST_TIMEOUT};
use super::{Core, Entries, KeyRange, View, shown};
use crate::generated::etcd::{
    WatchCancelRequest, WatchCreateRequest, WatchRequest, WatchResponse, watch_request,
};

/// The time for which changes are collected before they are told: providers that start or stop
/// together give one set, not many.
const COLLECT_TIME: Duration = Duration::from_millis(100);

/// The ranges that are read at the same time.
const READS: usize = 8;

/// A word of a handle.
#[derive(Debug)]
pub(super) enum Command {
    /// Follows a range.
    Add { id: u64, range: KeyRange, view: watch::Sender<View> },
    /// Follows it no more.
    Remove { id: u64 },
}

/// The follows of a client.
pub(super) struct Watcher {
    core: Arc<Core>,
    commands: mpsc::UnboundedReceiver<Command>,
    all: HashMap<u64, Followed>,
    failures: u32,
}

type Opening = Pin<Box<dyn Future<Output = Result<Streaming<WatchResponse>, Status>> + Send>>;
type Reading = Pin<Box<dyn Future<Output = (Purpose, Result<(Entries, i64), Status>)> + Send>>;

/// The purpose of a reading: a follow, by its number, that has none, or the audit of one that is watched.
struct Purpose {
    id: u64,
    audit: Option<Audit>,
}

type Refused = Pin<Box<dyn Future<Output = Status> + Send>>;

/// The stream of watches of one connection.
enum Stream {
    /// No watch has been asked for.
    None,
    /// The first one was.
    Opening(Opening),
    /// Answers come.
    Open(Streaming<WatchResponse>),
}

impl Stream {
    /// The next answer.
    async fn next(&mut self) -> Result<WatchResponse, Status> {
        if let Self::Opening(opening) = self {
            *self = Self::Open(opening.await?);
        }
        match self {
            Self::Open(stream) => {
                let ended = || Status::unavailable("etcd ended the stream of watches");
                stream.message().await?.ok_or_else(ended)
            }
            _ => std::future::pending().await,
        }
    }
}

/// The state of one connection, beside the follows.
struct Session {
    link: Arc<Link>,
    stream: Stream,
    requests: mpsc::UnboundedSender<WatchRequest>,
    /// The other end, until the stream begins.
    receiver: Option<mpsc::UnboundedReceiver<WatchRequest>>,
    reads: FuturesUnordered<Reading>,
    /// The follows by the numbers of their watches.
    watches: HashMap<i64, u64>,
    next_watch: i64,
    /// The watches that were asked for, in the order in which etcd answers.
    creating: VecDeque<i64>,
    /// The time by which etcd must have created the next of them.
    created_by: Option<Instant>,
    /// The token that the stream began with.
    token: Option<bytestring::ByteString>,
}

impl Watcher {
    pub(super) fn new(core: Arc<Core>, commands: mpsc::UnboundedReceiver<Command>) -> Self {
        Self { core, commands, all: HashMap::new(), failures: 0 }
    }

    fn now(&self) -> Instant {
        self.core.options.clock.now()
    }

    /// Follows for as long as it is polled.
    pub(super) async fn run(mut self) {
        loop {
            let link = tokio::select! {
                command = self.commands.recv() => {
                    let Some(command) = command else { return };
                    self.take(command);
                    continue;
                }
                link = connected(self.core.clone()) => link,
            };
            let Ok(link) = link else { return };
            let ended = self.serve(link.clone()).await;
            for followed in self.all.values_mut() {
                followed.reset();
                followed.tell_stale();
            }
            let Some(status) = ended else { continue };
            self.failures = self.failures.saturating_add(1);
            if self.failures.is_power_of_two() {
                let failures = self.failures;
                tracing::warn!(%status, failures, "the watches of etcd broke off; watching anew");
            }
            self.core.doubt(&link, &status);
            let core = self.core.clone();
            core.pause(self.failures).await;
        }
    }

    fn take(&mut self, command: Command) -> Option<Followed> {
        match command {
            Command::Add { id, range, view } => self.all.insert(id, Followed::new(range, view)),
            Command::Remove { id } => self.all.remove(&id),
        }
    }

    /// Watches over one connection; `None` when that was lost, or the error of the stream.
    async fn serve(&mut self, link: Arc<Link>) -> Option<Status> {
        let core = self.core.clone();
        let (requests, receiver) = mpsc::unbounded_channel();
        let mut session = Session {
            token: link.token(),
            link: link.clone(),
            stream: Stream::None,
            requests,
            receiver: Some(receiver),
            reads: FuturesUnordered::new(),
            watches: HashMap::new(),
            next_watch: 1,
            creating: VecDeque::new(),
            created_by: None,
        };
        let mut lost = std::pin::pin!(core.lost(&link));
        loop {
            let due = self.proceed(&mut session);
            let due = async {
                match due {
                    Some(at) => core.options.clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = &mut lost => return None,
                command = self.commands.recv() => match command {
                    Some(command) => self.obey(&mut session, command),
                    None => return None,
                },
                Some((purpose, read)) = session.reads.next(), if !session.reads.is_empty() => {
                    self.read(&mut session, purpose, read);
                }
                answer = session.stream.next() => match answer {
                    Ok(answer) => {
                        if let Err(status) = self.answer(&mut session, answer) {
                            return Some(self.refused(&session, status).await);
                        }
                    }
                    Err(status) => return Some(self.refused(&session, status).await),
                },
                () = due => {}
            }
            if session.created_by.is_some_and(|by| by <= self.now()) {
                let what = "etcd does not create the watches that it was asked for";
                return Some(Status::new(Code::DeadlineExceeded, what));
            }
        }
    }

    /// The error of the stream; a token that etcd refuses is renewed before the next attempt.
    fn refused(&self, session: &Session, status: Status) -> Refused {
        let (core, link, token) = (self.core.clone(), session.link.clone(), session.token.clone());
        Box::pin(async move {
            if core.is_token_refused(&status)
                && let Err(status) = core.renew_token(&link, token).await
            {
                return status;
            }
            status
        })
    }

    fn obey(&mut self, session: &mut Session, command: Command) {
        let Some(gone) = self.take(command) else { return };
        if session.watches.remove(&gone.watch_id).is_some() {
            let cancel = WatchCancelRequest { watch_id: gone.watch_id };
            session.send(watch_request::RequestUnion::CancelRequest(cancel));
        }
    }

    /// Does what is to be done now; returns when something is to be done next.
    fn proceed(&mut self, session: &mut Session) -> Option<Instant> {
        let now = self.now();
        let mut due = session.created_by;
        let mut later = |at: Instant| due = Some(due.map_or(at, |due| due.min(at)));
        for (id, followed) in &mut self.all {
            if let Stage::Waiting(at) = followed.stage {
                if at <= now {
                    followed.reset();
                } else {
                    later(at);
                }
            }
            if session.reads.len() < READS {
                let audit = followed.begin_audit(now);
                if audit.is_some() || followed.stage == Stage::Unread {
                    followed.stage = audit.map_or(Stage::Reading, |_| Stage::Watching);
                    let (core, range) = (self.core.clone(), followed.range.clone());
                    let purpose = Purpose { id: *id, audit };
                    session.reads.push(Box::pin(async move { (purpose, core.read(&range).await) }));
                }
            }
            if followed.stage == Stage::Read {
                followed.stage = Stage::Creating;
                followed.watch_id = session.create(*id, &followed.range, followed.revision + 1);
                let by = after(now, REQUEST_TIMEOUT);
                session.created_by.get_or_insert(by);
                later(by);
            }
            // One that is due waits for the end of another reading.
            if let Some(at) = followed.audit_at.filter(|at| *at > now) {
                later(at);
            }
            match followed.tell_at {
                Some(at) if at <= now => followed.tell(),
                Some(at) => later(at),
                None => {}
            }
        }
        due
    }

    /// Takes over what was read.
    fn read(
        &mut self,
        session: &mut Session,
        Purpose { id, audit }: Purpose,
        read: Result<(Entries, i64), Status>,
    ) {
        let (now, again) = (self.now(), self.again(id));
        let Some(followed) = self.all.get_mut(&id) else { return };
        if let Some(audit) = audit {
            if !followed.is_of(audit) {
                return;
            }
            match read {
                Ok((entries, revision)) if followed.differs(&entries, audit, revision) => {
                    let range = shown(&followed.range.start);
                    tracing::warn!(range, "etcd did not tell of a change; watching anew");
                    session.cancel(followed.watch_id);
                    followed.replace(entries, revision);
                    followed.tell();
                }
                // What cannot be read now is read at the next audit.
                _ => followed.plan_audit(now, false, &*self.core.options.random),
            }
            return;
        }
        match read {
            Ok((entries, revision)) => {
                followed.replace(entries, revision);
                followed.answered();
                followed.tell();
            }
            // The state of the client tells.
            Err(status) if status.code() == Code::Unavailable => {
                followed.stage = Stage::Waiting(again);
            }
            Err(status) => followed.fail(status, true, again),
        }
    }

    /// The time at which something that failed once more is tried again.
    fn again(&self, id: u64) -> Instant {
        let failures = self.all.get(&id).map_or(0, |followed| followed.failures);
        let random = &*self.core.options.random;
        after(self.now(), self.core.backoff().pause(failures.saturating_add(1), random))
    }

    /// Takes an answer of the stream.
    fn answer(&mut self, session: &mut Session, answer: WatchResponse) -> Result<(), Status> {
        let watch_id = session.subject(&answer, self.now());
        let WatchResponse { created, canceled, .. } = answer;
        // One that was cancelled a moment ago.
        let Some(id) = session.watches.get(&watch_id).copied() else { return Ok(()) };
        let (now, again) = (self.now(), self.again(id));
        if canceled {
            session.watches.remove(&watch_id);
            return self.cancelled(id, &answer, again);
        }
        let Some(followed) = self.all.get_mut(&id) else { return Ok(()) };
        let heard = answer.header.map_or(0, |header| header.revision);
        if created && 0 < heard && heard < followed.revision {
            // The store has lost what we know, as one that starts with an empty disk; or this server lags. Either
            // way it would be long before the watch had anything to say.
            tracing::warn!(
                heard,
                known = followed.revision,
                "etcd is behind what is known; reading anew"
            );
            followed.revision = 0;
            followed.reset();
            followed.tell();
            session.cancel(watch_id);
            return Ok(());
        }
        if created {
            followed.stage = Stage::Watching;
            followed.plan_audit(now, true, &*self.core.options.random);
            followed.answered();
            // What was missed meanwhile follows at once, and is told with it.
            followed.tell_at.get_or_insert(after(now, COLLECT_TIME));
            self.failures = 0;
            return Ok(());
        }
        let (is_progress, is_fragment) = (answer.events.is_empty(), answer.fragment);
        let last = followed.apply(answer.events);
        if is_progress {
            // All changes up to here have been told.
            followed.revision = followed.revision.max(heard);
            return Ok(());
        }
        // The rest of this revision comes in other messages.
        if !is_fragment {
            followed.revision = last;
            followed.tell_at.get_or_insert(after(now, COLLECT_TIME));
        }
        if followed.bytes() > self.core.options.max_frame {
            let status = self.core.too_much(&followed.range);
            followed.fail(status, true, again);
            session.cancel(watch_id);
        }
        Ok(())
    }

    /// Takes the end of one watch.
    fn cancelled(&mut self, id: u64, answer: &WatchResponse, again: Instant) -> Result<(), Status> {
        let Some(followed) = self.all.get_mut(&id) else { return Ok(()) };
        if answer.compact_revision > 0 {
            tracing::debug!(compacted = answer.compact_revision, "a range of etcd is read anew");
            followed.revision = 0;
            followed.reset();
            followed.tell();
            return Ok(());
        }
        let reason = match &*answer.cancel_reason {
            "" => "etcd cancelled the watch",
            reason => reason,
        };
        let code = match reason {
            reason if reason.contains("permission denied") => Code::PermissionDenied,
            _ => Code::Aborted,
        };
        let status = Status::new(code, reason.to_owned());
        if is_token_refusal(&status) {
            return Err(status.with_code(Code::Unauthenticated));
        }
        followed.fail(status, false, again);
        Ok(())
    }
}

impl Session {
    /// Asks for a watch; returns its number.
    fn create(&mut self, id: u64, range: &KeyRange, start_revision: i64) -> i64 {
        let watch_id = self.next_watch;
        self.next_watch += 1;
        self.watches.insert(watch_id, id);
        self.creating.push_back(watch_id);
        let create = WatchCreateRequest {
            key: range.start.clone(),
            range_end: range.end.clone(),
            start_revision,
            progress_notify: true,
            watch_id,
            fragment: true,
        };
        self.send(watch_request::RequestUnion::CreateRequest(create));
        if let Some(receiver) = self.receiver.take() {
            let requests = stream::unfold(receiver, |mut receiver| async {
                Some((receiver.recv().await?, receiver))
            });
            let (link, token) = (self.link.clone(), self.token.clone());
            let opening = async move { link.stream(WATCH, requests, token).await };
            self.stream = Stream::Opening(opening.boxed());
        }
        watch_id
    }

    fn cancel(&mut self, watch_id: i64) {
        if self.watches.remove(&watch_id).is_some() {
            let cancel = WatchCancelRequest { watch_id };
            self.send(watch_request::RequestUnion::CancelRequest(cancel));
        }
    }

    fn send(&self, request: watch_request::RequestUnion) {
        // A stream that has ended says so itself.
        let _ = self.requests.send(WatchRequest { request_union: Some(request) });
    }

    /// The number of the watch that an answer is about.
    fn subject(&mut self, answer: &WatchResponse, now: Instant) -> i64 {
        if !answer.created {
            return answer.watch_id;
        }
        let first = self.creating.pop_front();
        // Each has its time: there may be thousands.
        self.created_by = (!self.creating.is_empty()).then(|| after(now, REQUEST_TIMEOUT));
        // One that is refused has no number (etcd `v3rpc/watch.go`, `InvalidWatchID`).
        match (answer.watch_id, first) {
            (-1, Some(first)) => first,
            (id, _) => id,
        }
    }
}

async fn connected(core: Arc<Core>) -> Result<Arc<Link>, Status> {
    core.connected().await
}
