//! A text and its key to a typed rule: the one way for documents that are followed, and for those
//! that are about to be written.

use std::fmt;

use dubhe_core::documents::{DocumentKey, UrlCategory};

use crate::error::{ConfigError, ConfigErrorKind, Position, Result, Warning, Warnings};
use crate::keys::RuleKind;
use crate::limits::MAX_DOCUMENT;
use crate::rule::affinity::AffinityRule;
use crate::rule::condition::{ConditionRule, Conditions};
use crate::rule::configurator::{self, ConfiguratorRule, Override};
use crate::rule::mesh::MeshRule;
use crate::rule::migration::MigrationRule;
use crate::rule::script::ScriptRule;
use crate::rule::tag::TagRule;
use crate::rule::urls::{self, RouteUrl};
use crate::startup::StartUp;
use crate::text::{self, Node};

/// A typed document.
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::Rule; } }
/// use dubhe::config::Rule;
///
/// /// Whether a rule chooses among providers.
/// fn routes(rule: &Rule) -> bool {
///     !matches!(rule, Rule::Configurator(_) | Rule::Migration(_) | Rule::StartUp(_))
/// }
/// # let _ = routes;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// A condition rule.
    Condition(ConditionRule),
    /// A tag rule.
    Tag(TagRule),
    /// A script rule.
    Script(ScriptRule),
    /// An affinity rule.
    Affinity(AffinityRule),
    /// Configurators.
    Configurator(ConfiguratorRule),
    /// Mesh rules.
    Mesh(MeshRule),
    /// A migration rule.
    Migration(MigrationRule),
    /// A start-up configuration.
    StartUp(StartUp),
    /// Routing rules that are URLs beside the providers of a service.
    Routes(Vec<RouteUrl>),
}

/// The rule of a text, and what is odd about it. It prints as one line, such as
/// `condition rule, 2 conditions, forced`.
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::{ConfigError, validate}; } pub mod documents { pub use dubhe_core::documents::*; } }
/// use dubhe::config::validate;
/// use dubhe::documents::DocumentKey;
///
/// let key = DocumentKey::config("shop.condition-router");
/// let text = "force: true\nprioritty: 1\nconditions: [method=hello => region=hangzhou]\n";
/// let summary = validate(&key, text)?;
/// assert_eq!(summary.to_string(), "condition rule, 1 condition, forced");
/// assert!(summary.warnings[0].message.ends_with("did you mean priority?"));
/// # Ok::<(), dubhe::config::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The rule.
    pub rule: Rule,
    /// Remarks, such as on fields that nobody knows.
    pub warnings: Vec<Warning>,
}

/// Reads the text of a document.
///
/// # Errors
/// When the key is that of no rule, or the text is refused: it is no YAML, a value cannot mean
/// anything, it is too large, or it would leave the last rule in effect.
pub fn validate(key: &DocumentKey, text: &str) -> std::result::Result<Summary, ConfigError> {
    if text.len() > MAX_DOCUMENT {
        let what =
            format!("the document has {} bytes; at most {MAX_DOCUMENT} are read", text.len());
        return Err(ConfigError::limit(Position::START, what));
    }
    // The mark of UTF-8, which some editors write.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut warnings = Warnings::default();
    let rule = read(key, text, &mut warnings)?;
    Ok(Summary { rule, warnings: warnings.into_vec() })
}

fn read(key: &DocumentKey, text: &str, warnings: &mut Warnings) -> Result<Rule> {
    if let DocumentKey::Urls { service, category } = key {
        return match category {
            UrlCategory::Configurators => {
                urls::configurators(text, service, warnings).map(Rule::Configurator)
            }
            UrlCategory::Routers => urls::routes(text, service, warnings).map(Rule::Routes),
        };
    }
    let Some((kind, _)) = RuleKind::of(key) else {
        let what = format!("{key} is the key of no rule");
        return Err(ConfigError::new(ConfigErrorKind::Key, Position::START, what).hint(
            "keys are a service or an application with .condition-router, .tag-router, \
             .script-router, .affinity-router, .configurators, .MESHAPPRULE or .migration behind it, \
             or dubbo.properties",
        ));
    };
    let is_properties =
        matches!(key, DocumentKey::Config { key, .. } if key.ends_with(".properties"));
    if is_properties {
        return StartUp::read_properties(text, warnings).map(Rule::StartUp);
    }
    if kind == RuleKind::Mesh {
        let documents = text::parse_all(text, warnings)?;
        return MeshRule::read(&documents, warnings).map(Rule::Mesh);
    }
    if kind == RuleKind::Migration && MigrationRule::is_none(text) {
        return Ok(Rule::Migration(MigrationRule::default()));
    }
    let node = only(text, warnings)?;
    Ok(match kind {
        RuleKind::Condition => Rule::Condition(ConditionRule::read(&node, warnings)?),
        RuleKind::Tag => Rule::Tag(TagRule::read(&node, warnings)?),
        RuleKind::Script => Rule::Script(ScriptRule::read(&node, warnings)?),
        RuleKind::Affinity => Rule::Affinity(AffinityRule::read(&node, warnings)?),
        RuleKind::Configurator => Rule::Configurator(ConfiguratorRule::read(&node, warnings)?),
        RuleKind::Migration => Rule::Migration(MigrationRule::read(&node, warnings)?),
        RuleKind::StartUp | RuleKind::Mesh => Rule::StartUp(StartUp::read_yaml(&node, warnings)?),
    })
}

