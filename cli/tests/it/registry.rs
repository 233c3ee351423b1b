//! `dubhe registry`, on a folder and its documents.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use dubhe_testkit::Folder;

use crate::support::{ProgramOutput, command, dubhe, dubhe_reading};

const RULE: &str = "force: true\ntags:\n  - name: gray\n    addresses: [10.0.0.1:20880]\n";

struct Registry {
    folder: Folder,
    url: String,
}

impl Registry {
    fn new() -> Self {
        let folder = Folder::new().unwrap();
        let url = format!("file://{}", folder.path().display());
        Self { folder, url }
    }

    /// A registry with these lines of providers.
    fn with(lines: &str) -> Self {
        let registry = Self::new();
        registry.write("a.url", lines);
        registry
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn run(&self, command: &str, args: &[&str]) -> ProgramOutput {
        dubhe(&[&["registry", command, &self.url], args].concat())
    }

    fn put(&self, args: &[&str], text: &str) -> ProgramOutput {
        let line = [&["registry", "put", &self.url], args, &["-"]].concat();
        dubhe_reading(&line, text.as_bytes())
    }

    /// The output of a command that works.
    fn ok(&self, command: &str, args: &[&str]) -> String {
        let ProgramOutput { code, out, err } = self.run(command, args);
        assert_eq!((code, &*err), (0, ""), "{command} {args:?}: {out}");
        out
    }
}

const PROVIDERS: &str = "dubbo://10.0.0.1:20880/a.Users?application=shop&weight=50\n\
                         tri://10.0.0.1:50051/a.Users?application=shop\n\
                         dubbo://10.0.0.2:20880/a.Orders?application=stock&group=g&version=1\n";

#[test]
fn an_overview_has_a_part_for_each_that_there_is() {
    let registry = Registry::with(PROVIDERS);
    assert_eq!(
        registry.ok("ls", &[]),
        "SERVICE       PROVIDERS  PROTOCOLS  APPLICATIONS\n\
         g/a.Orders:1  1          dubbo      stock\n\
         a.Users       2          dubbo,tri  shop\n\
         \nno rules\n"
    );
    let json: serde_json::Value =
        serde_json::from_str(&registry.ok("ls", &["-o", "json"])).unwrap();
    assert_eq!(json["services"][1]["service"], "a.Users");
    assert_eq!(json["services"][1]["protocols"], serde_json::json!(["dubbo", "tri"]));
    assert_eq!(
        (&json["applications"], &json["rules"]),
        (&serde_json::json!([]), &serde_json::json!([]))
    );
    let yaml = registry.ok("ls", &["services", "-o", "yaml"]);
    assert!(yaml.contains("service: g/a.Orders:1") && yaml.contains("providers: 1"), "{yaml}");
}

#[test]
fn a_large_overview_says_what_it_leaves_out() {
    let lines: Vec<_> = (0..60).map(|n| format!("dubbo://h:1/a.S{n:02}")).collect();
    let registry = Registry::with(&lines.join("\n"));
    let overview = registry.ok("ls", &[]);
    assert!(overview.contains("a.S49 ") && !overview.contains("a.S50"), "{overview}");
    assert!(
        overview.contains("and 10 more; dubhe registry ls URL services lists all"),
        "{overview}"
    );
    assert!(registry.ok("ls", &["services"]).contains("a.S59"));
    assert!(registry.ok("ls", &["-o", "json"]).contains("a.S59"));
}

#[test]
fn providers_are_listed_with_the_reason_why_one_is_not_used() {
    let registry = Registry::with(PROVIDERS);
    let users = registry.ok("ls", &["providers", "a.Users"]);
    assert!(users.contains("a.Users  dubbo     10.0.0.1:20880  shop         ready  50"), "{users}");
    let other = registry.ok("ls", &["providers", "a.Orders"]);
    assert!(other.contains("not used") && other.contains("it offers g/a.Orders:1"), "{other}");
    assert_eq!(registry.ok("ls", &["providers", "a.Nothing"]), "no providers\n");
    for (what, lacks) in [("applications", "no applications"), ("instances", "no applications")] {
        let ProgramOutput { code, err, .. } = registry.run("ls", &[what]);
        assert!(code == 1 && err.contains(lacks), "{what}: {err}");
    }
}

#[test]
fn a_rule_is_written_read_listed_and_removed() {
    let registry = Registry::with(PROVIDERS);
    let ProgramOutput { code, out, err } = registry.put(&["shop.tag-router"], RULE);
    let wrote =
        format!("wrote shop.tag-router to {}/config: tag rule, 1 tag, forced\n", registry.url);
    assert_eq!((code, &*out, &*err), (0, &*wrote, ""));
    assert_eq!(registry.ok("get", &["shop.tag-router"]), RULE);
    let listed = registry.ok("ls", &["rules"]);
    assert!(listed.contains("tag   shop.tag-router  65     force: true"), "{listed}");
    assert!(registry.ok("rm", &["shop.tag-router"]).starts_with("removed shop.tag-router from "));
    for command in ["get", "rm"] {
        let ProgramOutput { code, err, .. } = registry.run(command, &["shop.tag-router"]);
        assert!(code == 1 && err.contains("has nothing at shop.tag-router\nhint: "), "{err}");
    }
    // A migration rule has a group of its own.
    let migration = registry.put(&["shop.migration"], "step: FORCE_INTERFACE\n");
    assert_eq!(migration.code, 0, "{}", migration.err);
    let same = "DUBBO_SERVICEDISCOVERY_MIGRATION/shop.migration";
    assert_eq!(registry.ok("get", &[same]), "step: FORCE_INTERFACE\n");
    assert!(registry.ok("ls", &["rules"]).contains("migration  shop.migration"));
}

#[test]
fn a_rule_that_cannot_be_understood_is_refused_with_its_place() {
    let registry = Registry::with(PROVIDERS);
    let wrong = "force: true\nconditions:\n\t- a => b\npriority: high\n";
    for (key, text, shown) in [
        (
            "a.Users::.condition-router",
            "conditions: []\npriority: high\n",
            "error: stdin: line 2, column 11: priority is high, not a number that fits\n  priority: high\n            ^\n",
        ),
        (
            "a.Orders:1:g.condition-router",
            wrong,
            "\n      - a => b\n      ^\nhint: indent with spaces\n",
        ),
        (
            "shop.tag-rooter",
            RULE,
            "error: dubbo/shop.tag-rooter is the key of no rule\nhint: keys are ",
        ),
    ] {
        let ProgramOutput { code, out, err } = registry.put(&[key], text);
        assert_eq!((code, &*out), (1, ""), "{err}");
        assert!(err.contains(shown), "{err}");
        assert!(
            err.ends_with("hint: nothing was written; --force writes it all the same\n"),
            "{err}"
        );
        assert_eq!(registry.run("get", &[key]).code, 1);
        let ProgramOutput { code, err, .. } = registry.put(&[key, "--force"], text);
        assert!(code == 0 && err.starts_with("warning: "), "{err}");
        assert_eq!(registry.ok("get", &[key]), text);
    }
}

#[test]
fn what_is_odd_about_a_rule_is_a_warning() {
    let registry = Registry::with(PROVIDERS);
    let text = "prioritty: 1\nconditions: [method=hello => host=10.0.0.1]\n";
    let ProgramOutput { code, err, .. } = registry.put(&["a.Users.condition-router"], text);
    assert_eq!(code, 0, "{err}");
    assert!(
        err.contains("warning: line 1, column 1: ") && err.contains("did you mean priority?"),
        "{err}"
    );
    assert!(err.contains("that of a service has the key a.Users::.condition-router"), "{err}");
}

#[test]
fn documents_are_copied_and_nothing_else_is_written() {
    let (from, to) = (Registry::with(PROVIDERS), Registry::new());
    assert_eq!(from.put(&["shop.tag-router"], RULE).code, 0);
    let tried = from.ok("copy", &[&to.url, "--dry-run"]);
    assert_eq!(tried, "would write shop.tag-router\n1 to write, 0 equal already\n");
    assert_eq!(to.ok("ls", &["rules"]), "no rules\n");
    assert_eq!(from.ok("copy", &[&to.url]), "wrote shop.tag-router\n1 written, 0 equal already\n");
    assert_eq!(from.ok("copy", &[&to.url]), "0 written, 1 equal already\n");
    assert_eq!(to.ok("get", &["shop.tag-router"]), RULE);
    assert_eq!(to.ok("ls", &["services"]), "no services\n");
}

#[test]
fn changes_are_watched() {
    let registry = Registry::with("dubbo://10.0.0.1:20880/a.Users?application=shop\n");
    let args = ["registry", "watch", &registry.url, "a.Users", "--rule", "shop.tag-router"];
    let mut watching = command(&args).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    let mut told = |part: &str| lines.by_ref().map(Result::unwrap).any(|line| line.contains(part));
    assert!(told("a.Users + dubbo://10.0.0.1:20880 (shop)"));
    registry.write("a.url", "dubbo://10.0.0.2:20880/a.Users?application=shop\n");
    assert!(told("a.Users - dubbo://10.0.0.1:20880"));
    assert!(told("a.Users + dubbo://10.0.0.2:20880 (shop)"));
    assert_eq!(registry.put(&["shop.tag-router"], RULE).code, 0);
    assert!(told("shop.tag-router + rule (version"));
    watching.kill().unwrap();
    watching.wait().unwrap();
    let nothing = registry.run("watch", &[]);
    assert!(nothing.code == 2 && nothing.err.contains("--rule KEY"), "{}", nothing.err);
}

#[test]
fn a_registry_that_is_not_there_is_said_to_be() {
    let folder = Folder::new().unwrap();
    let url = format!("file://{}/none", folder.path().display());
    let missing = dubhe(&["registry", "ls", &url]);
    assert_eq!(missing.code, 1);
    assert!(missing.err.contains("cannot read the registry folder"), "{}", missing.err);
    let nobody = dubhe(&["registry", "ls", "zookeeper://127.0.0.1:1", "--timeout", "300ms"]);
    assert_eq!(nobody.code, 1);
    let said = "no answer to which applications there are within 300ms: zookeeper://127.0.0.1:1";
    assert!(nobody.err.contains(said), "{}", nobody.err);
    for (url, hint) in [("consul://h:1", "known kinds"), ("file://x", "file:///FOLDER")] {
        let wrong = dubhe(&["registry", "ls", url]);
        assert!(wrong.code == 2 && wrong.err.contains(hint), "{}", wrong.err);
    }
}
