//! Registration of the services of a server, and its withdrawal.

mod policy;
mod process;
mod publication;
mod withdrawal;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use dubhe_core::endpoint::{Instance, Offer, ServiceParams};
use dubhe_core::random::RandomSource;
use dubhe_core::registry::{Registration, Registry};
use dubhe_core::status::Retry;
use dubhe_core::time::after;
use dubhe_core::{Code, Provider, ServiceKey, Status};
use dubhe_net::drain::{DrainGuard, Scope, Trigger};
use dubhe_net::io::source_address;
use dubhe_net::time;
use futures_util::FutureExt as _;
use futures_util::future::try_join_all;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::OwnedMutexGuard;

pub(crate) use policy::AnnouncePolicy;
use process::Process;
use publication::Publication;
use withdrawal::{Noted, Withdrawal};

use crate::definition;
use crate::exported::Exported;
use crate::services::Services;

/// The registrations of one server in all its registries. Dropped, it withdraws what is left, if
/// there is a runtime to do so.
pub(crate) struct Announcer {
    registries: Arc<[Arc<dyn Registry>]>,
    instance: Arc<Instance>,
    process: Arc<Process>,
    offers: Vec<Offer>,
    /// The longest time that a withdrawal may take.
    timeout: Duration,
    /// The jitter of the pauses before a registry that refused a delayed service is asked again.
    random: Arc<dyn RandomSource>,
    services: Mutex<Announcements>,
    /// The registrations that no registry has withdrawn yet, though it was or is asked to.
    left: Noted,
    /// The registrations that a registry has confirmed.
    announced: Noted,
    /// The withdrawals of single services that are under way, and some that have ended.
    under_way: Mutex<UnderWay>,
}

/// The lock of a service, which its withdrawal keeps to its end, even if nobody waits for it any
/// more: a late withdrawal would take away the next service of the same key.
pub(crate) type Alone = Option<OwnedMutexGuard<()>>;

/// Withdrawals of services, each with a guard until it ends.
type UnderWay = HashMap<Arc<ServiceKey>, Trigger>;

/// The registrations of services.
type Announcements = HashMap<Arc<ServiceKey>, Announcement>;

/// The registrations of one service.
#[derive(Default)]
struct Announcement {
    /// The registrations that were sent, to all registries or to some.
    sent: Arc<Mutex<Vec<Registration>>>,
    /// The tasks of registrations that are delayed, and of what is published beside.
    background: Scope,
}

impl std::fmt::Debug for Announcer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Announcer({} in {})", self.services.lock().len(), self.registries.len())
    }
}

impl Announcer {
    /// An announcer of the services of `instance`, which are reached by `offers`, and of the instance
    /// itself, which is reached by `http`.
    pub(crate) fn new(
        registries: Vec<Arc<dyn Registry>>,
        instance: Instance,
        offers: Vec<Offer>,
        http: Option<Offer>,
        timeout: Duration,
        random: Arc<dyn RandomSource>,
    ) -> Self {
        let (registries, instance): (Arc<[_]>, _) = (registries.into(), Arc::new(instance));
        Self {
            process: Arc::new(Process::new(registries.clone(), instance.clone(), http)),
            registries,
            instance,
            offers,
            timeout,
            random,
            services: Mutex::default(),
            left: Noted::default(),
            announced: Noted::default(),
            under_way: Mutex::default(),
        }
    }

    /// The instance that is announced.
    pub(crate) fn instance(&self) -> &Arc<Instance> {
        &self.instance
    }

