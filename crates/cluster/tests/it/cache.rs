//! The cache of providers on disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use dubhe_cluster::{Channels, Directories, RegistryDirectory};
use dubhe_core::directory::Directory;
use dubhe_core::endpoint::Endpoints;
use dubhe_core::random::SplitMix;
use dubhe_core::registry::{DiscoveryLevel, Health, Registration};
use dubhe_core::time::{Duration, SystemTime};
use dubhe_core::{Instance, ServiceKey};
use dubhe_net::time::TokioClock;
use tokio::time::{Instant, sleep};

use crate::fakes::{Scripted, Wired, provider, service, settle, with_params, yield_to_tasks};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("dubhe-cache-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name).join("providers"))
    }

    /// The files, sorted.
    fn files(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(&self.0) else { return Vec::new() };
        let mut all: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        all.sort();
        all
    }

    fn only_file(&self) -> PathBuf {
        let files = self.files();
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].clone()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0.parent().unwrap());
    }
}

/// An application of its own, whose registries are these.
fn directories(folder: &Folder, registries: &[&Scripted]) -> Directories {
    let registries = registries.iter().map(|registry| Arc::new((*registry).clone()) as _).collect();
    let wired = Wired::default();
    wired.up(1..=9);
    let channels = Arc::new(Channels::new(vec![Arc::new(wired)]));
    Directories::new(registries, channels, Arc::new(TokioClock), Arc::new(SplitMix::new(1)))
        .with_cache(&folder.0)
}

fn follow(folder: &Folder, registry: &Scripted) -> Arc<RegistryDirectory> {
    directories(folder, &[registry]).directory(&service(), Vec::new())
}

fn addresses(set: &Endpoints) -> Vec<String> {
    set.iter().map(ToString::to_string).collect()
}

/// The providers of the first process are `told`, and saved.
async fn save(folder: &Folder, told: &[Registration]) {
    let registry = Scripted::default();
    let directory = follow(folder, &registry);
    settle().await;
    registry.tell(told);
    sleep(Duration::from_secs(2)).await;
    drop(directory);
}

fn rich() -> Registration {
    let mut rich = with_params(provider("dubbo", 1), &[("weight", "7"), ("token", "Tür \"x\"")]);
    rich.instance = Arc::new(Instance {
        host: "h".into(),
        application: "shop".into(),
        zone: Some("hz".into()),
        region: Some("east".into()),
        cluster: Some("c".into()),
        node: Some("n".into()),
        started: Some(SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123)),
        level: DiscoveryLevel::Application,
        params: [("a".into(), "b".into())].into(),
        ..Instance::default()
    });
    rich
}

