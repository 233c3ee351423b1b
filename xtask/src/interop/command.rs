//! The program `dubhe` on the registry of a suite, while a peer's provider is in it.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::registry::Registry;
use crate::Result;
use crate::peers::{Peer, Peers};
use crate::process::{ServerProcess, check};
use crate::readable::readable;
use crate::registries::{Kind, Level};
use crate::repo::{root, target};
use crate::tally::Tally;

/// The package of the program.
const PACKAGE: &str = "dubhe-cli";
/// The longest time for a change to be told of, or for the program to end.
const LIMIT: Duration = Duration::from_secs(30);

/// A peer that provides a service.
struct Provided {
    application: &'static str,
    service: &'static str,
    method: &'static str,
    answer: &'static str,
}

const JAVA: Provided = Provided {
    application: "java-dubbo-dubbo",
    service: "peer.api.GreetService",
    method: "greet",
    answer: "\"Hello, Ada\"",
};

const GO: Provided = Provided {
    application: "go-dubbo",
    service: "org.example.interop.PojoService",
    method: "hello",
    answer: "\"hello Ada\"",
};

/// A case, and why it failed.
type Case<'a> = fn(&CommandLine<'a>) -> Result<()>;

/// The program beside a provider.
pub(super) struct CommandLine<'a> {
    program: PathBuf,
    suite: &'a str,
    peers: &'a Peers,
    registry: &'a Registry,
    /// Another registry of the kind, where two groups are not two places.
    other: Option<Registry>,
    provided: Provided,
}

impl<'a> CommandLine<'a> {
    /// Builds the program, as the tests do, for a suite whose provider is `peer` over dubbo.
    pub(super) fn build(
        suite: &'a str,
        peer: Peer,
        peers: &'a Peers,
        registry: &'a Registry,
    ) -> Result<Self> {
        check(Command::new("cargo").args(["build", "--package", PACKAGE]).current_dir(root()))?;
        let program = target().join("debug/dubhe");
        let provided = if peer == Peer::Go { GO } else { JAVA };
        // Instances have one place in etcd, whatever the group.
        let has_one_place = registry.kind() == Kind::Etcd && registry.level() != Level::Interface;
        let other = has_one_place.then(|| registry.another(peers, &format!("{suite}-copy")));
        Ok(Self { program, suite, peers, registry, other: other.transpose()?, provided })
    }

