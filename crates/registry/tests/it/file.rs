//! The registry in a folder, through its public face.
use std::sync::Arc;
use std::time::Duration;

use dubhe_core::registry::{Health, Registration, Registry, Snapshots};
use dubhe_core::time::{Clock, Instant, Sleep};
use dubhe_core::{Instance, Offer, ServiceKey};
use dubhe_registry::File;
use futures_util::StreamExt;

/// A clock whose sleeps end at once after a short real pause, so that the test does not wait.
pub(crate) struct Fast;

impl Clock for Fast {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep_until(&self, _: Instant) -> Sleep {
        Box::pin(tokio::time::sleep(Duration::from_millis(1)))
    }

    fn wall(&self) -> std::time::SystemTime {
        std::time::SystemTime::now()
    }
}

fn provider(port: u16) -> Registration {
    Registration {
        service: ServiceKey::new("a.B", "g", "1.0.0"),
        instance: Arc::new(Instance { host: "127.0.0.1".into(), ..Instance::default() }),
        offer: Offer { protocol: "dubbo".into(), port },
        params: Arc::default(),
    }
}

async fn ports(seen: &mut Snapshots) -> Vec<u16> {
    seen.next().await.unwrap().providers.iter().map(|p| p.offer.port).collect()
}

#[tokio::test]
async fn follows_providers_and_files_written_by_hand() {
    let folder = std::env::temp_dir().join(format!("dubhe-registry-{}", std::process::id()));
    let registry = File::new(&folder, Arc::new(Fast));
    let key = provider(1).service;
    let mut seen = registry.subscribe(&key).await.unwrap();
    assert_eq!(seen.next().await.unwrap().health, Health::Stale, "the folder is not there yet");

    registry.register(provider(1)).await.unwrap();
    assert_eq!(ports(&mut seen).await, [1]);

    let by_hand = "# by hand\n\nnonsense://\ngarbage\ndubbo://127.0.0.1:4\ndubbo://127.0.0.1:2/a.B?group=g&version=1.0.0\n\
                   dubbo://127.0.0.1:3/other.Service\n";
    std::fs::write(folder.join("a-hand.url"), by_hand).unwrap();
    assert_eq!(ports(&mut seen).await, [2, 1]);
    let services = registry.services().await.unwrap();
    let services: Vec<&str> = services.iter().map(|of| &**of.interface()).collect();
    assert_eq!(services, ["a.B", "other.Service"], "a URL without a service is none");

    registry.unregister(&provider(1)).await.unwrap();
    assert_eq!(ports(&mut seen).await, [2]);
    registry.unregister(&provider(1)).await.unwrap();

    std::fs::remove_dir_all(&folder).unwrap();
    let last = seen.next().await.unwrap();
    assert_eq!((last.health, last.providers.len()), (Health::Stale, 1));
}

#[tokio::test]
async fn a_file_may_have_as_many_bytes_as_the_limit() {
    let folder = std::env::temp_dir().join(format!("dubhe-registry-max-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, port: u16, bytes: usize| {
        let url = format!("dubbo://127.0.0.1:{port}/a.B?group=g&version=1.0.0\n");
        let comment = "#".repeat(bytes - url.len());
        std::fs::write(folder.join(name), url + &comment).unwrap();
    };
    write("a.url", 1, 100);
    write("b.url", 2, 101);
    let seen = async |registry: File| {
        let mut seen = registry.subscribe(&provider(1).service).await.unwrap();
        ports(&mut seen).await
    };
    let registry = || File::new(&folder, Arc::new(Fast));
    assert_eq!(seen(registry().max_file(100)).await, [1]);
    assert_eq!(seen(registry().max_file(101)).await, [1, 2]);
    // 1 MiB is the default.
    write("a.url", 1, 1 << 20);
    write("b.url", 2, (1 << 20) + 1);
    assert_eq!(seen(registry()).await, [1]);
    assert_eq!(seen(registry().max_file(u64::MAX)).await, [1, 2]);
    std::fs::remove_dir_all(&folder).unwrap();
}
