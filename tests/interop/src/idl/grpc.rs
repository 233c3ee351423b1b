//! `grpc.testing.TestService`, as gRPC's own test servers have it.

use std::time::Duration;

use dubhe::ByteString;
use dubhe::protobuf::ProstMessage as _;
use dubhe::{Code, Metadata, Request, Response, Status, Streaming, Value};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};

use super::proto::grpc::testing::{
    EchoStatus, Empty, Payload, ResponseParameters, SimpleRequest, SimpleResponse,
    StreamingInputCallRequest, StreamingInputCallResponse, StreamingOutputCallRequest,
    StreamingOutputCallResponse, TestOrcaReport, TestService,
};
use super::proto::xds::data::orca::v3::OrcaLoadReport;

/// Metadata of a request that comes back before the reply.
pub(crate) const ECHO_INITIAL: &str = "x-grpc-test-echo-initial";
/// Metadata of a request that comes back after the reply.
pub(crate) const ECHO_TRAILING: &str = "x-grpc-test-echo-trailing-bin";
/// The load that a call made, an `OrcaLoadReport`, after its reply.
pub(crate) const LOAD_REPORT: &str = "endpoint-load-metrics-bin";

/// Does what gRPC's test servers do.
pub(crate) struct Tester;

/// Zeros of that size.
fn payload(size: i32) -> Result<Option<Payload>, Status> {
    match usize::try_from(size) {
        Ok(size) if size <= crate::PAYLOAD => {
            Ok(Some(Payload { body: vec![0; size].into(), ..Payload::default() }))
        }
        _ => Err(Status::new(Code::InvalidArgument, format!("{size} bytes cannot be sent"))),
    }
}

/// The status that a request asks for, unless that is success.
fn asked(status: Option<EchoStatus>) -> Result<(), Status> {
    match status {
        Some(EchoStatus { code, message }) if code != 0 => {
            let code = u8::try_from(code).ok().and_then(Code::from_number);
            Err(Status::new(code.unwrap_or(Code::Unknown), message))
        }
        _ => Ok(()),
    }
}

/// Gives back the metadata that asks for it.
fn echo<T>(request: &Metadata, response: &mut Response<T>) {
    if let Some(value) = request.get(ECHO_INITIAL) {
        response.metadata_mut().insert(ByteString::from_static(ECHO_INITIAL), value.clone());
    }
    if let Some(value) = request.get(ECHO_TRAILING) {
        response.trailers_mut().insert(ByteString::from_static(ECHO_TRAILING), value.clone());
    }
}

fn load(report: TestOrcaReport) -> Value {
    let TestOrcaReport { cpu_utilization, memory_utilization, request_cost, utilization } = report;
    let mem_utilization = memory_utilization;
    let report = OrcaLoadReport { cpu_utilization, mem_utilization, request_cost, utilization };
    Value::Bytes(report.encode_to_vec().into())
}

/// A reply for each of the parameters, after its pause.
fn outputs(
    parameters: Vec<ResponseParameters>,
) -> impl Stream<Item = Result<StreamingOutputCallResponse, Status>> + Send {
    stream::iter(parameters).then(|ResponseParameters { size, interval_us }| async move {
        let pause = u64::try_from(interval_us).unwrap_or(0);
        if pause > 0 {
            tokio::time::sleep(Duration::from_micros(pause)).await;
        }
        Ok(StreamingOutputCallResponse { payload: payload(size)? })
    })
}

impl TestService for Tester {
    async fn empty_call(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Ok(Empty {}.into())
    }

    async fn unary_call(
        &self,
        request: Request<SimpleRequest>,
    ) -> Result<Response<SimpleResponse>, Status> {
        let (request, metadata) = request.into_parts();
        asked(request.response_status)?;
        let payload = payload(request.response_size)?;
        let mut response = Response::new(SimpleResponse { payload });
        echo(&metadata, &mut response);
        if let Some(report) = request.orca_per_query_report {
            response.trailers_mut().insert(ByteString::from_static(LOAD_REPORT), load(report));
        }
        Ok(response)
    }

    async fn streaming_output_call(
        &self,
        request: Request<StreamingOutputCallRequest>,
    ) -> Result<Response<impl Stream<Item = Result<StreamingOutputCallResponse, Status>>>, Status>
    {
        Ok(outputs(request.into_inner().response_parameters).into())
    }

    async fn streaming_input_call(
        &self,
        request: Request<Streaming<StreamingInputCallRequest>>,
    ) -> Result<Response<StreamingInputCallResponse>, Status> {
        let (mut requests, mut sum) = (request.into_inner(), 0);
        while let Some(request) = requests.message().await? {
            sum += request.payload.map_or(0, |payload| payload.body.len());
        }
        let aggregated_payload_size = i32::try_from(sum).unwrap_or(i32::MAX);
        Ok(StreamingInputCallResponse { aggregated_payload_size }.into())
    }

    async fn full_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<impl Stream<Item = Result<StreamingOutputCallResponse, Status>>>, Status>
    {
        let (requests, metadata) = request.into_parts();
        let replies = requests.map(|request| {
            let request = request?;
            asked(request.response_status)?;
            Ok::<_, Status>(outputs(request.response_parameters))
        });
        let mut response = Response::new(replies.try_flatten());
        echo(&metadata, &mut response);
        Ok(response)
    }
}
