//! The registry against real etcd servers, and beside dubbo-go. Needs Go; `cargo xtask test etcd` runs
//! it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

mod announcing;
mod documents;
mod go;
mod outages;
mod rules;
mod security;
mod server;

use dubhe_core::time::Duration;
use dubhe_etcd::Etcd;
use dubhe_etcd::client::{Client, Entry, KeyRange};

use server::Server;
use support::clock;

/// A registry of `server` with these parameters.
fn registry(server: &Server, parameters: &str) -> Etcd {
    Etcd::builder(&server.url(parameters), clock()).unwrap().application("tests").build()
}

/// The keys with this prefix, as texts.
async fn keys(client: &Client, prefix: &'static str) -> Vec<String> {
    client.connected().await.unwrap();
    let keys = client.keys(&KeyRange::prefix(prefix)).await.unwrap();
    keys.iter().map(|key| String::from_utf8(key.to_vec()).unwrap()).collect()
}

/// Waits until a key is as `holds` wants it.
async fn entry_until(
    client: &Client,
    key: &str,
    holds: impl Fn(Option<&Entry>) -> bool,
) -> Option<Entry> {
    let found = async {
        loop {
            // Lost connections are what some tests are about.
            if let Ok(entry) = client.get(key.to_owned()).await
                && holds(entry.as_ref())
            {
                return entry;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(40), found).await.expect("the key settles")
}
