//! A Nacos server whose every message a test writes, on a network in memory.

use std::future::poll_fn;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use dubhe_core::random::SplitMix;
use dubhe_nacos::wire::Payload;
use dubhe_nacos::{Nacos, NacosBuilder};
use dubhe_net::io::Listen as _;
use dubhe_net::io::memory::{MemoryListen, Network};
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::support::clock;

/// A network with some servers, the first on the port 1, the next on 2 and so on.
pub(crate) struct Fake {
    pub(crate) network: Network,
    listeners: Vec<MemoryListen>,
}

impl Fake {
    pub(crate) fn new(servers: u16) -> Self {
        let network = Network::default();
        let listen = |port| network.listen(([127, 0, 0, 1], 1000 + port).into()).unwrap();
        let listeners = (1..=servers).map(listen).collect();
        Self { network, listeners }
    }

    /// Opens one more server.
    pub(crate) fn open(&mut self) {
        let port = 1001 + u16::try_from(self.listeners.len()).unwrap();
        self.listeners.push(self.network.listen(([127, 0, 0, 1], port).into()).unwrap());
    }

    /// A client of all servers, with these parameters.
    pub(crate) fn builder(&self, parameters: &str) -> NacosBuilder {
        let servers: Vec<_> =
            (1..=self.listeners.len()).map(|n| format!("127.0.0.1:{n}")).collect();
        let url = format!("nacos://{}?{parameters}", servers.join(","));
        let builder = Nacos::builder(&url, clock()).unwrap().dial(self.network.clone());
        builder.random(Arc::new(SplitMix::new(1)))
    }

    pub(crate) fn client(&self, parameters: &str) -> Nacos {
        self.builder(parameters).build()
    }

    /// The next connection to any server, with the number of it.
    pub(crate) async fn accept(&mut self) -> Line {
        let (server, io) = poll_fn(|cx| {
            for (n, listener) in self.listeners.iter_mut().enumerate() {
                if let std::task::Poll::Ready(accepted) = listener.poll_accept(cx) {
                    return std::task::Poll::Ready((n + 1, accepted.unwrap().0));
                }
            }
            std::task::Poll::Pending
        })
        .await;
        let (sender, calls) = mpsc::channel(64);
        let task = tokio::spawn(async move {
            let mut connection = h2::server::handshake(io).await.unwrap();
            while let Some(Ok((request, respond))) = connection.accept().await {
                let path = request.uri().path().to_owned();
                if sender.send((path, request.into_body(), respond)).await.is_err() {
                    return;
                }
            }
        });
        Line { server, calls, task, stream: None, list: None, healthy: true }
    }

    /// The next connection, set up as that of Nacos 3.
    pub(crate) async fn welcome(&mut self) -> Line {
        let mut line = self.accept().await;
        line.set_up().await;
        line
    }
}

type Incoming = (String, RecvStream, SendResponse<Bytes>);

/// The server's end of a connection.
pub(crate) struct Line {
    /// The number of the server.
    pub(crate) server: usize,
    calls: mpsc::Receiver<Incoming>,
    task: JoinHandle<()>,
    stream: Option<(SendStream<Bytes>, RecvStream, BytesMut)>,
    /// Health checks are answered with success, unseen.
    /// The answer to those who subscribe once more.
    pub(crate) list: Option<Value>,
    pub(crate) healthy: bool,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A request of the client.
pub(crate) struct Asked {
    pub(crate) kind: String,
    pub(crate) body: Value,
    /// The bytes of the request, for its headers.
    pub(crate) raw: Bytes,
    respond: SendResponse<Bytes>,
}

impl Asked {
    /// Answers with a message.
    pub(crate) fn answer(mut self, kind: &str, body: &Value) {
        let response = http::Response::builder().header("content-type", "application/grpc");
        let mut stream = self.respond.send_response(response.body(()).unwrap(), false).unwrap();
        stream.send_data(framed(&payload(kind, &body.to_string())), false).unwrap();
        let mut trailers = http::HeaderMap::new();
        trailers.insert("grpc-status", "0".parse().unwrap());
        stream.send_trailers(trailers).unwrap();
    }

