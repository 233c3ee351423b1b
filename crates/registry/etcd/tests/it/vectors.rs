//! The entries that dubbo-go wrote into an etcd, read back (`tests/vectors/etcd_dubbo_go.json`).

use dubhe_core::ServiceKey;
use dubhe_core::documents::{DocumentKey, DocumentStore};
use dubhe_core::endpoint::Offer;
use dubhe_core::registry::{Health, Registry};
use dubhe_core::time::{Duration, SystemTime};
use dubhe_registry::application::{MetadataStorage, ServiceDiscovery};
use futures_util::StreamExt;

use super::fake::Fake;

const FILE: &str = include_str!("../../../../../tests/vectors/etcd_dubbo_go.json");
/// The revision of the metadata in it.
const REVISION: &str = "e3680b103e1d3eac08fe38636b677f94250d6d449b0a52e085863758389519b2ec8f0dc7edbf2ecc34a666930acfa67d7e53add25f062afd11cefc4a43b82ee7";

#[tokio::test(start_paused = true)]
async fn entries_of_dubbo_go_are_read() {
    let fake = Fake::new();
    let file: serde_json::Value = serde_json::from_str(FILE).unwrap();
    for entry in file["entries"].as_array().unwrap() {
        let (key, value) = (entry["key"].as_str().unwrap(), entry["value"].as_str().unwrap());
        let lease = i64::from(entry["leased"].as_bool().unwrap());
        fake.store.lock().change(&[(key.to_owned(), Some((value, lease)))]);
    }
    let ours = fake.registry("register=false");

    let greeter = ServiceKey::interface_only("org.example.interop.Greeter");
    let now = Registry::subscribe(&ours, &greeter).await.unwrap().next().await.unwrap();
    assert_eq!((now.health, now.excluded.len(), now.providers.len()), (Health::Fresh, 0, 1));
    let provider = &now.providers[0];
    assert_eq!(provider.offer, Offer { protocol: "tri".into(), port: 23801 });
    assert_eq!(provider.instance.application, "go-a");
    let started = SystemTime::UNIX_EPOCH + Duration::from_secs(1_796_002_455);
    assert_eq!(provider.instance.started, Some(started));
    let param = |name| provider.params.get(name);
    assert_eq!(param("methods"), Some("Chat,chat,Collect,collect,Expand,expand,Greet,greet"));

    let all = ServiceDiscovery::subscribe(&ours, "go-a").await.unwrap().next().await.unwrap();
    assert_eq!((all.health, all.excluded.len(), all.instances.len()), (Health::Fresh, 0, 1));
    let instance = &all.instances[0];
    assert_eq!((&*instance.instance.host, instance.port), ("127.0.0.1", 23801));
    assert_eq!(instance.endpoints(), [Offer { protocol: "tri".into(), port: 23801 }]);
    assert_eq!(
        (instance.revision(), instance.storage()),
        (Some(REVISION), MetadataStorage::Remote)
    );
    assert_eq!(ours.applications().await.unwrap(), ["go-a"]);
    assert!(ours.services().await.unwrap().contains(&greeter));

    let mapping = |interface: &'static str| DocumentKey::Mapping { interface: interface.into() };
    let metadata = DocumentKey::Metadata { application: "go-a".into(), revision: REVISION.into() };
    let expected = [
        mapping("org.example.interop.Greeter"),
        mapping("org.example.interop.PojoService"),
        metadata.clone(),
    ];
    assert_eq!(ours.list().await.unwrap(), expected);
    assert_eq!(ours.get(&expected[0]).await.unwrap().unwrap().text, "go-a");
    let text = ours.get(&metadata).await.unwrap().unwrap().text;
    let text: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(text["services"]["org.example.interop.Greeter:tri"]["port"], 23801);
}