    /// Announces `services`, to each registry all at once, so that one of application level sees the
    /// application as a whole. After the first failure all of them are withdrawn.
    pub(crate) async fn announce_all(&self, services: &Services) -> Result<(), Status> {
        if self.registries.iter().all(Registry::is_read_only) {
            for registry in &*self.registries {
                tracing::warn!(
                    registry = registry.name(),
                    "no registry takes the services: this one is only for finding providers, or has \
                     register=false"
                );
            }
        }
        let begun: Vec<_> = services.exported().flat_map(|one| self.begin(one)).collect();
        if let Err((_, status)) = register_all(&self.registries, &begun, &self.announced).await {
            self.withdraw_all().await;
            return Err(cannot_announce(status));
        }
        services.exported().for_each(|exported| self.publish(exported));
        // Callers over HTTP come once everything else is there.
        if let Err(status) = self.process.register().await {
            self.withdraw_all().await;
            return Err(status.context("cannot announce the application"));
        }
        Ok(())
    }

    /// Returns `true` if registries know of the service, or will.
    pub(crate) fn announces(&self, exported: &Exported) -> bool {
        let registered = exported.announce != AnnouncePolicy::Never && !exported.built_in;
        registered && !self.registries.is_empty()
    }

    /// Announces a service under every protocol that carries it, and withdraws it on a failure. A
    /// service with a delay is announced in the background.
    pub(crate) async fn announce(&self, exported: &Exported, alone: Alone) -> Result<(), Status> {
        let begun = self.begin(exported);
        if let Err((_, status)) = register_all(&self.registries, &begun, &self.announced).await {
            // What is left is tried again when the server stops.
            let _ = self.withdraw(&exported.key, alone).await;
            return Err(cannot_announce(status));
        }
        self.publish(exported);
        Ok(())
    }

    /// Begins the announcement of a service: returns the registrations to send now, of which a
    /// withdrawal knows already. Those of a service with a delay are sent in the background instead.
    fn begin(&self, exported: &Exported) -> Vec<Sending> {
        if !self.announces(exported) {
            return Vec::new();
        }
        let offers = self.offers.iter().filter(|offer| exported.is_announced(&offer.protocol));
        let instance = self.instance_of(&exported.params);
        let registrations = offers.map(|offer| Registration {
            service: (*exported.key).clone(),
            instance: instance.clone(),
            offer: offer.clone(),
            params: exported.params.clone(),
        });
        let announcement = Announcement::default();
        let sent = announcement.sent.clone();
        let mut sending: Vec<_> = registrations.map(|one| (sent.clone(), one)).collect();
        if let AnnouncePolicy::After(delay) = exported.announce {
            let sending = std::mem::take(&mut sending);
            self.announce_later(&announcement, delay, sending, self.publication(exported));
        }
        self.services.lock().insert(exported.key.clone(), announcement);
        sending
    }

    /// Announces a service after its delay, and again for as long as a registry refuses: no caller
    /// is left to report the error to.
    fn announce_later(
        &self,
        announcement: &Announcement,
        delay: Duration,
        sending: Vec<Sending>,
        publication: Publication,
    ) {
        let (registries, random) = (self.registries.clone(), self.random.clone());
        let announced = self.announced.clone();
        let start = after(time::now(), delay);
        announcement.background.spawn(async move {
            time::sleep_until(start).await;
            let mut failures: u32 = 0;
            while let Err((refused, error)) = register_all(&registries, &sending, &announced).await
            {
                failures = failures.saturating_add(1);
                let backoff = catch_unwind(AssertUnwindSafe(|| refused.backoff()));
                let pause = backoff.unwrap_or_default().pause(failures, &*random);
                let name = catch_unwind(AssertUnwindSafe(|| refused.name()));
                let (service, registry) = (&publication.service, name.unwrap_or_default());
                tracing::warn!(
                    %service, registry, %error, ?pause,
                    "cannot announce a delayed service; trying again"
                );
                time::sleep_until(after(time::now(), pause)).await;
            }
            publication.publish().await;
        });
    }

    /// Publishes the definition of a service that is announced, in the background.
    fn publish(&self, exported: &Exported) {
        if exported.announce == AnnouncePolicy::AtOnce
            && let Some(announcement) = self.services.lock().get(&exported.key)
        {
            announcement.background.spawn(self.publication(exported).publish());
        }
    }

