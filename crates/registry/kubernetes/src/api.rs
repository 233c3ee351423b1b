//! Requests to an API server.

use std::fmt;
use std::sync::Arc;

use bytes::BytesMut;
use dubhe_core::printable::Printable;
use dubhe_core::time::{Duration, Instant, SharedClock, after};
use dubhe_core::{Code, Status};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::access::Access;

/// The bytes of an answer that are read at most: a page of a list.
const MAX_ANSWER: usize = 64 * 1024 * 1024;
/// The bytes of an error's text that a message quotes.
const QUOTED_BYTES: usize = 512;
/// The silence after which a server is asked whether it is there.
pub(crate) const PROBE_PERIOD: Duration = Duration::from_secs(10);
/// The longest time that it takes to say so, if the parameter requestTimeout is not shorter.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);
/// The path of a probe: anybody may read it, it is the least that a server says, and any answer will do.
const PROBE: &str = "/version";

/// A namespace of an API server.
#[derive(Clone)]
pub(crate) struct Api {
    client: kube::Client,
    /// The server in messages, such as `https://10.0.0.1:6443`.
    pub(crate) server: Arc<str>,
    pub(crate) namespace: Arc<str>,
    pub(crate) clock: SharedClock,
    /// The longest time that an answer takes; that of a watch, to begin.
    timeout: Duration,
    /// The last probe, which all watches share.
    probed: Arc<Mutex<Option<Probed>>>,
}

/// The time of a probe, and what came of it.
type Probed = (Instant, Result<(), Status>);

/// A request.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) access: Access,
    /// The object; `None` for all of its kind and to create one.
    pub(crate) name: Option<&'a str>,
    pub(crate) query: &'a str,
    /// `true` if labels and annotations are enough.
    pub(crate) metadata_only: bool,
    pub(crate) body: Option<&'a Value>,
}

impl<'a> Ask<'a> {
    pub(crate) fn of(access: Access) -> Self {
        Self { access, name: None, query: "", metadata_only: false, body: None }
    }

    pub(crate) fn name(self, name: &'a str) -> Self {
        Self { name: Some(name), ..self }
    }

    pub(crate) fn query(self, query: &'a str) -> Self {
        Self { query, ..self }
    }

    pub(crate) fn metadata_only(self, metadata_only: bool) -> Self {
        Self { metadata_only, ..self }
    }

    pub(crate) fn body(self, body: &'a Value) -> Self {
        Self { body: Some(body), ..self }
    }
}

/// A request that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The HTTP status; `None` when there was no answer.
    code: Option<u16>,
    pub(crate) status: Status,
}

impl Failure {
    /// Returns `true` if the history that was asked for is no longer there.
    pub(crate) fn is_gone(&self) -> bool {
        self.code == Some(410)
    }

    /// Returns `true` if the version that was asked for may be the reason, so that a new list helps: servers
    /// answer 400 or 500 to one that they cannot read, and 504 to one that they have not reached.
    pub(crate) fn may_be_of_version(&self) -> bool {
        matches!(self.code, Some(400 | 500 | 504))
    }

    /// Returns `true` if somebody else was faster.
    pub(crate) fn is_conflict(&self) -> bool {
        self.code == Some(409)
    }

    /// Returns `true` if there is no such object.
    pub(crate) fn is_not_found(&self) -> bool {
        self.code == Some(404)
    }

    /// Returns `true` if the role does not allow it.
    pub(crate) fn is_forbidden(&self) -> bool {
        self.code == Some(403)
    }
}

impl Api {
    pub(crate) fn new(
        client: kube::Client,
        server: &str,
        namespace: &str,
        clock: SharedClock,
        timeout: Duration,
    ) -> Self {
        let (server, namespace) = (server.into(), namespace.into());
        Self { client, server, namespace, clock, timeout, probed: Arc::default() }
    }

    /// Asks whether the server answers at all, unless that was asked within half of [`PROBE_PERIOD`].
    ///
    /// # Errors
    /// When it does not in time: what is open is as good as cut.
    pub(crate) async fn probe(&self) -> Result<(), Failure> {
        self.probe_once().await.map_err(|status| Failure { code: None, status })
    }

    async fn probe_once(&self) -> Result<(), Status> {
        let mut probed = self.probed.lock().await;
        let now = self.clock.now();
        if let Some((at, outcome)) = &*probed
            && now < after(*at, PROBE_PERIOD / 2)
        {
            return outcome.clone();
        }
        let timeout = self.timeout.min(PROBE_TIMEOUT);
        let failed = |why: &dyn fmt::Display| {
            let message = format!("{}: the server does not answer: {why}", self.server);
            Err(Status::new(Code::Unavailable, message))
        };
        let outcome = match Request::get(PROBE).body(Body::empty()) {
            Err(error) => failed(&error),
            Ok(request) => tokio::select! {
                answer = self.answered(request) => answer.or_else(|error| failed(&Chain(&error))),
                () = self.clock.sleep_until(after(now, timeout)) => {
                    failed(&format_args!("nothing within {timeout:?}"))
                }
            },
        };
        *probed = Some((self.clock.now(), outcome.clone()));
        outcome
    }

    /// Makes a request of any answer, which is read, as its connection is not used again otherwise.
    async fn answered(&self, request: Request<Body>) -> Result<(), kube::Error> {
        let mut body = self.client.send(request).await?.into_body();
        while let Some(Ok(_)) = body.frame().await {}
        Ok(())
    }

