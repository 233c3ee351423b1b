//! Announcing and following, at both levels.

use dubhe_core::registry::{Health, Registry};
use dubhe_core::{Code, ServiceKey};
use dubhe_etcd::Etcd;
use dubhe_registry::application::ServiceDiscovery;

use super::server::Server;
use super::support::{
    PROVIDERS, clock, follow, instance, join, provider, register, subscribe, until, until_instances,
};
use super::{entry_until, keys, registry};

#[tokio::test]
async fn providers_come_and_go_in_the_keys_of_dubbo_go() {
    let server = Server::start().await;
    let (ours, theirs) = (registry(&server, ""), registry(&server, ""));
    let mut seen = subscribe(&theirs).await;
    assert_eq!(until(&mut seen, Health::Fresh, &[]).await.providers, []);
    register(&ours, provider(1, &[("timestamp", "7"), ("methods", "hi")])).await.unwrap();
    register(&ours, provider(2, &[])).await.unwrap();
    let both = until(&mut seen, Health::Fresh, &[1, 2]).await;
    let first = both.providers.iter().find(|p| p.offer.port == 1).unwrap();
    assert_eq!(first.instance.application, "shop");
    let param = |name| first.params.get(name).unwrap();
    assert_eq!(
        ["methods", "dubbo", "side", "dynamic", "revision", "timestamp"].map(param),
        ["hi", "2.0.2", "provider", "true", "1.2.3", "7"]
    );

    let client = theirs.client();
    let names = keys(client, PROVIDERS).await;
    let lease = ours.client().lease().await.unwrap();
    for name in &names {
        assert!(name.starts_with(&format!("{PROVIDERS}dubbo%3A%2F%2F127.0.0.1%3A")), "{name}");
        let entry = client.get(name.clone()).await.unwrap().unwrap();
        assert_eq!((entry.lease, &entry.value[..]), (lease, &b""[..]));
    }
    let consumers = keys(client, "/dubbo/demo.Greet/consumers/").await;
    assert_eq!(consumers.len(), 1);
    assert!(
        consumers[0].contains("/consumer%3A%2F%2F127.0.0.1%2Fdemo.Greet%3Fapplication%3Dtests")
    );

    Registry::unregister(&ours, &provider(2, &[])).await.unwrap();
    until(&mut seen, Health::Fresh, &[1]).await;
    drop(seen);
    entry_until(client, &consumers[0], |entry| entry.is_none()).await;
    ours.close().await;
    assert_eq!(keys(client, PROVIDERS).await, [""; 0]);
    let error = Registry::subscribe(&ours, &ServiceKey::interface_only("x")).await.err().unwrap();
    assert_eq!(error.code(), Code::Unavailable);
}

#[tokio::test]
async fn the_lease_ends_with_the_last_handle() {
    let server = Server::start().await;
    let (ours, other) = (registry(&server, "session=60000"), registry(&server, ""));
    register(&ours, provider(1, &[])).await.unwrap();
    let names = keys(other.client(), PROVIDERS).await;
    drop(ours);
    entry_until(other.client(), &names[0], |entry| entry.is_none()).await;
}

#[tokio::test]
async fn registering_again_is_harmless_and_new_parameters_replace_the_old() {
    let server = Server::start().await;
    let ours = registry(&server, "");
    register(&ours, provider(1, &[("weight", "1")])).await.unwrap();
    let before = keys(ours.client(), PROVIDERS).await;
    register(&ours, provider(1, &[("weight", "1")])).await.unwrap();
    assert_eq!(keys(ours.client(), PROVIDERS).await, before);
    register(&ours, provider(1, &[("weight", "2")])).await.unwrap();
    entry_until(ours.client(), &before[0], |entry| entry.is_none()).await;
    let after = keys(ours.client(), PROVIDERS).await;
    assert!(after.len() == 1 && after[0].contains("weight%3D2"), "{after:?}");
}

