//! Metadata in the form of the runner, and statuses.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use dubhe::protobuf::types::Any;
use dubhe::status::Detail;
use dubhe::{Code, Metadata, Status, Value};

use crate::proto::{Error, Header};

/// The metadata that headers of the runner are.
pub(crate) fn metadata(headers: Vec<Header>) -> Metadata {
    let mut metadata = Metadata::new();
    for Header { name, value } in headers {
        for one in value {
            let bytes = BASE64_STANDARD_NO_PAD.decode(one.trim_end_matches('='));
            match bytes.ok().filter(|_| name.ends_with("-bin")) {
                Some(bytes) => metadata.append(name.clone(), Value::Bytes(bytes.into())),
                None => metadata.append(name.clone(), one),
            }
        }
    }
    metadata
}

/// The same the other way round.
pub(crate) fn headers(metadata: &Metadata) -> Vec<Header> {
    let mut headers: Vec<Header> = Vec::new();
    for (name, value) in metadata.iter() {
        let value = match value {
            Value::Bytes(bytes) => BASE64_STANDARD_NO_PAD.encode(bytes),
            Value::String(text) => text.to_string(),
            other => other.to_string(),
        };
        match headers.iter_mut().find(|header| header.name == **name) {
            Some(header) => header.value.push(value),
            None => headers.push(Header { name: name.to_string(), value: vec![value] }),
        }
    }
    headers
}

/// The status that an error of the runner is.
pub(crate) fn status(error: Error) -> Status {
    let code = u8::try_from(error.code).ok().and_then(Code::from_number);
    let status = Status::new(code.unwrap_or(Code::Unknown), error.message.unwrap_or_default());
    error.details.into_iter().fold(status, |status, Any { type_url, value }| {
        status.with_detail(Detail { type_url: type_url.into(), value: value.into() })
    })
}

/// The error of the runner that a status is.
pub(crate) fn error(status: &Status) -> Error {
    let details = status.details().iter().map(|Detail { type_url, value }| Any {
        type_url: type_url.to_string(),
        value: value.to_vec(),
    });
    Error {
        code: status.code().number().into(),
        message: Some(status.message().to_owned()),
        details: details.collect(),
    }
}
