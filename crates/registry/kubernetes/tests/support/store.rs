//! A server that keeps objects as an API server does: reads, creations and merge patches.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// The path of what is in the namespace of the tests.
const NAMESPACE: &str = "/api/v1/namespaces/shop/";

/// A server, which ends with the test.
pub(crate) struct Store {
    address: SocketAddr,
    shared: Arc<Mutex<State>>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct State {
    /// Objects by kind and name, such as `pods/shop-1`.
    objects: BTreeMap<String, Value>,
    version: u64,
    /// `true` while connections end without an answer.
    away: bool,
}

impl Store {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::<Mutex<State>>::default();
        let (mut tasks, of) = (JoinSet::new(), shared.clone());
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(serve(stream, of.clone()));
            }
        });
        Self { address, shared, _tasks: tasks }
    }

    /// The URL of a registry of it, with these parameters.
    pub(crate) fn url(&self, parameters: &str) -> String {
        let Self { address, .. } = self;
        format!(
            "kubernetes://{address}/?useHttps=false&namespace=shop&watchReconnectInterval=20&{parameters}"
        )
    }

    /// Leaves all requests without an answer, or no longer.
    pub(crate) fn set_away(&self, away: bool) {
        self.shared.lock().away = away;
    }

    /// An object such as `pods/shop-1`.
    pub(crate) fn get(&self, name: &str) -> Option<Value> {
        self.shared.lock().objects.get(name).cloned()
    }

    /// Creates or merges an object.
    pub(crate) fn patch(&self, name: &str, patch: &Value) {
        self.shared.lock().patch(name, patch);
    }

    pub(crate) fn delete(&self, name: &str) {
        assert!(self.shared.lock().objects.remove(name).is_some(), "{name}");
    }
}

impl State {
    fn patch(&mut self, name: &str, patch: &Value) -> Value {
        let object = self.objects.entry(name.to_owned()).or_default();
        merge(object, patch);
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        object.clone()
    }

    /// The status and the body of an answer.
    fn answer(&mut self, method: &str, target: &str, body: &Value) -> (u16, Value) {
        let path = target.split('?').next().unwrap().strip_prefix(NAMESPACE).unwrap().to_owned();
        match (method, path.contains('/')) {
            ("GET", true) => match self.objects.get(&path) {
                Some(object) => (200, object.clone()),
                None => (404, json!({"message": "not found"})),
            },
            ("GET", false) => {
                let of_kind = |(name, _): &(&String, &Value)| name.starts_with(&format!("{path}/"));
                let items = self.objects.iter().filter(of_kind);
                let items: Vec<_> = items.map(|(_, object)| object.clone()).collect();
                (200, json!({"metadata": {"resourceVersion": "1"}, "items": items}))
            }
            ("POST", false) => {
                let name = format!("{path}/{}", body["metadata"]["name"].as_str().unwrap());
                if self.objects.contains_key(&name) {
                    return (409, json!({"message": "it exists"}));
                }
                (201, self.patch(&name, body))
            }
            ("PATCH", true) => {
                let Some(now) = self.objects.get(&path) else {
                    return (404, json!({"message": "not found"}));
                };
                let expected = &body["metadata"]["resourceVersion"];
                if !expected.is_null() && *expected != now["metadata"]["resourceVersion"] {
                    return (409, json!({"message": "it has changed"}));
                }
                (200, self.patch(&path, body))
            }
            _ => panic!("{method} {target}"),
        }
    }
}

/// Merges a patch into an object (RFC 7396).
fn merge(object: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *object = patch.clone();
        return;
    };
    if !object.is_object() {
        *object = json!({});
    }
    for (name, value) in patch {
        if value.is_null() {
            object.as_object_mut().unwrap().remove(name);
        } else {
            merge(&mut object[name], value);
        }
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Mutex<State>>) {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    let (head, body) = loop {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
            break (head.to_owned(), body.to_owned());
        }
    };
    let answer = {
        let mut shared = shared.lock();
        if shared.away {
            return;
        }
        let mut words = head.split(' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        shared.answer(method, target, &serde_json::from_str(&body).unwrap_or_default())
    };
    let (status, body) = (answer.0, answer.1.to_string());
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    // A client that is gone is the business of the test.
    let _ = stream.write_all(text.as_bytes()).await;
}
