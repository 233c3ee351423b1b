//! The server under test.

use std::time::Duration;

use bytes::Bytes;
use dubhe::net::{ServerTls, TlsMode};
use dubhe::{Context, Request, Response, Server, Status, Streaming};
use futures_util::{Stream, stream};
use tokio::time::sleep;

use crate::any;
use crate::headers::{headers, metadata, status};
use crate::proto::conformance_payload::RequestInfo;
use crate::proto::unary_response_definition::Response as Definition;
use crate::proto::{
    BidiStreamRequest, BidiStreamResponse, ClientStreamRequest, ClientStreamResponse,
    ConformancePayload, ConformanceService, ConformanceServiceServer, Error, ServerCompatRequest,
    ServerCompatResponse, ServerStreamRequest, ServerStreamResponse, StreamResponseDefinition,
    UnaryRequest, UnaryResponse, UnaryResponseDefinition,
};
use crate::{Result, pipe};

/// Serves by the configuration on standard input, until the process is asked to end.
pub(crate) async fn run() -> Result<()> {
    let asked: ServerCompatRequest = pipe::read()?.ok_or("no configuration came")?;
    let mut server = Server::builder().service(ConformanceServiceServer::new(Conformance));
    if asked.message_receive_limit > 0 {
        let limit = usize::try_from(asked.message_receive_limit)?;
        server = server.options(|options| {
            options.triple.max_message = limit;
            // Replies repeat the requests, and more.
            options.triple.max_sent_message = Some(usize::MAX);
        });
    }
    let creds = asked.server_creds.filter(|_| asked.use_tls);
    let pem_cert = creds.as_ref().map(|creds| creds.cert.clone()).unwrap_or_default();
    if let Some(creds) = creds {
        let mut tls = ServerTls::builder(creds.cert, creds.key);
        if !asked.client_tls_cert.is_empty() {
            tls = tls.client_ca(asked.client_tls_cert);
        }
        server = server.tls(TlsMode::Required, tls.build()?);
    }
    let running = server.start("127.0.0.1:0").await?;
    let port = running.addr().port().into();
    let told = ServerCompatResponse { host: "127.0.0.1".to_owned(), port, pem_cert };
    pipe::write(&told)?;
    running.until_signalled().await;
    Ok(())
}

struct Conformance;

/// The account of a call that goes back to its caller.
fn info<T>(request: &Request<T>) -> RequestInfo {
    let deadline =
        request.context().and_then(|context: &std::sync::Arc<Context>| context.deadline());
    let left = deadline.map(|deadline| deadline.left(dubhe::time::now()).as_millis());
    RequestInfo {
        request_headers: headers(request.metadata()),
        timeout_ms: left.and_then(|left| left.try_into().ok()),
        requests: Vec::new(),
    }
}

async fn pause(milliseconds: u32) {
    if milliseconds > 0 {
        sleep(Duration::from_millis(milliseconds.into())).await;
    }
}

/// The reply of one message.
async fn one(
    definition: Option<UnaryResponseDefinition>,
    info: RequestInfo,
) -> std::result::Result<Response<ConformancePayload>, Status> {
    let UnaryResponseDefinition {
        response_headers,
        response,
        response_trailers,
        response_delay_ms,
        raw_response: _,
    } = definition.unwrap_or_default();
    let (headers, trailers) = (metadata(response_headers), metadata(response_trailers));
    pause(response_delay_ms).await;
    let data = match response {
        Some(Definition::Error(error)) => {
            let status = told(error, &info);
            return Err(status.with_headers(headers).with_trailers(trailers));
        }
        Some(Definition::ResponseData(data)) => data,
        None => Bytes::new(),
    };
    let payload = ConformancePayload { data, request_info: Some(info) };
    let mut response = Response::with_metadata(payload, headers);
    *response.trailers_mut() = trailers;
    Ok(response)
}

/// The error of a call that has sent no message.
fn told(mut error: Error, info: &RequestInfo) -> Status {
    error.details.push(any::pack(info));
    status(error)
}

/// The messages of a reply, and the requests that they wait for.
struct Replies {
    /// Further requests, each of which has its reply.
    requests: Option<Streaming<BidiStreamRequest>>,
    /// A request has no reply yet.
    waiting: bool,
    info: RequestInfo,
    data: std::vec::IntoIter<Bytes>,
    delay: u32,
    sent: usize,
    error: Option<Error>,
}

