//! The view that a handler has of the call it serves.

mod cancel;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytestring::ByteString;

pub use cancel::{CancelOnDrop, Cancelled};

use crate::call::{Call, Head};
use crate::inherit::Inherited;
use crate::invoke::{Invoke, Invoking};
use crate::metadata::Metadata;
use crate::service::{Method, ServiceKey};
use crate::sock_addr::SockAddr;
use crate::status::{Code, Status};
use crate::time::Deadline;
use crate::value::Value;

/// The other end of a connection.
#[derive(Clone, Default)]
pub struct Peer {
    /// Its address; `None` for a transport without addresses.
    pub remote: Option<SockAddr>,
    /// Our address on that connection.
    pub local: Option<SockAddr>,
    /// The protocol that is spoken, such as `dubbo`.
    pub protocol: ByteString,
    /// The subject of its verified TLS certificate chain: DER of the end entity.
    pub certificate: Option<bytes::Bytes>,
    /// Calls the peer over the same connection, where the protocol can (callbacks, server push).
    pub back: Option<Arc<dyn Invoke>>,
}

impl Peer {
    /// Calls the peer over the connection that it opened.
    pub fn invoke(&self, call: Call) -> Invoking {
        match &self.back {
            Some(back) => back.invoke(call),
            None => Invoking::ready(Err(Status::new(
                Code::Unimplemented,
                format!("the {} protocol cannot call back over a connection", self.protocol),
            ))),
        }
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer")
            .field("remote", &self.remote)
            .field("protocol", &self.protocol)
            .finish_non_exhaustive()
    }
}

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
