//! The rule texts that Dubbo Java 3.3.6 was given, and what it made of them.
//!
//! `tests/vectors/rule_texts.json` has the texts of the cases of a governance corpus, the lines that
//! Java logged for each, the exception that a call ended with, and the URLs that configurators became.

use std::collections::BTreeMap;

use dubhe_config::rule::configurator::{Override, OverrideKind};
use dubhe_config::{ConfigErrorKind, Rule, override_urls, route_url, validate};
use dubhe_core::documents::DocumentKey;
use serde_json::Value;

const CORPUS: &str = include_str!("../../../../tests/vectors/rule_texts.json");

fn cases() -> Vec<Value> {
    serde_json::from_str(CORPUS).unwrap()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// Lines of Java's log that say that a text was refused: by whom, and the code.
const REFUSALS: &[(&str, &str)] = &[
    ("ListenableStateRouter", "2-15"),
    ("ConditionRuleParser", "2-15"),
    ("AffinityListenableStateRouter", "2-15"),
    ("AffinityRouterRule", "2-15"),
    ("TagStateRouter", "2-11"),
    ("AppScriptStateRouter", "2-11"),
    ("MeshAppRuleListener", "2-13"),
    ("MeshRuleRouter", "2-13"),
    ("AbstractConfiguratorListener", "1-14"),
];

/// Cases in which Java does something else, what is done here, and why.
const EXCEPTIONS: &[(&str, Ours, &str)] = &[
    ("condition/text-empty", Ours::Refused, EMPTY),
    ("tag/text-empty", Ours::Refused, EMPTY),
    ("condition/text-no-conditions", Ours::Refused, LEFT),
    ("condition/text-conditions-string", Ours::Refused, LEFT),
    ("condition/text-conditions-map", Ours::Refused, LEFT),
    ("condition/text-valid-false", Ours::Refused, LEFT),
    ("condition/change-to-no-conditions", Ours::Refused, LEFT),
    ("condition/change-to-valid-false", Ours::Refused, LEFT),
    ("condition/change-v30-to-empty-v31", Ours::Refused, LEFT),
    ("condition31/conditions-empty", Ours::Refused, LEFT),
    ("affinity/version-*", Ours::Refused, LEFT),
    ("configurator/text-configs-empty", Ours::Refused, LEFT),
    ("configurator/change-to-configs-empty", Ours::Refused, LEFT),
    ("condition/text-force-list", Ours::Refused, JAVA_TEXT),
    ("configurator/text-json-numbers", Ours::Refused, "the number is read as the host of a URL"),
    ("tag/address*", Ours::Taken, "an address is looked at for each provider; the text stands"),
    ("script/type-unknown*", Ours::Taken, "whether a language is known is the router's to say"),
    ("mesh/route-destination-absent", Ours::Refused, FAILS),
    ("mesh/match-method-regex-bad", Ours::Refused, FAILS),
    ("mesh/match-string-item", Ours::Refused, FAILS),
    ("mesh/text-no-spec-service", Ours::Refused, FAILS),
    ("configurator/match-address-cird-*", Ours::Refused, FAILS),
    ("configurator/match-service-no-oneof", Ours::Refused, FAILS),
    ("configurator/match-param-regex-bad", Ours::Refused, FAILS),
    ("mesh/text-no-metadata", Ours::Taken, "one document is passed over, the others hold"),
];

const EMPTY: &str = "an empty text is not handed to the parser";
const LEFT: &str = "nothing is logged, and the last rule is left in effect";
const JAVA_TEXT: &str = "a list or map is printed as Java prints it, and that text is read";
const FAILS: &str = "the text is taken, and then every call fails with an exception";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ours {
    Taken,
    Refused,
}

fn refused_by_java(case: &Value) -> bool {
    case["log"].as_array().is_some_and(|lines| {
        lines.iter().any(|line| {
            REFUSALS.iter().any(|(by, code)| text(line, "by") == *by && text(line, "code") == *code)
        })
    })
}

#[test]
fn what_java_takes_is_taken_and_what_it_refuses_is_refused() {
    let mut counts: BTreeMap<(String, Ours), usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut used = Vec::new();
    for case in cases() {
        let Some(rules) = case["rules"].as_array() else { continue };
        let errors: Vec<_> = rules
            .iter()
            .filter(|rule| text(rule, "event") != "deleted")
            .filter_map(|rule| {
                validate(&DocumentKey::config(text(rule, "key")), text(rule, "content")).err()
            })
            .collect();
        let ours = if errors.is_empty() { Ours::Taken } else { Ours::Refused };
        let java = if refused_by_java(&case) { Ours::Refused } else { Ours::Taken };
        let id = text(&case, "id");
        let exception = EXCEPTIONS.iter().find(|(prefix, ..)| {
            id == *prefix || prefix.strip_suffix('*').is_some_and(|prefix| id.starts_with(prefix))
        });
        if ours != java {
            match exception {
                Some((name, expected, _)) if *expected == ours => used.push(*name),
                _ => wrong.push(format!("{id}: java {java:?}, ours {ours:?} {errors:?}")),
            }
        }
        *counts.entry((text(&case, "kind").to_owned(), ours)).or_default() += 1;
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
    for (name, ..) in EXCEPTIONS {
        assert!(used.contains(name), "{name} is no exception");
    }
    let counts: Vec<String> =
        counts.iter().map(|((kind, ours), number)| format!("{kind} {ours:?} {number}")).collect();
    assert_eq!(
        counts,
        [
            "affinity Taken 18",
            "affinity Refused 12",
            "chain Taken 10",
            "condition Taken 199",
            "condition Refused 40",
            "condition31 Taken 52",
            "condition31 Refused 14",
            "configurator Taken 120",
            "configurator Refused 26",
            "instance Taken 19",
            "mesh Taken 91",
            "mesh Refused 10",
            "script Taken 17",
            "script Refused 4",
            "tag Taken 106",
            "tag Refused 12",
        ]
    );
}

/// Each text that Java leaves without effect, silently, is refused as such.
#[test]
fn texts_that_leave_the_last_rule_in_effect_say_so() {
    let mut seen = 0;
    for case in cases() {
        let id = text(&case, "id").to_owned();
        let left = EXCEPTIONS.iter().any(|(prefix, _, why)| {
            *why == LEFT && (id == *prefix || id.starts_with(prefix.trim_end_matches('*')))
        });
        if !left || id == "affinity/version-absent" {
            continue;
        }
        let last = case["rules"].as_array().and_then(|rules| rules.last()).unwrap();
        let key = DocumentKey::config(text(last, "key"));
        let error = validate(&key, text(last, "content")).unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::WithoutEffect, "{id}: {error}");
        assert!(error.to_do().is_some(), "{id}: {error}");
        seen += 1;
    }
    assert_eq!(seen, 12);
}

type Fields = (String, String, u64, String, BTreeMap<String, String>);

fn of_java(url: &Value) -> Fields {
    let params = url["params"].as_object().unwrap();
    let params = params.iter().map(|(k, v)| (k.clone(), v.as_str().unwrap().to_owned())).collect();
    let part = |field| text(url, field).to_owned();
    (part("protocol"), part("host"), url["port"].as_u64().unwrap(), part("path"), params)
}

fn of_ours(one: &Override) -> Fields {
    let kind = match one.kind {
        OverrideKind::Override => "override",
        OverrideKind::Absent => "absent",
    };
    let params = one.params.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    (kind.into(), one.host.to_string(), one.port.into(), one.path.to_string(), params)
}

/// The overrides of a text are the URLs that Java made of it.
#[test]
fn configurators_become_the_urls_that_java_makes() {
    let (mut seen, mut wrong) = (0, Vec::new());
    for case in cases() {
        let Some(java) = case["configurators"].as_array() else { continue };
        let mut ours: BTreeMap<String, Vec<Override>> = BTreeMap::new();
        for rule in case["rules"].as_array().into_iter().flatten() {
            let key = text(rule, "key");
            if text(rule, "event") == "deleted" {
                ours.remove(key);
                continue;
            }
            if let Ok(read) = validate(&DocumentKey::config(key), text(rule, "content")) {
                let Rule::Configurator(read) = read.rule else { panic!("{key}") };
                ours.insert(key.to_owned(), read.overrides);
            }
        }
        if let Some(urls) = case["urls"].as_array() {
            let urls = urls.iter().map(|url| url.as_str().unwrap());
            ours.insert(String::new(), override_urls(urls).unwrap());
        }
        let mut ours: Vec<_> = ours.values().flatten().map(of_ours).collect();
        let mut java: Vec<_> = java.iter().map(of_java).collect();
        ours.sort();
        java.sort();
        let id = text(&case, "id");
        let refused = EXCEPTIONS.iter().any(|(name, _, why)| *name == id && *why == JAVA_TEXT);
        if ours != java && !refused {
            wrong.push(format!("{}: java {java:?}, ours {ours:?}", text(&case, "id")));
        }
        seen += 1;
    }
    assert!(wrong.is_empty(), "{} of {seen}:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(seen, 165);
}

/// Rules that are URLs of routers are read, as are unknown protocols of configurators refused.
#[test]
fn rules_that_are_urls_are_read() {
    let mut seen = 0;
    for case in cases() {
        if let Some(url) = case["routerUrl"].as_str() {
            let id = text(&case, "id");
            match route_url(url) {
                Ok(read) => assert!(matches!(read.rule, Rule::Condition(_)), "{id}"),
                Err(error) => assert!(case["exception"].is_object(), "{id}: {error}"),
            }
            seen += 1;
        }
        if case["exception"].is_object()
            && let Some(urls) = case["urls"].as_array()
        {
            let error = override_urls(urls.iter().map(|url| url.as_str().unwrap())).unwrap_err();
            assert!(error.message().contains("nosuch://"), "{error}");
            seen += 1;
        }
    }
    assert_eq!(seen, 7);
}
