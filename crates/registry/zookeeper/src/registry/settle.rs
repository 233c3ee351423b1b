//! Protection against an empty set.

use dubhe_core::registry::Registration;
use dubhe_core::time::{Duration, Instant};

/// How long an empty set must last before it is believed. Providers whose sessions all ended with
/// an outage of ZooKeeper are back by then, and callers of a service that was really switched off
/// lose nothing: they fail either way.
const HOLD: Duration = Duration::from_secs(30);

/// The providers of a service as far as they are believed.
#[derive(Debug, Default)]
pub(super) struct Settled {
    providers: Vec<Registration>,
    /// When the present empty set will be believed.
    empty_until: Option<Instant>,
}

impl Settled {
    /// Takes over what the registry says, or waits with it.
    pub(super) fn offer(&mut self, providers: Vec<Registration>, now: Instant) {
        if providers.is_empty() && !self.providers.is_empty() {
            self.empty_until.get_or_insert(now + HOLD);
        } else {
            *self = Self { providers, empty_until: None };
        }
    }

    /// Believes the empty set that has lasted.
    pub(super) fn pass(&mut self, now: Instant) {
        if self.empty_until.is_some_and(|until| until <= now) {
            *self = Self::default();
        }
    }

    /// The providers.
    pub(super) fn providers(&self) -> &[Registration] {
        &self.providers
    }

    /// When an empty set that is not believed yet will be; until then the providers are stale.
    pub(super) fn empty_until(&self) -> Option<Instant> {
        self.empty_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::names;

    fn providers(ports: &[u16]) -> Vec<Registration> {
        let one = |port| names::parse(&names::encode(&format!("dubbo://h:{port}/a.B"))).unwrap();
        ports.iter().map(one).collect()
    }

    #[test]
    fn an_empty_set_is_believed_after_it_has_lasted() {
        let (mut settled, start) = (Settled::default(), Instant::now());
        settled.offer(providers(&[]), start);
        assert_eq!((settled.providers(), settled.empty_until()), (&[][..], None));
        settled.offer(providers(&[1, 2]), start);
        settled.offer(providers(&[]), start);
        // Being told again does not begin anew.
        settled.offer(providers(&[]), start + HOLD / 2);
        assert_eq!(settled.empty_until(), Some(start + HOLD));
        settled.pass(start + HOLD.saturating_sub(Duration::from_nanos(1)));
        assert_eq!(settled.providers(), providers(&[1, 2]));
        settled.pass(start + HOLD);
        assert_eq!((settled.providers(), settled.empty_until()), (&[][..], None));
    }

    #[test]
    fn a_provider_that_comes_back_ends_the_wait() {
        let (mut settled, start) = (Settled::default(), Instant::now());
        settled.offer(providers(&[1, 2]), start);
        settled.offer(providers(&[]), start);
        settled.offer(providers(&[2]), start + HOLD / 2);
        settled.pass(start + HOLD);
        assert_eq!((settled.providers(), settled.empty_until()), (&providers(&[2])[..], None));
    }
}
