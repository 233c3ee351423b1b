//! Announcing, following, chroot, credentials.

use dubhe_core::registry::{Health, Registry};
use dubhe_core::{Code, ServiceKey};
use dubhe_zookeeper::ZooKeeper;
use dubhe_zookeeper::client::Error;
use futures_util::StreamExt;

use super::server::Server;
use super::support::clock;
use super::{PROVIDERS, client, provider, registry, stat_until, subscribe, until};

#[tokio::test]
async fn providers_come_and_go_in_the_tree_of_java() {
    let server = Server::start().await;
    let (ours, theirs) = (registry(&server, ""), registry(&server, ""));
    let mut seen = subscribe(&theirs).await;
    assert_eq!(until(&mut seen, Health::Fresh, &[]).await.providers, []);
    ours.register(provider(1, &[("timestamp", "7"), ("methods", "hi")])).await.unwrap();
    ours.register(provider(2, &[])).await.unwrap();
    let both = until(&mut seen, Health::Fresh, &[1, 2]).await;
    let first = both.providers.iter().find(|p| p.offer.port == 1).unwrap();
    assert_eq!(first.instance.application, "shop");
    let param = |name| first.params.get(name).unwrap();
    assert_eq!(
        ["methods", "dubbo", "side", "dynamic", "revision", "timestamp"].map(param),
        ["hi", "2.0.2", "provider", "true", "1.2.3", "7"]
    );

    let client = client(&server, None).await;
    let (mut categories, _) = client.children("/dubbo/demo.Greet").await.unwrap();
    categories.sort();
    assert_eq!(categories, ["configurators", "consumers", "providers", "routers"]);
    let (names, _) = client.children(PROVIDERS).await.unwrap();
    let owner = ours.client().connected().await.unwrap().id();
    for name in &names {
        assert!(name.starts_with("dubbo%3A%2F%2F127.0.0.1%3A"), "{name}");
        let stat = client.stat(&format!("{PROVIDERS}/{name}")).await.unwrap().unwrap();
        assert_eq!(stat.ephemeral_owner, owner);
    }
    let (consumers, _) = client.children("/dubbo/demo.Greet/consumers").await.unwrap();
    assert_eq!(consumers.len(), 1);
    assert!(
        consumers[0].starts_with("consumer%3A%2F%2F127.0.0.1%2Fdemo.Greet%3Fapplication%3Dtests")
    );

    ours.unregister(&provider(2, &[])).await.unwrap();
    until(&mut seen, Health::Fresh, &[1]).await;
    drop(seen);
    let consumer = format!("/dubbo/demo.Greet/consumers/{}", consumers[0]);
    stat_until(&client, &consumer, |stat| stat.is_none()).await;
    ours.close().await;
    assert_eq!(client.children(PROVIDERS).await.unwrap().0, [""; 0]);
    let error = ours.subscribe(&ServiceKey::interface_only("x")).await.err().unwrap();
    assert_eq!(error.code(), Code::Unavailable);
}

#[tokio::test]
async fn the_session_ends_with_the_last_handle() {
    let server = Server::start().await;
    let ours = registry(&server, "");
    ours.register(provider(1, &[])).await.unwrap();
    let client = client(&server, None).await;
    let (names, gone) = client.children(PROVIDERS).await.unwrap();
    assert_eq!(names.len(), 1);
    drop(ours);
    gone.await;
    assert_eq!(client.children(PROVIDERS).await.unwrap().0, [""; 0]);
}

