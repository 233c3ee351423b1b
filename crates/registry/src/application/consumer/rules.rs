//! The rule of migration, as it changes.

use std::sync::Arc;

use dubhe_config::rule::migration::MigrationRule;
use dubhe_config::{Keys, Rule, validate};
use dubhe_core::backoff::FullJitter;
use dubhe_core::documents::{DocumentKey, DocumentState, DocumentStore};
use dubhe_core::registry::Health;
use dubhe_core::time::Duration;
use futures_util::StreamExt as _;
use tokio::sync::watch;

use crate::application::follow::{News, Task, follow};
use crate::application::registry::Parts;

/// The time after which consumers start without the word of the config centre.
const ANSWER_TIME: Duration = Duration::from_secs(3);

/// The rule; `None` until the config centre answered, or took too long.
pub(super) type KnownRule = Option<Arc<MigrationRule>>;

/// A watch of the rule, which ends with the last of its users.
pub(super) struct Rules {
    state: watch::Receiver<KnownRule>,
    _task: Task,
}

impl Rules {
    pub(super) fn new(parts: &Parts, center: Arc<dyn DocumentStore>) -> Self {
        let (sender, state) = watch::channel(None);
        let key = Keys::migration(&parts.application);
        let pauses = parts.pauses.clone();
        let task = parts.runtime.spawn(async move {
            let (name, opened) = (center.name().to_owned(), key.clone());
            let mut states =
                follow(key.to_string(), name, FullJitter::default(), pauses.clone(), move || {
                    let states = center.watch(&opened);
                    Box::pin(async { Ok(states) })
                });
            let mut late = pauses.sleep(ANSWER_TIME);
            let mut waits = true;
            loop {
                let news = tokio::select! {
                    news = states.next() => news,
                    () = &mut late, if waits => {
                        (waits, _) = (false, sender.send_replace(Some(Arc::default())));
                        continue;
                    }
                };
                waits = false;
                let known = sender.borrow().clone();
                let rule = match news {
                    Some(News::Present(state)) => read(&key, &state, known),
                    Some(News::Lost(_)) => known.unwrap_or_default(),
                    None => return,
                };
                sender.send_if_modified(|present| {
                    let same = present.as_ref() == Some(&rule);
                    *present = Some(rule);
                    !same
                });
            }
        });
        Self { state, _task: Task(task.abort_handle()) }
    }

    pub(super) fn follow(&self) -> watch::Receiver<KnownRule> {
        self.state.clone()
    }
}

/// The rule that a state of the document means; `known` while it says nothing new.
fn read(key: &DocumentKey, state: &DocumentState, known: KnownRule) -> Arc<MigrationRule> {
    let text = match &state.document {
        Some(document) => &*document.text,
        // What was known before holds until the centre says that it is gone.
        None if state.health == Health::Stale => return known.unwrap_or_default(),
        None => "",
    };
    match validate(key, text) {
        Ok(summary) => {
            for warning in &summary.warnings {
                tracing::warn!(rule = %key, %warning, "the migration rule may not say what is meant");
            }
            let Rule::Migration(rule) = summary.rule else { return known.unwrap_or_default() };
            if known.as_ref().is_none_or(|known| **known != rule) && state.document.is_some() {
                tracing::info!(rule = %key, "the migration rule has changed");
            }
            Arc::new(rule)
        }
        Err(error) => {
            tracing::warn!(rule = %key, %error, "cannot read the migration rule; the last one stays");
            known.unwrap_or_default()
        }
    }
}
