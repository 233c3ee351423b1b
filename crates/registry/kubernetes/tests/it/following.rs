//! Lists, watches, and what ends them.

use dubhe_core::Code;
use dubhe_core::registry::Health;
use dubhe_core::time::{Duration, SystemTime};
use dubhe_kubernetes::Kubernetes;
use dubhe_registry::application::{InstanceSnapshots, ServiceDiscovery as _};
use dubhe_testkit::proxy::{Faults, Proxy};
use futures_util::StreamExt as _;
use serde_json::json;

use crate::replay::{Answer, End, Part, Replay};
use crate::support::{Exchange, addresses, clock, recorded, until, until_fresh};

pub(crate) const SLICES: &str = "endpointslices";

/// The recorded pages of a list of five slices.
pub(crate) fn pages() -> Vec<Answer> {
    recorded("pages").iter().map(|page| Answer::list(SLICES, page)).collect()
}

/// The recorded watch: a change, a new one, one that goes, a bookmark.
fn watched() -> Exchange {
    recorded("watch").remove(0)
}

/// The lines of the recorded watch, each as it is sent.
pub(crate) fn lines() -> Vec<Vec<u8>> {
    watched().lines.iter().map(|line| format!("{line}\n").into_bytes()).collect()
}

pub(crate) async fn subscribe(replay: &Replay) -> (Kubernetes, InstanceSnapshots) {
    let registry = Kubernetes::builder(&replay.url(""), clock()).unwrap().build().unwrap();
    let snapshots = registry.subscribe("shop").await.unwrap();
    (registry, snapshots)
}

pub(crate) const LISTED: [&str; 5] =
    ["10.1.0.1:50051", "10.1.0.2:50051", "10.1.0.3:50051", "10.1.0.4:50051", "10.1.0.5:50051"];
const WATCHED: [&str; 5] =
    ["10.1.0.1:50051", "10.1.0.3:50051", "10.1.0.4:50051", "10.1.0.5:50051", "10.1.0.6:50051"];

#[tokio::test]
async fn pages_are_one_list_and_a_bookmark_is_where_to_go_on() {
    let mut answers = pages();
    answers.push(Answer::watch(SLICES, &watched()));
    let replay = Replay::start(answers).await;
    let (_registry, mut snapshots) = subscribe(&replay).await;
    let snapshot = until_fresh(&mut snapshots, &WATCHED).await;
    let first = &snapshot.instances[0].instance;
    assert!(first.terminating && !first.ready && first.serving);
    assert_eq!(first.zone.as_deref(), Some("north-a"));

    let version = |at: usize, name: &str| {
        let of = &watched().lines[at];
        of["object"]["metadata"][name].as_str().unwrap().to_owned()
    };
    let last = watched().lines.len() - 1;
    assert_eq!(watched().lines[last]["type"], "BOOKMARK");
    let again = format!("resourceVersion={}&", version(last, "resourceVersion"));
    // The watch begins where the list was, in whose pages the token comes back whole.
    let from =
        recorded("pages")[0].lines[0]["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    let requests = loop {
        let requests = replay.requests(SLICES);
        if requests.len() >= 5 {
            break requests;
        }
        tokio::task::yield_now().await;
    };
    assert!(requests[0].ends_with("?limit=500"), "{}", requests[0]);
    for (request, page) in requests[1..3].iter().zip(recorded("pages")) {
        let token = page.lines[0]["metadata"]["continue"].as_str().unwrap().replace('=', "%3D");
        assert!(request.ends_with(&format!("&continue={token}")), "{request}");
    }
    assert!(requests[3].contains(&format!("resourceVersion={from}&")), "{}", requests[3]);
    assert!(requests[3].contains("allowWatchBookmarks=true"), "{}", requests[3]);
    assert!(requests[4].contains(&again), "{}", requests[4]);
}

