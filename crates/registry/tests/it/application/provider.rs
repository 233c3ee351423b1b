//! Registering services as instances of an application.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use dubhe_core::ServiceKey;
use dubhe_core::documents::{DocumentKey, DocumentStore as _, Side};
use dubhe_core::endpoint::{Instance, Offer, ServiceParams};
use dubhe_core::registry::{Registration, Registry as _};
use dubhe_registry::application::{
    ApplicationOptions, ApplicationRegistry, MetadataStorage, metadata_info,
};
use dubhe_testkit::SilentDocuments;
use dubhe_testkit::log::Lines;
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use tracing::Level;

use super::support::*;

struct World {
    center: Documents,
    fleet: Discovery,
    services: Services,
    registry: ApplicationRegistry,
}

impl World {
    fn new(options: &[(&'static str, &str)]) -> Self {
        let (center, fleet) = (Documents::default(), Discovery::default());
        Self::of("shop", center, fleet, options)
    }

    fn of(
        application: &'static str,
        center: Documents,
        fleet: Discovery,
        options: &[(&'static str, &str)],
    ) -> Self {
        let services = Services::default();
        let registry = builder(application)
            .services(Arc::new(services.clone()))
            .instances(Arc::new(fleet.clone()))
            .metadata_center(Arc::new(center.clone()))
            .options(ApplicationOptions::from_params(&params(options)).unwrap())
            .build();
        Self { center, fleet, services, registry }
    }

    /// The interfaces of the one instance that is registered.
    async fn interfaces(&self) -> Vec<String> {
        let present = self.fleet.present("shop").await;
        let [instance] = &present[..] else { return Vec::new() };
        let exported = self.registry.exported_metadata().unwrap();
        let info = exported.metadata(instance.revision().unwrap()).unwrap();
        info.services.values().map(|of| of.service.interface().to_string()).collect()
    }

    /// The ports that the interface level has.
    async fn at_interface(&self, interface: &str) -> Vec<u16> {
        let mut snapshots = self.services.inner.subscribe(&service(interface)).await.unwrap();
        ports(&snapshots.next().await.unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_is_registered_at_both_levels() {
    let world = World::new(&[]);
    world.registry.register(registration("a.B", 1)).await.unwrap();
    assert_eq!(world.at_interface("a.B").await, [1]);
    assert_eq!(world.center.mapping("a.B").await.as_deref(), Some("shop"));
    let present = world.fleet.present("shop").await;
    let [instance] = &present[..] else { panic!("{present:?}") };
    assert_eq!(instance.address(), "h:1");
    assert_eq!(instance.endpoints(), [Offer { protocol: "dubbo".into(), port: 1 }]);
    assert_eq!(instance.storage(), MetadataStorage::Local);
    assert_eq!(instance.instance.params.get("timestamp"), Some("1700000000000"));
    assert_eq!(instance.metadata_service().offer.port, 1);
    let exported = world.registry.exported_metadata().unwrap();
    assert_eq!(exported.application(), "shop");
    let info = exported.metadata("").unwrap();
    assert_eq!(instance.revision(), Some(&*info.revision));
    assert_eq!(metadata_info::revision(&info), *info.revision, "the revision is that of Java");
    let service = &info.services["a.B:dubbo"];
    assert_eq!(service.params["methods"], "hello");
    assert_eq!(service.params["REGISTRY_CLUSTER"], "default");
    assert!(!service.params.contains_key("timestamp"));

    // Repeating it is harmless.
    world.registry.register(registration("a.B", 1)).await.unwrap();
    assert_eq!(world.fleet.state.registered.lock().len(), 1);
    assert_eq!(world.registry.name(), "script://services");
}

#[tokio::test(start_paused = true)]
async fn many_services_registered_together_give_few_revisions() {
    let world = World::new(&[("metadata-type", "remote")]);
    *world.fleet.state.center.lock() = Some(world.center.clone());
    let interfaces: Vec<_> = (0..1_000).map(|n| format!("a.B{n:04}")).collect();
    let all = interfaces.iter().map(|of| world.registry.register(registration(of, 1)));
    assert!(join_all(all).await.into_iter().all(|done| done.is_ok()));
    assert_eq!(world.interfaces().await, interfaces);
    let revisions = world.fleet.state.registered.lock().len();
    assert!(revisions <= 2, "{revisions} revisions");
    for interface in &interfaces {
        assert_eq!(world.center.mapping(interface).await.as_deref(), Some("shop"));
    }
    // One by one, each is published when it is told to be.
    world.registry.register(registration("a.C", 1)).await.unwrap();
    assert_eq!(world.interfaces().await.len(), 1_001);
    assert_eq!(world.fleet.state.registered.lock().len(), revisions + 1);
}

#[tokio::test(start_paused = true)]
async fn services_that_leave_make_the_revision_smaller_and_the_last_takes_the_instance() {
    let world = World::new(&[]);
    let (b, c) = (registration("a.B", 1), registration("a.C", 1));
    world.registry.register(b.clone()).await.unwrap();
    world.registry.register(c.clone()).await.unwrap();
    let both = world.fleet.present("shop").await[0].revision().unwrap().to_owned();
    world.registry.unregister(&b).await.unwrap();
    assert_eq!(world.interfaces().await, ["a.C"]);
    assert_eq!(world.at_interface("a.B").await, [0; 0]);
    // Who read the old revision may still ask for it.
    let exported = world.registry.exported_metadata().unwrap();
    assert_eq!(exported.metadata(&both).unwrap().services.len(), 2);
    assert_eq!(exported.metadata("").unwrap().services.len(), 1);
    assert_eq!(world.fleet.state.unregistered.load(Ordering::Relaxed), 0);
    world.registry.unregister(&c).await.unwrap();
    assert_eq!(world.fleet.present("shop").await, []);
    assert_eq!(world.fleet.state.unregistered.load(Ordering::Relaxed), 1);
    assert_eq!(exported.metadata("").unwrap().services.len(), 0);
    world.registry.unregister(&c).await.unwrap();
    // Again from the beginning.
    world.registry.register(c).await.unwrap();
    assert_eq!(world.interfaces().await, ["a.C"]);
}

#[tokio::test(start_paused = true)]
async fn two_providers_at_once_are_both_mapped() {
    let (center, fleet) = (Documents::default(), Discovery::default());
    let worlds =
        ["shop", "stock", "till"].map(|name| World::of(name, center.clone(), fleet.clone(), &[]));
    let interfaces: Vec<_> = (0..20).map(|n| format!("a.B{n}")).collect();
    let all = worlds
        .iter()
        .flat_map(|world| interfaces.iter().map(|of| world.registry.register(registration(of, 1))));
    assert!(join_all(all).await.into_iter().all(|done| done.is_ok()));
    for interface in &interfaces {
        let mapping = center.mapping(interface).await.unwrap();
        let mut names: Vec<_> = mapping.split(',').collect();
        names.sort_unstable();
        assert_eq!(names, ["shop", "stock", "till"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_that_a_mapping_cannot_have_is_refused_and_written_nowhere() {
    for name in ["a,b", " shop", "shop ", ","] {
        let (center, fleet) = (Documents::default(), Discovery::default());
        let world = World::of(name, center, fleet, &[]);
        let done = world.registry.register(registration("a.B", 1)).await;
        settle().await;
        assert_eq!(world.center.mapping("a.B").await, None, "{name:?}");
        let error = done.unwrap_err();
        assert!(error.message().contains(&format!("{name:?}")), "{error}");
        assert_eq!(world.fleet.present(name).await, [], "{name:?}");
        assert_eq!(world.at_interface("a.B").await, [0; 0], "{name:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_is_registered_is_answered_for_however_often_others_change() {
    let world = World::new(&[]);
    world.registry.register(registration("a.B", 1)).await.unwrap();
    let before = world.fleet.present("shop").await;
    // Of the same protocol at another port, so of another instance.
    world.registry.register(registration("a.C0", 2)).await.unwrap();
    for n in 1..=20 {
        world.registry.register(registration(&format!("a.C{n}"), 2)).await.unwrap();
    }
    let exported = world.registry.exported_metadata().unwrap();
    let present = world.fleet.present("shop").await;
    assert!(present.len() == 2 && present.contains(&before[0]), "{present:?}");
    for instance in present {
        let revision = instance.revision().unwrap();
        assert!(exported.metadata(revision).is_some(), "{}", instance.address());
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_race_for_a_mapping_is_run_again() {
    let world = World::new(&[]);
    world.center.map("a.B", "stock").await;
    world.center.race(3);
    world.registry.register(registration("a.B", 1)).await.unwrap();
    settle().await;
    let mapping = world.center.mapping("a.B").await.unwrap();
    assert_eq!(mapping, "stock,rival3,rival2,rival1,shop");
    assert_eq!(world.center.writes(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_mapping_that_is_refused_does_no_harm_and_is_tried_again() {
    let world = World::new(&[]);
    world.center.refuse("replace", true);
    world.registry.register(registration("a.B", 1)).await.unwrap();
    assert_eq!(world.interfaces().await, ["a.B"]);
    assert_eq!(world.center.mapping("a.B").await, None);
    world.center.refuse("replace", false);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(world.center.mapping("a.B").await.as_deref(), Some("shop"));
}

#[tokio::test(start_paused = true)]
async fn a_mapping_is_kept_whatever_becomes_of_the_centre() {
    let world = World::new(&[]);
    world.center.set_away(true);
    world.registry.register(registration("a.B", 1)).await.unwrap();
    assert_eq!(world.center.mapping("a.B").await, None);
    world.center.set_away(false);
    settle().await;
    assert_eq!(world.center.mapping("a.B").await.as_deref(), Some("shop"));
    // It comes back without what it had.
    world.center.set_away(true);
    settle().await;
    let key = DocumentKey::Mapping { interface: "a.B".into() };
    world.center.inner.remove(&key).await.unwrap();
    world.center.set_away(false);
    settle().await;
    assert_eq!(world.center.mapping("a.B").await.as_deref(), Some("shop"));
    // Somebody writes over it.
    world.center.map("a.B", "stock").await;
    settle().await;
    assert_eq!(world.center.mapping("a.B").await.as_deref(), Some("stock,shop"));
    let writes = world.center.writes();
    settle().await;
    assert_eq!(world.center.writes(), writes, "what is right is left alone");
    // Who is gone keeps nothing.
    world.registry.unregister(&registration("a.B", 1)).await.unwrap();
    world.center.map("a.B", "stock").await;
    settle().await;
    assert_eq!(world.center.mapping("a.B").await.as_deref(), Some("stock"));
}

#[tokio::test(start_paused = true)]
async fn what_a_registry_refuses_is_registered_nowhere_and_others_stay() {
    let world = World::new(&[]);
    world.registry.register(registration("a.B", 1)).await.unwrap();
    world.fleet.refuse("register", true);
    let error = world.registry.register(registration("a.C", 1)).await.unwrap_err();
    let text = error.message();
    assert!(text.contains("cannot publish a.C of shop") && text.contains("refused"), "{text}");
    assert_eq!(world.at_interface("a.C").await, [0; 0]);
    assert_eq!(world.center.mapping("a.C").await, None);
    world.fleet.refuse("register", false);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(world.interfaces().await, ["a.B"], "what was there is there again");

    *world.services.refuses.lock() = true;
    let error = world.registry.register(registration("a.D", 1)).await.unwrap_err();
    assert!(error.message().contains("refused"), "{error}");
    assert_eq!(world.interfaces().await, ["a.B"]);
    *world.services.refuses.lock() = false;
    world.registry.register(registration("a.D", 1)).await.unwrap();
    assert_eq!(world.interfaces().await, ["a.B", "a.D"]);
}

#[tokio::test(start_paused = true)]
async fn levels_that_are_away_cost_the_time_of_one_and_publish_nothing_again() {
    let (lines, _guard) = Lines::from_level_of_this_thread(Level::INFO);
    let (world, began) = (World::new(&[]), tokio::time::Instant::now());
    world.fleet.refuse("register", true);
    *world.services.refuses.lock() = true;
    // The instance is tried again by the time at which the other level gives up.
    let (instance, service) = (Duration::from_secs(30), Duration::from_secs(35));
    *world.fleet.state.slow.lock() = instance;
    *world.services.slow.lock() = service;
    let all = ["a.B", "a.C"].map(|of| world.registry.register(registration(of, 1)));
    for done in join_all(all).await {
        assert!(done.unwrap_err().message().contains("refused"));
    }
    assert!(began.elapsed() < service + Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(lines.with("published"), [""; 0]);

    *world.services.refuses.lock() = false;
    *world.fleet.state.slow.lock() = Duration::ZERO;
    world.fleet.refuse("register", false);
    world.registry.register(registration("a.B", 1)).await.unwrap();
    assert_eq!(world.interfaces().await, ["a.B"]);
    assert_eq!(lines.with("instance published").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_refused_leaves_what_was_there() {
    let world = World::new(&[]);
    world.registry.register(registration("a.B", 1)).await.unwrap();
    let all = params(&[("weight", "7")]);
    let changed =
        Registration { params: Arc::new(ServiceParams::new(&all)), ..registration("a.B", 1) };
    let weight = || {
        let info = world.registry.exported_metadata().unwrap().metadata("").unwrap();
        info.services["a.B:dubbo"].params.get("weight").map(ToString::to_string)
    };
    *world.services.refuses.lock() = true;
    world.registry.register(changed.clone()).await.unwrap_err();
    assert_eq!((world.interfaces().await, weight()), (vec!["a.B".to_owned()], None));
    *world.services.refuses.lock() = false;
    world.registry.register(changed).await.unwrap();
    assert_eq!(weight().as_deref(), Some("7"));
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_panics_fails_the_registration() {
    let world = World::new(&[]);
    world.fleet.refuse("panic", true);
    let error = world.registry.register(registration("a.B", 1)).await.unwrap_err();
    assert!(error.message().contains("it panicked"), "{error}");
    world.fleet.refuse("panic", false);
    world.registry.register(registration("a.B", 1)).await.unwrap();
    assert_eq!(world.interfaces().await, ["a.B"]);
}

#[tokio::test(start_paused = true)]
async fn a_metadata_centre_that_never_answers_delays_one_registration_for_a_while() {
    let (fleet, began) = (Discovery::default(), tokio::time::Instant::now());
    let silent = Arc::new(SilentDocuments("script://silent"));
    let registry = builder("shop").instances(Arc::new(fleet)).metadata_center(silent).build();
    for interface in ["a.B", "a.C", "a.D"] {
        registry.register(registration(interface, 1)).await.unwrap();
    }
    let took = began.elapsed();
    let second = Duration::from_secs(1);
    assert!((3 * second..4 * second).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn metadata_that_cannot_be_published_fail_the_registration() {
    let world = World::new(&[("metadata-type", "remote"), ("register-mode", "instance")]);
    world.center.refuse("put", true);
    let error = world.registry.register(registration("a.B", 1)).await.unwrap_err();
    assert!(error.message().contains("cannot publish metadata/shop/"), "{error}");
    assert_eq!(world.fleet.present("shop").await, []);
    world.center.refuse("put", false);
    world.registry.register(registration("a.B", 1)).await.unwrap();
    assert_eq!(world.interfaces().await, ["a.B"]);
    let lost = builder("shop")
        .instances(Arc::new(world.fleet.clone()))
        .options(world.registry.options().clone())
        .build();
    let error = lost.register(registration("a.B", 2)).await.unwrap_err();
    assert!(error.message().contains("metadata-type=remote needs a metadata centre"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn published_metadata_is_kept_whatever_becomes_of_the_centre() {
    let world = World::new(&[("metadata-type", "remote")]);
    world.registry.register(registration("a.B", 1)).await.unwrap();
    let revision = world.fleet.present("shop").await[0].revision().unwrap().to_owned();
    let key = DocumentKey::Metadata { application: "shop".into(), revision: revision.into() };
    let published = world.center.inner.get(&key).await.unwrap().unwrap();
    // It comes back without what it had.
    world.center.set_away(true);
    settle().await;
    world.center.inner.remove(&key).await.unwrap();
    world.center.refuse("put", true);
    world.center.set_away(false);
    settle().await;
    world.center.refuse("put", false);
    tokio::time::sleep(Duration::from_secs(10)).await;
    let again = world.center.inner.get(&key).await.unwrap().map(|document| document.text);
    assert_eq!(again, Some(published.text));
    // Nobody keeps those of an instance that is gone.
    world.registry.unregister(&registration("a.B", 1)).await.unwrap();
    world.center.inner.remove(&key).await.unwrap();
    settle().await;
    assert_eq!(world.center.inner.get(&key).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_cannot_be_taken_back_is_taken_back_later() {
    let world = World::new(&[]);
    world.registry.register(registration("a.B", 1)).await.unwrap();
    world.fleet.refuse("unregister", true);
    let error = world.registry.unregister(&registration("a.B", 1)).await.unwrap_err();
    assert!(error.message().contains("cannot take back a.B of shop"), "{error}");
    assert_eq!(world.at_interface("a.B").await, [0; 0], "the other level is left all the same");
    let error = world.registry.unregister(&registration("a.B", 1)).await.unwrap_err();
    assert!(error.message().contains("refused by the script"), "it is tried once more: {error}");
    world.fleet.refuse("unregister", false);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(world.fleet.present("shop").await, []);
}

#[tokio::test(start_paused = true)]
async fn the_mode_says_at_which_levels() {
    let world = World::new(&[("register-mode", "instance")]);
    world.registry.register(registration("a.B", 1)).await.unwrap();
    assert_eq!(world.at_interface("a.B").await, [0; 0]);
    assert_eq!(world.interfaces().await, ["a.B"]);
    let world = World::new(&[("register-mode", "interface")]);
    world.registry.register(registration("a.B", 1)).await.unwrap();
    assert_eq!(world.at_interface("a.B").await, [1]);
    assert_eq!(world.fleet.present("shop").await, []);
    assert_eq!(world.center.mapping("a.B").await, None);
    assert!(world.registry.exported_metadata().is_none());
    let world = World::new(&[("service-name-mapping", "false")]);
    world.registry.register(registration("a.B", 1)).await.unwrap();
    assert_eq!(world.center.mapping("a.B").await, None);
}

#[tokio::test(start_paused = true)]
async fn simplified_registrations_have_what_consumers_need() {
    let world = World::new(&[("simplified", "true"), ("extra-keys", "owner")]);
    let all = params(&[("methods", "hello"), ("owner", "me"), ("module", "m"), ("timeout", "7")]);
    let full =
        Registration { params: Arc::new(ServiceParams::new(&all)), ..registration("a.B", 1) };
    world.registry.register(full.clone()).await.unwrap();
    let expected = params(&[("methods", "hello"), ("owner", "me"), ("timeout", "7")]);
    let mut snapshots = world.services.inner.subscribe(&service("a.B")).await.unwrap();
    assert_eq!(snapshots.next().await.unwrap().providers[0].params.to_params(), expected);
    let info = world.registry.exported_metadata().unwrap().metadata("").unwrap();
    let names: Vec<_> = info.services["a.B:dubbo"].params.keys().map(|name| &**name).collect();
    let kept = [
        "REGISTRY_CLUSTER",
        "application",
        "deprecated",
        "dubbo",
        "interface",
        "methods",
        "owner",
        "prefer.serialization",
        "release",
        "side",
        "timeout",
    ];
    assert_eq!(names, kept);
    world.registry.unregister(&full).await.unwrap();
    assert_eq!(world.at_interface("a.B").await, [0; 0]);
}

#[tokio::test(start_paused = true)]
async fn protocols_of_a_process_are_one_instance() {
    let world = World::new(&[]);
    let over = |protocol: &'static str, port| Registration {
        service: ServiceKey::new("a.B", "g", "1.0"),
        offer: Offer { protocol: protocol.into(), port },
        instance: Arc::new(Instance { host: "::1".into(), ..Instance::default() }),
        ..registration("a.B", 0)
    };
    let all = [over("dubbo", 20880), over("tri", 50051)];
    let done = join_all(all.iter().map(|one| world.registry.register(one.clone()))).await;
    assert!(done.into_iter().all(|done| done.is_ok()));
    let present = world.fleet.present("shop").await;
    let [instance] = &present[..] else { panic!("{present:?}") };
    assert_eq!(instance.address(), "[::1]:20880");
    assert_eq!(instance.endpoints(), all.map(|one| one.offer));
    let target = instance.metadata_service();
    assert_eq!((target.offer.port, target.v2), (50051, true));
}

#[tokio::test(start_paused = true)]
async fn definitions_go_to_the_metadata_centre() {
    let world = World::new(&[]);
    let of = ServiceKey::new("a.B", "g", "1.0");
    world.registry.publish_definition(&of, &"shop".into(), "{}".into()).await.unwrap();
    let key = DocumentKey::Definition {
        service: of.clone(),
        side: Side::Provider,
        application: "shop".into(),
    };
    assert_eq!(&*world.center.inner.get(&key).await.unwrap().unwrap().text, "{}");
    world.center.refuse("put", true);
    let refused = world.registry.publish_definition(&of, &"shop".into(), "{}".into()).await;
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("definition/g/a.B:1.0/provider/shop"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn definitions_are_kept_until_the_service_is_withdrawn() {
    let world = World::new(&[("register-mode", "interface")]);
    let (dubbo, tri) = (registration("a.B", 1), {
        let offer = Offer { protocol: "tri".into(), port: 1 };
        Registration { offer, ..registration("a.B", 1) }
    });
    for one in [&dubbo, &tri] {
        world.registry.register(one.clone()).await.unwrap();
    }
    let publish = |text: &'static str| {
        world.registry.publish_definition(&dubbo.service, &"shop".into(), text.into())
    };
    publish("old").await.unwrap();
    publish("{}").await.unwrap();
    let key = DocumentKey::Definition {
        service: dubbo.service.clone(),
        side: Side::Provider,
        application: "shop".into(),
    };
    let lose = async || {
        world.center.inner.remove(&key).await.unwrap();
        settle().await;
        world.center.inner.get(&key).await.unwrap().map(|document| document.text)
    };
    assert_eq!(lose().await.as_deref(), Some("{}"));
    world.registry.unregister(&dubbo).await.unwrap();
    assert_eq!(lose().await.as_deref(), Some("{}"), "one protocol is left");
    // What somebody else has written is not written over.
    world.center.inner.put(&key, "theirs".into()).await.unwrap();
    settle().await;
    assert_eq!(&*world.center.inner.get(&key).await.unwrap().unwrap().text, "theirs");
    world.registry.unregister(&tri).await.unwrap();
    assert_eq!(lose().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_is_dropped_leaves_no_task() {
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let world = World::new(&[]);
    world.registry.register(registration("a.B", 1)).await.unwrap();
    let definition =
        world.registry.publish_definition(&service("a.B"), &"shop".into(), "{}".into());
    definition.await.unwrap();
    assert!(tasks() > before);
    drop(world);
    settle().await;
    assert_eq!(tasks(), before);
}
