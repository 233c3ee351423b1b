//! The limit on the size of a body.

/// Dubbo's default for the parameter `payload`, in bytes.
pub const DEFAULT_PAYLOAD: usize = 8 * 1024 * 1024;

/// The limit of a body's length: Dubbo's parameter `payload`, by default [`DEFAULT_PAYLOAD`], unlimited
/// when 0 or less (Dubbo Java `AbstractCodec.checkPayload`).
///
/// ```
/// # mod dubhe { pub mod connect { pub use dubhe_dubbo::PayloadLimit; } }
/// use dubhe::connect::PayloadLimit;
///
/// let limit = PayloadLimit::bytes(1 << 20);
/// assert!(limit.allows(1 << 20) && !limit.allows((1 << 20) + 1));
/// // Dubbo's parameter `payload`, where zero and less are no limit:
/// assert_eq!(PayloadLimit::parse("0"), Some(PayloadLimit::UNLIMITED));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PayloadLimit(usize);

impl PayloadLimit {
    /// No limit but what a header can say: 2 GiB - 1.
    pub const UNLIMITED: Self = Self(usize::MAX);

    /// A limit of `bytes`; 0 is none.
    pub fn bytes(bytes: usize) -> Self {
        if bytes == 0 { Self::UNLIMITED } else { Self(bytes) }
    }

    /// The limit that the text of the parameter says; `None` when it is no number.
    pub fn parse(text: &str) -> Option<Self> {
        let number: i64 = text.trim().parse().ok()?;
        Some(Self::bytes(usize::try_from(number).unwrap_or(0)))
    }

    /// Returns `true` if a body of this length may pass.
    pub fn allows(self, length: usize) -> bool {
        length <= self.0
    }

    /// The limit in bytes; `usize::MAX` is none.
    pub fn get(self) -> usize {
        self.0
    }
}

impl Default for PayloadLimit {
    fn default() -> Self {
        Self(DEFAULT_PAYLOAD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_and_less_are_unlimited() {
        assert_eq!(PayloadLimit::parse("0"), Some(PayloadLimit::UNLIMITED));
        assert_eq!(PayloadLimit::parse("-1"), Some(PayloadLimit::UNLIMITED));
        assert_eq!(PayloadLimit::parse("1024"), Some(PayloadLimit::bytes(1024)));
        assert_eq!(PayloadLimit::parse("8M"), None);
        assert!(PayloadLimit::bytes(3).allows(3) && !PayloadLimit::bytes(3).allows(4));
    }
}