    /// Answers with success.
    pub(crate) fn done(self) {
        let kind = self.kind.replace("Request", "Response");
        self.answer(&kind, &json!({"resultCode": 200, "errorCode": 0, "message": null}));
    }

    /// Refuses it.
    pub(crate) fn refuse(self, code: i32) {
        self.answer(
            "ErrorResponse",
            &json!({"resultCode": 500, "errorCode": code, "message": "no"}),
        );
    }
}

impl Line {
    async fn call(&mut self) -> Option<Incoming> {
        let patience = std::time::Duration::from_mins(2);
        tokio::time::timeout(patience, self.calls.recv()).await.expect("the client calls")
    }

    /// The next request; `None` when the client ends the connection.
    pub(crate) async fn next(&mut self) -> Option<Asked> {
        loop {
            let (path, mut body, respond) = self.call().await?;
            assert_eq!(path, "/Request/request");
            let mut bytes = BytesMut::new();
            while let Some(data) = body.data().await {
                bytes.extend_from_slice(&data.ok()?);
            }
            let raw = unframed(&mut bytes).unwrap();
            let payload = Payload::decode(raw.clone()).unwrap();
            let body = serde_json::from_slice(&payload.body).unwrap();
            let asked = Asked { kind: payload.kind, body, raw, respond };
            let list = self.list.as_ref().filter(|_| asked.kind == "SubscribeServiceRequest");
            if asked.kind == "HealthCheckRequest" && self.healthy {
                asked.done();
            } else if let Some(list) = list {
                asked.answer("SubscribeServiceResponse", list);
            } else {
                return Some(asked);
            }
        }
    }

    /// Lets time pass, in which nothing but health checks and looks at what is listed may come; those
    /// are told nothing.
    pub(crate) async fn idle(&mut self, time: std::time::Duration) {
        let end = tokio::time::Instant::now() + time;
        loop {
            tokio::select! {
                asked = self.next() => match asked {
                    Some(asked) if asked.kind == "ServiceQueryRequest" => asked.refuse(500),
                    asked => panic!("{:?} comes", asked.map(|asked| asked.kind)),
                },
                () = tokio::time::sleep_until(end) => return,
            }
        }
    }

    /// The next request, which must be of this kind.
    pub(crate) async fn asked(&mut self, kind: &str) -> Asked {
        let asked = self.next().await.expect("the connection goes on");
        assert_eq!(asked.kind, kind, "{}", asked.body);
        asked
    }

    /// Answers the check of the server and opens the stream; returns the setup of the client.
    pub(crate) async fn open(&mut self, negotiates: bool) -> Value {
        let check = self.asked("ServerCheckRequest").await;
        let body = json!({"resultCode": 200, "connectionId": "1", "supportAbilityNegotiation": negotiates});
        check.answer("ServerCheckResponse", &body);
        let (path, body, mut respond) = self.call().await.unwrap();
        assert_eq!(path, "/BiRequestStream/requestBiStream");
        let response = http::Response::builder().header("content-type", "application/grpc");
        let send = respond.send_response(response.body(()).unwrap(), false).unwrap();
        self.stream = Some((send, body, BytesMut::new()));
        let (kind, setup) = self.pushed_back().await;
        assert_eq!(kind, "ConnectionSetupRequest");
        setup
    }

    pub(crate) async fn set_up(&mut self) {
        let setup = self.open(true).await;
        assert_eq!(setup["labels"]["source"], "sdk");
        self.push("SetupAckRequest", &json!({"abilityTable": {"fuzzyWatch": true}}));
    }

    /// Sends bytes over the stream as one message.
    pub(crate) fn push_bytes(&mut self, bytes: &[u8]) {
        let (send, ..) = self.stream.as_mut().unwrap();
        send.send_data(framed(bytes), false).unwrap();
    }

    pub(crate) fn push(&mut self, kind: &str, body: &Value) {
        self.push_bytes(&payload(kind, &body.to_string()));
    }

    /// Pushes the instances of the test's service, of these ports.
    pub(crate) fn push_service(&mut self, request: u32, time: u32, ports: &[u16]) {
        let service = json!({"requestId": request.to_string(), "serviceInfo": info(time, ports)});
        self.push("NotifySubscriberRequest", &service);
    }

