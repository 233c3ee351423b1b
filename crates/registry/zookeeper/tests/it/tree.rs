//! A server with a tree of nodes in memory, whose sessions and connections a test ends as it likes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use dubhe_core::random::SplitMix;
use dubhe_zookeeper::ZooKeeper;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::fake::{Fake, Line, TIMEOUT, answer, event, granted, names, put_text, stat_of};
use super::support::clock;

const CREATED: i32 = 1;
const DELETED: i32 = 2;
const CHANGED: i32 = 3;
const CHILDREN: i32 = 4;

/// Operations, by ZooKeeper's numbers.
pub(crate) mod operation {
    pub(crate) const CREATE: i32 = 1;
    pub(crate) const DELETE: i32 = 2;
    pub(crate) const EXISTS: i32 = 3;
    pub(crate) const GET: i32 = 4;
    pub(crate) const SET: i32 = 5;
    pub(crate) const CHILDREN: i32 = 8;
    pub(crate) const SET_WATCHES: i32 = 101;
    pub(crate) const CLOSE: i32 = -11;
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) data: String,
    pub(crate) owner: i64,
    pub(crate) version: i32,
    changed: i64,
}

#[derive(Default)]
struct State {
    nodes: BTreeMap<String, Node>,
    zxid: i64,
    /// The connections by session, with the watches of each.
    connections: HashMap<i64, Connection>,
    sessions: i64,
    expired: HashSet<i64>,
    requests: Vec<(i32, String)>,
    refused: HashSet<String>,
    closed: bool,
}

struct Connection {
    out: mpsc::UnboundedSender<Bytes>,
    /// The number of the event that fires each, and its path: 1 for absence, 3 for data, 4 for children.
    watches: HashSet<(i32, String)>,
}

