//! gRPC's own interop cases, as its documentation describes them.

use std::time::Duration;

use dubhe::CallKind;
use dubhe::connect::{TripleConnect, TripleOptions};
use dubhe::net::KeepaliveOptions;
use dubhe::protobuf::ProstMessage as _;
use dubhe::protobuf::{message, method};
use dubhe::{CallOptions, Client, Code, Metadata, Request, Response, Status, Value};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use tokio::sync::{mpsc, oneshot};

use super::cases::{CaseResult, Cases, agree, same};
use crate::idl::proto::grpc::testing::{
    EchoStatus, Empty, Payload, ResponseParameters, SimpleRequest, SimpleResponse,
    StreamingInputCallRequest, StreamingOutputCallRequest, StreamingOutputCallResponse,
    TestOrcaReport, TestServiceClient, UnimplementedServiceClient,
};
use crate::idl::proto::xds::data::orca::v3::OrcaLoadReport;
use crate::idl::{ECHO_INITIAL, ECHO_TRAILING, LOAD_REPORT};

/// The service, for what its client does not know.
pub(super) const INTERFACE: &str = "grpc.testing.TestService";

const REQUESTS: [usize; 4] = [27_182, 8, 1_828, 45_904];
const REPLIES: [i32; 4] = [31_415, 9, 2_653, 58_979];
const SOAK: usize = 10;

/// The services that the cases call.
pub(super) struct Services {
    pub(super) test: TestServiceClient,
    pub(super) raw: Client,
    pub(super) unimplemented: UnimplementedServiceClient,
    /// A client over [`probing`] connections.
    pub(super) probing: TestServiceClient,
}

/// Connections that send a PING as soon as a call waits.
pub(super) fn probing() -> TripleConnect {
    let keepalive = KeepaliveOptions::default().interval(Duration::from_millis(20));
    let mut options = TripleOptions::default();
    options.keepalive = keepalive.minimum(Duration::ZERO).timeout(Duration::from_secs(5));
    TripleConnect::new(options).grpc()
}

/// `renew` makes a client with connections of its own, which close with what it returns beside it.
pub(super) async fn run<K>(
    cases: &mut Cases,
    services: &Services,
    renew: impl Fn() -> Result<(TestServiceClient, K), Status>,
) {
    let t = &services.test;
    let empty = async { t.empty_call(Empty {}).await.map(Response::into_inner) };
    cases.equal("empty_unary", Empty {}, empty).await;
    cases.check("large_unary", large_unary(t)).await;
    cases.check("client_streaming", client_streaming(t)).await;
    cases.check("server_streaming", server_streaming(t)).await;
    cases.check("ping_pong", ping_pong(t)).await;
    cases.check("empty_stream", empty_stream(t)).await;
    let late = |status: &Status| status.code() == Code::DeadlineExceeded;
    cases.fails("timeout_on_sleeping_server", late, sleeping(t)).await;
    cases.check("cancel_after_begin", cancel_after_begin(t)).await;
    cases.check("cancel_after_first_response", cancel_after_first_response(t)).await;
    cases.check("status_code_and_message", status_code_and_message(t)).await;
    let text = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
    cases.fails("special_status_message", |status| is(status, text), asked(t, text)).await;
    cases.check("custom_metadata", custom_metadata(t)).await;
    cases.check("custom_metadata/é", metadata_beyond_ascii(t)).await;
    let nowhere = |status: &Status| status.code() == Code::Unimplemented;
    let call = method("UnimplementedCall", CallKind::Unary);
    let (payload, options) = (message(Empty {}), CallOptions::new());
    let call = services.raw.call(&call, payload, &options);
    cases.fails("unimplemented_method", nowhere, call).await;
    let call = services.unimplemented.unimplemented_call(Empty {});
    cases.fails("unimplemented_service", nowhere, call).await;
    let soak = async {
        for _ in 0..SOAK {
            large_unary(t).await?;
        }
        Ok(())
    };
    cases.check("rpc_soak", soak).await;
    let soak = async {
        for _ in 0..SOAK {
            let (fresh, _keep) = renew()?;
            large_unary(&fresh).await?;
        }
        Ok(())
    };
    cases.check("channel_soak", soak).await;
    cases.check("orca_per_rpc", orca_per_rpc(t)).await;
    cases.check("pings_while_calls_wait", pings(&services.probing)).await;
}

