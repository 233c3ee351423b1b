//! The providers that a target stands for.

use dubhe::registry::{Health, Registration, Registry as _, Snapshot};
use dubhe::{App, ClientBuilder, Code, Endpoint, ServiceKey, Status, Stub, Url, registry_at};
use futures_util::StreamExt as _;
use prost_reflect::ServiceDescriptor;

use super::explain::Error;
use super::reflection::Reflection;
use super::{CallArgs, PositionalArgs, Target};

/// The protocols that are spoken, most preferred first: without a description of its types, an
/// interface is best called over dubbo.
const PROTOCOLS: [&str; 3] = ["dubbo", "tri", "grpc"];

/// The providers that are called, all over one protocol.
#[derive(Debug)]
pub(super) struct Providers<'a> {
    pub(super) service: ServiceKey,
    pub(super) options: &'a CallArgs,
    app: App,
    endpoints: Vec<Endpoint>,
}

impl<'a> Providers<'a> {
    /// The providers of the service that `arguments` name.
    pub(super) async fn find(
        arguments: &PositionalArgs,
        options: &'a CallArgs,
    ) -> Result<Self, Error> {
        let service = arguments.service.clone().unwrap_or_default();
        let endpoints = match &arguments.target {
            Target::Provider(_) if options.protocol.is_some() => {
                let what = "--protocol is for registries; write it in front, as in tri://HOST:PORT";
                return Err(Error::Usage(what.into()));
            }
            Target::Provider(url) => {
                let url = Url::parse(url, "dubbo").map_err(|e| Error::Usage(e.to_string()))?;
                vec![url.endpoint()]
            }
            Target::Registry(url) => registered(url, &service, options).await?,
        };
        let app = App::builder("dubhe-cli").build()?;
        Ok(Self { service, options, app, endpoints })
    }

    /// The protocol of all of them.
    pub(super) fn protocol(&self) -> &str {
        self.endpoints.first().map_or("dubbo", |endpoint| &endpoint.offer().protocol)
    }

    /// A parameter of one of them.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.endpoints.iter().find_map(|endpoint| endpoint.param(name))
    }

    /// A client of `service` there.
    pub(super) fn client<T: Stub>(&self, service: ServiceKey) -> Result<T, Status> {
        let client = self.app.client::<T>().service(service);
        let client = self.endpoints.iter().cloned().fold(client, ClientBuilder::endpoint);
        // Whoever types a call wants it to run once.
        client.timeout(self.options.timeout()).retries(0).build()
    }

    /// The description of a protobuf service, where reflection has one; without one, a service over
    /// Triple is taken for a Java interface.
    pub(super) async fn schema(&self) -> Result<Option<ServiceDescriptor>, Status> {
        match self.protocol() {
            "dubbo" => Ok(None),
            protocol => match Reflection::of(self).service(self.service.interface()).await {
                Ok(service) => Ok(Some(service)),
                Err(status) if protocol == "tri" && status.code() == Code::Unimplemented => {
                    Ok(None)
                }
                Err(status) => Err(status),
            },
        }
    }
}

/// The providers of `service` in the registry at `url`.
async fn registered(
    url: &str,
    service: &ServiceKey,
    options: &CallArgs,
) -> Result<Vec<Endpoint>, Status> {
    let registry = registry_at(&leaving_no_trace(url), "dubhe-cli")?;
    let mut snapshots = registry.subscribe(service).await?;
    let fresh = async {
        loop {
            match snapshots.next().await {
                Some(snapshot) if snapshot.health != Health::Fresh => {}
                other => break other.unwrap_or_default(),
            }
        }
    };
    let answer = tokio::time::timeout(options.timeout(), fresh).await;
    let Snapshot { providers, .. } = answer.map_err(|_| {
        let text = format!("the registry did not answer within {} ms", options.timeout);
        let status = Status::new(Code::Unavailable, text);
        match registry.failure(service) {
            Some(failure) => failure.context(status.message()),
            None => status,
        }
    })?;
    let wanted: Vec<&str> = match &options.protocol {
        Some(protocol) => vec![protocol],
        None => PROTOCOLS.to_vec(),
    };
    choose(providers, &wanted)
        .map_err(|why| Status::new(Code::Unavailable, format!("no provider for {service}: {why}")))
}

/// The providers that offer the first protocol of `wanted` that any offers.
fn choose(providers: Vec<Registration>, wanted: &[&str]) -> Result<Vec<Endpoint>, String> {
    let offered = |protocol: &&str| providers.iter().any(|p| p.offer.protocol == *protocol);
    let Some(chosen) = wanted.iter().copied().find(offered) else {
        if providers.is_empty() {
            return Err("no provider is registered".into());
        }
        let mut known: Vec<&str> = providers.iter().map(|p| &*p.offer.protocol).collect();
        known.sort_unstable();
        known.dedup();
        let (known, wanted) = (known.join(", "), wanted.join(", "));
        return Err(format!("those registered offer {known}, and {wanted} was asked for"));
    };
    let chosen = providers.into_iter().filter(|p| p.offer.protocol == chosen);
    Ok(chosen.map(|p| Endpoint::new(p.instance, p.offer, p.params)).collect())
}

/// The URL of a registry that is only read.
fn leaving_no_trace(url: &str) -> String {
    if !url.starts_with("zookeeper:") {
        return url.to_owned();
    }
    let between = if url.contains('?') { '&' } else { '?' };
    format!("{url}{between}register=false")
}
