//! The marks of an error that has the form of an exception on the wire.
//!
//! An exception has a class and a text, and no place for a code, for details, or for the difference
//! between an error of the service and one of the call. Dubhe sends what its class does not say
//! beside it: as attachments over dubbo, as headers over Triple. Dubhe alone reads them; they are no
//! metadata, so that no handler passes on those of another provider.

use std::borrow::Cow;

use bytestring::ByteString;

use super::{Code, Detail, Exception, Origin, Retry, Status, table};
use crate::value::Value;

/// The code of a business error, in digits.
pub const BUSINESS: &str = "dubhe-business";

/// The code of an error of the call, in digits.
pub const STATUS: &str = "dubhe-status";

/// The details of an error over dubbo: a list of types and messages by turns.
pub const DETAILS: &str = "dubhe-details";

/// The exception for which another stands, as its consumers may lack the class: a Hessian message.
pub const EXCEPTION: &str = "dubhe-exception";

/// Returns `true` for the attachments and headers that are marks.
pub fn is_mark(name: &str) -> bool {
    [BUSINESS, STATUS, DETAILS, EXCEPTION].contains(&name)
}

/// The exception that `status` is on a wire of Java.
pub fn on_wire(status: &Status) -> Cow<'_, Exception> {
    match status.java() {
        Some(exception) if exception.is_wrapped() => Cow::Owned(exception.wrapper()),
        Some(exception) => Cow::Borrowed(exception),
        None => Cow::Owned(Exception::standing_for(status)),
    }
}

/// The mark, and the code that is its value, of the exception that `status` is on the wire; `None`
/// where its class says the same.
pub fn of_exception(status: &Status) -> Option<(&'static str, Code)> {
    let told = match status.java() {
        Some(exception) if exception.is_wrapped() => None,
        Some(exception) => Some(table::of_exception(exception)),
        None if status.is_business() => {
            let class = table::java_class_of(status.code());
            Some((table::code_of_java_class(class), Origin::RemoteBusiness))
        }
        // The exception only stands for a status.
        None => return Some((STATUS, status.code())),
    };
    let (mark, origin) = if status.is_business() {
        (BUSINESS, Origin::RemoteBusiness)
    } else {
        (STATUS, Origin::RemoteFramework)
    };
    (told != Some((status.code(), origin))).then_some((mark, status.code()))
}

/// The code in the digits of a mark.
pub fn code(digits: &str) -> Option<Code> {
    digits.parse().ok().and_then(Code::from_number)
}

/// The error that the exception `status` and the marks beside it are.
pub fn apply(status: Status, business: Option<Code>, call: Option<Code>) -> Status {
    let status = match (business, call) {
        (Some(code), _) => status.with_code(code).with_origin(Origin::RemoteBusiness),
        (None, Some(code)) => {
            let stands_for_status = status.java().is_some_and(Exception::is_rpc);
            let status = status.with_code(code).with_origin(Origin::RemoteFramework);
            if stands_for_status { status.without_exception() } else { status }
        }
        (None, None) => status,
    };
    status.with_retry(Retry::Never)
}

/// The value of [`DETAILS`].
pub fn details(status: &Status) -> Value {
    let parts = status.details().iter().flat_map(|detail| {
        [Value::String(detail.type_url.clone()), Value::Bytes(detail.value.clone())]
    });
    Value::from(parts.collect::<Vec<_>>())
}

/// Adds the details in the value of [`DETAILS`]. Other values are no details.
pub fn add_details(mut status: Status, value: &Value) -> Status {
    for pair in value.items().chunks_exact(2) {
        if let [Value::String(type_url), Value::Bytes(value)] = pair {
            let detail = Detail { type_url: ByteString::clone(type_url), value: value.clone() };
            status = status.with_detail(detail);
        }
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error at the other end, which reads `sent` as the exception and its mark.
    fn received(sent: &Status) -> Status {
        let exception = on_wire(sent).into_owned();
        let mark = of_exception(sent);
        let marked = |name| mark.filter(|(mark, _)| *mark == name).map(|(_, code)| code);
        apply(Status::exception(exception), marked(BUSINESS), marked(STATUS))
    }

    #[test]
    fn code_and_origin_of_every_exception_arrive() {
        let classes = ["a.B", "java.lang.IllegalArgumentException", table::RPC_EXCEPTION];
        for code in (1..=16).filter_map(Code::from_number) {
            for origin in [Origin::RemoteBusiness, Origin::RemoteFramework] {
                let plain = Status::new(code, "no").with_origin(origin);
                let thrown = classes
                    .map(|class| plain.clone().with_exception(Exception::of_class(class, "no")));
                for sent in thrown.into_iter().chain([plain]) {
                    let got = received(&sent);
                    assert_eq!((got.code(), got.origin()), (code, origin), "{sent:?}");
                    assert_eq!(got.message(), "no");
                }
            }
        }
        // What stands for a status is none at the other end.
        assert!(received(&Status::not_found("no")).java().is_none());
        assert!(of_exception(&Status::exception(Exception::of_class("a.B", ""))).is_none());
    }

    #[test]
    fn details_are_kept_and_other_values_are_none() {
        let detail = Detail { type_url: "t/a".into(), value: "v".into() };
        let status = Status::not_found("").with_detail(detail.clone());
        let got = add_details(Status::not_found(""), &details(&status));
        assert_eq!(got.details(), [detail]);
        for odd in [Value::Null, Value::Int(1), Value::from(vec![Value::Int(1), Value::Int(2)])] {
            assert!(add_details(Status::not_found(""), &odd).details().is_empty());
        }
    }
}
