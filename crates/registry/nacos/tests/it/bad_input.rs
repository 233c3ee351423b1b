//! Messages that cannot be read: they cost what they are, and nothing else.

use dubhe_core::registry::Health;
use serde_json::json;

use super::fake::{Fake, host, subscribed};
use super::support::{subscribe, until};

#[tokio::test(start_paused = true)]
async fn bad_pushes_cost_no_others() {
    let mut fake = Fake::new(1);
    let nacos = fake.client("");
    let mut seen = subscribe(&nacos.registry()).await;
    let mut line = fake.welcome().await;
    line.asked("SubscribeServiceRequest")
        .await
        .answer("SubscribeServiceResponse", &subscribed(1, &[1]));
    until(&mut seen, Health::Fresh, &[1]).await;
    line.push_bytes(b"\xff\xff\xff");
    line.push_bytes(b"");
    line.push("NotifySubscriberRequest", &json!({"requestId": "1", "serviceInfo": {"hosts": 7}}));
    line.acknowledged("NotifySubscriberResponse", 1).await;
    line.push("NotifySubscriberRequest", &json!({"requestId": "2"}));
    line.acknowledged("NotifySubscriberResponse", 2).await;
    let service = json!({
        "name": "providers:demo.Greet:1.2.3:g1", "groupName": "DEFAULT_GROUP", "lastRefTime": 2,
        "hosts": [{"ip": 7}, host(2), {"ip": "10.0.0.8", "port": 3}]
    });
    line.push("NotifySubscriberRequest", &json!({"requestId": "3", "serviceInfo": service}));
    line.acknowledged("NotifySubscriberResponse", 3).await;
    let snapshot = until(&mut seen, Health::Fresh, &[2]).await;
    let reasons: Vec<&str> = snapshot.excluded.iter().map(|one| &*one.why).collect();
    assert!(
        reasons[0].contains("no instance") && reasons[1].contains("no protocol"),
        "{reasons:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_bad_answer_is_an_error_that_is_told_and_tried_again() {
    let mut fake = Fake::new(1);
    let nacos = fake.client("");
    let registry = nacos.registry();
    let mut seen = subscribe(&registry).await;
    let mut line = fake.welcome().await;
    let asked = line.asked("SubscribeServiceRequest").await;
    asked.answer("SubscribeServiceResponse", &json!({"resultCode": 200, "serviceInfo": 3}));
    let asked = line.asked("SubscribeServiceRequest").await;
    let failure = dubhe_core::registry::Registry::failure(&registry, &super::support::service());
    assert!(failure.unwrap().message().contains("not as expected"));
    asked.answer("SubscribeServiceResponse", &subscribed(1, &[1]));
    until(&mut seen, Health::Fresh, &[1]).await;
}
