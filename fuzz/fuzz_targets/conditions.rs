//! Any text as a condition, and as a key and a pattern of one: what is read has no empty pattern, and a
//! text without operators is one key.

#![no_main]

use dubhe_config::rule::condition::{Conditions, MatchKey, Pattern};
use dubhe_config::{Rule, validate};
use dubhe_core::documents::DocumentKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = (MatchKey::parse(text), Pattern::parse(text, true), Pattern::parse(text, false));
    // A text in quotes of YAML, of which only the quotes need care.
    let quoted = text.replace(|c: char| c.is_control() || c == '\'', "");
    let rule = format!("conditions: ['{quoted}']\n");
    let Ok(summary) = validate(&DocumentKey::config("a.condition-router"), &rule) else { return };
    let Rule::Condition(rule) = summary.rule else { panic!("another kind") };
    let Conditions::Single(all) = rule.conditions else { panic!("another form") };
    assert_eq!(all.len(), 1);
    for matcher in &all[0].when {
        assert!(matcher.matches.len() + matcher.mismatches.len() <= quoted.len());
    }
});
