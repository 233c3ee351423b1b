//! The view that a handler has of the call it serves.

mod cancel;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytestring::ByteString;

pub use cancel::{CancelOnDrop, Cancelled};

use crate::call::Head;
use crate::inherit::Inherited;
use crate::metadata::Metadata;
use crate::peer::Peer;
use crate::service::{CallKind, Method, ServiceKey};
use crate::time::Deadline;
use crate::value::Value;

/// A handler's view of its call: attachments both ways, peer, deadline, cancellation.
///
/// Dropping the handler's future is the cancellation: everything it awaits stops. What it moved
/// to other tasks learns of it through [`Context::cancelled`].
///
/// ```
/// # mod dubhe { pub use dubhe_core::{*, fault::*, filter::*}; pub mod dispatch { pub use dubhe_core::{gate::Gates, serve::*}; } }
///
/// use dubhe::{Context, Status};
///
/// async fn place(ctx: &Context, article: i64) -> Result<String, Status> {
///     let tenant = ctx.attachment("tenant").ok_or_else(|| Status::unauthenticated("which tenant?"))?;
///     ctx.set_reply_attachment("served-by", "shop 1");
///     Ok(format!("{tenant}/{article}"))
/// }
/// ```
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

    /// The context of a call of this method that nobody sent, for tests of handlers: without
    /// attachments, peer and deadline.
    ///
    /// ```
    /// use dubhe_core::Context;
    ///
    /// let ctx = Context::for_test("org.example.Users", "getUser").with_attachment("tenant", "acme");
    /// // store.get_user(&ctx, 1).await
    /// assert_eq!(ctx.attachment("tenant"), Some("acme"));
    /// ```
    pub fn for_test(interface: impl Into<ByteString>, method: impl Into<ByteString>) -> Self {
        let service = Arc::new(ServiceKey::interface_only(interface));
        let method = Method { name: method.into(), descriptor: None, kind: CallKind::Unary };
        Self::new(Head::new(service, Arc::new(method)))
    }

    /// The same context, with one more attachment of the request.
    pub fn with_attachment(mut self, key: impl Into<ByteString>, value: impl Into<Value>) -> Self {
        self.head.metadata.append(key, value);
        self
    }

    /// The same context, of a caller that stops waiting at `deadline`.
    pub fn with_deadline(mut self, deadline: Deadline) -> Self {
        self.head.deadline = Some(deadline);
        self
    }

    /// The same context, of a call that `peer` sent.
    pub fn with_peer(mut self, peer: Peer) -> Self {
        self.head.peer = Some(Arc::new(peer));
        self
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Instant;

    #[test]
    fn a_context_for_a_test_has_what_it_was_given() {
        let deadline = Deadline::at(Instant::now());
        let peer = Peer { protocol: "tri".into(), ..Peer::default() };
        let ctx = Context::for_test("org.example.Users", "getUser")
            .with_attachment("tenant", "acme")
            .with_deadline(deadline)
            .with_peer(peer);
        assert_eq!(ctx.to_string(), "org.example.Users.getUser");
        assert_eq!(ctx.attachment("tenant"), Some("acme"));
        assert_eq!(ctx.deadline(), Some(deadline));
        assert_eq!(ctx.peer().map(|p| &*p.protocol), Some("tri"));
        assert_eq!(ctx.inherited().deadline, Some(deadline));
    }
}
