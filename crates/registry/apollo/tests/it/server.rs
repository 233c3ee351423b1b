//! Apollo's config service, as its guide for clients in other languages describes it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dubhe_core::url::Url;
use dubhe_net::io::memory::{MemoryListen, Network};
use dubhe_net::io::{Io, Listen};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::sync::watch;

/// The time that a long poll is held.
const HOLD: Duration = Duration::from_mins(1);

#[derive(Clone, Default)]
struct Namespace {
    release: u32,
    values: BTreeMap<String, String>,
}

/// A way in which a server misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Connections are closed without a word.
    Closes,
    /// The answer is 500.
    Fails,
    /// The answer is no JSON.
    Garbage,
    /// The answer never ends.
    Endless,
}

#[derive(Clone)]
pub(crate) struct Server {
    namespaces: watch::Sender<BTreeMap<String, Namespace>>,
    fault: Arc<Mutex<Option<Fault>>>,
    /// The first line of each request, and its signature.
    pub(crate) requests: Arc<Mutex<Vec<(String, String)>>>,
}

impl Server {
    pub(crate) fn start(network: &Network, address: &str) -> Self {
        let listen = network.listen(address.parse().unwrap()).unwrap();
        let (namespaces, _) = watch::channel(BTreeMap::new());
        let server = Self { namespaces, fault: Arc::default(), requests: Arc::default() };
        tokio::spawn(server.clone().serve(listen));
        server
    }

    pub(crate) fn release(&self, namespace: &str, values: &[(&str, &str)]) {
        self.namespaces.send_modify(|all| {
            let namespace = all.entry(namespace.to_owned()).or_default();
            namespace.release += 1;
            namespace.values =
                values.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        });
    }

    pub(crate) fn break_with(&self, fault: Option<Fault>) {
        *self.fault.lock().unwrap() = fault;
    }

    /// The requests whose path begins so.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.requests.lock().unwrap().iter().filter(|(line, _)| line.starts_with(path)).count()
    }

    async fn serve(self, mut listen: MemoryListen) {
        loop {
            let (io, _) = std::future::poll_fn(|cx| listen.poll_accept(cx)).await.unwrap();
            let server = self.clone();
            tokio::spawn(async move { server.answer(io).await });
        }
    }

    async fn answer(&self, io: Io) {
        let mut io = BufReader::new(io);
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if io.read_line(&mut line).await.unwrap_or(0) <= 2 {
                break;
            }
            head.push(line.trim().to_owned());
        }
        let Some(path) = head.first().and_then(|line| line.split(' ').nth(1)) else { return };
        let header =
            |name: &str| head.iter().find_map(|line| Some(line.strip_prefix(name)?.to_owned()));
        let signature = format!(
            "{} {}",
            header("timestamp: ").unwrap_or_default(),
            header("authorization: ").unwrap_or_default()
        );
        self.requests.lock().unwrap().push((path.to_owned(), signature));
        let fault = *self.fault.lock().unwrap();
        let (status, body) = match fault {
            Some(Fault::Closes) => return,
            Some(Fault::Fails) => (500, String::new()),
            Some(Fault::Garbage) => (200, "<html>".to_owned()),
            Some(Fault::Endless) => {
                let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
                let mut sent = io.write_all(head.as_bytes()).await;
                while sent.is_ok() {
                    sent = io.write_all(b"4\r\naaaa\r\n").await;
                }
                return;
            }
            None => self.respond(path).await,
        };
        let length = body.len();
        let text = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n{body}");
        // The client may have gone.
        let _ = io.write_all(text.as_bytes()).await;
    }

    async fn respond(&self, path: &str) -> (u16, String) {
        let url = Url::parse(&format!("x://x{path}"), "x").unwrap();
        if let Some(place) = url.path.strip_prefix("configs/") {
            let namespace = place.split('/').nth(2).unwrap();
            if namespace == "refused" {
                return (400, String::new());
            }
            let all = self.namespaces.borrow();
            let Some(found) = all.get(namespace) else { return (404, String::new()) };
            let release = format!("release-{}", found.release);
            if url.param("releaseKey") == Some(&release) {
                return (304, String::new());
            }
            let body = json!({
                "appId": "shop", "cluster": "default", "namespaceName": namespace,
                "configurations": found.values, "releaseKey": release,
            });
            return (200, body.to_string());
        }
        let known: Vec<Value> = serde_json::from_str(url.param("notifications").unwrap()).unwrap();
        let told = |all: &BTreeMap<String, Namespace>| -> Vec<Value> {
            let of = |known: &Value| {
                let name = known["namespaceName"].as_str().unwrap();
                let id = all.get(name)?.release;
                let news = known["notificationId"].as_i64() != Some(i64::from(id));
                news.then(|| {
                    json!({
                        "namespaceName": name, "notificationId": id,
                        "messages": {"details": {format!("shop+default+{name}"): id}},
                    })
                })
            };
            known.iter().filter_map(of).collect()
        };
        let mut changes = self.namespaces.subscribe();
        let changed = changes.wait_for(|all| !told(all).is_empty());
        match tokio::time::timeout(HOLD, changed).await {
            Ok(Ok(all)) => (200, Value::from(told(&all)).to_string()),
            _ => (304, String::new()),
        }
    }
}
