//! The seam of script rules: an engine that runs them.

use std::sync::Arc;

use dubhe_config::rule::script::ScriptRule;
use dubhe_core::CallView;
use dubhe_core::endpoint::Endpoints;
use dubhe_core::router::Bitmap;

/// Runs the scripts of rules. Without one a script rule lets all endpoints pass, and the log has a warning.
///
/// ```
/// # mod dubhe { pub use dubhe_core::CallView; pub mod config { pub use dubhe_config::rule::script::ScriptRule; } pub mod directory { pub use dubhe_core::endpoint::Endpoints; } pub mod router { pub use dubhe_core::router::Bitmap; } pub mod rules { pub use dubhe_rules::script::*; } }
/// use std::sync::Arc;
/// use dubhe::CallView;
/// use dubhe::config::ScriptRule;
/// use dubhe::directory::Endpoints;
/// use dubhe::router::Bitmap;
/// use dubhe::rules::{Script, ScriptEngine};
///
/// /// An engine for a language with one program, `first`.
/// struct First;
///
/// impl ScriptEngine for First {
///     fn compile(&self, rule: &ScriptRule) -> Result<Arc<dyn Script>, String> {
///         match &*rule.script {
///             "first" => Ok(Arc::new(First)),
///             other => Err(format!("{other} is no program")),
///         }
///     }
/// }
///
/// impl Script for First {
///     fn route(&self, _: &Endpoints, left: &Bitmap, _: &CallView<'_>) -> Result<Bitmap, String> {
///         let mut chosen = left.clone();
///         left.iter().skip(1).for_each(|place| chosen.remove(place));
///         Ok(chosen)
///     }
/// }
/// ```
pub trait ScriptEngine: Send + Sync + 'static {
    /// Reads a script once, when its rule comes.
    ///
    /// # Errors
    /// When the language is not known or the script is wrong, in words for people.
    fn compile(&self, rule: &ScriptRule) -> Result<Arc<dyn Script>, String>;
}

/// A script that was read.
pub trait Script: Send + Sync {
    /// Returns those of the endpoints that are `left` that it gives to a call.
    ///
    /// # Errors
    /// When it fails, which leaves all, in words for people.
    fn route(&self, set: &Endpoints, left: &Bitmap, call: &CallView<'_>) -> Result<Bitmap, String>;
}