#[tokio::test]
async fn a_watch_that_is_cut_goes_on_where_it_was() {
    let (lines, mut answers) = (lines(), pages());
    // Within the second line: the first is known, and is not sent again.
    let half = lines[1][..lines[1].len() / 2].to_vec();
    answers.push(
        Answer::bytes(SLICES, vec![Part::Bytes(lines[0].clone()), Part::Bytes(half)]).end(End::Cut),
    );
    let rest = lines[1..].concat();
    answers.push(Answer::bytes(SLICES, vec![Part::Bytes(rest)]).end(End::Never));
    let replay = Replay::start(answers).await;
    let (registry, mut snapshots) = subscribe(&replay).await;
    until_fresh(&mut snapshots, &WATCHED).await;
    let at =
        watched().lines[0]["object"]["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    let requests = replay.requests(SLICES);
    assert!(requests[4].contains(&format!("resourceVersion={at}&")), "{}", requests[4]);
    assert_eq!(requests.len(), 5, "no new list");
    drop((registry, snapshots));
}

#[tokio::test]
async fn a_server_that_is_gone_without_a_word_is_noticed() {
    let mut answers = pages();
    answers.push(Answer::bytes(SLICES, Vec::new()).end(End::Never));
    // Requests of the outage come late, and take answers that nobody reads.
    let rest = || Answer::bytes(SLICES, vec![Part::Bytes(lines().concat())]).end(End::Never);
    answers.extend(std::iter::repeat_with(rest).take(64));
    let replay = Replay::start(answers).await;
    let proxy = Proxy::start(replay.address(), Faults::none()).await.unwrap();
    let url = format!(
        "kubernetes://{}/?useHttps=false&namespace=shop&watchReconnectInterval=20&requestTimeout=2000",
        proxy.addr()
    );
    let registry = Kubernetes::builder(&url, clock()).unwrap().build().unwrap();
    let mut snapshots = registry.subscribe("shop").await.unwrap();
    until_fresh(&mut snapshots, &LISTED).await;
    proxy.hold();
    let stale = until(&mut snapshots, "that is stale", |now| now.health == Health::Stale).await;
    assert_eq!(addresses(&stale), LISTED);
    let failure = registry.failure("shop").unwrap();
    assert_eq!(failure.code(), Code::Unavailable, "{failure}");
    proxy.release();
    until_fresh(&mut snapshots, &WATCHED).await;
}

#[tokio::test]
async fn pieces_may_come_as_slowly_as_they_like() {
    let (bytes, mut answers) = (lines().concat(), pages());
    // A byte at a time around the end of the first line.
    let cut = lines()[0].len();
    let mut parts = vec![Part::Bytes(bytes[..cut - 2].to_vec())];
    for byte in &bytes[cut - 2..cut + 2] {
        parts.extend([Part::Wait, Part::Bytes(vec![*byte])]);
    }
    parts.extend([Part::Wait, Part::Bytes(bytes[cut + 2..].to_vec())]);
    answers.push(Answer::bytes(SLICES, parts).end(End::Never));
    let replay = Replay::start(answers).await;
    let (_registry, mut snapshots) = subscribe(&replay).await;
    until_fresh(&mut snapshots, &LISTED).await;
    for _ in 0..2 {
        replay.step();
    }
    until(&mut snapshots, "after the first line", |now| now.instances[0].instance.terminating)
        .await;
    for _ in 0..3 {
        replay.step();
    }
    until_fresh(&mut snapshots, &WATCHED).await;
}

#[tokio::test]
async fn history_that_is_gone_is_listed_anew() {
    let gone = recorded("gone");
    assert_eq!((gone[0].status, &gone[1].lines[0]["object"]["code"]), (410, &410.into()));
    // In the midst of a watch, at its beginning, and in the midst of the pages.
    for answers in [vec![Answer::watch(SLICES, &gone[1])], vec![Answer::watch(SLICES, &gone[0])]] {
        let mut all = pages();
        all.extend(answers);
        let mut page = recorded("pages").remove(0);
        page.lines[0]["metadata"]["continue"] = "".into();
        all.push(Answer::list(SLICES, &page));
        let replay = Replay::start(all).await;
        let (_registry, mut snapshots) = subscribe(&replay).await;
        until_fresh(&mut snapshots, &LISTED[..2]).await;
    }
    let mut answers = pages();
    answers.truncate(1);
    answers.push(Answer::list(SLICES, &gone[0]));
    let mut whole = recorded("pages").remove(1);
    whole.lines[0]["metadata"]["continue"] = "".into();
    answers.push(Answer::list(SLICES, &whole));
    let replay = Replay::start(answers).await;
    let (_registry, mut snapshots) = subscribe(&replay).await;
    until_fresh(&mut snapshots, &LISTED[2..4]).await;
    assert!(!replay.requests(SLICES)[2].contains('?'), "all at once");
}

#[tokio::test]
async fn what_pods_say_is_followed() {
    let pods = recorded("pods");
    let mut answers = pages();
    answers.push(Answer::list("pods", &pods[0]));
    answers.push(Answer::watch("pods", &pods[1]));
    let replay = Replay::start(answers).await;
    let (_registry, mut snapshots) = subscribe(&replay).await;
    let snapshot = until(&mut snapshots, "with a revision", |now| {
        now.instances.iter().any(|of| of.revision() == Some("1a"))
    })
    .await;
    let instance = snapshot.instances.iter().find(|of| of.revision().is_some()).unwrap();
    assert_eq!(instance.address(), "10.1.0.3:50051");
    assert_eq!(instance.instance.region.as_deref(), Some("north"));
    // A process is no older than its pod.
    let created = SystemTime::UNIX_EPOCH + Duration::from_secs(1_796_004_477);
    assert_eq!(instance.instance.started, Some(created));
}

#[tokio::test]
async fn a_process_began_when_it_says_or_with_its_pod() {
    let mut pods = recorded("pods").remove(0);
    let annotated = |text: &str| json!({"io.dubbo/metadata": text});
    let of = |pods: &mut Exchange, at: usize, name: &str, value: serde_json::Value| {
        pods.lines[0]["items"][at]["metadata"][name] = value;
    };
    of(&mut pods, 0, "annotations", annotated(r#"{"timestamp":"1795392758820"}"#));
    // As dubbo-go writes it, in seconds.
    of(&mut pods, 1, "annotations", annotated(r#"{"timestamp":"1795392758"}"#));
    of(&mut pods, 2, "annotations", annotated(r#"{"timestamp":"0"}"#));
    of(&mut pods, 3, "creationTimestamp", json!("yesterday"));
    of(&mut pods, 4, "creationTimestamp", json!(null));
    let mut answers = pages();
    answers.push(Answer::list("pods", &pods));
    let replay = Replay::start(answers).await;
    let (_registry, mut snapshots) = subscribe(&replay).await;
    let snapshot = until(&mut snapshots, "of all pods", |now| {
        now.health == Health::Fresh && now.instances.iter().any(|of| of.instance.started.is_some())
    })
    .await;
    let millis = snapshot.instances.iter().map(|of| {
        let started = of.instance.started?.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Some(started.as_millis())
    });
    let expected =
        [Some(1_795_392_758_820), Some(1_795_392_758_000), Some(1_796_004_477_000), None, None];
    assert_eq!(millis.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn failures_leave_the_last_list_and_say_why() {
    let refused = recorded("refused");
    let mut answers = pages();
    answers.push(Answer::bytes(SLICES, vec![Part::Wait]));
    answers.push(Answer::watch(SLICES, &refused[0]));
    answers.push(Answer::watch(SLICES, &refused[0]).status(503, "no <b>backend</b>"));
    answers.push(Answer::bytes(SLICES, vec![Part::Bytes(lines().concat())]).end(End::Never));
    let replay = Replay::start(answers).await;
    let (registry, mut snapshots) = subscribe(&replay).await;
    until_fresh(&mut snapshots, &LISTED).await;
    assert!(registry.failure("shop").is_none());
    replay.step();
    let stale = until(&mut snapshots, "that is stale", |now| now.health == Health::Stale).await;
    assert_eq!(addresses(&stale), LISTED);
    until_fresh(&mut snapshots, &WATCHED).await;
    assert!(registry.failure("shop").is_none());
}

#[tokio::test]
async fn a_refused_list_is_an_answer_too() {
    let refused = recorded("refused");
    let mut page = recorded("pages").remove(0);
    page.lines[0]["metadata"]["continue"] = "".into();
    let answers = vec![Answer::list(SLICES, &refused[0]), Answer::list(SLICES, &page).after_step()];
    let replay = Replay::start(answers).await;
    let (registry, mut snapshots) = subscribe(&replay).await;
    let first = snapshots.next().await.unwrap();
    assert_eq!((first.health, first.instances.len()), (Health::Stale, 0));
    let failure = registry.failure("shop").unwrap();
    assert_eq!(failure.code(), Code::PermissionDenied, "{failure}");
    for part in ["cannot list endpointslices", "nobody", "roles.yaml"] {
        assert!(failure.message().contains(part), "{part}: {failure}");
    }
    replay.step();
    until_fresh(&mut snapshots, &LISTED[..2]).await;
    assert!(registry.failure("shop").is_none());
}

#[tokio::test]
async fn one_watch_of_a_kind_serves_all_applications() {
    let mut answers = pages();
    answers.push(Answer::bytes(SLICES, vec![]).end(End::Never));
    let replay = Replay::start(answers).await;
    let (registry, mut snapshots) = subscribe(&replay).await;
    until_fresh(&mut snapshots, &LISTED).await;
    for application in ["stock", "cart", "shop"] {
        let mut more = registry.subscribe(application).await.unwrap();
        let expected: &[&str] = if application == "shop" { &LISTED } else { &[] };
        until_fresh(&mut more, expected).await;
    }
    let all = || [SLICES, "services", "pods"].map(|kind| replay.requests(kind).len());
    while all() < [4, 2, 2] {
        tokio::task::yield_now().await;
    }
    assert_eq!(all(), [4, 2, 2], "three pages and a watch; lists and watches");
}

#[tokio::test]
async fn pods_of_two_families_are_one_instance() {
    let slices = |family: &str, addresses: &[(&str, &str)]| {
        let mut slice = recorded("pages")[0].lines[0]["items"][0].clone();
        slice["metadata"]["name"] = format!("shop-{family}").into();
        slice["addressType"] = family.into();
        let endpoint = slice["endpoints"][0].clone();
        let endpoints = addresses.iter().map(|(address, pod)| {
            let mut endpoint = endpoint.clone();
            endpoint["addresses"] = json!([address]);
            endpoint["targetRef"]["name"] = (*pod).into();
            endpoint
        });
        slice["endpoints"] = endpoints.collect();
        slice
    };
    let v6 = [("fd00::1", "shop-1"), ("fd00::2", "shop-2"), ("fd00::3", "shop-3")];
    let mut imported = slices("IPv6", &[("fd00::9", "shop-1")]);
    imported["metadata"]["name"] = "imported".into();
    imported["metadata"]["labels"] = json!({
        "multicluster.kubernetes.io/service-name": "shop",
        "multicluster.kubernetes.io/source-cluster": "south",
    });
    let items = [
        slices("IPv6", &v6),
        slices("IPv4", &[("10.1.0.1", "shop-1"), ("10.1.0.2", "shop-2")]),
        imported,
    ];
    let mut page = recorded("pages").remove(0);
    page.lines[0]["metadata"]["continue"] = "".into();
    page.lines[0]["items"] = items.to_vec().into();
    let replay = Replay::start(vec![Answer::list(SLICES, &page)]).await;
    let url = replay.url("multicluster=true&region=here");
    let registry = Kubernetes::builder(&url, clock()).unwrap().build().unwrap();
    let mut snapshots = registry.subscribe("shop").await.unwrap();
    // Of another cluster it may have the same name and be another pod.
    let expected = ["10.1.0.1:50051", "10.1.0.2:50051", "[fd00::3]:50051", "[fd00::9]:50051"];
    let snapshot = until_fresh(&mut snapshots, &expected).await;
    // Where that cluster is nobody said.
    let regions = snapshot.instances.iter().map(|of| of.instance.region.as_deref());
    let here = Some("here");
    assert_eq!(regions.collect::<Vec<_>>(), [here, here, here, None]);
}

#[tokio::test]
async fn ten_thousand_endpoints_are_one_snapshot() {
    let page = recorded("pages").remove(0).lines.remove(0);
    let endpoint = page["items"][0]["endpoints"][0].clone();
    let items = (0..100).map(|at| {
        let mut slice = page["items"][0].clone();
        slice["metadata"]["name"] = format!("shop-{at}").into();
        let endpoints = (0..100).map(|of| {
            let mut endpoint = endpoint.clone();
            endpoint["addresses"] = json!([format!("10.1.{at}.{of}")]);
            endpoint["targetRef"]["name"] = format!("shop-{at}-{of}").into();
            endpoint
        });
        slice["endpoints"] = endpoints.collect();
        slice
    });
    let mut list = recorded("pages").remove(0);
    list.lines[0]["metadata"]["continue"] = "".into();
    list.lines[0]["items"] = items.collect();
    let replay = Replay::start(vec![Answer::list(SLICES, &list)]).await;
    let (_registry, mut snapshots) = subscribe(&replay).await;
    until(&mut snapshots, "of all", |now| {
        now.instances.len() == 10_000 && now.health == Health::Fresh
    })
    .await;
}
