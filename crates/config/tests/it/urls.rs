//! Rules that are URLs beside the providers of a service.

use std::sync::Arc;

use dubhe_config::limits::{MAX_DOCUMENT, MAX_ITEMS};
use dubhe_config::rule::configurator::OverrideKind;
use dubhe_config::rule::urls::RouteUrl;
use dubhe_config::{ConfigErrorKind, ConfigWatcher, Keys, Rule, validate};
use dubhe_core::ServiceKey;
use dubhe_core::documents::UrlCategory::{Configurators, Routers};
use dubhe_core::registry::Health::Fresh;
use dubhe_net::time::TokioClock;

use crate::scripted::Scripted;

fn service() -> ServiceKey {
    ServiceKey::new("a.B", "g", "1.0")
}

/// The `timeout` of each override of a text, and the warnings.
fn timeouts(service: &ServiceKey, text: &str) -> (Vec<String>, Vec<String>) {
    let summary = validate(&Keys::urls(service, Configurators), text).unwrap();
    let Rule::Configurator(rule) = summary.rule else { panic!("another rule") };
    let timeout = |one: &dubhe_config::rule::configurator::Override| {
        one.param("timeout").unwrap_or_default().to_owned()
    };
    let warnings = summary.warnings.iter().map(ToString::to_string).collect();
    (rule.overrides.iter().map(timeout).collect(), warnings)
}

#[test]
fn configurators_are_those_of_the_group_and_the_version() {
    let text = "override://0.0.0.0/a.B?category=configurators&group=g&version=1.0&timeout=1\n\
                override://0.0.0.0/a.B?category=configurators&timeout=2\n\
                override://0.0.0.0/a.B?group=g&version=1.0&enabled=false&timeout=3\n\
                override://0.0.0.0/a.B?group=g&version=1.0&category=providers&timeout=4\n\
                override://0.0.0.0/a.C?group=g&version=1.0&timeout=5\n\
                absent://10.0.0.1:20880/*?group=g&version=1.0&timeout=6\n\
                override://0.0.0.0/x?interface=a.B&group=g&version=1.0&timeout=7";
    let none: [String; 0] = [];
    let found = |service| {
        let (timeouts, warnings) = timeouts(&service, text);
        assert_eq!(warnings, none);
        timeouts
    };
    assert_eq!(found(service()), ["1", "6", "7"]);
    assert_eq!(found(ServiceKey::interface_only("a.B")), ["2"]);
    assert_eq!(found(ServiceKey::new("a.B", "*", "*")), ["1", "2", "6", "7"]);
    let summary = validate(&Keys::urls(&service(), Configurators), text).unwrap();
    assert_eq!(summary.to_string(), "configurators, 3 overrides");
    let Rule::Configurator(rule) = summary.rule else { panic!("another rule") };
    assert_eq!(rule.overrides[1].kind, OverrideKind::Absent);
    assert_eq!(rule.overrides[1].at.line, 6);
}

#[test]
fn a_bad_url_is_passed_over_and_the_others_hold() {
    let text = "no url\n\
                override://0.0.0.0/a.B?timeout=1\n\
                override://0.0.0.0/a.B?side=middle&timeout=2\n\
                condition://0.0.0.0/a.B?rule=x";
    let (found, warnings) = timeouts(&ServiceKey::interface_only("a.B"), text);
    assert_eq!(found, ["1"]);
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    for (warning, part) in warnings.iter().zip(["line 1", "there is no side middle", "line 4"]) {
        assert!(warning.contains(part) && warning.contains("passed over"), "{warning}");
    }
    let ended = "empty://0.0.0.0/a.B?category=configurators\noverride://0.0.0.0/a.B?timeout=1";
    assert_eq!(timeouts(&ServiceKey::interface_only("a.B"), ended).0, [""; 0]);
}

#[test]
fn routing_rules_are_conditions_and_scripts() {
    let text = "condition://0.0.0.0/a.B?category=routers&force=true&rule=method%3Da%20%3D%3E%20host%3D1\n\
                empty://0.0.0.0/a.B?category=routers\n\
                route://0.0.0.0/a.B?router=script&type=js&rule=x\n\
                route://0.0.0.0/a.B?router=file&rule=x\n\
                condition://0.0.0.0/a.B?group=other&rule=x";
    let key = Keys::urls(&ServiceKey::interface_only("a.B"), Routers);
    let summary = validate(&key, text).unwrap();
    assert_eq!(summary.to_string(), "routing rules, 2 URLs");
    assert_eq!(summary.warnings.len(), 1, "{:?}", summary.warnings);
    let Rule::Routes(routes) = summary.rule else { panic!("another rule") };
    let [RouteUrl::Condition(condition), RouteUrl::Script(script)] = &routes[..] else {
        panic!("{routes:?}")
    };
    assert!(condition.header.force);
    assert_eq!((&*script.language, &*script.script), ("js", "x"));
}

#[tokio::test(start_paused = true)]
async fn they_are_asked_of_stores_that_hold_them() {
    let (with, without) = (Scripted::new("zk").with_urls(), Scripted::new("nacos"));
    let service = ServiceKey::interface_only("a.B");
    let stores = vec![Arc::new(without.clone()) as _, Arc::new(with.clone()) as _];
    let watcher = ConfigWatcher::start(stores, Arc::new(TokioClock)).unwrap();
    let (overrides, routes) = (Keys::urls(&service, Configurators), Keys::urls(&service, Routers));
    with.say(&overrides, Some("override://0.0.0.0/a.B?timeout=1"), Fresh);
    with.say(&routes, None, Fresh);
    let mut following = watcher.follow([overrides.clone(), routes]);
    following.ready().await;
    let snapshot = watcher.snapshot();
    assert_eq!(snapshot.override_urls(&service).len(), 1);
    assert_eq!(snapshot.route_urls(&service).len(), 0);
    assert_eq!(snapshot.document(&overrides).unwrap().health, Fresh);
    assert_eq!((without.watches(&overrides), with.watches(&overrides)), (0, 1));
}

#[test]
fn too_many_urls_are_refused() {
    let text = "override://0.0.0.0/a.B?x=1\n".repeat(MAX_ITEMS + 1);
    for category in [Configurators, Routers] {
        let key = Keys::urls(&ServiceKey::interface_only("a.B"), category);
        let error = validate(&key, &text).unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::Limit, "{error}");
        let error = validate(&key, &"#".repeat(MAX_DOCUMENT + 1)).unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::Limit, "{error}");
    }
}
