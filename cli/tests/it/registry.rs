//! `dubhe registry`, on a folder and its documents.

use std::io::{BufRead as _, BufReader, Lines, Read as _};
use std::process::{Child, ChildStdout, Command, Stdio};

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
        "SERVICE       LEVEL      PROVIDERS  PROTOCOLS  APPLICATIONS\n\
         g/a.Orders:1  interface  1          dubbo      stock\n\
         a.Users       interface  2          dubbo,tri  shop\n\
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
    let row = "a.Users  interface  dubbo     10.0.0.1:20880  shop         ready  50";
    assert!(users.contains(row), "{users}");
    let other = registry.ok("ls", &["providers", "a.Orders"]);
    assert!(other.contains("not used") && other.contains("it offers g/a.Orders:1"), "{other}");
    assert_eq!(registry.ok("ls", &["providers", "a.Nothing"]), "no providers\n");
    let typo = registry.run("ls", &["providers", "a.Usres"]);
    assert_eq!((&*typo.out, &*typo.err), ("no providers\n", "hint: did you mean a.Users?\n"));
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
    assert_eq!((code, &*out), (0, &*wrote));
    assert_eq!(err, "");
    assert_eq!(registry.ok("get", &["shop.tag-router"]), RULE);
    let listed = registry.ok("ls", &["rules"]);
    assert!(listed.contains("tag   shop.tag-router  65     force: true"), "{listed}");
    assert!(registry.ok("rm", &["shop.tag-router"]).starts_with("removed shop.tag-router from "));
    for command in ["get", "rm"] {
        let ProgramOutput { code, err, .. } = registry.run(command, &["shop.tag-router"]);
        let hint = "has nothing at shop.tag-router\nhint: dubhe registry ls URL rules ";
        assert!(code == 1 && err.contains(hint), "{err}");
    }
    // A migration rule has a group of its own, and an effect.
    let migration = registry.put(&["shop.migration"], "step: FORCE_INTERFACE\n");
    assert_eq!((migration.code, &*migration.err), (0, ""));
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
fn what_is_odd_about_a_rule_is_refused_unless_forced() {
    let registry = Registry::with(PROVIDERS);
    let key = "a.Users.condition-router";
    let good = "conditions: [method=hello => host=10.0.0.1]\n";
    let ProgramOutput { code, err, .. } = registry.put(&[key], good);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("that of a service has the key a.Users::.condition-router"), "{err}");
    let odd = "prioritty: 1\nconditions: [method=hello => host=10.0.0.1]\n";
    let ProgramOutput { code, err, .. } = registry.put(&[key], odd);
    assert!(
        code == 1
            && err.starts_with("error: line 1, column 1: ")
            && err.contains("did you mean priority?")
            && err.contains("--force"),
        "{err}"
    );
    assert_eq!(registry.ok("get", &[key]), good);
    let ProgramOutput { code, err, .. } = registry.put(&[key, "--force"], odd);
    assert!(code == 0 && err.starts_with("warning: line 1, column 1: "), "{err}");
    for (key, text, told) in [
        ("shop.tag-router", "tags: [{nam: gray, addresses: 5}]\n", "nam"),
        ("shop.tag-router", "tagz: []\n", "tagz"),
        ("shop.migration", "stepp: FORCE_INTERFACE\n", "stepp"),
        ("shop.condition-router", "conditions: [method=greet = host=1.2.3.4]\n", "\"=>\""),
        (
            "shop.condition-router",
            "configVersion: v3.1\nconditions: [{frm: {match: method=a}, too: [{match: region=b}]}]\n",
            "frm",
        ),
        ("shop.affinity-router", "affinityAware: {kee: region, ratio: 20}\n", "kee"),
    ] {
        let ProgramOutput { code, err, .. } = registry.put(&[key], text);
        assert!(code == 1 && err.contains(told), "{text}: {code} {err}");
        assert_eq!(registry.run("get", &[key]).code, 1, "{text} was written");
    }
}

#[test]
fn a_document_that_nobody_reads_is_refused_unless_forced() {
    let registry = Registry::with(PROVIDERS);
    for (key, text, warning) in [
        ("shop.properties", "a=b\n", "no application reads dubbo/shop.properties: "),
        ("shop/application.yaml", "a: b\n", "no application reads shop/application.yaml: "),
        (
            "dubbo/shop.migration",
            "step: FORCE_INTERFACE\n",
            "nobody follows dubbo/shop.migration: ",
        ),
        ("other/shop.tag-router", RULE, "such a rule is at dubbo/shop.tag-router"),
    ] {
        let ProgramOutput { code, err, .. } = registry.put(&[key], text);
        assert!(code == 1 && err.starts_with("error: ") && err.contains(warning), "{key}: {err}");
        let ProgramOutput { code, err, .. } = registry.put(&[key, "--force"], text);
        assert!(code == 0 && err.starts_with("warning: ") && err.contains(warning), "{key}: {err}");
    }
    for key in ["dubbo.properties", "shop/dubbo.properties"] {
        let ProgramOutput { code, err, .. } = registry.put(&[key], "a=b\n");
        assert_eq!((code, &*err), (0, ""), "{key}");
    }
    let listed = registry.ok("ls", &["rules", "-o", "json"]);
    let listed: Vec<serde_json::Value> = serde_json::from_str(&listed).unwrap();
    let keys: Vec<_> = listed.iter().map(|row| row["key"].as_str().unwrap()).collect();
    assert!(keys.len() == 6 && keys.is_sorted(), "{keys:?}");
    // What a folder has no place for is looked for where it is listed.
    let missing = registry.run("get", &["metadata:shop"]);
    assert!(missing.err.contains("hint: dubhe registry ls URL metadata lists"), "{}", missing.err);
}

