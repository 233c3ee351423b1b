//! The moment at which a caller gave up, for those who learn of it later.

use std::cell::Cell;

use crate::time::Instant;

thread_local! {
    /// Set only while what is left of a call is dropped.
    static GIVEN_UP: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// The rest of a call whose caller gave up earlier than it is dropped, such as its future while a task
/// of it still ran. Watchers within learn by the moment of giving up if the deadline had passed.
pub struct GivenUp<T> {
    at: Instant,
    rest: Option<T>,
}

impl<T> GivenUp<T> {
    /// The rest of a call whose caller gave up at `at`.
    pub fn new(at: Instant, rest: T) -> Self {
        Self { at, rest: Some(rest) }
    }
}

impl<T> Drop for GivenUp<T> {
    fn drop(&mut self) {
        /// Restores what was set, also when a destructor panics.
        struct Restore(Option<Instant>);
        impl Drop for Restore {
            fn drop(&mut self) {
                GIVEN_UP.set(self.0);
            }
        }
        let _restore = Restore(GIVEN_UP.replace(Some(self.at)));
        drop(self.rest.take());
    }
}

impl<T> std::fmt::Debug for GivenUp<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GivenUp").field("at", &self.at).finish_non_exhaustive()
    }
}

/// The moment at which the caller gave up of the call whose rest is dropped now.
pub(super) fn given_up() -> Option<Instant> {
    GIVEN_UP.get()
}
