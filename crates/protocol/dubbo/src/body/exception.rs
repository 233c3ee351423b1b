//! Java exceptions, both ways.

use bytestring::ByteString;
use dubhe_core::payload::Content;
use dubhe_core::status::{Exception, Origin, marks};
use dubhe_core::{Code, Metadata, Status, Value};
use dubhe_hessian2::Decode as _;

use super::BodyLimits;

/// The error that a thrown Java exception is.
pub(crate) fn from_exception(value: Value) -> Result<Status, Status> {
    let Some(object) = value.as_object() else {
        // Dubbo Java says the same (`DecodeableRpcResult.handleException`).
        let found = value.class().cloned().unwrap_or_else(|| "a plain value".into());
        return Err(Status::new(
            Code::Internal,
            format!("response data error, expect Throwable, but get {found}"),
        )
        .with_origin(Origin::RemoteFramework));
    };
    let class = object.class.clone();
    let message = object.get("detailMessage").and_then(Value::as_str).map(ByteString::from);
    Ok(Status::exception(Exception::new(class, message, Content::Dynamic(value))))
}

/// The error that the exception `thrown` and the marks beside it are; takes the marks out of the
/// attachments.
pub(crate) fn from_marked(
    thrown: Value,
    metadata: &mut Metadata,
    limits: &BodyLimits,
) -> Result<Status, Status> {
    let original = metadata.remove(marks::EXCEPTION);
    let original = original.as_ref().and_then(Value::as_bytes);
    let original = original.map(|bytes| Value::decode(&mut limits.decoder(bytes)));
    let status = match original {
        // What cannot be read has its text in the other.
        Some(Ok(original)) => from_exception(original)?,
        _ => from_exception(thrown)?,
    };
    let mut code = |mark| metadata.remove(mark)?.as_str().and_then(marks::code);
    let status = marks::apply(status, code(marks::BUSINESS), code(marks::STATUS));
    Ok(match metadata.remove(marks::DETAILS) {
        Some(details) => marks::add_details(status, &details),
        None => status,
    })
}

/// The attachments behind an error: those of the status, and the marks of what is not said by
/// `code`, the one that the reply has otherwise.
pub(crate) fn with_marks(status: &Status, mark: Option<(&'static str, Code)>) -> Metadata {
    let mut metadata = status.headers().clone();
    metadata.fill_from(status.trailers());
    // Not those of another provider, which a handler passes on.
    metadata.retain(|key| !marks::is_mark(key));
    if let Some((mark, code)) = mark {
        metadata.insert(mark, code.number().to_string());
    }
    if !status.details().is_empty() {
        metadata.insert(marks::DETAILS, marks::details(status));
    }
    if let Some(exception) = status.java().filter(|exception| exception.is_wrapped())
        && let Some(bytes) = dubhe_hessian2::payload::exception_bytes(exception)
    {
        metadata.insert(marks::EXCEPTION, Value::Bytes(bytes));
    }
    metadata
}

/// The exception for an error: its own, else one that every Dubbo consumer accepts.
pub(crate) fn to_exception(status: &Status) -> Content {
    dubhe_hessian2::payload::thrown(&marks::on_wire(status))
}
