//! The snapshots of subscribers.

use std::sync::Arc;

use bytes::Bytes;
use dubhe_core::random::SplitMix;
use dubhe_core::registry::{Health, Registry, Snapshot, Snapshots};
use dubhe_core::time::Duration;
use dubhe_registry::names;
use dubhe_testkit::log::Lines;
use dubhe_zookeeper::ZooKeeper;
use futures_util::{FutureExt, StreamExt};
use parking_lot::Mutex;
use tracing::{Dispatch, Level, dispatcher};

use super::fake::{Fake, Line, names, stat};
use super::support::{clock, ports, service};
use super::tree::Tree;

const PROVIDERS: &str = "/dubbo/demo.Greet/providers";
const EXISTS: i32 = 3;
const CHILDREN: i32 = 8;

/// Serves a registry: every node exists, and the providers are what the test says.
async fn serve(
    mut line: Line,
    children: Arc<Mutex<Bytes>>,
    mut fire: tokio::sync::mpsc::Receiver<()>,
) {
    loop {
        tokio::select! {
            request = line.request() => {
                let record = match request.operation {
                    EXISTS => stat(1),
                    CHILDREN => children.lock().clone(),
                    _ => Bytes::new(),
                };
                line.answer(request.id, 1, 0, &record).await;
            }
            told = fire.recv() => match told {
                Some(()) => line.fire(4, PROVIDERS).await,
                None => return,
            }
        }
    }
}

/// A registry, its fake server and what the server says.
struct Stage {
    fake: Fake,
    children: Arc<Mutex<Bytes>>,
    fire: tokio::sync::mpsc::Sender<()>,
    snapshots: Snapshots,
}

impl Stage {
    async fn new(ports: &[u16]) -> Self {
        let mut fake = Fake::new();
        let registry = ZooKeeper::builder("zookeeper://127.0.0.1:2181", clock())
            .unwrap()
            .random(Arc::new(SplitMix::new(1)))
            .dial(fake.dialer())
            .build();
        let children = Arc::new(Mutex::new(providers(ports)));
        let snapshots = registry.subscribe(&service()).await.unwrap();
        let fire = welcome(&mut fake, &children).await;
        Self { fake, children, fire, snapshots }
    }

    /// Changes the providers and tells whoever watches.
    async fn push(&self, ports: &[u16]) {
        self.push_children(providers(ports)).await;
    }

    async fn push_children(&self, children: Bytes) {
        *self.children.lock() = children;
        self.fire.send(()).await.unwrap();
    }

    async fn next(&mut self) -> (Vec<u16>, Health) {
        let Snapshot { providers, health, .. } = self.snapshots.next().await.unwrap();
        (ports(&providers), health)
    }
}

async fn welcome(fake: &mut Fake, children: &Arc<Mutex<Bytes>>) -> tokio::sync::mpsc::Sender<()> {
    let line = fake.welcome(1).await;
    let (fire, fires) = tokio::sync::mpsc::channel(8);
    tokio::spawn(serve(line, children.clone(), fires));
    fire
}

fn providers(ports: &[u16]) -> Bytes {
    let name = |port: &u16| {
        format!("dubbo%3A%2F%2Fh%3A{port}%2Fdemo.Greet%3Fgroup%3Dg1%26version%3D1.2.3")
    };
    let other = ["empty%3A%2F%2Fh%3A1%2Fdemo.Greet%3Fgroup%3Dg1%26version%3D1.2.3", "junk"];
    let all: Vec<String> = ports.iter().map(name).chain(other.map(ToOwned::to_owned)).collect();
    names(&all.iter().map(String::as_str).collect::<Vec<_>>())
}

