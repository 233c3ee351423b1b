//! Arguments and results of methods of a Java interface as bodies.
//!
//! Where they are JSON, the arguments are an array, or the only one stands for itself (Dubbo Java
//! `FallbackArgumentResolver`); results lose their classes.

use bytes::Bytes;
use dubhe_core::payload::Args;
use dubhe_core::reply::Reply;
use dubhe_core::serve::{Dispatch, Overload, Target};
use dubhe_core::{Code, Payload, Status, Value, descriptor};
use dubhe_hessian2::java;
use dubhe_json::Classes;

use crate::payload::{self, Shape, unwrap_request};
use crate::server::route::Route;
use crate::write::Side;

/// What may stand between the name of a method and the initials of its types.
const OVERLOAD: char = '~';

/// The target and the arguments of a body in JSON. `first` is any of the methods of that name.
pub(super) fn arguments(
    route: &Route<'_>,
    dispatch: &dyn Dispatch,
    first: &Target,
    body: &[u8],
) -> Result<(Target, Payload), Status> {
    let given = match body.trim_ascii() {
        [] => None,
        text => Some(dubhe_json::from_slice(text).map_err(|error| {
            Status::new(Code::InvalidArgument, format!("the body is {error}")).with_source(error)
        })?),
    };
    let values = match given {
        None => Vec::new(),
        Some(Value::List(list)) if !is_the_argument(first, &list.items) => list.items,
        Some(only) => vec![only],
    };
    let overload = match route.named().split_once(OVERLOAD) {
        Some((_, initials)) => Overload::Initials(initials),
        None => Overload::Count(values.len()),
    };
    // The method is there, so it is its arguments that are wrong.
    let wrong = |status: Status| status.with_code(Code::InvalidArgument);
    let target = route.find(dispatch, overload).map_err(wrong)?;
    Ok((target, Payload::Args(Args::Values(values.into()))))
}

/// Whether a JSON array is the one argument of `target`, which takes a collection, and not the
/// list of its arguments.
fn is_the_argument(target: &Target, items: &[Value]) -> bool {
    let types = target.method.descriptor.as_deref().unwrap_or_default();
    let mut parameters = descriptor::parameters(types);
    let (Some(Ok(only)), None) = (parameters.next(), parameters.next()) else { return false };
    let collection = only.starts_with('[')
        || ["List", "Set", "Collection", "Iterable"]
            .iter()
            .any(|name| only.strip_suffix(';').is_some_and(|class| class.ends_with(name)));
    collection && !matches!(items, [Value::List(_)])
}

/// The target and the arguments of a body in Triple's wrapper.
pub(super) fn wrapped(
    route: &Route<'_>,
    dispatch: &dyn Dispatch,
    body: Bytes,
) -> Result<(Target, Payload), Status> {
    let (payload, types) = unwrap_request(body)?;
    Ok((route.find(dispatch, Overload::Types(&types))?, payload))
}

/// The body of a result in Triple's wrapper.
pub(super) fn wrap(payload: &Payload) -> Result<Bytes, Status> {
    let mut out = bytes::BytesMut::new();
    payload::write(&Shape::Wrapper, Side::Reply, payload, &mut out)?;
    Ok(out.freeze())
}

/// The body of a result in JSON.
pub(super) fn json(payload: &Payload) -> Result<Bytes, Status> {
    let value: Value = dubhe_hessian2::payload::reply(&Reply::new(payload.clone()))?;
    let text = dubhe_json::to_string(&java::bare(value), Classes::Drop);
    text.map(Bytes::from).map_err(|error| {
        Status::new(Code::Internal, format!("the result is no json: {error}")).with_source(error)
    })
}
