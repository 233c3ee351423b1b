//! An etcd server on a network in memory, which does what a test says.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use dubhe_core::gate::Gates;
use dubhe_core::random::SplitMix;
use dubhe_core::reply::{Frame, Trailers};
use dubhe_core::serve::{Dispatch, Target, Wanted};
use dubhe_core::time::Duration;
use dubhe_core::{
    Call, CallBody, CallKind, Code, Encoded, Format, Invoke, Invoking, Payload, Reply, ServiceKey,
    Status, Streaming,
};
use dubhe_etcd::Etcd;
use dubhe_net::detect::Protocol;
use dubhe_net::drain::Trigger;
use dubhe_net::io::memory::Network;
use dubhe_net::io::{Address, BoxFuture, ConnectionInfo, Dial, Io, Listen};
use dubhe_protobuf::{Message, decode, decode_or, message, method};
use dubhe_triple::{TripleOptions, TripleProtocol};
use futures_util::stream;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::generated::etcd::*;
use crate::support::clock;

const ADDRESS: &str = "10.0.0.1:2379";

/// A watch of one stream.
struct Watch {
    id: i64,
    key: Bytes,
    end: Bytes,
    answers: mpsc::UnboundedSender<Payload>,
}

/// The content of the server, and what it was asked.
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) revision: i64,
    pub(crate) entries: BTreeMap<Bytes, KeyValue>,
    /// All changes, oldest first.
    pub(crate) history: Vec<Event>,
    pub(crate) compacted: i64,
    /// The lease of this moment; others have expired.
    pub(crate) lease: i64,
    next_lease: i64,
    watches: Vec<Watch>,
    /// The token that is good, if one is needed.
    pub(crate) token: Option<&'static str>,
    /// The numbers of requests by method.
    pub(crate) asked: HashMap<String, usize>,
    /// The first revisions of the watches that were asked for.
    pub(crate) starts: Vec<i64>,
    /// The answers to the next requests of a method, in place of the true ones.
    pub(crate) instead: HashMap<&'static str, VecDeque<Result<Bytes, Status>>>,
    /// Watches send what is older than what they were asked for.
    pub(crate) repeats: bool,
    /// No watch is told of a change.
    pub(crate) silent: bool,
    /// Each event comes in a fragment of its own.
    pub(crate) fragments: bool,
    /// The time that each request of a stream takes.
    pub(crate) slowness: Duration,
    /// The dials.
    pub(crate) dials: usize,
}

impl Store {
    fn header(&self) -> ResponseHeader {
        ResponseHeader { revision: self.revision }
    }

    /// Changes several keys in one revision: a value and a lease, or `None` to delete.
    pub(crate) fn change(&mut self, changes: &[(String, Option<(&str, i64)>)]) {
        self.revision += 1;
        let mut events = Vec::new();
        for (key, value) in changes {
            let key = Bytes::from(key.clone());
            let kv = KeyValue {
                key: key.clone(),
                mod_revision: self.revision,
                value: value.map_or(Bytes::new(), |(value, _)| Bytes::from(value.to_owned())),
                lease: value.map_or(0, |(_, lease)| lease),
                create_revision: self.revision,
            };
            let r#type = match value {
                Some(_) => {
                    self.entries.insert(key, kv.clone());
                    0
                }
                None => {
                    self.entries.remove(&key);
                    1
                }
            };
            events.push(Event { r#type, kv: Some(kv) });
        }
        self.history.extend(events.iter().cloned());
        let told = if self.silent { 0 } else { self.watches.len() };
        for at in 0..told {
            self.tell(at, &events);
        }
    }

    pub(crate) fn put(&mut self, key: impl Into<String>) {
        self.change(&[(key.into(), Some(("", 0)))]);
    }

    pub(crate) fn delete(&mut self, key: impl Into<String>) {
        self.change(&[(key.into(), None)]);
    }

    fn tell(&self, watch: usize, events: &[Event]) {
        let Watch { id, key, end, answers } = &self.watches[watch];
        let wanted = |event: &&Event| within(key, end, &event.kv.as_ref().unwrap().key);
        let events: Vec<Event> = events.iter().filter(wanted).cloned().collect();
        let answer = |events, fragment| WatchResponse {
            header: Some(self.header()),
            watch_id: *id,
            events,
            fragment,
            ..WatchResponse::default()
        };
        if self.fragments {
            for (n, event) in events.iter().enumerate() {
                let more = n + 1 < events.len();
                let _ = answers.send(message(answer(vec![event.clone()], more)));
            }
        } else if !events.is_empty() {
            let _ = answers.send(message(answer(events, false)));
        }
    }

    /// Sends something to all watches.
    pub(crate) fn broadcast(&self, answer: impl Fn(i64) -> WatchResponse) {
        for watch in &self.watches {
            let _ = watch.answers.send(message(answer(watch.id)));
        }
    }

    /// Ends all watches for this reason.
    pub(crate) fn cancel(&mut self, reason: &str) {
        self.broadcast(|watch_id| WatchResponse {
            watch_id,
            canceled: true,
            cancel_reason: reason.to_owned(),
            ..WatchResponse::default()
        });
        self.watches.clear();
    }

    /// The lease expires, with all its keys.
    pub(crate) fn expire(&mut self) {
        let lease = std::mem::take(&mut self.lease);
        let gone = self.entries.values().filter(|kv| kv.lease == lease);
        let gone: Vec<_> =
            gone.map(|kv| (String::from_utf8(kv.key.to_vec()).unwrap(), None)).collect();
        self.change(&gone);
    }

    /// All is lost, as with its disk.
    pub(crate) fn wipe(&mut self) {
        self.entries.clear();
        self.history.clear();
        (self.revision, self.compacted, self.lease) = (1, 0, 0);
    }

    /// The keys, as texts.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.entries.keys().map(|key| String::from_utf8(key.to_vec()).unwrap()).collect()
    }

