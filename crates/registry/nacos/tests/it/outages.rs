//! Connections that end, and servers that forget.

use dubhe_core::documents::{DocumentKey, DocumentStore as _};
use dubhe_core::registry::{Health, Registry as _};
use dubhe_core::time::Duration;
use dubhe_testkit::log::Lines;
use futures_util::StreamExt as _;
use serde_json::json;
use tokio::time::Instant;
use tracing::Level;

use super::fake::{Fake, Line, subscribed};
use super::support::{clock, ports, provider, service, subscribe, until};

/// Expects the registration and the subscription of a new connection, and answers both.
async fn everything_again(line: &mut Line, time: u32, ports: &[u16]) {
    let mut kinds = Vec::new();
    for _ in 0..2 {
        let asked = line.next().await.unwrap();
        kinds.push(asked.kind.clone());
        match &*asked.kind {
            "SubscribeServiceRequest" => {
                asked.answer("SubscribeServiceResponse", &subscribed(time, ports));
            }
            _ => asked.done(),
        }
    }
    kinds.sort_unstable();
    assert_eq!(kinds, ["InstanceRequest", "SubscribeServiceRequest"]);
}

#[tokio::test(start_paused = true)]
async fn everything_is_told_again_over_a_new_connection() {
    let mut fake = Fake::new(1);
    let nacos = fake.client("");
    let registry = nacos.registry();
    let mut seen = subscribe(&registry).await;
    let registering = tokio::spawn({
        let registry = registry.clone();
        async move { registry.register(provider(1, &[])).await }
    });
    let mut line = fake.welcome().await;
    everything_again(&mut line, 1, &[1]).await;
    registering.await.unwrap().unwrap();
    until(&mut seen, Health::Fresh, &[1]).await;

    drop(line);
    until(&mut seen, Health::Stale, &[1]).await;
    // The clock of another server may be behind.
    let mut line = fake.welcome().await;
    everything_again(&mut line, 0, &[1, 2]).await;
    until(&mut seen, Health::Fresh, &[1, 2]).await;
    assert!(registry.failure(&service()).is_none());
}

