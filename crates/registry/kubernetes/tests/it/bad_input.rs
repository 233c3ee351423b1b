//! Answers that no API server should give.

use dubhe_core::random::{RandomSource as _, SplitMix};
use dubhe_core::registry::Health;
use dubhe_registry::application::ServiceDiscovery as _;
use futures_util::StreamExt as _;
use serde_json::json;

use crate::following::{LISTED, lines, subscribe};
use crate::replay::{Answer, End, Part, Replay};
use crate::support::{Exchange, addresses, recorded, until, until_fresh};

const SLICES: &str = "endpointslices";

/// A list of these objects.
fn list(items: serde_json::Value) -> Exchange {
    let lines = vec![json!({"metadata": {"resourceVersion": "7"}, "items": items})];
    Exchange { target: String::new(), metadata_only: false, status: 200, lines }
}

/// The first recorded slice, changed.
fn slice(change: impl FnOnce(&mut serde_json::Value)) -> serde_json::Value {
    let mut slice = recorded("pages")[0].lines[0]["items"][0].clone();
    change(&mut slice);
    slice
}

#[tokio::test]
async fn an_object_that_cannot_be_read_harms_no_other() {
    let items = json!([
        slice(|_| {}),
        slice(|of| {
            of["metadata"]["name"] = "shop-wrong".into();
            of["endpoints"] = "none".into();
        }),
        {"metadata": 5},
        7,
        slice(|of| {
            of["metadata"]["name"] = "shop-names".into();
            of["addressType"] = "FQDN".into();
        }),
        slice(|of| {
            of["metadata"]["name"] = "shop-ports".into();
            of["ports"] = json!([{"name": "a", "port": 1}, {"name": "b", "port": 2}]);
        }),
        slice(|of| {
            of["metadata"]["name"] = "shop-null".into();
            of["endpoints"] = json!(null);
            of["ports"] = json!(null);
        }),
    ]);
    let replay = Replay::start(vec![Answer::list(SLICES, &list(items))]).await;
    let (_registry, mut snapshots) = subscribe(&replay).await;
    let snapshot = until_fresh(&mut snapshots, &LISTED[..1]).await;
    let why: Vec<_> = snapshot.excluded.iter().map(|of| (&*of.instance, &*of.why)).collect();
    assert_eq!(why.len(), 3, "{why:?}");
    for (name, part) in [
        ("shop-wrong", "cannot be read"),
        ("shop-names", "FQDN"),
        ("shop-ports", "several ports, of which none is named after a protocol (a, b)"),
    ] {
        assert!(why.iter().any(|(of, why)| *of == name && why.contains(part)), "{name}: {why:?}");
    }
}

#[tokio::test]
async fn a_line_that_is_no_json_costs_the_watch_alone() {
    let lines = lines();
    for garbage in [&b"{\"type\":\n"[..], b"\xff\xfe\n", b"<html>\n", b"[]]\n"] {
        let mut answers: Vec<_> =
            recorded("pages").iter().map(|page| Answer::list(SLICES, page)).collect();
        let parts = vec![Part::Bytes(lines[0].clone()), Part::Bytes(garbage.to_vec())];
        answers.push(Answer::bytes(SLICES, parts).end(End::Never));
        answers.push(Answer::bytes(SLICES, vec![Part::Bytes(lines[1..].concat())]).end(End::Never));
        let replay = Replay::start(answers).await;
        let (_registry, mut snapshots) = subscribe(&replay).await;
        until(&mut snapshots, "after the garbage", |now| {
            addresses(now).contains(&"10.1.0.6:50051".to_owned()) && now.health == Health::Fresh
        })
        .await;
    }
}

#[tokio::test]
async fn watches_that_break_again_and_again_end_in_a_new_list() {
    let page = |at: usize| {
        let mut page = recorded("pages").remove(at);
        page.lines[0]["metadata"]["continue"] = "".into();
        page
    };
    let mut answers = vec![Answer::list(SLICES, &page(0))];
    for _ in 0..3 {
        answers.push(Answer::bytes(SLICES, vec![Part::Bytes(b"garbage\n".to_vec())]));
    }
    answers.push(Answer::list(SLICES, &page(1)));
    let replay = Replay::start(answers).await;
    let (_registry, mut snapshots) = subscribe(&replay).await;
    until_fresh(&mut snapshots, &LISTED[2..4]).await;
}

#[tokio::test]
async fn a_version_that_the_server_refuses_ends_in_a_new_list() {
    let page = |at: usize| {
        let mut page = recorded("pages").remove(at);
        page.lines[0]["metadata"]["continue"] = "".into();
        page
    };
    let mut answers = vec![Answer::list(SLICES, &page(0))];
    for _ in 0..3 {
        let too_large = "Too large resource version: 9000, current: 7";
        answers.push(Answer::bytes(SLICES, Vec::new()).status(504, too_large));
    }
    answers.push(Answer::list(SLICES, &page(1)));
    let replay = Replay::start(answers).await;
    let (_registry, mut snapshots) = subscribe(&replay).await;
    until_fresh(&mut snapshots, &LISTED[2..4]).await;
}

