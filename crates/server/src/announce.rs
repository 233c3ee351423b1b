//! Telling registries what is served, and taking it back.

mod when;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use dubhe_core::Status;
use dubhe_core::endpoint::{Instance, Offer};
use dubhe_core::registry::{Registration, Registry};
use dubhe_net::drain::Scope;
use dubhe_net::time;
use parking_lot::Mutex;

use crate::services::Services;
use when::When;

/// How long a registry that refused a delayed service is left alone.
const PAUSE: Duration = Duration::from_secs(3);

/// The registrations of one server in all its registries.
pub(crate) struct Announced {
    registries: Arc<[Arc<dyn Registry>]>,
    /// What registries were told, in whole or in part.
    told: Arc<Mutex<Vec<Registration>>>,
    /// Those that wait for their time.
    delayed: Scope,
}

impl std::fmt::Debug for Announced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Announced({} in {})", self.told.lock().len(), self.registries.len())
    }
}

impl Announced {
    /// Announces every service of `services` under every protocol that carries it, in order; the
    /// first failure takes back what was announced. A service with a delay is announced in the
    /// background.
    pub(crate) async fn announce(
        registries: Vec<Arc<dyn Registry>>,
        services: &Services,
        application: &ByteString,
        host: &str,
        offers: &[Offer],
    ) -> Result<Self, Status> {
        let instance = Arc::new(Instance {
            host: host.into(),
            application: application.clone(),
            ..Instance::default()
        });
        let announced =
            Self { registries: registries.into(), told: Arc::default(), delayed: Scope::new() };
        let mut at_once = Vec::new();
        for exported in services.exported() {
            let offers = offers.iter().filter(|offer| exported.announced(&offer.protocol));
            let registrations = offers.map(|offer| Registration {
                service: (*exported.key).clone(),
                instance: instance.clone(),
                offer: offer.clone(),
                params: exported.params.clone(),
            });
            match When::of(exported)? {
                When::Never => {}
                When::AtOnce => at_once.extend(registrations),
                When::After(delay) => registrations.for_each(|one| announced.later(delay, one)),
            }
        }
        for registration in at_once {
            if let Err(status) = tell(&announced.registries, &announced.told, registration).await {
                announced.withdraw().await;
                return Err(status.context("cannot announce the services"));
            }
        }
        Ok(announced)
    }

    /// Announces a service when its delay is over, again and again while a registry refuses:
    /// nobody waits who could be told.
    fn later(&self, delay: Duration, registration: Registration) {
        let (registries, told) = (self.registries.clone(), self.told.clone());
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

    /// Takes everything back. What cannot be taken back is told of and left to the registry.
    pub(crate) async fn withdraw(self) {
        // Nothing is announced any more once these are gone.
        self.delayed.join().await;
        let told = std::mem::take(&mut *self.told.lock());
        for registry in &*self.registries {
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
    if registries.is_empty() {
        return Ok(());
    }
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
pub(crate) fn host(configured: Option<&str>, bound: SocketAddr) -> String {
    if let Some(host) = configured {
        return host.to_owned();
    }
    if let Ok(host) = std::env::var(DUBBO_IP_TO_REGISTRY)
        && !host.is_empty()
    {
        return host;
    }
    let ip = if bound.ip().is_unspecified() { outward(bound.ip()) } else { bound.ip() };
    ip.to_string()
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
        assert_eq!(host(Some("shop.example"), bound), "shop.example");
        assert_eq!(host(None, bound), "10.1.2.3");
    }

    #[test]
    fn all_addresses_are_never_announced() {
        let ip: IpAddr = host(None, "0.0.0.0:1".parse().unwrap()).parse().unwrap();
        assert!(!ip.is_unspecified());
    }
}