    /// The number of watches.
    pub(crate) fn watching(&self) -> usize {
        self.watches.len()
    }

    /// Sends bytes that are no answer.
    pub(crate) fn garbage(&mut self) {
        for watch in self.watches.drain(..) {
            let bytes = Bytes::from_static(b"\xff\xff");
            let _ = watch.answers.send(Encoded::new(Format::Protobuf, bytes).into());
        }
    }

    /// The event of a deletion.
    pub(crate) fn deletion_of(key: &str, mod_revision: i64) -> Event {
        let kv = KeyValue { key: key.to_owned().into(), mod_revision, ..KeyValue::default() };
        Event { r#type: 1, kv: Some(kv) }
    }

    pub(crate) fn count(&self, method: &str) -> usize {
        self.asked.get(method).copied().unwrap_or(0)
    }

    fn put_one(&mut self, put: PutRequest) -> Result<(), Status> {
        if put.lease != 0 && put.lease != self.lease {
            return Err(Status::new(Code::NotFound, "etcdserver: requested lease not found"));
        }
        let key = String::from_utf8(put.key.to_vec()).unwrap();
        let value = String::from_utf8(put.value.to_vec()).unwrap();
        self.change(&[(key, Some((&value, put.lease)))]);
        Ok(())
    }

    fn range(&self, request: &RangeRequest) -> RangeResponse {
        let limit = usize::try_from(request.limit).unwrap();
        let all = self.entries.values();
        let mut kvs: Vec<KeyValue> =
            all.filter(|kv| within(&request.key, &request.range_end, &kv.key)).cloned().collect();
        let more = limit > 0 && kvs.len() > limit;
        if more {
            kvs.truncate(limit);
        }
        RangeResponse { header: Some(self.header()), kvs, more }
    }

    fn unary(&mut self, name: &str, payload: Payload) -> Result<Payload, Status> {
        let header = Some(self.header());
        Ok(match name {
            "Range" => message(self.range(&decode(payload)?)),
            "Put" => {
                self.put_one(decode(payload)?)?;
                message(PutResponse { header })
            }
            "DeleteRange" => {
                let request: DeleteRangeRequest = decode(payload)?;
                self.delete(String::from_utf8(request.key.to_vec()).unwrap());
                message(DeleteRangeResponse { header, deleted: 1 })
            }
            "Txn" => {
                let request: TxnRequest = decode(payload)?;
                let succeeded = request.compare.iter().all(|compare| {
                    let kv = self.entries.get(&compare.key).cloned().unwrap_or_default();
                    match compare.target_union.unwrap() {
                        compare::TargetUnion::CreateRevision(n) => kv.create_revision == n,
                        compare::TargetUnion::ModRevision(n) => kv.mod_revision == n,
                        compare::TargetUnion::Lease(n) => kv.lease == n,
                    }
                });
                for op in request.success.into_iter().filter(|_| succeeded) {
                    match op.request.unwrap() {
                        request_op::Request::RequestPut(put) => self.put_one(put)?,
                        request_op::Request::RequestDeleteRange(delete) => {
                            self.delete(String::from_utf8(delete.key.to_vec()).unwrap());
                        }
                    }
                }
                message(TxnResponse { header, succeeded })
            }
            "LeaseGrant" => {
                let request: LeaseGrantRequest = decode(payload)?;
                self.next_lease += 1;
                self.lease = self.next_lease;
                let error = String::new();
                message(LeaseGrantResponse { header, id: self.lease, ttl: request.ttl, error })
            }
            "LeaseRevoke" => {
                self.expire();
                message(LeaseRevokeResponse { header })
            }
            "Authenticate" => {
                let request: AuthenticateRequest = decode(payload)?;
                if request.password != "secret" {
                    let why = "etcdserver: authentication failed, invalid user ID or password";
                    return Err(Status::new(Code::InvalidArgument, why));
                }
                message(AuthenticateResponse { header, token: self.token.unwrap().to_owned() })
            }
            other => panic!("{other} is not written"),
        })
    }

    fn watch(&mut self, create: WatchCreateRequest, answers: &mpsc::UnboundedSender<Payload>) {
        let WatchCreateRequest { key, range_end: end, start_revision, watch_id: id, .. } = create;
        self.starts.push(start_revision);
        let created = WatchResponse {
            header: Some(self.header()),
            watch_id: id,
            created: true,
            ..WatchResponse::default()
        };
        let _ = answers.send(message(created));
        if start_revision <= self.compacted {
            let cancelled = WatchResponse {
                watch_id: id,
                canceled: true,
                compact_revision: self.compacted,
                ..WatchResponse::default()
            };
            let _ = answers.send(message(cancelled));
            return;
        }
        self.watches.push(Watch { id, key, end, answers: answers.clone() });
        let since = if self.repeats { 0 } else { start_revision };
        let missed = self.history.iter().filter(|e| e.kv.as_ref().unwrap().mod_revision >= since);
        let missed: Vec<Event> = missed.cloned().collect();
        self.tell(self.watches.len() - 1, &missed);
    }
}

fn within(start: &[u8], end: &[u8], key: &[u8]) -> bool {
    match end {
        b"" => key == start,
        b"\0" => key >= start,
        end => (start..end).contains(&key),
    }
}

/// A fake server.
pub(crate) struct Fake {
    network: Network,
    pub(crate) store: Arc<Mutex<Store>>,
    accepting: Option<JoinHandle<()>>,
    connections: Arc<Mutex<Vec<JoinHandle<()>>>>,
    trigger: Trigger,
}

impl Fake {
    pub(crate) fn new() -> Self {
        let store = Store { revision: 1, ..Store::default() };
        let mut fake = Self {
            network: Network::default(),
            store: Arc::new(Mutex::new(store)),
            accepting: None,
            connections: Arc::default(),
            trigger: Trigger::new(),
        };
        fake.open();
        fake
    }

