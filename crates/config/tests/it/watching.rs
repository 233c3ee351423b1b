//! Snapshots, in paused time and with scripted stores.

use std::sync::Arc;
use std::time::Duration;

use dubhe_config::{ConfigSnapshot, ConfigWatcher, GATHER, Keys, RuleKind};
use dubhe_core::Code;
use dubhe_core::documents::{DocumentKey, DocumentStore};
use dubhe_core::registry::Health::{Fresh, Stale};
use dubhe_net::time::TokioClock;
use dubhe_testkit::log::Lines;
use tracing::Level;

use crate::scripted::Scripted;

const GOOD: &str = "tags: [{name: gray, addresses: [\"10.0.0.3:20880\"]}]\n";
const OTHER: &str = "tags: [{name: blue, addresses: [\"10.0.0.4:20880\"]}]\n";
const BAD: &str = "tags:\n  - gray\n";

fn tag_key() -> DocumentKey {
    RuleKind::Tag.key("shop")
}

fn watcher(stores: &[&Scripted]) -> ConfigWatcher {
    let stores = stores.iter().map(|store| Arc::new((*store).clone()) as Arc<dyn DocumentStore>);
    ConfigWatcher::start(stores.collect(), Arc::new(TokioClock)).unwrap()
}

/// Lets everything happen that is due until changes are gathered.
async fn settle() {
    tokio::time::sleep(GATHER + Duration::from_millis(1)).await;
}

fn name_of(snapshot: &ConfigSnapshot) -> Option<String> {
    Some(snapshot.tag("shop")?.tags.first()?.name.as_ref()?.to_string())
}

#[tokio::test(start_paused = true)]
async fn a_refused_text_leaves_the_last_good_one_and_a_removed_document_ends_it() {
    let store = Scripted::new("zk");
    let key = tag_key();
    let watcher = watcher(&[&store]);
    store.say(&key, Some(GOOD), Fresh);
    let mut following = watcher.follow([key.clone()]);
    following.ready().await;
    let first = watcher.snapshot();
    assert_eq!((first.generation(), name_of(&first).as_deref()), (1, Some("gray")));

    store.say(&key, Some(BAD), Fresh);
    settle().await;
    let second = watcher.snapshot();
    assert_eq!((second.generation(), name_of(&second).as_deref()), (2, Some("gray")));
    let followed = second.document(&key).unwrap();
    let refused = followed.refused.as_ref().unwrap();
    assert_eq!((&*refused.version, refused.line.as_deref()), ("v15", Some("  - gray")));
    assert_eq!(refused.error.position().line, 2);
    let effect = followed.effect.as_ref().unwrap();
    assert_eq!((&*effect.store, &*effect.version), ("zk", &*format!("v{}", GOOD.len())));

    store.say(&key, Some(OTHER), Fresh);
    settle().await;
    let third = watcher.snapshot();
    assert_eq!(name_of(&third).as_deref(), Some("blue"));
    assert!(third.document(&key).unwrap().refused.is_none());

    store.say(&key, None, Fresh);
    settle().await;
    let last = watcher.snapshot();
    assert_eq!((last.generation(), name_of(&last)), (4, None));
    assert!(last.document(&key).is_some());
    // What somebody holds stays as it was.
    assert_eq!(name_of(&first).as_deref(), Some("gray"));
}

