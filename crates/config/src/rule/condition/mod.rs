//! Condition rules: `{service or application}.condition-router`, of v3.0 and before, and of v3.1.

mod expression;
mod pattern;

use bytestring::ByteString;
pub use expression::{MatchKey, Matcher, NOT_FOUND};
pub use pattern::{Glob, Pattern};

use self::expression::{Expression, Side};
use super::RuleHeader;
use super::header::fields;
use crate::error::{ConfigError, Position, Result, Warnings};
use crate::java_url::JavaUrl;
use crate::text::{Fields, Node, limited};

/// A condition rule.
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::*; pub use dubhe_config::rule::condition::*; } pub mod documents { pub use dubhe_core::documents::*; } }
/// use dubhe::config::{Conditions, MatchKey, Rule, Then, validate};
/// use dubhe::documents::DocumentKey;
///
/// let key = DocumentKey::config("org.example.Greeter::.condition-router");
/// let text = "configVersion: v3.0\nconditions:\n  - method=hello => host != 10.0.*\n";
/// let Rule::Condition(rule) = validate(&key, text)?.rule else { unreachable!() };
/// let Conditions::Single(conditions) = &rule.conditions else { unreachable!() };
/// assert_eq!(conditions[0].at.line, 3);
/// assert_eq!(conditions[0].when[0].key, MatchKey::Method);
/// assert!(matches!(&conditions[0].then, Then::Matching(matchers) if matchers.len() == 1));
/// # Ok::<(), dubhe::config::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionRule {
    /// The common fields.
    pub header: RuleHeader,
    /// The conditions, one after the other, each on what the one before it leaves.
    pub conditions: Conditions,
}

/// The conditions of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conditions {
    /// The form up to v3.0: texts `when => then`.
    Single(Vec<Condition>),
    /// v3.1: several weighted destinations.
    Weighted(Vec<WeightedCondition>),
}

/// A condition `when => then`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The place of its text.
    pub at: Position,
    /// The text.
    pub text: ByteString,
    /// The calls that it is for: all of these match. All calls when it is empty.
    pub when: Vec<Matcher>,
    /// The providers that they get.
    pub then: Then,
}

/// The providers that the calls of a condition get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// No provider, also without `force`: the text is empty or `false`.
    Nothing,
    /// The providers that match all of these.
    Matching(Vec<Matcher>),
}

/// A condition of v3.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightedCondition {
    /// The place.
    pub at: Position,
    /// The calls that it is for: all of these match. All calls when it is empty.
    pub from: Vec<Matcher>,
    /// The destinations, of which one that has providers is drawn. Without any the calls get no
    /// provider, also without `force`.
    pub to: Vec<Destination>,
}

/// A destination of v3.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The place.
    pub at: Position,
    /// The matchers that all hold for its providers. All providers when it is empty.
    pub providers: Vec<Matcher>,
    /// The weight, at least 1. Default 100, which also stands for 0 and less.
    pub weight: u32,
}

/// The weight of a destination without one (Dubbo Java `DefaultRouteConditionSubSetWeight`).
const DEFAULT_WEIGHT: u32 = 100;

const FIELDS: &[&str] = fields!("conditions");
/// Java does not read `priority`, `ratio`, `disable`, `trafficDisable` and `force` of an entry.
const ENTRY: &[&str] = &["from", "to"];

