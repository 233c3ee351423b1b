//! All that is known of the documents that are followed, at one time.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::ServiceKey;
use dubhe_core::documents::{DocumentKey, UrlCategory};
use dubhe_core::registry::Health;

use crate::error::ConfigError;
use crate::keys::{Keys, RuleKind};
use crate::parse::{Rule, Summary};
use crate::rule::affinity::AffinityRule;
use crate::rule::condition::ConditionRule;
use crate::rule::configurator::{ConfiguratorRule, Override};
use crate::rule::mesh::MeshRule;
use crate::rule::migration::MigrationRule;
use crate::rule::script::ScriptRule;
use crate::rule::tag::TagRule;
use crate::rule::urls::RouteUrl;
use crate::startup::{Setting, StartUp};

/// The documents that are followed, at one time. It never changes: a change is a new one, with a
/// larger generation.
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::ConfigSnapshot; } }
/// use dubhe::config::ConfigSnapshot;
///
/// /// Whether calls of an application are told apart by tags.
/// fn has_tags(snapshot: &ConfigSnapshot, application: &str) -> bool {
///     snapshot.tag(application).is_some_and(|rule| rule.header.enabled && !rule.tags.is_empty())
/// }
/// # assert!(!has_tags(&ConfigSnapshot::default(), "shop"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ConfigSnapshot {
    pub(crate) generation: u64,
    pub(crate) documents: BTreeMap<DocumentKey, Arc<Followed>>,
}

/// A document that is followed.
#[derive(Clone, Debug, Default)]
pub struct Followed {
    /// The text in effect; `None` when there is no document, or none was ever good.
    pub effect: Option<Arc<InEffect>>,
    /// The currency: that of the store that it comes from, and of a document in no store that of the
    /// worst one.
    pub health: Health,
    /// The newest text, if it is refused: the one in effect is older.
    pub refused: Option<Arc<Refused>>,
}

/// A text in effect.
#[derive(Clone, Debug)]
pub struct InEffect {
    /// The rule, and remarks on its text.
    pub summary: Summary,
    /// The name of its store.
    pub store: ByteString,
    /// The version in the words of the store.
    pub version: ByteString,
}

/// A text that is refused.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The reason.
    pub error: ConfigError,
    /// The line of the text at which it is wrong, if there is one.
    pub line: Option<String>,
    /// The name of its store.
    pub store: ByteString,
    /// The version in the words of the store.
    pub version: ByteString,
}

/// Accessors by kind, each for a service in its form or an application.
macro_rules! by_kind {
    ($($(#[$doc:meta])* $name:ident $kind:ident $rule:ty;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(&self, of: &str) -> Option<&$rule> {
                match self.rule(&RuleKind::$kind.key(of))? {
                    Rule::$kind(rule) => Some(rule),
                    _ => None,
                }
            }
        )*
    };
}

impl ConfigSnapshot {
    /// Returns its number: 0 before anything is known, and one more with each change.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns what is known of a document; `None` when it is not followed, or no store has answered
    /// yet.
    pub fn document(&self, key: &DocumentKey) -> Option<&Followed> {
        self.documents.get(key).map(|followed| &**followed)
    }

    /// Returns all documents that are followed, in the order of their keys.
    pub fn documents(&self) -> impl Iterator<Item = (&DocumentKey, &Followed)> {
        self.documents.iter().map(|(key, followed)| (key, &**followed))
    }

    /// Returns the rule in effect at a key.
    pub fn rule(&self, key: &DocumentKey) -> Option<&Rule> {
        Some(&self.document(key)?.effect.as_ref()?.summary.rule)
    }

    by_kind! {
        /// Returns the condition rule of a [service](Keys::service_form) or an application.
        condition Condition ConditionRule;
        /// Returns the tag rule of an application.
        tag Tag TagRule;
        /// Returns the script rule of an application.
        script Script ScriptRule;
        /// Returns the affinity rule of a [service](Keys::service_form) or an application.
        affinity Affinity AffinityRule;
        /// Returns the configurators of a [service](Keys::service_form) or an application.
        configurators Configurator ConfiguratorRule;
        /// Returns the mesh rules of an application.
        mesh Mesh MeshRule;
        /// Returns the migration rule of an application.
        migration Migration MigrationRule;
    }

    /// Returns the configurators of a service that are URLs beside its providers.
    pub fn override_urls(&self, service: &ServiceKey) -> &[Override] {
        match self.rule(&Keys::urls(service, UrlCategory::Configurators)) {
            Some(Rule::Configurator(rule)) => &rule.overrides,
            _ => &[],
        }
    }

    /// Returns the routing rules of a service that are URLs beside its providers.
    pub fn route_urls(&self, service: &ServiceKey) -> &[RouteUrl] {
        match self.rule(&Keys::urls(service, UrlCategory::Routers)) {
            Some(Rule::Routes(routes)) => routes,
            _ => &[],
        }
    }

    /// Returns a value of the start-up configuration of an application: its own, else that of all.
    pub fn setting(&self, application: &str, key: &str) -> Option<&Setting> {
        let [all, own] = Keys::start_up(application);
        self.start_up(&own)
            .and_then(|own| own.get(key))
            .or_else(|| self.start_up(&all).and_then(|all| all.get(key)))
    }

    /// Returns the values of the start-up configuration of an application whose keys, with hyphens, begin
    /// with `prefix`, in the order of their keys: its own, and of all those that it has not.
    pub fn settings(&self, application: &str, prefix: &str) -> Vec<&Setting> {
        let documents = Keys::start_up(application).map(|key| self.start_up(&key));
        let all = documents.into_iter().flatten().flat_map(|values| values.below(prefix));
        // Of a key in both, that of the application, which comes last.
        all.collect::<BTreeMap<_, _>>().into_values().collect()
    }

    /// Returns the start-up configuration at a key.
    pub fn start_up(&self, key: &DocumentKey) -> Option<&StartUp> {
        match self.rule(key)? {
            Rule::StartUp(values) => Some(values),
            _ => None,
        }
    }
}
