//! Instances of applications: kept in place, and followed.

use std::sync::Arc;

use dubhe_core::endpoint::{Health, Instance};
use dubhe_core::registry::Registry as _;
use dubhe_core::time::Duration;
use dubhe_core::{ByteString, Code, ServiceKey};
use dubhe_registry::application::{
    InstanceSnapshot, InstanceSnapshots, ServiceDiscovery, ServiceInstance,
};
use dubhe_testkit::log::Lines;
use dubhe_zookeeper::instance_json::from_json;
use futures_util::{FutureExt, StreamExt};
use tokio::time::{Instant, sleep};
use tracing::Level;

use super::tree::{Tree, operation};

const SHOP: &str = "/services/shop";

fn instance(port: u16, revision: &'static str) -> ServiceInstance {
    let params = [("dubbo.metadata.revision".into(), revision.into())];
    let instance = Instance {
        host: "10.0.0.1".into(),
        application: "shop".into(),
        params: params.into(),
        ..Instance::default()
    };
    ServiceInstance { instance: Arc::new(instance), port }
}

fn json(port: u16, revision: &str) -> String {
    format!(
        r#"{{"name":"shop","address":"10.0.0.1","port":{port},"payload":{{"metadata":{{"dubbo.metadata.revision":"{revision}"}}}}}}"#
    )
}

fn path(port: u16) -> String {
    format!("{SHOP}/10.0.0.1:{port}")
}

/// The ports and revisions of a list, and whether it is fresh.
fn seen(snapshot: &InstanceSnapshot) -> (Vec<(u16, String)>, bool) {
    let one = |of: &ServiceInstance| (of.port, of.revision().unwrap_or_default().to_owned());
    (snapshot.instances.iter().map(one).collect(), snapshot.health == Health::Fresh)
}

async fn next(snapshots: &mut InstanceSnapshots) -> (Vec<(u16, String)>, bool) {
    seen(&snapshots.next().await.unwrap())
}

fn list(all: &[(u16, &str)]) -> Vec<(u16, String)> {
    all.iter().map(|(port, revision)| (*port, (*revision).to_owned())).collect()
}