#[tokio::test(start_paused = true)]
async fn changes_that_come_together_are_one_generation() {
    let store = Scripted::new("zk");
    let watcher = watcher(&[&store]);
    let keys = Keys::providers_of("shop");
    for key in &keys {
        store.say(key, None, Fresh);
    }
    watcher.follow(keys.clone());
    let mut following = watcher.follow(keys.clone());
    following.ready().await;
    assert_eq!(watcher.snapshot().generation(), 1);

    let (lines, _guard) = Lines::from_level_of_this_thread(Level::WARN);
    // The refused one is gone before anybody read it.
    for (text, pause) in [(BAD, 40), (OTHER, 40), (GOOD, 0)] {
        store.say(&tag_key(), Some(text), Fresh);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    store.say(&RuleKind::Condition.key("shop"), Some("conditions: [\"=> a=b\"]"), Fresh);
    assert_eq!(watcher.snapshot().generation(), 1);
    settle().await;
    let snapshot = watcher.snapshot();
    assert_eq!((snapshot.generation(), name_of(&snapshot).as_deref()), (2, Some("gray")));
    assert!(snapshot.condition("shop").is_some());
    assert_eq!(lines.take(), [""; 0]);

    // The same once more is nothing new.
    store.say(&tag_key(), Some(GOOD), Fresh);
    settle().await;
    assert_eq!(watcher.snapshot().generation(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_first_store_that_has_the_document_wins() {
    let (first, second) = (Scripted::new("first"), Scripted::new("second"));
    let key = tag_key();
    let watcher = watcher(&[&first, &second]);
    second.say(&key, Some(OTHER), Fresh);
    let mut following = watcher.follow([key.clone()]);
    settle().await;
    assert!(watcher.snapshot().document(&key).is_none(), "the first store has not answered");

    first.say(&key, None, Stale);
    following.ready().await;
    let from = |snapshot: &ConfigSnapshot| {
        snapshot.document(&key).unwrap().effect.as_ref().map(|effect| effect.store.to_string())
    };
    assert_eq!(from(&watcher.snapshot()).as_deref(), Some("second"));

    first.say(&key, Some(GOOD), Fresh);
    settle().await;
    assert_eq!(from(&watcher.snapshot()).as_deref(), Some("first"));

    // Out of reach is not removed.
    first.say(&key, None, Stale);
    settle().await;
    let snapshot = watcher.snapshot();
    assert_eq!(from(&snapshot).as_deref(), Some("first"));
    assert_eq!(snapshot.document(&key).unwrap().health, Stale);

    first.say(&key, None, Fresh);
    settle().await;
    assert_eq!(from(&watcher.snapshot()).as_deref(), Some("second"));
    second.say(&key, None, Fresh);
    settle().await;
    assert_eq!(from(&watcher.snapshot()), None);
}

#[tokio::test(start_paused = true)]
async fn a_key_is_followed_while_somebody_holds_it() {
    let store = Scripted::new("zk");
    let key = tag_key();
    let watcher = watcher(&[&store]);
    store.say(&key, Some(GOOD), Fresh);
    let one = watcher.follow([key.clone()]);
    let two = watcher.follow([key.clone(), key.clone()]);
    settle().await;
    assert_eq!(store.watches(&key), 1);
    drop(one);
    settle().await;
    assert_eq!((store.watches(&key), name_of(&watcher.snapshot()).is_some()), (1, true));
    drop(two);
    settle().await;
    let snapshot = watcher.snapshot();
    assert_eq!((store.watches(&key), snapshot.documents().count()), (0, 0));

    // Followed again, it is read again.
    let mut again = watcher.follow([key.clone()]);
    again.ready().await;
    assert_eq!(name_of(&watcher.snapshot()).as_deref(), Some("gray"));

    // At once, so that the end of the old watch comes after the new one has begun.
    drop(again);
    let mut again = watcher.follow([key.clone()]);
    settle().await;
    let snapshot = watcher.snapshot();
    assert_eq!(snapshot.document(&key).unwrap().health, Fresh);
    again.ready().await;

    drop(watcher);
    tokio::task::yield_now().await;
    assert_eq!(store.watches(&key), 0, "the watches end with the watcher");
    again.ready().await;
}

#[tokio::test(start_paused = true)]
async fn each_refused_text_is_told_once_and_so_is_what_takes_effect() {
    let (lines, _guard) = Lines::from_level_of_this_thread(Level::INFO);
    let store = Scripted::new("zk");
    let key = tag_key();
    let watcher = watcher(&[&store]);
    let _following = watcher.follow([key.clone()]);
    for (text, health) in [
        (Some(GOOD), Fresh),
        (Some(BAD), Fresh),
        (Some(BAD), Stale),
        (Some(BAD), Fresh),
        (Some("tags: [{nam: a}]\n"), Fresh),
        (None, Fresh),
        (None, Fresh),
    ] {
        store.say(&key, text, health);
        settle().await;
    }
    let lines = lines.take();
    let expected = [
        "INFO message=read a rule key=dubbo/shop.tag-router store=\"zk\" summary=tag rule, 1 tag ",
        "WARN message=refused a rule; the last good one stays in effect key=dubbo/shop.tag-router store=\"zk\" error=line 2, column 5: a tag is a text, not a map of fields line=  - gray ",
        "INFO message=read a rule key=dubbo/shop.tag-router store=\"zk\" summary=tag rule, 1 tag ",
        "WARN message=a rule has something odd key=dubbo/shop.tag-router store=\"zk\" warning=line 1, column 9: a tag has no field nam; did you mean name? ",
        "WARN message=a rule has something odd key=dubbo/shop.tag-router store=\"zk\" warning=line 1, column 8: the tag has no name, so no request finds it ",
        "INFO message=a rule is removed key=dubbo/shop.tag-router ",
    ];
    assert_eq!(lines, expected);
}

#[tokio::test(start_paused = true)]
async fn a_start_up_value_of_the_application_wins() {
    let store = Scripted::new("zk");
    let watcher = watcher(&[&store]);
    let [all, own] = Keys::start_up("shop");
    store.say(&all, Some("dubbo.a=1\ndubbo.b=1\n"), Fresh);
    store.say(&own, Some("dubbo.b=2\n"), Fresh);
    let mut following = watcher.follow([all, own]);
    following.ready().await;
    let snapshot = watcher.snapshot();
    let value = |key| snapshot.setting("shop", key).map(|setting| &*setting.value);
    assert_eq!(
        (value("dubbo.a"), value("dubbo.b"), value("dubbo.c")),
        (Some("1"), Some("2"), None)
    );
    assert!(snapshot.setting("other", "dubbo.b").is_some_and(|setting| setting.value == "1"));
}

#[test]
fn a_watcher_needs_a_runtime() {
    let error = ConfigWatcher::start(Vec::new(), Arc::new(TokioClock)).unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition);
}

#[tokio::test(start_paused = true)]
async fn without_stores_every_document_is_absent() {
    let watcher = watcher(&[]);
    let mut following = watcher.follow([tag_key()]);
    following.ready().await;
    assert!(watcher.snapshot().document(&tag_key()).unwrap().effect.is_none());
}