/// Calls that wait, with some twenty PINGs in all on one connection. A server at its default settings
/// closes it (`too_many_pings`) for a third PING without an answer of its own between.
async fn pings(t: &TestServiceClient) -> CaseResult {
    for _ in 0..SOAK {
        let mut request = output(0, &[9]);
        for parameters in &mut request.response_parameters {
            parameters.interval_us = 300_000;
        }
        let replies = t.streaming_output_call(request).await?.into_inner();
        let sizes: Vec<_> = replies.map_ok(|reply| size(&reply)).try_collect().await?;
        same(&vec![9], &sizes)?;
    }
    Ok(())
}

fn zeros(size: usize) -> Payload {
    Payload { body: vec![0; size].into(), ..Payload::default() }
}

fn output(payload: usize, replies: &[i32]) -> StreamingOutputCallRequest {
    let parameters = replies.iter().map(|&size| ResponseParameters { size, interval_us: 0 });
    StreamingOutputCallRequest {
        response_parameters: parameters.collect(),
        payload: Some(zeros(payload)),
        ..StreamingOutputCallRequest::default()
    }
}

fn size(reply: &StreamingOutputCallResponse) -> usize {
    reply.payload.as_ref().map_or(0, |payload| payload.body.len())
}

async fn large_unary(t: &TestServiceClient) -> CaseResult {
    let payload = Some(zeros(271_828));
    let request = SimpleRequest { response_size: 314_159, payload, ..SimpleRequest::default() };
    same(
        &SimpleResponse { payload: Some(zeros(314_159)) },
        &t.unary_call(request).await?.into_inner(),
    )
}

async fn client_streaming(t: &TestServiceClient) -> CaseResult {
    let requests = REQUESTS.map(|size| StreamingInputCallRequest { payload: Some(zeros(size)) });
    let reply = t.streaming_input_call(stream::iter(requests)).await?.into_inner();
    same(&74_922, &reply.aggregated_payload_size)
}

async fn server_streaming(t: &TestServiceClient) -> CaseResult {
    let replies = t.streaming_output_call(output(0, &REPLIES)).await?.into_inner();
    let sizes: Vec<_> = replies.map_ok(|reply| size(&reply)).try_collect().await?;
    same(&[31_415, 9, 2_653, 58_979], &sizes)
}

/// Requests that are sent one by one.
fn requests<T: Send + 'static>() -> (mpsc::UnboundedSender<T>, impl Stream<Item = T> + Send) {
    let (send, mut receive) = mpsc::unbounded_channel();
    (send, stream::poll_fn(move |cx| receive.poll_recv(cx)))
}

/// grpc-go begins a reply with its first message, so the first ping goes before it is awaited.
async fn ping_pong(t: &TestServiceClient) -> CaseResult {
    let (ping, pings) = requests();
    let mut rounds = REQUESTS.into_iter().zip(REPLIES);
    let mut next = || rounds.next().map(|(sent, asked)| (ping.send(output(sent, &[asked])), asked));
    let mut asked = next();
    let mut pongs = t.full_duplex_call(pings).await?.into_inner();
    while let Some((sent, reply)) = asked {
        sent?;
        let pong = pongs.message().await?.as_ref().map(size);
        same(&Some(usize::try_from(reply)?), &pong)?;
        asked = next();
    }
    drop(ping);
    same(&None, &pongs.message().await?)
}

async fn empty_stream(t: &TestServiceClient) -> CaseResult {
    let mut replies = t.full_duplex_call(stream::empty()).await?.into_inner();
    same(&None, &replies.message().await?)
}

/// Asks for nothing, so nothing comes.
async fn sleeping(t: &TestServiceClient) -> Result<(), Status> {
    let t = t.with(CallOptions::new().timeout(Duration::from_millis(1)));
    let request = stream::iter([output(27_182, &[])]).chain(stream::pending());
    t.full_duplex_call(request).await?.into_inner().message().await.map(drop)
}

/// Requests that never end, and what tells that they have been let go.
fn endless<T: Send + 'static>(
    first: Vec<T>,
) -> (impl Stream<Item = T> + Send + 'static, oneshot::Receiver<()>) {
    let (held, gone) = oneshot::channel();
    let endless = stream::pending().map(move |never: T| {
        let _ = &held;
        never
    });
    (stream::iter(first).chain(endless), gone)
}

/// The call is given up, its requests with it, and the connection lives on.
async fn cancelled(t: &TestServiceClient, gone: oneshot::Receiver<()>) -> CaseResult {
    same(&true, &gone.await.is_err())?;
    t.empty_call(Empty {}).await?;
    Ok(())
}