/// Lets everything happen that happens at once.
async fn settle() {
    sleep(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn an_instance_is_registered_and_changed_in_place() {
    let mut tree = Tree::new();
    let discovery = tree.registry("").discovery();
    discovery.register(instance(1, "a")).await.unwrap();
    let node = tree.node(&path(1)).unwrap();
    assert_eq!((node.owner, node.version), (1, 0));
    let read = from_json("shop", node.data.as_bytes()).unwrap();
    assert_eq!(read.instance, instance(1, "a"));
    assert_eq!(tree.node(SHOP).unwrap().owner, 0);

    // The same again changes nothing; another one is there without a moment without any.
    discovery.register(instance(1, "a")).await.unwrap();
    assert_eq!(tree.node(&path(1)).unwrap(), node);
    tree.requests(operation::DELETE);
    discovery.register(instance(1, "b")).await.unwrap();
    let changed = tree.node(&path(1)).unwrap();
    assert_eq!((changed.owner, changed.version), (1, 1));
    let read = from_json("shop", changed.data.as_bytes()).unwrap();
    assert_eq!(read.instance.revision(), Some("b"));
    assert_eq!(tree.requests(operation::DELETE), [""; 0]);

    discovery.register(instance(2, "b")).await.unwrap();
    discovery.unregister(&instance(1, "b")).await.unwrap();
    assert_eq!(tree.node(&path(1)), None);
    assert!(tree.node(&path(2)).is_some());
    discovery.unregister(&instance(1, "b")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_instance_survives_its_session() {
    let mut tree = Tree::new();
    let discovery = tree.registry("").discovery();
    discovery.register(instance(1, "a")).await.unwrap();
    tree.expire();
    assert_eq!(tree.node(&path(1)), None);
    settle().await;
    assert_eq!(tree.node(&path(1)).unwrap().owner, 2);
    // What was changed while there was no connection is there afterwards.
    tree.disconnect(true);
    settle().await;
    let changed = discovery.register(instance(1, "b"));
    let opened = async {
        settle().await;
        tree.open();
    };
    let (changed, ()) = tokio::join!(changed, opened);
    changed.unwrap();
    let node = tree.node(&path(1)).unwrap();
    assert_eq!((node.owner, node.version), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn what_an_older_session_left_is_replaced() {
    let mut tree = Tree::new();
    tree.put(&path(1), &json(1, "old"), 77);
    let discovery = tree.registry("").discovery();
    discovery.register(instance(1, "a")).await.unwrap();
    let node = tree.node(&path(1)).unwrap();
    assert_eq!((node.owner, node.version), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_somebody_removes_or_overwrites_comes_back() {
    let mut tree = Tree::new();
    let discovery = tree.registry("").discovery();
    discovery.register(instance(1, "a")).await.unwrap();
    let before = tree.node(&path(1)).unwrap().data;
    tree.remove(&path(1));
    settle().await;
    assert_eq!(tree.node(&path(1)).unwrap().data, before);
    sleep(Duration::from_mins(1)).await;
    tree.put(&path(1), "else", 1);
    settle().await;
    let node = tree.node(&path(1)).unwrap();
    assert_eq!((node.data, node.version), (before, 2));
}

#[tokio::test(start_paused = true)]
async fn a_node_is_looked_at_every_half_minute() {
    let mut tree = Tree::new();
    let discovery = tree.registry("").discovery();
    discovery.register(instance(1, "a")).await.unwrap();
    tree.requests(operation::GET);
    sleep(Duration::from_mins(10)).await;
    let looks = tree.requests(operation::GET).len();
    assert!((20..=40).contains(&looks), "{looks}");
}

#[tokio::test(start_paused = true)]
async fn two_processes_of_one_address_do_not_drive_each_other() {
    let warnings = Lines::of_this_thread(Level::WARN);
    let mut tree = Tree::new();
    let discovery = tree.registry("").discovery();
    discovery.register(instance(1, "a")).await.unwrap();
    tree.requests(operation::CREATE);
    // The other one is as fast as can be.
    let start = Instant::now();
    while start.elapsed() < Duration::from_mins(2) {
        sleep(Duration::from_millis(10)).await;
        if tree.node(&path(1)).is_some_and(|node| node.owner != 77) {
            tree.remove(&path(1));
            tree.put(&path(1), "else", 77);
        }
    }
    let creates = tree.requests(operation::CREATE).len();
    // Pauses grow to a quarter of a session of 6 s.
    assert!((80..400).contains(&creates), "{creates}");
    let lines = warnings.0.with("takes away what we registered");
    assert!((4..=10).contains(&lines.len()), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_change_is_one_list_and_what_did_not_change_is_not_read() {
    let mut tree = Tree::new();
    for port in 1..=5 {
        tree.put(&path(port), &json(port, "a"), 77);
    }
    let discovery = tree.registry("").discovery();
    let mut snapshots = discovery.subscribe("shop").await.unwrap();
    let all = [(1, "a"), (2, "a"), (3, "a"), (4, "a"), (5, "a")];
    assert_eq!(next(&mut snapshots).await, (list(&all), true));
    assert_eq!(tree.requests(operation::GET).len(), 5);

    // Two come, one goes, two change, one of them by being made again: one list, four reads.
    let change = async {
        sleep(Duration::from_secs(1)).await;
        tree.put(&path(6), &json(6, "b"), 77);
        tree.put(&path(7), &json(7, "b"), 77);
        tree.remove(&path(1));
        tree.put(&path(2), &json(2, "b"), 77);
        sleep(Duration::from_millis(50)).await;
        tree.remove(&path(3));
        tree.put(&path(3), &json(3, "b"), 78);
    };
    let (seen, ()) = tokio::join!(next(&mut snapshots), change);
    let all = [(2, "b"), (3, "b"), (4, "a"), (5, "a"), (6, "b"), (7, "b")];
    assert_eq!(seen, (list(&all), true));
    let mut reads = tree.requests(operation::GET);
    reads.sort();
    assert_eq!(reads, [path(2), path(3), path(6), path(7)]);
    let quiet = tokio::time::timeout(Duration::from_mins(10), snapshots.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
}

#[tokio::test(start_paused = true)]
async fn a_change_that_nobody_told_of_is_found() {
    let mut tree = Tree::new();
    tree.put(&path(1), &json(1, "a"), 77);
    let discovery = tree.registry("").discovery();
    let mut snapshots = discovery.subscribe("shop").await.unwrap();
    assert_eq!(next(&mut snapshots).await, (list(&[(1, "a")]), true));
    tree.forget_watches();
    tree.put(&path(1), &json(1, "b"), 77);
    assert_eq!(next(&mut snapshots).await, (list(&[(1, "b")]), true));
    tree.forget_watches();
    tree.put(&path(2), &json(2, "a"), 77);
    assert_eq!(next(&mut snapshots).await, (list(&[(1, "b"), (2, "a")]), true));
    // From then on it is told at once.
    tree.put(&path(2), &json(2, "b"), 77);
    let soon = tokio::time::timeout(Duration::from_secs(1), next(&mut snapshots)).await;
    assert_eq!(soon.unwrap(), (list(&[(1, "b"), (2, "b")]), true));
}

#[tokio::test(start_paused = true)]
async fn an_application_need_not_exist() {
    let mut tree = Tree::new();
    let discovery = tree.registry("register=false").discovery();
    assert!(discovery.is_read_only());
    discovery.register(instance(9, "a")).await.unwrap();
    let mut snapshots = discovery.subscribe("shop").await.unwrap();
    assert_eq!(next(&mut snapshots).await, (vec![], true));
    assert_eq!(tree.node("/services"), None, "it leaves no trace");
    tree.put(&path(1), &json(1, "a"), 77);
    assert_eq!(next(&mut snapshots).await, (list(&[(1, "a")]), true));
    tree.remove(&path(1));
    tree.remove(SHOP);
    assert_eq!(next(&mut snapshots).await, (vec![], true));
    tree.put(&path(2), &json(2, "a"), 77);
    assert_eq!(next(&mut snapshots).await, (list(&[(2, "a")]), true));

    for name in ["", "a/b", "..", "a\nb"] {
        let error = discovery.subscribe(name).await.err().unwrap();
        assert_eq!(error.code(), Code::InvalidArgument, "{name:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_used_is_excluded_and_nothing_else() {
    let (warnings, _guard) = Lines::of_this_thread(Level::WARN);
    let mut tree = Tree::new();
    tree.put(&path(1), &json(1, "a"), 77);
    tree.put(&path(2), "{\"nam", 77);
    tree.put(&path(3), &json(3, "a").replacen('{', r#"{"enabled":false,"#, 1), 77);
    tree.put(&path(4), &json(4, "a"), 77);
    tree.refuse(&path(4), true);
    let discovery = tree.registry("").discovery();
    let mut snapshots = discovery.subscribe("shop").await.unwrap();
    let snapshot = snapshots.next().await.unwrap();
    assert_eq!(seen(&snapshot), (list(&[(1, "a")]), true));
    let excluded: Vec<String> =
        snapshot.excluded.iter().map(|one| format!("{}: {}", one.instance, one.why)).collect();
    assert!(excluded[0].starts_with("10.0.0.1:2: its data cannot be read: EOF"), "{excluded:?}");
    assert_eq!(excluded[1], "10.0.0.1:3: it is disabled");
    assert!(excluded[2].starts_with("10.0.0.1:4: its data cannot be read: not permitted"));
    assert_eq!(excluded.len(), 3);
    assert_eq!(warnings.with("count=3").len(), 1, "{:?}", warnings.take());

    // Each is used once it can be.
    tree.refuse(&path(4), false);
    tree.put(&path(2), &json(2, "b"), 77);
    tree.put(&path(5), &json(5, "b"), 77);
    let all = [(1, "a"), (2, "b"), (4, "a"), (5, "b")];
    assert_eq!(next(&mut snapshots).await, (list(&all), true));
}

#[tokio::test(start_paused = true)]
async fn of_two_nodes_of_one_address_the_younger_counts() {
    let mut tree = Tree::new();
    let registered = |time: u64, revision| {
        json(1, revision).replacen('{', &format!(r#"{{"registrationTimeUTC":{time},"#), 1)
    };
    tree.put(&format!("{SHOP}/uuid-1"), &registered(7, "old"), 77);
    tree.put(&format!("{SHOP}/uuid-2"), &registered(9, "new"), 78);
    let discovery = tree.registry("").discovery();
    let mut snapshots = discovery.subscribe("shop").await.unwrap();
    assert_eq!(next(&mut snapshots).await, (list(&[(1, "new")]), true));
}

#[tokio::test(start_paused = true)]
async fn the_last_list_stays_and_is_stale_while_there_is_no_connection() {
    let mut tree = Tree::new();
    tree.put(&path(1), &json(1, "a"), 77);
    let discovery = tree.registry("").discovery();
    let mut snapshots = discovery.subscribe("shop").await.unwrap();
    assert_eq!(next(&mut snapshots).await, (list(&[(1, "a")]), true));
    tree.requests(operation::GET);
    tree.disconnect(true);
    assert_eq!(next(&mut snapshots).await, (list(&[(1, "a")]), false));
    tree.open();
    assert_eq!(next(&mut snapshots).await, (list(&[(1, "a")]), true));
    // The session goes on, and its watches with it: nothing is read again.
    assert_eq!(tree.requests(operation::GET), [""; 0]);

    // What changed while there was no connection is noticed by the watch of the data.
    tree.disconnect(true);
    assert_eq!(next(&mut snapshots).await, (list(&[(1, "a")]), false));
    tree.put(&path(1), &json(1, "b"), 77);
    tree.open();
    loop {
        let (instances, fresh) = next(&mut snapshots).await;
        assert_eq!(instances.len(), 1);
        if fresh && instances == list(&[(1, "b")]) {
            break;
        }
    }
    // In another session everything is read again.
    tree.expire();
    tree.put(&path(2), &json(2, "a"), 77);
    loop {
        let (instances, fresh) = next(&mut snapshots).await;
        if fresh && instances == list(&[(1, "b"), (2, "a")]) {
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn many_services_share_a_connection() {
    let mut tree = Tree::new();
    let registry = tree.registry("");
    let mut all = Vec::new();
    for n in 0..50 {
        let discovery = registry.discovery();
        let mut snapshots = discovery.subscribe(&format!("application-{n}")).await.unwrap();
        snapshots.next().await.unwrap();
        all.push((discovery, snapshots));
    }
    assert_eq!(tree.dials.load(std::sync::atomic::Ordering::SeqCst), 1);
    registry.close().await;
    for (_, snapshots) in &mut all {
        // A stale list may come before the end.
        while snapshots.next().now_or_never().expect("it ends").is_some() {}
    }
    let error = all[0].0.subscribe("shop").await.err().unwrap();
    assert_eq!(error.code(), Code::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn applications_are_listed() {
    let mut tree = Tree::new();
    let discovery = tree.registry("group=fleet").discovery();
    assert_eq!(discovery.applications().await.unwrap(), [] as [ByteString; 0]);
    for path in [
        "/fleet/stock/10.0.0.1:1",
        "/fleet/shop",
        "/fleet/mapping/a.B",
        "/fleet/metadata/shop/abc",
        "/fleet/a.B/providers/x",
        "/services/other/10.0.0.1:1",
    ] {
        tree.put(path, "", 0);
    }
    assert_eq!(discovery.applications().await.unwrap(), ["shop", "stock"]);
    tree.refuse("/fleet", true);
    let error = discovery.applications().await.unwrap_err();
    assert!(error.message().contains("check username and password"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn services_are_listed_by_group_and_version() {
    let mut tree = Tree::new();
    let registry = tree.registry("group=fleet");
    assert_eq!(registry.services().await.unwrap(), [] as [ServiceKey; 0]);
    let provider = |interface: &str, url: &str| {
        let encode = dubhe_registry::names::encode;
        format!("/fleet/{}/providers/{}", encode(interface), encode(url))
    };
    for path in [
        &provider("a.B", "dubbo://h:1/a.B?group=g&version=1"),
        &provider("a.B", "tri://h:2/a.B?group=g&version=1"),
        &provider("a.B", "dubbo://h:1/a.B"),
        &provider("a.O$I", "dubbo://h:1/a.O$I?version=2"),
        "/fleet/a.Gone/providers",
        "/fleet/a.Consumed/consumers/x",
        "/fleet/config/providers/x",
        "/fleet/shop/10.0.0.1:1",
    ] {
        tree.put(path, "", 0);
    }
    let services = registry.services().await.unwrap();
    let names: Vec<_> = services.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["a.B", "g/a.B:1", "a.Gone", "a.O$I:2"]);
    tree.refuse("/fleet/a.Gone/providers", true);
    let error = registry.services().await.unwrap_err();
    assert!(error.message().contains("cannot list the services"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_update_that_is_refused_leaves_the_instance_as_it_was() {
    let mut tree = Tree::new();
    let discovery = tree.registry("").discovery();
    discovery.register(instance(1, "a")).await.unwrap();
    let before = tree.node(&path(1)).unwrap().data;
    tree.refuse(&path(1), true);
    let error = discovery.register(instance(1, "b")).await.unwrap_err();
    assert!(error.message().contains("not permitted"), "{error}");
    tree.refuse(&path(1), false);
    sleep(Duration::from_mins(5)).await;
    assert_eq!(tree.node(&path(1)).unwrap().data, before);
    discovery.register(instance(1, "c")).await.unwrap();
    assert_ne!(tree.node(&path(1)).unwrap().data, before);
}

#[tokio::test(start_paused = true)]
async fn refusals_are_told_until_they_end() {
    let mut tree = Tree::new();
    tree.put(SHOP, "", 0);
    tree.refuse(SHOP, true);
    tree.refuse(&path(1), true);
    let discovery = tree.registry("").discovery();
    let error = discovery.register(instance(1, "a")).await.unwrap_err();
    assert!(
        error.message().starts_with("cannot register the instance 10.0.0.1:1 of shop"),
        "{error}"
    );
    let mut snapshots = discovery.subscribe("shop").await.unwrap();
    let pending = tokio::time::timeout(Duration::from_secs(5), snapshots.next()).await;
    assert!(pending.is_err());
    let failure = discovery.failure("shop").unwrap();
    assert!(failure.message().contains("not permitted"), "{failure}");
    tree.refuse(SHOP, false);
    assert_eq!(next(&mut snapshots).await, (vec![], true));
    assert!(discovery.failure("shop").is_none());
}
