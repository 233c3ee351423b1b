//! Script rules, run by an engine.

use std::sync::Arc;

use dubhe_core::CallView;
use dubhe_core::endpoint::Endpoints;
use dubhe_core::router::{Bitmap, Trace};

use super::Stage;
use crate::script::Script;

/// A script rule.
pub(super) struct ScriptStage {
    pub(super) script: Script,
    pub(super) set: Arc<Endpoints>,
    /// The document.
    pub(super) of: String,
}

impl Stage for ScriptStage {
    fn narrow(&self, call: &CallView<'_>, set: &mut Bitmap, trace: Option<&mut Trace>) {
        let why = match (self.script)(&self.set, set, call) {
            Ok(chosen) => {
                set.intersect(&chosen);
                String::new()
            }
            Err(error) => {
                tracing::debug!(of = self.of, error, "a script failed, and leaves all");
                format!(", which failed: {error}")
            }
        };
        if let Some(trace) = trace {
            trace.record("script", format!("of {}{why}", self.of), set);
        }
    }
}
