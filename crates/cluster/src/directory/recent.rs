//! The lists that a registry gave of late, and who left them.

use std::collections::VecDeque;

use dubhe_core::registry::{DiscoveryLevel, Registration};
use dubhe_core::time::{Instant, after};

use super::source::SHRUNK_HOLD;

/// The providers that are remembered after they left, the last ones: as many as are asked whether they live.
pub(super) const MAX_LEFT: usize = 32;

/// The lists of the last 30 s, as far as they decide whether the next one is too small.
#[derive(Default)]
pub(super) struct Recent {
    /// The sizes of lists with the moments at which others took their place: each is smaller than those before.
    sizes: VecDeque<(Instant, usize)>,
    /// The providers that left while few did, the last one at the end.
    left: VecDeque<Left>,
}

/// A provider that left without a word of its own.
pub(super) struct Left {
    pub(super) registration: Registration,
    /// The level at which its registry knew it.
    pub(super) level: Option<DiscoveryLevel>,
    pub(super) at: Instant,
}

impl Recent {
    /// Notes that a list of this size is over, and returns the largest of the last 30 s.
    pub(super) fn largest(&mut self, size: usize, now: Instant) -> usize {
        while self.sizes.front().is_some_and(|(over, _)| after(*over, SHRUNK_HOLD) <= now) {
            self.sizes.pop_front();
        }
        // Smaller ones that are over sooner decide nothing any more.
        while self.sizes.back().is_some_and(|(_, smaller)| *smaller <= size) {
            self.sizes.pop_back();
        }
        self.sizes.push_back((now, size));
        self.sizes.front().map_or(size, |(_, largest)| *largest)
    }

    /// Notes a provider that leaves.
    pub(super) fn leave(
        &mut self,
        registration: &Registration,
        level: Option<DiscoveryLevel>,
        at: Instant,
    ) {
        if self.left.len() == MAX_LEFT {
            self.left.pop_front();
        }
        self.left.push_back(Left { registration: registration.clone(), level, at });
    }

    /// Forgets those that left and of whom this is not so.
    pub(super) fn retain(&mut self, stays: impl Fn(&Registration) -> bool) {
        self.left.retain(|left| stays(&left.registration));
    }

    /// Returns `true` if somebody left.
    pub(super) fn has_left(&self) -> bool {
        !self.left.is_empty()
    }

    /// Takes those that left within the last 30 s.
    pub(super) fn take_left(&mut self, now: Instant) -> impl Iterator<Item = Left> + use<> {
        let all = std::mem::take(&mut self.left);
        all.into_iter().filter(move |left| now < after(left.at, SHRUNK_HOLD))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use dubhe_core::{Instance, Offer, ServiceKey};

    use super::*;

    fn provider(port: u16) -> Registration {
        Registration {
            service: ServiceKey::interface_only("a.B"),
            instance: Arc::new(Instance::default()),
            offer: Offer { protocol: "test".into(), port },
            params: Arc::default(),
        }
    }

    #[test]
    fn a_list_counts_for_30_s_after_it_is_over() {
        let (began, mut recent) = (dubhe_net::time::now(), Recent::default());
        let at = |seconds| began + Duration::from_secs(seconds);
        for (seconds, size, largest) in
            [(0, 10, 10), (1, 6, 10), (2, 4, 10), (29, 2, 10), (30, 1, 6), (31, 5, 5), (61, 0, 0)]
        {
            assert_eq!(recent.largest(size, at(seconds)), largest, "after {seconds} s");
        }
        for size in 0..100 {
            recent.largest(size, at(62));
        }
        assert_eq!(recent.sizes.len(), 1, "what decides nothing is forgotten");
    }

    #[test]
    fn the_last_of_those_that_left_are_known_for_30_s() {
        let (began, mut recent) = (dubhe_net::time::now(), Recent::default());
        let at = |seconds| began + Duration::from_secs(seconds);
        for port in 1..=40 {
            recent.leave(&provider(port), None, at(port.into()));
        }
        recent.retain(|left| left.offer.port != 20);
        assert!(recent.has_left());
        let left: Vec<_> =
            recent.take_left(at(42)).map(|left| left.registration.offer.port).collect();
        assert_eq!(left, (13..=19).chain(21..=40).collect::<Vec<_>>());
        assert!(!recent.has_left());
    }
}