#[tokio::test]
async fn registering_again_is_harmless_and_new_parameters_replace_the_old() {
    let server = Server::start().await;
    let (ours, client) = (registry(&server, ""), client(&server, None).await);
    ours.register(provider(1, &[("weight", "1")])).await.unwrap();
    let (before, _) = client.children(PROVIDERS).await.unwrap();
    ours.register(provider(1, &[("weight", "1")])).await.unwrap();
    assert_eq!(client.children(PROVIDERS).await.unwrap().0, before);
    ours.register(provider(1, &[("weight", "2")])).await.unwrap();
    stat_until(&client, &format!("{PROVIDERS}/{}", before[0]), |stat| stat.is_none()).await;
    let (after, _) = client.children(PROVIDERS).await.unwrap();
    assert!(after.len() == 1 && after[0].contains("weight%3D2"), "{after:?}");
}

#[tokio::test]
async fn a_static_provider_stays_when_its_session_ends() {
    let server = Server::start().await;
    let (ours, client) = (registry(&server, ""), client(&server, None).await);
    ours.register(provider(1, &[("dynamic", "false")])).await.unwrap();
    ours.close().await;
    let (names, _) = client.children(PROVIDERS).await.unwrap();
    assert_eq!(names.len(), 1);
    let stat = client.stat(&format!("{PROVIDERS}/{}", names[0])).await.unwrap().unwrap();
    assert_eq!(stat.ephemeral_owner, 0);
}

#[tokio::test]
async fn the_url_of_a_registry_may_make_all_providers_static() {
    let server = Server::start().await;
    let (ours, client) = (registry(&server, "dynamic=false"), client(&server, None).await);
    ours.register(provider(1, &[])).await.unwrap();
    ours.register(provider(2, &[("dynamic", "true")])).await.unwrap();
    ours.close().await;
    let (names, _) = client.children(PROVIDERS).await.unwrap();
    assert!(names.len() == 1 && names[0].contains("dynamic%3Dfalse"), "{names:?}");
}

#[tokio::test]
async fn a_registry_may_be_for_finding_alone() {
    let server = Server::start().await;
    let (ours, client) = (registry(&server, "register=false"), client(&server, None).await);
    ours.register(provider(1, &[])).await.unwrap();
    let mut seen = subscribe(&ours).await;
    until(&mut seen, Health::Fresh, &[]).await;
    ours.unregister(&provider(1, &[])).await.unwrap();
    assert_eq!(client.stat("/dubbo").await.unwrap(), None);

    let other = registry(&server, "");
    other.register(provider(2, &[])).await.unwrap();
    until(&mut seen, Health::Fresh, &[2]).await;
    other.unregister(&provider(2, &[])).await.unwrap();
    until(&mut seen, Health::Fresh, &[]).await;
    assert_eq!(client.children("/dubbo/demo.Greet").await.unwrap().0, ["providers"]);
}

#[tokio::test]
async fn a_chroot_and_credentials_keep_others_out() {
    let server = Server::start().await;
    let parameters = "group=/fleet/east&username=me&password=secret";
    let ours = registry(&server, parameters);
    ours.register(provider(1, &[])).await.unwrap();
    let root = "/fleet/east/demo.Greet/providers";

    let stranger = client(&server, None).await;
    assert_eq!(stranger.children(root).await.unwrap_err(), Error::NoAuth);
    let wrong = registry(&server, "group=/fleet/east&username=me&password=wrong");
    let refused = wrong.register(provider(2, &[])).await.unwrap_err();
    assert!(refused.message().contains("check username and password"), "{refused}");

    let friend = registry(&server, parameters);
    until(&mut subscribe(&friend).await, Health::Fresh, &[1]).await;
    let mut elsewhere = subscribe(&registry(&server, "")).await;
    assert_eq!(elsewhere.next().await.unwrap().providers, []);
}

#[tokio::test]
async fn a_backup_serves_when_the_first_server_does_not() {
    let (server, nobody) = (Server::start().await, Server::reserve());
    let url = format!("zookeeper://{}?backup={}", nobody.address(), server.address());
    for _ in 0..4 {
        let ours = ZooKeeper::builder(&url, clock()).unwrap().build();
        ours.register(provider(1, &[])).await.unwrap();
        ours.close().await;
    }
}
