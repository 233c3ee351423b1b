//! Telling registries what is served, and taking it back.

mod when;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use dubhe_core::endpoint::{Instance, Offer};
use dubhe_core::registry::{Registration, Registry};
use dubhe_core::{ServiceKey, Status};
use dubhe_net::drain::Scope;
use dubhe_net::time;
use parking_lot::Mutex;

pub(crate) use when::When;

use crate::exported::Exported;
use crate::services::Services;

/// The pause before a registry that refused a delayed service is told again.
const PAUSE: Duration = Duration::from_secs(3);

/// The registrations of one server in all its registries.
pub(crate) struct Announced {
    registries: Arc<[Arc<dyn Registry>]>,
    instance: Arc<Instance>,
    offers: Vec<Offer>,
    services: Mutex<HashMap<Arc<ServiceKey>, Announcement>>,
}

/// The registrations of one service.
#[derive(Default)]
struct Announcement {
    /// What registries were told, in whole or in part.
    told: Arc<Mutex<Vec<Registration>>>,
    /// Those that wait for their time.
    delayed: Scope,
}

impl std::fmt::Debug for Announced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Announced({} in {})", self.services.lock().len(), self.registries.len())
    }
}

impl Announced {
    /// Nothing announced yet. `host` and `offers` say how services are reached.
    pub(crate) fn new(
        registries: Vec<Arc<dyn Registry>>,
        application: ByteString,
        host: &str,
        offers: Vec<Offer>,
    ) -> Self {
        let instance = Instance { host: host.into(), application, ..Instance::default() };
        Self {
            registries: registries.into(),
            instance: Arc::new(instance),
            offers,
            services: Mutex::default(),
        }
    }

    /// Announces `services` in order; the first failure takes back what was announced.
    pub(crate) async fn announce_all(&self, services: &Services) -> Result<(), Status> {
        for exported in services.exported() {
            if let Err(status) = self.announce(exported).await {
                self.withdraw_all().await;
                return Err(status);
            }
        }
        Ok(())
    }

    /// Announces a service under every protocol that carries it; a failure takes that back. A
    /// service with a delay is announced in the background.
    pub(crate) async fn announce(&self, exported: &Exported) -> Result<(), Status> {
        if exported.when == When::Never || self.registries.is_empty() {
            return Ok(());
        }
        let offers = self.offers.iter().filter(|offer| exported.announced(&offer.protocol));
        let registrations = offers.map(|offer| Registration {
            service: (*exported.key).clone(),
            instance: self.instance.clone(),
            offer: offer.clone(),
            params: exported.params.clone(),
        });
        let announcement = Announcement::default();
        let told = announcement.told.clone();
        if let When::After(delay) = exported.when {
            registrations.for_each(|one| announcement.later(self.registries.clone(), delay, one));
            self.services.lock().insert(exported.key.clone(), announcement);
            return Ok(());
        }
        // Known before it is told of, so that a withdrawal misses nothing.
        self.services.lock().insert(exported.key.clone(), announcement);
        for registration in registrations {
            if let Err(status) = tell(&self.registries, &told, registration).await {
                self.withdraw(&exported.key).await;
                return Err(status.context("cannot announce the services"));
            }
        }
        Ok(())
    }

    /// Takes a service back. What cannot be taken back is logged and left to the registry.
    pub(crate) async fn withdraw(&self, key: &ServiceKey) {
        let announcement = self.services.lock().remove(key);
        if let Some(announcement) = announcement {
            announcement.withdraw(&self.registries).await;
        }
    }

    /// Takes everything back.
    pub(crate) async fn withdraw_all(&self) {
        let all = std::mem::take(&mut *self.services.lock());
        for announcement in all.into_values() {
            announcement.withdraw(&self.registries).await;
        }
    }
}

impl Announcement {
    /// Announces a service when its delay is over, again and again while a registry refuses:
    /// nobody waits who could be told.
    fn later(
        &self,
        registries: Arc<[Arc<dyn Registry>]>,
        delay: Duration,
        registration: Registration,
    ) {
        let told = self.told.clone();
        let start = time::now() + delay;
        self.delayed.spawn(async move {
            time::sleep_until(start).await;
            while let Err(error) = tell(&registries, &told, registration.clone()).await {
                let service = &registration.service;
                tracing::warn!(%service, %error, "cannot announce a delayed service; trying again");
                time::sleep_until(time::now() + PAUSE).await;
            }
        });
    }

    async fn withdraw(self, registries: &[Arc<dyn Registry>]) {
        // Nothing is announced any more once these are gone.
        self.delayed.join().await;
        let told = std::mem::take(&mut *self.told.lock());
        for registry in registries {
            for registration in &told {
                if let Err(error) = registry.unregister(registration).await {
                    let service = &registration.service;
                    tracing::warn!(%service, %error, "could not take back an announcement");
                }
            }
        }
    }
}

/// Tells all `registries`, and `told` of it first, since even a failure may have been heard.
async fn tell(
    registries: &[Arc<dyn Registry>],
    told: &Mutex<Vec<Registration>>,
    registration: Registration,
) -> Result<(), Status> {
    {
        let mut told = told.lock();
        if !told.contains(&registration) {
            told.push(registration.clone());
        }
    }
    for registry in registries {
        registry.register(registration.clone()).await?;
    }
    Ok(())
}

/// The variable in which Dubbo Java and dubbo-go look for the address to announce.
const DUBBO_IP_TO_REGISTRY: &str = "DUBBO_IP_TO_REGISTRY";

/// The host to announce for a server that listens on `bound`: `configured`, else
/// `DUBBO_IP_TO_REGISTRY`, else the bound address, else, when that is "all addresses", the one
/// that packets to other hosts leave from.
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
    Some(if ip.is_unspecified() { outward(ip) } else { ip }.to_string())
}

/// Asks the kernel for its choice of source address. Connecting a UDP socket sends nothing; the
/// target is of a range for documentation (RFC 5737, RFC 3849).
fn outward(any: IpAddr) -> IpAddr {
    let (from, to) = match any {
        IpAddr::V4(_) => ("0.0.0.0:0", "192.0.2.1:9"),
        IpAddr::V6(_) => ("[::]:0", "[2001:db8::1]:9"),
    };
    let found = UdpSocket::bind(from).and_then(|socket| {
        socket.connect(to)?;
        socket.local_addr()
    });
    found.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip())
}

#[cfg(test)]
mod tests {
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
