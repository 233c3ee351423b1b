//! The rules that a client follows.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_config::{ConfigWatcher, Following, GATHER, Keys};
use dubhe_core::ServiceKey;
use dubhe_core::directory::Directory;
use dubhe_core::time::{SharedClock, after};
use futures_util::FutureExt as _;
use futures_util::future::{AbortHandle, abortable};

use crate::environment::Environment;

/// The rules of a service and of the applications that provide it, which are followed until it is
/// dropped.
pub(crate) struct FollowedRules {
    _service: Following,
    /// Ends the task that follows those of the applications.
    providers: AbortHandle,
}

impl FollowedRules {
    /// Follows the rules of `service` in the config centres of `env`, and those of the applications in
    /// `directory` as they come and go; `None` without a config centre.
    pub(crate) fn follow(
        env: &Environment,
        service: &ServiceKey,
        directory: Arc<dyn Directory>,
    ) -> Option<Self> {
        let config = env.config()?;
        let of_service = config.follow(Keys::consumed(service));
        let task = follow_providers(config.clone(), directory, env.clock().clone());
        let (task, providers) = abortable(task);
        env.tasks().spawn(task.map(drop));
        Some(Self { _service: of_service, providers })
    }
}

impl Drop for FollowedRules {
    fn drop(&mut self) {
        self.providers.abort();
    }
}

async fn follow_providers(
    config: Arc<ConfigWatcher>,
    directory: Arc<dyn Directory>,
    clock: SharedClock,
) {
    let mut followed: HashMap<ByteString, Following> = HashMap::new();
    loop {
        let set = directory.snapshot();
        let names = set.iter().map(|endpoint| &endpoint.instance().application);
        let names: HashSet<&ByteString> = names.filter(|name| !name.is_empty()).collect();
        followed.retain(|name, _| names.contains(name));
        for name in names {
            let follow = || config.follow(Keys::providers_of(name));
            followed.entry(name.clone()).or_insert_with(follow);
        }
        directory.changed(set.number()).await;
        // One look for changes that come together, or never end.
        clock.sleep_until(after(clock.now(), GATHER)).await;
    }
}
