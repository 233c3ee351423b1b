//! The targets whose replies take long to encode: how long a reply is, is known only behind that.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::poll_watch::PollKey;
use crate::work::{self, LONG};

/// The targets that are remembered at a time. One in the place of another takes it over.
const SLOTS: usize = 64;

/// The replies that give way after a long one, for each [`LONG`] of it. To give way costs some
/// microseconds, to encode that much some hundreds.
const REPLIES: usize = 16;

/// The length that counts for a reply that could not be written, however far that came.
const UNKNOWN: usize = 16 * LONG;

/// The bits of a slot that count the replies that are to give way; those above tell of which target.
const COUNT_BITS: u32 = 16;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;

/// The memory of which targets had a long reply lately, for all connections of a server.
///
/// A call costs a relaxed load as long as the replies of its target are short. What is remembered is
/// a hint: threads that write to a place at once may lose one.
#[derive(Debug)]
pub struct LongReplies([AtomicU64; SLOTS]);

impl Default for LongReplies {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; SLOTS])
    }
}

impl LongReplies {
    /// Runs `encode`, which writes a reply of the target `key` that has at least `known` bytes. Where
    /// that may take long, since replies of the target did, it [gives way](work::give_way).
    /// `length` tells the bytes that were written, `None` if they could not be.
    pub fn encode<T>(
        &self,
        key: PollKey,
        known: usize,
        encode: impl FnOnce() -> T,
        length: impl FnOnce(&T) -> Option<usize>,
    ) -> T {
        let written = work::give_way(known.max(self.expect(key)), encode);
        let bytes = length(&written).unwrap_or(UNKNOWN);
        if work::is_long(bytes) {
            self.note(key, bytes);
        }
        written
    }

    /// Returns the bytes that the next reply is expected to have, as far as they are many.
    #[inline]
    fn expect(&self, key: PollKey) -> usize {
        let Some(slot) = self.slot(key) else { return 0 };
        let value = slot.load(Ordering::Relaxed);
        if value & COUNT_MASK == 0 || value >> COUNT_BITS != key.bits() {
            return 0;
        }
        slot.store(value - 1, Ordering::Relaxed);
        LONG + 1
    }

    #[cold]
    fn note(&self, key: PollKey, bytes: usize) {
        let Some(slot) = self.slot(key) else { return };
        let count = u64::try_from(bytes / LONG * REPLIES).unwrap_or(COUNT_MASK).min(COUNT_MASK);
        let value = slot.load(Ordering::Relaxed);
        let left = if value >> COUNT_BITS == key.bits() { value & COUNT_MASK } else { 0 };
        slot.store(key.bits() << COUNT_BITS | count.max(left), Ordering::Relaxed);
    }

    #[inline]
    fn slot(&self, key: PollKey) -> Option<&AtomicU64> {
        // The upper bits of a product depend on all bits of the address.
        let mixed = key.bits().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - SLOTS.ilog2());
        self.0.get(usize::try_from(mixed).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};

    use super::*;

    #[test]
    fn the_replies_after_a_long_one_are_expected_to_be_long() {
        let replies = LongReplies::default();
        let (a, b) = (Arc::new(1), Arc::new(2));
        let (long, other) = (PollKey::of(&a), PollKey::of(&b));
        let reply = |key, bytes: Option<usize>| replies.encode(key, 0, || (), |()| bytes);
        reply(long, Some(LONG));
        assert_eq!(replies.expect(long), 0);
        reply(long, Some(2 * LONG));
        // A shorter one behind it takes nothing away.
        reply(long, Some(LONG + 1));
        for _ in 0..2 * REPLIES - 1 {
            assert_eq!(replies.expect(long), LONG + 1);
        }
        assert_eq!((replies.expect(long), replies.expect(other)), (0, 0));
        // It may have been long.
        reply(long, None);
        assert_eq!(replies.expect(long), LONG + 1);
        reply(long, Some(usize::MAX));
        assert_eq!(replies.expect(long), LONG + 1);
    }

    /// Has one worker, so that the other task runs only if the first gives way.
    #[test]
    fn other_tasks_run_while_a_long_reply_is_encoded() {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let encoded = runtime.spawn(async {
            let (replies, target) = (LongReplies::default(), Arc::new(()));
            let key = PollKey::of(&target);
            replies.encode(key, 0, || (), |()| Some(LONG + 1));
            let (done, is_done) = mpsc::channel();
            tokio::spawn(async move { done.send(()) });
            replies.encode(key, 0, || is_done.recv(), |_| Some(0))
        });
        runtime.block_on(encoded).unwrap().unwrap();
    }
}
