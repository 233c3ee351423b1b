//! Explanations of failed calls.

use std::fmt::Write;

use dubhe::java::Throwable;
use dubhe::net::Address;
use dubhe::{Code, Status, Url};

use super::interface::signature::Listing;
use super::{CallArgs, PositionalArgs, Target, tls};
use crate::failure::Failure;
use crate::suggest::closest;

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

/// A failed call for people: what happened, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Explanation {
    /// An exception with its class, message and fields, or the error.
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Explanation {
    /// The explanation of `status`. Java sends its stack trace within the text of an error, which `--trace`
    /// asks for.
    pub(super) async fn of(
        status: &Status,
        arguments: &PositionalArgs,
        options: &CallArgs,
    ) -> Self {
        let hint = match hint(arguments, status) {
            _ if wants_tls(status, &arguments.target, options).await => Some(
                "the provider speaks TLS there: add --tls, and --cacert FILE unless the system trusts \
                 its authority"
                    .to_owned(),
            ),
            hint => hint,
        };
        let mut explanation = Self { message: message(status, options.trace), hint };
        if cut(status, options.trace) && explanation.hint.is_none() {
            explanation.hint = Some("--trace shows the rest".to_owned());
        }
        explanation
    }

    /// The failure of the command.
    pub(super) fn into_failure(self, status: &Status) -> Failure {
        let hint = self.hint.map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        Failure::Call(status.code(), self.message + &hint)
    }
}

/// Returns true if a call went in plain to a provider that speaks TLS, which its answer does not tell.
async fn wants_tls(status: &Status, target: &Target, options: &CallArgs) -> bool {
    let Target::Provider(url) = target else { return false };
    if status.code() != Code::Unavailable || options.tls.is_wanted() {
        return false;
    }
    let Ok(url) = Url::parse(url, "dubbo") else { return false };
    tls::is_spoken(&Address::new(&*url.host, url.port)).await
}

/// Returns true if the provider needs types to find the method. Nothing has run then.
///
/// Of overloads Dubbo Java (`ReflectUtils.findMethodByMethodSignature`) says "Not unique method",
/// Dubhe "overloaded"; dubbo-go cannot read that there are none (`@in is nil`).
pub(super) fn needs_types(status: &Status) -> bool {
    let text = status.message();
    ["Not unique method", "is overloaded", "@in is nil"].iter().any(|part| text.contains(part))
}

/// Returns true if a generic call came to a method of a protobuf service, of which nothing has run then.
pub(super) fn is_protobuf(status: &Status) -> bool {
    status.message().contains("a protobuf method takes one message")
}

/// Part of the error of a description of a protobuf service.
pub(super) const PROTOBUF: &str = "is a protobuf service, and Java types do not describe it";

/// Returns the hint for a protobuf service that was taken for a Java interface.
fn call_protobuf(target: &Target) -> String {
    match target {
        Target::Registry(_) => "protobuf services are called with --protocol tri, and with it \
                                --describe tells their messages"
            .into(),
        target if target.is_dubbo() => format!(
            "protobuf services are called at {}, where --describe tells their messages",
            target.at_grpc()
        ),
        Target::Provider(_) => {
            "protobuf services are called by the server's reflection, which is not there".into()
        }
    }
}

/// Returns true if lines of the error are not shown.
fn cut(status: &Status, trace: bool) -> bool {
    !trace && status.java().is_none() && status.message().contains('\n')
}

/// An exception with its class, message and fields, or an error by its code.
fn message(status: &Status, trace: bool) -> String {
    describe(status).unwrap_or_else(|| {
        if cut(status, trace) {
            let first = status.message().lines().next().unwrap_or_default();
            return format!("error: {}: {first}", status.code());
        }
        format!("error: {status}")
    })
}

/// The class and the message of an exception. Generic calls wrap it in a `GenericException`, which names it
/// in its fields.
pub(super) fn exception(status: &Status) -> Option<(String, String)> {
    let exception = status.java()?;
    if exception.class().ends_with(".GenericException")
        && let Some(thrown) = Throwable::of(status)
        && let Some(class) = text_of(&thrown, "exceptionClass")
    {
        let message = text_of(&thrown, "exceptionMessage").unwrap_or_default();
        return Some((class.to_owned(), message.to_owned()));
    }
    let message = exception.message().unwrap_or_default();
    Some((exception.class().to_string(), message.to_string()))
}

fn text_of<'a>(thrown: &'a Throwable, wanted: &str) -> Option<&'a str> {
    let (_, value) = thrown.fields.iter().find(|(name, _)| name == wanted)?;
    value.as_str()
}

/// An exception with its fields, unless those tell of the one that it wraps.
fn describe(status: &Status) -> Option<String> {
    let (class, message) = exception(status)?;
    let mut text = line(&class, &message);
    if let Some(thrown) = Throwable::of(status).filter(|thrown| thrown.class == class) {
        for (name, value) in thrown.fields.iter().filter(|(name, _)| name != "serialVersionUID") {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n  {name}: {value}");
        }
    }
    Some(text)
}