    /// Listens (again).
    pub(crate) fn open(&mut self) {
        let mut listener = self.network.listen(ADDRESS.parse().unwrap()).unwrap();
        let dispatch = Arc::new(Service(self.store.clone()));
        let protocol = TripleProtocol::new(dispatch, TripleOptions::default());
        let (connections, shutdown) = (self.connections.clone(), self.trigger.shutdown());
        self.accepting = Some(tokio::spawn(async move {
            loop {
                let (io, peer) = poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
                let serving = tokio::spawn(protocol.serve(io, peer, shutdown.clone()));
                connections.lock().push(serving);
            }
        }));
    }

    /// Cuts all connections, and listens no more.
    pub(crate) async fn close(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
            let _ = accepting.await;
        }
        self.cut();
    }

    /// Cuts all connections.
    pub(crate) fn cut(&self) {
        self.connections.lock().drain(..).for_each(|connection| connection.abort());
        self.store.lock().watches.clear();
    }

    /// A registry of it, with these parameters.
    pub(crate) fn registry(&self, parameters: &str) -> Etcd {
        self.registry_at(&format!("etcd://{ADDRESS}?session=6000&{parameters}"))
    }

    pub(crate) fn registry_at(&self, url: &str) -> Etcd {
        let dial = Counting { network: self.network.clone(), store: self.store.clone() };
        let builder = Etcd::builder(url, clock()).unwrap().random(Arc::new(SplitMix::new(1)));
        builder.dial(dial).application("tests").build()
    }

