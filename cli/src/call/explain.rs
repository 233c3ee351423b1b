//! What to say when a call failed.

use std::fmt::Write;

use dubhe::{Code, Status, Value};

use super::Target;
use crate::failure::Failure;

/// Fields that every Java exception has; they are not printed.
const COMMON: [&str; 5] =
    ["detailMessage", "stackTrace", "suppressedExceptions", "cause", "serialVersionUID"];

/// Whether the provider could not tell overloads apart without types. Nothing has run then.
///
/// Dubbo Java (`ReflectUtils.findMethodByMethodSignature`) says "Not unique method", Dubhe
/// "overloaded".
pub(super) fn is_overloaded(status: &Status) -> bool {
    let text = status.message();
    text.contains("Not unique method") || text.contains("is overloaded")
}

/// The failure of a call to `target`: an exception with its class, message and fields, or an error
/// with what to do about it. Java sends its stack trace within the text of an error; `trace` says
/// whether to print it.
pub(super) fn failure(target: &Target, status: &Status, trace: bool) -> Failure {
    let text = match status.java() {
        Some(exception) => thrown(exception.value(), exception.class(), status.message()),
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
fn thrown(value: Option<&Value>, class: &str, message: &str) -> String {
    let field = |name| value.and_then(|v| v.get(name)).and_then(Value::as_str);
    if class.ends_with(".GenericException")
        && let Some(class) = field("exceptionClass")
    {
        return line(class, field("exceptionMessage").unwrap_or_default());
    }
    let mut text = line(class, message);
    let fields = value.and_then(Value::as_object).map(|o| o.fields.as_slice()).unwrap_or_default();
    for (name, value) in fields.iter().filter(|(name, _)| !COMMON.contains(&&**name)) {
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
    if known(&["Fail to decode request", "Not found exported service", "not found:"]) {
        return Some("check the service's name, --group and --version".into());
    }
    if is_overloaded(status) {
        return Some("give the types, such as long:42 or --types long,String".into());
    }
    match (status.code(), target) {
        (Code::Unavailable, Target::Provider(_)) => {
            Some(format!("is a provider running at {}?", target.url()))
        }
        (Code::Unavailable, Target::Registry(_)) => {
            Some(format!("is a provider of the service registered in {}?", target.url()))
        }
        (Code::DeadlineExceeded, _) => Some("wait longer with --timeout MS".into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use dubhe::core::payload::Content;
    use dubhe::core::status::Exception;

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
        assert!(is_overloaded(&Status::new(
            Code::Internal,
            "Not unique method for method name(x)"
        )));
    }
}