    fn publication(&self, exported: &Exported) -> Publication {
        Publication {
            registries: self.registries.clone(),
            service: exported.key.clone(),
            application: self.instance.application.clone(),
            definition: definition::of(
                &*exported.service,
                &exported.key,
                &exported.params,
                &self.instance,
            )
            .into(),
        }
    }

    /// The instance, with the facts that the parameters of a service tell of it.
    fn instance_of(&self, params: &ServiceParams) -> Arc<Instance> {
        match params.zone() {
            None => self.instance.clone(),
            zone => Arc::new(Instance { zone, ..(*self.instance).clone() }),
        }
    }

    /// Withdraws a service, and what is left of earlier ones of its key, in a task that goes on when
    /// nobody waits for it any more. A registration that a registry does not remove in time is kept
    /// for the next withdrawal of this key and for [`Announcer::withdraw_all`].
    ///
    /// # Errors
    /// When a registry did not withdraw it.
    pub(crate) async fn withdraw(&self, key: &ServiceKey, alone: Alone) -> Result<(), Status> {
        let announcement = self.services.lock().remove_entry(key);
        if announcement.is_none() && self.left.of(key).is_empty() {
            return Ok(());
        }
        let (key, announcement) =
            announcement.unwrap_or_else(|| (Arc::new(key.clone()), Announcement::default()));
        let (left, guard) = (self.left.clone(), self.begin_withdrawal(key.clone()));
        let withdrawal = self.withdrawal();
        let withdrawal = tokio::spawn(async move {
            withdrawal.one(key.clone(), announcement).await;
            let mut numbers: Vec<_> = left.of(&key).iter().map(|(number, _)| number + 1).collect();
            numbers.sort_unstable();
            numbers.dedup();
            drop((guard, alone));
            (key, numbers)
        });
        let text = match withdrawal.await {
            Ok((_, numbers)) if numbers.is_empty() => return Ok(()),
            Ok((key, numbers)) => format!(
                "service {key} is not withdrawn from registry {numbers:?} of {} (in the order of \
                 the builder); the log says why, and the stop of the server tries again",
                self.registries.len()
            ),
            Err(error) => format!("the withdrawal from registries failed: {error}"),
        };
        Err(Status::new(Code::Unavailable, text).with_retry(Retry::Never))
    }

    /// Withdraws all services, waits for the withdrawals that are under way, and tries again what
    /// they left; in a task, which goes on when nobody waits for it any more. Returns `true` if a registry knew
    /// of any.
    pub(crate) async fn withdraw_all(&self) -> bool {
        let all = std::mem::take(&mut *self.services.lock());
        let under_way = std::mem::take(&mut *self.under_way.lock());
        if self.has_nothing_to_withdraw(&all, &under_way) {
            return false;
        }
        let withdrawal = self.withdrawal().all(all, under_way);
        if let Err(error) = tokio::spawn(withdrawal).await {
            tracing::error!(%error, "the withdrawal from registries failed");
        }
        true
    }

    /// Notes the withdrawal of a service that begins, until the guard is dropped.
    fn begin_withdrawal(&self, key: Arc<ServiceKey>) -> DrainGuard {
        let trigger = Trigger::new();
        let guard = trigger.shutdown().guard();
        let mut under_way = self.under_way.lock();
        under_way.retain(|_, trigger| trigger.live() > 0);
        under_way.insert(key, trigger);
        guard
    }

    fn withdrawal(&self) -> Withdrawal {
        Withdrawal {
            registries: self.registries.clone(),
            process: self.process.clone(),
            left: self.left.clone(),
            announced: self.announced.clone(),
            timeout: self.timeout,
        }
    }

    fn has_nothing_to_withdraw(&self, services: &Announcements, under_way: &UnderWay) -> bool {
        let ended = under_way.values().all(|trigger| trigger.live() == 0);
        services.is_empty() && self.left.is_empty() && ended && !self.process.is_registered()
    }
}

