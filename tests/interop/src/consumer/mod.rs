//! The cases of the peers' consumers, from our side.
//!
//! Expected is what is sent, but for what Java itself loses; its own consumer expects the same:
//!
//! | value | on its way through hessian-lite | here |
//! | --- | --- | --- |
//! | a field that hides another (`echoChild`) | the hidden one becomes null | either is taken: our side keeps both |
//! | a field declared `float` (`echoTypes`) | is read as 0 | 0 is sent |
//! | minus zero (`make/double/-0.0`) | is written as zero | zero is the sample |
//! | cause, stack and suppressed of a throwable | differ with where it was made | only class, message and own fields count |
//!
//! What hessian-lite 3.2, that is Dubbo 2.7 and 3.2, cannot carry is listed by name in
//! `tests/peers/known-failing.txt`.

mod calls;
pub(crate) mod cases;
mod codes;
mod conventions;
mod echo;
mod generic;
mod greets;
mod grpc;
mod made;
mod pojo;
mod streams;

use std::time::Duration;

use dubhe::ServiceKey;
use dubhe::{App, AppBuilder, Client, ClientBuilder, Generic, Status};

use crate::greet::{self, GreetOnewayClient};
use crate::idl::proto::{org, peer};
use crate::java::api::GreetServiceClient;
use crate::pojo::{INTERFACE as POJO, PojoServiceClient};
use crate::{spring, wait};
use cases::Cases;

/// The time that the peers' consumers wait, too.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The cases to run.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Suite {
    /// The cases of the Dubbo Java consumer; over Triple its streams, too.
    Java,
    /// The cases of the dubbo-go consumer.
    Go,
    /// The cases of gRPC's interop client.
    Grpc,
    /// The cases of the Spring Cloud consumer, over HTTP.
    Spring,
}

/// The source of providers.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Source {
    /// The provider, such as dubbo://127.0.0.1:20880
    #[arg(long, required_unless_present = "registry", conflicts_with = "registry")]
    url: Option<String>,
    /// The registry that knows the providers, such as file:///tmp/registry
    #[arg(long)]
    registry: Option<String>,
    /// The protocol to call by with a registry: dubbo or tri
    #[arg(long, default_value = "dubbo", conflicts_with = "url")]
    protocol: String,
    /// The application to call over HTTP
    #[arg(long, default_value = "spring-provider")]
    application: String,
    /// The number of providers to be connected to before the first call
    #[arg(long, default_value_t = 0, requires = "registry")]
    providers: usize,
}

/// The services that the Java cases call.
struct Services {
    greet: GreetServiceClient,
    oneway: GreetOnewayClient,
    client: Client,
    generic: Generic,
    /// A service that nobody provides.
    unknown: Generic,
}

/// Runs the cases of `suite` whose names begin with `only`; true when none failed.
///
/// # Errors
/// When a client cannot be made.
pub(crate) async fn run(source: &Source, suite: Suite, only: String) -> Result<bool, Status> {
    let app = source.app()?;
    let mut cases = Cases::new(only);
    let wire = source.wire();
    match suite {
        Suite::Java => {
            let services = Services::new(&app, source)?;
            source.connected(&app, greet::INTERFACE).await?;
            calls::run(&mut cases, &services).await;
            made::run(&mut cases, &services.greet).await;
            generic::run(&mut cases, &services.generic, &services.unknown).await;
            codes::run(&mut cases, &app, source, &services).await?;
            conventions::run(&mut cases, &app, source, &services.generic).await?;
            if wire == "tri" {
                let hellos: peer::proto::GreeterClient = source.client(app.client())?;
                streams::run(&mut cases, &hellos, &source.client(app.client())?).await;
            }
        }
        Suite::Go => {
            if wire == "tri" {
                let greets: org::example::interop::GreeterClient = source.client(app.client())?;
                greets::run(&mut cases, &greets).await;
            }
            let pojos: PojoServiceClient = source.client(app.client())?;
            source.connected(&app, POJO).await?;
            pojo::run(&mut cases, wire, &pojos).await;
        }
        Suite::Spring => {
            let application = app.http(&*source.application);
            let client = match &source.url {
                Some(url) => application.url(url),
                None => application,
            };
            // Spring says that it is ready before Nacos tells others of it.
            let client = client.timeout(TIMEOUT).build_checked(TIMEOUT).await?;
            spring::run(&mut cases, &client).await;
        }
        Suite::Grpc => {
            let raw = app.client::<Client>();
            let probing = source.builder().protocol(grpc::probing()).build()?;
            let services = grpc::Services {
                test: source.client(app.client())?,
                raw: source.client(raw.service(ServiceKey::interface_only(grpc::INTERFACE)))?,
                unimplemented: source.client(app.client())?,
                probing: source.client(probing.client())?,
            };
            let renew = || {
                let app = source.app()?;
                Ok((source.client(app.client())?, app))
            };
            grpc::run(&mut cases, &services, renew).await;
        }
    }
    app.close();
    Ok(cases.close())
}

impl Services {
    fn new(app: &App, source: &Source) -> Result<Self, Status> {
        let raw = app.client::<Client>().service(ServiceKey::interface_only(greet::INTERFACE));
        Ok(Self {
            greet: source.client(app.client())?,
            oneway: source.client(app.client())?,
            client: source.client(raw)?,
            generic: source.client(app.generic(greet::INTERFACE))?,
            unknown: source.client(app.generic("peer.api.NoSuchService"))?,
        })
    }
}

impl Source {
    fn app(&self) -> Result<App, Status> {
        self.builder().build()
    }

    fn builder(&self) -> AppBuilder {
        let app = App::builder("rust-consumer");
        match &self.registry {
            Some(registry) if self.protocol == "http" => app.spring_cloud(registry),
            Some(registry) => app.registry(registry),
            None => app,
        }
    }

    /// The protocol that is spoken.
    fn wire(&self) -> &str {
        let url = self.url.as_deref();
        url.map_or(&self.protocol, |url| url.split_once("://").map_or("dubbo", |(name, _)| name))
    }

    /// Waits until the application is connected to as many providers of `interface` as are asked for.
    async fn connected(&self, app: &App, interface: &str) -> Result<(), Status> {
        match self.providers {
            0 => Ok(()),
            providers => wait::connected(app, interface, self.wire(), providers).await,
        }
    }

    /// A client as the peers' consumers have it: patient, without retries.
    fn client<T: dubhe::Stub>(&self, builder: ClientBuilder<T>) -> Result<T, Status> {
        let builder = builder.timeout(TIMEOUT).retries(0);
        match &self.url {
            Some(url) => builder.url(&with_payload(url)).build(),
            None => builder.protocol(&*self.protocol).build(),
        }
    }
}

/// The peers' consumers take and send up to 64 MiB.
fn with_payload(url: &str) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}payload={}", crate::PAYLOAD)
}