#[tokio::test(start_paused = true)]
async fn every_change_is_one_whole_set() {
    let mut stage = Stage::new(&[1]).await;
    assert_eq!(stage.next().await, (vec![1], Health::Fresh));
    stage.push(&[1, 2, 3]).await;
    assert_eq!(stage.next().await, (vec![1, 2, 3], Health::Fresh));
    stage.push(&[3]).await;
    assert_eq!(stage.next().await, (vec![3], Health::Fresh));
    // Whether that is believed is not decided here.
    stage.push(&[]).await;
    assert_eq!(stage.next().await, (vec![], Health::Fresh));
    let quiet = tokio::time::timeout(Duration::from_mins(10), stage.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
}

#[tokio::test(start_paused = true)]
async fn a_change_that_nobody_told_of_is_found() {
    let mut stage = Stage::new(&[1]).await;
    assert_eq!(stage.next().await, (vec![1], Health::Fresh));
    for now in [&[1, 2][..], &[2]] {
        *stage.children.lock() = providers(now);
        assert_eq!(stage.next().await, (now.to_vec(), Health::Fresh));
    }
}

#[tokio::test(start_paused = true)]
async fn nodes_that_are_no_urls_are_one_line_of_the_log() {
    let warnings = Lines::of(Level::WARN);
    let _guard = dispatcher::set_default(&Dispatch::new(warnings.clone()));
    let mut stage = Stage::new(&[1]).await;
    assert_eq!(stage.next().await, (vec![1], Health::Fresh));
    assert_eq!(warnings.take().len(), 1, "one node is junk");
    let junk: Vec<String> = (0..1_000).map(|n| format!("{n}{}", "j".repeat(1_000))).collect();
    let provider = "dubbo%3A%2F%2Fh%3A2%2Fdemo.Greet%3Fgroup%3Dg1%26version%3D1.2.3";
    let all: Vec<&str> = junk.iter().map(String::as_str).chain([provider]).collect();
    stage.push_children(names(&all)).await;
    assert_eq!(stage.next().await, (vec![2], Health::Fresh));
    let lines = warnings.take();
    assert!(lines.len() == 1 && lines[0].contains("skipped=1000"), "{lines:?}");
    assert!(lines[0].len() < 500, "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn the_last_set_stays_and_is_stale_while_there_is_no_connection() {
    let mut stage = Stage::new(&[1]).await;
    assert_eq!(stage.next().await, (vec![1], Health::Fresh));
    let (none, _) = tokio::sync::mpsc::channel(1);
    drop(std::mem::replace(&mut stage.fire, none));
    assert_eq!(stage.next().await, (vec![1], Health::Stale));
    stage.fire = welcome(&mut stage.fake, &stage.children).await;
    assert_eq!(stage.next().await, (vec![1], Health::Fresh));
    stage.push(&[1, 2]).await;
    assert_eq!(stage.next().await, (vec![1, 2], Health::Fresh));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_said_before_the_first_answer() {
    let fake = Fake::new();
    let registry = ZooKeeper::builder("zookeeper://127.0.0.1:2181", clock())
        .unwrap()
        .dial(fake.dialer())
        .build();
    let mut snapshots = registry.subscribe(&service()).await.unwrap();
    assert_eq!(snapshots.next().now_or_never().map(|s| s.is_some()), None);
}

#[tokio::test(start_paused = true)]
async fn the_last_error_is_told_until_the_registry_answers() {
    let mut fake = Fake::new();
    let registry = ZooKeeper::builder("zookeeper://127.0.0.1:2181", clock())
        .unwrap()
        .random(Arc::new(SplitMix::new(1)))
        .dial(fake.dialer())
        .build();
    let mut snapshots = registry.subscribe(&service()).await.unwrap();
    assert!(registry.failure(&service()).is_none());
    let next = tokio::spawn(async move { snapshots.next().await });
    let mut line = fake.welcome(1).await;
    const NO_AUTH: i32 = -102;
    let error = loop {
        if let Some(error) = registry.failure(&service()) {
            break error;
        }
        let request = line.request().await;
        line.answer(request.id, 1, NO_AUTH, &[]).await;
    };
    assert!(error.message().contains("check username and password"), "{error}");

    let (_fire, fires) = tokio::sync::mpsc::channel(1);
    let children = Arc::new(Mutex::new(providers(&[1])));
    let served = tokio::spawn(serve(line, children, fires));
    assert_eq!(ports(&next.await.unwrap().unwrap().providers), [1]);
    assert!(registry.failure(&service()).is_none());
    served.abort();
}

#[tokio::test(start_paused = true)]
async fn a_registration_that_is_late_does_not_take_the_next_one_along() {
    let mut tree = Tree::new();
    tree.disconnect(true);
    let ours = tree.registry("timeout=2000");
    let began = |weight: u32| {
        let url =
            format!("dubbo://h:1/demo.Greet?group=g1&timestamp=7&version=1.2.3&weight={weight}");
        let provider = names::parse(&names::encode(&url)).unwrap();
        let ours = ours.clone();
        tokio::spawn(async move { ours.register(provider).await })
    };
    let first = began(1);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let second = began(2);
    first.await.unwrap().unwrap_err();
    tree.open();
    second.await.unwrap().unwrap();
    let mut seen = ours.subscribe(&service()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let snapshot = seen.next().await.unwrap();
    let weights: Vec<_> = snapshot.providers.iter().map(|of| of.params.get("weight")).collect();
    assert_eq!(weights, [Some("2")]);
}