#[test]
fn a_registry_that_is_away_is_watched_with_the_reason() {
    let away = "zookeeper://127.0.0.1:1";
    for (name, told) in [("a.Users", "a.Users ? "), ("", "services ? ")] {
        let mut args = vec!["watch", away, "--timeout", "300ms", name];
        args.retain(|arg| !arg.is_empty());
        let line = Running::start(&args).told(told);
        assert!(line.contains("? the registry is out of reach: "), "{line}");
        assert!(line.contains("127.0.0.1:1"), "{line}");
    }
}

#[test]
fn documents_are_copied_and_nothing_else_is_written() {
    let (from, to) = (Registry::with(PROVIDERS), Registry::new());
    assert_eq!(from.put(&["shop.tag-router"], RULE).code, 0);
    // Where people may write it themselves.
    let file = from.folder.path().join("config/dubbo/shop.tag-router");
    assert_eq!(std::fs::read_to_string(file).unwrap(), RULE);
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
    let args = ["watch", &registry.url, "a.Users", "--rule", "shop.tag-router"];
    let mut watching = Running::start(&args);
    watching.told("a.Users + dubbo://10.0.0.1:20880 (shop)");
    registry.write("a.url", "dubbo://10.0.0.2:20880/a.Users?application=shop\n");
    watching.told("a.Users - dubbo://10.0.0.1:20880");
    watching.told("a.Users + dubbo://10.0.0.2:20880 (shop)");
    assert_eq!(registry.put(&["shop.tag-router"], RULE).code, 0);
    watching.told("shop.tag-router + rule (version");
}