    /// Makes a request and reads its answer.
    pub(crate) async fn call(&self, ask: Ask<'_>) -> Result<Value, Failure> {
        let answer = async {
            let answer = self.send(ask).await?;
            let bytes = self.collect(ask.access, answer).await?;
            serde_json::from_slice(&bytes).map_err(|error| {
                self.failed(ask.access, None, format_args!("the answer is no JSON: {error}"))
            })
        };
        self.in_time(ask.access, answer).await
    }

    /// Makes a request whose answer is read as it comes.
    pub(crate) async fn open(&self, ask: Ask<'_>) -> Result<Body, Failure> {
        self.in_time(ask.access, self.send(ask)).await
    }

    async fn in_time<T>(
        &self,
        access: Access,
        answer: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let late = self.clock.sleep_until(after(self.clock.now(), self.timeout));
        tokio::select! {
            answer = answer => answer,
            () = late => {
                let why = format_args!("no answer within {:?} (parameter requestTimeout)", self.timeout);
                Err(self.failed(access, None, why))
            }
        }
    }

    async fn send(&self, ask: Ask<'_>) -> Result<Body, Failure> {
        let Ask { access, name, query, metadata_only, body } = ask;
        let mut uri = access.path(&self.namespace, name);
        if !query.is_empty() {
            uri.push('?');
            uri.push_str(query);
        }
        let accept = match (metadata_only, access.verb()) {
            (false, _) => "application/json",
            (true, "list") => {
                "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
            }
            (true, _) => {
                "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
            }
        };
        let content = match access.verb() {
            "patch" => "application/merge-patch+json",
            _ => "application/json",
        };
        let request = Request::builder().method(access.method()).uri(uri).header(ACCEPT, accept);
        let request = match body {
            None => request.body(Body::empty()),
            Some(body) => request
                .header(CONTENT_TYPE, content)
                .body(Body::from(body.to_string().into_bytes())),
        };
        let request = request.map_err(|error| self.failed(access, None, error))?;
        let sent = self.client.send(request).await;
        let answer = sent.map_err(|error| self.failed(access, None, Chain(&error)))?;
        let code = answer.status();
        if code.is_success() {
            return Ok(answer.into_body());
        }
        let text = self.collect(access, answer.into_body()).await.unwrap_or_default();
        Err(self.refused(access, name, code, &text))
    }

    async fn collect(&self, access: Access, mut body: Body) -> Result<BytesMut, Failure> {
        let mut bytes = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| self.failed(access, None, Chain(&error)))?;
            let Ok(data) = frame.into_data() else { continue };
            if bytes.len() + data.len() > MAX_ANSWER {
                let why = format_args!("the answer has more than {MAX_ANSWER} bytes");
                return Err(self.failed(access, None, why));
            }
            bytes.extend_from_slice(&data);
        }
        Ok(bytes)
    }

    /// An answer that is an error, with what the server says and what to do.
    fn refused(
        &self,
        access: Access,
        name: Option<&str>,
        code: StatusCode,
        text: &[u8],
    ) -> Failure {
        let json: Value = serde_json::from_slice(text).unwrap_or_default();
        let said = match json.get("message").and_then(Value::as_str) {
            Some(message) => message.to_owned(),
            None => String::from_utf8_lossy(text).into_owned(),
        };
        let said = said.get(..said.floor_char_boundary(QUOTED_BYTES)).unwrap_or_default();
        let advice = match code.as_u16() {
            401 => "; the credentials are wrong or have expired",
            403 => "; grant it with a Role, such as those of deploy/kubernetes/roles.yaml",
            404 if access.resource().group() == "multicluster.x-k8s.io" => {
                "; the cluster has no mcs-api, leave multicluster=true out"
            }
            413 | 422 => "; a ConfigMap holds at most 1 MiB, in keys of at most 253 characters",
            _ => "",
        };
        let name = name.map(|name| format!(" {name}")).unwrap_or_default();
        let what = format_args!("{code} for{name}: {}{advice}", Printable(said));
        self.failed(access, Some(code.as_u16()), what)
    }

    /// A failure of a request.
    pub(crate) fn failed(
        &self,
        access: Access,
        code: Option<u16>,
        why: impl fmt::Display,
    ) -> Failure {
        let Self { server, namespace, .. } = self;
        let (verb, plural) = (access.verb(), access.resource().plural());
        let grpc = match code {
            Some(401) => Code::Unauthenticated,
            Some(403) => Code::PermissionDenied,
            Some(404) => Code::NotFound,
            Some(409) => Code::Aborted,
            Some(400 | 413 | 415 | 422) => Code::InvalidArgument,
            _ => Code::Unavailable,
        };
        let message = format!("{server}: cannot {verb} {plural} in namespace {namespace:?}: {why}");
        Failure { code, status: Status::new(grpc, message) }
    }
}

/// An error with its causes, of which that of a connection is the last.
struct Chain<'a>(&'a dyn std::error::Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = self.0.to_string();
        f.write_str(&last)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            // Some errors print their cause themselves.
            if !last.contains(&text) {
                write!(f, ": {text}")?;
            }
            last = text;
            next = cause.source();
        }
        Ok(())
    }
}
