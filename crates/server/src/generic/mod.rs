//! The generic methods of every service: `$invoke(String, String[], Object[])`.
//!
//! The attachment `generic` names the form of arguments and result (Dubbo Java `GenericFilter`):
//!
//! | `generic` | arguments | result |
//! | --- | --- | --- |
//! | `true`, or none | plain values; objects as maps; numbers, dates and others also as text | plain values; objects as maps |
//! | `gson` | a JSON text each | a JSON text |
//! | `protobuf-json` | one JSON text | a JSON text |
//! | `bean`, `nativejava`, `raw.return` | refused | |
//!
//! `nativejava` and `bean` let a caller name the classes that are made, which is how Dubbo was
//! attacked (CVE-2021-30179); here class names are data and never choose a type.

use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::payload::{Args, Content, DecodeLimits};
use dubhe_core::reply::ReplyBody;
use dubhe_core::status::{Exception, table};
use dubhe_core::value::List;
use dubhe_core::{
    Call, CallBody, CallKind, Code, Invoke, Invoking, Method, Payload, Reply, Status, Value,
    descriptor,
};
use dubhe_json::{Classes, Limits};

use crate::service::Service;

/// The descriptor of `$invoke` and `$invokeAsync`.
const DESCRIPTOR: &str = "Ljava/lang/String;[Ljava/lang/String;[Ljava/lang/Object;";
/// The exception that generic callers receive in place of any other, under the name that Dubbo 2.7
/// and 3.3 both have.
const GENERIC_EXCEPTION: &str = "com.alibaba.dubbo.rpc.service.GenericException";

/// Returns the method `$invoke` or `$invokeAsync`.
pub(crate) fn method(name: &'static str) -> Arc<Method> {
    Arc::new(Method::java(name, DESCRIPTOR))
}

/// The handler of generic calls, which calls the method of the service that they name.
pub(crate) struct GenericAdapter {
    service: Arc<dyn Service>,
    methods: Vec<Arc<Method>>,
}

/// The form of arguments and result.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Gson,
    ProtobufJson,
}

impl Form {
    fn of(call: &Call) -> Result<Self, Status> {
        let name = match call.head.metadata.get("generic") {
            None | Some(Value::Bool(true)) => "true",
            Some(other) => other.as_str().unwrap_or("?"),
        };
        if name.eq_ignore_ascii_case("true") || name.is_empty() {
            return Ok(Self::Plain);
        }
        match name {
            "gson" => Ok(Self::Gson),
            "protobuf-json" => Ok(Self::ProtobufJson),
            "nativejava" | "bean" | "raw.return" => Err(bad(format!(
                "generic={name} is refused, because it lets the caller choose classes; \
                 use generic=true, gson or protobuf-json"
            ))),
            other => Err(bad(format!(
                "generic={other:?} is unknown; use generic=true, gson or protobuf-json"
            ))),
        }
    }
}

impl Form {
    /// The form of the values.
    fn values(self) -> dubhe_hessian2::Form {
        match self {
            Self::Plain => dubhe_hessian2::Form::Generic,
            Self::Gson | Self::ProtobufJson => dubhe_hessian2::Form::Gson,
        }
    }
}

fn bad(message: String) -> Status {
    Status::new(Code::InvalidArgument, message)
}

impl GenericAdapter {
    pub(crate) fn new(service: Arc<dyn Service>, methods: &[Arc<Method>]) -> Self {
        Self { service, methods: methods.to_vec() }
    }

    /// Finds the method of this name that takes these Java types or, without them, this number of
    /// arguments.
    fn find(&self, name: &str, wanted: Option<&[Value]>, count: usize) -> Result<usize, Status> {
        let wanted: Option<String> = wanted
            .map(|t| t.iter().map(|t| descriptor::of_name(t.as_str().unwrap_or("?"))).collect());
        let fits = |m: &Arc<Method>| {
            // One value cannot be a stream of them.
            &*m.name == name
                && matches!(m.kind, CallKind::Unary | CallKind::OneWay)
                && match (&m.descriptor, &wanted) {
                    (Some(own), Some(wanted)) => **own == *wanted,
                    (Some(own), None) => descriptor::count(own) == Ok(count),
                    (None, _) => true,
                }
        };
        let mut found = self.methods.iter().enumerate().filter(|(_, m)| fits(m)).map(|(i, _)| i);
        let first = found.next().ok_or_else(|| self.no_method(name, wanted.is_some(), count))?;
        match found.next() {
            Some(_) => Err(bad(format!("{name} is overloaded; give the parameter types"))),
            None => Ok(first),
        }
    }

