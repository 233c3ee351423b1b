//! Places in errors and warnings, and what is asked for in their place.

use dubhe_config::{ConfigErrorKind, Rule, validate};
use dubhe_core::documents::DocumentKey;

/// A text that is refused: its key, the place, and what the error says.
type Refused = (&'static str, &'static str, (u32, u32), &'static str);

const REFUSED: &[Refused] = &[
    ("a.condition-router", "conditions:\n  - \"=> region == x\"\n", (2, 16), "== stands before x"),
    ("a.condition-router", "conditions:\n  - method = a => b ! c\n", (2, 21), "! stands before c"),
    ("a.condition-router", "conditions:\n  - a=b\n  - é=> =c\n", (3, 9), "= stands before c"),
    (
        "a.condition-router",
        "x: 1\npriority: high\nconditions: [a=b]\n",
        (2, 11),
        "priority is high",
    ),
    ("a.condition-router", "configVersion: 3.0\nconditions: [a=b]\n", (1, 16), "\"3.0\""),
    ("a.condition-router", "configVersion: v4\nconditions: []\n", (1, 1), "newer than v3.1"),
    (
        "a.condition-router",
        "configVersion: v3.1\nconditions:\n  - from: {match: \"a=1\"}\n    to:\n      - match: b=2\n        weight: x\n",
        (6, 17),
        "weight is x",
    ),
    (
        "a.condition-router",
        "configVersion: v3.1\nconditions:\n  - to:\n      - match: b==2\n",
        (4, 17),
        "== stands before 2",
    ),
    (
        "a.tag-router",
        "configVersion: v3.0\ntags:\n- name: a\n",
        (3, 3),
        "neither addresses nor match",
    ),
    (
        "a.tag-router",
        "configVersion: v3.0\ntags:\n- name: a\n  match:\n  - key: k\n    value: {regex: 'ab(c'}\n",
        (6, 23),
        "unclosed group",
    ),
    ("a.tag-router", "tags:\n\t- name: a\n", (2, 2), "indent with spaces"),
    ("a.script-router", "script: ''\n", (1, 10), "the script is empty"),
    (
        "a.affinity-router",
        "configVersion: v3.1\naffinityAware:\n  key: region\n  ratio: 101\n",
        (4, 10),
        "0 to 100",
    ),
    (
        "a.configurators",
        "configs:\n- side: consumer\n  parameters: {a: 1, b: }\n",
        (3, 23),
        "parameter b",
    ),
    (
        "a.configurators",
        "key: a\nconfigs:\n- side: both\n  parameters: {a: 1}\n",
        (3, 3),
        "no side both",
    ),
    ("a.configurators", "configs:\n- parameters: {a: 1}\n", (1, 1), "name no service"),
    ("a.configurators", "[\"override://h:x/a.B?c=1\"]", (1, 3), "the port x"),
    (
        "a.MESHAPPRULE",
        "kind: DestinationRule\nmetadata: {name: a}\nspec: {subsets: []}\n---\nkind: VirtualService\nmetadata: {name: b}\nspec:\n  dubbo:\n  - routedetail:\n    - route:\n      - weight: heavy\n        destination: {}\n",
        (11, 17),
        "weight is a text",
    ),
    ("a.migration", "key: a\nstep: FORCE_APP\n", (2, 7), "FORCE_APPLICATION"),
    ("dubbo.properties", "a=1\nb=\\u00zz\n", (2, 3), "four hexadecimal digits"),
    ("a.yaml", "a: [1, 2\n", (1, 4), "not YAML"),
    ("a.tag-rooter", "", (1, 1), "the key of no rule"),
];

#[test]
fn errors_name_the_place_and_what_to_do() {
    let mut wrong = Vec::new();
    for (key, text, (line, column), what) in REFUSED {
        let error = validate(&DocumentKey::config(*key), text).unwrap_err().to_string();
        if !error.starts_with(&format!("line {line}, column {column}: ")) || !error.contains(what) {
            wrong.push(format!("{text:?} at {line}, {column}: {what}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_wrong_key_says_which_keys_there_are() {
    let error = validate(&DocumentKey::config("a.tag-rooter"), "").unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::Key);
    assert!(error.to_do().is_some_and(|hint| hint.contains(".tag-router")));
}

#[test]
fn the_line_of_an_error_can_be_shown() {
    let text = "tags:\n  - name: a\n  - b\n";
    let error = validate(&DocumentKey::config("a.tag-router"), text).unwrap_err();
    assert_eq!(error.source_line(text), Some("  - b"));
}

#[test]
fn unknown_fields_are_kept_as_warnings_with_the_nearest_name() {
    let text = "configVersion: v3.0\nforced: true\nTags: []\ntags:\n- name: a\n  adresses: [x]\n  addresses: [y]\n  zzzzzz: 1\nforce: maybe\nforce: true\n";
    let summary = validate(&DocumentKey::config("a.tag-router"), text).unwrap();
    let warnings: Vec<String> = summary.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "line 10, column 1: force is there already, in line 9; the last one is taken",
            "line 2, column 1: a tag rule has no field forced; did you mean force?",
            "line 3, column 1: a tag rule has no field Tags; did you mean tags?",
            "line 6, column 3: a tag has no field adresses; did you mean addresses?",
            "line 8, column 3: a tag has no field zzzzzz; it is passed over",
        ]
    );
    let Rule::Tag(rule) = summary.rule else { panic!() };
    assert!(rule.header.force);
    assert_eq!((rule.tags[0].at.line, rule.tags[0].addresses.len()), (5, 1));
}

#[test]
fn typed_rules_have_their_lines() {
    let text = "# a comment\nconfigVersion: v3.0\nconditions:\n  - a=1 => b=2\n\n  - >-\n    c=1 =>\n    d=2\n  - \"e=1 => f=$g\"\n";
    let read = validate(&DocumentKey::config("a.condition-router"), text).unwrap();
    let Rule::Condition(rule) = read.rule else { panic!() };
    let dubhe_config::rule::condition::Conditions::Single(all) = rule.conditions else { panic!() };
    let lines: Vec<u32> = all.iter().map(|condition| condition.at.line).collect();
    assert_eq!((lines, all.len()), (vec![4, 7, 9], 3));
    assert_eq!(&*all[1].text, "c=1 => d=2");
}

#[test]
fn comments_may_stand_everywhere() {
    // This program has the parser with comments, which is on wherever another crate asks for it.
    for (key, text) in [
        (
            "a.migration",
            "# a\nkey: shop # b\n# c\nstep: FORCE_INTERFACE # d\ninterfaces: # e\n  # f\n  - serviceKey: a.B # g\n    # h\n    step: FORCE_APPLICATION # i\n# j\n",
        ),
        (
            "a.condition-router",
            "# a\nforce: true # b\nconditions: # c\n  # d\n  - method=hello => region=x # e\n# f\n",
        ),
        (
            "a.tag-router",
            "tags: # a\n  - name: gray # b\n    # c\n    addresses: [\"10.0.0.1:20880\"] # d\n",
        ),
        (
            "a.configurators",
            "key: a.B # 0\nconfigs:\n  # a\n  - side: consumer # b\n    parameters: # c\n      timeout: 3000 # d\n",
        ),
        (
            "a.MESHAPPRULE",
            "# a\nkind: VirtualService # b\nmetadata: {name: x} # c\nspec: # d\n  hosts: [x] # e\n---\n# f\nkind: DestinationRule\nmetadata: {name: y}\nspec:\n  host: x # g\n  subsets:\n    # h\n    - name: z # i\n      labels: {a: b}\n",
        ),
        ("a.yaml", "# a\ndubbo: # b\n  # c\n  consumer: # d\n    timeout: 3000 # e\n"),
    ] {
        let read = |text: &str| validate(&DocumentKey::config(key), text).map(|read| read.rule);
        let plain: String = text.lines().fold(String::new(), |plain, line| {
            let line = line.split('#').next().unwrap_or_default().trim_end();
            if line.is_empty() { plain } else { plain + line + "\n" }
        });
        let (with, without) = (read(text).unwrap(), read(&plain).unwrap());
        // Their lines differ, and their words do not.
        let words = |rule: &Rule| {
            let text = format!("{rule:?}");
            let places = text.split("line: ").map(|part| part.trim_start_matches(char::is_numeric));
            places.collect::<String>()
        };
        assert_eq!(words(&with), words(&without), "{key}");
    }
}
