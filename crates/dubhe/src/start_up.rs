//! The start-up configuration of an application.

use std::sync::Arc;

use dubhe_config::{ConfigSnapshot, ConfigWatcher, Keys, Setting};
use dubhe_core::registry::Health;
use dubhe_core::time::{Duration, SharedClock, after};
use dubhe_core::{Code, Status};

/// Reads the start-up configuration of an application; the snapshot of its config centres has it.
pub(crate) async fn read(
    config: &ConfigWatcher,
    application: &str,
    clock: &SharedClock,
    wait: Duration,
) -> Result<Arc<ConfigSnapshot>, Status> {
    let keys = Keys::start_up(application);
    // Followed here too, as the application may follow nothing yet.
    let _following = config.follow(keys.clone());
    let mut updates = config.updates();
    let fresh = |snapshot: &Arc<ConfigSnapshot>| {
        let document = |key| snapshot.document(key);
        keys.iter().all(|key| document(key).is_some_and(|known| known.health == Health::Fresh))
    };
    let snapshot = tokio::select! {
        snapshot = updates.wait_for(fresh) => snapshot.map(|snapshot| snapshot.clone()).ok(),
        () = clock.sleep_until(after(clock.now(), wait)) => None,
    };
    let Some(snapshot) = snapshot else {
        let [all, own] = &keys;
        let text = format!(
            "no start-up configuration of {application}: {config:?} has not answered for {all} and \
             {own} within {wait:?}; see if its servers can be reached, or build the application without"
        );
        return Err(Status::unavailable(text));
    };
    for key in &keys {
        let Some(refused) = snapshot.document(key).and_then(|known| known.refused.clone()) else {
            continue;
        };
        let text = format!("cannot read the start-up configuration {key}: {}", refused.error);
        return Err(Status::new(Code::InvalidArgument, text).with_source(refused.error.clone()));
    }
    Ok(snapshot)
}

/// The registries that it names, by their URLs: `dubbo.registry.address` and
/// `dubbo.registries.{id}.address`. `N/A` is none; several are separated by `;` or `|` (Dubbo Java
/// `RegistryConfig`, `UrlUtils.parseURLs`).
pub(crate) fn registries(
    snapshot: &ConfigSnapshot,
    application: &str,
) -> Result<Vec<String>, Status> {
    let mut addresses = Vec::from_iter(snapshot.setting(application, "dubbo.registry.address"));
    let ids = snapshot.settings(application, "dubbo.registries.");
    addresses.extend(ids.into_iter().filter(|setting| setting.key.ends_with(".address")));
    let mut urls = Vec::new();
    for Setting { key, value, at } in addresses {
        let parts = value.split([';', '|']).map(str::trim);
        for url in parts.filter(|url| !url.is_empty() && !url.eq_ignore_ascii_case("N/A")) {
            if !url.contains("://") {
                // It may have a password, and so is not shown.
                let text = format!(
                    "the start-up configuration has an address without scheme at {key} in line {}; \
                     write zookeeper://HOST:PORT, or that of another registry",
                    at.line
                );
                return Err(Status::invalid_argument(text));
            }
            urls.push(url.to_owned());
        }
        tracing::info!(%key, "the start-up configuration names registries");
    }
    Ok(urls)
}
