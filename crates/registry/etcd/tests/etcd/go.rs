//! The entries that dubbo-go writes into etcd, read by us.

use std::fs::File;
use std::process::{Child, Command, Stdio};

use dubhe_core::ServiceKey;
use dubhe_core::documents::{DocumentKey, DocumentStore};
use dubhe_core::endpoint::Offer;
use dubhe_core::registry::{Health, Registry};
use dubhe_registry::application::{MetadataStorage, ServiceDiscovery};

use super::registry;
use super::server::{Server, free_address, script};
use super::support::next_that;

/// A provider of dubbo-go, killed with this.
struct Provider(Child);

impl Drop for Provider {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn start(server: &Server, port: u16) -> Provider {
    let flags = format!("-registry etcdv3://{} -registry-type all", server.address());
    let log = File::create(server.folder.path().join("go-log")).unwrap();
    let mut command = Command::new(script("go-dubbo.sh"));
    command
        .args(["serve", "tri", &port.to_string()])
        .env("PEERS_RUN", server.folder.path())
        .env("GO_DUBBO_FLAGS", flags)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    Provider(command.spawn().unwrap())
}

#[tokio::test]
async fn a_provider_of_dubbo_go_is_found_at_both_levels() {
    let server = Server::start().await;
    let port = free_address().port();
    let provider = start(&server, port);
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
    drop(provider);
    next_that(&mut services, |now| now.providers.is_empty()).await;
    next_that(&mut instances, |now| now.instances.is_empty()).await;
}
