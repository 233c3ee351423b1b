//! The endpoints that a call gets, and how the trace tells it.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;

use dubhe_core::documents::{DocumentKey, DocumentStore as _};
use dubhe_core::endpoint::Endpoints;
use dubhe_core::router::Router as _;
use dubhe_rules::script::Script;

use crate::world::{World, provider};

fn three() -> Arc<Endpoints> {
    let of = |number, region| provider(number, &[("region", region)]);
    Arc::new(Endpoints::new([of(1, "north"), of(2, "south"), of(3, "south")]))
}

#[tokio::test(start_paused = true)]
async fn a_trace_tells_each_decision_by_its_rule() {
    let world = World::new(&[("region", "south")]).await;
    let set = three();
    world.write("users.tag-router", "tags: [{name: gray, addresses: [\"10.0.0.2:20880\"]}]").await;
    world
        .write(
            "org.example.Users::.condition-router",
            "force: true\nconditions:\n  - method=other => region=north\n  - method=method => \
             region=$region\n",
        )
        .await;
    world.write("shop.condition-router", "conditions:\n  - '=> region=nowhere'\n").await;
    let (left, steps) = world.left(&set, &[]);
    assert_eq!(left, [2]);
    assert_eq!(
        steps,
        [
            "tag for calls without tag of users.tag-router leaves 2",
            "condition `method=method => region=$region` of org.example.Users::.condition-router, line 4 leaves 1",
            "condition `=> region=nowhere` of shop.condition-router, line 2, not forced, which fits nobody leaves 1",
        ]
    );
    let (left, steps) = world.left(&set, &[("dubbo.tag", "gray")]);
    assert_eq!(left, [1]);
    assert_eq!(steps[0], "tag `gray` by rule of users.tag-router leaves 1");
}

#[tokio::test(start_paused = true)]
async fn destinations_are_drawn_by_weight() {
    let world = World::new(&[]).await;
    let set = three();
    let text = "configVersion: v3.1\nconditions:\n  - from: {match: ''}\n    to:\n      \
                - {match: region=north, weight: 1}\n      - {match: region=south, weight: 3}\n      \
                - {match: region=west, weight: 1000}\n";
    world.write("org.example.Users::.condition-router", text).await;
    let draws = (0..1000).map(|_| world.left(&set, &[]).0);
    let north = draws.filter(|left| *left == [0]).count();
    assert!((200..300).contains(&north), "{north} of 1000");
}

#[tokio::test(start_paused = true)]
async fn another_generation_prepares_the_rules_alone_that_are_others() {
    let world = World::new(&[]).await;
    let set = three();
    let runs = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = runs.clone();
    let script: Script = Arc::new(|_, left, _| {
        let mut last = left.clone();
        left.iter().take(left.count() - 1).for_each(|place| last.remove(place));
        Ok(last)
    });
    let World { store, router, following } = world;
    let router = router.with_scripts(Arc::new(move |_| {
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(script.clone())
    }));
    let world = World { store, router, following };
    world.write("users.script-router", "script: last").await;
    assert_eq!(world.left(&set, &[]).0, [2]);
    world.write("shop.condition-router", "conditions: ['=> region=north']").await;
    assert_eq!(world.left(&set, &[]).0, [0]);
    // The script was read once, and is not read again for other providers.
    assert_eq!(runs.load(std::sync::atomic::Ordering::Relaxed), 1);
    assert_eq!(world.left(&three(), &[]).0, [0]);
    assert_eq!(runs.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_script_without_engine_lets_all_pass_and_a_rule_ends_with_its_document() {
    let world = World::new(&[]).await;
    let set = three();
    world.write("users.script-router", "script: x").await;
    assert_eq!(world.left(&set, &[]).0, [0, 1, 2]);
    world.write("users.affinity-router", "configVersion: v3.1\naffinityAware: {key: region}").await;
    world.write("shop.condition-router", "force: true\nconditions: ['=> false']").await;
    assert!(world.left(&set, &[]).0.is_empty());
    let seen = world.router.generation();
    world.store.remove(&DocumentKey::config("shop.condition-router")).await.unwrap();
    world.router.changed(seen).await;
    assert_eq!(world.left(&set, &[]).0, [0, 1, 2]);
    assert_eq!(world.left(&Arc::new(Endpoints::new([])), &[]).0, [0; 0]);
}
