//! Options of one call.

use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::callback::PassedCallbacks;
use dubhe_core::time::{Deadline, Duration};
use dubhe_core::{Metadata, Value};
use parking_lot::Mutex;

/// Options of one call or of several; stubs take them by `with`.
///
/// ```no_run
/// use std::time::Duration;
/// use dubhe::prelude::*;
/// # #[dubhe::interface("org.example.Users")]
/// # trait Users { async fn get_user(&self, id: i64) -> Result<Option<String>, Status>; }
///
/// # async fn run(users: UsersClient) -> Result<(), Status> {
/// let options = CallOptions::new().timeout(Duration::from_millis(300)).attachment("tenant", "acme");
/// let user = users.with(options).get_user(1).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    pub(crate) metadata: Metadata,
    pub(crate) timeout: Option<Duration>,
    pub(crate) deadline: Option<Deadline>,
    pub(crate) reply: Option<ReplyAttachments>,
    /// The callbacks among the arguments.
    pub(crate) callbacks: Option<PassedCallbacks>,
}

/// Receives the attachments of replies. Clones share them.
///
/// ```no_run
/// use dubhe::prelude::*;
/// # #[dubhe::interface("org.example.Users")]
/// # trait Users { async fn get_user(&self, id: i64) -> Result<Option<String>, Status>; }
///
/// # async fn run(users: UsersClient) -> Result<(), Status> {
/// let received = ReplyAttachments::new();
/// users.with(CallOptions::new().reply_attachments(&received)).get_user(1).await?;
/// println!("{:?}", received.get().get_str("served-by"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ReplyAttachments(Arc<Mutex<Metadata>>);

impl ReplyAttachments {
    /// An empty set of attachments, before a reply.
    pub fn new() -> Self {
        Self::default()
    }

    /// The attachments of the latest reply.
    pub fn get(&self) -> Metadata {
        self.0.lock().clone()
    }

    pub(crate) fn set(&self, metadata: Metadata) {
        *self.0.lock() = metadata;
    }
}

impl CallOptions {
    /// The defaults of the client.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends an attachment; any value over the dubbo protocol, strings and bytes over HTTP.
    pub fn attachment(mut self, key: impl Into<ByteString>, value: impl Into<Value>) -> Self {
        self.metadata.insert(key, value);
        self
    }

    /// Bounds the time of each attempt, in place of the client's setting. [`Duration::MAX`] is no bound:
    /// without a [`deadline`](Self::deadline) none is sent.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The point in time that bounds all attempts together, such as
    /// `dubhe::time::deadline_after(Duration::from_secs(2))`, or
    /// [`Context::deadline`](dubhe_core::Context) of the call that this one serves.
    pub fn deadline(mut self, deadline: Deadline) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Puts the attachments of the reply into `into`.
    pub fn reply_attachments(mut self, into: &ReplyAttachments) -> Self {
        self.reply = Some(into.clone());
        self
    }
}
