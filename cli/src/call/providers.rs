//! The providers that a target stands for.

use std::sync::Arc;

use dubhe::connect::{DubboConnect, DubboOptions, TripleConnect, TripleOptions};
use dubhe::fault::Attempts;
use dubhe::registry::{Health, Registration, Registry as _, Snapshot};
use dubhe::{
    App, Call, CallOptions, ClientBuilder, Code, Endpoint, Fault, Reply, ServiceKey, Status, Stub,
    Url, registry_at,
};
use futures_util::StreamExt as _;
use prost_reflect::ServiceDescriptor;

use super::explain::Error;
use super::folder;
use super::reflection::Reflection;
use super::suggest::did_you_mean;
use super::timing::{TimedDial, Times};
use super::{CallArgs, PositionalArgs, Target};
use crate::failure::Failure;

/// The name that providers and registries see.
const APPLICATION: &str = "dubhe-cli";

/// The protocols that are spoken, most preferred first: without a description of its types, an
/// interface is best called over dubbo.
const PROTOCOLS: [&str; 3] = ["dubbo", "tri", "grpc"];

/// The providers that are called, all over one protocol.
#[derive(Debug)]
pub(super) struct Providers<'a> {
    pub(super) service: ServiceKey,
    pub(super) options: &'a CallArgs,
    /// The options of each call.
    pub(super) call: CallOptions,
    app: App,
    endpoints: Vec<Endpoint>,
}

impl<'a> Providers<'a> {
    /// The providers of the service that `arguments` name.
    pub(super) async fn find(
        arguments: &PositionalArgs,
        options: &'a CallArgs,
        times: &Times,
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
        let call = options.call(protocol(&endpoints)).map_err(Error::Usage)?;
        let app = app(options, times)?;
        Ok(Self { service, options, call, app, endpoints })
    }

    /// The protocol of all of them.
    pub(super) fn protocol(&self) -> &str {
        protocol(&self.endpoints)
    }

    /// A parameter of one of them.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.endpoints.iter().find_map(|endpoint| endpoint.param(name))
    }

    /// A client of `service` there.
    pub(super) fn client<T: Stub>(&self, service: ServiceKey) -> Result<T, Status> {
        let client = self.app.client::<T>().service(service);
        let client = self.endpoints.iter().cloned().fold(client, ClientBuilder::endpoint);
        // Whoever types a call wants it to run once. One that did not begin goes to another provider.
        let fault = match &*self.endpoints {
            [_] => Fault::strategy(once),
            _ => Fault::Failover,
        };
        client.timeout(self.options.timeout).retries(0).fault(fault).build()
    }

    /// Does `work`, all of it within the time that a call may take.
    pub(super) async fn within_timeout<T>(
        &self,
        work: impl Future<Output = Result<T, Status>>,
    ) -> Result<T, Status> {
        let limit = self.options.timeout;
        tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
            let limit = humantime::format_duration(limit);
            let text = format!("the server did not tell what it has within {limit}");
            Err(Status::new(Code::DeadlineExceeded, text))
        })
    }

    /// The description of a protobuf service, where reflection has one; without one, a service over
    /// Triple is taken for a Java interface.
    pub(super) async fn schema(&self) -> Result<Option<ServiceDescriptor>, Status> {
        let name = self.service.interface();
        match self.protocol() {
            "dubbo" => Ok(None),
            protocol => match self.within_timeout(Reflection::of(self).service(name)).await {
                Ok(service) => Ok(Some(service)),
                Err(status) if protocol == "tri" && status.code() == Code::Unimplemented => {
                    Ok(None)
                }
                Err(status) => Err(status),
            },
        }
    }
}

fn protocol(endpoints: &[Endpoint]) -> &str {
    endpoints.first().map_or("dubbo", |endpoint| &endpoint.offer().protocol)
}

/// The strategy where there is no other provider: the first failure is told at once.
async fn once(call: Call, attempts: Attempts) -> Result<Reply, Status> {
    attempts.next(call).await
}

/// The application, whose connections are timed.
fn app(options: &CallArgs, times: &Times) -> Result<App, Error> {
    let tls = options.tls.client().map_err(|what| Failure::Failed(format!("error: {what}")))?;
    let plain = TimedDial { tls: tls.clone(), times: times.clone() };
    let h2 = tls.map(|tls| tls.with_default_alpn(["h2"]));
    let triple = TripleConnect::new(TripleOptions::default())
        .application(APPLICATION)
        .dial(Arc::new(TimedDial { tls: h2, times: times.clone() }));
    let dubbo = DubboOptions::default().application(APPLICATION);
    let app = App::builder(APPLICATION)
        .protocol(DubboConnect::new(dubbo).dial(Arc::new(plain)))
        .protocol(triple.clone())
        .protocol(triple.grpc());
    Ok(app.build()?)
}

/// The providers of `service` in the registry at `url`.
async fn registered(
    url: &str,
    service: &ServiceKey,
    options: &CallArgs,
) -> Result<Vec<Endpoint>, Error> {
    let known = services(url)?;
    let registry = registry_at(&leaving_no_trace(url), APPLICATION)?;
    let mut snapshots = registry.subscribe(service).await?;
    let fresh = async {
        loop {
            match snapshots.next().await {
                Some(snapshot) if snapshot.health != Health::Fresh => {}
                other => break other.unwrap_or_default(),
            }
        }
    };
    let answer = tokio::time::timeout(options.timeout, fresh).await;
    let Snapshot { providers, .. } = answer.map_err(|_| {
        let limit = humantime::format_duration(options.timeout);
        let text = format!("the registry did not answer within {limit}");
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
    choose(providers, &wanted).map_err(|why| {
        let known = known.iter().map(|known| without_group_and_version(known));
        let meant = did_you_mean(
            service.interface(),
            known.filter(|known| *known != &**service.interface()),
        );
        let text = format!("no provider for {service}: {why}{meant}");
        Status::new(Code::Unavailable, text).into()
    })
}

/// The services in the registry at `url`, where it tells them: in a folder.
///
/// # Errors
/// When the folder is not there: its first provider makes it, so that the registry would wait.
pub(super) fn services(url: &str) -> Result<Vec<String>, Error> {
    let Some(folder) = folder::of(url) else { return Ok(Vec::new()) };
    folder::services(folder).map_err(|error| {
        let text = format!("error: cannot read the registry {}: {error}", folder.display());
        Failure::Failed(text).into()
    })
}

fn without_group_and_version(service: &str) -> &str {
    let service = service.split_once('/').map_or(service, |(_, service)| service);
    service.split(':').next().unwrap_or_default()
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
