//! Rules in the nodes where Java and dubbo-admin write them.

use std::sync::Arc;

use dubhe_config::ConfigWatcher;
use dubhe_core::documents::DocumentKey;
use dubhe_testkit::rules::{RULES, write_change_and_remove};
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
