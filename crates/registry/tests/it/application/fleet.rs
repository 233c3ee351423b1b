//! A whole fleet at the application level, in one process.

use std::sync::Arc;

use dubhe_core::registry::Registry as _;
use dubhe_registry::application::{ApplicationOptions, ApplicationRegistry};
use dubhe_registry::{MemoryDiscovery, MemoryDocuments};

use super::support::*;

#[tokio::test(start_paused = true)]
async fn a_fleet_finds_itself_in_memory() {
    let (fleet, center) = (MemoryDiscovery::new(), Arc::new(MemoryDocuments::new()));
    let options = params(&[("register-mode", "instance"), ("metadata-type", "remote")]);
    let join = |application: &'static str| -> ApplicationRegistry {
        builder(application)
            .instances(Arc::new(fleet.clone()))
            .metadata_center(center.clone())
            .config_center(center.clone())
            .options(ApplicationOptions::from_params(&options).unwrap())
            .build()
    };
    let consumer = join("consumer");
    let mut b = consumer.subscribe(&service("a.B")).await.unwrap();
    let mut c = consumer.subscribe(&service("a.C")).await.unwrap();
    let shops: Vec<_> = (1..=3).map(|port| (port, join("shop"))).collect();
    let stock = join("stock");
    for (port, shop) in &shops {
        shop.register(registration("a.B", *port)).await.unwrap();
    }
    stock.register(registration("a.B", 9)).await.unwrap();
    stock.register(registration("a.C", 9)).await.unwrap();
    let all = with_ports(&mut b, &[1, 2, 3, 9]).await;
    with_ports(&mut c, &[9]).await;
    let applications: Vec<_> = all.providers.iter().map(|of| &*of.instance.application).collect();
    assert_eq!(applications, ["shop", "shop", "shop", "stock"]);
    assert_eq!(all.providers[0].params.get("methods"), Some("hello"));

    shops[1].1.unregister(&registration("a.B", 2)).await.unwrap();
    with_ports(&mut b, &[1, 3, 9]).await;
    stock.unregister(&registration("a.B", 9)).await.unwrap();
    with_ports(&mut b, &[1, 3]).await;
    nothing_more(&mut c).await;
    stock.unregister(&registration("a.C", 9)).await.unwrap();
    with_ports(&mut c, &[]).await;
}
