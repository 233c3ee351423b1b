//! Pushes: taken and answered, whether anybody looks or not.

use dubhe_core::registry::Health;
use futures_util::{FutureExt as _, StreamExt as _};
use serde_json::json;

use super::fake::{Fake, Line, subscribed};
use super::support::{ports, subscribe, until};

async fn following(fake: &mut Fake) -> Line {
    let mut line = fake.welcome().await;
    line.asked("SubscribeServiceRequest")
        .await
        .answer("SubscribeServiceResponse", &subscribed(5, &[1]));
    line
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_holds_up_nobody() {
    let mut fake = Fake::new(1);
    let nacos = fake.client("");
    let registry = nacos.registry();
    let mut slow = subscribe(&registry).await;
    let mut quick = subscribe(&registry).await;
    // Both share one subscription, though neither has asked yet.
    let mut line = following(&mut fake).await;
    until(&mut quick, Health::Fresh, &[1]).await;
    for n in 0..5_000 {
        line.push_service(n, n + 6, &[2]);
        line.acknowledged("NotifySubscriberResponse", n).await;
    }
    line.push_service(9, 9_999, &[3]);
    line.acknowledged("NotifySubscriberResponse", 9).await;
    until(&mut quick, Health::Fresh, &[3]).await;
    // Who comes late sees the present, and nothing else.
    assert_eq!(ports(&slow.next().await.unwrap().providers), [3]);
    assert!(slow.next().now_or_never().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_list_that_nobody_told_of_is_found() {
    let mut fake = Fake::new(1);
    let nacos = fake.client("");
    let mut seen = subscribe(&nacos.registry()).await;
    let mut line = following(&mut fake).await;
    until(&mut seen, Health::Fresh, &[1]).await;
    // The same once more is no news.
    line.asked("SubscribeServiceRequest")
        .await
        .answer("SubscribeServiceResponse", &subscribed(6, &[1]));
    line.asked("SubscribeServiceRequest")
        .await
        .answer("SubscribeServiceResponse", &subscribed(7, &[2]));
    assert_eq!(ports(&seen.next().await.unwrap().providers), [2]);
    line.list = Some(subscribed(7, &[2]));
    line.idle(std::time::Duration::from_mins(5)).await;
    // One that cannot be read makes it be asked soon.
    line.list = None;
    line.push("NotifySubscriberRequest", &json!({"requestId": "1", "serviceInfo": 7}));
    let told = tokio::time::Instant::now();
    let asked = line.asked("SubscribeServiceRequest").await;
    assert!(told.elapsed() < std::time::Duration::from_secs(4), "{:?}", told.elapsed());
    asked.answer("SubscribeServiceResponse", &subscribed(8, &[3]));
    until(&mut seen, Health::Fresh, &[3]).await;
}

#[tokio::test(start_paused = true)]
async fn older_news_does_not_replace_newer() {
    let mut fake = Fake::new(1);
    let nacos = fake.client("");
    let mut seen = subscribe(&nacos.registry()).await;
    let mut line = following(&mut fake).await;
    until(&mut seen, Health::Fresh, &[1]).await;
    line.push_service(1, 4, &[4]);
    line.acknowledged("NotifySubscriberResponse", 1).await;
    line.push_service(2, 6, &[]);
    line.acknowledged("NotifySubscriberResponse", 2).await;
    // An empty list is passed on as it is.
    assert_eq!(ports(&seen.next().await.unwrap().providers), [0_u16; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_server_whose_clock_is_set_back_is_believed() {
    let mut fake = Fake::new(1);
    let nacos = fake.client("");
    let mut seen = subscribe(&nacos.registry()).await;
    let mut line = following(&mut fake).await;
    until(&mut seen, Health::Fresh, &[1]).await;
    let hour = 3_600_000;
    line.push_service(1, 2 * hour, &[2]);
    line.acknowledged("NotifySubscriberResponse", 1).await;
    until(&mut seen, Health::Fresh, &[2]).await;
    line.push_service(2, hour, &[3]);
    line.acknowledged("NotifySubscriberResponse", 2).await;
    let next = tokio::time::timeout(std::time::Duration::from_secs(10), seen.next()).await;
    assert_eq!(ports(&next.expect("the news is believed").unwrap().providers), [3]);
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_of_a_client_is_answered() {
    let mut fake = Fake::new(1);
    let nacos = fake.client("");
    let _seen = subscribe(&nacos.registry()).await;
    let mut line = following(&mut fake).await;
    for (n, (kind, answer)) in [
        ("ClientDetectionRequest", "ClientDetectionResponse"),
        ("ConfigChangeNotifyRequest", "ConfigChangeNotifyResponse"),
        ("SomethingNewRequest", "ErrorResponse"),
    ]
    .into_iter()
    .enumerate()
    {
        let n = u32::try_from(n).unwrap();
        line.push(kind, &json!({"requestId": n.to_string()}));
        line.acknowledged(answer, n).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscription_ends_with_its_last_consumer() {
    let mut fake = Fake::new(1);
    let nacos = fake.client("");
    let registry = nacos.registry();
    let (first, second) = (subscribe(&registry).await, subscribe(&registry).await);
    let mut line = following(&mut fake).await;
    drop(first);
    drop(second);
    let end = line.asked("SubscribeServiceRequest").await;
    assert_eq!(end.body["subscribe"], false);
    // A consumer that comes meanwhile is told of what the server says after that.
    let mut third = subscribe(&registry).await;
    end.done();
    let again = line.asked("SubscribeServiceRequest").await;
    assert_eq!(again.body["subscribe"], true);
    again.answer("SubscribeServiceResponse", &subscribed(7, &[3]));
    until(&mut third, Health::Fresh, &[3]).await;
}
