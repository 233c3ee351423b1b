//! Texts that somebody wrote to do harm.

use std::fmt::Write as _;

use dubhe_config::limits::{
    MAX_ALIASES, MAX_DEPTH, MAX_DOCUMENT, MAX_ITEMS, MAX_REGEX, MAX_WARNINGS,
};
use dubhe_config::{ConfigError, ConfigErrorKind, Summary, validate};
use dubhe_core::documents::DocumentKey;

const KEYS: &[&str] = &[
    "a.condition-router",
    "a.tag-router",
    "a.script-router",
    "a.affinity-router",
    "a.configurators",
    "a.MESHAPPRULE",
    "a.migration",
    "dubbo.properties",
    "a.yaml",
];

fn read(key: &str, text: &str) -> Result<Summary, ConfigError> {
    validate(&DocumentKey::config(key), text)
}

#[track_caller]
fn limit(key: &str, text: &str) {
    let error = read(key, text).unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::Limit, "{error}");
}

#[test]
fn huge_texts_are_not_read() {
    for key in KEYS {
        limit(key, &"#".repeat(MAX_DOCUMENT + 1));
        let most = read(key, &"#".repeat(MAX_DOCUMENT));
        assert!(!most.is_err_and(|error| error.kind() == ConfigErrorKind::Limit), "{key}");
    }
}

#[test]
fn deep_texts_are_refused_without_deep_recursion() {
    for deep in ["[".repeat(100_000), "{a: ".repeat(50_000), "- ".repeat(100_000)] {
        for key in KEYS.iter().filter(|key| !key.ends_with("properties")) {
            assert!(read(key, &deep).is_err(), "{key}");
        }
    }
    let nested = |levels: usize| format!("a: {}1{}", "[".repeat(levels), "]".repeat(levels));
    limit("a.yaml", &nested(MAX_DEPTH));
    assert!(read("a.yaml", &nested(MAX_DEPTH - 1)).is_ok());
}

#[test]
fn aliases_do_not_multiply_what_was_sent() {
    // Each level names the one before it nine times.
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..6 {
        let before = format!("*a{}, ", level - 1).repeat(9);
        writeln!(bomb, "a{level}: &a{level} [{before}]").unwrap();
    }
    for key in KEYS.iter().filter(|key| !key.ends_with("properties")) {
        limit(key, &bomb);
    }
    // A chain of aliases is no way to nest deeper.
    let mut chain = "b0: &b0 [x]\n".to_owned();
    for level in 1..MAX_ALIASES {
        writeln!(chain, "b{level}: &b{level} [[*b{}]]", level - 1).unwrap();
    }
    limit("a.yaml", &chain);
    let many = format!("a: &a [x]\nb: [{}]\n", "*a, ".repeat(MAX_ALIASES + 1));
    limit("a.yaml", &many);
    let scalars = format!("a: &a x\nb: [{}]\n", "*a, ".repeat(1000));
    assert!(read("a.yaml", &scalars).is_ok(), "aliases of texts are as cheap as texts");
    assert!(read("a.yaml", "a: &a [*a]\n").is_err());
    assert!(read("a.yaml", "a: *b\n").is_err());
}

#[test]
fn lists_and_expressions_have_a_length() {
    limit("a.condition-router", &format!("conditions: [{}]", "a=b, ".repeat(MAX_ITEMS + 1)));
    limit("a.tag-router", &format!("tags: [{}]", "{name: a}, ".repeat(MAX_ITEMS + 1)));
    limit("a.condition-router", &format!("conditions: [\"{}\"]", "a=b & ".repeat(10_000)));
    let addresses = "h, ".repeat(1000);
    let services = "s, ".repeat(1000);
    let multiplied = format!(
        "scope: application\nkey: a\nconfigs:\n- addresses: [{addresses}]\n  services: [{services}]\n  parameters: {{a: 1}}\n"
    );
    limit("a.configurators", &multiplied);
    let long = "h".repeat(100_000);
    let repeated = format!(
        "key: a\nconfigs:\n- addresses: [{long}]\n  applications: [{services}]\n  parameters: {{a: 1}}\n"
    );
    limit("a.configurators", &repeated);
    limit("a.yaml", &format!("? {long}\n:\n  a: [{services}]\n"));
    let params: Vec<String> = (0..30_000).map(|n| format!("a{n}")).collect();
    let params = params.join("&");
    assert!(read("a.configurators", &format!("[\"override://h/a.B?{params}\"]")).is_ok());
    let unknown = (0..10_000).fold(String::new(), |mut text, n| {
        writeln!(text, "unknown{n}: 1").unwrap();
        text
    });
    let read = read("a.tag-router", &unknown).unwrap();
    assert_eq!(read.warnings.len(), MAX_WARNINGS);
}

#[test]
fn regular_expressions_are_bounded_and_only_read() {
    let rule = |regex: &str| {
        format!(
            "configVersion: v3.0\ntags: [{{name: a, match: [{{key: k, value: {{regex: '{regex}'}}}}]}}]\n"
        )
    };
    limit("a.tag-router", &rule(&"a".repeat(MAX_REGEX + 1)));
    assert!(read("a.tag-router", &rule(&"(".repeat(500))).is_err());
    let deep = format!("{}a{}", "(".repeat(400), ")".repeat(400));
    assert!(read("a.tag-router", &rule(&deep)).is_err());
    // It explodes when it is compiled, which nobody does here.
    assert!(read("a.tag-router", &rule("(((a{1000}){1000}){1000}){1000}")).is_ok());
    for unknown in ["(?=a)", "(a)\\1"] {
        let error = read("a.tag-router", &rule(unknown)).unwrap_err();
        assert!(error.to_do().is_some_and(|hint| hint.contains("look-around")), "{error}");
    }
}

#[test]
fn wrong_types_everywhere_are_errors_or_warnings() {
    let values = [
        "1",
        "x",
        "[]",
        "[1]",
        "[[a]]",
        "{}",
        "{a: b}",
        "[{}]",
        "[{a: [b]}]",
        "~",
        "yes",
        "!!int x",
    ];
    let fields = [
        "configVersion",
        "scope",
        "key",
        "enabled",
        "force",
        "runtime",
        "valid",
        "dynamic",
        "priority",
        "conditions",
        "tags",
        "script",
        "type",
        "affinityAware",
        "configs",
        "kind",
        "metadata",
        "spec",
        "step",
        "threshold",
        "interfaces",
    ];
    for key in KEYS {
        for field in fields {
            for value in values {
                for begin in
                    ["", "configVersion: v3.1\n", "kind: VirtualService\nmetadata: {name: a}\n"]
                {
                    if let Err(error) = read(key, &format!("{begin}{field}: {value}\n")) {
                        assert!(!error.message().is_empty());
                    }
                }
            }
        }
    }
}
