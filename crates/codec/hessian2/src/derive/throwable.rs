//! The fields of `java.lang.Throwable`, as Java writes them.

use bytestring::ByteString;
use dubhe_core::Status;
use dubhe_core::status::Exception;

use crate::{Decode, Decoder, Encode, Encoder, Error, payload};

/// An exception without suppressed ones: `Throwable.suppressedExceptions`.
///
/// # Errors
/// When containers nest too deep.
pub fn encode_no_suppressed(e: &mut Encoder) -> Result<(), Error> {
    e.write_typed_list("java.util.Collections$EmptyList", 0, |_| Ok(()))
}

/// `Throwable.suppressedExceptions`.
///
/// # Errors
/// Those of an exception.
pub fn encode_suppressed<T: Encode>(suppressed: &[T], e: &mut Encoder) -> Result<(), Error> {
    if suppressed.is_empty() { encode_no_suppressed(e) } else { T::encode_list(suppressed, e) }
}

/// `Throwable.stackTrace`.
///
/// # Errors
/// Those of a frame.
pub fn encode_stack<T: Encode>(frames: &[T], e: &mut Encoder) -> Result<(), Error> {
    T::encode_array(frames, "[java.lang.StackTraceElement", e)
}

/// An empty `Throwable.stackTrace`.
///
/// # Errors
/// When containers nest too deep.
pub fn encode_no_stack(e: &mut Encoder) -> Result<(), Error> {
    encode_stack::<()>(&[], e)
}

/// `Throwable.cause`: an exception without a cause is its own cause.
///
/// # Errors
/// Those of the cause.
pub fn encode_cause<T: Encode>(
    cause: Option<&T>,
    exception: usize,
    e: &mut Encoder,
) -> Result<(), Error> {
    match cause {
        Some(cause) => cause.encode(e),
        None => {
            e.write_reference(exception);
            Ok(())
        }
    }
}

/// Reads `Throwable.cause`; the exception itself is no cause.
///
/// # Errors
/// Those of the cause.
pub fn decode_cause<'de, T: Decode<'de>>(d: &mut Decoder<'de>) -> Result<Option<T>, Error> {
    if d.read_cycle()? { Ok(None) } else { Option::decode(d) }
}

/// The types that a `#[java(message)]` field may have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the message of a Java exception",
    note = "use `String` or `Option<String>`"
)]
pub trait Message {
    /// The message, if there is one.
    fn text(&self) -> Option<&str>;
}

impl Message for String {
    fn text(&self) -> Option<&str> {
        Some(self)
    }
}

impl Message for Option<String> {
    fn text(&self) -> Option<&str> {
        self.as_deref()
    }
}

/// An exception that a type stands for, as its subclasses see it.
pub trait Thrown {
    /// The message, if there is one.
    fn text(&self) -> Option<&str>;

    /// The cause, if there is one.
    fn cause(&self) -> Option<&(dyn std::error::Error + 'static)>;
}

/// The status of an exception that a handler returns.
pub fn status_of(
    exception: impl Encode + Send + Sync + 'static,
    class: &'static str,
    message: String,
) -> Status {
    let content = payload::content(exception);
    let class = ByteString::from_static(class);
    Status::exception(Exception::new(class, Some(message.into()), content))
}

/// The exception of that class that a status carries.
pub fn exception_of<T: payload::Owned>(status: &Status, class: &str) -> Option<T> {
    if status.java()?.class() != class {
        return None;
    }
    payload::exception(status)?.ok()
}
