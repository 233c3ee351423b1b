//! The `MetadataService` of a server with a registry of application level, and the client of it; the
//! announcement of an application as a whole, and of the definitions of its services.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dubhe::client::{Channels, Environment, RemoteMetadataService};
use dubhe::connect::{
    Connect, DubboConnect, DubboOptions, PayloadLimit, TripleConnect, TripleOptions,
};
use dubhe::prelude::*;
use dubhe::registry::application::{MetadataClient, MetadataTarget};
use dubhe::registry::{
    ExportedMetadata, MetadataInfo, Offer, Registering, Registration, Registry, ServiceInfo,
    Snapshots, fixed,
};
use dubhe::time::TokioClock;
use dubhe::{ByteString, ClientBuilder, RunningServer};
use dubhe_testkit::http1;
use dubhe_testkit::log::Lines;
use dubhe_testkit::wait_until;
use tokio::sync::Barrier;
use tracing::Level;

#[dubhe::interface("org.example.Guide", version = "1.0.0")]
trait Guide {
    async fn name(&self, prefix: String) -> Result<String, Status>;
}

#[derive(Clone)]
struct Named;

impl Guide for Named {
    async fn name(&self, prefix: String) -> Result<String, Status> {
        Ok(prefix)
    }
}

/// A registry of application level.
#[derive(Clone)]
struct Instances(Arc<Inner>);

struct Inner {
    application: ByteString,
    /// The number of registrations that are refused until so many are asked for at once.
    together: Option<Barrier>,
    refuses: Option<&'static str>,
    refuses_definitions: bool,
    revisions: Vec<Arc<MetadataInfo>>,
    told: Mutex<Vec<Registration>>,
    definitions: Mutex<Vec<(ServiceKey, ByteString, ByteString)>>,
}

impl Instances {
    fn new(change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Inner {
            application: "shop".into(),
            together: None,
            refuses: None,
            refuses_definitions: false,
            revisions: vec![Arc::new(info("now")), Arc::new(info("before"))],
            told: Mutex::default(),
            definitions: Mutex::default(),
        };
        change(&mut inner);
        Self(Arc::new(inner))
    }
}

fn info(revision: &'static str) -> MetadataInfo {
    let service = |group: &'static str, protocol: &'static str| ServiceInfo {
        service: ServiceKey::new("org.example.Guide", group, "1.0.0"),
        protocol: protocol.into(),
        port: 20880,
        path: "org.example.Guide".into(),
        params: [("side".into(), "provider".into()), ("weight".into(), "50".into())].into(),
    };
    let services = [service("", "dubbo"), service("", "tri"), service("north", "dubbo")];
    MetadataInfo {
        application: "shop".into(),
        revision: revision.into(),
        services: services.into_iter().map(|of| (of.match_key().into(), of)).collect(),
    }
}

impl ExportedMetadata for Inner {
    fn application(&self) -> ByteString {
        self.application.clone()
    }

    fn metadata(&self, revision: &str) -> Option<Arc<MetadataInfo>> {
        let wanted = |info: &&Arc<MetadataInfo>| revision.is_empty() || info.revision == revision;
        self.revisions.iter().find(wanted).cloned()
    }
}

impl Registry for Instances {
    fn register(&self, registration: Registration) -> Registering<'_, ()> {
        Box::pin(async move {
            if let Some(together) = &self.0.together {
                together.wait().await;
            }
            let refused = self.0.refuses == Some(&**registration.service.group());
            self.0.told.lock().unwrap().push(registration);
            if refused { Err(Status::unavailable("no place")) } else { Ok(()) }
        })
    }

    fn unregister(&self, registration: &Registration) -> Registering<'_, ()> {
        self.0.told.lock().unwrap().retain(|told| told != registration);
        Box::pin(async { Ok(()) })
    }

    fn subscribe(&self, _: &ServiceKey) -> Registering<'_, Snapshots> {
        Box::pin(async { Ok(fixed(Vec::new())) })
    }

    fn exported_metadata(&self) -> Option<Arc<dyn ExportedMetadata>> {
        Some(self.0.clone())
    }

    fn publish_definition(
        &self,
        service: &ServiceKey,
        application: &ByteString,
        definition: ByteString,
    ) -> Registering<'_, ()> {
        self.0.definitions.lock().unwrap().push((service.clone(), application.clone(), definition));
        let refuses = self.0.refuses_definitions;
        Box::pin(async move {
            if refuses { Err(Status::unavailable("no place for texts")) } else { Ok(()) }
        })
    }
}

