//! The error type of all protocols.

mod code;
mod exception;
mod late;
pub mod marks;
mod missing;
mod panics;
mod short;
pub mod table;

use std::error::Error;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use bytestring::ByteString;

pub use code::Code;
pub use exception::Exception;
pub use panics::panic_message;
pub(crate) use panics::panicked;

use crate::end::{Facts, Until, Watchers};
use crate::metadata::Metadata;
use crate::printable::Shown;

/// The origin of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The caller gave something that cannot be sent.
    Caller,
    /// This process, while it connects, encodes, waits or limits.
    Local,
    /// The framework at the other end.
    RemoteFramework,
    /// The service at the other end.
    RemoteBusiness,
}

/// The safety of sending the same call again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// The call would fail again, or must not be repeated.
    Never,
    /// The call certainly did not start: safe for every method.
    Unstarted,
    /// The call may have run: safe only for methods that may run twice.
    Unknown,
}

/// A part of an error that programs read: a message and the name of its type, as
/// `google.protobuf.Any` has it.
///
/// ```
/// # mod dubhe { pub mod status { pub use dubhe_core::status::Detail; } pub use dubhe_core::{Code, Status}; }
/// use dubhe::status::Detail;
/// use dubhe::{Code, Status};
///
/// // A message of protobuf behind an error, as `google.rpc.Status` carries it.
/// let detail = Detail {
///     type_url: "type.googleapis.com/org.example.Quota".into(),
///     value: vec![8, 42].into(),
/// };
/// let status = Status::new(Code::ResourceExhausted, "over quota").with_detail(detail);
/// assert_eq!(status.details().len(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// The type: `type.googleapis.com/` and the full name of the message.
    pub type_url: ByteString,
    /// The message in protobuf's binary form.
    pub value: Bytes,
}

/// The error of a call.
///
/// On its way to the caller it holds, as a [`Reply`](crate::Reply) does, the guards of the provider
/// that wait until it is written: permits, hooks, counts of calls. They end when it is dropped; its
/// copies hold none.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{*, fault::*, filter::*}; pub mod dispatch { pub use dubhe_core::{gate::Gates, serve::*}; } }
///
/// use dubhe::{Code, Status};
///
/// let status = Status::not_found("no user 7");
/// assert_eq!(status.code(), Code::NotFound);
/// assert_eq!(status.message(), "no user 7");
/// ```
#[derive(Clone)]
pub struct Status(Box<Inner>);

#[derive(Clone)]
struct Inner {
    code: Code,
    message: ByteString,
    call: Option<ByteString>,
    origin: Origin,
    retry: Retry,
    details: Vec<Detail>,
    headers: Metadata,
    trailers: Metadata,
    exception: Option<Exception>,
    source: Option<std::sync::Arc<dyn Error + Send + Sync>>,
    unsent: Unsent,
}

/// The source of an error of a call whose handler never began.
#[derive(Debug)]
struct NeverRan;

impl fmt::Display for NeverRan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the handler was dropped before it began")
    }
}

impl Error for NeverRan {}

/// The watchers that wait until an error is sent. Only its owner reaches them: the lock is never
/// waited for, it lets the error be shared between threads.
#[derive(Default)]
struct Unsent(Mutex<Watchers>);

