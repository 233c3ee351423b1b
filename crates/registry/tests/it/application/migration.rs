//! Migration between the levels by a rule that changes.

use std::sync::Arc;

use dubhe_config::ConfigWatcher;
use dubhe_core::ServiceKey;
use dubhe_core::documents::DocumentStore;
use dubhe_core::registry::{
    DiscoveryLevel, Health, Registration, Registry as _, Snapshot, Snapshots,
};
use dubhe_registry::application::{
    ApplicationOptions, ApplicationRegistry, ApplicationRegistryBuilder,
};
use dubhe_testkit::SilentDocuments;
use futures_util::StreamExt as _;

use super::support::*;

/// The service at both levels: ports below 100 at the interface level, others at the application's.
struct World {
    center: Documents,
    fleet: Discovery,
    services: Services,
    registry: ApplicationRegistry,
}

async fn world(options: &[(&'static str, &str)]) -> World {
    world_of(options, |builder| builder).await
}

async fn world_of(
    options: &[(&'static str, &str)],
    more: impl FnOnce(ApplicationRegistryBuilder) -> ApplicationRegistryBuilder,
) -> World {
    let (center, fleet) = (Documents::default(), Discovery::default());
    let services = Services::default();
    let registry = builder("consumer")
        .services(Arc::new(services.clone()))
        .instances(Arc::new(fleet.clone()))
        .metadata_center(Arc::new(center.clone()))
        .config_center(Arc::new(center.clone()))
        .metadata_client(Answers::new(&[info("1", &["a.B"])]))
        .options(ApplicationOptions::from_params(&params(options)).unwrap());
    let registry = more(registry).build();
    center.map("a.B", "shop").await;
    World { center, fleet, services, registry }
}

impl World {
    async fn interfaces(&self, ports: &[u16]) {
        for port in ports {
            self.services.inner.register(registration("a.B", *port)).await.unwrap();
        }
    }

    async fn instances(&self, ports: &[u16]) {
        for port in ports {
            self.fleet.add(instance("shop", *port, "1")).await;
        }
    }

    async fn rule(&self, rule: &str) {
        self.center.rule("consumer", rule).await;
    }

    async fn follow(&self) -> Snapshots {
        self.registry.subscribe(&service("a.B")).await.unwrap()
    }
}

fn never_empty(snapshot: &Snapshot) {
    assert!(!snapshot.providers.is_empty(), "{snapshot:?}");
}

#[tokio::test(start_paused = true)]
async fn every_switch_of_the_step_is_made_without_an_empty_set() {
    let steps = [
        ("FORCE_INTERFACE", [1, 2]),
        ("APPLICATION_FIRST", [101, 102]),
        ("FORCE_APPLICATION", [101, 102]),
    ];
    for (from, before) in steps {
        for (to, after) in steps.into_iter().filter(|(to, _)| *to != from) {
            let world = world(&[]).await;
            world.interfaces(&[1, 2]).await;
            world.instances(&[101, 102]).await;
            world.rule(&format!("step: {from}")).await;
            let mut b = world.follow().await;
            until(&mut b, never_empty, |now| ports(now) == before).await;
            world.rule(&format!("step: {to}")).await;
            if before != after {
                until(&mut b, never_empty, |now| ports(now) == after).await;
            }
            settle().await;
            // What is not needed any more is not followed: it may change without being told.
            world.interfaces(&[3]).await;
            world.instances(&[103]).await;
            let three = [after[0], after[1], after[1] + 1];
            until(&mut b, never_empty, |now| ports(now) == three).await;
            nothing_more(&mut b).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn application_first_falls_back_when_a_level_has_none() {
    let world = world(&[]).await;
    world.interfaces(&[1]).await;
    let mut b = world.follow().await;
    let at_interface = with_ports(&mut b, &[1]).await;
    assert_eq!(at_interface.level, Some(DiscoveryLevel::Interface));
    world.instances(&[101]).await;
    let of_instances = until(&mut b, never_empty, |now| ports(now) == [101]).await;
    assert_eq!(of_instances.level, Some(DiscoveryLevel::Application));
    world.fleet.remove(&instance("shop", 101, "1")).await;
    until(&mut b, never_empty, |now| ports(now) == [1]).await;
    world.instances(&[101]).await;
    until(&mut b, never_empty, |now| ports(now) == [101]).await;
    world.services.inner.unregister(&registration("a.B", 1)).await.unwrap();
    world.instances(&[102]).await;
    until(&mut b, never_empty, |now| ports(now) == [101, 102]).await;
    for port in [101, 102] {
        world.fleet.remove(&instance("shop", port, "1")).await;
    }
    let none = with_ports(&mut b, &[]).await;
    assert_eq!(none.health, Health::Fresh);
    world.fleet.set_stale(true);
    let unknown = until(&mut b, |_| (), |now| now.health == Health::Stale).await;
    assert_eq!(ports(&unknown), [0; 0]);
}

#[tokio::test(start_paused = true)]
async fn the_threshold_is_the_share_that_is_needed() {
    let world = world(&[("migration.threshold", "0.5")]).await;
    world.interfaces(&[1, 2, 3, 4]).await;
    world.instances(&[101]).await;
    let mut b = world.follow().await;
    with_ports(&mut b, &[1, 2, 3, 4]).await;
    nothing_more(&mut b).await;
    world.instances(&[102]).await;
    until(&mut b, never_empty, |now| ports(now) == [101, 102]).await;
    world.rule("threshold: 0.6").await;
    until(&mut b, never_empty, |now| ports(now) == [1, 2, 3, 4]).await;
    world.rule("threshold: 0.4").await;
    until(&mut b, never_empty, |now| ports(now) == [101, 102]).await;
}

#[tokio::test(start_paused = true)]
async fn a_forced_step_waits_for_providers_unless_it_says_otherwise() {
    let world = world(&[]).await;
    world.interfaces(&[1, 2]).await;
    world.rule("step: FORCE_INTERFACE").await;
    let mut b = world.follow().await;
    with_ports(&mut b, &[1, 2]).await;
    world.rule("step: FORCE_APPLICATION\nthreshold: 1").await;
    nothing_more(&mut b).await;
    world.instances(&[101]).await;
    world.interfaces(&[3]).await;
    until(&mut b, never_empty, |now| ports(now) == [1, 2, 3]).await;
    world.rule("step: FORCE_APPLICATION\nthreshold: 1\nforce: true").await;
    // Who says so leaves a level though the other may have nobody yet.
    until(&mut b, |_| {}, |now| ports(now) == [101]).await;
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_cannot_be_read_leaves_the_last_good_one() {
    let world = world(&[]).await;
    world.interfaces(&[1]).await;
    world.instances(&[101]).await;
    world.rule("step: FORCE_INTERFACE").await;
    let mut b = world.follow().await;
    with_ports(&mut b, &[1]).await;
    for wrong in ["step: [", "step: SOON", "threshold: x"] {
        world.rule(wrong).await;
        nothing_more(&mut b).await;
    }
    world.center.set_away(true);
    nothing_more(&mut b).await;
    world.center.set_away(false);
    // The rule that is gone leaves the default.
    world.rule("").await;
    until(&mut b, never_empty, |now| ports(now) == [101]).await;
}

#[tokio::test(start_paused = true)]
async fn rules_for_interfaces_and_applications_go_before_the_step_of_all() {
    let world = world(&[("migration.step", "FORCE_APPLICATION")]).await;
    world.interfaces(&[1]).await;
    world.instances(&[101]).await;
    let mut b = world.follow().await;
    with_ports(&mut b, &[101]).await;
    world.rule("applications:\n  - serviceKey: shop\n    step: FORCE_INTERFACE\n").await;
    until(&mut b, never_empty, |now| ports(now) == [1]).await;
    let both = "applications:\n  - serviceKey: shop\n    step: FORCE_INTERFACE\n\
                interfaces:\n  - serviceKey: a.B\n    step: FORCE_APPLICATION\n";
    world.rule(both).await;
    until(&mut b, never_empty, |now| ports(now) == [101]).await;
}

#[tokio::test(start_paused = true)]
async fn a_config_centre_that_is_away_does_not_delay_the_start() {
    let world = world(&[]).await;
    world.interfaces(&[1]).await;
    world.instances(&[101]).await;
    world.rule("step: FORCE_INTERFACE").await;
    world.center.set_away(true);
    let mut b = world.follow().await;
    assert_eq!(ports(&b.next().await.unwrap()), [1], "without the mapping too");
    world.center.rule("consumer", "step: FORCE_APPLICATION").await;
    world.center.set_away(false);
    until(&mut b, never_empty, |now| ports(now) == [101]).await;
}

#[tokio::test(start_paused = true)]
async fn a_config_centre_that_never_answers_does_not_delay_the_start_for_long() {
    let services = Services::default();
    services.inner.register(registration("a.B", 1)).await.unwrap();
    let silent = Arc::new(SilentDocuments("script://silent"));
    let registry = builder("consumer").services(Arc::new(services)).config_center(silent).build();
    let began = tokio::time::Instant::now();
    let mut b = registry.subscribe(&service("a.B")).await.unwrap();
    with_ports(&mut b, &[1]).await;
    assert_eq!(began.elapsed(), std::time::Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn services_of_both_levels_are_listed_once() {
    let world = world(&[]).await;
    world.center.map("a.C", "shop").await;
    let versioned = ServiceKey::new("a.B", "", "1");
    let registration = Registration { service: versioned.clone(), ..registration("a.B", 1) };
    world.services.inner.register(registration).await.unwrap();
    assert_eq!(world.registry.services().await.unwrap(), [versioned, service("a.C")]);
}

#[tokio::test(start_paused = true)]
async fn the_rule_is_that_of_the_config_centers_of_the_application_where_it_has_some() {
    let elsewhere = Documents::default();
    let stores: Vec<Arc<dyn DocumentStore>> = vec![Arc::new(elsewhere.clone())];
    let config = Arc::new(ConfigWatcher::start(stores, clock()).unwrap());
    let world = world_of(&[], |builder| builder.config(config.clone())).await;
    world.interfaces(&[1]).await;
    world.instances(&[101]).await;
    // The registry has documents too, and this is none of the application's config centres.
    world.rule("step: FORCE_APPLICATION").await;
    elsewhere.rule("consumer", "step: FORCE_INTERFACE").await;
    let mut b = world.follow().await;
    until(&mut b, never_empty, |now| ports(now) == [1]).await;
    nothing_more(&mut b).await;
    let rule = config.snapshot().migration("consumer").cloned().unwrap();
    assert_eq!(rule.all.step, Some("FORCE_INTERFACE".parse().unwrap()));
    elsewhere.rule("consumer", "step: FORCE_APPLICATION").await;
    until(&mut b, never_empty, |now| ports(now) == [101]).await;
    // It is followed as long as somebody needs it.
    drop(b);
    settle().await;
    assert_eq!(config.snapshot().documents().count(), 0);
}
