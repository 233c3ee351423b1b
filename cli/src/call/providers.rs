//! The providers that a target stands for.

use std::sync::Arc;

use dubhe::connect::{DubboConnect, DubboOptions, TripleConnect, TripleOptions};
use dubhe::fault::Attempts;
use dubhe::net::ClientTls;
use dubhe::registry::{Health, Registration, Registry, Snapshot};
use dubhe::{
    App, Call, CallOptions, ClientBuilder, Code, Endpoint, Fault, Reply, ServiceKey, Status, Stub,
    Url,
};
use futures_util::StreamExt as _;
use prost_reflect::ServiceDescriptor;

use super::explain::Error;
use super::reflection::Reflection;
use super::timing::{TimedDial, Times};
use super::{CallArgs, PositionalArgs, Target};
use crate::failure::Failure;
use crate::registries::{self, APPLICATION};
use crate::suggest::did_you_mean;

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
            let text = format!(
                "the server did not tell what it has within {limit}; one that speaks dubbo alone is called by \
                 dubbo://HOST:PORT, or by protocol=dubbo in a static:// or dns:// URL"
            );
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

/// The TLS of connections to providers, if it is asked for.
fn tls(options: &CallArgs) -> Result<Option<ClientTls>, Error> {
    let tls = options.tls.client();
    tls.map_err(|what| Failure::Failed(format!("error: {what}")).into())
}

/// The application, whose connections are timed.
fn app(options: &CallArgs, times: &Times) -> Result<App, Error> {
    let tls = tls(options)?;
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

/// The providers of `service` in the registry at `url`, at whichever level they are.
async fn registered(
    url: &str,
    service: &ServiceKey,
    options: &CallArgs,
) -> Result<Vec<Endpoint>, Error> {
    let registry = open(url, options)?;
    if url.starts_with("file:") {
        // A folder that is not there would be waited for: its first provider makes it.
        services(&*registry, options).await?;
    }
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
    let Snapshot { providers, excluded, .. } =
        answer.map_err(|_| no_answer(&*registry, service, options))?;
    let wanted: Vec<&str> = match &options.protocol {
        Some(protocol) => vec![protocol],
        None => PROTOCOLS.to_vec(),
    };
    match choose(providers, &wanted) {
        Ok(chosen) => Ok(chosen),
        Err(why) => {
            // One reason is enough, as one instance often is like the others.
            let unused = excluded.first().map(|one| format!("; {}: {}", one.instance, one.why));
            let unused = unused.unwrap_or_default();
            // A registry that cannot tell knows of nothing like it.
            let known = services(&*registry, options).await.unwrap_or_default();
            let meant = meant(service, &known);
            let text = format!("no provider for {service}: {why}{unused}{meant}");
            Err(Status::new(Code::Unavailable, text).into())
        }
    }
}

/// Opens the registry of `url` to look at it.
pub(super) fn open(url: &str, options: &CallArgs) -> Result<Arc<dyn Registry>, Error> {
    match registries::open(url, tls(options)?.as_ref()) {
        Ok(parts) => Ok(parts.registry),
        Err(status) if status.code() == Code::InvalidArgument => {
            Err(Error::Usage(status.message().to_owned()))
        }
        Err(status) => Err(status.into()),
    }
}

/// The services in a registry; none where it cannot tell.
///
/// # Errors
/// When it does not answer, or cannot be read.
pub(super) async fn services(
    registry: &dyn Registry,
    options: &CallArgs,
) -> Result<Vec<ServiceKey>, Error> {
    match tokio::time::timeout(options.timeout, registry.services()).await {
        Ok(Ok(services)) => Ok(services),
        Ok(Err(status)) if status.code() == Code::Unimplemented => Ok(Vec::new()),
        Ok(Err(status)) => Err(Failure::Failed(format!("error: {}", status.message())).into()),
        Err(_) => Err(no_answer(registry, &ServiceKey::default(), options).into()),
    }
}

fn no_answer(registry: &dyn Registry, service: &ServiceKey, options: &CallArgs) -> Status {
    let limit = humantime::format_duration(options.timeout);
    let text = format!("the registry did not answer within {limit}");
    match registry.failure(service) {
        Some(failure) => failure.context(text),
        None => Status::new(Code::Unavailable, text),
    }
}

/// The services of `known` that may have been meant: the same one of other groups and versions, or the
/// one with the name most like it.
pub(crate) fn meant(service: &ServiceKey, known: &[ServiceKey]) -> String {
    const MOST: usize = 5;
    let same = known.iter().filter(|one| one.interface() == service.interface() && *one != service);
    let same: Vec<_> = same.map(ToString::to_string).take(MOST).collect();
    if same.is_empty() {
        let others = known.iter().map(|one| &**one.interface());
        let others = others.filter(|one| *one != &**service.interface());
        return did_you_mean(service.interface(), others);
    }
    format!("; the registry knows {}", same.join(", "))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_groups_and_versions_come_before_other_names() {
        let known = ["a.B:2", "g/a.B", "a.Users"].map(ServiceKey::parse);
        let meant = |text| meant(&ServiceKey::parse(text), &known);
        assert_eq!(meant("a.B"), "; the registry knows a.B:2, g/a.B");
        assert_eq!(meant("a.Usres"), "; did you mean a.Users?");
        assert_eq!(meant("a.Users"), "");
        assert_eq!(meant("a.Orders"), "");
    }
}
