//! The window of a connection of a server: the bytes that its peer may send before they are taken.

use dubhe_net::memory::{ConnectionMemory, Reservation};

/// The window that every connection has, in bytes.
const FIRST: u32 = 256 * 1024;

/// The least budget of h2 for frames: a hundred small ones.
const LEAST_FRAME_BUDGET: usize = 25_600;

/// A window that doubles when the peer has used it up, as far as there is memory: handlers that take
/// nothing make a server hold no more than that.
pub(super) struct ConnectionWindow {
    size: u32,
    most: u32,
    /// The bytes that had been received when it became as large as it is.
    since: u64,
    /// The memory for what is above the first window.
    reserved: Reservation,
}

impl ConnectionWindow {
    /// A window of at most `most` bytes.
    pub(super) fn new(most: u32, memory: &ConnectionMemory) -> Self {
        Self { size: most.min(FIRST), most, since: 0, reserved: memory.reservation() }
    }

    /// The bytes that the frames of small messages may take beside their payload, 256 for each: what h2
    /// allows for a window of the full size.
    pub(super) fn frame_budget(&self) -> usize {
        usize::try_from(self.most / 2).unwrap_or(usize::MAX).max(LEAST_FRAME_BUDGET)
    }

    /// The present size.
    pub(super) fn size(&self) -> u32 {
        self.size
    }

    /// Returns the next size when a whole window has come since the last one, of `received` bytes in
    /// all: then most of it has been taken.
    #[inline]
    pub(super) fn grow(&mut self, received: impl Fn() -> u64) -> Option<u32> {
        if self.size >= self.most {
            return None;
        }
        let received = received();
        if received.saturating_sub(self.since) < u64::from(self.size) {
            return None;
        }
        self.since = received;
        let next = self.size.saturating_mul(2).min(self.most);
        let more = usize::try_from(next - self.size).unwrap_or(usize::MAX);
        self.reserved.grow(more).then(|| {
            self.size = next;
            next
        })
    }
}

#[cfg(test)]
mod tests {
    use dubhe_net::memory::{MemoryBudget, MemoryOptions};

    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn grow(window: &mut ConnectionWindow, received: u64) -> Option<u32> {
        window.grow(|| received)
    }

    fn window(budget: usize, most: u32) -> (ConnectionWindow, ConnectionMemory) {
        let budget = MemoryBudget::new(MemoryOptions::default().server(budget));
        let memory = budget.connection(std::net::SocketAddr::from(([127, 0, 0, 1], 1)).into());
        (ConnectionWindow::new(most, &memory), memory)
    }

    #[test]
    fn a_window_doubles_each_time_that_it_is_used_up() {
        let (mut window, _memory) = window(0, 1_000_000);
        assert_eq!(window.size(), FIRST);
        assert_eq!(grow(&mut window, u64::from(FIRST) - 1), None);
        assert_eq!(grow(&mut window, u64::from(FIRST)), Some(2 * FIRST));
        assert_eq!(grow(&mut window, u64::from(2 * FIRST)), None);
        assert_eq!(grow(&mut window, u64::from(3 * FIRST)), Some(1_000_000));
        assert_eq!(grow(&mut window, 100 * MIB), None);
    }

    #[test]
    fn a_small_window_stays_as_it_is() {
        let (mut window, _memory) = window(0, 65_535);
        assert_eq!((window.size(), grow(&mut window, MIB)), (65_535, None));
    }

    #[test]
    fn windows_of_all_connections_take_a_quarter_of_the_budget() {
        let budget = MemoryBudget::new(MemoryOptions::default().server(4 * 1024 * 1024));
        let at = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
        let memory = || budget.connection(at.into());
        let largest = |memory: &ConnectionMemory| {
            let mut window = ConnectionWindow::new(4 * 1024 * 1024, memory);
            for n in 1..10 {
                grow(&mut window, n * 8 * MIB);
            }
            window
        };
        let (one, other) = (memory(), memory());
        let first = largest(&one);
        // A quarter of 4 MiB above the first 256 KiB lets it double twice.
        assert_eq!(first.size(), 4 * FIRST);
        assert_eq!(largest(&other).size(), 2 * FIRST);
        assert_eq!((budget.used(), one.check(4 << 20).is_ok()), (0, true));
        drop(first);
        assert_eq!(largest(&other).size(), 4 * FIRST);
    }
}