impl ConditionRule {
    pub(crate) fn read(node: &Node, warnings: &mut Warnings) -> Result<Self> {
        let fields = Fields::new(node, "a condition rule", FIELDS, warnings)?;
        let version = fields.string("configVersion")?.unwrap_or_default();
        let lower = version.to_lowercase();
        // Texts are compared, so v3.10 is v3.1, and v10 is older than both.
        let weighted = lower.starts_with("v3.1");
        if !weighted && &*lower > "v3.1" {
            let what = format!("configVersion {version} is newer than v3.1, the last one known");
            return Err(ConfigError::without_effect(fields.at(), what).hint("write v3.0 or v3.1"));
        }
        let header = RuleHeader::read(&fields, warnings)?;
        let (conditions, absent) = if weighted {
            let all = weighted_conditions(&fields, warnings)?;
            let absent = all.is_empty();
            (Conditions::Weighted(all), absent)
        } else {
            let items = fields.list("conditions", warnings)?.unwrap_or_default();
            let all = read_all(items, header.enabled, warnings)?;
            (Conditions::Single(all), items.is_empty())
        };
        if absent || !header.valid {
            let what = if absent { "the rule has no conditions" } else { "the rule is not valid" };
            return Err(ConfigError::without_effect(fields.at(), what).hint(
                "the last rule stays in effect; to end it write enabled: false, or remove the document",
            ));
        }
        Ok(Self { header, conditions })
    }

    /// Reads a `condition://` or `route://` URL, as Dubbo 2.6 and 2.7 keep them beside the providers
    /// of a service and dubbo-admin wrote them. The rule is the parameter `rule`.
    pub(crate) fn from_url(url: &JavaUrl, at: Position, warnings: &mut Warnings) -> Result<Self> {
        let header = header_of_url(url, at)?;
        let rule = url.decoded("rule").unwrap_or_default();
        let text = Source { text: &rule, at, exact: false };
        let conditions = condition(text, header.enabled, warnings)?.into_iter().collect();
        Ok(Self { header, conditions: Conditions::Single(conditions) })
    }
}

/// The fields of a rule that is a URL (Dubbo Java `ConditionStateRouter`).
pub(super) fn header_of_url(url: &JavaUrl, at: Position) -> Result<RuleHeader> {
    let flag = |name: &str, default: bool| {
        url.param(name).map_or(default, |value| value.eq_ignore_ascii_case("true"))
    };
    let priority = match url.param("priority").filter(|text| !text.is_empty()) {
        None => 0,
        Some(text) => text.parse().map_err(|_| {
            ConfigError::value(at, format!("priority is {text}, not a number that fits"))
        })?,
    };
    Ok(RuleHeader {
        enabled: flag("enabled", true),
        force: flag("force", false),
        runtime: flag("runtime", false),
        dynamic: flag("dynamic", false),
        priority,
        key: Some(url.path.clone().into()),
        ..RuleHeader::default()
    })
}

/// The text of a condition, and its place.
#[derive(Clone, Copy)]
struct Source<'a> {
    text: &'a str,
    at: Position,
    /// Each character of it is one of the source, from `at` on.
    exact: bool,
}

fn read_all(items: &[Node], enabled: bool, warnings: &mut Warnings) -> Result<Vec<Condition>> {
    let mut all = Vec::new();
    for item in items {
        let text = item.java_text().unwrap_or_else(|| {
            warnings.add(item.at, || {
                format!(
                    "a condition is {}, not a text with =>; as in Java its printed form is what providers must \
                     match",
                    item.what()
                )
            });
            item.printed().into()
        });
        let text = Source { text: &text, at: item.at, exact: item.verbatim };
        all.extend(condition(text, enabled, warnings)?);
    }
    Ok(all)
}

