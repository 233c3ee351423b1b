//! The view that a handler has of the call it serves.

mod cancel;

use std::fmt;
use std::sync::{Mutex, PoisonError};

use bytestring::ByteString;

pub use cancel::{CancelOnDrop, Cancelled};

use crate::call::Head;
use crate::inherit::Inherited;
use crate::metadata::Metadata;
use crate::peer::Peer;
use crate::service::{Method, ServiceKey};
use crate::time::Deadline;
use crate::value::Value;

/// A handler's view of its call: attachments both ways, peer, deadline, cancellation.
///
/// Dropping the handler's future is the cancellation: everything it awaits stops. What it moved
/// to other tasks learns of it through [`Context::cancelled`].
#[derive(Debug)]
pub struct Context {
    head: Head,
    reply: Mutex<Metadata>,
    cancel: CancelOnDrop,
}

impl Context {
    /// The context of the call with this head.
    pub fn new(head: Head) -> Self {
        Self { head, reply: Mutex::new(Metadata::new()), cancel: CancelOnDrop::default() }
    }

    /// The service that was called.
    pub fn service(&self) -> &ServiceKey {
        &self.head.service
    }

    /// The method that was called.
    pub fn method(&self) -> &Method {
        &self.head.method
    }

    /// The attachments of the request.
    pub fn attachments(&self) -> &Metadata {
        &self.head.metadata
    }

    /// The first string under `key` of the request's attachments.
    pub fn attachment(&self, key: &str) -> Option<&str> {
        self.head.metadata.get_str(key)
    }

    /// Sets an attachment of the reply.
    pub fn set_reply_attachment(&self, key: impl Into<ByteString>, value: impl Into<Value>) {
        self.reply.lock().unwrap_or_else(PoisonError::into_inner).insert(key, value);
    }

    /// Takes the attachments that were set for the reply.
    pub fn take_reply_attachments(&self) -> Metadata {
        std::mem::take(&mut *self.reply.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The peer that called.
    pub fn peer(&self) -> Option<&Peer> {
        self.head.peer.as_deref()
    }

    /// The moment at which the caller stops waiting.
    pub fn deadline(&self) -> Option<Deadline> {
        self.head.deadline
    }

    /// The whole head.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// A future for other tasks: it resolves when this call has ended, by reply or cancellation.
    pub fn cancelled(&self) -> Cancelled {
        self.cancel.watch()
    }

    /// The inheritance of calls that this handler makes.
    pub fn inherited(&self) -> Inherited {
        Inherited::new(&self.head.metadata, self.head.deadline)
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.head.service, self.head.method.name)
    }
}
