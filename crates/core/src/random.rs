//! Randomness, as decisions see it: an injected source.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

/// A source of random numbers for balancing and jitter; not for secrets.
///
/// ```
/// # mod dubhe { pub mod random { pub use dubhe_core::random::RandomSource; } }
/// use dubhe::random::RandomSource;
///
/// /// What a test of a balancer uses: always the first.
/// struct Zero;
///
/// impl RandomSource for Zero {
///     fn next(&self) -> u64 {
///         0
///     }
/// }
///
/// assert_eq!(Zero.below(10), 0);
/// ```
pub trait RandomSource: Send + Sync + 'static {
    /// Sixty-four random bits.
    fn next(&self) -> u64;

    /// A number below `n`, or 0 when `n` is 0.
    fn below(&self, n: u64) -> u64 {
        // Multiply-shift keeps the bias under n / 2^64, with no division.
        let product = u128::from(self.next()) * u128::from(n);
        u64::try_from(product >> 64).unwrap_or(0)
    }
}

/// SplitMix64 on one atomic word: fast, shared without a lock, repeatable from a seed.
///
/// ```
/// # mod dubhe { pub mod random { pub use dubhe_core::random::{RandomSource, SplitMix}; } }
/// use dubhe::random::{RandomSource, SplitMix};
///
/// // The same seed gives the same numbers, so a simulation can be run again.
/// let (one, other) = (SplitMix::new(7), SplitMix::new(7));
/// assert_eq!(one.next(), other.next());
/// assert!(SplitMix::from_os().below(6) < 6);
/// ```
#[derive(Debug)]
pub struct SplitMix(AtomicU64);

impl SplitMix {
    /// The sequence that begins at `seed`.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// A sequence seeded by the operating system.
    pub fn from_os() -> Self {
        Self::new(RandomState::new().hash_one(0))
    }
}

impl RandomSource for SplitMix {
    fn next(&self) -> u64 {
        const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.0.fetch_add(GAMMA, Ordering::Relaxed).wrapping_add(GAMMA);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_numbers_and_all_values_below_n_occur() {
        let (a, b) = (SplitMix::new(7), SplitMix::new(7));
        let mut seen = [false; 5];
        for _ in 0..200 {
            let x = a.below(5);
            assert_eq!(x, b.below(5));
            seen[usize::try_from(x).unwrap()] = true;
        }
        assert_eq!(seen, [true; 5]);
        assert_eq!(a.below(0), 0);
    }
}
