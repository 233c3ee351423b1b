//! The memory that decoding a message may take.
//!
//! A byte of a message can become far more in memory: a null of a list takes one byte on the wire
//! and [`size_of::<Value>()`](crate::Value) decoded. Every decoder charges what it
//! allocates to the [`Budget`] of the message, before it allocates.
//!
//! | decoded | charged |
//! | --- | --- |
//! | an element of a list, an entry of a map, a field | its size, for each that there is room for |
//! | a container, a box, an owned string | its size and [`BLOCK`] |
//! | a container that is referred to again as a dynamic value | nothing: it is shared |
//! | a number, a string that borrows from the message | nothing |

use std::fmt;

/// The bytes that an allocation takes besides what is in it.
pub const BLOCK: usize = 16;

/// The limit of the memory that the values of one message may take: [`factor`](Self::factor) times
/// the bytes of the message, and at most [`most`](Self::most). For a compressed message the bytes
/// after decompression count.
///
/// By default 64 times and at most 64 MiB.
///
/// ```
/// use dubhe_core::memory::MemoryLimit;
///
/// let limit = MemoryLimit::default().with_most(16 << 20);
/// assert_eq!(limit.budget(100_000).left(), 6_400_000);
/// assert_eq!(limit.budget(1_000_000).left(), 16 << 20);
/// ```
// Small, since it travels with every payload that is not decoded yet.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MemoryLimit {
    factor: u16,
    /// The most bytes, in units of [`UNIT`].
    most: u16,
}

/// The precision of [`MemoryLimit::most`].
const UNIT: usize = 64 * 1024;

impl MemoryLimit {
    /// The bytes that any message may take in memory, however short it is: 64 KiB, unless
    /// [`most`](Self::most) is less.
    pub const LEAST: usize = 64 * 1024;

    /// `factor` times the bytes of the message, at most `most` bytes, which is rounded up to a
    /// multiple of 64 KiB and is below 4 GiB.
    pub const fn new(factor: u16, most: usize) -> Self {
        let units = most.div_ceil(UNIT);
        #[allow(clippy::cast_possible_truncation, reason = "it is at most u16::MAX")]
        let most = if units > u16::MAX as usize { u16::MAX } else { units as u16 };
        Self { factor, most }
    }

    /// The same limit with another factor.
    pub const fn with_factor(self, factor: u16) -> Self {
        Self { factor, ..self }
    }

    /// The same limit with another most, in bytes; rounded as by [`new`](Self::new).
    pub const fn with_most(self, most: usize) -> Self {
        Self { factor: self.factor, ..Self::new(self.factor, most) }
    }

    /// The number of bytes in memory for each byte of the message.
    pub const fn factor(self) -> u16 {
        self.factor
    }

    /// The most bytes in memory of a message, however long it is.
    pub const fn most(self) -> usize {
        self.most as usize * UNIT
    }

    /// The budget of a message of `received` bytes.
    #[inline]
    pub fn budget(self, received: usize) -> Budget {
        let whole = received.saturating_mul(usize::from(self.factor)).max(Self::LEAST);
        Budget { left: whole.min(self.most()) }
    }
}

impl Default for MemoryLimit {
    fn default() -> Self {
        Self::new(64, 64 * 1024 * 1024)
    }
}

impl fmt::Debug for MemoryLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (factor, most) = (self.factor, self.most());
        f.debug_struct("MemoryLimit").field("factor", &factor).field("most", &most).finish()
    }
}

/// The memory that is left for the values of a message.
///
/// ```
/// # mod dubhe { pub mod payload { pub use dubhe_core::memory::{MemoryLimit, OverBudget}; } }
/// use dubhe::payload::{MemoryLimit, OverBudget};
///
/// // A decoder of your own, of a message of 1,024 bytes:
/// let mut budget = MemoryLimit::new(4, 1 << 20).budget(1_024);
/// let mut names: Vec<String> = Vec::new();
/// budget.grow(&mut names)?; // before each element
/// names.push("Dubhe".to_owned());
/// assert!(budget.charge(1 << 20).is_err());
/// # Ok::<(), OverBudget>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    left: usize,
}

impl Budget {
    /// The bytes that may still be charged.
    pub fn left(self) -> usize {
        self.left
    }

    /// Charges `bytes` that are about to be allocated.
    ///
    /// # Errors
    /// When they are more than what is left; nothing is charged then.
    #[inline]
    pub fn charge(&mut self, bytes: usize) -> Result<(), OverBudget> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(OverBudget),
        }
    }

    /// Charges room for `count` elements of `T`.
    ///
    /// # Errors
    /// As [`charge`](Self::charge).
    #[inline]
    pub fn charge_items<T>(&mut self, count: usize) -> Result<(), OverBudget> {
        self.charge(count.saturating_mul(size_of::<T>()))
    }

    /// Makes room for one more element, and charges it: a vector that is full grows by half.
    ///
    /// # Errors
    /// As [`charge`](Self::charge).
    #[inline]
    pub fn grow<T>(&mut self, items: &mut Vec<T>) -> Result<(), OverBudget> {
        if items.len() < items.capacity() {
            return Ok(());
        }
        let more = items.len().div_ceil(2).max(1);
        self.charge_items::<T>(more)?;
        items.reserve_exact(more);
        Ok(())
    }
}

/// The error of a message whose values take more memory than its budget.
///
/// ```
/// # mod dubhe { pub mod payload { pub use dubhe_core::memory::{MemoryLimit, OverBudget}; } }
/// use dubhe::payload::{MemoryLimit, OverBudget};
///
/// let mut budget = MemoryLimit::default().with_most(1 << 20).budget(100);
/// assert_eq!(budget.charge(2 << 20), Err(OverBudget));
/// println!("{OverBudget}");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverBudget;

impl fmt::Display for OverBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the values of the message take more memory than it may have; \
             send less at once, or raise MemoryLimit (option decoded)",
        )
    }
}

impl std::error::Error for OverBudget {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_in_proportion_to_the_message_and_bounded_on_both_sides() {
        let limit = MemoryLimit::default();
        for (received, bytes) in [
            (0, 64 << 10),
            (1 << 10, 64 << 10),
            (10_000, 640_000),
            (1 << 20, 64 << 20),
            (usize::MAX, 64 << 20),
        ] {
            assert_eq!(limit.budget(received).left(), bytes, "{received}");
        }
        assert_eq!(limit.with_most(1).budget(usize::MAX).left(), UNIT);
        assert_eq!(limit.with_most(0).budget(1).left(), 0);
        assert_eq!(limit.with_most(usize::MAX).most(), 65_535 * UNIT);
        assert_eq!(limit.with_factor(1).budget(1 << 20).left(), 1 << 20);
    }

    #[test]
    fn what_is_charged_is_gone_and_no_more_is_given() {
        let mut budget = MemoryLimit::new(1, 1 << 20).budget(1 << 20);
        budget.charge((1 << 20) - 8).unwrap();
        assert_eq!(budget.charge(9), Err(OverBudget));
        budget.charge_items::<u64>(1).unwrap();
        assert_eq!(budget.charge_items::<u64>(usize::MAX), Err(OverBudget));
        assert_eq!(budget.left(), 0);
    }

    #[test]
    fn a_vector_is_charged_by_its_room() {
        let mut budget = MemoryLimit::default().budget(0);
        let (whole, mut items) = (budget.left(), Vec::<u64>::new());
        while budget.grow(&mut items).is_ok() {
            items.push(0);
            assert_eq!(whole - budget.left(), items.capacity() * 8);
        }
        assert!(items.len() > whole / 16, "{}", items.len());
    }
}
