//! A place for a connection.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Instant,
};

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;

use super::Connection;
use crate::Error;

/// A place for a connection. Reading it takes no lock.
pub(super) struct Slot<T> {
    conn: ArcSwapOption<T>,
    started: AtomicBool,
    draining: AtomicBool,
    failures: AtomicU64,
    error: Mutex<Option<Error>>,
    /// The start of the next attempt, while the slot waits for that.
    next: Mutex<Option<Instant>>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self {
            conn: ArcSwapOption::empty(),
            started: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            failures: AtomicU64::new(0),
            error: Mutex::default(),
            next: Mutex::default(),
        }
    }
}

impl<T: Connection> Slot<T> {
    /// The connection, when it takes work.
    pub(super) fn ready(&self) -> Option<T> {
        let conn = self.conn.load();
        conn.as_deref().filter(|c| c.is_ready()).cloned()
    }

    /// The load of the connection, when it takes work.
    pub(super) fn load(&self) -> Option<usize> {
        let conn = self.conn.load();
        conn.as_deref().filter(|c| c.is_ready()).map(Connection::load)
    }

    /// Returns true if there is a connection whose peer answers nothing.
    pub(super) fn is_hung(&self) -> bool {
        let conn = self.conn.load();
        conn.as_deref().is_some_and(Connection::is_hung)
    }

    /// Returns `true` for the first caller only.
    pub(super) fn start(&self) -> bool {
        !self.started.load(Ordering::Acquire) && !self.started.swap(true, Ordering::AcqRel)
    }

    pub(super) fn is_started(&self) -> bool {
        self.started.load(Ordering::Acquire)
    }

    /// Returns true if the last connection is draining and no new one has been tried since.
    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    pub(super) fn connected(&self, conn: T) {
        *self.error.lock() = None;
        self.draining.store(false, Ordering::Release);
        self.conn.store(Some(std::sync::Arc::new(conn)));
    }

    pub(super) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
        self.conn.store(None);
    }

    pub(super) fn failed(&self, error: Error) {
        self.draining.store(false, Ordering::Release);
        *self.error.lock() = Some(error);
        self.failures.fetch_add(1, Ordering::AcqRel);
    }

    /// Forgets everything but the error, for a new start.
    pub(super) fn restart(&self, error: Error) {
        self.conn.store(None);
        self.failed(error);
        self.set_next(None);
        self.started.store(false, Ordering::Release);
    }

    pub(super) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Acquire)
    }

    pub(super) fn error(&self) -> Option<Error> {
        self.error.lock().clone()
    }

    /// Sets the start of the next attempt; `None`: it is under way.
    pub(super) fn set_next(&self, at: Option<Instant>) {
        *self.next.lock() = at;
    }

    /// Returns true if nothing will be tried before `deadline`.
    pub(super) fn pauses_beyond(&self, deadline: Instant) -> bool {
        self.next.lock().is_some_and(|next| next >= deadline)
    }

    pub(super) fn take(&self) -> Option<T> {
        self.conn.swap(None).map(|conn| (*conn).clone())
    }
}