impl Unsent {
    fn get_mut(&mut self) -> &mut Watchers {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for Unsent {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Drop for Status {
    fn drop(&mut self) {
        self.delivered();
    }
}

impl Status {
    /// A local error that is not to be retried; the other parts are set by the methods below.
    pub fn new(code: Code, message: impl Into<ByteString>) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.into(),
            call: None,
            origin: Origin::Local,
            retry: Retry::Never,
            details: Vec::new(),
            headers: Metadata::new(),
            trailers: Metadata::new(),
            exception: None,
            source: None,
            unsent: Unsent::default(),
        }))
    }

    /// An error of the business logic; other errors say what was wrong with the call.
    pub fn business(code: Code, message: impl Into<ByteString>) -> Self {
        Self::new(code, message).with_origin(Origin::RemoteBusiness)
    }

    /// An error that travels as a Java exception: of the business, but for an `RpcException`, which is
    /// one of the call.
    pub fn exception(exception: Exception) -> Self {
        let (code, origin) = table::of_exception(&exception);
        let message = exception.message().unwrap_or_default();
        Self::new(code, message).with_origin(origin).with_exception(exception)
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The message, for people. It is whole, and may be as long as a reply of a peer.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The origin.
    pub fn origin(&self) -> Origin {
        self.0.origin
    }

    /// The safety of sending the call again.
    pub fn retry(&self) -> Retry {
        self.0.retry
    }

    /// The same error, of a call that was handed to its handler: an error of a nested call that says
    /// "nobody began it" says so of that one. [`Status::never_ran`] stays.
    pub fn begun(self) -> Self {
        if self.is_never_ran() {
            return self;
        }
        match (self.retry(), self.code()) {
            (Retry::Unstarted, Code::Unavailable) => self.with_retry(Retry::Unknown),
            (Retry::Unstarted, _) => self.with_retry(Retry::Never),
            _ => self,
        }
    }

    /// The same error, of a call that was handed to its handler and that the handler certainly never
    /// began: [`Retry::Unstarted`] holds for it until it is on the wire.
    pub fn never_ran(self) -> Self {
        self.with_retry(Retry::Unstarted).with_source(NeverRan)
    }

    /// Returns `true` if it is one of [`Status::never_ran`].
    pub fn is_never_ran(&self) -> bool {
        let source = self.0.source.as_deref();
        self.retry() == Retry::Unstarted
            && matches!(source, Some(source) if source.is::<NeverRan>())
    }

    /// Returns `true` if the deadline passed.
    pub fn is_timeout(&self) -> bool {
        self.0.code == Code::DeadlineExceeded
    }

    /// Returns `true` if it is an error of the service and not of the way to it.
    pub fn is_business(&self) -> bool {
        self.0.origin == Origin::RemoteBusiness
    }

    /// The Java exception it is, when it is one.
    pub fn java(&self) -> Option<&Exception> {
        self.0.exception.as_ref()
    }

    /// Error details, as gRPC carries them.
    pub fn details(&self) -> &[Detail] {
        &self.0.details
    }

    /// Attachments that came with the head of the failed reply.
    pub fn headers(&self) -> &Metadata {
        &self.0.headers
    }

    /// Attachments that came with its end.
    pub fn trailers(&self) -> &Metadata {
        &self.0.trailers
    }

    /// The same error with another code.
    pub fn with_code(mut self, code: Code) -> Self {
        self.0.code = code;
        self
    }

    /// Sets the origin of the error.
    pub fn with_origin(mut self, origin: Origin) -> Self {
        self.0.origin = origin;
        self
    }

    /// Sets the safety of sending the call again.
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.0.retry = retry;
        self
    }

    /// Makes it a Java exception, keeping code and message.
    pub fn with_exception(mut self, exception: Exception) -> Self {
        self.0.exception = Some(exception);
        self
    }

    /// The same error without its exception.
    pub(crate) fn without_exception(mut self) -> Self {
        self.0.exception = None;
        self
    }

    /// Adds a detail.
    pub fn with_detail(mut self, detail: Detail) -> Self {
        self.0.details.push(detail);
        self
    }

    /// Sets the attachments of the head.
    pub fn with_headers(mut self, headers: Metadata) -> Self {
        self.0.headers = headers;
        self
    }

    /// Sets the attachments of the end.
    pub fn with_trailers(mut self, trailers: Metadata) -> Self {
        self.0.trailers = trailers;
        self
    }

    /// Keeps the error that caused it.
    pub fn with_source(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(std::sync::Arc::new(source));
        self
    }

    /// Keeps `watchers` until the error is sent.
    pub(crate) fn watch_all(&mut self, watchers: Watchers) {
        self.0.unsent.get_mut().append(watchers);
    }

    /// Ends the error for those who wait until it is sent: its caller has it.
    pub fn delivered(&mut self) {
        if !self.0.unsent.get_mut().is_empty() {
            let mut watchers = std::mem::take(self.0.unsent.get_mut());
            watchers.tell(Until::Sent, &Facts::failed(self));
        }
    }

    /// Names the call and its provider in the texts of the error, as `service.method on provider`.
    /// The message stays the one that the other end sent.
    pub fn with_call(mut self, call: impl fmt::Display) -> Self {
        self.0.call = Some(call.to_string().into());
        self
    }

    /// Puts `context` before the message: `context: message`.
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.0.message = format!("{context}: {}", self.0.message).into();
        self
    }
}