#[tokio::test(start_paused = true)]
async fn the_log_tells_of_servers_that_are_away_and_of_the_cause_once() {
    let (lines, _guard) = Lines::from_level_of_this_thread(Level::INFO);
    // The servers go with the fake.
    let nacos = Fake::new(1).client("");
    let registry = nacos.registry();
    let _seen = subscribe(&registry).await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    let all = lines.with("");
    let away = |line: &String| line.contains("no connection to nacos; ") && line.contains("why=");
    assert!(!all.is_empty() && all.iter().all(away), "{all:#?}");
    let status = registry.failure(&service()).unwrap();
    for text in all.iter().map(|line| &**line).chain([status.message()]) {
        assert_eq!(text.matches("cannot connect").count(), 1, "{text}");
        assert!(text.matches("not connected").count() <= 1, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_forgot_us_is_noticed() {
    for code in [301, 500] {
        let mut fake = Fake::new(2);
        let nacos = fake.client("");
        let mut seen = subscribe(&nacos.registry()).await;
        let mut line = fake.welcome().await;
        let asked = line.asked("SubscribeServiceRequest").await;
        asked.answer("SubscribeServiceResponse", &subscribed(1, &[1]));
        line.list = Some(subscribed(1, &[1]));
        until(&mut seen, Health::Fresh, &[1]).await;
        line.healthy = false;
        line.asked("HealthCheckRequest").await.refuse(code);
        // It goes to the other server.
        let mut next = fake.welcome().await;
        assert_ne!(next.server, line.server);
        let asked = next.asked("SubscribeServiceRequest").await;
        asked.answer("SubscribeServiceResponse", &subscribed(1, &[2]));
        until(&mut seen, Health::Fresh, &[2]).await;
        assert!(line.next().await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_left() {
    let mut fake = Fake::new(1);
    let nacos = fake.client("");
    let mut seen = subscribe(&nacos.registry()).await;
    let mut line = fake.welcome().await;
    line.asked("SubscribeServiceRequest")
        .await
        .answer("SubscribeServiceResponse", &subscribed(1, &[1]));
    line.list = Some(subscribed(1, &[1]));
    until(&mut seen, Health::Fresh, &[1]).await;
    line.healthy = false;
    // One that is late is asked once more.
    let first = line.asked("HealthCheckRequest").await;
    let second = line.asked("HealthCheckRequest").await;
    until(&mut seen, Health::Stale, &[1]).await;
    fake.welcome().await;
    drop((first, second));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_sends_us_away_is_left_when_another_one_has_us() {
    let mut fake = Fake::new(3);
    let nacos = fake.client("");
    let registry = nacos.registry();
    let mut seen = subscribe(&registry).await;
    let mut line = fake.welcome().await;
    line.asked("SubscribeServiceRequest")
        .await
        .answer("SubscribeServiceResponse", &subscribed(1, &[1]));
    until(&mut seen, Health::Fresh, &[1]).await;

    let wanted = line.server % 3 + 1;
    let reset =
        json!({"requestId": "9", "serverIp": "127.0.0.1", "serverPort": wanted.to_string()});
    line.push("ConnectResetRequest", &reset);
    line.acknowledged("ConnectResetResponse", 9).await;
    let mut next = fake.welcome().await;
    assert_eq!(next.server, wanted);
    next.asked("SubscribeServiceRequest")
        .await
        .answer("SubscribeServiceResponse", &subscribed(1, &[1, 2]));
    until(&mut seen, Health::Fresh, &[1, 2]).await;
    // The old connection stays for a while, and what it says is answered, and not believed.
    line.push_service(10, 99, &[7]);
    line.acknowledged("NotifySubscriberResponse", 10).await;
    next.push_service(1, 2, &[3]);
    until(&mut seen, Health::Fresh, &[3]).await;
    assert!(line.next().await.is_none());
    assert!(registry.failure(&service()).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_server_without_negotiation_is_waited_for() {
    let mut fake = Fake::new(1);
    let nacos = fake.client("");
    let mut seen = subscribe(&nacos.registry()).await;
    let mut line = fake.accept().await;
    line.open(false).await;
    line.healthy = false;
    line.asked("HealthCheckRequest").await.refuse(301);
    line.asked("HealthCheckRequest").await.done();
    line.healthy = true;
    line.asked("SubscribeServiceRequest")
        .await
        .answer("SubscribeServiceResponse", &subscribed(1, &[]));
    until(&mut seen, Health::Fresh, &[]).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_starts_is_asked_often() {
    let mut fake = Fake::new(1);
    let nacos = fake.client("");
    let _seen = subscribe(&nacos.registry()).await;
    let mut lines = Vec::new();
    for _ in 0..20 {
        let begun = Instant::now();
        let mut line = fake.accept().await;
        line.asked("ServerCheckRequest").await.refuse(300);
        assert!(begun.elapsed() <= Duration::from_millis(600), "{:?}", begun.elapsed());
        // Its answer is on its way.
        lines.push(line);
    }
    fake.welcome().await;
}

#[tokio::test(start_paused = true)]
async fn after_an_outage_both_connections_are_made_together() {
    let mut fake = Fake::new(0);
    let url = "nacos://127.0.0.1:1";
    let nacos =
        dubhe_nacos::Nacos::builder(url, clock()).unwrap().dial(fake.network.clone()).build();
    let _seen = subscribe(&nacos.registry()).await;
    let documents = nacos.documents();
    tokio::spawn(async move { documents.get(&DocumentKey::config("a")).await });
    tokio::time::sleep(Duration::from_secs(20)).await;
    fake.open();
    let begun = Instant::now();
    let first = fake.welcome().await;
    assert!(begun.elapsed() <= Duration::from_secs(2), "{:?}", begun.elapsed());
    let begun = Instant::now();
    fake.welcome().await;
    assert!(begun.elapsed() <= Duration::from_millis(10), "{:?}", begun.elapsed());
    drop(first);
}

#[tokio::test(start_paused = true)]
async fn closing_ends_everything() {
    let mut fake = Fake::new(1);
    let nacos = fake.client("");
    let registry = nacos.registry();
    let mut seen = subscribe(&registry).await;
    let mut line = fake.welcome().await;
    line.asked("SubscribeServiceRequest")
        .await
        .answer("SubscribeServiceResponse", &subscribed(1, &[1]));
    assert_eq!(ports(&seen.next().await.unwrap().providers), [1]);
    nacos.close().await;
    assert!(line.next().await.is_none());
    assert!(seen.next().await.is_none());
    let error = registry.register(provider(1, &[])).await.unwrap_err();
    assert!(error.message().contains("closed"), "{error}");
    assert!(registry.subscribe(&service()).await.is_err());
}