    fn no_method(&self, name: &str, typed: bool, count: usize) -> Status {
        const MAX_LISTED: usize = 20;
        let wanted =
            if typed { "these parameter types".into() } else { format!("{count} arguments") };
        // Those of the name first, in case the text is cut.
        let (same, others): (Vec<_>, Vec<_>) = self.methods.iter().partition(|m| &*m.name == name);
        let listed = same.into_iter().chain(others).take(MAX_LISTED);
        let known: Vec<String> = listed.map(|m| signature(m)).collect();
        let more = if self.methods.len() > MAX_LISTED { " and more" } else { "" };
        let text = format!(
            "no method {name:?} with {wanted} in {}; it has {}{more}",
            self.service.key(),
            known.join(", ")
        );
        Status::unimplemented(text)
    }

    fn inner(&self, call: Call) -> Result<(Form, DecodeLimits, Invoking), Status> {
        let form = Form::of(&call)?;
        let Call { mut head, body } = call;
        let CallBody::One(payload) = &body else {
            return Err(bad("$invoke takes three values, not a stream".into()));
        };
        let limits = payload.limits();
        let ((name, wanted, given), taken): ((ByteString, Value, Value), usize) =
            dubhe_hessian2::payload::arguments_with_memory(payload)?;
        let given = given.items();
        let wanted = (!wanted.is_null()).then(|| wanted.items());
        let index = self.find(&name, wanted, given.len())?;
        let values: Arc<[Value]> = match form {
            Form::Plain => given.iter().cloned().collect(),
            Form::Gson | Form::ProtobufJson => {
                if form == Form::ProtobufJson && given.len() != 1 {
                    return Err(bad("generic=protobuf-json takes exactly one argument".into()));
                }
                parse(given, &limits, length(payload, given), taken)?
            }
        };
        if let Some(method) = self.methods.get(index) {
            refuse_nulls(method, &values).map_err(|status| {
                status.context(format_args!("arguments of {}.{}", head.service, method.name))
            })?;
            head.method = method.clone();
        }
        head.metadata.remove("generic");
        // In bytes, as the service reads them anyway, so that the limits go with them.
        let args = dubhe_hessian2::payload::elements(&values, form.values(), &limits)?;
        let args = Payload::from(args);
        Ok((form, limits, self.service.call(index, Call::new(head, args))))
    }
}

/// Makes sure that no argument is null whose type is a primitive: Dubbo Java throws there.
fn refuse_nulls(method: &Method, values: &[Value]) -> Result<(), Status> {
    let types = method.descriptor.as_deref().unwrap_or_default();
    for (index, (java, value)) in descriptor::parameters(types).flatten().zip(values).enumerate() {
        if java.len() == 1 && value.is_null() {
            let java = descriptor::source_name(java);
            return Err(bad(format!(
                "argument {}: expected {java}, found null; make it an Option",
                index + 1
            )));
        }
    }
    Ok(())
}

/// Formats a method as generic callers write it: `find(java.lang.String, int)`. Streams, which generic calls
/// do not reach, are told as `.proto` files have them: `chat(stream java.lang.String) returns (stream)`.
fn signature(method: &Method) -> String {
    let types = method.descriptor.as_deref().unwrap_or_default();
    let names: Vec<String> =
        descriptor::parameters(types).flatten().map(descriptor::source_name).collect();
    let (requests, replies) = match method.kind {
        CallKind::Unary | CallKind::OneWay => ("", ""),
        CallKind::ClientStream => ("stream ", ""),
        CallKind::ServerStream => ("", " returns (stream)"),
        CallKind::Bidirectional => ("stream ", " returns (stream)"),
    };
    format!("{}({requests}{}){replies}", method.name, names.join(", "))
}

