//! The router of a client: all its rules, in the order of Dubbo Java's chain.

mod active;
mod affinity;
mod condition;
mod mesh;
mod mock;
mod script;
mod tag;

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Weak};

use bytestring::ByteString;
use dubhe_config::rule::condition::ConditionRule;
use dubhe_config::rule::script::ScriptRule;
use dubhe_config::rule::urls::RouteUrl;
use dubhe_config::snapshot::InEffect;
use dubhe_config::{ConfigSnapshot, ConfigWatcher, Keys, Rule, RuleKind};
use dubhe_core::CallView;
use dubhe_core::documents::{DocumentKey, UrlCategory};
use dubhe_core::endpoint::Endpoints;
use dubhe_core::random::RandomSource;
use dubhe_core::router::{Bitmap, PreparedRouter, Router, Trace};
use dubhe_core::time::Instant;
use parking_lot::Mutex;

use self::active::{ALL, Active, Kind};
use self::affinity::AffinityStage;
use self::condition::ConditionStage;
use self::mesh::MeshStage;
use self::mock::Mock;
use self::script::ScriptStage;
use self::tag::TagStage;
use crate::columns::Columns;
use crate::consumer::Consumer;
use crate::provider;
use crate::script::{Script, ScriptEngine};

/// The rules of a consumer, as one router: mock, mesh, tag, affinity of the service and of the application that
/// provides it, condition of the service, of that application and of the consumer's own, script, and rules that are
/// URLs. Each narrows what those before leave; once nobody is left, none is asked any more.
///
/// It follows nothing itself: what a [`ConfigWatcher`] knows of the documents at [`Keys::own`] of the consumer's
/// application, [`Keys::consumed`] of the service and [`Keys::providers_of`] the applications that provide it is in
/// effect. The parameter `router` of the consumer leaves out some of them, as in Dubbo Java: `-tag`.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{ServiceKey, Status}; pub mod config { pub use dubhe_config::ConfigWatcher; } pub mod documents { pub use dubhe_core::documents::DocumentStore; } pub mod random { pub use dubhe_core::random::SplitMix; } pub mod rules { pub use dubhe_rules::*; } pub mod time { pub use dubhe_core::time::SharedClock; } }
/// use std::sync::Arc;
/// use dubhe::config::ConfigWatcher;
/// use dubhe::documents::DocumentStore;
/// use dubhe::random::SplitMix;
/// use dubhe::rules::{Consumer, RuleRouter};
/// use dubhe::time::SharedClock;
/// use dubhe::{ServiceKey, Status};
///
/// /// The router that a client of an application with a config centre has.
/// fn rules(store: Arc<dyn DocumentStore>, clock: SharedClock) -> Result<RuleRouter, Status> {
///     let config = Arc::new(ConfigWatcher::start(vec![store], clock)?);
///     let service = ServiceKey::interface_only("org.example.Users");
///     let consumer = Consumer::new(service, "shop", "10.0.0.100");
///     Ok(RuleRouter::new(config, consumer, Arc::new(SplitMix::from_os())))
/// }
/// # let _ = rules;
/// ```
pub struct RuleRouter {
    config: Arc<ConfigWatcher>,
    consumer: Arc<Consumer>,
    random: Arc<dyn RandomSource>,
    engine: Option<ScriptEngine>,
    active: Active,
    kept: Mutex<Kept>,
    /// The last good script of each document.
    scripts: Mutex<HashMap<String, (ByteString, Script)>>,
}

/// The stages that were prepared last.
#[derive(Default)]
struct Kept {
    set: Weak<Endpoints>,
    steps: Vec<(Step, Option<Arc<dyn Stage>>)>,
}

/// A router of the chain, and the documents that it goes by.
struct Step {
    kind: Kind,
    documents: Vec<Document>,
}

#[derive(Clone)]
struct Document {
    key: DocumentKey,
    /// The service in its form, or the application.
    of: String,
    effect: Arc<InEffect>,
}

impl Step {
    /// Returns `true` for the same router with the same documents.
    fn is(&self, other: &Self) -> bool {
        let mut both = self.documents.iter().zip(&other.documents);
        self.kind == other.kind
            && self.documents.len() == other.documents.len()
            && both
                .all(|(one, other)| one.of == other.of && Arc::ptr_eq(&one.effect, &other.effect))
    }
}

impl Document {
    /// The name of the document for people.
    fn name(&self) -> String {
        match &self.key {
            DocumentKey::Config { key, .. } => key.to_string(),
            other => other.to_string(),
        }
    }

    fn rule(&self) -> &Rule {
        &self.effect.summary.rule
    }
}

/// A router of the chain, prepared.
trait Stage: Send + Sync {
    /// Narrows a set that is not empty.
    fn narrow(&self, call: &CallView<'_>, set: &mut Bitmap, trace: Option<&mut Trace>);
}

impl RuleRouter {
    /// The rules of `consumer` that `config` follows; weights are drawn with `random`.
    pub fn new(
        config: Arc<ConfigWatcher>,
        consumer: Consumer,
        random: Arc<dyn RandomSource>,
    ) -> Self {
        let active = Active::of(&consumer);
        let (consumer, kept) = (Arc::new(consumer), Mutex::default());
        let scripts = Mutex::default();
        Self { config, consumer, random, engine: None, active, kept, scripts }
    }

