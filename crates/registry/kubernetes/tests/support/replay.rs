//! A server that plays answers of an API server.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use dubhe_net::detect::{AcceptOptions, Acceptor, Probe, Protocol, TlsMode};
use dubhe_net::drain::{Shutdown, Trigger};
use dubhe_net::io::tcp::{TcpListen, TcpOptions};
use dubhe_net::io::{BoxFuture, ConnectionInfo, Io};
use dubhe_net::tls::ServerTls;
use dubhe_testkit::certs::Identity;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::support::Exchange;

/// The end of an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum End {
    /// The end that HTTP has.
    Whole,
    /// The end of the connection.
    Cut,
    /// The end of the test.
    Never,
}

/// A part of the body of an answer.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Bytes(Vec<u8>),
    /// Waits until the test lets it go on.
    Wait,
}

/// An answer to one request.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The kind of object, such as `endpointslices`.
    kind: &'static str,
    /// `true` if it is one to a watch.
    watch: bool,
    status: u16,
    parts: Vec<Part>,
    end: End,
}

impl Answer {
    /// An answer to a list of these objects.
    pub(crate) fn list(kind: &'static str, exchange: &Exchange) -> Self {
        Self::of(kind, false, exchange)
    }

    /// An answer to a watch, which ends.
    pub(crate) fn watch(kind: &'static str, exchange: &Exchange) -> Self {
        Self::of(kind, true, exchange)
    }

    fn of(kind: &'static str, watch: bool, exchange: &Exchange) -> Self {
        let line = |line: &Value| match line {
            Value::String(text) => format!("{text}\n"),
            line => format!("{line}\n"),
        };
        let text: String = exchange.lines.iter().map(line).collect();
        let parts = vec![Part::Bytes(text.into_bytes())];
        Self { kind, watch, status: exchange.status, parts, end: End::Whole }
    }

    /// An answer to a watch with these bytes.
    pub(crate) fn bytes(kind: &'static str, parts: Vec<Part>) -> Self {
        Self { kind, watch: true, status: 200, parts, end: End::Whole }
    }

    /// An answer with another status, and a text of its own.
    pub(crate) fn status(mut self, status: u16, text: &str) -> Self {
        self.status = status;
        self.parts = vec![Part::Bytes(text.into())];
        self
    }

    /// The same, whose body begins when the test lets it.
    pub(crate) fn after_step(mut self) -> Self {
        self.parts.insert(0, Part::Wait);
        self
    }

    pub(crate) fn end(mut self, end: End) -> Self {
        self.end = end;
        self
    }
}

/// A server, which ends with the test.
pub(crate) struct Replay {
    address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
    /// The end of one with TLS.
    _trigger: Option<Trigger>,
}

struct Shared {
    answers: Mutex<VecDeque<Answer>>,
    /// The targets of all requests.
    requests: Mutex<Vec<String>>,
    /// The headers `Authorization` of those that have one.
    credentials: Mutex<Vec<String>>,
    /// Permits that [`Part::Wait`] waits for.
    steps: Semaphore,
}

