//! The fields of a message that came, by their indices.

/// The fields that came.
#[derive(Default)]
pub(crate) struct Seen {
    low: u128,
    high: Vec<u32>,
}

impl Seen {
    /// Adds a field; `false` if it is there.
    pub(crate) fn insert(&mut self, index: u32) -> bool {
        match 1_u128.checked_shl(index) {
            Some(bit) => {
                let new = self.low & bit == 0;
                self.low |= bit;
                new
            }
            None if self.high.contains(&index) => false,
            None => {
                self.high.push(index);
                true
            }
        }
    }

    pub(crate) fn contains(&self, index: u32) -> bool {
        match 1_u128.checked_shl(index) {
            Some(bit) => self.low & bit != 0,
            None => self.high.contains(&index),
        }
    }
}