fn line(class: &str, message: &str) -> String {
    if message.is_empty() { class.to_owned() } else { format!("{class}: {message}") }
}

/// The names of methods that the error lists and of the one that it lacks.
fn method_meant(method: Option<&str>, status: &Status) -> Option<String> {
    let listing = Listing::read(status.message())?;
    closest(method?, listing.names()).map(str::to_owned)
}

fn hint(arguments: &PositionalArgs, status: &Status) -> Option<String> {
    let text = status.message();
    let known = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    if let Some(hint) = tls::hint(text) {
        return Some(hint.to_owned());
    }
    // Dubbo Java 3 says no more of a service that it does not have.
    if known(&[
        "Fail to decode request",
        "Not found exported service",
        "Invoker for gRPC not found",
        "not found:",
    ]) {
        let hint = "check the service's name, --group and --version";
        return (!known(&["did you mean"])).then(|| hint.to_owned());
    }
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
        let method = arguments.method.as_deref();
        return Some(match method_meant(method, status) {
            Some(meant) if Some(&*meant) != method => format!("did you mean {meant}?"),
            _ => "check the method's name and number of arguments; overloads need types, and what \
                  streams --stream unless the provider is of Dubhe"
                .into(),
        });
    }
    if is_protobuf(status) || known(&[PROTOBUF]) {
        return Some(call_protobuf(&arguments.target));
    }
    // What Dubbo Java says of texts and numbers that it does not turn into its own types.
    if let Some((_, class)) = text.split_once("cannot be cast to class ") {
        let class = class.split([' ', ';']).next().unwrap_or_default();
        let class = if class == "[B" { "byte[]" } else { class };
        return Some(format!("give the argument its type: {class}:VALUE"));
    }
    if needs_types(status) {
        return Some("give the types, such as long:42 or --types long,String".into());
    }
    match (status.code(), &arguments.target) {
        (Code::Unavailable, target @ Target::Provider(_)) => {
            Some(format!("is a provider running at {}?", target.shown()))
        }
        (Code::Unavailable, Target::Registry(_)) if known(&["; did you mean"]) => None,
        (Code::Unavailable, Target::Registry(_)) if known(&["; the registry knows"]) => {
            Some("give group and version, as in GROUP/INTERFACE:VERSION".into())
        }
        (Code::Unavailable, target @ Target::Registry(_)) if known(&["did not answer"]) => {
            Some(format!("is there a registry at {}?", target.shown()))
        }
        (Code::Unavailable, target @ Target::Registry(_)) => {
            Some(format!("is a provider of the service registered in {}?", target.shown()))
        }
        (Code::DeadlineExceeded, _) => Some("wait longer with --timeout TIME".into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use dubhe::Value;
    use dubhe::payload::Content;
    use dubhe::status::Exception;

    use super::*;

    fn explained(status: &Status) -> (String, Option<String>) {
        let words = ["h:1", "a.B", "getUsr"].map(str::to_owned);
        let arguments = PositionalArgs::read(&words, None).unwrap();
        (message(status, false), hint(&arguments, status))
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
        assert_eq!(explained(&status), ("a.NoUser: no user 7\n  id: 7L".into(), None));
    }

    #[test]
    fn a_generic_exception_is_what_it_wraps() {
        let class = "com.alibaba.dubbo.rpc.service.GenericException";
        let value = Value::object(class)
            .field("exceptionClass", "a.NoUser")
            .field("exceptionMessage", "no user 7");
        let content = Content::Dynamic(value.into());
        let status = Status::exception(Exception::new(class, None, content));
        assert_eq!(explained(&status).0, "a.NoUser: no user 7");
    }

    #[test]
    fn errors_come_with_a_hint() {
        for (code, text, hint) in [
            (Code::Unavailable, "connection refused", "is a provider running at dubbo://h:1?"),
            (Code::DeadlineExceeded, "late", "--timeout TIME"),
            (
                Code::Internal,
                "a.E: No such method m\n\tat a.B.c(B.java:1)",
                "overloads need types, and",
            ),
            (
                Code::Unknown,
                "class java.lang.String cannot be cast to class [B (x)",
                "byte[]:VALUE",
            ),
            (Code::Unimplemented, "no method \"getUsr\"; it has getUser(long)", "mean getUser?"),
            (Code::Unimplemented, "no method \"getUsr\"; it has shout()", "number of arguments"),
            (
                Code::Unavailable,
                "the tls handshake with h:1 failed: invalid peer certificate: UnknownIssuer",
                "--cacert",
            ),
            (Code::Unavailable, "the tls handshake with h:1 failed: eof", "speak TLS"),
        ] {
            let found = explained(&Status::new(code, text)).1.unwrap();
            assert!(found.contains(hint), "{text}: {found}");
        }
        let java = Status::new(Code::Internal, "a.E: No such method m\n\tat a.B.c(B.java:1)");
        assert_eq!(explained(&java).0, "error: INTERNAL: a.E: No such method m");
        assert!(needs_types(&Status::new(Code::Internal, "Not unique method for method name(x)")));
    }
}
