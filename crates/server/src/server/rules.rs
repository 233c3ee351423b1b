//! The rules that a server follows.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use dubhe_config::{ConfigWatcher, Following, Keys};
use dubhe_core::ServiceKey;
use parking_lot::Mutex;

use crate::services::Services;

/// The rules of a server's application and of its services, which it follows while it serves them.
#[derive(Debug)]
pub(super) struct FollowedRules {
    config: Arc<ConfigWatcher>,
    /// The rules of the application, unless it has no name.
    _own: Option<Following>,
    services: Mutex<HashMap<Arc<ServiceKey>, Following>>,
}

impl FollowedRules {
    pub(super) fn new(config: Arc<ConfigWatcher>, application: &str) -> Self {
        let own = (!application.is_empty()).then(|| config.follow(Keys::own(application)));
        Self { config, _own: own, services: Mutex::default() }
    }

    /// Follows the rules of these services, and of no others any more.
    pub(super) fn follow(&self, services: &Services) {
        let mut followed = self.services.lock();
        followed.retain(|key, _| services.get(key).is_some());
        for exported in services.exported().filter(|exported| !exported.built_in) {
            if let Entry::Vacant(new) = followed.entry(exported.key.clone()) {
                new.insert(self.config.follow(Keys::provided(&exported.key)));
            }
        }
    }
}