    /// The next message of the client over the stream.
    pub(crate) async fn pushed_back(&mut self) -> (String, Value) {
        let (_, body, bytes) = self.stream.as_mut().unwrap();
        loop {
            if let Some(message) = unframed(bytes) {
                let payload = Payload::decode(message).unwrap();
                return (payload.kind, serde_json::from_slice(&payload.body).unwrap());
            }
            let patience = std::time::Duration::from_mins(2);
            let data = tokio::time::timeout(patience, body.data()).await.expect("the client sends");
            let data = data.expect("the stream goes on").unwrap();
            body.flow_control().release_capacity(data.len()).unwrap();
            bytes.extend_from_slice(&data);
        }
    }

    /// Expects the answer to a push.
    pub(crate) async fn acknowledged(&mut self, kind: &str, request: u32) {
        let (answered, body) = self.pushed_back().await;
        assert_eq!((&*answered, &body["requestId"]), (kind, &json!(request.to_string())));
    }
}

/// The instances of the test's service as the server tells them.
pub(crate) fn info(time: u32, ports: &[u16]) -> Value {
    let hosts: Vec<Value> = ports.iter().map(|port| host(*port)).collect();
    let name = "providers:demo.Greet:1.2.3:g1";
    json!({"name": name, "groupName": "DEFAULT_GROUP", "lastRefTime": time, "hosts": hosts})
}

pub(crate) fn host(port: u16) -> Value {
    let metadata =
        json!({"protocol": "dubbo", "interface": "demo.Greet", "group": "g1", "version": "1.2.3"});
    json!({"ip": "10.0.0.7", "port": port, "weight": 1.0, "metadata": metadata})
}

/// The response to a subscription.
pub(crate) fn subscribed(time: u32, ports: &[u16]) -> Value {
    json!({"resultCode": 200, "serviceInfo": info(time, ports)})
}

/// A message as Nacos writes it: the type in the field 3 of the field 2, the JSON in the 2 of the 3.
pub(crate) fn payload(kind: &str, json: &str) -> Bytes {
    fn field(tag: u8, bytes: &[u8]) -> BytesMut {
        let mut out = BytesMut::new();
        out.put_u8(tag << 3 | 2);
        let mut length = bytes.len();
        while length >= 0x80 {
            out.put_u8(u8::try_from(length & 0x7f).unwrap() | 0x80);
            length >>= 7;
        }
        out.put_u8(u8::try_from(length).unwrap());
        out.put_slice(bytes);
        out
    }
    let mut out = field(2, &field(3, kind.as_bytes()));
    out.unsplit(field(3, &field(2, json.as_bytes())));
    out.freeze()
}

fn framed(message: &[u8]) -> Bytes {
    let mut out = BytesMut::new();
    out.put_u8(0);
    out.put_u32(u32::try_from(message.len()).unwrap());
    out.put_slice(message);
    out.freeze()
}

fn unframed(bytes: &mut BytesMut) -> Option<Bytes> {
    let length = u32::from_be_bytes(bytes.get(1..5)?.try_into().unwrap());
    let end = 5 + usize::try_from(length).unwrap();
    (bytes.len() >= end).then(|| bytes.split_to(end).freeze().slice(5..))
}

/// The HTTP interface of a server.
pub(crate) struct Http(MemoryListen);

impl Http {
    /// The interface of the first server.
    pub(crate) fn of(fake: &Fake) -> Self {
        Self::at(fake, 1)
    }

    pub(crate) fn at(fake: &Fake, port: u16) -> Self {
        Self(fake.network.listen(([127, 0, 0, 1], port).into()).unwrap())
    }

    /// Answers the next request and returns it.
    pub(crate) async fn answer(&mut self, status: &str, body: &str) -> String {
        let (mut io, _) = poll_fn(|cx| self.0.poll_accept(cx)).await.unwrap();
        let mut seen = Vec::new();
        loop {
            io.read_buf(&mut seen).await.unwrap();
            let text = String::from_utf8_lossy(&seen).into_owned();
            let Some((head, form)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if form.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                let length = body.len();
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
                io.write_all(answer.as_bytes()).await.unwrap();
                return text;
            }
        }
    }
}
