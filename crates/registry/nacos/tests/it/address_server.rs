//! Address servers, which name the servers of a cluster.

use dubhe_core::registry::{Health, Registry as _};
use dubhe_core::time::Duration;
use dubhe_testkit::log::Lines;
use tokio::time::Instant;
use tracing::Level;

use super::fake::{Fake, Http, subscribed};
use super::support::{service, subscribe, until};

/// The port of address servers.
const PORT: u16 = 8080;

#[tokio::test(start_paused = true)]
async fn the_servers_are_those_that_the_address_server_names() {
    let mut fake = Fake::new(2);
    let mut addresses = Http::at(&fake, PORT);
    let nacos = fake.client("endpoint=127.0.0.1&endpointQueryParams=a%3Db");
    let mut seen = subscribe(&nacos.registry()).await;
    let asked = addresses.answer("200 OK", "127.0.0.1:2\n").await;
    assert!(asked.starts_with("GET /nacos/serverlist?a=b "), "{asked}");
    let mut line = fake.welcome().await;
    assert_eq!(line.server, 2);
    line.asked("SubscribeServiceRequest")
        .await
        .answer("SubscribeServiceResponse", &subscribed(1, &[1]));
    line.list = Some(subscribed(1, &[1]));
    until(&mut seen, Health::Fresh, &[1]).await;

    // What cannot be used changes nothing, and neither does a list with the server in it.
    let begun = Instant::now();
    for (status, body) in [
        ("200 OK", ""),
        ("200 OK", "127.0.0.1:x"),
        ("503 No", ""),
        ("200 OK", "127.0.0.1:2,127.0.0.1:1"),
    ] {
        tokio::join!(addresses.answer(status, body), line.idle(Duration::from_secs(30)));
    }
    assert_eq!(begun.elapsed().as_secs(), 120);

    // The connection is changed for one to a server that is named, and only then left.
    tokio::join!(addresses.answer("200 OK", "127.0.0.1:1"), line.idle(Duration::from_secs(30)));
    let mut next = fake.welcome().await;
    assert_eq!(next.server, 1);
    next.asked("SubscribeServiceRequest")
        .await
        .answer("SubscribeServiceResponse", &subscribed(1, &[1, 2]));
    until(&mut seen, Health::Fresh, &[1, 2]).await;
    assert!(nacos.registry().failure(&service()).is_none());
}

#[tokio::test(start_paused = true)]
async fn an_address_server_that_is_away_is_asked_until_it_answers_and_told_of() {
    let (lines, _guard) = Lines::from_level_of_this_thread(Level::WARN);
    let mut fake = Fake::new(1);
    let nacos = fake.client("endpoint=127.0.0.1&timeout=5000");
    let registry = nacos.registry();
    let mut seen = subscribe(&registry).await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    let status = registry.failure(&service()).unwrap();
    assert!(status.message().contains("127.0.0.1:8080"), "{status}");
    let told = lines.with("no list of the servers of nacos").len();
    assert!((1..10).contains(&told), "{told}");
    // Nobody asks the servers of the URL.
    let mut addresses = Http::at(&fake, PORT);
    tokio::select! {
        _ = fake.accept() => panic!("connected to a server that nobody named"),
        _ = addresses.answer("200 OK", "127.0.0.1:1") => {}
    }
    let mut line = fake.welcome().await;
    line.asked("SubscribeServiceRequest")
        .await
        .answer("SubscribeServiceResponse", &subscribed(1, &[]));
    until(&mut seen, Health::Fresh, &[]).await;
}
