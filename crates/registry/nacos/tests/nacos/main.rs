//! The registry against real Nacos servers. Needs a JDK and Maven; `cargo xtask test nacos` runs it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

use dubhe_core::registry::{Health, Registry as _};
use dubhe_nacos::Nacos;
use support::*;

#[tokio::test]
async fn quick() {
    let (lines, _guard) = dubhe_testkit::log::Lines::from_level_of_this_thread(tracing::Level::DEBUG);
    let l2 = lines.clone();
    std::thread::spawn(move || { std::thread::sleep(std::time::Duration::from_secs(12)); for l in l2.take() { eprintln!("LOG {l}"); } });
    let url = std::env::var("NACOS_URL").unwrap();
    let nacos = Nacos::builder(&url, clock()).unwrap().application("tests").build();
    let registry = nacos.registry();
    let mut seen = subscribe(&registry).await;
    until(&mut seen, Health::Fresh, &[]).await;
    registry.register(provider(1, &[])).await.unwrap();
    until(&mut seen, Health::Fresh, &[1]).await;
    registry.register(provider(2, &[])).await.unwrap();
    until(&mut seen, Health::Fresh, &[1, 2]).await;
    registry.unregister(&provider(1, &[])).await.unwrap();
    until(&mut seen, Health::Fresh, &[2]).await;
    nacos.close().await;
}
