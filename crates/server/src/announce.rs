//! Telling registries what is served, and taking it back.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::Status;
use dubhe_core::endpoint::{Instance, Offer, Params};
use dubhe_core::registry::{Registration, Registry};

use crate::services::Services;

/// The registrations of one server in all its registries.
pub(crate) struct Announced {
    registries: Vec<Arc<dyn Registry>>,
    registrations: Vec<Registration>,
}

impl std::fmt::Debug for Announced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Announced({} in {})", self.registrations.len(), self.registries.len())
    }
}

impl Announced {
    /// Announces every service of `services` under every protocol that carries it, in order; the first failure
    /// takes back what was announced.
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
            params: Params::new(),
        });
        let registrations = services
            .exported()
            .flat_map(|exported| {
                let offers = offers.iter().filter(|offer| exported.announced(&offer.protocol));
                offers.map(|offer| Registration {
                    service: (*exported.key).clone(),
                    instance: instance.clone(),
                    offer: offer.clone(),
                    params: exported.params.clone(),
                })
            })
            .collect();
        let announced = Self { registries, registrations };
        match announced.register().await {
            Ok(()) => Ok(announced),
            Err(status) => {
                announced.withdraw().await;
                Err(status.context("cannot announce the services"))
            }
        }
    }

    async fn register(&self) -> Result<(), Status> {
        for registry in &self.registries {
            for registration in &self.registrations {
                registry.register(registration.clone()).await?;
            }
        }
        Ok(())
    }

    /// Takes everything back. What cannot be taken back is told of and left to the registry.
    pub(crate) async fn withdraw(&self) {
        for registry in &self.registries {
            for registration in &self.registrations {
                if let Err(error) = registry.unregister(registration).await {
                    let service = &registration.service;
                    tracing::warn!(%service, %error, "could not take back an announcement");
                }
            }
        }
    }
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