    /// Runs script rules with an engine.
    pub fn with_scripts(mut self, engine: ScriptEngine) -> Self {
        self.engine = Some(engine);
        self
    }

    /// The consumer.
    pub fn consumer(&self) -> &Consumer {
        &self.consumer
    }

    /// The routers that have something to say, in order.
    fn steps(&self, set: &Endpoints, snapshot: &ConfigSnapshot) -> Vec<Step> {
        let mut steps = Vec::new();
        for kind in ALL.into_iter().filter(|kind| self.active.has(*kind)) {
            let documents: Vec<_> = self.documents(kind, set, snapshot).collect();
            // These two go by what providers register, too.
            if !documents.is_empty() || matches!(kind, Kind::Mock | Kind::Tag) {
                steps.push(Step { kind, documents });
            }
        }
        steps
    }

    fn documents<'a>(
        &self,
        kind: Kind,
        set: &Endpoints,
        snapshot: &'a ConfigSnapshot,
    ) -> impl Iterator<Item = Document> + use<'a> {
        let service = self.consumer.service();
        let form = || vec![Keys::service_form(service)];
        let own = || Some(self.consumer.application()).filter(|name| !name.is_empty());
        // As in Java, the first provider tells the application of all.
        let first = || set.get(0).and_then(provider::application);
        let of_first = || first().map(str::to_owned).into_iter().collect();
        let found = |kind: RuleKind, of: Vec<String>| {
            of.into_iter().map(|of| (kind.key(&of), of)).collect::<Vec<_>>()
        };
        let wanted = match kind {
            Kind::Mock => Vec::new(),
            Kind::Mesh => {
                let mut names: Vec<_> = set.iter().filter_map(provider::application).collect();
                names.sort_unstable();
                names.dedup();
                let names = names.into_iter().filter(|name| *name != provider::UNKNOWN);
                found(RuleKind::Mesh, names.map(str::to_owned).collect())
            }
            Kind::Tag => found(RuleKind::Tag, of_first()),
            Kind::AffinityService => found(RuleKind::Affinity, form()),
            Kind::AffinityApplication => found(RuleKind::Affinity, of_first()),
            Kind::Service => found(RuleKind::Condition, form()),
            Kind::ProviderApplication => {
                found(RuleKind::Condition, self.of_providers(first(), snapshot))
            }
            Kind::Application => {
                found(RuleKind::Condition, own().map(str::to_owned).into_iter().collect())
            }
            Kind::Script => found(RuleKind::Script, of_first()),
            Kind::Urls => vec![(Keys::urls(service, UrlCategory::Routers), service.to_string())],
        };
        wanted.into_iter().filter_map(|(key, of)| {
            let effect = snapshot.document(&key)?.effect.clone()?;
            Some(Document { key, of, effect })
        })
    }

    /// The application whose condition rule that of the providers is: their own, and of one without, that of
    /// the consumer, as in Java. The consumer's own is in effect once.
    fn of_providers(&self, first: Option<&str>, snapshot: &ConfigSnapshot) -> Vec<String> {
        let own = self.consumer.application();
        let again = self.active.has(Kind::Application);
        let has_rule = |name: &&str| snapshot.condition(name).is_some();
        let of_first = first.filter(|name| *name != own).filter(has_rule);
        let of = of_first.or_else(|| Some(own).filter(|name| !name.is_empty() && !again));
        of.map(str::to_owned).into_iter().collect()
    }

    fn make(
        &self,
        step: &Step,
        set: &Arc<Endpoints>,
        columns: &mut Columns<'_>,
    ) -> Option<Arc<dyn Stage>> {
        let only = step.documents.first();
        match step.kind {
            Kind::Mock => Some(Arc::new(Mock::new(set))),
            Kind::Mesh => {
                let rules = step.documents.iter().filter_map(|document| match document.rule() {
                    Rule::Mesh(rule) => Some((&*document.of, rule, document.name())),
                    _ => None,
                });
                let stage = MeshStage::new(rules, set, &self.consumer, &self.random)?;
                Some(Arc::new(stage))
            }
            Kind::Tag => {
                let rule = only.and_then(|document| match document.rule() {
                    Rule::Tag(rule) => Some((rule, document.name())),
                    _ => None,
                });
                Some(Arc::new(TagStage::new(rule, set, &self.consumer)))
            }
            Kind::AffinityService | Kind::AffinityApplication => {
                let document = only?;
                let Rule::Affinity(rule) = document.rule() else { return None };
                Some(Arc::new(AffinityStage::new(rule, &document.name(), columns)?))
            }
            Kind::Service | Kind::ProviderApplication | Kind::Application => {
                let document = only?;
                let Rule::Condition(rule) = document.rule() else { return None };
                self.condition(rule, document.name(), columns)
            }
            Kind::Script => {
                let document = only?;
                let Rule::Script(rule) = document.rule() else { return None };
                self.script(rule, document.name(), set)
            }
            Kind::Urls => {
                let document = only?;
                let Rule::Routes(urls) = document.rule() else { return None };
                Some(self.urls(urls, &document.name(), set, columns))
            }
        }
    }

    fn condition(
        &self,
        rule: &ConditionRule,
        of: String,
        columns: &mut Columns<'_>,
    ) -> Option<Arc<dyn Stage>> {
        Some(Arc::new(ConditionStage::new(rule, of, columns, &self.random)?))
    }

    fn script(
        &self,
        rule: &ScriptRule,
        of: String,
        set: &Arc<Endpoints>,
    ) -> Option<Arc<dyn Stage>> {
        if !rule.header.enabled || !rule.header.valid {
            return None;
        }
        let script = self.read(rule, &of)?;
        Some(Arc::new(ScriptStage { script, set: set.clone(), of }))
    }

    /// The script of a document, read once; one that cannot be read leaves the last good one.
    fn read(&self, rule: &ScriptRule, of: &str) -> Option<Script> {
        let mut scripts = self.scripts.lock();
        let known = scripts.get(of);
        if let Some((text, script)) = known
            && *text == rule.script
        {
            return Some(script.clone());
        }
        let read = match &self.engine {
            Some(engine) => engine(rule),
            None => Err("there is no engine that runs scripts".to_owned()),
        };
        match read {
            Ok(script) => {
                scripts.insert(of.to_owned(), (rule.script.clone(), script.clone()));
                Some(script)
            }
            Err(error) => {
                let kept = known.map(|(_, script)| script.clone());
                if kept.is_some() {
                    tracing::warn!(of, error, "a script rule is refused; the one before stays");
                } else {
                    tracing::warn!(of, error, "a script rule lets all providers pass");
                }
                kept
            }
        }
    }

    /// The rules that are URLs, those of small priority first.
    fn urls(
        &self,
        urls: &[RouteUrl],
        of: &str,
        set: &Arc<Endpoints>,
        columns: &mut Columns<'_>,
    ) -> Arc<dyn Stage> {
        let mut urls: Vec<_> = urls.iter().collect();
        urls.sort_by_key(|url| match url {
            RouteUrl::Condition(rule) => rule.header.priority,
            RouteUrl::Script(rule) => rule.header.priority,
        });
        let stages = urls.into_iter().filter_map(|url| match url {
            RouteUrl::Condition(rule) => self.condition(rule, of.to_owned(), columns),
            RouteUrl::Script(rule) => self.script(rule, of.to_owned(), set),
        });
        Arc::new(Prepared(stages.collect()))
    }
}

