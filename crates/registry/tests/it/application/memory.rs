//! The memory of large applications.

use std::alloc::System;
use std::process::Command;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::endpoint::Instance;
use dubhe_core::registry::{Registering, Registry as _};
use dubhe_registry::application::{
    ApplicationOptions, InstanceSnapshot, InstanceSnapshots, ServiceDiscovery, ServiceInstance,
};
use futures_util::{StreamExt as _, stream};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

use super::support::*;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const INSTANCES: u16 = 10_000;
/// The most that an endpoint may cost.
const BYTES: isize = 2 * 1024;

/// Lists many instances once, as a registry over a network makes them.
struct Large;

impl ServiceDiscovery for Large {
    fn name(&self) -> &'static str {
        "script://large"
    }

    fn register(&self, _: ServiceInstance) -> Registering<'_, ()> {
        Box::pin(async { Err(refused()) })
    }

    fn unregister(&self, _: &ServiceInstance) -> Registering<'_, ()> {
        Box::pin(async { Err(refused()) })
    }

    fn subscribe(&self, application: &str) -> Registering<'_, InstanceSnapshots> {
        let application = application.to_owned();
        Box::pin(async move {
            let made = stream::once(async move {
                let instances = (1..=INSTANCES).map(|n| {
                    let found = instance(&application, 20880, "1");
                    let instance = Instance {
                        host: format!("10.0.{}.{}", n / 256, n % 256).into(),
                        ..(*found.instance).clone()
                    };
                    ServiceInstance { instance: Arc::new(instance), port: 20880 }
                });
                InstanceSnapshot { instances: instances.collect(), ..InstanceSnapshot::default() }
            });
            let forever = stream::pending();
            let all = made.chain(forever);
            Ok(Box::pin(all) as InstanceSnapshots)
        })
    }

    fn applications(&self) -> Registering<'_, Vec<ByteString>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// Set in the process that the test starts.
const INNER: &str = "DUBHE_TEST_INNER";

/// Runs a test of this file once more, in a process where no other one allocates meanwhile.
fn alone(test: &str) {
    let mut process = Command::new(std::env::current_exe().unwrap());
    let process = process.args(["--exact", test, "--nocapture"]).env(INNER, "1");
    let ended = process.output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_of_a_large_application_costs_little() {
    if std::env::var_os(INNER).is_none() {
        return alone("application::memory::an_endpoint_of_a_large_application_costs_little");
    }
    let options = params(&[("provided-by", "shop")]);
    let registry = builder("consumer")
        .instances(Arc::new(Large))
        .metadata_client(Answers::new(&[info("1", &["a.B"])]))
        .options(ApplicationOptions::from_params(&options).unwrap())
        .build();
    let region = Region::new(ALLOCATOR);
    let mut b = registry.subscribe(&service("a.B")).await.unwrap();
    let all = until(&mut b, |_| (), |now| now.providers.len() == usize::from(INSTANCES)).await;
    let change = region.change();
    let held = change.bytes_allocated.cast_signed() - change.bytes_deallocated.cast_signed();
    let each = held / isize::try_from(INSTANCES).unwrap();
    assert!((200..BYTES).contains(&each), "{each} bytes for each endpoint");
    let params = &all.providers[0].params;
    assert!(all.providers.iter().all(|one| Arc::ptr_eq(&one.params, params)));
}
