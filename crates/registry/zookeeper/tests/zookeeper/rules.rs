//! Rules in the nodes where Java and dubbo-admin write them.

use std::sync::Arc;

use dubhe_config::rule::condition::Conditions;
use dubhe_config::rule::urls::RouteUrl;
use dubhe_config::{ConfigWatcher, Keys};
use dubhe_core::ServiceKey;
use dubhe_core::documents::DocumentKey;
use dubhe_testkit::rules::{RULES, write_change_and_remove};
use dubhe_testkit::wait_until;
use dubhe_zookeeper::client::Error;

use super::server::Server;
use super::support::clock;
use super::{client, registry};

#[tokio::test]
async fn rules_of_all_kinds_reach_the_snapshot_live() {
    let server = Server::start().await;
    let peer = client(&server, None).await;
    let documents = registry(&server, "").documents();
    let config = ConfigWatcher::start(vec![Arc::new(documents)], clock()).unwrap();
    let key = |group: &str, key: &str| DocumentKey::Config { group: group.into(), key: key.into() };
    let mut following = config.follow(RULES.map(|rule| key(rule.group, rule.key)));
    following.ready().await;
    // As Dubbo Java's `ZookeeperDynamicConfiguration` does.
    let write = async |group: &str, key: &str, text: Option<&str>| {
        let path = format!("/dubbo/config/{group}/{key}");
        let Some(text) = text else { return peer.delete(&path).await.unwrap() };
        match peer.create_with_parents(&path, text.as_bytes()).await {
            Err(Error::NodeExists) => drop(peer.set(&path, text.as_bytes()).await.unwrap()),
            made => made.unwrap(),
        }
    };
    write_change_and_remove(write, |group, name| {
        let snapshot = config.snapshot();
        let effect = snapshot.document(&key(group, name))?.effect.as_ref()?;
        Some(effect.summary.to_string())
    })
    .await;
}

#[tokio::test]
async fn rules_of_dubbo_2_6_reach_the_snapshot_live() {
    let server = Server::start().await;
    let peer = client(&server, None).await;
    let documents = registry(&server, "").documents();
    let config = ConfigWatcher::start(vec![Arc::new(documents)], clock()).unwrap();
    let service = ServiceKey::new("org.example.Users", "", "1.0.0");
    let mut following = config.follow(Keys::consumed(&service));
    following.ready().await;
    let seen = || {
        let snapshot = config.snapshot();
        (snapshot.override_urls(&service).len(), snapshot.route_urls(&service).len())
    };
    assert_eq!(seen(), (0, 0));
    // The names that the registry of Dubbo Java gives to what a console registers.
    let nodes = [
        (
            "configurators",
            "override%3A%2F%2F0.0.0.0%2Forg.example.Users%3Fcategory%3Dconfigurators%26dynamic%3Dfalse\
             %26enabled%3Dtrue%26timeout%3D3000%26version%3D1.0.0",
        ),
        (
            "configurators",
            "override%3A%2F%2F10.0.0.1%3A20880%2Forg.example.Users%3Fcategory%3Dconfigurators\
             %26version%3D2.0.0%26weight%3D50",
        ),
        (
            "routers",
            "condition%3A%2F%2F0.0.0.0%2Forg.example.Users%3Fcategory%3Drouters%26dynamic%3Dfalse\
             %26enabled%3Dtrue%26force%3Dtrue%26name%3Dblack%26priority%3D1%26router%3Dcondition\
             %26rule%3Dmethod%253DgetUser%2B%253D%253E%2Bhost%253D10.0.0.1%26runtime%3Dfalse\
             %26version%3D1.0.0",
        ),
    ];
    for ((category, name), expected) in nodes.into_iter().zip([(1, 0), (1, 0), (1, 1)]) {
        let path = format!("/dubbo/org.example.Users/{category}/{name}");
        peer.create_with_parents(&path, b"").await.unwrap();
        wait_until("the URL is seen", || seen() == expected).await;
    }
    let snapshot = config.snapshot();
    assert_eq!(snapshot.override_urls(&service)[0].param("timeout"), Some("3000"));
    let RouteUrl::Condition(route) = &snapshot.route_urls(&service)[0] else {
        panic!("{snapshot:?}")
    };
    let Conditions::Single(conditions) = &route.conditions else { panic!("{route:?}") };
    assert_eq!(conditions[0].text, "method=getUser => host=10.0.0.1");
    for ((category, name), expected) in nodes.into_iter().zip([(0, 1), (0, 1), (0, 0)]) {
        peer.delete(&format!("/dubbo/org.example.Users/{category}/{name}")).await.unwrap();
        wait_until("the URL is gone", || seen() == expected).await;
    }
}
