//! A session, as the server knows it.

use std::fmt;

use bytes::Bytes;

/// The identity of a session and the password that proves it is ours. Only the identity prints.
///
/// ```
/// # mod dubhe { pub mod zookeeper { pub use dubhe_zookeeper::client::{Client, Error, Session, ZooKeeperClientOptions}; } }
/// use dubhe::zookeeper::{Client, Error, Session, ZooKeeperClientOptions};
///
/// /// Goes on with the session of a client that is given up, so that its nodes stay.
/// async fn hand_over(old: &Client, options: ZooKeeperClientOptions) -> Result<Client, Error> {
///     let session: Session = old.connected().await?;
///     Ok(Client::open(ZooKeeperClientOptions { resume: Some(session), ..options }))
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Session {
    id: i64,
    password: Bytes,
}

impl Session {
    pub(super) fn new(id: i64, password: Bytes) -> Self {
        Self { id, password }
    }

    /// The owner that the session's ephemeral nodes name; 0 before the first connection.
    pub fn id(&self) -> i64 {
        self.id
    }

    pub(super) fn password(&self) -> &[u8] {
        /// The password that Java sends to ask for a new session.
        const NO_PASSWORD: &[u8] = &[0; 16];
        if self.password.is_empty() { NO_PASSWORD } else { &self.password }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session(0x{:x})", self.id)
    }
}
