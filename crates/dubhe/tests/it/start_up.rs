//! Applications that begin with a start-up configuration of config centres.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::time::Duration;

use dubhe::Client;
use dubhe::config::{ConfigSnapshot, Keys};
use dubhe::documents::DocumentStore as _;
use dubhe::prelude::*;
use dubhe::registry::MemoryDocuments;
use dubhe_testkit::SilentDocuments;

const WAIT: Duration = Duration::from_secs(30);

async fn center(all: &'static str, own: &'static str) -> MemoryDocuments {
    let center = MemoryDocuments::new();
    let [all_key, own_key] = Keys::start_up("shop");
    for (key, text) in [(all_key, all), (own_key, own)] {
        if !text.is_empty() {
            center.put(&key, text.into()).await.unwrap();
        }
    }
    center
}

/// The timeout and the retries of a client, which is given those of `set` in code.
fn options(app: &App, interface: &'static str, set: Option<(u64, u32)>) -> (Duration, u32) {
    let client = app.client::<Client>().service(ServiceKey::interface_only(interface));
    let client = client.url("dubbo://127.0.0.1:1");
    let client = match set {
        Some((millis, retries)) => client.timeout(Duration::from_millis(millis)).retries(retries),
        None => client,
    };
    let client = client.build().unwrap();
    let policy = client.cluster().plan().default_policy().clone();
    (policy.timeout, policy.retries)
}

#[tokio::test]
async fn references_go_before_the_code_and_consumers_behind_it() {
    let all = "dubbo.consumer.timeout=3000\ndubbo.consumer.retries=0\n\
               dubbo.reference.org.example.Users.timeout=700";
    let own = "dubbo.consumer.retries=5\ndubbo.reference.org.example.Users.retries=-1";
    let center = center(all, own).await;
    let app = App::builder("shop").config_center_instance(center.clone());
    let app = app.build_configured(WAIT).await.unwrap();
    let millis = Duration::from_millis;
    assert_eq!(options(&app, "org.example.Users", None), (millis(700), 0));
    assert_eq!(options(&app, "org.example.Users", Some((9, 9))), (millis(700), 0));
    assert_eq!(options(&app, "org.example.Orders", None), (millis(3000), 5));
    assert_eq!(options(&app, "org.example.Orders", Some((9, 9))), (millis(9), 9));

    // It is that of the start: what changes is seen, and has no effect.
    let [_, own] = Keys::start_up("shop");
    center.put(&own, "dubbo.consumer.retries=1".into()).await.unwrap();
    let mut updates = app.config().unwrap().updates();
    let retries = |now: &ConfigSnapshot| now.setting("shop", "dubbo.consumer.retries").cloned();
    updates.wait_for(|now| retries(now).is_some_and(|it| it.value == "1")).await.unwrap();
    assert_eq!(options(&app, "org.example.Orders", None).1, 5);

    // Without waiting, there is none.
    let app = App::builder("shop").config_center_instance(center).build().unwrap();
    assert_eq!(options(&app, "org.example.Orders", None), (millis(1000), 2));
}

#[tokio::test]
async fn balancers_and_treatments_of_failures_go_by_name() {
    let all = "dubbo.consumer.cluster=failsafe\n\
               dubbo.reference.org.example.Users.cluster=failfast\n\
               dubbo.reference.org.example.Odd.loadbalance=least-active";
    let center = center(all, "").await;
    let app = App::builder("shop").config_center_instance(center);
    let app = app.build_configured(WAIT).await.unwrap();
    let client = |interface: &'static str| {
        let client = app.client::<Client>().service(ServiceKey::interface_only(interface));
        client.url("dubbo://127.0.0.1:1")
    };
    let fault = |client: dubhe::ClientBuilder<Client>| {
        client.build().unwrap().cluster().plan().default_policy().fault.clone()
    };
    assert!(matches!(fault(client("org.example.Users")), Fault::Failfast));
    assert!(matches!(fault(client("org.example.Users").fault("forking")), Fault::Failfast));
    assert!(matches!(fault(client("org.example.Orders")), Fault::Strategy(_)));
    assert!(matches!(fault(client("org.example.Orders").fault("failover")), Fault::Failover));
    let error = client("org.example.Odd").build().unwrap_err();
    let hint = "dubbo.reference.org.example.Odd.loadbalance in line 3: no balancer is called \"least-active\"; did \
                you mean \"leastactive\"?";
    assert!(error.message().contains(hint), "{error}");
}

#[tokio::test]
async fn registries_take_the_place_of_those_by_url() {
    let center = center(
        "dubbo.registry.address=static://127.0.0.1:1?protocol=tri | N/A",
        "dubbo.registries.far.address: static://127.0.0.1:2?protocol=tri",
    )
    .await;
    let app = || App::builder("shop").config_center_instance(center.clone());
    let names = |app: &App| -> Vec<String> {
        app.environment().registries().iter().map(|one| one.name().to_owned()).collect()
    };
    let with = app().registry("memory://").registry_instance(dubhe::registry::Memory::new());
    let with = with.build_configured(WAIT).await.unwrap();
    assert_eq!(names(&with).len(), 3, "{:?}", names(&with));
    let found = names(&with);
    assert!(found.iter().any(|name| name.contains("127.0.0.1:1")), "{found:?}");
    assert!(found.iter().any(|name| name.contains("127.0.0.1:2")), "{found:?}");
    let without = app().registry("memory://").build().unwrap();
    assert_eq!(names(&without), ["memory://"]);
}

#[tokio::test]
async fn errors_say_what_is_wrong_with_it() {
    let away = SilentDocuments("zookeeper://10.0.0.1:2181");
    let app = App::builder("shop").config_center_instance(away);
    let error = app.build_configured(Duration::from_millis(10)).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.message().contains("zookeeper://10.0.0.1:2181"), "{error}");
    assert!(error.message().contains("shop/dubbo.properties within 10ms"), "{error}");

    let error_of = async |text| {
        let app = App::builder("shop").config_center_instance(center(text, "").await);
        app.build_configured(WAIT).await.unwrap_err()
    };
    for (text, hint) in [
        ("a=1\nb=\\u12", "dubbo/dubbo.properties"),
        ("\ndubbo.registry.address=127.0.0.1:2181", "dubbo.registry.address in line 2"),
        ("dubbo.registry.address=consul://h", "unknown kind of registry"),
    ] {
        let error = error_of(text).await;
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(error.message().contains(hint), "{error}");
    }

    let center = center("\ndubbo.consumer.timeout=fast", "").await;
    let app = App::builder("shop").config_center_instance(center);
    let app = app.build_configured(WAIT).await.unwrap();
    let error = app.generic("org.example.Users").url("dubbo://127.0.0.1:1").build().unwrap_err();
    assert!(error.message().contains("dubbo.consumer.timeout=\"fast\" in line 2"), "{error}");

    // Without a config centre there is nothing to wait for.
    assert!(App::builder("shop").build_configured(WAIT).await.unwrap().config().is_none());
}
