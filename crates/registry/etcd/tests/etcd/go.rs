//! The entries that dubbo-go writes into etcd, read by us, and ours, read by dubbo-go.

use std::fs::File;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use dubhe_core::ServiceKey;
use dubhe_core::documents::{DocumentKey, DocumentStore};
use dubhe_core::endpoint::Offer;
use dubhe_core::registry::{Health, Registry};
use dubhe_registry::application::{MetadataStorage, ServiceDiscovery, ServiceInstance};
use dubhe_testkit::wait_until;

use super::registry;
use super::server::{Server, free_address, script};
use super::support::{instance, join, next_that, provider, register};

const VECTORS: &str = include_str!("../../../../../tests/vectors/etcd_dubbo_go.json");

/// A provider of dubbo-go, killed with this.
struct Provider(Child);

impl Drop for Provider {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Starts a provider of a protocol with these flags and waits until it listens.
async fn start(server: &Server, protocol: &str, port: u16, flags: &str) -> Provider {
    let log = File::create(server.folder.path().join("go-log")).unwrap();
    let mut command = Command::new(script("go-dubbo.sh"));
    command
        .args(["serve", protocol, &port.to_string()])
        .env("PEERS_RUN", server.folder.path())
        .env("GO_DUBBO_FLAGS", flags)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    let provider = Provider(command.spawn().unwrap());
    let listens = || TcpStream::connect(("127.0.0.1", port)).is_ok();
    wait_until("the provider of dubbo-go listens", listens).await;
    provider
}

#[tokio::test]
async fn a_provider_of_dubbo_go_is_found_at_both_levels() {
    let server = Server::start().await;
    let port = free_address().port();
    let flags = format!("-registry etcdv3://{} -registry-type all", server.address());
    let process = start(&server, "tri", port, &flags).await;
    let ours = registry(&server, "");
    let greeter = ServiceKey::interface_only("org.example.interop.Greeter");
    let mut services = Registry::subscribe(&ours, &greeter).await.unwrap();
    let found = next_that(&mut services, |now| !now.providers.is_empty()).await;
    assert_eq!((found.health, found.excluded.len()), (Health::Fresh, 0));
    let [registration] = &found.providers[..] else { panic!("{found:?}") };
    assert_eq!(registration.offer, Offer { protocol: "tri".into(), port });
    assert_eq!(registration.instance.host, "127.0.0.1");
    assert_eq!(registration.instance.application, "go-tri");
    assert_eq!(registration.params.get("release"), Some("dubbo-golang-3.3.2"));

    let mut instances = ServiceDiscovery::subscribe(&ours, "go-tri").await.unwrap();
    // dubbo-go registers the instance without a revision first, then with one.
    let found = next_that(&mut instances, |now| {
        now.instances.first().is_some_and(|instance| instance.revision().is_some())
    })
    .await;
    let [instance] = &found.instances[..] else { panic!("{found:?}") };
    assert_eq!((instance.port, instance.storage()), (port, MetadataStorage::Remote));
    assert_eq!(instance.endpoints(), [Offer { protocol: "tri".into(), port }]);
    assert_eq!(ours.applications().await.unwrap(), ["go-tri"]);

    let mapping = DocumentKey::Mapping { interface: "org.example.interop.Greeter".into() };
    let document = next_that(&mut ours.watch(&mapping), |state| state.document.is_some()).await;
    assert_eq!(document.document.unwrap().text, "go-tri");
    let metadata = DocumentKey::Metadata {
        application: "go-tri".into(),
        revision: instance.revision().unwrap().into(),
    };
    let document = ours.get(&metadata).await.unwrap().expect("the metadata is there");
    assert!(document.text.contains(r#""org.example.interop.Greeter:tri""#), "{}", document.text);
    let listed = ours.list().await.unwrap();
    assert!(listed.contains(&metadata) && listed.contains(&mapping), "{listed:?}");

    // Its leases are of 30 s.
    drop(process);
    next_that(&mut services, |now| now.providers.is_empty()).await;
    next_that(&mut instances, |now| now.instances.is_empty()).await;
}

/// Runs the cases of dubbo-go's consumer; returns what it printed.
async fn consume(server: &Server, flags: &[&str]) -> String {
    let mut command = Command::new(script("go-dubbo.sh"));
    command.args(["test", "-registry", &format!("etcdv3://{}", server.address())]).args(flags);
    command.env("PEERS_RUN", server.folder.path()).stdin(Stdio::null());
    let ended = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{text}{}", String::from_utf8_lossy(&ended.stderr));
    text
}

/// The passed cases in what a consumer printed.
fn passed(printed: &str) -> usize {
    printed.lines().filter(|line| line.starts_with("PASS ")).count()
}

#[tokio::test]
async fn a_consumer_of_dubbo_go_finds_our_provider() {
    let server = Server::start().await;
    let port = free_address().port();
    let _provider = start(&server, "dubbo", port, "").await;
    let ours = registry(&server, "");
    let mut registration = provider(port, &[("methods", "hello,echo,add")]);
    registration.service = ServiceKey::interface_only("org.example.interop.PojoService");
    register(&ours, registration).await.unwrap();
    let flags = ["-registry-type", "interface", "-protocol", "dubbo"];
    assert_eq!(passed(&consume(&server, &flags).await), 11);
}

#[tokio::test]
async fn a_consumer_of_dubbo_go_finds_our_instance() {
    let server = Server::start().await;
    let port = free_address().port();
    let _provider = start(&server, "tri", port, "").await;
    let ours = registry(&server, "");
    let mut described = (*instance(port, &[]).instance).clone();
    let offers = [Offer { protocol: "tri".into(), port }];
    ServiceInstance::describe(&mut described, &offers, "17", MetadataStorage::Remote);
    join(&ours, ServiceInstance { instance: Arc::new(described), port }).await.unwrap();

    // The metadata as dubbo-go wrote it, at this port.
    let file: serde_json::Value = serde_json::from_str(VECTORS).unwrap();
    let mut entries = file["entries"].as_array().unwrap().iter();
    let entry = entries.find(|entry| entry["key"].as_str().unwrap().starts_with("/dubbo/go-a/"));
    let text = entry.unwrap()["value"].as_str().unwrap().replace("23801", &port.to_string());
    let key = DocumentKey::Metadata { application: "shop".into(), revision: "17".into() };
    ours.put(&key, text.into()).await.unwrap();
    for interface in ["org.example.interop.Greeter", "org.example.interop.PojoService"] {
        let key = DocumentKey::Mapping { interface: interface.into() };
        assert!(ours.replace(&key, "shop".into(), None).await.unwrap());
    }
    let flags = ["-registry-type", "service", "-protocol", "tri"];
    assert_eq!(passed(&consume(&server, &flags).await), 17);
}