impl Replies {
    fn new(definition: StreamResponseDefinition, info: RequestInfo) -> Self {
        let StreamResponseDefinition { response_data, response_delay_ms, error, .. } = definition;
        let (data, delay) = (response_data.into_iter(), response_delay_ms);
        Self { requests: None, waiting: false, info, data, delay, sent: 0, error }
    }

    /// The next message, `None` at the end.
    async fn next(&mut self) -> std::result::Result<Option<ConformancePayload>, Status> {
        if let Some(requests) = self.requests.as_mut().filter(|_| !self.waiting) {
            match requests.message().await? {
                Some(request) => self.info.requests.push(any::pack(&request)),
                None => self.requests = None,
            }
        }
        self.waiting = false;
        let Some(data) = self.data.next() else {
            return match self.error.take() {
                Some(error) if self.sent == 0 => Err(told(error, &self.info)),
                Some(error) => Err(status(error)),
                None => Ok(None),
            };
        };
        pause(self.delay).await;
        self.sent += 1;
        let info = std::mem::take(&mut self.info);
        let told = self.sent == 1 || !info.requests.is_empty();
        Ok(Some(ConformancePayload { data, request_info: told.then_some(info) }))
    }
}

/// The reply of many messages, each as `reply` has it.
fn many<T>(
    definition: Option<StreamResponseDefinition>,
    replies: impl FnOnce(StreamResponseDefinition) -> Replies,
    reply: impl Fn(ConformancePayload) -> T + Copy,
) -> Response<impl Stream<Item = std::result::Result<T, Status>>> {
    let mut definition = definition.unwrap_or_default();
    let headers = metadata(std::mem::take(&mut definition.response_headers));
    let trailers = metadata(std::mem::take(&mut definition.response_trailers));
    let replies = stream::try_unfold(replies(definition), move |mut replies| async move {
        Ok(replies.next().await?.map(|payload| (reply(payload), replies)))
    });
    let mut response = Response::with_metadata(replies, headers);
    *response.trailers_mut() = trailers;
    response
}

impl ConformanceService for Conformance {
    async fn unary(
        &self,
        request: Request<UnaryRequest>,
    ) -> std::result::Result<Response<UnaryResponse>, Status> {
        let mut info = info(&request);
        info.requests.push(any::pack(request.get_ref()));
        let response = one(request.into_inner().response_definition, info).await?;
        Ok(response.map(|payload| UnaryResponse { payload: Some(payload) }))
    }

    async fn server_stream(
        &self,
        request: Request<ServerStreamRequest>,
    ) -> std::result::Result<
        Response<impl Stream<Item = std::result::Result<ServerStreamResponse, Status>>>,
        Status,
    > {
        let mut info = info(&request);
        info.requests.push(any::pack(request.get_ref()));
        Ok(many(
            request.into_inner().response_definition,
            |definition| Replies::new(definition, info),
            |payload| ServerStreamResponse { payload: Some(payload) },
        ))
    }

    async fn client_stream(
        &self,
        request: Request<Streaming<ClientStreamRequest>>,
    ) -> std::result::Result<Response<ClientStreamResponse>, Status> {
        let mut info = info(&request);
        let (mut requests, mut definition) = (request.into_inner(), None);
        while let Some(request) = requests.message().await? {
            let first = info.requests.is_empty();
            info.requests.push(any::pack(&request));
            if first {
                definition = request.response_definition;
            }
        }
        let response = one(definition, info).await?;
        Ok(response.map(|payload| ClientStreamResponse { payload: Some(payload) }))
    }

    async fn bidi_stream(
        &self,
        request: Request<Streaming<BidiStreamRequest>>,
    ) -> std::result::Result<
        Response<impl Stream<Item = std::result::Result<BidiStreamResponse, Status>>>,
        Status,
    > {
        let mut info = info(&request);
        let mut requests = request.into_inner();
        let first = requests.message().await?;
        info.requests.extend(first.as_ref().map(any::pack));
        let first = first.unwrap_or_default();
        if !first.full_duplex {
            while let Some(request) = requests.message().await? {
                info.requests.push(any::pack(&request));
            }
        }
        let requests = first.full_duplex.then_some(requests);
        Ok(many(
            first.response_definition,
            |definition| Replies { requests, waiting: true, ..Replies::new(definition, info) },
            |payload| BidiStreamResponse { payload: Some(payload) },
        ))
    }
}