async fn cancel_after_begin(t: &TestServiceClient) -> CaseResult {
    let (requests, gone) = endless::<StreamingInputCallRequest>(Vec::new());
    let given_up =
        tokio::time::timeout(Duration::from_millis(100), t.streaming_input_call(requests));
    same(&true, &given_up.await.is_err())?;
    cancelled(t, gone).await
}

async fn cancel_after_first_response(t: &TestServiceClient) -> CaseResult {
    let (requests, gone) = endless(vec![output(27_182, &[31_415])]);
    let mut replies = t.full_duplex_call(requests).await?.into_inner();
    same(&Some(31_415), &replies.message().await?.as_ref().map(size))?;
    drop(replies);
    cancelled(t, gone).await
}

async fn asked(t: &TestServiceClient, text: &str) -> Result<(), Status> {
    let response_status = Some(EchoStatus { code: 2, message: text.into() });
    t.unary_call(SimpleRequest { response_status, ..SimpleRequest::default() }).await.map(drop)
}

fn is(status: &Status, text: &str) -> bool {
    status.code() == Code::Unknown && status.message() == text
}

async fn status_code_and_message(t: &TestServiceClient) -> CaseResult {
    let text = "test status message";
    let told = |outcome: Result<(), Status>| outcome.is_err_and(|status| is(&status, text));
    same(&true, &told(asked(t, text).await))?;
    let response_status = Some(EchoStatus { code: 2, message: text.into() });
    let request = StreamingOutputCallRequest { response_status, ..output(0, &[]) };
    let streamed = async {
        let mut replies = t.full_duplex_call(stream::iter([request])).await?.into_inner();
        replies.message().await.map(drop)
    };
    same(&true, &told(streamed.await))
}

async fn custom_metadata(t: &TestServiceClient) -> CaseResult {
    let initial = Value::from("test_initial_metadata_value");
    let trailing = Value::Bytes(vec![0xab; 3].into());
    let sent: Metadata =
        [(ECHO_INITIAL, initial.clone()), (ECHO_TRAILING, trailing.clone())].into_iter().collect();

    let request =
        SimpleRequest { response_size: 1, payload: Some(zeros(1)), ..SimpleRequest::default() };
    let mut request = Request::new(request);
    request.metadata_mut().clone_from(&sent);
    let reply = t.unary_call(request).await?;
    same(&Some(&initial), &reply.metadata().get(ECHO_INITIAL))?;
    same(&Some(&trailing), &reply.trailers().get(ECHO_TRAILING))?;

    let mut request = Request::new(stream::iter([output(1, &[1])]));
    *request.metadata_mut() = sent;
    let (mut replies, metadata) = t.full_duplex_call(request).await?.into_parts();
    same(&Some(&initial), &metadata.get(ECHO_INITIAL))?;
    same(&Some(1), &replies.message().await?.as_ref().map(size))?;
    same(&None, &replies.message().await?)?;
    same(&Some(&trailing), &replies.trailers().and_then(|trailers| trailers.get(ECHO_TRAILING)))
}

async fn metadata_beyond_ascii(t: &TestServiceClient) -> CaseResult {
    let mut request = Request::new(SimpleRequest::default());
    request.metadata_mut().insert(ECHO_INITIAL, "é");
    let reply = t.unary_call(request).await?;
    let back = reply.metadata().get(ECHO_INITIAL);
    // Metadata of gRPC is ASCII: grpc-java leaves other text out of its reply.
    agree(back.is_none_or(|back| *back == Value::from("é")), &"é", &back)
}

async fn orca_per_rpc(t: &TestServiceClient) -> CaseResult {
    let report = TestOrcaReport {
        cpu_utilization: 0.8210,
        memory_utilization: 0.5847,
        request_cost: [("cost".to_owned(), 3_456.32)].into(),
        utilization: [("util".to_owned(), 0.30499)].into(),
    };
    let request =
        SimpleRequest { orca_per_query_report: Some(report.clone()), ..SimpleRequest::default() };
    let reply = t.unary_call(request).await?;
    let Some(Value::Bytes(bytes)) = reply.trailers().get(LOAD_REPORT) else {
        return Err(format!("no load report in {:?}", reply.trailers()).into());
    };
    let expected = OrcaLoadReport {
        cpu_utilization: report.cpu_utilization,
        mem_utilization: report.memory_utilization,
        request_cost: report.request_cost,
        utilization: report.utilization,
    };
    same(&expected, &OrcaLoadReport::decode(&**bytes)?)
}
