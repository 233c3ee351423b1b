//! Java exceptions, both ways.

use std::borrow::Cow;

use bytestring::ByteString;
use dubhe_core::payload::Content;
use dubhe_core::status::{Exception, Origin, table};
use dubhe_core::value::{List, Object};
use dubhe_core::{Code, Status, Value};

/// `RpcException` under its names in Dubbo 2.7 and later, and before.
const RPC_EXCEPTION: [&str; 2] =
    ["org.apache.dubbo.rpc.RpcException", "com.alibaba.dubbo.rpc.RpcException"];

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
    let rpc = RPC_EXCEPTION.contains(&&*class).then(|| object.get("code").and_then(Value::as_i32));
    let text = message.clone().unwrap_or_default();
    let exception = Exception::new(class, message, Content::Dynamic(value));
    Ok(match rpc.flatten() {
        Some(code) => {
            Status::business(table::code_of_rpc_exception(code), text).with_exception(exception)
        }
        None => Status::exception(exception),
    })
}

/// The exception for an error: its own, else one that every Dubbo consumer accepts.
pub(crate) fn to_exception(status: &Status) -> Cow<'_, Content> {
    match status.java() {
        Some(exception) => match exception.content() {
            Content::Dynamic(Value::Object(object)) if object.get("stackTrace").is_none() => {
                Cow::Owned(Content::Dynamic(throwable((**object).clone())))
            }
            content => Cow::Borrowed(content),
        },
        None => {
            let object = Value::object(table::java_class_of(status.code()));
            let object = object.field("detailMessage", status.message());
            Cow::Owned(Content::Dynamic(throwable(object)))
        }
    }
}

/// Adds the fields that a `Throwable` has and `object` lacks, as Java writes an exception without
/// stack: readers that skip constructors would have nulls there, and Java 8 stumbles over them.
fn throwable(object: Object) -> Value {
    // Higher than any label the fields themselves may use.
    const SELF: u32 = u32::MAX;
    let mut whole = Object::new(object.class.clone())
        .field("suppressedExceptions", empty("java.util.Collections$EmptyList"))
        .field("stackTrace", empty("[java.lang.StackTraceElement"))
        .field("cause", Value::reference(SELF));
    let given = |name: &str| object.fields.iter().any(|(field, _)| field == name);
    whole.fields.retain(|(name, _)| !given(name));
    whole.fields.extend(object.fields.iter().cloned());
    let refers_to_itself = !given("cause");
    let value = Value::from(whole);
    if refers_to_itself { value.shared(SELF) } else { value }
}

fn empty(class: &'static str) -> List {
    List::new(Vec::<Value>::new()).class(class)
}