impl Router for RuleRouter {
    fn prepare(&self, set: &Arc<Endpoints>) -> Box<dyn PreparedRouter> {
        let snapshot = self.config.snapshot();
        let weak = Arc::downgrade(set);
        let mut kept = self.kept.lock();
        let before = std::mem::take(&mut *kept);
        let before = if Weak::ptr_eq(&before.set, &weak) { before.steps } else { Vec::new() };
        let mut columns = Columns::new(set, &self.consumer);
        let steps = self.steps(set, &snapshot).into_iter().map(|step| {
            let known = before.iter().find(|(known, _)| known.is(&step));
            let stage = match known {
                Some((_, stage)) => stage.clone(),
                None => self.make(&step, set, &mut columns),
            };
            (step, stage)
        });
        let steps: Vec<_> = steps.collect();
        let stages = steps.iter().filter_map(|(_, stage)| stage.clone()).collect();
        *kept = Kept { set: weak, steps };
        Box::new(Prepared(stages))
    }

    fn name(&self) -> &'static str {
        "rules"
    }

    fn generation(&self) -> u64 {
        self.config.generation()
    }

    fn changed(&self, seen: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut updates = self.config.updates();
        Box::pin(async move {
            // An error says that the watcher has ended; then nothing changes any more.
            if updates.wait_for(|snapshot| snapshot.generation() != seen).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

/// Routers of the chain, prepared.
struct Prepared(Vec<Arc<dyn Stage>>);

impl Stage for Prepared {
    fn narrow(&self, call: &CallView<'_>, set: &mut Bitmap, mut trace: Option<&mut Trace>) {
        for stage in &self.0 {
            if set.is_empty() {
                return;
            }
            stage.narrow(call, set, trace.as_deref_mut());
        }
    }
}

impl PreparedRouter for Prepared {
    fn narrow(&self, call: &CallView<'_>, set: &mut Bitmap, _: Instant, trace: Option<&mut Trace>) {
        Stage::narrow(self, call, set, trace);
    }
}

impl fmt::Debug for RuleRouter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RuleRouter({})", self.consumer.service())
    }
}

/// Draws one of several by weight; 0 of none.
fn draw(random: &dyn RandomSource, weights: impl Iterator<Item = u64> + Clone) -> usize {
    let sum = weights.clone().fold(0, u64::saturating_add);
    let mut at = random.below(sum);
    let drawn = weights.clone().position(|weight| {
        let is_one = at < weight;
        at = at.saturating_sub(weight);
        is_one
    });
    drawn.unwrap_or(0)
}