/// The server; dropping it ends it.
pub(crate) struct Tree {
    state: Arc<Mutex<State>>,
    fake_dialer: Option<super::fake::Counting>,
    pub(crate) dials: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Drop for Tree {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Tree {
    pub(crate) fn new() -> Self {
        let mut fake = Fake::new();
        let state: Arc<Mutex<State>> = Arc::default();
        let (dialer, dials, shared) = (fake.dialer(), fake.count(), state.clone());
        let accepting = tokio::spawn(async move {
            loop {
                let line = fake.accept().await;
                if !shared.lock().closed {
                    tokio::spawn(serve(line, shared.clone()));
                }
            }
        });
        Self { state, fake_dialer: Some(dialer), dials, accepting }
    }

    /// The registry at this server; the first time alone.
    pub(crate) fn registry(&mut self, parameters: &str) -> ZooKeeper {
        ZooKeeper::builder(&format!("zookeeper://127.0.0.1:2181?{parameters}"), clock())
            .unwrap()
            .random(Arc::new(SplitMix::new(1)))
            .dial(self.fake_dialer.take().unwrap())
            .build()
    }

    pub(crate) fn node(&self, path: &str) -> Option<Node> {
        self.state.lock().nodes.get(path).cloned()
    }

    /// Makes or changes a node as this session, with all nodes above it.
    pub(crate) fn put(&self, path: &str, data: &str, owner: i64) {
        let mut state = self.state.lock();
        let parts = path.match_indices('/').skip(1).map(|(at, _)| &path[..at]);
        for above in parts.collect::<Vec<_>>() {
            state.create(above, "", 0);
        }
        if !state.create(path, data, owner) {
            state.set(path, data);
        }
    }

    pub(crate) fn remove(&self, path: &str) {
        assert!(self.state.lock().delete(path), "{path}");
    }

    /// Answers every operation on a node with "not permitted", or no more.
    pub(crate) fn refuse(&self, path: &str, refused: bool) {
        let mut state = self.state.lock();
        if refused {
            state.refused.insert(path.to_owned());
        } else {
            state.refused.remove(path);
        }
    }

    /// Forgets all watches.
    pub(crate) fn forget_watches(&self) {
        for connection in self.state.lock().connections.values_mut() {
            connection.watches.clear();
        }
    }

    /// The requests of this operation since the last look, by path.
    pub(crate) fn requests(&self, operation: i32) -> Vec<String> {
        let mut state = self.state.lock();
        let taken = state.requests.extract_if(.., |(of, _)| *of == operation);
        taken.map(|(_, path)| path).collect()
    }

    /// Ends all connections; new ones are refused while `closed`.
    pub(crate) fn disconnect(&self, closed: bool) {
        let mut state = self.state.lock();
        state.closed = closed;
        state.connections.clear();
    }

    /// Lets connections in again.
    pub(crate) fn open(&self) {
        self.state.lock().closed = false;
    }

    /// Ends all sessions and their nodes.
    pub(crate) fn expire(&self) {
        let mut state = self.state.lock();
        let sessions: Vec<i64> = (1..=state.sessions).collect();
        state.expired.extend(&sessions);
        state.connections.clear();
        let gone = state.nodes.iter().filter(|(_, node)| sessions.contains(&node.owner));
        for path in gone.map(|(path, _)| path.clone()).collect::<Vec<_>>() {
            state.delete(&path);
        }
    }
}

impl State {
    fn fire(&mut self, kind: i32, fires: i32, path: &str) {
        for connection in self.connections.values_mut() {
            if connection.watches.remove(&(kind, path.to_owned())) {
                let _ = connection.out.send(event(fires, path));
            }
        }
    }

    fn create(&mut self, path: &str, data: &str, owner: i64) -> bool {
        if self.nodes.contains_key(path) {
            return false;
        }
        self.zxid += 1;
        let node = Node { data: data.to_owned(), owner, version: 0, changed: self.zxid };
        self.nodes.insert(path.to_owned(), node);
        self.fire(CREATED, CREATED, path);
        self.fire(CHILDREN, CHILDREN, above(path));
        true
    }

    fn set(&mut self, path: &str, data: &str) {
        self.zxid += 1;
        let zxid = self.zxid;
        let node = self.nodes.get_mut(path).unwrap();
        *node = Node {
            data: data.to_owned(),
            owner: node.owner,
            version: node.version + 1,
            changed: zxid,
        };
        self.fire(CHANGED, CHANGED, path);
    }

    fn delete(&mut self, path: &str) -> bool {
        self.zxid += 1;
        let there = self.nodes.remove(path).is_some();
        if there {
            self.fire(CHANGED, DELETED, path);
            self.fire(CHILDREN, DELETED, path);
            self.fire(CHILDREN, CHILDREN, above(path));
        }
        there
    }

    fn children(&self, path: &str) -> Vec<&str> {
        let below = self.nodes.keys().filter_map(|node| node.strip_prefix(path)?.strip_prefix('/'));
        below.filter(|name| !name.contains('/')).collect()
    }

    /// Answers a request of a session: an error code and a record.
    fn answer(&mut self, session: i64, operation: i32, mut record: Bytes) -> (i32, Bytes) {
        const NO_NODE: i32 = -101;
        const NO_AUTH: i32 = -102;
        const BAD_VERSION: i32 = -103;
        const NODE_EXISTS: i32 = -110;
        if operation == operation::SET_WATCHES {
            self.take_watches(session, record);
            return (0, Bytes::new());
        }
        let path = text(&mut record);
        self.requests.push((operation, path.clone()));
        if self.refused.contains(&path) {
            return (NO_AUTH, Bytes::new());
        }
        let node = self.nodes.get(&path).cloned();
        let mut watch = |kind, watched: bool| {
            if watched {
                self.connections.get_mut(&session).unwrap().watches.insert((kind, path.clone()));
            }
        };
        match (operation, node) {
            (operation::CREATE, Some(_)) => (NODE_EXISTS, Bytes::new()),
            (operation::CREATE, None) => {
                let above = above(&path);
                if !above.is_empty() && !self.nodes.contains_key(above) {
                    return (NO_NODE, Bytes::new());
                }
                let data = text(&mut record);
                let ephemeral = record[record.len() - 1] == 1;
                self.create(&path, &data, if ephemeral { session } else { 0 });
                (0, Bytes::new())
            }
            (operation::EXISTS, None) => {
                watch(CREATED, record[0] == 1);
                (NO_NODE, Bytes::new())
            }
            (operation::CHILDREN, None) if path == "/" => (0, names(&self.children(""))),
            (_, None) => (NO_NODE, Bytes::new()),
            (operation::EXISTS, Some(node)) => {
                watch(CHANGED, record[0] == 1);
                (0, stat_of(node.owner, node.version))
            }
            (operation::GET, Some(node)) => {
                watch(CHANGED, record[0] == 1);
                let mut out = BytesMut::new();
                put_text(&mut out, &node.data);
                out.put_slice(&stat_of(node.owner, node.version));
                (0, out.freeze())
            }
            (operation::CHILDREN, Some(_)) => {
                watch(CHILDREN, record[0] == 1);
                (0, names(&self.children(&path)))
            }
            (operation::SET, Some(node)) => {
                let data = text(&mut record);
                let version = record.get_i32();
                if version != -1 && version != node.version {
                    return (BAD_VERSION, Bytes::new());
                }
                self.set(&path, &data);
                (0, stat_of(node.owner, node.version + 1))
            }
            (operation::DELETE, Some(_)) => {
                self.delete(&path);
                (0, Bytes::new())
            }
            (other, _) => panic!("operation {other}"),
        }
    }

    /// Takes watches over, and fires those of nodes that changed meanwhile.
    fn take_watches(&mut self, session: i64, mut record: Bytes) {
        let since = record.get_i64();
        for kind in [CHANGED, CREATED, CHILDREN] {
            for _ in 0..record.get_i32() {
                let path = text(&mut record);
                let node = self.nodes.get(&path);
                let fires = match (kind, node) {
                    (CHANGED | CHILDREN, None) => Some(DELETED),
                    (CHANGED, Some(node)) if node.changed > since => Some(CHANGED),
                    (CREATED, Some(_)) => Some(CREATED),
                    _ => None,
                };
                let connection = self.connections.get_mut(&session).unwrap();
                match fires {
                    Some(fires) => drop(connection.out.send(event(fires, &path))),
                    None => drop(connection.watches.insert((kind, path))),
                }
            }
        }
    }
}

fn above(path: &str) -> &str {
    path.rsplit_once('/').unwrap().0
}

fn text(record: &mut Bytes) -> String {
    let length = usize::try_from(record.get_i32()).unwrap();
    String::from_utf8(record.split_to(length).into()).unwrap()
}

/// Serves a connection until one side ends it.
async fn serve(mut line: Line, state: Arc<Mutex<State>>) {
    let mut hello = line.read().await;
    hello.advance(16);
    let asked = hello.get_i64();
    let (out, mut outgoing) = mpsc::unbounded_channel();
    let session = {
        let mut state = state.lock();
        if state.expired.contains(&asked) {
            None
        } else {
            let session = if asked == 0 { state.sessions + 1 } else { asked };
            state.sessions = state.sessions.max(session);
            state
                .connections
                .insert(session, Connection { out: out.clone(), watches: HashSet::new() });
            Some(session)
        }
    };
    let Some(session) = session else {
        line.write(&granted(0, std::time::Duration::ZERO)).await;
        return;
    };
    line.write(&granted(session, TIMEOUT)).await;
    let (mut reader, mut writer) = tokio::io::split(line.into_io());
    // The connection ends when the state forgets it.
    let forgotten = out.downgrade();
    drop(out);
    let read = async {
        while let Ok(length) = reader.read_i32().await {
            let mut frame = vec![0; usize::try_from(length).unwrap()];
            reader.read_exact(&mut frame).await.unwrap();
            let mut frame = Bytes::from(frame);
            let (id, operation) = (frame.get_i32(), frame.get_i32());
            let mut state = state.lock();
            let Some(out) = forgotten.upgrade() else { return };
            match operation {
                11 => drop(out.send(answer(-2, 0, 0, &[]))),
                operation::CLOSE => {
                    let nodes = state.nodes.iter().filter(|(_, node)| node.owner == session);
                    for path in nodes.map(|(path, _)| path.clone()).collect::<Vec<_>>() {
                        state.delete(&path);
                    }
                    return;
                }
                operation => {
                    let (error, record) = state.answer(session, operation, frame);
                    let _ = out.send(answer(id, state.zxid, error, &record));
                }
            }
        }
    };
    let write = async {
        while let Some(frame) = outgoing.recv().await {
            if writer.write_all(&frame).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = read => {}
        () = write => {}
    }
}
