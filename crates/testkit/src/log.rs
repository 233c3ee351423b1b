//! The lines of the log, for tests that look at them.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::dispatcher::DefaultGuard;
use tracing::field::{Field, Visit};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber, dispatcher, span};

/// A subscriber that keeps the lines of one level or more, each as `field=value` and so on. Clones share
/// them.
#[derive(Clone, Debug)]
pub struct Lines {
    level: Level,
    graver: bool,
    written: Arc<Mutex<Vec<String>>>,
}

impl Lines {
    /// No lines yet, of this level.
    pub fn of(level: Level) -> Self {
        Self { level, graver: false, written: Arc::default() }
    }

    /// The lines of this level that this thread writes until the guard is dropped.
    pub fn of_this_thread(level: Level) -> (Self, ThreadGuard) {
        Self::of(level).on_this_thread()
    }

    /// The lines of this level and of graver ones that this thread writes until the guard is dropped,
    /// each with its level in front.
    pub fn from_level_of_this_thread(level: Level) -> (Self, ThreadGuard) {
        Self { graver: true, ..Self::of(level) }.on_this_thread()
    }

    fn on_this_thread(self) -> (Self, ThreadGuard) {
        let guard = dispatcher::set_default(&Dispatch::new(self.clone()));
        (self.clone(), ThreadGuard { _guard: guard, _second: Dispatch::new(self) })
    }

    /// Takes the lines so far.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.written.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The lines that contain `text`.
    pub fn with(&self, text: &str) -> Vec<String> {
        let lines = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().filter(|line| line.contains(text)).cloned().collect()
    }
}

/// Keeps the subscriber of a thread.
#[derive(Debug)]
pub struct ThreadGuard {
    _guard: DefaultGuard,
    /// Another subscriber: with one alone, `tracing` asks that of the thread which comes first to a line
    /// whether anybody wants it, and remembers the answer for all threads.
    _second: Dispatch,
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // `tracing` calls a graver level less.
        *metadata.level() == self.level || (self.graver && *metadata.level() < self.level)
    }

    fn event(&self, event: &Event<'_>) {
        let level =
            if self.graver { format!("{} ", event.metadata().level()) } else { String::new() };
        let mut line = Line(level);
        event.record(&mut line);
        self.written.lock().unwrap_or_else(PoisonError::into_inner).push(line.0);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}
