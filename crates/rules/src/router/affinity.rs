//! Affinity rules: providers whose value is that of the consumer, if enough of them are.

use dubhe_config::rule::affinity::AffinityRule;
use dubhe_config::rule::condition::Pattern;
use dubhe_core::CallView;
use dubhe_core::router::{Bitmap, Trace};

use super::Stage;
use crate::columns::Columns;

/// An affinity rule of a consumer.
pub(super) struct AffinityStage {
    near: Near,
    ratio: f64,
    /// The key, the value of the consumer and the document, for people.
    text: String,
}

/// The providers with the value of the consumer.
enum Near {
    These(Bitmap),
    /// The consumer has none: nobody, while none of those that are left has one either; all otherwise, where
    /// Java fails to compare and gives up.
    Unknown {
        present: Bitmap,
    },
}

impl AffinityStage {
    /// Prepares a rule; `None` for one that is off or has no key.
    pub(super) fn new(rule: &AffinityRule, of: &str, columns: &mut Columns<'_>) -> Option<Self> {
        let key = rule.key.as_ref().filter(|key| !key.trim().is_empty())?;
        if !rule.header.enabled {
            return None;
        }
        let own = columns.consumer().param(key);
        let near = match own {
            // The value is a pattern, as in Java.
            Some(own) => Near::These(columns.with_value(key, Pattern::parse(own, true))),
            None => Near::Unknown { present: columns.present(key) },
        };
        let text = format!("`{key}={}` of {of}", own.unwrap_or_default());
        Some(Self { near, ratio: rule.ratio, text })
    }
}

impl Stage for AffinityStage {
    fn narrow(&self, _: &CallView<'_>, set: &mut Bitmap, trace: Option<&mut Trace>) {
        let mut near = set.clone();
        match &self.near {
            Near::These(these) => near.intersect(these),
            Near::Unknown { present } if set.meets(present) => return,
            Near::Unknown { .. } => near.clear(),
        }
        #[allow(clippy::cast_precision_loss, reason = "a share of endpoints, as in Java")]
        let share = near.count() as f64 / set.count() as f64;
        let holds = share >= self.ratio / 100.0;
        if holds {
            *set = near;
        }
        if let Some(trace) = trace {
            let end = if holds { "" } else { ", which too few fit" };
            trace.record("affinity", format!("{}{end}", self.text), set);
        }
    }
}