    /// Waits until the store is as `holds` wants it.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Store) -> bool) {
        for _ in 0..60_000 {
            if holds(&self.store.lock()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("not within 5 min: {what}");
    }
}

struct Counting {
    network: Network,
    store: Arc<Mutex<Store>>,
}

impl Dial for Counting {
    fn dial<'a>(
        &'a self,
        to: &'a Address,
    ) -> BoxFuture<'a, dubhe_net::Result<(Io, ConnectionInfo)>> {
        self.store.lock().dials += 1;
        self.network.dial(to)
    }
}

struct Service(Arc<Mutex<Store>>);

impl Dispatch for Service {
    fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status> {
        const NAMES: [&str; 10] = [
            "Range",
            "Put",
            "DeleteRange",
            "Txn",
            "LeaseGrant",
            "LeaseRevoke",
            "Authenticate",
            "Compact",
            "Watch",
            "LeaseKeepAlive",
        ];
        let Some(name) = NAMES.iter().find(|name| **name == wanted.method) else {
            return Err(Status::unimplemented("no such method"));
        };
        let kind = match *name {
            "Watch" | "LeaseKeepAlive" => CallKind::Bidirectional,
            _ => CallKind::Unary,
        };
        Ok(Target {
            service: Arc::new(ServiceKey::interface_only(wanted.interface)),
            method: method(name, kind),
            params: Arc::default(),
            gates: Gates::default(),
            invoke: Arc::new(Service(self.0.clone())),
        })
    }
}

impl Invoke for Service {
    fn invoke(&self, call: Call) -> Invoking {
        let store = self.0.clone();
        Invoking::boxed(async move { answer(store, call) })
    }
}

fn answer(shared: Arc<Mutex<Store>>, call: Call) -> Result<Reply, Status> {
    let mut store = shared.lock();
    let name = call.head.method.name.to_string();
    *store.asked.entry(name.clone()).or_default() += 1;
    let good = store.token.is_none_or(|token| call.head.metadata.get_str("token") == Some(token));
    if !good && name != "Authenticate" {
        return Err(Status::new(Code::Unauthenticated, "etcdserver: invalid auth token"));
    }
    if let Some(instead) = store.instead.get_mut(&*name).and_then(VecDeque::pop_front) {
        return instead.map(|bytes| Reply::new(Encoded::new(Format::Protobuf, bytes).into()));
    }
    match call.body {
        CallBody::One(payload) => store.unary(&name, payload).map(Reply::new),
        body @ CallBody::Stream(_) => {
            let (sender, receiver) = mpsc::unbounded_channel();
            match &*name {
                "Watch" => {
                    read(body, sender, shared.clone(), |store, request: WatchRequest, answers| {
                        match request.request_union.unwrap() {
                            watch_request::RequestUnion::CreateRequest(create) => {
                                store.watch(create, answers);
                            }
                            watch_request::RequestUnion::CancelRequest(cancel) => {
                                store.watches.retain(|watch| watch.id != cancel.watch_id);
                            }
                            watch_request::RequestUnion::ProgressRequest(_) => {}
                        }
                    });
                }
                _ => read(
                    body,
                    sender,
                    shared.clone(),
                    |store, request: LeaseKeepAliveRequest, answers| {
                        *store.asked.entry("keep alive".into()).or_default() += 1;
                        let ttl = if request.id == store.lease { 6 } else { 0 };
                        let header = Some(store.header());
                        let _ = answers.send(message(LeaseKeepAliveResponse {
                            header,
                            id: request.id,
                            ttl,
                        }));
                    },
                ),
            }
            Ok(Reply::stream(stream::unfold(Some(receiver), |receiver| async {
                let mut receiver = receiver?;
                Some(match receiver.recv().await {
                    Some(payload) => (Frame::Message(payload), Some(receiver)),
                    None => (Frame::Trailers(Trailers::default()), None),
                })
            })))
        }
    }
}

/// Reads requests for as long as they come.
fn read<M: Message>(
    body: CallBody,
    answers: mpsc::UnboundedSender<Payload>,
    shared: Arc<Mutex<Store>>,
    each: impl Fn(&mut Store, M, &mpsc::UnboundedSender<Payload>) + Send + 'static,
) {
    tokio::spawn(async move {
        let mut requests = Streaming::<M>::of_request(body, decode_or);
        while let Ok(Some(request)) = requests.message().await {
            let slowness = shared.lock().slowness;
            tokio::time::sleep(slowness).await;
            each(&mut shared.lock(), request, &answers);
        }
    });
}
