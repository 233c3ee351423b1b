//! The examples of the page of rules.

use std::collections::BTreeSet;

use dubhe_config::{RuleKind, validate};
use dubhe_core::documents::DocumentKey;

const PAGE: &str = include_str!("../../../../docs/user/rules.md");

#[test]
fn every_example_is_read_and_every_kind_has_one() {
    let mut kinds = BTreeSet::new();
    for block in PAGE.split("\n```").skip(1).step_by(2) {
        let (language, text) = block.split_once('\n').unwrap();
        if language == "rust,no_run" {
            continue; // It is compiled with the snippets of other pages.
        }
        assert!(matches!(language, "yaml" | "properties"), "{language}");
        let (first, _) = text.split_once('\n').unwrap();
        let (group, key) = first.strip_prefix("# ").unwrap().split_once('/').unwrap();
        let key = DocumentKey::Config { group: group.into(), key: key.into() };
        let summary = validate(&key, text).unwrap_or_else(|error| panic!("{key}: {error}"));
        assert_eq!(summary.warnings, [], "{key}");
        kinds.insert(RuleKind::of(&key).unwrap().0);
    }
    assert_eq!(kinds.len(), 8);
}
