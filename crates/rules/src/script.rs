//! The seam of script rules: an engine that runs them.

use std::sync::Arc;

use dubhe_config::rule::script::ScriptRule;
use dubhe_core::CallView;
use dubhe_core::endpoint::Endpoints;
use dubhe_core::router::Bitmap;

/// An engine, which reads a script once, when its rule comes; the error, that the language is not known or the
/// script is wrong, is for people. Without one a script rule lets all endpoints pass, and the log has a warning.
pub type ScriptEngine = Arc<dyn Fn(&ScriptRule) -> Result<Script, String> + Send + Sync>;

/// A script that was read: returns those of the endpoints that are left that it gives to a call. An error, for
/// people, leaves all.
pub type Script =
    Arc<dyn Fn(&Arc<Endpoints>, &Bitmap, &CallView<'_>) -> Result<Bitmap, String> + Send + Sync>;
