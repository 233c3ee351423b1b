//! Protection against an empty set.

use dubhe_core::registry::Registration;
use dubhe_core::time::{Duration, Instant};

/// The time for which an empty set must last before it is believed. Providers whose sessions all
/// ended with an outage of ZooKeeper are back by then, and callers of a service that was really
/// switched off lose nothing: they fail either way.
const EMPTY_HOLD: Duration = Duration::from_secs(30);

/// The providers of a service as far as they are believed.
#[derive(Debug, Default)]
pub(super) struct EmptyProtection {
    providers: Vec<Registration>,
    /// The moment at which the present empty set will be believed.
    empty_until: Option<Instant>,
}

impl EmptyProtection {
    /// Takes over what the registry says, or waits with it.
    pub(super) fn update(&mut self, providers: Vec<Registration>, now: Instant) {
        if providers.is_empty() && !self.providers.is_empty() {
            self.empty_until.get_or_insert(now + EMPTY_HOLD);
        } else {
            *self = Self { providers, empty_until: None };
        }
    }

    /// Believes the empty set that has lasted.
    pub(super) fn expire(&mut self, now: Instant) {
        if self.empty_until.is_some_and(|until| until <= now) {
            *self = Self::default();
        }
    }

    /// The providers.
    pub(super) fn providers(&self) -> &[Registration] {
        &self.providers
    }

    /// The moment at which an empty set will be believed that is not yet; until then the providers
    /// are stale.
    pub(super) fn empty_until(&self) -> Option<Instant> {
        self.empty_until
    }
}

#[cfg(test)]
mod tests {
    use dubhe_registry::names;

    use super::*;

    fn providers(ports: &[u16]) -> Vec<Registration> {
        let one = |port| names::parse(&names::encode(&format!("dubbo://h:{port}/a.B"))).unwrap();
        ports.iter().map(one).collect()
    }

    #[test]
    fn an_empty_set_is_believed_after_it_has_lasted() {
        let (mut protection, start) = (EmptyProtection::default(), Instant::now());
        protection.update(providers(&[]), start);
        assert_eq!((protection.providers(), protection.empty_until()), (&[][..], None));
        protection.update(providers(&[1, 2]), start);
        protection.update(providers(&[]), start);
        // Being told again does not begin anew.
        protection.update(providers(&[]), start + EMPTY_HOLD / 2);
        assert_eq!(protection.empty_until(), Some(start + EMPTY_HOLD));
        protection.expire(start + EMPTY_HOLD.saturating_sub(Duration::from_nanos(1)));
        assert_eq!(protection.providers(), providers(&[1, 2]));
        protection.expire(start + EMPTY_HOLD);
        assert_eq!((protection.providers(), protection.empty_until()), (&[][..], None));
    }

    #[test]
    fn a_provider_that_comes_back_ends_the_wait() {
        let (mut protection, start) = (EmptyProtection::default(), Instant::now());
        protection.update(providers(&[1, 2]), start);
        protection.update(providers(&[]), start);
        protection.update(providers(&[2]), start + EMPTY_HOLD / 2);
        protection.expire(start + EMPTY_HOLD);
        assert_eq!(
            (protection.providers(), protection.empty_until()),
            (&providers(&[2])[..], None)
        );
    }
}
