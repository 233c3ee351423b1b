//! The URL of a provider with a consumer's parameters over its own.

use bytestring::ByteString;
use dubhe_core::endpoint::Params;

use crate::provider::PROVIDER_FIRST;

/// Parameters that are about the threads and connections of the provider itself.
const OF_PROVIDER: [&str; 7] =
    ["alive", "corethreads", "queues", "threadname", "threadpool", "threads", "transporter"];

/// Parameters of which the provider's goes before the consumer's, if it has one.
const OWN_FIRST: [&str; 3] = ["group", "version", "generic"];

/// Lists that both sides add to.
const JOINED: [&str; 2] = ["reference.filter", "invoker.listener"];

/// Puts the parameters of a consumer, `local`, over those of a provider (Dubbo Java
/// `DefaultProviderURLMergeProcessor`).
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_core::endpoint::Params; } pub mod rules { pub use dubhe_rules::configurators::merge; } }
/// use dubhe::registry::Params;
/// use dubhe::rules::merge;
///
/// let remote = Params::from([("application".into(), "users".into()), ("timeout".into(), "1000".into())]);
/// let local = Params::from([("application".into(), "shop".into()), ("timeout".into(), "3000".into())]);
/// let both = merge(&remote, &local);
/// assert_eq!((&*both["timeout"], &*both["remote.application"]), ("3000", "users"));
/// ```
pub fn merge(remote: &Params, local: &Params) -> Params {
    let of_provider =
        |name: &ByteString| OF_PROVIDER.contains(&name.strip_prefix("default.").unwrap_or(name));
    let mut merged: Params = remote
        .iter()
        .filter(|(name, _)| !of_provider(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if local.is_empty() {
        return merged;
    }
    for (name, value) in local {
        let has_own = OWN_FIRST.contains(&&**name) && merged.contains_key(name);
        if !has_own && !PROVIDER_FIRST.contains(&&**name) {
            merged.insert(name.clone(), value.clone());
        }
    }
    if let Some(application) = remote.get("application") {
        merged.insert("remote.application".into(), application.clone());
    }
    for name in JOINED {
        let list = |of: &Params| of.get(name).filter(|list| !list.is_empty()).cloned();
        if let (Some(theirs), Some(ours)) = (list(remote), list(local)) {
            merged.insert(name.into(), format!("{theirs},{ours}").into());
        }
    }
    merged
}
