//! Sessions that end, nodes that are in the way, and servers that are away.

use std::time::Duration;

use dubhe_core::registry::{Health, Registry};
use dubhe_zookeeper::client::ClientState;
use futures_util::StreamExt;

use super::server::Server;
use super::support::ports;
use super::{PROVIDERS, client, provider, registry, stat_until, subscribe, until};

#[tokio::test]
async fn an_expired_session_is_replaced_with_all_it_had() {
    let server = Server::start().await;
    let ours = registry(&server, "");
    ours.register(provider(1, &[])).await.unwrap();
    let mut seen = subscribe(&ours).await;
    until(&mut seen, Health::Fresh, &[1]).await;
    let watcher = client(&server, None).await;
    let (names, _) = watcher.children(PROVIDERS).await.unwrap();
    let node = format!("{PROVIDERS}/{}", names[0]);

    // Whoever has its id and password may end a session.
    let first = ours.client().connected().await.unwrap();
    let thief = client(&server, Some(first.clone())).await;
    thief.close().await;

    let renewed = |stat: Option<dubhe_zookeeper::client::Stat>| {
        stat.is_some_and(|s| s.ephemeral_owner != first.id())
    };
    let stat = stat_until(&watcher, &node, renewed).await.unwrap();
    let second = ours.client().connected().await.unwrap();
    assert_eq!(stat.ephemeral_owner, second.id());
    // Whoever follows sees the provider before and after, and may see a stale set between.
    ours.register(provider(2, &[])).await.unwrap();
    loop {
        let snapshot = seen.next().await.unwrap();
        let now = ports(&snapshot.providers);
        assert!(now.contains(&1), "{snapshot:?}");
        if now == [1, 2] && snapshot.health == Health::Fresh {
            break;
        }
    }
}

#[tokio::test]
async fn a_server_that_is_killed_and_comes_back_loses_nothing() {
    let mut server = Server::start().await;
    let (ours, theirs) = (registry(&server, ""), registry(&server, ""));
    ours.register(provider(1, &[])).await.unwrap();
    let mut seen = subscribe(&theirs).await;
    until(&mut seen, Health::Fresh, &[1]).await;
    server.kill();
    until(&mut seen, Health::Stale, &[1]).await;
    server.run().await;
    until(&mut seen, Health::Fresh, &[1]).await;
    ours.register(provider(2, &[])).await.unwrap();
    until(&mut seen, Health::Fresh, &[1, 2]).await;
}

#[tokio::test]
async fn a_server_that_lost_all_its_data_has_everything_back() {
    let mut server = Server::start().await;
    let (ours, theirs) = (registry(&server, ""), registry(&server, ""));
    ours.register(provider(1, &[])).await.unwrap();
    let mut seen = subscribe(&theirs).await;
    until(&mut seen, Health::Fresh, &[1]).await;
    server.kill();
    until(&mut seen, Health::Stale, &[1]).await;
    // Its transactions begin at 0 again, and it refuses whoever has seen later ones.
    server.wipe();
    server.run().await;
    until(&mut seen, Health::Fresh, &[1]).await;
    ours.register(provider(2, &[])).await.unwrap();
    until(&mut seen, Health::Fresh, &[1, 2]).await;
}

#[tokio::test]
async fn a_server_that_freezes_past_all_sessions_has_everything_back() {
    let server = Server::start().await;
    let (ours, theirs) = (registry(&server, ""), registry(&server, ""));
    ours.register(provider(1, &[])).await.unwrap();
    let mut seen = subscribe(&theirs).await;
    until(&mut seen, Health::Fresh, &[1]).await;
    server.freeze(true);
    // Silence is noticed, though the connection is there.
    until(&mut seen, Health::Stale, &[1]).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    server.freeze(false);
    // Whether it lets the session go on or ends it depends on what it does first as it wakes.
    ours.client().connected().await.unwrap();
    loop {
        let snapshot = seen.next().await.unwrap();
        let is_there = ports(&snapshot.providers) == [1];
        if snapshot.health == Health::Fresh && is_there {
            break;
        }
        // The list is empty where the session was ended and the consumer is back before the provider.
        assert!(is_there || snapshot.health == Health::Fresh, "{snapshot:?}");
    }
}

#[tokio::test]
async fn a_node_that_an_older_session_left_is_replaced() {
    let server = Server::start().await;
    let dead = client(&server, None).await;
    let registration = provider(1, &[("timestamp", "7")]);
    let ours = registry(&server, "");
    ours.register(registration.clone()).await.unwrap();
    let node = format!("{PROVIDERS}/{}", dead.children(PROVIDERS).await.unwrap().0[0]);
    ours.close().await;
    dead.create(&node, b"", true).await.unwrap();

    let ours = registry(&server, "");
    ours.register(registration).await.unwrap();
    dead.close().await;
    let owner = ours.client().connected().await.unwrap().id();
    let stat = ours.client().stat(&node).await.unwrap().unwrap();
    assert_eq!(stat.ephemeral_owner, owner);
}

#[tokio::test]
async fn a_node_that_somebody_removes_comes_back() {
    let server = Server::start().await;
    let (ours, other) = (registry(&server, ""), client(&server, None).await);
    // Also when the runtime is gone that it was registered in.
    let caller = ours.clone();
    let register = move || {
        let brief = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        brief.block_on(caller.register(provider(1, &[]))).unwrap();
    };
    tokio::task::spawn_blocking(register).await.unwrap();
    let (names, removed) = other.children(PROVIDERS).await.unwrap();
    let node = format!("{PROVIDERS}/{}", names[0]);
    other.delete(&node).await.unwrap();
    removed.await;
    stat_until(&other, &node, |stat| stat.is_some()).await;
}

#[tokio::test]
async fn a_server_that_is_away_at_the_start_is_waited_for() {
    let mut server = Server::reserve();
    let strict = registry(&server, "timeout=200");
    let error = strict.register(provider(1, &[])).await.unwrap_err();
    assert!(error.message().contains("not done within 200ms"), "{error}");
    assert!(error.message().contains(&server.address().to_string()), "{error}");

    let patient = registry(&server, "check=false");
    patient.register(provider(2, &[])).await.unwrap();
    let mut seen = subscribe(&patient).await;
    assert!(matches!(patient.client().state(), ClientState::Connecting { .. }));
    server.run().await;
    // What failed is not announced later.
    let snapshot = until(&mut seen, Health::Fresh, &[2]).await;
    assert_eq!(snapshot.providers[0].service, provider(2, &[]).service);
    drop(strict);
}

#[tokio::test]
async fn unregistering_does_not_wait_for_a_server_that_is_away() {
    let mut server = Server::start().await;
    let ours = registry(&server, "");
    ours.register(provider(1, &[])).await.unwrap();
    ours.register(provider(2, &[])).await.unwrap();
    server.kill();
    let mut states = ours.client().states();
    states.wait_for(|state| matches!(state, ClientState::Connecting { .. })).await.unwrap();
    let unregister = ours.unregister(&provider(1, &[]));
    let error = tokio::time::timeout(Duration::from_secs(20), unregister).await.unwrap();
    assert!(error.unwrap_err().message().contains("not connected"));
    server.run().await;
    // It is taken back as soon as that can be done; the other one stays.
    let mut seen = subscribe(&ours).await;
    until(&mut seen, Health::Fresh, &[2]).await;
}