/// Reads arguments in JSON. They share the budget of their message, which has `length` bytes and of
/// which their texts have `taken` a part.
fn parse(
    given: &[Value],
    limits: &DecodeLimits,
    length: usize,
    taken: usize,
) -> Result<Arc<[Value]>, Status> {
    let refused = |error: dubhe_json::Error| bad(format!("json argument: {error}"));
    let mut budget = limits.memory().budget(length);
    budget.charge(taken).map_err(|over| refused(over.into()))?;
    let json = Limits::of(limits);
    let read = |argument: &Value| match argument {
        Value::String(text) => {
            dubhe_json::from_bytes_charged(text.as_bytes(), json, &mut budget).map_err(refused)
        }
        _ => Err(bad("a json argument must be a string".into())),
    };
    given.iter().map(read).collect()
}

/// The bytes of the arguments: those that came, or the texts where nothing was encoded.
fn length(payload: &Payload, given: &[Value]) -> usize {
    match payload {
        Payload::Args(Args::Encoded(encoded)) => encoded.len(),
        _ => given.iter().filter_map(Value::as_str).map(str::len).sum(),
    }
}

impl Invoke for GenericAdapter {
    fn invoke(&self, call: Call) -> Invoking {
        match self.inner(call) {
            Err(status) => Invoking::ready(Err(status)),
            Ok((form, limits, inner)) => Invoking::boxed(async move {
                match inner.await {
                    Ok(reply) => converted_reply(form, limits, reply),
                    Err(status) => Err(generic_exception(status)),
                }
            }),
        }
    }
}

/// Converts the result of a reply to the requested form. It stays the same reply, for those who
/// watch its end.
fn converted_reply(form: Form, limits: DecodeLimits, mut reply: Reply) -> Result<Reply, Status> {
    let value = dubhe_hessian2::payload::generic_reply(&reply, form.values())?;
    let value = dubhe_hessian2::java::generalize(value, form.values());
    let value = match form {
        Form::Plain => value,
        Form::Gson | Form::ProtobufJson => {
            let text = dubhe_json::to_string_within(&value, Classes::Drop, Limits::of(&limits))
                .map_err(|e| Status::new(Code::Internal, e.to_string()).with_source(e))?;
            Value::from(text)
        }
    };
    // A stream has no value, and was refused above.
    if let ReplyBody::One(payload, _) = &mut reply.body {
        *payload = Payload::dynamic(value);
    }
    Ok(reply)
}

/// Wraps an exception in the one that generic callers of Dubbo expect.
fn generic_exception(status: Status) -> Status {
    if !status.is_business() {
        return status;
    }
    let (class, message) = match status.java() {
        Some(e) => (e.class().clone(), e.message().unwrap_or_default()),
        None => (table::java_class_of(status.code()).into(), status.message().into()),
    };
    let text = format!("{class}: {message}");
    let value = Value::object(GENERIC_EXCEPTION)
        .field(
            "suppressedExceptions",
            List::new::<Value>([]).class("java.util.Collections$EmptyList"),
        )
        .field("stackTrace", List::new::<Value>([]).class("[java.lang.StackTraceElement"))
        .field("cause", Value::Null)
        .field("detailMessage", text.clone())
        .field("exceptionMessage", message)
        .field("exceptionClass", class);
    let content = Content::Dynamic(value.into());
    let exception = Exception::new(GENERIC_EXCEPTION, Some(text.into()), content);
    status.with_exception(exception)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use dubhe_core::Metadata;
    use dubhe_core::time::Timer;
    use dubhe_net::time::TokioClock;

    use super::*;

    #[test]
    fn a_converted_reply_keeps_its_watchers_and_attachments() {
        let (tell, ends) = mpsc::channel();
        let metadata = Metadata::from_iter([("from", "provider")]);
        let mut reply = Reply::with_metadata(Payload::dynamic(Value::Int(1)), metadata);
        reply.on_end(Timer::start(Arc::new(TokioClock)), move |end| {
            tell.send((end.name().to_owned(), end.bytes)).unwrap();
        });
        let mut reply = converted_reply(Form::Gson, DecodeLimits::default(), reply).unwrap();
        assert_eq!(ends.try_recv(), Err(mpsc::TryRecvError::Empty));
        assert_eq!(dubhe_hessian2::payload::reply::<Value>(&reply).unwrap(), Value::from("1"));
        assert_eq!(reply.metadata.get_str("from"), Some("provider"));
        reply.sent(Ok(7));
        assert_eq!(ends.recv().unwrap(), ("OK".to_owned(), 7));
    }
}
