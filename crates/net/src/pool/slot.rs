//! A place for a connection.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Instant,
};

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Connection;
use crate::{Error, time};

/// The pause before an attempt.
#[derive(Clone, Copy)]
pub(super) struct Pause {
    /// The end.
    pub(super) until: Instant,
    /// The earliest end, when somebody waits for the connection.
    pub(super) soonest: Instant,
}

/// A place for a connection. Reading it takes no lock.
pub(super) struct Slot<T> {
    conn: ArcSwapOption<T>,
    started: AtomicBool,
    draining: AtomicBool,
    failures: AtomicU64,
    error: Mutex<Option<Error>>,
    /// The pause, while there is one.
    pause: Mutex<Option<Pause>>,
    /// The pause has become shorter.
    shortened: Notify,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self {
            conn: ArcSwapOption::empty(),
            started: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            failures: AtomicU64::new(0),
            error: Mutex::default(),
            pause: Mutex::default(),
            shortened: Notify::new(),
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

    /// Keeps the error of a connection that was made and ended without an answer. Nobody waits for
    /// one that was made, so it is no failure of an attempt.
    pub(super) fn broke_off(&self, error: Option<Error>) {
        if error.is_some() {
            *self.error.lock() = error;
        }
    }

    /// Forgets everything but the error, for a new start.
    pub(super) fn restart(&self, error: Error) {
        self.conn.store(None);
        self.failed(error);
        *self.pause.lock() = None;
        self.started.store(false, Ordering::Release);
    }

    pub(super) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Acquire)
    }

    pub(super) fn error(&self) -> Option<Error> {
        self.error.lock().clone()
    }

    /// Begins a pause.
    pub(super) fn begin_pause(&self, pause: Pause) {
        *self.pause.lock() = Some(pause);
    }

    /// Waits for the end of the pause that has begun.
    pub(super) async fn end_of_pause(&self) {
        loop {
            let Some(Pause { until, .. }) = *self.pause.lock() else { return };
            tokio::select! {
                biased;
                () = time::sleep_until(until) => break,
                () = self.shortened.notified() => {}
            }
        }
        *self.pause.lock() = None;
    }

    /// Shortens a pause for somebody who waits for the connection.
    pub(super) fn shorten_pause(&self) {
        if let Some(pause) = &mut *self.pause.lock()
            && pause.soonest < pause.until
        {
            pause.until = pause.soonest;
            self.shortened.notify_one();
        }
    }

    /// Ends a pause.
    pub(super) fn end_pause(&self) {
        if let Some(pause) = &mut *self.pause.lock() {
            pause.until = time::now();
            self.shortened.notify_one();
        }
    }

    /// Returns true if nothing will be tried before `deadline`.
    pub(super) fn pauses_beyond(&self, deadline: Instant) -> bool {
        self.pause.lock().is_some_and(|pause| pause.until >= deadline)
    }

    pub(super) fn take(&self) -> Option<T> {
        self.conn.swap(None).map(|conn| (*conn).clone())
    }
}