#[tokio::test]
async fn history_that_is_always_gone_is_a_failure() {
    let gone = recorded("gone");
    let mut answers = Vec::new();
    for at in 0..3 {
        let mut page = recorded("pages").remove(0);
        page.lines[0]["metadata"]["continue"] = "".into();
        answers.push(Answer::list(SLICES, &page));
        answers.push(Answer::watch(SLICES, &gone[at % 2]));
    }
    let replay = Replay::start(answers).await;
    let (registry, mut snapshots) = subscribe(&replay).await;
    until_fresh(&mut snapshots, &LISTED[..2]).await;
    // The first is what servers do; the second tells that it goes on so.
    until(&mut snapshots, "that is stale", |now| now.health == Health::Stale).await;
    until_fresh(&mut snapshots, &[]).await;
    assert!(registry.failure("shop").is_some_and(|why| why.message().contains("no Service")));
}

#[tokio::test]
async fn events_of_unknown_types_and_shapes_are_passed_over() {
    let events = [
        json!({"type": "RENAMED", "object": slice(|_| {})}),
        json!({"type": "ADDED", "object": null}),
        json!({"type": "DELETED"}),
        json!({"type": 5, "object": {"metadata": {"name": "x"}}}),
        json!([]),
        json!({"type": "ADDED", "object": slice(|of| {
            of["metadata"]["name"] = "shop-9".into();
            of["endpoints"] = json!([{"addresses": ["10.1.0.9"]}, {"addresses": []}, {"addresses": null}]);
        })}),
    ];
    let lines: Vec<_> = events.iter().map(ToString::to_string).collect();
    let bytes = lines.join("\n") + "\n";
    let answers = vec![
        Answer::list(SLICES, &list(json!([]))),
        Answer::bytes(SLICES, vec![Part::Bytes(bytes.into())]).end(End::Never),
    ];
    let replay = Replay::start(answers).await;
    let (_registry, mut snapshots) = subscribe(&replay).await;
    let snapshot = until_fresh(&mut snapshots, &["10.1.0.9:50051"]).await;
    // Conditions that are not known are those of an endpoint that is ready.
    assert!(snapshot.instances[0].instance.is_available());
    assert_eq!(snapshot.excluded.len(), 2);
}

#[tokio::test]
async fn an_annotation_that_is_no_json_excludes_its_pod() {
    let mut pods = recorded("pods").remove(0);
    for (at, text) in [(0, "{"), (1, "[]"), (2, r#"{"a":1,"b":null,"c":"d"}"#)] {
        pods.lines[0]["items"][at]["metadata"]["annotations"] = json!({"io.dubbo/metadata": text});
    }
    let mut answers: Vec<_> =
        recorded("pages").iter().map(|page| Answer::list(SLICES, page)).collect();
    answers.push(Answer::list("pods", &pods));
    let replay = Replay::start(answers).await;
    let (_registry, mut snapshots) = subscribe(&replay).await;
    let snapshot = until_fresh(&mut snapshots, &LISTED[2..]).await;
    let params: Vec<_> =
        snapshot.instances[0].instance.params.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(params, ["a=1", "c=d"]);
    let why: Vec<_> = snapshot.excluded.iter().map(|of| (&*of.instance, &*of.why)).collect();
    assert_eq!((why.len(), why[0].0), (2, "10.1.0.1:50051"));
    assert!(why[0].1.contains("io.dubbo/metadata"), "{why:?}");
}

#[tokio::test]
async fn what_is_no_api_server_is_said() {
    for (status, text, part) in [
        (200, "<html>hello</html>", "no JSON"),
        (200, "{}", "is this the API server of Kubernetes?"),
        (500, "\u{1b}[31mred", "500"),
        (302, "", "302"),
    ] {
        let answers =
            (0..50).map(|_| Answer::list("services", &list(json!([]))).status(status, text));
        let replay = Replay::start(answers.collect()).await;
        let (registry, mut snapshots) = subscribe(&replay).await;
        assert_eq!(snapshots.next().await.unwrap().health, Health::Stale);
        let failure = registry.failure("shop").unwrap();
        assert!(failure.message().contains(part), "{status} {text}: {failure}");
        assert!(!failure.message().contains('\u{1b}'), "{failure}");
    }
}

#[tokio::test]
async fn bytes_that_were_changed_on_the_way_do_no_lasting_harm() {
    let (random, bytes) = (SplitMix::new(7), lines().concat());
    let below = |n: usize| usize::try_from(random.below(u64::try_from(n).unwrap())).unwrap();
    for _ in 0..40 {
        let mut changed = bytes.clone();
        for _ in 0..=below(3) {
            let at = below(changed.len());
            changed[at] = u8::try_from(below(256)).unwrap();
        }
        changed.truncate(bytes.len() - below(3) * below(bytes.len() / 2));
        let mut answers: Vec<_> =
            recorded("pages").iter().map(|page| Answer::list(SLICES, page)).collect();
        answers.push(Answer::bytes(SLICES, vec![Part::Bytes(changed)]));
        answers.push(Answer::watch(SLICES, &recorded("gone")[1]));
        let mut page = recorded("pages").remove(1);
        page.lines[0]["metadata"]["continue"] = "".into();
        answers.push(Answer::list(SLICES, &page));
        let replay = Replay::start(answers).await;
        let (_registry, mut snapshots) = subscribe(&replay).await;
        until_fresh(&mut snapshots, &LISTED[2..4]).await;
    }
}
