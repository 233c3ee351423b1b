//! The rule of migration, as it changes.

use std::sync::Arc;

use dubhe_config::rule::migration::MigrationRule;
use dubhe_config::{ConfigSnapshot, ConfigWatcher, Keys};
use dubhe_core::time::Duration;
use tokio::sync::watch;

use crate::application::follow::Task;
use crate::application::registry::Parts;

/// The time after which consumers start without the word of the config centre.
const ANSWER_TIME: Duration = Duration::from_secs(3);

/// The rule; `None` until the config centre answered, or took too long.
pub(super) type KnownRule = Option<Arc<MigrationRule>>;

/// A watch of the rule, which ends with the last of its users.
pub(super) struct Rules {
    state: watch::Receiver<KnownRule>,
    _config: Arc<ConfigWatcher>,
    _task: Task,
}

impl Rules {
    /// A watch in the config centres of the application, or in that of the registry; `None` without
    /// either.
    pub(super) fn new(parts: &Parts) -> Option<Self> {
        let config = match (&parts.config, &parts.config_center) {
            (Some(config), _) => config.clone(),
            (None, Some(center)) => {
                let _within = parts.runtime.enter();
                // Within a runtime it does start.
                let own = ConfigWatcher::start(vec![center.clone()], parts.pauses.clock.clone());
                Arc::new(own.ok()?)
            }
            (None, None) => return None,
        };
        let (sender, state) = watch::channel(None);
        let application = parts.application.clone();
        let following = config.follow([Keys::migration(&application)]);
        let mut snapshots = config.updates();
        let pauses = parts.pauses.clone();
        let task = parts.runtime.spawn(async move {
            let _following = following;
            let mut late = pauses.sleep(ANSWER_TIME);
            let mut waits = true;
            loop {
                if let Some(rule) = read(&snapshots.borrow_and_update(), &application) {
                    waits = false;
                    set(&sender, rule);
                }
                tokio::select! {
                    // An error says that the watcher is gone.
                    changed = snapshots.changed() => if changed.is_err() { return },
                    () = &mut late, if waits => {
                        waits = false;
                        set(&sender, Arc::default());
                    }
                }
            }
        });
        Some(Self { state, _config: config, _task: Task(task.abort_handle()) })
    }

    pub(super) fn follow(&self) -> watch::Receiver<KnownRule> {
        self.state.clone()
    }
}

/// The rule in effect, which decides nothing when there is none; `None` before an answer.
fn read(snapshot: &ConfigSnapshot, application: &str) -> KnownRule {
    snapshot.document(&Keys::migration(application))?;
    Some(snapshot.migration(application).cloned().map(Arc::new).unwrap_or_default())
}

fn set(sender: &watch::Sender<KnownRule>, rule: Arc<MigrationRule>) {
    sender.send_if_modified(|present| {
        let same = present.as_ref() == Some(&rule);
        *present = Some(rule);
        !same
    });
}
