//! Withdrawal from registries.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use dubhe_core::ServiceKey;
use dubhe_core::registry::{Registration, Registry};
use futures_util::FutureExt as _;
use futures_util::future::{join_all, join4};
use parking_lot::Mutex;

use super::process::Process;
use super::{Announcement, Announcements, UnderWay, provider};

/// Registrations, each with the number of its registry. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Noted(Arc<Mutex<Vec<(usize, Registration)>>>);

impl Noted {
    pub(super) fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }

    /// Returns what is left of a service.
    pub(super) fn of(&self, key: &ServiceKey) -> Vec<(usize, Registration)> {
        self.filtered(|service| service == key)
    }

    fn filtered(&self, wanted: impl Fn(&ServiceKey) -> bool) -> Vec<(usize, Registration)> {
        self.0.lock().iter().filter(|(_, one)| wanted(&one.service)).cloned().collect()
    }

    /// Adds what is not there already, so that a service which comes and goes takes no more.
    pub(super) fn add(&self, number: usize, registration: &Registration) {
        let mut left = self.0.lock();
        if !left.iter().any(|(n, one)| (*n, one) == (number, registration)) {
            left.push((number, registration.clone()));
        }
    }

    /// Returns `true` if it was there.
    fn take_off(&self, number: usize, registration: &Registration) -> bool {
        let mut noted = self.0.lock();
        let before = noted.len();
        noted.retain(|(n, one)| (*n, one) != (number, registration));
        noted.len() < before
    }
}

/// A withdrawal from all registries at once. A failure stays in `left`.
pub(super) struct Withdrawal {
    pub(super) registries: Arc<[Arc<dyn Registry>]>,
    pub(super) process: Arc<Process>,
    /// The registrations to withdraw. One is added before its registry is asked, and taken off when the
    /// registry has removed it.
    pub(super) left: Noted,
    /// The registrations that a registry has confirmed; it may have others too.
    pub(super) announced: Noted,
    /// The longest time that it may take.
    pub(super) timeout: Duration,
}

impl Withdrawal {
    /// Withdraws a service, and what is left of earlier ones of its key.
    pub(super) async fn one(self, key: Arc<ServiceKey>, announcement: Announcement) {
        self.in_time(self.service(&key, announcement)).await;
    }

    /// Withdraws the process, `services` and what is left of others, of those whose withdrawal is `under_way` when
    /// that has ended.
    pub(super) async fn all(self, services: Announcements, mut under_way: UnderWay) {
        under_way.retain(|key, _| !services.contains_key(key));
        let idle = |key: &ServiceKey| !services.contains_key(key) && !under_way.contains_key(key);
        let idle = self.registrations(self.left.filtered(idle));
        let first = services.into_iter().map(async |(key, one)| self.service(&key, one).await);
        let again = under_way.iter().map(async |(key, withdrawal)| {
            withdrawal.emptied().await;
            self.registrations(self.left.of(key)).await;
        });
        let process = self.process.unregister();
        self.in_time(join4(process, idle, join_all(first), join_all(again))).await;
    }

    async fn in_time<T>(&self, withdrawal: impl Future<Output = T>) {
        let timeout = self.timeout;
        if tokio::time::timeout(timeout, withdrawal).await.is_err() {
            tracing::warn!(
                ?timeout,
                "a registry did not withdraw all registrations within withdraw_timeout; going on \
                 without it"
            );
        }
    }

    async fn service(&self, key: &ServiceKey, announcement: Announcement) {
        // Without these tasks, no further registration is sent.
        announcement.background.join().await;
        let sent = std::mem::take(&mut *announcement.sent.lock());
        for number in 0..self.registries.len() {
            for one in &sent {
                self.left.add(number, one);
            }
        }
        self.registrations(self.left.of(key)).await;
    }

    async fn registrations(&self, registrations: Vec<(usize, Registration)>) {
        join_all(registrations.iter().map(|(number, one)| self.registration(*number, one))).await;
    }

    /// Withdraws one registration from one registry, whose failure is no one else's.
    async fn registration(&self, number: usize, registration: &Registration) {
        let Some(registry) = self.registries.get(number) else { return };
        let (service, provider) = (&registration.service, provider(registration));
        let unregister = async {
            if registry.is_read_only() {
                self.announced.take_off(number, registration);
                return true;
            }
            let done = registry.unregister(registration).await;
            let registry = registry.name();
            match &done {
                Ok(()) if self.announced.take_off(number, registration) => {
                    tracing::info!(%service, %provider, registry, "service withdrawn");
                }
                Ok(()) => tracing::debug!(
                    %service, %provider, registry, "withdrew a service that was not announced"
                ),
                Err(error) => tracing::warn!(
                    %service, %provider, registry, %error, "cannot withdraw a service"
                ),
            }
            done.is_ok()
        };
        match AssertUnwindSafe(unregister).catch_unwind().await {
            Ok(true) => {
                self.left.take_off(number, registration);
            }
            Ok(false) => {}
            Err(_) => tracing::error!(%service, %provider, "a registry panicked at a withdrawal"),
        }
    }
}
