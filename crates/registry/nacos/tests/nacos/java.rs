//! Dubbo Java 3.3.6 beside us: what it writes is read, and what we write it reads.

use dubhe_core::ServiceKey;
use dubhe_core::documents::{DocumentKey, DocumentStore as _};
use dubhe_core::registry::{Registry as _, Snapshot};
use dubhe_registry::application::{ServiceDiscovery as _, metadata_info};
use futures_util::StreamExt as _;

use super::nacos;
use super::server::Server;

/// The application of the Java provider.
const APPLICATION: &str = "java-dubbo-dubbo";
/// The service that its consumer calls.
const GREET: &str = "peer.api.GreetService";

async fn first<S: futures_util::Stream + Unpin>(
    snapshots: &mut S,
    holds: impl Fn(&S::Item) -> bool,
) -> S::Item {
    let found = async {
        loop {
            let snapshot = snapshots.next().await.expect("the subscription goes on");
            if holds(&snapshot) {
                return snapshot;
            }
        }
    };
    let patience = std::time::Duration::from_mins(1);
    tokio::time::timeout(patience, found).await.expect("the snapshot comes")
}

pub(crate) async fn java_and_dubhe_read_each_other(server: &Server) {
    // What Java registers, in a namespace of its own.
    let (java, port) = server.java_provider(&server.url("namespace=java")).await;
    let theirs = nacos(server, "namespace=java");
    let service = ServiceKey::interface_only(GREET);
    let mut services = theirs.registry().subscribe(&service).await.unwrap();
    let Snapshot { providers, .. } =
        first(&mut services, |snapshot| !snapshot.providers.is_empty()).await;
    let provider = &providers[0];
    assert_eq!((&*provider.offer.protocol, provider.offer.port), ("dubbo", port));
    assert_eq!(provider.instance.application, APPLICATION);
    assert_eq!(provider.params.get("release"), Some("3.3.6"));
    assert!(provider.params.get("methods").unwrap().contains("echoUser"));

    let mut applications = theirs.discovery().subscribe(APPLICATION).await.unwrap();
    let instance = first(&mut applications, |s| !s.instances.is_empty()).await.instances.remove(0);
    assert_eq!(instance.endpoints().len(), 1);
    let revision = instance.revision().unwrap().to_owned();
    let documents = theirs.documents();
    let mapping = DocumentKey::Mapping { interface: GREET.into() };
    let mapped = documents.get(&mapping).await.unwrap().unwrap();
    assert_eq!(mapped.text, APPLICATION);
    assert!(theirs.discovery().applications().await.unwrap().contains(&APPLICATION.into()));
    // Its definitions are listed as what they are.
    let listed = documents.list().await.unwrap();
    assert!(listed.iter().any(|key| matches!(
        key,
        DocumentKey::Definition { service: one, application, .. }
            if *one == service && application == APPLICATION
    )));
    let metadata =
        DocumentKey::Metadata { application: APPLICATION.into(), revision: revision.into() };
    let stored = documents.get(&metadata).await.unwrap().expect("java stores its metadata").text;
    let info = metadata_info::from_json(&stored).unwrap();
    assert_eq!(info.application, APPLICATION);
    assert_eq!(metadata_info::revision(&info), *info.revision);
    assert_eq!(instance.revision(), Some(&*info.revision));

    // The same provider, registered by us elsewhere, is found and called by Java at either level.
    let ours = nacos(server, "namespace=dubhe");
    ours.registry().register(provider.clone()).await.unwrap();
    let found = server.java_consumer(&server.url("namespace=dubhe"), "FORCE_INTERFACE").await;
    assert!(found.ends_with(", 0 failed") && !found.starts_with('0'), "{found}");
    ours.discovery().register(instance).await.unwrap();
    ours.documents().put(&mapping, mapped.text).await.unwrap();
    ours.documents().put(&metadata, stored).await.unwrap();
    let found = server.java_consumer(&server.url("namespace=dubhe"), "FORCE_APPLICATION").await;
    assert!(found.ends_with(", 0 failed") && !found.starts_with('0'), "{found}");

    // Java takes its instances back when it ends.
    drop(java);
    first(&mut services, |snapshot| snapshot.providers.is_empty()).await;
    first(&mut applications, |snapshot| snapshot.instances.is_empty()).await;
    theirs.close().await;
    ours.close().await;
}
