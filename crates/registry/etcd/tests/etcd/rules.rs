//! Rules at the keys where dubbo-go and Java's extension write them.

use std::sync::Arc;

use dubhe_config::ConfigWatcher;
use dubhe_core::documents::DocumentKey;
use dubhe_testkit::rules::{RULES, write_change_and_remove};

use super::registry;
use super::server::Server;
use super::support::clock;

#[tokio::test]
async fn rules_of_all_kinds_reach_the_snapshot_live() {
    let server = Server::start().await;
    let (ours, other) = (registry(&server, ""), registry(&server, ""));
    other.client().connected().await.unwrap();
    let config = ConfigWatcher::start(vec![Arc::new(ours)], clock()).unwrap();
    let key = |group: &str, key: &str| DocumentKey::Config { group: group.into(), key: key.into() };
    let mut following = config.follow(RULES.map(|rule| key(rule.group, rule.key)));
    following.ready().await;
    let write = async |group: &str, key: &str, text: Option<&str>| {
        let key = format!("/dubbo/config/{group}/{key}");
        match text {
            Some(text) => other.client().put(key, text.to_owned(), 0).await.unwrap(),
            None => assert!(other.client().delete(key).await.unwrap()),
        }
    };
    write_change_and_remove(write, |group, name| {
        let snapshot = config.snapshot();
        let effect = snapshot.document(&key(group, name))?.effect.as_ref()?;
        Some(effect.summary.to_string())
    })
    .await;
}