#[tokio::test]
async fn a_static_provider_stays_and_a_registry_may_be_for_finding_alone() {
    let server = Server::start().await;
    let (ours, finding) = (registry(&server, ""), registry(&server, "register=false"));
    register(&finding, provider(1, &[])).await.unwrap();
    let mut seen = subscribe(&finding).await;
    until(&mut seen, Health::Fresh, &[]).await;
    assert_eq!(keys(finding.client(), "").await, [""; 0]);

    register(&ours, provider(2, &[("dynamic", "false")])).await.unwrap();
    ours.close().await;
    until(&mut seen, Health::Fresh, &[2]).await;
    let names = keys(finding.client(), PROVIDERS).await;
    let entry = finding.client().get(names[0].clone()).await.unwrap().unwrap();
    assert_eq!((names.len(), entry.lease), (1, 0));
}

#[tokio::test]
async fn instances_come_change_and_go() {
    let server = Server::start().await;
    let (ours, theirs) = (registry(&server, ""), registry(&server, ""));
    let mut seen = follow(&theirs).await;
    until_instances(&mut seen, Health::Fresh, &[]).await;
    join(&ours, instance(1, &[("dubbo.metadata.revision", "a")])).await.unwrap();
    let snapshot = until_instances(&mut seen, Health::Fresh, &[1]).await;
    assert_eq!(snapshot.instances, [instance(1, &[("dubbo.metadata.revision", "a")])]);
    let key = "/services/shop/127.0.0.1:1";
    let entry = theirs.client().get(key).await.unwrap().unwrap();
    assert_eq!(entry.lease, ours.client().lease().await.unwrap());
    assert_eq!(
        String::from_utf8(entry.value.to_vec()).unwrap(),
        r#"{"ID":"127.0.0.1:1","ServiceName":"shop","Host":"127.0.0.1","Port":1,"Weight":0,"Enable":true,"Healthy":true,"Metadata":{"dubbo.metadata.revision":"a"},"ServiceMetadata":null,"Address":"","GroupName":"","Tag":""}"#
    );
    // Its new metadata takes the place of the old; the instance is never away.
    join(&ours, instance(1, &[("dubbo.metadata.revision", "b")])).await.unwrap();
    let snapshot = until_instances(&mut seen, Health::Fresh, &[1]).await;
    assert_eq!(snapshot.instances[0].revision(), Some("b"));
    join(&ours, instance(2, &[])).await.unwrap();
    until_instances(&mut seen, Health::Fresh, &[1, 2]).await;
    assert_eq!(theirs.applications().await.unwrap(), ["shop"]);
    ServiceDiscovery::unregister(&ours, &instance(1, &[])).await.unwrap();
    until_instances(&mut seen, Health::Fresh, &[2]).await;
    ours.close().await;
    until_instances(&mut seen, Health::Fresh, &[]).await;
}

#[tokio::test]
async fn a_later_life_keeps_its_key_when_the_one_before_ends() {
    let server = Server::start().await;
    let (before, after) = (registry(&server, "session=60000"), registry(&server, ""));
    join(&before, instance(1, &[("life", "1")])).await.unwrap();
    join(&after, instance(1, &[("life", "2")])).await.unwrap();
    let owner = after.client().lease().await.unwrap();
    ServiceDiscovery::unregister(&before, &instance(1, &[])).await.unwrap();
    before.close().await;
    let entry = after.client().get("/services/shop/127.0.0.1:1").await.unwrap().unwrap();
    assert_eq!(entry.lease, owner);
}

#[tokio::test]
async fn a_backup_serves_when_the_first_server_does_not() {
    let (server, nobody) = (Server::start().await, Server::reserve());
    let url = format!("etcdv3://{}?backup={}", nobody.address(), server.address());
    for _ in 0..4 {
        let ours = Etcd::builder(&url, clock()).unwrap().build();
        register(&ours, provider(1, &[])).await.unwrap();
        ours.close().await;
    }
}

#[tokio::test]
async fn a_set_of_more_than_one_page_is_read_in_one_revision() {
    let server = Server::start().await;
    let ours = registry(&server, "register=false");
    ours.client().connected().await.unwrap();
    for n in 0..2_100_u16 {
        let name = format!(
            "{PROVIDERS}dubbo%3A%2F%2F127.0.0.1%3A{}%2Fdemo.Greet%3Fgroup%3Dg1%26version%3D1.2.3",
            n + 1
        );
        ours.client().put(name, "", 0).await.unwrap();
    }
    let all: Vec<u16> = (1..=2_100).collect();
    until(&mut subscribe(&ours).await, Health::Fresh, &all).await;
}
