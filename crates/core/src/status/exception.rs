//! A Java exception as a part of a status.

use std::fmt;

use bytestring::ByteString;

use super::{Status, table};
use crate::payload::Content;
use crate::printable::Shown;
use crate::value::Value;

/// A Java exception: its class, its message and all its fields.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod status { pub use dubhe_core::status::Exception; } }
/// use dubhe::Status;
/// use dubhe::status::Exception;
///
/// // A provider throws an exception that its callers declare; see `derive(JavaException)` for fields.
/// let unknown = Exception::of_class("org.example.UnknownUserException", "no user 7");
/// let status = Status::exception(unknown);
/// assert!(status.is_business());
/// let thrown = status.java().unwrap();
/// assert_eq!(thrown.class(), "org.example.UnknownUserException");
/// assert_eq!(thrown.message().as_deref(), Some("no user 7"));
/// ```
#[derive(Clone)]
pub struct Exception {
    class: ByteString,
    message: Option<ByteString>,
    content: Content,
    rpc_code: i32,
    wrapped: bool,
}

impl Exception {
    /// An exception of `class` whose fields are `content`: a dynamic object or a typed value.
    pub fn new(
        class: impl Into<ByteString>,
        message: Option<ByteString>,
        content: Content,
    ) -> Self {
        let class = class.into();
        let rpc_code = match &content {
            Content::Dynamic(value) if table::is_rpc_exception(&class) => {
                value.get("code").and_then(Value::as_i32).unwrap_or_default()
            }
            _ => 0,
        };
        Self { class, message, content, rpc_code, wrapped: false }
    }

    /// An exception of `class` that has nothing but a message.
    pub fn of_class(class: impl Into<ByteString>, message: impl Into<ByteString>) -> Self {
        let (class, message) = (class.into(), message.into());
        let value = Value::object(class.clone()).field("detailMessage", message.clone());
        Self::new(class, Some(message), Content::Dynamic(value.into()))
    }

    /// The exception that stands for `status` on a wire of Java, where it is none itself: one that
    /// every consumer of Dubbo has.
    pub fn standing_for(status: &Status) -> Self {
        let message = ByteString::from(status.message());
        if status.is_business() {
            return Self::of_class(table::java_class_of(status.code()), message);
        }
        let value = Value::object(table::RPC_EXCEPTION)
            .field("detailMessage", message.clone())
            .field("code", table::rpc_exception_of(status.code()));
        Self::new(table::RPC_EXCEPTION, Some(message), Content::Dynamic(value.into()))
    }

    /// The same exception, which consumers may lack: on a wire of Java a `RuntimeException` with its
    /// class and message as text stands for it, as Dubbo Java's `ExceptionFilter` has it. Consumers of
    /// Dubhe receive it whole.
    pub fn wrapped(mut self) -> Self {
        self.wrapped = true;
        self
    }

    /// Returns `true` if another exception stands for it on a wire of Java.
    pub fn is_wrapped(&self) -> bool {
        self.wrapped
    }

    /// The exception that has its class and message as text.
    pub(super) fn wrapper(&self) -> Self {
        let text = match &self.message {
            Some(message) => format!("{}: {message}", self.class),
            None => self.class.to_string(),
        };
        Self::of_class("java.lang.RuntimeException", text)
    }

    /// Sets the field `code` of an `RpcException` whose content is typed.
    pub fn with_rpc_code(mut self, code: i32) -> Self {
        self.rpc_code = code;
        self
    }

    /// The field `code` of an `RpcException`; 0 for other classes.
    pub fn rpc_code(&self) -> i32 {
        self.rpc_code
    }

    /// Returns `true` for Dubbo's exception for an error of the call.
    pub fn is_rpc(&self) -> bool {
        table::is_rpc_exception(&self.class)
    }

    /// The class name, such as `java.lang.IllegalStateException`.
    pub fn class(&self) -> &ByteString {
        &self.class
    }

    /// The message, which Java calls `detailMessage`.
    pub fn message(&self) -> Option<ByteString> {
        self.message.clone()
    }

    /// The whole exception, for encoding.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The whole exception as a value, when it came from the wire.
    pub fn value(&self) -> Option<&Value> {
        match &self.content {
            Content::Dynamic(value) => Some(value),
            _ => None,
        }
    }
}

impl fmt::Debug for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message.as_deref().map(Shown);
        write!(f, "Exception({}: {message:?})", Shown(&self.class))
    }
}
