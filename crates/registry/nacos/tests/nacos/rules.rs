//! Rules in the configurations where Java and dubbo-admin write them.

use std::fmt::Write as _;
use std::sync::Arc;

use dubhe_config::ConfigWatcher;
use dubhe_core::documents::DocumentKey;
use dubhe_testkit::rules::{RULES, write_change_and_remove};

use super::nacos;
use super::server::Server;
use super::support::clock;

/// The administrators' interface of configurations.
const CONFIG: &str = "/nacos/v3/admin/cs/config";

/// A value of a form.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        write!(out, "%{byte:02X}").unwrap();
        out
    })
}

pub(crate) async fn rules_of_all_kinds_reach_the_snapshot_live(server: &Server) {
    let ours = nacos(server, "");
    let config = ConfigWatcher::start(vec![Arc::new(ours.documents())], clock()).unwrap();
    let key = |group: &str, key: &str| DocumentKey::Config { group: group.into(), key: key.into() };
    let mut following = config.follow(RULES.map(|rule| key(rule.group, rule.key)));
    following.ready().await;
    // As Dubbo Java's `NacosDynamicConfiguration` does: the key is the data id.
    let write = async |group: &str, key: &str, text: Option<&str>| {
        let (group, id) = (encoded(group), encoded(key));
        let of = format!("namespaceId=public&groupName={group}&dataId={id}");
        let answer = match text {
            Some(text) => server.http("POST", CONFIG, &format!("{of}&content={}", encoded(text))),
            None => server.http("DELETE", &format!("{CONFIG}?{of}"), ""),
        };
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    };
    write_change_and_remove(write, |group, name| {
        let snapshot = config.snapshot();
        let effect = snapshot.document(&key(group, name))?.effect.as_ref()?;
        Some(effect.summary.to_string())
    })
    .await;
    ours.close().await;
}
