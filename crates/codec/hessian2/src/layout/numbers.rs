//! Numbers of one message by those of another.

/// The number of an entry in what is written, by its number in what is read.
#[derive(Default)]
pub(super) struct Numbers {
    entries: Vec<Entry>,
    round: u32,
}

/// A number that holds in one round.
#[derive(Clone, Copy, Default)]
struct Entry {
    round: u32,
    number: u32,
}

impl Numbers {
    /// Forgets all, in no time. Must be called before the first use.
    pub(super) fn begin(&mut self) {
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.entries.clear();
            self.round = 1;
        }
    }

    pub(super) fn get(&self, read: usize) -> Option<u32> {
        let entry = self.entries.get(read)?;
        (entry.round == self.round).then_some(entry.number)
    }

    /// `read` is a number that was read, so the memory is bounded as the reader's tables are.
    pub(super) fn set(&mut self, read: usize, number: u32) {
        if read >= self.entries.len() {
            self.entries.resize(read + 1, Entry::default());
        }
        if let Some(entry) = self.entries.get_mut(read) {
            *entry = Entry { round: self.round, number };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_hold_until_the_next_round() {
        let mut numbers = Numbers::default();
        numbers.begin();
        numbers.set(3, 7);
        assert_eq!([0, 3, 4].map(|n| numbers.get(n)), [None, Some(7), None]);
        numbers.begin();
        assert_eq!(numbers.get(3), None);
        numbers.round = u32::MAX;
        numbers.set(3, 8);
        numbers.begin();
        assert_eq!(numbers.get(3), None);
    }
}
