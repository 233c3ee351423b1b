//! The method `$echo` of every service, which returns its argument (Dubbo Java `EchoFilter`).

use std::sync::Arc;

use dubhe_core::payload::Content;
use dubhe_core::{Call, CallBody, Code, Invoke, Invoking, Method, Payload, Reply, Status, Value};

/// The method `$echo(Object)`.
pub(crate) fn method() -> Arc<Method> {
    Arc::new(Method::java("$echo", "Ljava/lang/Object;"))
}

/// The handler of `$echo`, which returns the argument.
pub(crate) struct Echo;

impl Invoke for Echo {
    fn invoke(&self, call: Call) -> Invoking {
        Invoking::ready(echo(&call))
    }
}

fn echo(call: &Call) -> Result<Reply, Status> {
    let CallBody::One(payload) = &call.body else {
        return Err(Status::new(Code::InvalidArgument, "$echo takes one value, not a stream"));
    };
    let (value,): (Value,) = dubhe_hessian2::payload::arguments(payload)?;
    Ok(Reply::new(Payload::Message(Content::Dynamic(value))))
}