fn guide(group: &'static str) -> Export {
    Export::new(GuideServer::new(Named)).group(group)
}

async fn serve(registry: &Instances) -> RunningServer {
    let server = Server::builder().application("shop").registry(registry.clone());
    server.service(guide("")).start("127.0.0.1:0").await.unwrap()
}

fn connectors() -> Vec<Arc<dyn Connect>> {
    vec![
        Arc::new(DubboConnect::new(DubboOptions::default())),
        Arc::new(TripleConnect::new(TripleOptions::default())),
    ]
}

fn client() -> RemoteMetadataService {
    let channels = Arc::new(Channels::new(connectors()));
    RemoteMetadataService::new(channels, Arc::new(TokioClock))
}

const FORMS: [(&str, bool); 3] = [("dubbo", false), ("tri", false), ("tri", true)];

fn target(port: u16, (protocol, v2): (&'static str, bool)) -> MetadataTarget {
    MetadataTarget {
        application: "shop".into(),
        host: "127.0.0.1".into(),
        offer: Offer { protocol: protocol.into(), port },
        v2,
    }
}

#[tokio::test]
async fn an_instance_tells_its_metadata_in_each_form() {
    let registry = Instances::new(|_| {});
    let server = serve(&registry).await;
    let port = server.addr().port();
    for form in FORMS {
        let (client, target) = (client(), target(port, form));
        for revision in ["now", "before"] {
            let told = client.metadata(&target, revision).await;
            assert_eq!(told.unwrap(), info(revision), "{form:?}");
        }
        let error = client.metadata(&target, "other").await.unwrap_err();
        assert_eq!(error.code(), Code::NotFound, "{form:?} {error}");
        let place = format!("{}://127.0.0.1:{port}", form.0);
        let expected =
            format!("instance {place} of \"shop\" does not tell the metadata of revision other: ");
        assert!(error.message().starts_with(&expected), "{form:?}: {error}");
        // Another application has another group.
        let other = MetadataTarget { application: "other".into(), ..target };
        let error = client.metadata(&other, "now").await.unwrap_err();
        assert_eq!(error.code(), Code::Unimplemented, "{form:?}: {error}");
    }
}

#[tokio::test]
async fn an_instance_that_is_gone_or_silent_is_an_error_in_time() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = gone.local_addr().unwrap().port();
    for form in FORMS {
        // It accepts nothing; its connections are in the queue of the kernel.
        let client = client().timeout(Duration::from_millis(50));
        let error = client.metadata(&target(port, form), "now").await.unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded, "{form:?}: {error}");
    }
    drop(gone);
    for form in FORMS {
        let error = client().metadata(&target(port, form), "now").await.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable, "{form:?}: {error}");
        assert!(error.message().contains(&format!("127.0.0.1:{port}")), "{form:?}: {error}");
    }
    let error = client().metadata(&target(port, ("grpc", false)), "now").await.unwrap_err();
    assert!(error.message().contains("protocol \"grpc\" is not configured"), "{error}");
}

#[tokio::test]
async fn an_answer_beyond_the_limits_is_refused() {
    let registry = Instances::new(|of| {
        let mut large = info("now");
        let first = large.services.values_mut().next().unwrap();
        first.params.insert("x".into(), "x".repeat(100_000).into());
        of.revisions = vec![Arc::new(large)];
    });
    let server = serve(&registry).await;
    let mut dubbo = DubboOptions::default();
    dubbo.payload = PayloadLimit::bytes(65_536);
    let mut triple = TripleOptions::default();
    triple.max_message = 65_536;
    let connectors: Vec<Arc<dyn Connect>> =
        vec![Arc::new(DubboConnect::new(dubbo)), Arc::new(TripleConnect::new(triple))];
    let channels = Arc::new(Channels::new(connectors));
    let client = RemoteMetadataService::new(channels, Arc::new(TokioClock));
    let client = client.timeout(Duration::from_mins(1));
    for form in FORMS {
        let told = client.metadata(&target(server.addr().port(), form), "now").await;
        let error = told.unwrap_err();
        assert_eq!(error.code(), Code::ResourceExhausted, "{form:?}: {error}");
    }
}