/// A `dubhe registry` that runs until it is dropped.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(args: &[&str]) -> Self {
        let mut command = command(&[&["registry"], args].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next line with `part`; one comes, or the program ends and the test fails.
    fn told(&mut self, part: &str) -> String {
        self.lines.by_ref().map(Result::unwrap).find(|line| line.contains(part)).unwrap()
    }

    /// Asks it to end, and returns its exit status, the rest of its output, and its errors.
    #[cfg(unix)]
    fn end(mut self) -> (i32, String, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let rest: Vec<String> = self.lines.by_ref().map(Result::unwrap).collect();
        let mut err = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (self.child.wait().unwrap().code().unwrap(), rest.join("\n"), err)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already when the test asked it to.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn services_that_come_and_go_are_watched() {
    let registry = Registry::with("dubbo://10.0.0.1:20880/a.Users?application=shop\n");
    let mut watching = Running::start(&["watch", &registry.url]);
    assert!(watching.told("services + ").ends_with(" services + a.Users"));
    registry.write("b.url", "dubbo://10.0.0.1:20880/a.Orders?application=shop\n");
    watching.told("services + a.Orders");
    registry.write("a.url", "");
    watching.told("services - a.Users");
}

#[test]
fn changes_are_told_to_programs() {
    let registry = Registry::with("dubbo://10.0.0.1:20880/a.Users?application=shop&weight=5\n");
    let mut watching = Running::start(&["watch", &registry.url, "a.Users", "-o", "json"]);
    let change = |line: String| -> serde_json::Value { serde_json::from_str(&line).unwrap() };
    let first = change(watching.told("10.0.0.1"));
    assert_eq!(
        (&first["kind"], &first["of"], &first["change"], &first["name"]),
        (&"service".into(), &"a.Users".into(), &"new".into(), &"dubbo://10.0.0.1:20880".into())
    );
    assert_eq!((&first["now"]["state"], &first["now"]["weight"]), (&"ready".into(), &"5".into()));
    assert!(first["time"].as_str().unwrap().ends_with('Z'), "{first}");
    registry.write("a.url", "dubbo://10.0.0.1:20880/a.Users?application=shop&weight=6\n");
    let second = change(watching.told("10.0.0.1"));
    assert_eq!((&second["change"], &second["now"]["weight"]), (&"changed".into(), &"6".into()));
    registry.write("a.url", "");
    assert_eq!(change(watching.told("10.0.0.1"))["change"], "gone");
    assert_eq!(change(watching.told("service"))["change"], "empty");

    let mut watching = Running::start(&["watch", &registry.url, "--rule", "x", "-o", "yaml"]);
    watching.told("---");
    watching.told("kind: rule");
    watching.told("change: empty");
}

#[test]
fn what_cannot_be_watched_is_said() {
    let registry = Registry::with(PROVIDERS);
    let ProgramOutput { code, err, .. } = registry.run("watch", &["--application", "shop"]);
    assert!(code == 1 && err.contains("has no applications\nhint: it has services"), "{err}");
    let apollo = dubhe(&["registry", "ls", "apollo://127.0.0.1:1?app.id=shop"]);
    assert!(apollo.code == 2 && apollo.err.contains("feature \"apollo\""), "{}", apollo.err);
    let hint = "\nhint: cargo install --git https://github.com/dubhe-rs/dubhe dubhe-cli --features apollo\n";
    assert!(apollo.err.ends_with(hint), "{}", apollo.err);
}

#[cfg(unix)]
#[test]
fn providers_are_kept_in_another_registry_until_the_end() {
    let (from, to) =
        (Registry::with("dubbo://10.0.0.1:20880/a.Users?application=shop\n"), Registry::new());
    // Somebody else's, which stays.
    to.write("other.url", "dubbo://10.0.0.9:20880/a.Users?application=shop\n");
    let mut copying = Running::start(&["copy", &from.url, &to.url, "--follow"]);
    copying.told("following 1 service; ends with ctrl-c");
    copying.told("a.Users: 1 provider");
    let users = || to.ok("ls", &["providers", "a.Users"]);
    assert!(
        users().contains("10.0.0.1:20880") && users().contains("10.0.0.9:20880"),
        "{}",
        users()
    );
    from.write(
        "a.url",
        "dubbo://10.0.0.2:20880/a.Users?application=shop\ndubbo://10.0.0.9:20880/a.Users\n",
    );
    copying.told("a.Users: 1 provider, 1 there already by others");
    assert!(users().contains("10.0.0.2:20880") && !users().contains("10.0.0.1:"), "{}", users());
    // A service that comes later.
    from.write("b.url", "tri://10.0.0.3:50051/a.Orders?application=stock\n");
    copying.told("a.Orders: 1 provider");
    assert!(to.ok("ls", &["services"]).contains("a.Orders"));
    let (code, out, err) = copying.end();
    assert_eq!((code, &*err), (0, ""), "{out}");
    assert!(out.ends_with("took back 2 registrations"), "{out}");
    assert!(users().contains("10.0.0.9:20880") && !users().contains("10.0.0.2:"), "{}", users());
    assert!(!to.ok("ls", &["services"]).contains("a.Orders"));
}

#[cfg(unix)]
#[test]
fn a_registration_that_fails_is_tried_again() {
    let from = Registry::with("dubbo://10.0.0.1:20880/a.Users?application=shop\n");
    let folder = Folder::new().unwrap();
    let place = folder.path().join("to");
    // A folder cannot be made where a file is.
    let target = place.join("registry");
    std::fs::create_dir(&place).unwrap();
    std::fs::create_dir(&target).unwrap();
    let url = format!("file://{}", target.display());
    let mut copying = Running::start(&["copy", &from.url, &url, "--follow"]);
    copying.told("a.Users: 1 provider");
    std::fs::remove_dir_all(&target).unwrap();
    std::fs::write(&target, "").unwrap();
    from.write("a.url", "dubbo://10.0.0.2:20880/a.Users?application=shop\n");
    let mut warned =
        BufReader::new(copying.child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let warning = warned.find(|line| line.contains("warning: a.Users: ")).unwrap();
    assert!(warning.contains("tried again: "), "{warning}");
    std::fs::remove_file(&target).unwrap();
    std::fs::create_dir(&target).unwrap();
    copying.told("a.Users: 1 provider");
    let listed = dubhe(&["registry", "ls", &url, "providers", "a.Users"]);
    assert!(listed.out.contains("10.0.0.2:20880"), "{}", listed.out);
}

#[cfg(unix)]
#[test]
fn registries_without_a_level_in_common_are_not_followed() {
    let (from, to) = ("static://127.0.0.1:1", Registry::new());
    let ProgramOutput { code, err, .. } = dubhe(&["registry", "copy", from, &to.url, "--follow"]);
    assert!(
        code == 1 && err.contains("cannot list its services\nhint: it answers for one"),
        "{err}"
    );
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

#[test]
fn the_parameters_of_tls_are_those_that_the_help_names() {
    let help = dubhe(&["registry", "--help"]).out;
    let help: Vec<&str> = help.split_whitespace().collect();
    let help = help.join(" ");
    assert!(help.contains("USER:PASSWORD@ before the host"), "{help}");
    for name in ["tls=true", "tls-server-name=NAME", "ca-cert-file=FILE", "tls-cert-file=FILE"] {
        assert!(help.contains(name), "{name}: {help}");
    }
    let none = "/no/such.pem";
    for system in ["zookeeper", "nacos", "etcd"] {
        for parameters in
            [format!("ca-cert-file={none}"), format!("tls-cert-file={none}&tls-key-file={none}")]
        {
            let url = format!("{system}://127.0.0.1:1?{parameters}");
            let wrong = dubhe(&["registry", "ls", &url]);
            assert!(wrong.code != 0 && wrong.err.contains(none), "{url}: {}", wrong.err);
        }
    }
}
