//! The charges of decoding to the budget of the message.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use dubhe_core::Value;
use dubhe_core::memory::{BLOCK, Budget, OverBudget};
use dubhe_core::value::List;

use super::Decoder;
use crate::error::{Error, ErrorKind};
use crate::limits::check_digits;
use crate::tag;

/// A container that a dynamic value refers to from outside, as a value of its own.
pub(crate) struct Copied {
    pub(crate) value: Value,
    /// The bytes of the message that reading it took, those that references in it led to included.
    pub(crate) bytes: usize,
    /// The number of containers that nest in it, itself included.
    pub(crate) height: u16,
}

/// The state that the dynamic values of a message share.
#[derive(Default)]
pub(crate) struct Dynamic {
    /// The containers that a value refers to from outside, by number.
    pub(crate) copies: BTreeMap<u32, Copied>,
    /// The part of the budget that `copies` have taken.
    pub(crate) kept: usize,
    /// The number of labels.
    pub(crate) labels: u32,
    /// The list without elements.
    pub(crate) empty: Option<Arc<List>>,
    /// The place of the last byte that may be a reference, once it was asked for.
    last_reference: Option<usize>,
}

impl Decoder<'_> {
    pub(crate) fn dynamic(&mut self) -> &mut Dynamic {
        self.dynamic.get_or_insert_default()
    }

    /// The part of the budget that containers which are referred to have taken.
    pub(crate) fn kept(&self) -> usize {
        self.dynamic.as_ref().map_or(0, |dynamic| dynamic.kept)
    }

    /// Charges `bytes` that are about to be allocated to the budget of the message, which
    /// [`memory`](Self::memory) sets. The decoder itself charges its tables and
    /// the strings that it copies.
    ///
    /// # Errors
    /// [`Limit`](ErrorKind::Limit) when the budget has less.
    #[inline]
    pub fn charge(&mut self, bytes: usize) -> Result<(), Error> {
        self.budget.charge(bytes).map_err(|over| self.over(over))
    }

    /// Begins the budget anew, for values that `bytes` of the message are: those behind what has
    /// been read only to step over it.
    pub fn begin_budget(&mut self, bytes: usize) {
        self.budget = self.memory.budget(bytes);
    }

    /// Charges one allocation of `bytes`.
    #[inline]
    pub(crate) fn charge_block(&mut self, bytes: usize) -> Result<(), Error> {
        if bytes == 0 { Ok(()) } else { self.charge(bytes.saturating_add(BLOCK)) }
    }

    /// Makes room in `items` for one more element, and charges it to the budget of the message.
    ///
    /// # Errors
    /// As [`charge`](Self::charge).
    #[inline]
    pub fn make_room<T>(&mut self, items: &mut Vec<T>) -> Result<(), Error> {
        self.budget.grow(items).map_err(|over| self.over(over))
    }

    /// Charges one more element of a hash table that holds `len` and has room for `capacity`.
    fn charge_hashed<T>(&mut self, len: usize, capacity: usize) -> Result<(), Error> {
        if len < capacity {
            return Ok(());
        }
        // A table has a power of two of buckets, an eighth of them free, and grows to the double.
        let buckets = (len + 1).saturating_mul(8).div_ceil(7).next_power_of_two();
        let new = if capacity == 0 { buckets.max(4) } else { buckets / 2 };
        self.charge(new.saturating_mul(size_of::<T>() + 1).saturating_add(BLOCK))
    }

    pub(crate) fn charge_map<K: Eq + Hash, V, S: BuildHasher>(
        &mut self,
        map: &HashMap<K, V, S>,
    ) -> Result<(), Error> {
        self.charge_hashed::<(K, V)>(map.len(), map.capacity())
    }

    pub(crate) fn charge_set<T: Eq + Hash, S: BuildHasher>(
        &mut self,
        set: &HashSet<T, S>,
    ) -> Result<(), Error> {
        self.charge_hashed::<T>(set.len(), set.capacity())
    }

    /// Charges one more element of a B-tree that holds `len`.
    pub(crate) fn charge_ordered<T>(&mut self, len: usize) -> Result<(), Error> {
        /// The elements that a node has room for; nodes but the first are half full at least.
        const NODE: usize = 11;
        self.charge(if len == 0 { NODE * size_of::<T>() + BLOCK } else { 2 * size_of::<T>() + 8 })
    }

    /// Returns `true` if a reference may follow. That no byte looks like one is found once.
    pub(crate) fn references_follow(&mut self) -> bool {
        let input = self.input;
        let last = *self.dynamic().last_reference.get_or_insert_with(|| {
            input.iter().rposition(|byte| *byte == tag::REFERENCE).unwrap_or(0)
        });
        self.at.position <= last
    }

    /// Makes sure that a big number may have `digits`.
    pub(crate) fn check_digits(&self, digits: usize) -> Result<(), Error> {
        check_digits(digits, self.limits.digits)
    }

    pub(crate) fn budget(&self) -> Budget {
        self.budget
    }

    /// Goes back to an earlier budget: what was charged since has been dropped.
    pub(crate) fn restore(&mut self, budget: Budget, replay: usize) {
        self.budget = budget;
        self.replay = replay;
    }

    /// The bytes that may still be read again.
    pub(crate) fn replay_left(&self) -> usize {
        self.replay
    }

    /// Makes sure that `more` containers may nest in those that are being read.
    pub(crate) fn check_depth(&self, more: u16) -> Result<(), Error> {
        if self.depth.saturating_add(more) >= self.limits.depth {
            return Err(self.too_deep());
        }
        Ok(())
    }

    #[cold]
    fn over(&self, over: OverBudget) -> Error {
        self.error(ErrorKind::Limit, over.to_string())
    }
}
