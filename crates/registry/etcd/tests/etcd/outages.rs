//! Leases that end, servers that are away, and history that is compacted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dubhe_core::registry::{Health, Registry};
use dubhe_etcd::Etcd;
use dubhe_etcd::client::ClientState;
use dubhe_net::io::tcp::TcpDial;
use dubhe_net::io::{Address, BoxFuture, ConnectionInfo, Dial, Io};
use dubhe_net::{Error, ErrorKind};

use super::server::Server;
use super::support::{
    PROVIDERS, clock, follow, instance, join, provider, register, service, subscribe, until,
    until_instances,
};
use super::{entry_until, keys, registry};

#[tokio::test]
async fn a_lost_lease_is_replaced_and_all_keys_put_again() {
    let server = Server::start().await;
    let (ours, watcher) = (registry(&server, ""), registry(&server, ""));
    register(&ours, provider(1, &[])).await.unwrap();
    join(&ours, instance(1, &[])).await.unwrap();
    let names = keys(watcher.client(), PROVIDERS).await;
    let first = ours.client().lease().await.unwrap();
    server.post("/v3/lease/revoke", &format!("{{\"ID\":\"{first}\"}}"));
    for key in [&names[0], "/services/shop/127.0.0.1:1"] {
        let other = |entry: Option<&dubhe_etcd::client::Entry>| {
            entry.is_some_and(|entry| entry.lease != first)
        };
        let entry = entry_until(watcher.client(), key, other).await.unwrap();
        assert_eq!(entry.lease, ours.client().lease().await.unwrap());
    }
}

#[tokio::test]
async fn a_server_that_is_killed_and_comes_back_loses_nothing() {
    let mut server = Server::start().await;
    let (ours, theirs) = (registry(&server, ""), registry(&server, ""));
    register(&ours, provider(1, &[])).await.unwrap();
    join(&ours, instance(1, &[])).await.unwrap();
    let (mut seen, mut instances) = (subscribe(&theirs).await, follow(&theirs).await);
    until(&mut seen, Health::Fresh, &[1]).await;
    until_instances(&mut instances, Health::Fresh, &[1]).await;
    server.kill();
    until(&mut seen, Health::Stale, &[1]).await;
    until_instances(&mut instances, Health::Stale, &[1]).await;
    let failure = Registry::failure(&theirs, &service()).unwrap();
    assert!(failure.message().contains(&server.address().to_string()), "{failure}");
    server.run().await;
    until(&mut seen, Health::Fresh, &[1]).await;
    until_instances(&mut instances, Health::Fresh, &[1]).await;
    register(&ours, provider(2, &[])).await.unwrap();
    until(&mut seen, Health::Fresh, &[1, 2]).await;
}

#[tokio::test]
async fn a_server_that_lost_all_its_data_has_everything_back() {
    let mut server = Server::start().await;
    let (ours, theirs) = (registry(&server, ""), registry(&server, ""));
    register(&ours, provider(1, &[])).await.unwrap();
    let mut seen = subscribe(&theirs).await;
    until(&mut seen, Health::Fresh, &[1]).await;
    for number in 0..100 {
        ours.client().put(format!("/other/{number}"), "", 0).await.unwrap();
    }
    register(&ours, provider(2, &[])).await.unwrap();
    until(&mut seen, Health::Fresh, &[1, 2]).await;
    server.kill();
    until(&mut seen, Health::Stale, &[1, 2]).await;
    server.wipe();
    // Gone for good while nobody could see it.
    let _ = Registry::unregister(&ours, &provider(1, &[])).await;
    server.run().await;
    until(&mut seen, Health::Fresh, &[2]).await;
    register(&ours, provider(3, &[])).await.unwrap();
    until(&mut seen, Health::Fresh, &[2, 3]).await;
}

/// A way to the server that can be shut.
struct Gate(TcpDial, Arc<AtomicBool>);

impl Dial for Gate {
    fn dial<'a>(
        &'a self,
        to: &'a Address,
    ) -> BoxFuture<'a, dubhe_net::Result<(Io, ConnectionInfo)>> {
        if self.1.load(Ordering::SeqCst) {
            return self.0.dial(to);
        }
        Box::pin(async { Err(Error::new(ErrorKind::Io, "the gate is shut")) })
    }
}

#[tokio::test]
async fn changes_of_an_absence_are_heard_of_compacted_or_not() {
    for compacted in [false, true] {
        let mut server = Server::start().await;
        let open = Arc::new(AtomicBool::new(true));
        let away = Etcd::builder(&server.url("register=false"), clock()).unwrap();
        let away = away.dial(Gate(TcpDial::default(), open.clone())).build();
        let ours = registry(&server, "dynamic=false");
        register(&ours, provider(1, &[])).await.unwrap();
        register(&ours, provider(2, &[])).await.unwrap();
        let mut seen = subscribe(&away).await;
        until(&mut seen, Health::Fresh, &[1, 2]).await;
        open.store(false, Ordering::SeqCst);
        server.kill();
        until(&mut seen, Health::Stale, &[1, 2]).await;
        server.run().await;

        let client = ours.client();
        let names = keys(client, PROVIDERS).await;
        register(&ours, provider(3, &[])).await.unwrap();
        Registry::unregister(&ours, &provider(1, &[])).await.unwrap();
        entry_until(client, &names[0], |entry| entry.is_none()).await;
        if compacted {
            client.put("/last", "", 0).await.unwrap();
            let last = client.get("/last").await.unwrap().unwrap().mod_revision;
            client.compact(last).await.unwrap();
        }
        open.store(true, Ordering::SeqCst);
        until(&mut seen, Health::Fresh, &[2, 3]).await;
        register(&ours, provider(4, &[])).await.unwrap();
        until(&mut seen, Health::Fresh, &[2, 3, 4]).await;
    }
}

#[tokio::test]
async fn a_server_that_is_away_at_the_start_is_waited_for() {
    let mut server = Server::reserve();
    let strict = registry(&server, "timeout=200");
    let error = register(&strict, provider(1, &[])).await.unwrap_err();
    assert!(error.message().contains("not done within 200ms"), "{error}");
    assert!(error.message().contains(&server.address().to_string()), "{error}");

    let patient = registry(&server, "check=false");
    register(&patient, provider(2, &[])).await.unwrap();
    let mut seen = subscribe(&patient).await;
    assert!(matches!(patient.client().state(), ClientState::Connecting { .. }));
    server.run().await;
    // What failed is not announced later.
    until(&mut seen, Health::Fresh, &[2]).await;
    drop(strict);
}

#[tokio::test]
async fn unregistering_does_not_wait_for_a_server_that_is_away() {
    let mut server = Server::start().await;
    let ours = registry(&server, "");
    register(&ours, provider(1, &[])).await.unwrap();
    register(&ours, provider(2, &[])).await.unwrap();
    server.kill();
    let mut states = ours.client().states();
    states.wait_for(|state| matches!(state, ClientState::Connecting { .. })).await.unwrap();
    let error = Registry::unregister(&ours, &provider(1, &[])).await.unwrap_err();
    assert!(error.message().contains("not connected"), "{error}");
    server.run().await;
    // It is taken back as soon as that can be done; the other one stays.
    let mut seen = subscribe(&ours).await;
    until(&mut seen, Health::Fresh, &[2]).await;
}