impl Drop for Announcer {
    fn drop(&mut self) {
        let all = std::mem::take(self.services.get_mut());
        let under_way = std::mem::take(self.under_way.get_mut());
        if self.has_nothing_to_withdraw(&all, &under_way) {
            return;
        }
        match Handle::try_current() {
            Ok(runtime) => {
                drop(runtime.spawn(self.withdrawal().all(all, under_way)));
            }
            Err(_) => {
                tracing::warn!("no runtime to withdraw registrations; they are left to registries");
            }
        }
    }
}

/// A registration to send, and where it is noted.
type Sending = (Arc<Mutex<Vec<Registration>>>, Registration);

/// Registers all of `sending` at once in one registry after the other. They are noted as sent first,
/// since a registry may have received one that failed. An error comes with the registry that refused.
async fn register_all<'a>(
    registries: &'a [Arc<dyn Registry>],
    sending: &[Sending],
    announced: &Noted,
) -> Result<(), (&'a dyn Registry, Status)> {
    for (sent, registration) in sending {
        let mut sent = sent.lock();
        if !sent.contains(registration) {
            sent.push(registration.clone());
        }
    }
    for (number, registry) in registries.iter().enumerate() {
        let all = sending.iter().map(async |(_, registration)| {
            register(&**registry, registration).await?;
            announced.add(number, registration);
            Ok(())
        });
        try_join_all(all).await.map_err(|status| (&**registry, status))?;
    }
    Ok(())
}

/// Registers in one registry.
async fn register(registry: &dyn Registry, registration: &Registration) -> Result<(), Status> {
    let register = async {
        if registry.is_read_only() {
            return Ok(());
        }
        registry.register(registration.clone()).await?;
        let (service, provider) = (&registration.service, provider(registration));
        tracing::info!(%service, %provider, registry = registry.name(), "service announced");
        Ok(())
    };
    AssertUnwindSafe(register).catch_unwind().await.unwrap_or_else(|_| {
        let text = "a registry panicked; the log says where";
        Err(Status::new(Code::Internal, text))
    })
}

fn cannot_announce(status: Status) -> Status {
    status.context("cannot announce the services")
}

/// The provider of a registration, which prints as its URL.
fn provider(registration: &Registration) -> Provider {
    let Registration { instance, offer, params, .. } = registration;
    Provider::new(instance.clone(), offer.clone(), params.clone())
}

/// The variable in which Dubbo Java and dubbo-go look for the address to announce.
const DUBBO_IP_TO_REGISTRY: &str = "DUBBO_IP_TO_REGISTRY";

/// The host to announce for a server that listens on `bound`: `configured`, else
/// `DUBBO_IP_TO_REGISTRY`, else the bound address or, for an unspecified one, the source address
/// of packets to other hosts.
pub(crate) fn host(configured: Option<&str>, bound: Option<SocketAddr>) -> Option<String> {
    if let Some(host) = configured {
        return Some(host.to_owned());
    }
    if let Ok(host) = std::env::var(DUBBO_IP_TO_REGISTRY)
        && !host.is_empty()
    {
        return Some(host);
    }
    let ip = bound?.ip();
    Some(if ip.is_unspecified() { source_address(ip) } else { ip }.to_string())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn a_configured_or_bound_host_is_announced_as_it_is() {
        let bound: SocketAddr = "10.1.2.3:20880".parse().unwrap();
        assert_eq!(host(Some("shop.example"), Some(bound)).unwrap(), "shop.example");
        assert_eq!(host(None, Some(bound)).unwrap(), "10.1.2.3");
        assert_eq!(host(None, None), None);
    }

    #[test]
    fn all_addresses_are_never_announced() {
        let ip: IpAddr = host(None, "0.0.0.0:1".parse().ok()).unwrap().parse().unwrap();
        assert!(!ip.is_unspecified());
    }
}
