//! The registry against real ZooKeeper servers. Needs a JDK and Maven; `cargo xtask test zookeeper`
//! runs it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

mod announcing;
mod discovery;
mod documents;
mod java;
mod outages;
mod rules;
mod server;
mod tls;

use std::sync::Arc;

use dubhe_core::endpoint::{Instance, Offer, ServiceParams};
use dubhe_core::random::SplitMix;
use dubhe_core::registry::{Health, Registration, Registry, Snapshot, Snapshots};
use dubhe_core::time::Duration;
use dubhe_net::io::Address;
use dubhe_net::io::tcp::TcpDial;
use dubhe_zookeeper::ZooKeeper;
use dubhe_zookeeper::client::{Client, Session, Stat, ZooKeeperClientOptions};
use futures_util::StreamExt;
use server::Server;
use support::{clock, ports, service};

/// The node of the providers.
const PROVIDERS: &str = "/dubbo/demo.Greet/providers";

/// A provider of it on this port, with these parameters.
fn provider(port: u16, params: &[(&'static str, &'static str)]) -> Registration {
    Registration {
        service: service(),
        instance: Arc::new(Instance {
            host: "127.0.0.1".into(),
            application: "shop".into(),
            ..Instance::default()
        }),
        offer: Offer { protocol: "dubbo".into(), port },
        params: Arc::new(ServiceParams::new(
            &params.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
        )),
    }
}

/// A registry of `server` with these parameters.
fn registry(server: &Server, parameters: &str) -> ZooKeeper {
    ZooKeeper::builder(&server.url(parameters), clock()).unwrap().application("tests").build()
}

/// A connected client beside the registries; `resume` takes a session over.
async fn client(server: &Server, resume: Option<Session>) -> Client {
    let client = Client::open(ZooKeeperClientOptions {
        servers: vec![Address::from(server.address())],
        credentials: None,
        session_timeout: Duration::from_secs(4),
        resume,
        max_pause: Duration::from_secs(1),
        max_frame: 16 * 1024 * 1024,
        clock: clock(),
        random: Arc::new(SplitMix::from_os()),
        dial: Arc::new(TcpDial::default()),
    });
    client.connected().await.unwrap();
    client
}

/// Subscribes to the test's service.
async fn subscribe(registry: &ZooKeeper) -> Snapshots {
    registry.subscribe(&service()).await.unwrap()
}

/// The next snapshots until one is of this health and these ports.
async fn until(snapshots: &mut Snapshots, health: Health, expected: &[u16]) -> Snapshot {
    let found = async {
        loop {
            let snapshot = snapshots.next().await.expect("the subscription goes on");
            if snapshot.health == health && ports(&snapshot.providers) == expected {
                return snapshot;
            }
        }
    };
    let patience = Duration::from_secs(40);
    tokio::time::timeout(patience, found)
        .await
        .unwrap_or_else(|_| panic!("no {health:?} snapshot of {expected:?} within {patience:?}"))
}

/// Waits until a node is as `holds` wants it.
async fn stat_until(
    client: &Client,
    path: &str,
    holds: impl Fn(Option<Stat>) -> bool,
) -> Option<Stat> {
    let found = async {
        loop {
            // Lost connections are what these tests are about.
            if let Ok(stat) = client.stat(path).await
                && holds(stat)
            {
                return stat;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(40), found).await.expect("the node settles")
}
