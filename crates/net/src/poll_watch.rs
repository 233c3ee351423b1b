//! The polls that are under way on each thread, for a watchdog that looks from outside: a handler
//! that blocks its thread cannot tell of it itself.
//!
//! A poll costs two relaxed stores in a slot of its thread. The watchdog sees a poll that goes on from
//! the slot alone: the value does not change between two looks.

use std::{
    cell::{Cell, RefCell},
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;

thread_local! {
    static SLOTS: RefCell<Vec<Entry>> = const { RefCell::new(Vec::new()) };
}

/// The bits of a slot that tell what is polled; those above count polls.
const KEY_BITS: u32 = 48;
const KEY_MASK: u64 = (1 << KEY_BITS) - 1;

/// The identity of something that is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PollKey(u64);

impl PollKey {
    /// The identity of nothing that is known.
    pub const NONE: Self = Self(0);

    /// The identity of what is behind `value`, for as long as that lives: its address.
    pub fn of<T: ?Sized>(value: &Arc<T>) -> Self {
        let address = Arc::as_ptr(value).cast::<()>().addr();
        Self(u64::try_from(address).unwrap_or_default() & KEY_MASK)
    }

    /// The identity as 48 bits.
    pub(crate) fn bits(self) -> u64 {
        self.0
    }
}

/// The polls under way of one owner, such as a server.
#[derive(Debug)]
pub struct PollWatch {
    me: Weak<Self>,
    slots: Mutex<Vec<Arc<Slot>>>,
}

/// The value of one thread: 0 outside of polls, else the key below a count of polls.
#[derive(Debug, Default)]
struct Slot(AtomicU64);

/// The slot of this thread in one watch.
struct Entry {
    /// The watch, compared by its address, which is not used again before this is dropped.
    watch: Weak<PollWatch>,
    slot: Arc<Slot>,
    polls: Cell<u16>,
}

/// A poll under way, as a look found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollUnderWay {
    thread: usize,
    value: u64,
}

impl PollUnderWay {
    /// The identity of what is polled.
    pub fn key(&self) -> PollKey {
        PollKey(self.value & KEY_MASK)
    }
}

impl PollWatch {
    /// A watch without polls.
    pub fn new() -> Arc<Self> {
        Arc::new_cyclic(|me| Self { me: me.clone(), slots: Mutex::default() })
    }

    /// Runs `poll`, and shows it to the watchdog meanwhile. Within another poll of this thread the
    /// inner one is shown.
    #[inline]
    pub fn poll<R>(&self, key: PollKey, poll: impl FnOnce() -> R) -> R {
        /// Puts the former value back, also when a poll panics.
        struct UnderWay<'a>(&'a PollWatch, Option<u64>);
        impl Drop for UnderWay<'_> {
            fn drop(&mut self) {
                if let Some(former) = self.1 {
                    self.0.of_thread(|entry| entry.slot.0.store(former, Ordering::Relaxed));
                }
            }
        }

        let show = |entry: &Entry| {
            let count = entry.polls.get().wrapping_add(1).max(1);
            entry.polls.set(count);
            let former = entry.slot.0.load(Ordering::Relaxed);
            entry.slot.0.store(u64::from(count) << KEY_BITS | key.0, Ordering::Relaxed);
            former
        };
        let former = self.of_thread(show).or_else(|| {
            self.enter_thread();
            self.of_thread(show)
        });
        let _under_way = UnderWay(self, former);
        poll()
    }

    /// Uses the slot of this thread, if it has one.
    #[inline]
    fn of_thread<R>(&self, use_it: impl FnOnce(&Entry) -> R) -> Option<R> {
        let used = SLOTS.try_with(|slots| {
            let slots = slots.borrow();
            slots.iter().find(|entry| entry.is_of(self)).map(use_it)
        });
        // A thread that ends has no slot any more.
        used.ok().flatten()
    }

    /// Makes a slot for this thread.
    #[cold]
    fn enter_thread(&self) {
        let slot = Arc::new(Slot::default());
        let entry = Entry { watch: self.me.clone(), slot: slot.clone(), polls: Cell::new(0) };
        let entered = SLOTS.try_with(|slots| {
            let mut slots = slots.borrow_mut();
            slots.retain(|entry| entry.watch.strong_count() > 0);
            slots.push(entry);
        });
        if entered.is_ok() {
            self.slots.lock().push(slot);
        }
    }

    /// Looks at all threads and puts the polls under way in `found`.
    pub fn look(&self, found: &mut Vec<PollUnderWay>) {
        found.clear();
        let mut slots = self.slots.lock();
        // Threads that have ended hold no slot.
        slots.retain(|slot| Arc::strong_count(slot) > 1);
        found.extend(slots.iter().filter_map(|slot| {
            let value = slot.0.load(Ordering::Relaxed);
            (value != 0).then(|| PollUnderWay { thread: Arc::as_ptr(slot).addr(), value })
        }));
    }
}

/// Runs `poll`, and shows it to `watch` meanwhile, where there is one.
#[inline]
pub fn watched<R>(watch: Option<&PollWatch>, key: PollKey, poll: impl FnOnce() -> R) -> R {
    match watch {
        Some(watch) => watch.poll(key, poll),
        None => poll(),
    }
}

impl Entry {
    #[inline]
    fn is_of(&self, watch: &PollWatch) -> bool {
        std::ptr::eq(self.watch.as_ptr(), watch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(watch: &PollWatch) -> Vec<PollUnderWay> {
        let mut found = Vec::new();
        watch.look(&mut found);
        found
    }

    #[test]
    fn a_poll_is_seen_while_it_lasts_and_each_is_another() {
        let (watch, what, other) = (PollWatch::new(), Arc::new(1), Arc::new(2));
        let (key, inner) = (PollKey::of(&what), PollKey::of(&other));
        let first = watch.poll(key, || {
            let first = look(&watch);
            assert_eq!(watch.poll(inner, || look(&watch)[0].key()), inner);
            assert_eq!(look(&watch), first, "the outer one goes on");
            first
        });
        assert_eq!((first.len(), first[0].key()), (1, key));
        let second = watch.poll(key, || look(&watch));
        assert_ne!(first, second, "another poll of the same");
        assert_eq!(look(&watch), []);
        let poll = std::panic::AssertUnwindSafe(|| watch.poll(key, || panic!("in a poll")));
        let panicked = std::panic::catch_unwind(poll);
        assert!(panicked.is_err());
        assert_eq!(look(&watch), []);
    }

    #[test]
    fn watches_know_their_own_polls_and_threads_go() {
        let (one, two) = (PollWatch::new(), PollWatch::new());
        let key = PollKey::NONE;
        let watches = [one.clone(), two];
        let thread = std::thread::spawn(move || {
            for watch in &watches {
                watch.poll(key, || ());
            }
            let found = || (look(&watches[0]).len(), look(&watches[1]).len());
            assert_eq!(watches[0].poll(key, found), (1, 0));
        });
        thread.join().unwrap();
        assert_eq!(look(&one), []);
        assert_eq!(one.slots.lock().len(), 0);
        // A thread forgets the watches that are gone.
        for _ in 0..3 {
            PollWatch::new().poll(key, || ());
        }
        assert!(SLOTS.with(|slots| slots.borrow().len()) <= 1);
    }
}
