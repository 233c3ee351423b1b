//! A Java exception as a part of a status.

use std::fmt;

use bytestring::ByteString;

use crate::payload::Content;
use crate::printable::Shown;
use crate::value::Value;

/// A Java exception: its class, its message and all its fields.
#[derive(Clone)]
pub struct Exception {
    class: ByteString,
    message: Option<ByteString>,
    content: Content,
}

impl Exception {
    /// An exception of `class` whose fields are `content`: a dynamic object or a typed value.
    pub fn new(
        class: impl Into<ByteString>,
        message: Option<ByteString>,
        content: Content,
    ) -> Self {
        Self { class: class.into(), message, content }
    }

    /// An exception of `class` that has nothing but a message.
    pub fn of_class(class: impl Into<ByteString>, message: impl Into<ByteString>) -> Self {
        let (class, message) = (class.into(), message.into());
        let value = Value::object(class.clone()).field("detailMessage", message.clone());
        Self::new(class, Some(message), Content::Dynamic(value.into()))
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