#[tokio::test(start_paused = true)]
async fn a_process_begins_with_the_saved_providers_while_the_registry_is_silent() {
    let folder = Folder::new();
    save(&folder, &[rich(), provider("dubbo", 2)]).await;

    let (registry, began) = (Scripted::default(), Instant::now());
    let directory = follow(&folder, &registry);
    directory.changed(0).await;
    assert!(began.elapsed() <= Duration::from_millis(501), "{:?}", began.elapsed());
    let set = directory.snapshot();
    assert_eq!(addresses(&set), ["dubbo://h:1", "dubbo://h:2"]);
    let first = set.get(0).unwrap();
    assert_eq!((first.instance(), first.service()), (&rich().instance, &rich().params));
    // It says that it is old, and how old.
    assert_eq!(set.health(), Health::Stale);
    let failure = set.failure().unwrap();
    assert!(
        failure.contains("those of a cache that is") && failure.ends_with(" s old"),
        "{failure}"
    );
    assert!(set.explain().unwrap().registries[0].cached.is_some());

    // The first real answer counts.
    registry.tell(&[provider("dubbo", 2), provider("dubbo", 3)]);
    settle().await;
    let set = directory.snapshot();
    assert_eq!(addresses(&set), ["dubbo://h:2", "dubbo://h:3"]);
    assert_eq!((set.health(), set.failure()), (Health::Fresh, None));
    assert_eq!(set.explain().unwrap().registries[0].cached, None);
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_fails_is_not_waited_for() {
    let folder = Folder::new();
    save(&folder, &[provider("dubbo", 2)]).await;
    let (registry, began) = (Scripted::default(), Instant::now());
    registry.failures.store(usize::MAX, Ordering::Relaxed);
    let directory = follow(&folder, &registry);
    directory.changed(0).await;
    assert_eq!(began.elapsed(), Duration::ZERO);
    let failure = directory.snapshot().failure().unwrap();
    assert!(failure.contains("not now; the providers are those of a cache"), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_answers_is_believed_and_not_the_cache() {
    let folder = Folder::new();
    save(&folder, &[provider("dubbo", 2)]).await;
    let registry = Scripted::default();
    let directory = follow(&folder, &registry);
    sleep(Duration::from_millis(100)).await;
    registry.tell(&[]);
    settle().await;
    assert!(directory.snapshot().is_empty());
    sleep(Duration::from_secs(1)).await;
    assert!(directory.snapshot().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_empty_first_answer_after_the_cache_was_used_is_held() {
    let folder = Folder::new();
    save(&folder, &[provider("dubbo", 2), provider("dubbo", 99)]).await;
    let registry = Scripted::default();
    let directory = follow(&folder, &registry);
    sleep(Duration::from_secs(1)).await;
    registry.tell(&[]);
    sleep(Duration::from_secs(6)).await;
    assert_eq!(addresses(&directory.snapshot()), ["dubbo://h:2"], "the one that lives");
    sleep(Duration::from_secs(25)).await;
    assert!(directory.snapshot().is_empty());
    // That is saved, too.
    sleep(Duration::from_secs(2)).await;
    drop(directory);
    let directory = follow(&folder, &Scripted::default());
    sleep(Duration::from_secs(1)).await;
    assert!(directory.snapshot().is_empty());
}

#[tokio::test(start_paused = true)]
async fn files_that_are_no_cache_are_passed_over_and_written_again() {
    let folder = Folder::new();
    save(&folder, &[provider("dubbo", 2)]).await;
    let file = folder.only_file();
    let text = std::fs::read_to_string(&file).unwrap();
    let broken = [
        String::new(),
        "null".to_owned(),
        text[..text.len() / 2].to_owned(),
        text.replace("dubhe-providers-1", "dubhe-providers-2"),
        text.replace("\"a.B\"", "\"a.C\""),
        text.replace("\"port\":2", "\"port\":70000"),
        "[".repeat(1_000_000),
    ];
    for broken in broken {
        std::fs::write(&file, &broken).unwrap();
        let registry = Scripted::default();
        let directory = follow(&folder, &registry);
        sleep(Duration::from_secs(1)).await;
        assert!(directory.snapshot().is_empty(), "{broken:.80}");
        registry.tell(&[provider("dubbo", 2)]);
        sleep(Duration::from_secs(2)).await;
        let again = std::fs::read_to_string(&file).unwrap();
        assert!(again.contains("\"port\":2") && again.contains("\"a.B\""), "{again}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_is_written_once_for_changes_within_a_second() {
    let folder = Folder::new();
    let registry = Scripted::default();
    let directory = follow(&folder, &registry);
    settle().await;
    registry.tell(&[provider("dubbo", 1)]);
    sleep(Duration::from_millis(500)).await;
    registry.tell(&[provider("dubbo", 1), provider("dubbo", 2)]);
    sleep(Duration::from_millis(400)).await;
    assert!(folder.files().is_empty());
    sleep(Duration::from_millis(300)).await;
    let text = std::fs::read_to_string(folder.only_file()).unwrap();
    assert!(text.contains("\"port\":1") && text.contains("\"port\":2"), "{text}");
    // What has not changed is not written.
    std::fs::remove_file(folder.only_file()).unwrap();
    sleep(Duration::from_mins(1)).await;
    assert!(folder.files().is_empty());
    drop(directory);
}

#[tokio::test(start_paused = true)]
async fn what_a_process_of_the_same_number_writes_is_left_alone() {
    let folder = Folder::new();
    save(&folder, &[provider("dubbo", 1)]).await;
    // As of another container that shares the folder, in which it is the first process, too.
    let aside = folder.only_file().with_extension(format!("{}.tmp", std::process::id()));
    std::fs::write(&aside, "half a li").unwrap();
    save(&folder, &[provider("dubbo", 2)]).await;
    assert_eq!(std::fs::read_to_string(&aside).unwrap(), "half a li");
    std::fs::remove_file(aside).unwrap();
    let text = std::fs::read_to_string(folder.only_file()).unwrap();
    assert!(text.contains("\"port\":2"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn each_service_and_registry_has_a_file_that_others_cannot_read() {
    let folder = Folder::new();
    let registries = [Scripted::named("one://"), Scripted::named("other://")];
    let directories = directories(&folder, &[&registries[0], &registries[1]]);
    let odd = ServiceKey::new("../../a/B", "g", "1");
    let all = [service(), odd].map(|service| directories.directory(&service, Vec::new()));
    settle().await;
    for registry in &registries {
        registry.tell(&[provider("dubbo", 1)]);
    }
    sleep(Duration::from_secs(2)).await;
    let files = folder.files();
    assert_eq!(files.len(), 4, "{files:?}");
    #[cfg(unix)]
    for path in files.iter().map(PathBuf::as_path).chain([folder.0.as_path()]) {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata::<&Path>(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
    }
    drop(all);
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_cannot_be_written_costs_nothing_but_the_cache() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.0.parent().unwrap()).unwrap();
    std::fs::write(&folder.0, "a file").unwrap();
    let registry = Scripted::default();
    let directory = follow(&folder, &registry);
    yield_to_tasks().await;
    registry.tell(&[provider("dubbo", 1)]);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(addresses(&directory.snapshot()), ["dubbo://h:1"]);
    registry.tell(&[provider("dubbo", 1), provider("dubbo", 2)]);
    settle().await;
    assert_eq!(directory.snapshot().len(), 2);
}
