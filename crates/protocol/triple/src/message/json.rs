//! Arguments and results of methods of a Java interface in JSON.
//!
//! The arguments are an array, or the only one stands for itself (Dubbo Java
//! `FallbackArgumentResolver`); results lose their classes.

use std::sync::Arc;

use bytes::Bytes;
use dubhe_core::payload::Args;
use dubhe_core::reply::Reply;
use dubhe_core::{Code, Method, Payload, Status, Value, descriptor};
use dubhe_hessian2::{Form, java};
use dubhe_json::{Classes, Error, Limits};

/// The arguments in `body`, for `method` or another one of its name. No bytes are no arguments.
pub(crate) fn arguments(body: &Bytes, method: &Method, limits: Limits) -> Result<Args, Status> {
    let given = match body.trim_ascii() {
        [] => None,
        text => Some(dubhe_json::from_bytes(&body.slice_ref(text), limits).map_err(|error| {
            let text = match error {
                Error::Depth(_) => format!("the body is not taken: {error}"),
                _ => format!("the body is {error}"),
            };
            Status::new(Code::InvalidArgument, text).with_source(error)
        })?),
    };
    let values = match given {
        None => Vec::new(),
        Some(Value::List(list)) if !is_the_argument(method, &list.items) => {
            Arc::unwrap_or_clone(list).items
        }
        Some(only) => vec![only],
    };
    Ok(Args::Values(values.into()))
}

/// Returns `true` when a JSON array is the one argument of `method`, which takes a collection or
/// anything, and not the list of its arguments.
fn is_the_argument(method: &Method, items: &[Value]) -> bool {
    let types = method.descriptor.as_deref().unwrap_or_default();
    let mut parameters = descriptor::parameters(types);
    let (Some(Ok(only)), None) = (parameters.next(), parameters.next()) else { return false };
    match (only, items) {
        ("Ljava/lang/Object;", _) => return true,
        // The text of them.
        ("[B" | "[C" | "Ljava/util/BitSet;", [Value::String(_)]) => return false,
        _ => {}
    }
    let collection = only.starts_with('[')
        || ["List", "Set", "Collection", "Iterable"]
            .iter()
            .any(|name| only.strip_suffix(';').is_some_and(|class| class.ends_with(name)));
    collection && !matches!(items, [Value::List(_)])
}

/// The text of a result.
pub(crate) fn result(payload: &Payload, limits: Limits) -> Result<Bytes, Status> {
    let reply = Reply::new(payload.clone());
    let value = dubhe_hessian2::payload::generic_reply(&reply, Form::Json)?;
    let value = java::generalize(value, Form::Json);
    let text = dubhe_json::to_string_within(&value, Classes::Drop, limits);
    text.map(Bytes::from).map_err(|error| {
        Status::new(Code::Internal, format!("the result is not json: {error}")).with_source(error)
    })
}
