//! Condition rules of all forms.

use std::fmt;
use std::sync::Arc;

use dubhe_config::rule::condition::{
    Condition, ConditionRule, Conditions, Glob, MatchKey, Matcher, Pattern, Then, WeightedCondition,
};
use dubhe_core::CallView;
use dubhe_core::random::RandomSource;
use dubhe_core::router::{Bitmap, Trace};

use super::{Stage, draw};
use crate::call::When;
use crate::columns::Columns;

/// The conditions of a rule that this consumer may meet.
pub(super) struct ConditionStage {
    conditions: Vec<Prepared>,
    force: bool,
    /// The document.
    of: String,
    random: Arc<dyn RandomSource>,
}

struct Prepared {
    when: When,
    then: Providers,
    /// The condition, for people.
    text: String,
    line: u32,
}

/// The providers that calls get.
enum Providers {
    Nothing,
    These(Bitmap),
    OneOf(Vec<Destination>),
}

struct Destination {
    providers: Bitmap,
    weight: u64,
    text: String,
}

impl ConditionStage {
    /// Prepares the conditions of a rule; `None` for one that is off.
    pub(super) fn new(
        rule: &ConditionRule,
        of: String,
        columns: &mut Columns<'_>,
        random: &Arc<dyn RandomSource>,
    ) -> Option<Self> {
        if !rule.header.enabled {
            return None;
        }
        let mut conditions = Vec::new();
        match &rule.conditions {
            Conditions::Single(all) => {
                conditions.extend(all.iter().filter_map(|one| single(one, columns)));
            }
            Conditions::Weighted(all) => {
                conditions.extend(all.iter().filter_map(|one| weighted(one, columns)));
            }
        }
        Some(Self { conditions, force: rule.header.force, of, random: random.clone() })
    }
}

fn single(condition: &Condition, columns: &mut Columns<'_>) -> Option<Prepared> {
    let Condition { at, text, when, then } = condition;
    let when = When::new(when, columns.consumer())?;
    let then = match then {
        Then::Nothing => Providers::Nothing,
        // A right side without keys is one that nobody matches.
        Then::Matching(matchers) if matchers.is_empty() => {
            Providers::These(Bitmap::empty(columns.set().len()))
        }
        Then::Matching(matchers) => Providers::These(columns.matching(matchers)),
    };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(Prepared { when, then, text, line: at.line })
}

fn weighted(condition: &WeightedCondition, columns: &mut Columns<'_>) -> Option<Prepared> {
    let WeightedCondition { at, from, to } = condition;
    let when = When::new(from, columns.consumer())?;
    let text = format!("from {}", Shown(from));
    let destinations = to.iter().map(|destination| Destination {
        providers: columns.matching(&destination.providers),
        weight: destination.weight.into(),
        text: format!("to {}", Shown(&destination.providers)),
    });
    let destinations: Vec<_> = destinations.collect();
    let then =
        if destinations.is_empty() { Providers::Nothing } else { Providers::OneOf(destinations) };
    Some(Prepared { when, then, text, line: at.line })
}

impl Stage for ConditionStage {
    fn narrow(&self, call: &CallView<'_>, set: &mut Bitmap, mut trace: Option<&mut Trace>) {
        for condition in &self.conditions {
            if set.is_empty() {
                return;
            }
            if !condition.when.holds(call) {
                continue;
            }
            let mut chosen = None;
            let left = match &condition.then {
                Providers::Nothing => None,
                Providers::These(these) => Some(these),
                Providers::OneOf(all) => {
                    let there = |one: &Destination| set.meets(&one.providers);
                    let weights = || all.iter().filter(|one| there(one));
                    let drawn = draw(&*self.random, weights().map(|one| one.weight));
                    chosen = weights().nth(drawn);
                    // Any of them, when none has a provider.
                    chosen.or(all.first()).map(|one| &one.providers)
                }
            };
            let mut ignored = false;
            match left {
                None => set.clear(),
                Some(left) if self.force || set.meets(left) => set.intersect(left),
                Some(_) => ignored = true,
            }
            if let Some(trace) = &mut trace {
                let Prepared { text, line, .. } = condition;
                let chosen = chosen.map(|one| format!(" {}", one.text)).unwrap_or_default();
                let end = if ignored { ", not forced, which fits nobody" } else { "" };
                let rule = format!("`{text}{chosen}` of {}, line {line}{end}", self.of);
                trace.record("condition", rule, set);
            }
        }
    }
}

/// Matchers as the text of a rule has them.
struct Shown<'a>(&'a [Matcher]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("all");
        }
        let mut first = true;
        for Matcher { key, matches, mismatches } in self.0 {
            for (sign, patterns) in [("=", matches), ("!=", mismatches)] {
                if patterns.is_empty() {
                    continue;
                }
                if !std::mem::take(&mut first) {
                    f.write_str(" & ")?;
                }
                show_key(f, key)?;
                f.write_str(sign)?;
                for (n, pattern) in patterns.iter().enumerate() {
                    if n > 0 {
                        f.write_str(",")?;
                    }
                    show_pattern(f, pattern)?;
                }
            }
        }
        Ok(())
    }
}

fn show_key(f: &mut fmt::Formatter<'_>, key: &MatchKey) -> fmt::Result {
    match key {
        MatchKey::Method => f.write_str("method"),
        MatchKey::Methods => f.write_str("methods"),
        MatchKey::Argument(Some(index)) => write!(f, "arguments[{index}]"),
        MatchKey::Argument(None) => f.write_str("arguments"),
        MatchKey::Attachment(Some(name)) => write!(f, "attachments[{name}]"),
        MatchKey::Attachment(None) => f.write_str("attachments"),
        MatchKey::Param(name) => f.write_str(name),
    }
}

fn show_pattern(f: &mut fmt::Formatter<'_>, pattern: &Pattern) -> fmt::Result {
    let end = |end: &Option<i32>| end.map(|end| end.to_string()).unwrap_or_default();
    match pattern {
        Pattern::Range { from, to } => write!(f, "{}~{}", end(from), end(to)),
        Pattern::BadRange => f.write_str("~"),
        Pattern::Reference(name) => write!(f, "${name}"),
        Pattern::Glob(Glob::Any) => f.write_str("*"),
        Pattern::Glob(Glob::Exact(text)) => f.write_str(text),
        Pattern::Glob(Glob::Affix { prefix, suffix }) => write!(f, "{prefix}*{suffix}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matchers_are_shown_as_they_are_written() {
        let matcher = |key: &str, matches: &[&str], mismatches: &[&str]| Matcher {
            key: MatchKey::parse(key),
            matches: matches.iter().map(|text| Pattern::parse(text, true)).collect(),
            mismatches: mismatches.iter().map(|text| Pattern::parse(text, true)).collect(),
        };
        let all = [
            matcher("arguments[0]", &["a*", "1~20"], &[]),
            matcher("region", &["$region"], &["x", "*"]),
        ];
        assert_eq!(Shown(&all).to_string(), "arguments[0]=a*,1~20 & region=$region & region!=x,*");
        assert_eq!(Shown(&[]).to_string(), "all");
    }
}
