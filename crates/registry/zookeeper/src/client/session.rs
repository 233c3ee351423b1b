//! A session, as the server knows it.

use std::fmt;

use bytes::Bytes;

/// The identity of a session and the password that proves it is ours. Only the identity prints.
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
