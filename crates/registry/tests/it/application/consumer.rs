//! Finding providers by instances and metadata.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use dubhe_core::documents::{DocumentKey, DocumentStore as _};
use dubhe_core::endpoint::Instance;
use dubhe_core::registry::{DiscoveryLevel, Health, Registry as _, Snapshots};
use dubhe_registry::application::{
    ApplicationOptions, ApplicationRegistry, MetadataStorage, ServiceInstance, metadata_info,
};
use futures_util::StreamExt as _;

use super::support::*;

/// A consumer of instances alone.
struct World {
    center: Documents,
    fleet: Discovery,
    answers: Arc<Answers>,
    registry: ApplicationRegistry,
}

fn world(answers: Arc<Answers>, options: ApplicationOptions) -> World {
    let (center, fleet) = (Documents::default(), Discovery::default());
    let registry = builder("consumer")
        .instances(Arc::new(fleet.clone()))
        .metadata_center(Arc::new(center.clone()))
        .metadata_client(answers.clone())
        .options(options)
        .build();
    World { center, fleet, answers, registry }
}

fn options(provided_by: &str) -> ApplicationOptions {
    ApplicationOptions::from_params(&params(&[("provided-by", provided_by)])).unwrap()
}

async fn follow(world: &World, interface: &str) -> Snapshots {
    world.registry.subscribe(&service(interface)).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_application_that_is_mapped_is_followed_at_once_and_shared_by_its_services() {
    let infos = [info("1", &["a.B", "a.C"]), info("2", &["a.B"])];
    let world = world(Answers::new(&infos), ApplicationOptions::default());
    for port in 1..=3 {
        world.fleet.add(instance("shop", port, "1")).await;
    }
    world.fleet.add(instance("stock", 9, "2")).await;
    world.center.map("a.C", "shop").await;
    let (mut b, mut c) = (follow(&world, "a.B").await, follow(&world, "a.C").await);
    assert_eq!(ports(&b.next().await.unwrap()), [0; 0], "no application provides it yet");
    let error = world.registry.failure(&service("a.B")).unwrap();
    assert!(error.message().contains("no application provides a.B"), "{error}");

    let first = c.next().await.unwrap();
    assert_eq!((ports(&first), first.health), (vec![1, 2, 3], Health::Fresh));
    let shared = &first.providers[0].params;
    assert!(first.providers.iter().all(|one| Arc::ptr_eq(&one.params, shared)));

    world.center.map("a.B", "shop").await;
    assert_eq!(ports(&with_ports(&mut b, &[1, 2, 3]).await), [1, 2, 3]);
    assert!(world.registry.failure(&service("a.B")).is_none());
    world.center.map("a.B", "shop,stock").await;
    with_ports(&mut b, &[1, 2, 3, 9]).await;
    assert_eq!(world.fleet.subscribed(), 2, "each application once");
    assert_eq!(world.answers.calls.lock().len(), 2, "each revision once");
    nothing_more(&mut c).await;

    // An application that was found stays, whatever becomes of the mapping.
    world.center.map("a.B", "").await;
    nothing_more(&mut b).await;
    // One that gets another name is left when the other has answered.
    world.center.map("a.B", "stock").await;
    let mut empty = false;
    until(&mut b, |now| empty |= now.providers.is_empty(), |now| ports(now) == [9]).await;
    assert!(!empty);
}

#[tokio::test(start_paused = true)]
async fn configured_applications_need_no_mapping() {
    let world = world(Answers::new(&[info("1", &["a.B"])]), options("shop,stock"));
    world.center.set_away(true);
    world.fleet.add(instance("shop", 1, "1")).await;
    world.fleet.add(instance("stock", 2, "1")).await;
    let mut b = follow(&world, "a.B").await;
    let snapshot = with_ports(&mut b, &[1, 2]).await;
    assert_eq!(snapshot.health, Health::Fresh);
    assert_eq!(world.answers.calls_of("1").len(), 2, "a revision is one of an application");
}

#[tokio::test(start_paused = true)]
async fn metadata_that_cannot_be_read_is_asked_for_again_and_others_stay() {
    let world = world(Answers::new(&[info("1", &["a.B"]), info("2", &["a.B"])]), options("shop"));
    world.answers.fail("2", 6);
    world.fleet.add(instance("shop", 1, "1")).await;
    world.fleet.add(instance("shop", 2, "2")).await;
    let mut b = follow(&world, "a.B").await;
    let excluded = until(&mut b, |_| (), |now| !now.excluded.is_empty()).await;
    assert_eq!(ports(&excluded), [1]);
    assert_eq!(&*excluded.excluded[0].instance, "h:2");
    assert_eq!(excluded.excluded[0].level, Some(DiscoveryLevel::Application));
    let why = &*excluded.excluded[0].why;
    assert!(why.contains("revision 2 ") && why.contains("refused by the script"), "{why}");
    let error = world.registry.failure(&service("a.B")).unwrap();
    assert!(error.message().contains("refused by the script"), "{error}");

    let healed = with_ports(&mut b, &[1, 2]).await;
    assert_eq!(healed.excluded, []);
    assert!(world.registry.failure(&service("a.B")).is_none());
    let calls = world.answers.calls_of("2");
    assert_eq!(calls.len(), 7);
    // Three tries a second apart, then after random pauses of at most ten seconds.
    let pauses: Vec<_> = calls.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    assert_eq!(pauses[..2], [Duration::from_secs(1); 2]);
    assert!(pauses.iter().all(|pause| *pause <= Duration::from_millis(10_001)), "{pauses:?}");
    assert_eq!(world.answers.calls_of("1").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_instance_whose_new_metadata_cannot_be_read_keeps_what_it_had() {
    let world = world(Answers::new(&[info("1", &["a.B"])]), options("shop"));
    world.fleet.add(instance("shop", 1, "1")).await;
    let mut b = follow(&world, "a.B").await;
    let before = with_ports(&mut b, &[1]).await;
    // Nobody knows the revision, and the instance is not ready meanwhile.
    let mut moved = (*instance("shop", 1, "2").instance).clone();
    moved.ready = false;
    world.fleet.add(ServiceInstance { instance: Arc::new(moved), port: 1 }).await;
    let after = until(&mut b, |_| (), |now| !now.providers[0].instance.ready).await;
    assert_eq!(ports(&after), [1]);
    assert_eq!(after.providers[0].params, before.providers[0].params);
    world.answers.answer(&info("2", &["a.B"]));
    let new = until(
        &mut b,
        |now| assert_eq!(ports(now), [1]),
        |now| now.providers[0].params.get("revision-of-test") == Some("2"),
    );
    assert_eq!(ports(&new.await), [1]);
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_names_no_revision_any_more_keeps_its_services_until_it_ends() {
    let world = world(Answers::new(&[info("1", &["a.B"])]), options("shop"));
    world.fleet.add(instance("shop", 1, "1")).await;
    let mut b = follow(&world, "a.B").await;
    let before = with_ports(&mut b, &[1]).await;
    let silent = |ready, terminating| {
        let known = (*instance("shop", 1, "1").instance).clone();
        let instance = Instance { params: params(&[]).into(), ready, terminating, ..known };
        ServiceInstance { instance: Arc::new(instance), port: 1 }
    };
    world.fleet.add(silent(false, false)).await;
    let after =
        until(&mut b, |now| assert_eq!(ports(now), [1]), |now| !now.providers[0].instance.ready);
    let after = after.await;
    assert_eq!(after.providers[0].params, before.providers[0].params);
    // One that was never known to have services has none.
    let mut new = silent(true, false);
    new.port = 2;
    world.fleet.add(new).await;
    let both = until(&mut b, |_| (), |now| !now.excluded.is_empty()).await;
    assert_eq!((ports(&both), &*both.excluded[0].instance), (vec![1], "h:2"));
    world.fleet.add(silent(false, true)).await;
    with_ports(&mut b, &[]).await;
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_changes_during_its_fetch_is_given_up() {
    let infos = ["1", "2", "3"].map(|revision| info(revision, &["a.B"]));
    let world = world(Answers::new(&infos), options("shop"));
    world.fleet.add(instance("shop", 1, "1")).await;
    let mut b = follow(&world, "a.B").await;
    with_ports(&mut b, &[1]).await;
    let held = world.answers.hold("2");
    world.fleet.add(instance("shop", 1, "2")).await;
    settle().await;
    world.fleet.add(instance("shop", 1, "3")).await;
    let is = |revision: &'static str| {
        move |now: &dubhe_core::registry::Snapshot| {
            now.providers.iter().all(|of| of.params.get("revision-of-test") == Some(revision))
        }
    };
    until(&mut b, |now| assert_eq!(ports(now), [1]), is("3")).await;
    held.add_permits(9);
    nothing_more(&mut b).await;
    assert_eq!(world.answers.calls_of("2").len(), 1, "nobody needs it any more");

    // What is needed no more is forgotten, and asked for when it is needed again.
    world.fleet.add(instance("shop", 1, "1")).await;
    until(&mut b, |now| assert_eq!(ports(now), [1]), is("1")).await;
    assert_eq!(world.answers.calls_of("1").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_fleet_that_is_replaced_is_not_missing_while_its_metadata_are_read() {
    let world = world(Answers::new(&[info("1", &["a.B"]), info("2", &["a.B"])]), options("shop"));
    world.fleet.add(instance("shop", 1, "1")).await;
    let mut b = follow(&world, "a.B").await;
    with_ports(&mut b, &[1]).await;
    let held = world.answers.hold("2");
    world.fleet.add(instance("shop", 2, "2")).await;
    world.fleet.remove(&instance("shop", 1, "1")).await;
    let early = tokio::time::timeout(Duration::from_secs(2), b.next()).await;
    assert!(early.is_err(), "{early:?}");
    held.add_permits(1);
    assert_eq!(ports(&b.next().await.unwrap()), [2]);
}

#[tokio::test(start_paused = true)]
async fn any_instance_of_a_revision_will_do() {
    let world = world(Answers::new(&[info("1", &["a.B"])]), options("shop"));
    for port in 1..=3 {
        world.fleet.add(instance("shop", port, "1")).await;
    }
    world.answers.break_port(1);
    world.answers.break_port(2);
    let mut b = follow(&world, "a.B").await;
    with_ports(&mut b, &[1, 2, 3]).await;
    assert!(world.answers.calls_of("1").len() <= 3);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_answers_is_given_up() {
    let world = world(Answers::new(&[info("1", &["a.B"])]), options("shop"));
    world.answers.hold("1");
    world.fleet.add(instance("shop", 1, "1")).await;
    let mut b = follow(&world, "a.B").await;
    let why = until(&mut b, |_| (), |now| !now.excluded.is_empty()).await;
    assert!(why.excluded[0].why.contains("no answer within 5s"), "{why:?}");
}

#[tokio::test(start_paused = true)]
async fn revisions_are_opaque() {
    let sha = "f".repeat(128);
    let infos = [info("2947591204", &["a.B"]), info(&sha, &["a.B"])];
    let world = world(Answers::new(&infos), options("shop"));
    world.fleet.add(instance("shop", 1, "2947591204")).await;
    world.fleet.add(instance("shop", 2, &sha)).await;
    world.fleet.add(instance("shop", 3, "0")).await;
    let spring = Instance { host: "s".into(), application: "shop".into(), ..Instance::default() };
    world.fleet.add(ServiceInstance { instance: Arc::new(spring), port: 8080 }).await;
    let mut b = follow(&world, "a.B").await;
    let snapshot = with_ports(&mut b, &[1, 2]).await;
    let excluded: Vec<_> = snapshot.excluded.iter().map(|one| &*one.instance).collect();
    assert_eq!(excluded, ["h:3", "s:8080"]);
}

#[tokio::test(start_paused = true)]
async fn published_metadata_is_read_from_the_metadata_centre() {
    let world = world(Answers::new(&[]), options("shop"));
    let mut remote = (*instance("shop", 1, "7").instance).clone();
    let endpoints = instance("shop", 1, "7").endpoints();
    ServiceInstance::describe(&mut remote, &endpoints, "7", MetadataStorage::Remote);
    world.fleet.add(ServiceInstance { instance: Arc::new(remote), port: 1 }).await;
    let mut b = follow(&world, "a.B").await;
    let missing = b.next().await.unwrap();
    assert!(missing.excluded[0].why.contains("no document metadata/shop/7"), "{missing:?}");
    let key = DocumentKey::Metadata { application: "shop".into(), revision: "7".into() };
    world.center.inner.put(&key, "{".into()).await.unwrap();
    let wrong = until(&mut b, |_| (), |now| now.excluded[0].why.contains("not the metadata")).await;
    assert_eq!(ports(&wrong), [0; 0]);
    let text = metadata_info::to_json(&info("7", &["a.B"]));
    world.center.inner.put(&key, text.into()).await.unwrap();
    with_ports(&mut b, &[1]).await;
    assert_eq!(world.answers.calls.lock().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn metadata_beyond_a_limit_is_not_taken() {
    for (limit, value) in [("metadata.max-services", "1"), ("metadata.max-bytes", "40")] {
        let params = params(&[("provided-by", "shop"), (limit, value)]);
        let options = ApplicationOptions::from_params(&params).unwrap();
        let world = world(Answers::new(&[info("1", &["a.B", "a.C"])]), options);
        world.fleet.add(instance("shop", 1, "1")).await;
        let mut b = follow(&world, "a.B").await;
        let refused = b.next().await.unwrap();
        assert_eq!(ports(&refused), [0; 0]);
        assert!(refused.excluded[0].why.contains(limit), "{refused:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn fetches_are_concurrent_and_bounded() {
    let revisions: Vec<_> = (0..40).map(|n| n.to_string()).map(|n| format!("r{n}")).collect();
    let infos: Vec<_> = revisions.iter().map(|revision| info(revision, &["a.B"])).collect();
    let world = world(Answers::new(&infos), options("shop"));
    let held: Vec<_> = revisions.iter().map(|revision| world.answers.hold(revision)).collect();
    for (port, revision) in (1..).zip(&revisions) {
        world.fleet.add(instance("shop", port, revision)).await;
    }
    let mut b = follow(&world, "a.B").await;
    let first = tokio::time::timeout(Duration::from_secs(1), b.next()).await;
    assert!(first.is_err(), "nothing is known yet");
    assert_eq!(world.answers.running.load(Ordering::Relaxed), 16);
    for held in &held {
        held.add_permits(1);
    }
    until(&mut b, |_| (), |now| now.providers.len() == 40).await;
    assert_eq!(world.answers.most.load(Ordering::Relaxed), 16);
}

#[tokio::test(start_paused = true)]
async fn facts_of_instances_are_kept() {
    let world = world(Answers::new(&[info("1", &["a.B"])]), options("shop"));
    let mut facts = (*instance("shop", 1, "1").instance).clone();
    facts.zone = Some("z".into());
    facts.region = Some("r".into());
    facts.cluster = Some("c".into());
    facts.node = Some("n".into());
    (facts.ready, facts.serving, facts.terminating) = (false, false, true);
    facts.params.set("timestamp", "1700000000123");
    facts.params.set("heartbeat.timeout", "9");
    world.fleet.add(ServiceInstance { instance: Arc::new(facts.clone()), port: 1 }).await;
    let mut b = follow(&world, "a.B").await;
    let snapshot = with_ports(&mut b, &[1]).await;
    let started = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
    let expected = Instance {
        started: Some(started),
        level: DiscoveryLevel::Application,
        params: params(&[("heartbeat.timeout", "9")]).into(),
        ..facts
    };
    assert_eq!(*snapshot.providers[0].instance, expected);
}

#[tokio::test(start_paused = true)]
async fn an_outage_leaves_the_last_set_and_says_so() {
    let world = world(Answers::new(&[info("1", &["a.B"])]), options("shop"));
    world.fleet.add(instance("shop", 1, "1")).await;
    let mut b = follow(&world, "a.B").await;
    with_ports(&mut b, &[1]).await;
    world.fleet.set_stale(true);
    let stale = until(&mut b, |_| (), |now| now.health == Health::Stale).await;
    assert_eq!(ports(&stale), [1]);
    world.fleet.set_stale(false);
    let fresh = until(&mut b, |_| (), |now| now.health == Health::Fresh).await;
    assert_eq!(ports(&fresh), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_refuses_is_asked_again() {
    let world = world(Answers::new(&[info("1", &["a.B"])]), options("shop"));
    world.fleet.refuse("subscribe", true);
    world.fleet.add(instance("shop", 1, "1")).await;
    let mut b = follow(&world, "a.B").await;
    let none = b.next().await.unwrap();
    assert_eq!((ports(&none), none.health), (vec![], Health::Stale));
    let error = world.registry.failure(&service("a.B")).unwrap();
    assert!(error.message().contains("refused by the script"), "{error}");
    world.fleet.refuse("subscribe", false);
    with_ports(&mut b, &[1]).await;
    assert!(world.registry.failure(&service("a.B")).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_mapping_that_cannot_be_read_is_told_and_read_later() {
    let world = world(Answers::new(&[info("1", &["a.B"])]), ApplicationOptions::default());
    world.center.set_away(true);
    world.center.map("a.B", "shop").await;
    world.fleet.add(instance("shop", 1, "1")).await;
    let mut b = follow(&world, "a.B").await;
    let none = b.next().await.unwrap();
    assert_eq!((ports(&none), none.health), (vec![], Health::Stale));
    let error = world.registry.failure(&service("a.B")).unwrap();
    assert!(error.message().contains("script://documents cannot be reached"), "{error}");
    world.center.set_away(false);
    with_ports(&mut b, &[1]).await;
    // The instances are known: that the mapping is not does them no harm.
    world.center.set_away(true);
    world.fleet.add(instance("shop", 2, "1")).await;
    let more = with_ports(&mut b, &[1, 2]).await;
    assert_eq!(more.health, Health::Fresh);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_leaves_no_task() {
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let infos = [info("1", &["a.B", "a.C"]), info("2", &["a.B"])];
    let (center, fleet) = (Documents::default(), Discovery::default());
    let registry = builder("consumer")
        .services(Arc::new(Services::default()))
        .instances(Arc::new(fleet.clone()))
        .metadata_center(Arc::new(center.clone()))
        .config_center(Arc::new(center.clone()))
        .metadata_client(Answers::new(&infos))
        .build();
    center.map("a.B", "shop").await;
    center.map("a.C", "shop").await;
    fleet.add(instance("shop", 1, "1")).await;
    fleet.add(instance("shop", 2, "unknown")).await;
    let mut b = registry.subscribe(&service("a.B")).await.unwrap();
    let mut c = registry.subscribe(&service("a.C")).await.unwrap();
    with_ports(&mut b, &[1]).await;
    with_ports(&mut c, &[1]).await;
    assert!(tasks() > before);
    drop(b);
    settle().await;
    fleet.add(instance("shop", 3, "1")).await;
    with_ports(&mut c, &[1, 3]).await;
    drop(c);
    settle().await;
    assert_eq!(tasks(), before);
    // It begins anew for the next one.
    let mut b = registry.subscribe(&service("a.B")).await.unwrap();
    with_ports(&mut b, &[1, 3]).await;
    assert_eq!(fleet.subscribed(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_registry_without_levels_says_so() {
    let registry = builder("consumer").build();
    let Err(error) = registry.subscribe(&service("a.B")).await else { panic!("it follows") };
    assert!(error.message().contains("no level"), "{error}");
    assert!(registry.is_read_only());
    let lost = builder("consumer").instances(Arc::new(Discovery::default())).build();
    let mut b = lost.subscribe(&service("a.B")).await.unwrap();
    assert_eq!(ports(&b.next().await.unwrap()), [0; 0]);
    let error = lost.failure(&service("a.B")).unwrap();
    assert!(error.message().contains("set provided-by"), "{error}");
}
