//! Explanations of failed calls.

use std::fmt::Write;

use dubhe::java::Throwable;
use dubhe::{Code, Status};

use super::Target;
use crate::failure::Failure;

/// The reason for which there is no result.
#[derive(Debug)]
pub(super) enum Error {
    /// The command line is wrong.
    Usage(String),
    /// The call failed.
    Status(Status),
    /// The result could not be printed.
    Failure(Failure),
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Failure(error.into())
    }
}

impl Error {
    /// The failure of a call to `target`. Java sends its stack trace within the text of an error;
    /// `trace` says whether to print it.
    pub(super) fn explain(self, target: &Target, trace: bool) -> Failure {
        match self {
            Self::Usage(what) => Failure::Usage(format!("error: {what}")),
            Self::Status(status) => failure(target, &status, trace),
            Self::Failure(failure) => failure,
        }
    }
}

/// Returns true if the provider needs types to find the method. Nothing has run then.
///
/// Of overloads Dubbo Java (`ReflectUtils.findMethodByMethodSignature`) says "Not unique method",
/// Dubhe "overloaded"; dubbo-go cannot read that there are none (`@in is nil`).
pub(super) fn needs_types(status: &Status) -> bool {
    let text = status.message();
    ["Not unique method", "is overloaded", "@in is nil"].iter().any(|part| text.contains(part))
}

/// An exception with its class, message and fields, or an error with what to do about it.
fn failure(target: &Target, status: &Status, trace: bool) -> Failure {
    let text = match status.java() {
        Some(exception) => match Throwable::of(status) {
            Some(thrown) => describe(&thrown),
            None => line(exception.class(), status.message()),
        },
        None => match status.message().split_once('\n') {
            Some((first, _)) if !trace => {
                format!("error: {}: {first}\nhint: --trace shows the rest", status.code())
            }
            _ => format!("error: {status}"),
        },
    };
    let hint = hint(target, status).map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
    Failure::Failed(text + &hint)
}

/// An exception. Generic calls wrap it in a `GenericException`, which names it in its fields.
fn describe(thrown: &Throwable) -> String {
    let field = |wanted| {
        let found = thrown.fields.iter().find(|(name, _)| name == wanted);
        found.and_then(|(_, value)| value.as_str())
    };
    if thrown.class.ends_with(".GenericException")
        && let Some(class) = field("exceptionClass")
    {
        return line(class, field("exceptionMessage").unwrap_or_default());
    }
    let mut text = line(&thrown.class, thrown.message.as_deref().unwrap_or_default());
    for (name, value) in thrown.fields.iter().filter(|(name, _)| name != "serialVersionUID") {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {name}: {value}");
    }
    text
}

fn line(class: &str, message: &str) -> String {
    if message.is_empty() { class.to_owned() } else { format!("{class}: {message}") }
}

fn hint(target: &Target, status: &Status) -> Option<String> {
    let text = status.message();
    let known = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    if known(&["does not tell its methods"]) {
        return None;
    }
    if known(&[
        "No such method",
        "NoSuchMethod",
        "no method",
        "method is not found",
        "args.length != types.length",
    ]) {
        return Some(
            "check the method's name and number of arguments; overloads need types".into(),
        );
    }
    // Dubbo Java 3 says no more of a service that it does not have.
    if known(&[
        "Fail to decode request",
        "Not found exported service",
        "Invoker for gRPC not found",
        "not found:",
    ]) {
        return Some("check the service's name, --group and --version".into());
    }
    if needs_types(status) {
        return Some("give the types, such as long:42 or --types long,String".into());
    }
    match (status.code(), target) {
        (Code::Unavailable, Target::Provider(_)) => {
            Some(format!("is a provider running at {}?", target.shown()))
        }
        (Code::Unavailable, Target::Registry(_)) if known(&["did not answer"]) => {
            Some(format!("is there a registry at {}?", target.shown()))
        }
        (Code::Unavailable, Target::Registry(_)) => {
            Some(format!("is a provider of the service registered in {}?", target.shown()))
        }
        (Code::DeadlineExceeded, _) => Some("wait longer with --timeout MS".into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use dubhe::Value;
    use dubhe::payload::Content;
    use dubhe::status::Exception;

    use super::*;

    fn text(status: &Status) -> String {
        match failure(&Target::Provider("dubbo://h:1".into()), status, false) {
            Failure::Failed(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_exception_is_its_class_message_and_own_fields() {
        let value = Value::object("a.NoUser")
            .field("detailMessage", "no user 7")
            .field("stackTrace", Value::Null)
            .field("id", 7_i64);
        let content = Content::Dynamic(value.into());
        let status =
            Status::exception(Exception::new("a.NoUser", Some("no user 7".into()), content));
        assert_eq!(text(&status), "a.NoUser: no user 7\n  id: 7L");
    }

    #[test]
    fn a_generic_exception_is_what_it_wraps() {
        let class = "com.alibaba.dubbo.rpc.service.GenericException";
        let value = Value::object(class)
            .field("exceptionClass", "a.NoUser")
            .field("exceptionMessage", "no user 7");
        let content = Content::Dynamic(value.into());
        let status = Status::exception(Exception::new(class, None, content));
        assert_eq!(text(&status), "a.NoUser: no user 7");
    }

    #[test]
    fn errors_come_with_a_hint() {
        let refused = text(&Status::new(Code::Unavailable, "connection refused"));
        assert!(refused.ends_with("hint: is a provider running at dubbo://h:1?"), "{refused}");
        let late = text(&Status::new(Code::DeadlineExceeded, "late"));
        assert!(late.contains("--timeout"), "{late}");
        let java =
            text(&Status::new(Code::Internal, "a.E: No such method m\n\tat a.B.c(B.java:1)"));
        assert!(
            java.starts_with("error: INTERNAL: a.E: No such method m\nhint: --trace"),
            "{java}"
        );
        assert!(java.ends_with("overloads need types"), "{java}");
        assert!(needs_types(&Status::new(Code::Internal, "Not unique method for method name(x)")));
    }
}