impl Replay {
    /// Serves these answers, each once, to the first request that it fits. Then lists are empty and
    /// watches silent.
    pub(crate) async fn start(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared::new(answers);
        let (mut tasks, of) = (JoinSet::new(), shared.clone());
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(serve(stream, of.clone()));
            }
        });
        Self { address, shared, _tasks: tasks, _trigger: None }
    }

    /// The same, over TLS as this server.
    pub(crate) fn start_tls(answers: Vec<Answer>, identity: &Identity) -> Self {
        let tls = ServerTls::builder(identity.chain.as_str(), identity.key.as_str());
        let mut options = AcceptOptions::default();
        options.tls_mode = TlsMode::Required;
        options.tls = Some(tls.build().unwrap());
        let listen = TcpListen::bind(([127, 0, 0, 1], 0).into(), TcpOptions::default()).unwrap();
        let shared = Shared::new(answers);
        let acceptor =
            Acceptor::new(listen, vec![Arc::new(Replayed(shared.clone()))], options).unwrap();
        let address = acceptor.local_addr().as_socket_addr().unwrap();
        let (mut tasks, trigger) = (JoinSet::new(), Trigger::new());
        let stopped = trigger.shutdown();
        tasks.spawn(acceptor.run(stopped));
        Self { address, shared, _tasks: tasks, _trigger: Some(trigger) }
    }

    /// The URL of a registry of it, with these parameters.
    pub(crate) fn url(&self, parameters: &str) -> String {
        let Self { address, .. } = self;
        format!(
            "kubernetes://{address}/?useHttps=false&namespace=shop&watchReconnectInterval=20&{parameters}"
        )
    }

    /// The address of the server.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The headers `Authorization` that came, each once.
    pub(crate) fn credentials(&self) -> Vec<String> {
        let mut all = self.shared.credentials.lock().clone();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The URL of the server itself.
    pub(crate) fn server(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets one [`Part::Wait`] go on.
    pub(crate) fn step(&self) {
        self.shared.steps.add_permits(1);
    }

    /// The targets of the requests for this kind so far.
    pub(crate) fn requests(&self, kind: &str) -> Vec<String> {
        let all = self.shared.requests.lock();
        all.iter().filter(|target| of_kind(target, kind)).cloned().collect()
    }
}

impl Shared {
    fn new(answers: Vec<Answer>) -> Arc<Self> {
        Arc::new(Self {
            answers: Mutex::new(answers.into()),
            requests: Mutex::default(),
            credentials: Mutex::default(),
            steps: Semaphore::new(0),
        })
    }
}

struct Replayed(Arc<Shared>);

impl Protocol for Replayed {
    fn name(&self) -> &'static str {
        "replay"
    }

    fn probe(&self, _: &[u8]) -> Probe {
        Probe::Yes
    }

    fn serve(&self, io: Io, _: ConnectionInfo, _: Shutdown) -> BoxFuture<'static, ()> {
        Box::pin(serve(io, self.0.clone()))
    }
}

fn of_kind(target: &str, kind: &str) -> bool {
    target.split('?').next().unwrap().ends_with(kind)
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, shared: Arc<Shared>) {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => head.extend_from_slice(&buffer[..read]),
        }
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.split(' ').nth(1).unwrap().to_owned();
    shared.requests.lock().push(target.clone());
    let credentials = head.lines().filter_map(|line| line.strip_prefix("authorization: "));
    shared.credentials.lock().extend(credentials.map(ToOwned::to_owned));
    let watch = target.contains("watch=true");
    let answer = {
        let mut answers = shared.answers.lock();
        let fits = |answer: &Answer| answer.watch == watch && of_kind(&target, answer.kind);
        let at = answers.iter().position(fits);
        at.and_then(|at| answers.remove(at))
    };
    let empty = json!({"metadata": {"resourceVersion": "1"}, "items": null}).to_string();
    let answer = answer.unwrap_or_else(|| Answer {
        kind: "",
        watch,
        status: 200,
        parts: if watch { Vec::new() } else { vec![Part::Bytes(empty.into())] },
        end: if watch { End::Never } else { End::Whole },
    });
    let head = format!(
        "HTTP/1.1 {} Status\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\
         connection: close\r\n\r\n",
        answer.status
    );
    // A client that is gone is the business of the test.
    let _ = async {
        stream.write_all(head.as_bytes()).await?;
        for part in answer.parts {
            match part {
                Part::Wait => shared.steps.acquire().await.unwrap().forget(),
                Part::Bytes(bytes) if bytes.is_empty() => {}
                Part::Bytes(bytes) => {
                    stream.write_all(format!("{:x}\r\n", bytes.len()).as_bytes()).await?;
                    stream.write_all(&bytes).await?;
                    stream.write_all(b"\r\n").await?;
                }
            }
            stream.flush().await?;
        }
        match answer.end {
            End::Whole => stream.write_all(b"0\r\n\r\n").await,
            End::Cut => stream.shutdown().await,
            End::Never => std::future::pending().await,
        }
    }
    .await;
}
