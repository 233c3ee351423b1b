//! The answers that `tests/it` replays: what the API server says of a namespace.
//!
//! With the environment variable `DUBHE_RECORD` they are written; else they are compared with what the
//! server says, so that a new release of Kubernetes which says something else is noticed.

use std::fmt::Write as _;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::server::{SLICES, Server, endpoint};
use crate::support::{Exchange, recorded, recording};

struct Recorder<'a> {
    server: &'a Server,
    client: kube::Client,
    exchanges: Vec<Exchange>,
}

impl Recorder<'_> {
    /// Records an answer; that to a watch takes until it ends.
    async fn get(&mut self, target: &str, metadata_only: bool) -> Vec<Value> {
        let accept = match (metadata_only, target.contains("watch=true")) {
            (false, _) => "application/json",
            (true, false) => "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
            (true, true) => "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
        };
        let (status, text) =
            self.server.ask_for(&self.client, Method::GET, target, accept, None).await;
        let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| line.into());
        let lines: Vec<Value> = text.lines().map(line).collect();
        let target = target.to_owned();
        self.exchanges.push(Exchange { target, metadata_only, status, lines: lines.clone() });
        lines
    }

    /// Writes what was recorded, or compares it.
    fn finish(&mut self, name: &str) {
        let now = std::mem::take(&mut self.exchanges);
        if std::env::var_os("DUBHE_RECORD").is_some() {
            let text = now.iter().fold(String::new(), |mut text, exchange| {
                writeln!(text, "{}", serde_json::to_string(exchange).unwrap()).unwrap();
                text
            });
            std::fs::write(recording(name), text).unwrap();
        }
        let shape = |exchanges: &[Exchange]| {
            let of = |exchange: &Exchange| {
                // Versions and tokens differ.
                let target = exchange.target.split("Version=").next().unwrap();
                let target = target.split("continue=").next().unwrap().to_owned();
                let mut lines: Vec<_> = exchange.lines.iter().map(shape).collect();
                // Bookmarks come as often as the server likes.
                lines.dedup();
                (target, exchange.status, lines)
            };
            exchanges.iter().map(of).collect::<Vec<_>>()
        };
        assert_eq!(shape(&now), shape(&recorded(name)), "{name}");
    }
}

/// A value without what differs each time: times, versions, identities, managers of fields.
fn shape(value: &Value) -> Value {
    const DIFFERENT: [&str; 7] = [
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "resourceVersion",
        "continue",
        "managedFields",
        "message",
    ];
    match value {
        Value::Object(all) => {
            let kept = all.iter().filter(|(name, _)| !DIFFERENT.contains(&&***name));
            Value::Object(kept.map(|(name, value)| (name.clone(), shape(value))).collect())
        }
        Value::Array(all) => all.iter().map(shape).collect(),
        other => other.clone(),
    }
}

fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of["metadata"][name].as_str().unwrap()
}

#[tokio::test]
async fn the_server_says_what_was_recorded() {
    let server = Server::start().await;
    let client = server.client("admin").await;
    let mut recorder = Recorder { server: &server, client, exchanges: Vec::new() };
    server.service("shop").await;
    let pods = "/api/v1/namespaces/shop/pods";
    for at in 1..=5 {
        let pod = format!("shop-{at}");
        server.pod(&pod, "5c", json!({})).await;
        server.slice(&format!("shop-{at}"), &[endpoint(&format!("10.1.0.{at}"), &pod)]).await;
    }

    // A list in pages, and one whose token is gone.
    let first = recorder.get(&format!("{SLICES}?limit=2"), false).await;
    let from = text(&first[0], "resourceVersion").to_owned();
    let token = text(&first[0], "continue").to_owned();
    let second = recorder.get(&format!("{SLICES}?limit=2&continue={token}"), false).await;
    let last = text(&second[0], "continue").to_owned();
    recorder.get(&format!("{SLICES}?limit=2&continue={last}"), false).await;
    recorder.finish("pages");

    // A watch: a change, a new one, one that goes, and a bookmark at its end.
    let mut leaving = endpoint("10.1.0.1", "shop-1");
    leaving["conditions"] = json!({"ready": false, "serving": true, "terminating": true});
    server.slice("shop-1", &[leaving]).await;
    server.slice("shop-6", &[endpoint("10.1.0.6", "shop-6")]).await;
    server.delete(&format!("{SLICES}/shop-2")).await;
    let watch = format!(
        "{SLICES}?watch=true&allowWatchBookmarks=true&timeoutSeconds=9&resourceVersion={from}"
    );
    // A bookmark tells of progress elsewhere, which a list makes the server look for.
    let watching = recorder.get(&watch, false);
    let meanwhile = async {
        server.pod("stock-1", "88", json!({})).await;
        loop {
            server.ask(Method::GET, SLICES, None).await;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    tokio::select! {
        _ = watching => {}
        () = meanwhile => {}
    }
    server.delete(&format!("{pods}/stock-1?gracePeriodSeconds=0")).await;
    recorder.finish("watch");

    // Pods, of which labels and annotations are asked for.
    let list = recorder.get(pods, true).await;
    let at = text(&list[0], "resourceVersion").to_owned();
    let annotation = r#"{"dubbo.metadata.revision":"1a","dubbo.endpoints":"[{\"port\":50051,\"protocol\":\"tri\"}]"}"#;
    let change =
        json!({"metadata": {"name": "shop-3", "annotations": {"io.dubbo/metadata": annotation}}});
    server.ask(Method::PATCH, &format!("{pods}/shop-3"), Some(change)).await;
    server.delete(&format!("{pods}/shop-4?gracePeriodSeconds=0")).await;
    let watch =
        format!("{pods}?watch=true&allowWatchBookmarks=true&timeoutSeconds=3&resourceVersion={at}");
    recorder.get(&watch, true).await;
    recorder.finish("pods");

    // History that is gone, for a watch and for a page.
    server.run("compact");
    server.run("server-restart");
    recorder.get(&format!("{SLICES}?limit=2&continue={token}"), false).await;
    let watch = format!("{SLICES}?watch=true&timeoutSeconds=3&resourceVersion=2");
    recorder.get(&watch, false).await;
    recorder.finish("gone");

    // Who may not, and what is not there.
    recorder.client = server.client("nobody").await;
    recorder.get(SLICES, false).await;
    recorder.client = server.client("admin").await;
    let imports = "/apis/multicluster.x-k8s.io/v1alpha1/namespaces/shop/serviceimports";
    recorder.get(imports, false).await;
    recorder.finish("refused");
}