/// Prints the code, the call where it is known, and the message, with control characters escaped, as
/// the message may be a peer's. Of each text the first 16 KiB are printed
/// ([`SHOWN`](crate::printable::SHOWN)), here and by `Debug`.
/// An error in a box, as in a variant of an enum of errors.
impl<E: Into<Self>> From<Box<E>> for Status {
    fn from(error: Box<E>) -> Self {
        (*error).into()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.0.code)?;
        if let Some(call) = &self.0.call {
            write!(f, "{}: ", Shown(call))?;
        }
        match &self.0.exception {
            Some(e) => {
                let (text, class) = (Shown(&self.0.message), Shown(e.class()));
                write!(f, "{text} ({class})")
            }
            None => Shown(&self.0.message).fmt(f),
        }
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut s = f.debug_struct("Status");
        s.field("code", &self.0.code);
        if let Some(call) = &self.0.call {
            s.field("call", &Shown(call));
        }
        s.field("message", &Shown(&self.0.message));
        s.field("origin", &self.0.origin).field("retry", &self.0.retry);
        if let Some(e) = &self.0.exception {
            s.field("exception", &Shown(e.class()));
        }
        s.finish_non_exhaustive()
    }
}

impl Error for Status {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|e| e as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_never_ran_is_still_unstarted_once_it_was_handed_over() {
        let nested = Status::unavailable("away").with_retry(Retry::Unstarted);
        assert_eq!(nested.begun().retry(), Retry::Unknown);
        let own = Status::unavailable("away").never_ran();
        assert!(own.is_never_ran());
        assert_eq!(own.begun().retry(), Retry::Unstarted);
    }

    #[test]
    fn the_call_is_named_in_the_texts_and_not_in_the_message() {
        let status = Status::not_found("no such user").with_call("a.B.find on tri://h:1\n");
        assert_eq!(status.to_string(), "NOT_FOUND: a.B.find on tri://h:1\\n: no such user");
        assert!(format!("{status:?}").contains(r#"call: "a.B.find on tri://h:1\n""#), "{status:?}");
        assert_eq!(status.message(), "no such user");
    }

    #[test]
    fn long_texts_of_a_peer_are_cut_in_print_and_whole_in_the_message() {
        use crate::printable::SHOWN;
        let text = |bytes: usize| "\u{1}".repeat(bytes);
        let most = Status::unavailable(text(SHOWN));
        assert_eq!(most.to_string(), format!("UNAVAILABLE: {}", "\\u{1}".repeat(SHOWN)));
        assert!(!format!("{most:?}").contains("more)"));
        let long = Status::unavailable(text(SHOWN + 1));
        assert!(long.to_string().ends_with("\\u{1}… (1 bytes more)"));
        assert!(format!("{long:?}").contains("\"… (1 bytes more), origin"));
        assert_eq!(long.message().len(), SHOWN + 1);
        // The class and the call, too.
        let exception = Exception::of_class(text(7 << 20), text(7 << 20));
        for printed in [format!("{exception:?}"), format!("{exception:#?}")] {
            assert!(printed.len() < 13 * SHOWN, "{}", printed.len());
        }
        let status = Status::exception(exception).with_call(text(7 << 20));
        for printed in [status.to_string(), format!("{status:?}"), format!("{status:#?}")] {
            assert!(printed.len() < 19 * SHOWN, "{}", printed.len());
        }
    }

    #[test]
    fn the_text_of_a_peer_begins_no_line() {
        let status = Status::not_found("no \u{1b}[2Jsuch\nERROR user");
        assert!(status.to_string().ends_with(": no \\u{1b}[2Jsuch\\nERROR user"), "{status}");
        assert!(status.message().contains('\n'), "the wire has it as it is");
        let status = Status::exception(Exception::of_class("a.B\r", "x\u{202e}"));
        assert!(status.to_string().ends_with(": x\\u{202e} (a.B\\r)"), "{status}");
    }
}
