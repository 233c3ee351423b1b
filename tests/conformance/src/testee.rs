//! Requests of the runner and their answers.

use std::io::{self, Read, Write};

use dubhe::payload::{Encoded, Format, MemoryLimit, Payload};
use dubhe::protobuf::json::{self, Unknown};
use dubhe::protobuf::{Message, ProstMessage as _, decode};

use proto::conformance::conformance_request::Payload as Asked;
use proto::conformance::conformance_response::Result as Answer;
use proto::conformance::{ConformanceRequest, ConformanceResponse, TestCategory, WireFormat};
use proto::protobuf_test_messages::{proto2, proto3};

#[allow(missing_docs, unused_qualifications, unreachable_pub, dead_code, reason = "generated")]
mod proto {
    dubhe::include_proto!();
}

/// Answers requests, each behind its length, to the end of `input`.
///
/// # Errors
/// Those of reading and writing; when a request is none.
pub(crate) fn serve(mut input: impl Read, mut output: impl Write) -> io::Result<()> {
    loop {
        let mut length = [0; 4];
        match input.read_exact(&mut length) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            read => read?,
        }
        let mut request = Vec::new();
        let length = u64::from(u32::from_le_bytes(length));
        input.by_ref().take(length).read_to_end(&mut request)?;
        let request = ConformanceRequest::decode(&*request).map_err(io::Error::other)?;
        let response = ConformanceResponse { result: Some(answer(request)), ..Default::default() };
        let response = response.encode_to_vec();
        let length = u32::try_from(response.len()).map_err(io::Error::other)?;
        output.write_all(&length.to_le_bytes())?;
        output.write_all(&response)?;
        output.flush()?;
    }
}

fn answer(request: ConformanceRequest) -> Answer {
    match &*request.message_type {
        // The first request of the runner: tests that are known to fail. It keeps them itself.
        "conformance.FailureSet" => Answer::ProtobufPayload(Vec::new().into()),
        "protobuf_test_messages.proto2.TestAllTypesProto2" => {
            convert::<proto2::TestAllTypesProto2>(request)
        }
        "protobuf_test_messages.proto2.TestAllRequiredTypesProto2" => {
            convert::<proto2::TestAllRequiredTypesProto2>(request)
        }
        "protobuf_test_messages.proto3.TestAllTypesProto3" => {
            convert::<proto3::TestAllTypesProto3>(request)
        }
        other => Answer::Skipped(format!("no message {other}")),
    }
}

/// Reads a message as a call does, and writes it.
fn convert<T: Message>(request: ConformanceRequest) -> Answer {
    let (category, format) = (request.test_category(), request.requested_output_format());
    let read = match request.payload {
        Some(Asked::ProtobufPayload(bytes)) => {
            let payload = Payload::from(Encoded::new(Format::Protobuf, bytes));
            decode::<T>(payload).map_err(|status| status.to_string())
        }
        Some(Asked::JsonPayload(text)) => {
            let ignore = category == TestCategory::JsonIgnoreUnknownParsingTest;
            let unknown = if ignore { Unknown::Ignore } else { Unknown::Refuse };
            let budget = MemoryLimit::default().budget(text.len());
            json::read::<T>(text.as_bytes(), budget, unknown).map_err(|error| error.to_string())
        }
        _ => return Answer::Skipped("neither protobuf nor JSON".to_owned()),
    };
    let message = match read {
        Ok(message) => message,
        Err(error) => return Answer::ParseError(error),
    };
    match format {
        WireFormat::Protobuf => Answer::ProtobufPayload(message.encode_to_vec().into()),
        WireFormat::Json => match json::to_string(&message) {
            Ok(text) => Answer::JsonPayload(text),
            Err(error) => Answer::SerializeError(error.to_string()),
        },
        _ => Answer::Skipped("neither protobuf nor JSON".to_owned()),
    }
}
