//! A list of providers that never changes.

use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::endpoint::{Instance, Offer, ServiceParams};
use dubhe_core::registry::{Registering, Registration, Registry, Snapshots, fixed};
use dubhe_core::url::{Url, redacted};
use dubhe_core::{Code, ServiceKey, Status};

/// The addresses of a URL `static://host:port[,host:port…][?parameters]` as the providers of whatever
/// is asked for. Nothing is written.
///
/// The parameter `protocol` is the protocol of all by Dubbo's name, `tri` by default; the other
/// parameters are theirs, such as `weight=50`. Host names are resolved with each connection.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod registry { pub use dubhe_registry::Static; } }
/// use dubhe::Status;
/// use dubhe::registry::Static;
///
/// let two = Static::parse("static://10.0.0.1:20880,10.0.0.2:20880?protocol=dubbo")?;
/// assert_eq!(two.providers().len(), 2);
/// assert!(Static::parse("static://10.0.0.1").is_err());
/// # Ok::<(), Status>(())
/// ```
#[derive(Clone, Debug)]
pub struct Static {
    name: String,
    /// Addresses of no service yet.
    providers: Arc<Vec<(Arc<Instance>, Offer)>>,
    params: Arc<ServiceParams>,
}

impl Static {
    /// Reads the URL of a registry.
    ///
    /// # Errors
    /// When it has no address, or one that is not `host:port`.
    pub fn parse(url: &str) -> Result<Self, Status> {
        let wrong = |what: String| {
            let what = format!("wrong registry URL: {what}; write static://HOST:PORT,HOST:PORT");
            Status::new(Code::InvalidArgument, what)
        };
        let rest = url.strip_prefix("static://").unwrap_or(url);
        let (addresses, query) = rest.split_once('?').unwrap_or((rest, ""));
        let addresses = addresses.trim_end_matches('/');
        let mut params = Url::parse(&format!("host?{query}"), "")
            .map_err(|error| wrong(error.to_string()))?
            .params;
        let protocol = params.remove("protocol").unwrap_or(ByteString::from_static("tri"));
        let provider = |address: &str| {
            let url = Url::parse(address.trim(), "").map_err(|error| wrong(error.to_string()))?;
            if url.port == 0 || !url.path.is_empty() {
                return Err(wrong(format!("{:?} is not HOST:PORT", redacted(address))));
            }
            let instance = Instance { host: url.host, ..Instance::default() };
            Ok((Arc::new(instance), Offer { protocol: protocol.clone(), port: url.port }))
        };
        let mut providers = addresses.split(',').map(provider).collect::<Result<Vec<_>, _>>()?;
        let names = addresses.split(',').map(redacted).collect::<Vec<_>>().join(",");
        let mut seen = std::collections::HashSet::new();
        providers.retain(|(instance, offer)| seen.insert((instance.host.clone(), offer.port)));
        Ok(Self {
            name: format!("static://{names}"),
            providers: Arc::new(providers),
            params: Arc::new(ServiceParams::new(&params)),
        })
    }

    /// The addresses, each once, in the order of the URL.
    pub fn providers(&self) -> &[(Arc<Instance>, Offer)] {
        &self.providers
    }
}

impl Registry for Static {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_read_only(&self) -> bool {
        true
    }

    fn register(&self, registration: Registration) -> Registering<'_, ()> {
        let service = registration.service;
        let what = format!("cannot register {service}: {} is a list that never changes", self.name);
        Box::pin(std::future::ready(Err(Status::new(Code::Unimplemented, what))))
    }

    fn unregister(&self, _: &Registration) -> Registering<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
        let service = service.one_taken();
        let providers = self.providers.iter().map(|(instance, offer)| Registration {
            service: service.clone(),
            instance: instance.clone(),
            offer: offer.clone(),
            params: self.params.clone(),
        });
        Box::pin(std::future::ready(Ok(fixed(providers.collect()))))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn addresses_are_providers_of_what_is_asked() {
        let url = "static://b:2,a:1,b:2,[::1]:3/?protocol=dubbo&weight=50";
        let list = Static::parse(url).unwrap();
        assert_eq!(list.name(), "static://b:2,a:1,b:2,[::1]:3");
        let service = ServiceKey::new("a.B", "g,h", "*");
        let snapshot = list.subscribe(&service).await.unwrap().next().await.unwrap();
        let all: Vec<_> = snapshot
            .providers
            .iter()
            .map(|of| {
                (&*of.instance.host, of.offer.port, &*of.offer.protocol, of.params.get("weight"))
            })
            .collect();
        let expected = [("b", 2), ("a", 1), ("::1", 3)];
        assert_eq!(all, expected.map(|(host, port)| (host, port, "dubbo", Some("50"))));
        assert!(service.takes(&snapshot.providers[0].service));
        let refused = list.register(snapshot.providers[0].clone()).await.unwrap_err();
        assert!(refused.message().contains("never changes"), "{refused}");
        assert_eq!(&*Static::parse("static://a:1").unwrap().providers()[0].1.protocol, "tri");
    }

    #[test]
    fn what_cannot_work_is_said() {
        for url in [
            "static://",
            "static://a",
            "static://a:1,",
            "static://a:1,b",
            "static://a:x",
            "static://a:1/b",
        ] {
            let error = Static::parse(url).unwrap_err();
            assert!(error.message().contains("static://HOST:PORT"), "{url}: {error}");
        }
    }
}