#[tokio::test]
async fn calls_go_over_the_connection_on_which_metadata_was_asked_for() {
    let server = serve(&Instances::new(|_| {})).await;
    let channels = Arc::new(Channels::new(connectors()));
    let metadata = RemoteMetadataService::new(channels.clone(), Arc::new(TokioClock));
    let env = Environment::builder("shop", Arc::new(TokioClock)).channels(channels).build();
    let url = format!("dubbo://{}", server.addr());
    let guide = ClientBuilder::<GuideClient>::new(&env).url(&url).build().unwrap();
    assert_eq!(guide.name("a".into()).await.unwrap(), "a");
    metadata.metadata(&target(server.addr().port(), FORMS[0]), "now").await.unwrap();
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn the_other_methods_answer_what_the_server_knows() {
    let server = serve(&Instances::new(|_| {})).await;
    let app = App::builder("test").build().unwrap();
    let asked = app.generic("org.apache.dubbo.metadata.MetadataService").group("shop");
    let asked = asked.version("1.0.0").url(&format!("dubbo://{}", server.addr())).build().unwrap();
    let text = "java.lang.String";
    let call = |method: &'static str, arguments| asked.call(method, arguments);
    assert_eq!(call("serviceName", args![]).await.unwrap(), Value::from("shop"));
    assert_eq!(call("version", args![]).await.unwrap(), Value::from("1.0.0"));
    assert_eq!(call("getSubscribedURLs", args![]).await.unwrap().items(), []);
    assert_eq!(call("getMetadataInfos", args![]).await.unwrap().items().len(), 1);
    assert_eq!(call("getMetadataInfo", args![text => "x"]).await.unwrap(), Value::Null);

    let all = call("getExportedURLs", args![]).await.unwrap();
    assert_eq!(all.items().len(), 3);
    let url = "dubbo://127.0.0.1:20880/org.example.Guide?group=north&interface=org.example.Guide&\
               side=provider&version=1.0.0&weight=50";
    let north = args![text => "org.example.Guide", text => "north", text => "1.0.0"];
    let north = call("getExportedURLs", north).await.unwrap();
    assert_eq!(north.items(), [Value::from(url)]);
    let tri = args![text => "org.example.Guide", text => "", text => "1.0.0", text => "tri"];
    assert_eq!(call("getExportedURLs", tri).await.unwrap().items().len(), 1);
    let none = call("getExportedURLs", args![text => "org.example.Guide"]).await.unwrap();
    assert_eq!(none.items(), [], "it has a version");

    let key = call("getServiceDefinition", args![text => "org.example.Guide:1.0.0"]).await.unwrap();
    assert!(key.as_str().unwrap().contains(r#""canonicalName":"org.example.Guide""#), "{key:?}");
    let parts = args![text => "org.example.Guide", text => "1.0.0", text => ""];
    assert_eq!(call("getServiceDefinition", parts).await.unwrap(), key);
    for method in ["getMetadataURL", "getExportedServiceURLs"] {
        let error = call(method, args![]).await.unwrap_err();
        assert!(error.message().contains("getExportedURLs returns URLs as text"), "{error}");
    }
}

#[tokio::test]
async fn the_services_are_built_in_and_only_of_application_level() {
    let registry = Instances::new(|_| {});
    let server = serve(&registry).await;
    let names = |server: &RunningServer| {
        let services = server.services();
        let names: BTreeSet<_> = services.iter().map(|(key, _)| key.to_string()).collect();
        names.into_iter().filter(|name| name.contains("dubbo.metadata")).collect::<Vec<_>>()
    };
    let [v1, v2] = ["MetadataService:1.0.0", "MetadataServiceV2:2.0.0"]
        .map(|name| format!("shop/org.apache.dubbo.metadata.{name}"));
    assert_eq!(names(&server), [v1.clone(), v2]);
    assert!(
        registry
            .0
            .told
            .lock()
            .unwrap()
            .iter()
            .all(|told| told.service.interface().contains("Guide"))
    );
    let error = server.remove(&ServiceKey::parse(&v1)).await.unwrap_err();
    assert!(error.message().contains("is built in"), "{error}");
    let addr = server.addr();
    let json = ["content-type: application/json"];
    let health = move || http1::request(addr, "POST /grpc.health.v1.Health/List", &json, "{}");
    let health = tokio::task::spawn_blocking(health).await.unwrap().unwrap();
    assert!(health.body.contains("org.example.Guide"), "{health:?}");
    assert!(!health.body.contains("MetadataService"), "{health:?}");

    let server = Server::builder().registry(dubhe::registry::Memory::new());
    let server = server.start("127.0.0.1:0").await.unwrap();
    assert_eq!(names(&server), [""; 0]);
}

#[tokio::test]
async fn an_application_has_a_name() {
    let start = |own: &'static str, name: &'static str| async move {
        let registry = Instances::new(|of| of.application = own.into());
        let server = Server::builder().application(name).registry(registry.clone());
        let server = server.service(guide("")).start("127.0.0.1:0").await?;
        let application = registry.0.told.lock().unwrap()[0].instance.application.clone();
        let services = server.services();
        let asked = services.iter().map(|(key, _)| key);
        let group = asked.filter(|key| key.interface().ends_with("MetadataService"));
        Ok((application, group.map(|key| key.group().clone()).next().unwrap()))
    };
    let error: Status = start("", "").await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(error.message().contains("Server::builder().application(\"NAME\")"), "{error}");
    for (own, name, expected) in [
        ("", "shop", ("shop", "shop")),
        ("cluster", "", ("cluster", "cluster")),
        ("cluster", "shop", ("shop", "cluster")),
    ] {
        let (application, group) = start(own, name).await.unwrap();
        assert_eq!((&*application, &*group), expected);
    }
}

#[tokio::test]
async fn a_registry_is_told_of_all_services_at_once() {
    // Two services, each under two protocols.
    let registry = Instances::new(|of| of.together = Some(Barrier::new(4)));
    let server = Server::builder().application("shop").registry(registry.clone());
    let server = server.service(guide("a")).service(guide("b")).start("127.0.0.1:0").await.unwrap();
    let told = registry.0.told.lock().unwrap().clone();
    assert_eq!(told.len(), 4);
    let started = told[0].instance.started.unwrap();
    assert!(told.iter().all(|told| told.instance.started == Some(started)));
    server.stop().await;
    assert!(registry.0.told.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_refusal_withdraws_all_services() {
    let registry = Instances::new(|of| of.refuses = Some("b"));
    let server = Server::builder().application("shop").registry(registry.clone());
    let server = server.service(guide("a")).service(guide("b")).service(guide("c"));
    let error = server.start("127.0.0.1:0").await.unwrap_err();
    assert_eq!(error.message(), "cannot announce the services: no place");
    assert!(registry.0.told.lock().unwrap().is_empty());
    assert!(registry.0.definitions.lock().unwrap().is_empty());
}

#[tokio::test]
async fn definitions_are_published_once_each() {
    let (warnings, _guard) = Lines::of_this_thread(Level::WARN);
    let registry = Instances::new(|of| of.refuses_definitions = true);
    let server = Server::builder().application("shop").registry(registry.clone());
    let late = guide("late").delay(Duration::from_millis(1));
    let hidden = guide("hidden").register(false);
    let server = server.service(guide("a")).service(late).service(hidden);
    let server = server.start("127.0.0.1:0").await.unwrap();
    server.add(guide("b")).await.unwrap();
    let all = || registry.0.definitions.lock().unwrap().len() == 3;
    wait_until("all are published", all).await;
    let told = registry.0.definitions.lock().unwrap().clone();
    let groups: BTreeSet<_> = told.iter().map(|(key, ..)| key.group().to_string()).collect();
    assert_eq!(groups.into_iter().collect::<Vec<_>>(), ["a", "b", "late"]);
    assert!(told.iter().all(|(_, application, _)| application == "shop"));
    let warned = || warnings.with("cannot publish the definition of a service").len() == 3;
    wait_until("the log tells of all", warned).await;
}
