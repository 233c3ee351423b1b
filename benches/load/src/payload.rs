//! The data of calls.

use bytes::Bytes;

/// Data of one size, not the same twice in a row, without a copy.
#[derive(Clone, Debug)]
pub(crate) struct Data {
    bytes: Bytes,
    size: usize,
}

/// The number of different data before the first comes again.
const PERIOD: usize = 256;

impl Data {
    pub(crate) fn new(size: usize) -> Self {
        Self { bytes: (0..=u8::MAX).cycle().take(size + PERIOD).collect(), size }
    }

    /// The data of the message of this number.
    pub(crate) fn of(&self, number: u64) -> Bytes {
        let start = usize::try_from(number % PERIOD as u64).unwrap_or_default();
        self.bytes.slice(start..start + self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::Data;

    #[test]
    fn neighbours_differ() {
        let data = Data::new(3);
        assert_eq!(data.of(0), &[0, 1, 2][..]);
        assert_eq!(data.of(255), &[255, 0, 1][..]);
        assert_eq!(data.of(256), data.of(0));
    }
}
