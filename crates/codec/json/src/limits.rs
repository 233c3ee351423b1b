//! The limits of reading and writing.

use dubhe_core::memory::MemoryLimit;
use dubhe_core::payload::DecodeLimits;

/// The limits of reading and writing JSON.
///
/// ```
/// # mod dubhe { pub mod json { pub use dubhe_json::{Limits, from_bytes}; } }
/// use dubhe::json::{Limits, from_bytes};
///
/// let nested = "[[[1]]]".into();
/// assert!(from_bytes(&nested, Limits::default()).is_ok());
/// assert!(from_bytes(&nested, Limits::default().depth(2)).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The depth to which arrays and objects may nest, in both directions. Default 127, and at
    /// most that in reading: more counts as [`MOST_DEPTH`](Self::MOST_DEPTH).
    pub depth: u16,
    /// The memory of what is read, by the length of the text; and the length of the text that is
    /// written, by the memory of the value, shared parts counted once. By default 64 times either,
    /// at most 64 MiB. In writing, an entry that is met again through a reference counts 64 bytes
    /// besides its text, one whose key is taken 64 bytes and its key, and a reference 16 bytes.
    pub memory: MemoryLimit,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: Self::MOST_DEPTH, memory: MemoryLimit::default() }
    }
}

impl Limits {
    /// The most for [`depth`](Self#structfield.depth) in reading: the recursion of `serde_json`.
    pub const MOST_DEPTH: u16 = 127;

    /// The limits that come with bytes of a payload.
    pub fn of(carried: &DecodeLimits) -> Self {
        carried.get::<Self>().copied().unwrap_or_default().memory(carried.memory())
    }

    /// The same limits with another [`depth`](Self#structfield.depth).
    pub const fn depth(self, depth: u16) -> Self {
        Self { depth, ..self }
    }

    /// The same limits with another [`memory`](Self#structfield.memory).
    pub const fn memory(self, memory: MemoryLimit) -> Self {
        Self { memory, ..self }
    }
}