    /// Runs all cases, one line each.
    pub(super) fn run(&self, tally: &mut Tally) {
        let cases: [(&str, Case<'a>); 6] = [
            ("ls", Self::lists),
            ("rules", Self::rules),
            ("watch", Self::watches),
            ("copy", Self::copies),
            ("call", Self::calls),
            ("demo", Self::demo),
        ];
        for (name, case) in cases {
            let name = format!("{} dubhe/{name}", self.suite);
            match case(self) {
                Ok(()) => tally.pass(&name),
                Err(error) => tally.fail(&name, &error.to_string()),
            }
        }
    }

    /// The lists have the provider, and read well.
    fn lists(&self) -> Result<()> {
        let Provided { application, service, .. } = self.provided;
        let lists: &[(&[&str], &str)] = match self.registry.level() {
            Level::Interface => {
                &[(&[], service), (&["services"], service), (&["providers", service], application)]
            }
            Level::Application | Level::Both => &[
                (&[], application),
                (&["applications"], application),
                (&["instances", application], "dubbo:"),
                (&["metadata"], service),
            ],
        };
        for (what, expected) in lists {
            let printed = self.listed(&self.registry.plain_url(), what)?;
            readable(&printed)?;
            has(&printed, expected)?;
        }
        Ok(())
    }

    /// A rule is written, watched, read and removed.
    fn rules(&self) -> Result<()> {
        const KEY: &str = "command-line.tag-router";
        const RULE: &str =
            "force: true\ntags:\n  - name: gray\n    addresses: [\"10.0.0.1:20880\"]\n";
        let url = self.registry.plain_url();
        let file = self.peers.file("rule.yaml");
        fs::write(&file, RULE)?;
        let watching = self.start("watch-rule", &["registry", "watch", &url, "--rule", KEY])?;
        watching.told("= no such rule")?;
        let wrote = self.printed(&["registry", "put", &url, KEY, &file.to_string_lossy()])?;
        has(&wrote, "tag rule, 1 tag, forced")?;
        watching.told("+ rule (")?;
        if self.printed(&["registry", "get", &url, KEY])? != RULE {
            return Err("the rule is read as another one".into());
        }
        let rules = self.listed(&url, &["rules"])?;
        readable(&rules)?;
        has(&rules, KEY)?;
        has(&self.printed(&["registry", "rm", &url, KEY])?, "removed ")?;
        watching.told("- rule")
    }

    /// The present state is told first, for people and for programs.
    fn watches(&self) -> Result<()> {
        let Provided { application, service, .. } = self.provided;
        let url = self.registry.plain_url();
        let (of, list) = match self.registry.level() {
            Level::Interface => (vec![service], format!("services + {service}")),
            Level::Application | Level::Both => {
                (vec!["--application", application], format!("applications + {application}"))
            }
        };
        let watch = [&["registry", "watch", &url], &of[..]].concat();
        self.start("watch", &watch)?.told(" + ")?;
        let watch = [&watch[..], &["-o", "json"]].concat();
        self.start("watch-json", &watch)?.told("\"change\":\"new\"")?;
        self.start("watch-all", &["registry", "watch", &url])?.told(&list)
    }

    /// The provider is kept in another part of the system, called through it, and gone after the end.
    fn copies(&self) -> Result<()> {
        let Provided { application, service, .. } = self.provided;
        let (from, to) = (self.registry.plain_url(), self.elsewhere(Registry::plain_url));
        let copying = self.start("copy", &["registry", "copy", &from, &to, "--follow"])?;
        copying.told("; ends with ctrl-c")?;
        let (what, written) = match self.registry.level() {
            Level::Interface => (["providers", service], format!("{service}: 1 provider")),
            Level::Application | Level::Both => {
                (["instances", application], format!("{application}: 1 instance"))
            }
        };
        copying.told(&written)?;
        self.until_listed(&to, &what, true)?;
        self.called(&self.elsewhere(Registry::our_url))?;
        copying.end()?;
        copying.told("took back ")?;
        self.until_listed(&to, &what, false)
    }

    /// Waits until a list has the application, or has it no more: Nacos answers before it has done what it is
    /// told.
    fn until_listed(&self, url: &str, what: &[&str], is_there: bool) -> Result<()> {
        let end = Instant::now() + LIMIT;
        loop {
            let list = self.listed(url, what)?;
            if list.contains(self.provided.application) == is_there {
                return Ok(());
            }
            if Instant::now() > end {
                return Err(format!("a list that should change stays {list:?}").into());
            }
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// The provider is found and called, at the level of the suite.
    fn calls(&self) -> Result<()> {
        self.called(&self.registry.our_url())
    }

    fn called(&self, url: &str) -> Result<()> {
        let Provided { service, method, answer, .. } = self.provided;
        has(&self.printed(&["call", "--registry", url, service, method, "Ada"])?, answer)
    }

    /// The line that the demo and the README show, at another address.
    fn demo(&self) -> Result<()> {
        let url = self.registry.plain_url();
        let demo = ["demo", "--addr", "127.0.0.1:0", "--registry", &url];
        let printed = self.printed(&[&demo[..], &["--calls", "5", "--interval", "0"]].concat())?;
        has(&printed, "[\"Hello 1, Dubhe\", \"Hello 2, Dubhe\", \"Hello 3, Dubhe\"]")?;
        has(&printed, "drained, 0 connections cut")
    }

    /// The URL of another registry, or of this one with a group, or groups, of its own.
    fn elsewhere(&self, url: impl Fn(&Registry) -> String) -> String {
        if let Some(other) = &self.other {
            return url(other);
        }
        let url = url(self.registry);
        let between = if url.contains('?') { '&' } else { '?' };
        let more = if self.registry.kind() == Kind::Nacos { "&nacos.group=copy" } else { "" };
        format!("{url}{between}group=copy{more}")
    }

    fn listed(&self, url: &str, what: &[&str]) -> Result<String> {
        self.printed(&[&["registry", "ls", url], what].concat())
    }

    /// Runs the program, which must succeed, and returns what it prints.
    fn printed(&self, args: &[&str]) -> Result<String> {
        let done = Command::new(&self.program).args(args).stdin(Stdio::null()).output()?;
        if !done.status.success() {
            let error = String::from_utf8_lossy(&done.stderr).into_owned();
            return Err(format!("dubhe {}: {}: {error}", args.join(" "), done.status).into());
        }
        Ok(String::from_utf8(done.stdout)?)
    }

    /// Starts the program, whose output is in a file by this name.
    fn start(&self, name: &str, args: &[&str]) -> Result<Running> {
        let log = self.peers.log(&format!("{}-{name}", self.suite));
        let (out, err) = (File::create(&log)?, File::options().append(true).open(&log)?);
        let mut command = Command::new(&self.program);
        command.args(args).stdin(Stdio::null()).stdout(out).stderr(err);
        let line = format!("dubhe {}", args.join(" "));
        Ok(Running { process: ServerProcess::spawn(&mut command)?, line, log })
    }
}

/// The program until its owner lets go of it.
struct Running {
    process: ServerProcess,
    line: String,
    log: PathBuf,
}

impl Running {
    /// Waits until it has printed `text`.
    fn told(&self, text: &str) -> Result<()> {
        let end = Instant::now() + LIMIT;
        loop {
            let printed = fs::read_to_string(&self.log)?;
            if printed.contains(text) {
                return Ok(());
            }
            if Instant::now() > end {
                let line = &self.line;
                return Err(format!("{line} did not print {text:?} but {printed:?}").into());
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Asks it to end, as Ctrl-C does.
    fn end(&self) -> Result<()> {
        check(Command::new("kill").args(["-INT", &self.process.id().to_string()]))
    }
}

fn has(printed: &str, expected: &str) -> Result<()> {
    if printed.contains(expected) {
        return Ok(());
    }
    Err(format!("{expected:?} is not in {printed:?}").into())
}