/// The one value of a text.
fn only(text: &str, warnings: &mut Warnings) -> Result<Node> {
    match text::parse(text, warnings)? {
        Some(node) if !node.is_null() => Ok(node),
        _ => {
            let error = ConfigError::value(Position::START, "the document is empty");
            Err(error.hint("the last rule stays in effect; remove the document to end it"))
        }
    }
}

/// Reads a rule that is a URL, as Dubbo 2.6 and 2.7 keep them beside the providers of a service:
/// `condition://`, `script://`, and `route://` with the parameter `router`.
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::*; } }
/// use dubhe::config::{Rule, route_url};
///
/// let url = "route://0.0.0.0/org.example.Greeter?rule=method%3Dhello%20%3D%3E%20host%3D10.0.0.1";
/// assert!(matches!(route_url(url)?.rule, Rule::Condition(_)));
/// # Ok::<(), dubhe::config::ConfigError>(())
/// ```
///
/// # Errors
/// When it is no URL, of another kind, or its rule is refused.
pub fn route_url(text: &str) -> std::result::Result<Summary, ConfigError> {
    bounded(text)?;
    let url = urls::parse(text, Position::START)?;
    let mut warnings = Warnings::default();
    let rule = match RouteUrl::read(&url, Position::START, &mut warnings)? {
        RouteUrl::Condition(rule) => Rule::Condition(rule),
        RouteUrl::Script(rule) => Rule::Script(rule),
    };
    Ok(Summary { rule, warnings: warnings.into_vec() })
}

/// Reads the configurators of a service that are URLs, as Dubbo 2.6 and 2.7 keep them beside its
/// providers: `override://` and `absent://`; `empty://` stands for none. One that changes nothing is
/// left out.
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::*; } }
/// let all = dubhe::config::override_urls(["override://10.0.0.1/org.example.Greeter?timeout=3000"])?;
/// assert_eq!((&*all[0].host, all[0].param("timeout")), ("10.0.0.1", Some("3000")));
/// # Ok::<(), dubhe::config::ConfigError>(())
/// ```
///
/// # Errors
/// When one is no URL, or none of these.
pub fn override_urls<T: AsRef<str>>(
    texts: impl IntoIterator<Item = T>,
) -> std::result::Result<Vec<Override>, ConfigError> {
    let texts = texts.into_iter().map(|text| {
        bounded(text.as_ref())?;
        Ok((text, Position::START))
    });
    configurator::of_urls(texts)
}

fn bounded(text: &str) -> Result<()> {
    if text.len() > MAX_DOCUMENT {
        let what = format!("the URL has {} bytes; at most {MAX_DOCUMENT} are read", text.len());
        return Err(ConfigError::limit(Position::START, what));
    }
    Ok(())
}

/// A number of things.
fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, header) = match &self.rule {
            Rule::Condition(rule) => {
                let number = match &rule.conditions {
                    Conditions::Single(all) => all.len(),
                    Conditions::Weighted(all) => all.len(),
                };
                (format!("condition rule, {}", count(number, "condition")), Some(&rule.header))
            }
            Rule::Tag(rule) => {
                (format!("tag rule, {}", count(rule.tags.len(), "tag")), Some(&rule.header))
            }
            Rule::Script(rule) => (format!("script rule in {}", rule.language), Some(&rule.header)),
            Rule::Affinity(rule) => {
                let key = rule.key.as_deref().unwrap_or("nothing");
                (format!("affinity rule by {key} from {} %", rule.ratio), Some(&rule.header))
            }
            Rule::Configurator(rule) => {
                (format!("configurators, {}", count(rule.overrides.len(), "override")), None)
            }
            Rule::Mesh(rule) => {
                (format!("mesh rule, {}", count(rule.documents.len(), "document")), None)
            }
            Rule::Migration(rule) => match rule.all.step {
                Some(step) => (format!("migration rule, {}", step.as_str()), None),
                None => ("migration rule".to_owned(), None),
            },
            Rule::Routes(routes) => {
                (format!("routing rules, {}", count(routes.len(), "URL")), None)
            }
            Rule::StartUp(values) => {
                (format!("start-up configuration, {}", count(values.iter().len(), "value")), None)
            }
        };
        f.write_str(&what)?;
        if let Some(header) = header {
            f.write_str(if header.force { ", forced" } else { "" })?;
            f.write_str(if header.enabled { "" } else { ", off" })?;
        }
        Ok(())
    }
}