/// A condition; `None` for a bad one of a rule that is switched off, whose conditions Java does not
/// read.
fn condition(
    text: Source<'_>,
    enabled: bool,
    warnings: &mut Warnings,
) -> Result<Option<Condition>> {
    match parse_condition(text) {
        Ok(condition) => {
            if !text.text.contains("=>") {
                warnings.add(text.at, || {
                    format!(
                        "{} has no \"=>\", so all of it is what providers must match: write \"=> {0}\" for that",
                        text.text.trim()
                    )
                });
            }
            Ok(Some(condition))
        }
        Err(error) if !enabled => {
            warnings.add(error.position(), || format!("{}; the rule is off", error.message()));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn parse_condition(source: Source<'_>) -> Result<Condition> {
    let Source { text, at, exact } = source;
    if java_trim(text).is_empty() {
        let error = ConfigError::value(at, "a condition is empty");
        return Err(error.hint("write \"=> true\", or leave it out"));
    }
    // Java cuts these out wherever they stand, values included.
    let cut = text.replace("consumer.", "").replace("provider.", "");
    let exact = exact && cut == text;
    let (when, then) = match cut.split_once("=>") {
        Some((when, then)) => (when, then),
        None => ("", &*cut),
    };
    // What is left of the arrow, and the arrow.
    let before = if cut.contains("=>") { when.chars().count() + 2 } else { 0 };
    let side = |text, before| Expression { text, before, at, exact };
    let when = match java_trim(when) {
        "" | "true" => Vec::new(),
        _ => side(when, 0).parse(Side::Caller)?,
    };
    let then = match java_trim(then) {
        "" | "false" => Then::Nothing,
        _ => Then::Matching(side(then, before).parse(Side::Provider)?),
    };
    Ok(Condition { at, text: text.into(), when, then })
}

/// `String.trim`.
fn java_trim(text: &str) -> &str {
    text.trim_matches(|c: char| c <= ' ')
}

fn weighted_conditions(
    fields: &Fields<'_>,
    warnings: &mut Warnings,
) -> Result<Vec<WeightedCondition>> {
    let Some(node) = fields.get("conditions") else {
        let error = ConfigError::value(fields.at(), "the rule has no conditions");
        return Err(error.hint("write conditions: with a list of from and to"));
    };
    let Some(items) = node.as_sequence() else { return Err(node.not("conditions", "a list")) };
    let items = limited(items, node.at, "conditions")?;
    items.iter().map(|item| weighted(item, warnings)).collect()
}

fn weighted(node: &Node, warnings: &mut Warnings) -> Result<WeightedCondition> {
    if node.as_str().is_some() {
        let error = node.not("a condition of v3.1", "a map");
        return Err(error.hint("write from and to, or configVersion: v3.0 for texts with =>"));
    }
    let fields = Fields::new(node, "a condition", ENTRY, warnings)?;
    let from = match fields.get("from") {
        None => Vec::new(),
        Some(from) => {
            let fields = Fields::new(from, "from", &["match"], warnings)?;
            expression(&fields, "true", Side::Caller, warnings)?
        }
    };
    let to = match fields.get("to") {
        None => Vec::new(),
        Some(to) => match to.as_sequence() {
            Some(items) => limited(items, to.at, "to")?
                .iter()
                .map(|item| destination(item, warnings))
                .collect::<Result<_>>()?,
            None => {
                warnings.add(to.at, || {
                    format!("to is {}, not a list; the calls get no provider", to.what())
                });
                Vec::new()
            }
        },
    };
    Ok(WeightedCondition { at: node.at, from, to })
}

fn destination(node: &Node, warnings: &mut Warnings) -> Result<Destination> {
    let fields = Fields::new(node, "a destination", &["match", "weight"], warnings)?;
    let providers = expression(&fields, "false", Side::Provider, warnings)?;
    let weight = fields.number::<i32>("weight")?.and_then(|weight| u32::try_from(weight).ok());
    let weight = weight.filter(|weight| *weight > 0).unwrap_or(DEFAULT_WEIGHT);
    Ok(Destination { at: node.at, providers, weight })
}

/// The field `match`; blank and `all` are no matchers.
fn expression(
    fields: &Fields<'_>,
    all: &str,
    side: Side,
    warnings: &mut Warnings,
) -> Result<Vec<Matcher>> {
    let Some(node) = fields.get("match") else { return Ok(Vec::new()) };
    let text = node.java_text().unwrap_or_else(|| {
        warnings.add(node.at, || {
            format!("match is {}, not a text; as in Java its form in JSON is matched", node.what())
        });
        node.json().into()
    });
    if text.trim().is_empty() || &*text == all {
        return Ok(Vec::new());
    }
    Expression { text: &text, before: 0, at: node.at, exact: node.verbatim }.parse(side)
}
