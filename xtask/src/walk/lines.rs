//! The lines with registries that the README, the page on discovery and the demo print: each is run as it is
//! printed, but for the addresses, which are those of servers of the walk.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::outside::build_dubhe_with;
use crate::peers::Peers;
use crate::process::{ServerProcess, free_address};
use crate::readable::readable;
use crate::registries::Kind;
use crate::repo::root;
use crate::tally::Tally;

/// The service of the demo.
const SERVICE: &str = "org.example.Greeter";
/// The line of the demo's output before those with registries.
const BEGIN: &str = "Meet in a registry";
/// The port of a provider in the README.
const PORT: &str = "20880";
/// The port of a provider on the page on discovery, and its protocol.
const TRI_PORT: &str = "50051";
/// The schemes whose lines are run; those of Kubernetes in the night, as its server takes long to build.
const RUN: [&str; 7] = ["dns", "etcd", "file", "kubernetes", "nacos", "static", "zookeeper"];
/// The registries that no line of this program shows: one is of a process alone, as that of the demo is when
/// nothing is said, and the other is a config centre, of whose portal the tests of its crate have a part.
const LEFT_OUT: [&str; 2] = ["memory", "apollo"];
/// The longest time for a list to have what it should.
const LIMIT: Duration = Duration::from_secs(30);

/// A line, and where it is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    page: &'static str,
    text: String,
}

impl Line {
    /// The scheme of its registry.
    fn scheme(&self) -> &str {
        let before = self.text.split("://").next().unwrap_or_default();
        before.rsplit(|c: char| !c.is_ascii_lowercase()).next().unwrap_or_default()
    }

    fn is_demo(&self) -> bool {
        self.text.split(' ').nth(1) == Some("demo")
    }
}

/// The lines, with a demo that prints them and runs meanwhile.
pub(super) struct Lines<'a> {
    peers: &'a Peers,
    /// The folder of the program.
    bin: PathBuf,
    all: Vec<Line>,
    /// The two providers of the demo.
    providers: [SocketAddr; 2],
    _demo: ServerProcess,
}

impl<'a> Lines<'a> {
    /// Builds `dubhe` with a feature besides the default ones, and reads all lines.
    pub(super) fn read(peers: &'a Peers, feature: &str) -> Result<Self> {
        let bin = peers.file("bin");
        build_dubhe_with(feature, &bin)?;
        let (address, log) = (free_address()?, peers.log("demo"));
        let line = format!("exec dubhe demo --addr {address} --interval 100");
        let mut demo = ServerProcess::serve(&mut shell(&bin, &line), address, &log)?;
        demo.said("Hello 3, Dubhe", &log)?;
        let printed = fs::read_to_string(&log)?;
        let second = printed.split("provider 2  dubbo://").nth(1);
        let second = second.and_then(|rest| rest.split_whitespace().next());
        let second = second.ok_or("the demo names no second provider")?.parse()?;
        let mut lines = of_demo(&printed);
        for (page, heading) in [("README.md", "## Registries"), ("docs/user/discovery.md", "")] {
            lines.extend(of_page(page, &fs::read_to_string(root().join(page))?, heading)?);
        }
        Ok(Self { peers, bin, all: lines, providers: [address, second], _demo: demo })
    }

    /// The schemes of the lines of this program, once each.
    fn schemes(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.all.iter().map(Line::scheme).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The lines of a scheme, each text once, with the addresses of servers that run.
    fn of(&self, scheme: &str, here: &[(&str, String)]) -> Vec<Line> {
        let [first, second] = self.providers;
        let mut lines: Vec<Line> = Vec::new();
        for line in self.all.iter().filter(|line| line.scheme() == scheme) {
            let text = line.text.split('#').next().unwrap_or_default().trim().to_owned();
            let mut text = here.iter().fold(text, |text, (old, new)| text.replace(old, new));
            for port in [PORT, TRI_PORT] {
                let (one, two) = (format!("10.0.0.1:{port}"), format!("10.0.0.2:{port}"));
                text = text.replace(&one, &first.to_string()).replace(&two, &second.to_string());
                text = text
                    .replace(&format!("localhost:{port}"), &format!("localhost:{}", first.port()));
            }
            if lines.iter().all(|line| line.text != text) {
                lines.push(Line { page: line.page, text });
            }
        }
        lines
    }

    /// The lines that need no registry of others: of a folder, a list and DNS, whose name server is `names`.
    pub(super) fn alone(&self, names: SocketAddr, tally: &mut Tally) {
        let folder = self.peers.file("folder").display().to_string();
        let here = ["/tmp/dubhe-demo", "/srv/providers"].map(|old| (old, folder.clone()));
        self.meet("file", &here, &[], tally);
        let new = format!("dns://{names}/shop.example.org:{}", self.providers[0].port());
        let printed = [PORT, TRI_PORT].map(|port| format!("dns:///shop.example.org:{port}"));
        let here = printed.each_ref().map(|old| (&**old, new.clone()));
        for scheme in ["dns", "static"] {
            let lines = self.of(scheme, &here);
            self.has_some(scheme, &lines, tally);
            for line in lines {
                judge(&line, self.answers(&line, "\"Hello, Ada\""), tally);
            }
        }
    }

    /// The lines of a registry at `address`, in which there are `beside`, too.
    pub(super) fn at(&self, kind: Kind, address: SocketAddr, beside: &[&str], tally: &mut Tally) {
        let scheme = kind.to_string();
        let printed = match kind {
            Kind::ZooKeeper => "127.0.0.1:2181",
            Kind::Nacos => "127.0.0.1:8848",
            Kind::Etcd => "127.0.0.1:2379",
        };
        self.meet(&scheme, &[(printed, address.to_string())], beside, tally);
    }

    /// The lines of a cluster that `kubeconfig` names, whose lists have `expected`.
    pub(super) fn in_cluster(&self, kubeconfig: &str, expected: &[&str], tally: &mut Tally) {
        let lines = self.of("kubernetes", &[]);
        self.has_some("kubernetes", &lines, tally);
        for mut line in lines {
            line.text = format!("KUBECONFIG='{kubeconfig}' {}", line.text);
            judge(&line, self.lists(&line, expected), tally);
        }
    }

    /// Runs the demo in a registry, and what looks into that meanwhile.
    fn meet(&self, scheme: &str, here: &[(&str, String)], beside: &[&str], tally: &mut Tally) {
        let (demos, others): (Vec<_>, Vec<_>) =
            self.of(scheme, here).into_iter().partition(Line::is_demo);
        for lines in [&demos, &others] {
            self.has_some(scheme, lines, tally);
        }
        for demo in demos {
            let ran = self.demo(&demo, scheme, || {
                let expected = [&[SERVICE], beside].concat();
                for line in &others {
                    judge(line, self.lists(line, &expected), tally);
                }
            });
            judge(&demo, ran, tally);
        }
    }

    /// A scheme without a line is one that nobody is shown.
    fn has_some(&self, scheme: &str, lines: &[Line], tally: &mut Tally) {
        if lines.is_empty() {
            let schemes = self.schemes().join(", ");
            tally
                .fail(&format!("walk/lines/{scheme}"), &format!("no line shows it, but {schemes}"));
        }
    }

    /// Runs a line of the demo until `meanwhile` has ended.
    fn demo(&self, line: &Line, name: &str, meanwhile: impl FnOnce()) -> Result<()> {
        let log = self.peers.log(&format!("demo-{name}"));
        let out = fs::File::create(&log)?;
        let mut command = shell(&self.bin, &format!("exec {}", line.text));
        let mut demo = ServerProcess::spawn(command.stdout(out.try_clone()?).stderr(out))?;
        demo.said("Hello 3, Dubhe", &log)?;
        meanwhile();
        demo.terminate(&log)?;
        has(&fs::read_to_string(&log)?, "drained, 0 connections cut")
    }

    /// Runs a line that ends, which is to print exactly this.
    fn answers(&self, line: &Line, expected: &str) -> Result<()> {
        let printed = self.printed(line)?;
        if printed.trim_end() == expected {
            return Ok(());
        }
        Err(format!("answered {printed:?}, not {expected:?}").into())
    }

    /// Runs a line until it lists all that it should: some registries tell of a registration later.
    fn lists(&self, line: &Line, expected: &[&str]) -> Result<()> {
        let end = Instant::now() + LIMIT;
        loop {
            let printed = self.printed(line)?;
            match expected.iter().try_for_each(|expected| has(&printed, expected)) {
                Err(_) if Instant::now() < end => thread::sleep(Duration::from_millis(200)),
                found => return found.and_then(|()| readable(&printed)),
            }
        }
    }

    fn printed(&self, line: &Line) -> Result<String> {
        let done = shell(&self.bin, &line.text).output()?;
        if !done.status.success() {
            let error = String::from_utf8_lossy(&done.stderr).into_owned();
            return Err(format!("{}: {error}", done.status).into());
        }
        Ok(String::from_utf8(done.stdout)?)
    }

    /// Fails for a line whose registry nobody runs.
    pub(super) fn all_are_run(&self, tally: &mut Tally) {
        for line in &self.all {
            if !RUN.contains(&line.scheme()) && !LEFT_OUT.contains(&line.scheme()) {
                judge(line, Err("no test runs a registry of this scheme".into()), tally);
            }
        }
    }
}

/// A shell in which `dubhe` is the program of this folder.
fn shell(bin: &std::path::Path, line: &str) -> Command {
    let path = env::var("PATH").unwrap_or_default();
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).env("PATH", format!("{}:{path}", bin.display()));
    shell.env("NO_PROXY", "*").env_remove("RUST_LOG").stdin(std::process::Stdio::null());
    shell
}

/// The lines of the demo's output.
fn of_demo(printed: &str) -> Vec<Line> {
    let lines = printed.lines().skip_while(|line| !line.starts_with(BEGIN));
    let lines = lines.take_while(|line| !line.starts_with("Ctrl-C"));
    let lines = lines.map(str::trim).filter(|line| line.starts_with("dubhe "));
    lines.map(|line| Line { page: "demo", text: line.to_owned() }).collect()
}

/// The lines below a heading of a page, or before the first: those of its `sh` blocks that show a list, a call or
/// the demo, and of each URL in a table the line that uses it.
fn of_page(page: &'static str, text: &str, heading: &str) -> Result<Vec<Line>> {
    let missing = || format!("{page} has no heading {heading:?}");
    let section = match heading {
        "" => text,
        heading => text.split_once(&format!("\n{heading}\n")).ok_or_else(missing)?.1,
    };
    let section = section.split("\n## ").next().unwrap_or(section);
    let shown = section.lines().filter_map(|line| {
        if line.starts_with("dubhe ") {
            return Some(line.to_owned());
        }
        let url = line.strip_prefix("| ")?.split('`').nth(1).filter(|of| of.contains("://"))?;
        let is_of_clients = url.starts_with("dns:") || url.starts_with("static:");
        Some(if is_of_clients {
            let protocol = if url.contains("protocol=tri") { " --protocol tri" } else { "" };
            format!("dubhe call '{url}'{protocol} {SERVICE} greet Ada")
        } else {
            format!("dubhe registry ls '{url}'")
        })
    });
    let lines: Vec<Line> = shown.map(|text| Line { page, text }).collect();
    if lines.is_empty() { Err(format!("{page} shows no line").into()) } else { Ok(lines) }
}

/// Adds a line to the report.
fn judge(line: &Line, outcome: Result<()>, tally: &mut Tally) {
    let name = format!("walk/lines/{} {}", line.page, line.text);
    match outcome {
        Ok(()) => tally.pass(&name),
        Err(error) => tally.fail(&name, &error.to_string()),
    }
}

fn has(printed: &str, expected: &str) -> Result<()> {
    if printed.contains(expected) {
        return Ok(());
    }
    Err(format!("{expected:?} is not in {printed:?}").into())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Line, RUN, of_demo, of_page, root};

    #[test]
    fn every_system_has_a_line() {
        for (page, heading) in [("README.md", "## Registries"), ("docs/user/discovery.md", "")] {
            let text = fs::read_to_string(root().join(page)).unwrap();
            let lines = of_page(page, &text, heading).unwrap();
            for scheme in RUN {
                assert!(lines.iter().any(|line| line.scheme() == scheme), "{page}: {scheme}");
            }
        }
        assert!(of_page("README.md", "no table", "").is_err());
    }

    #[test]
    fn lines_of_the_demo_are_those_with_registries() {
        let printed = "Try:\n\n  dubhe call tri://h:1 a.B c\n\nMeet in a registry:\n\n  \
                       dubhe demo --registry etcd://h:1\n  dubhe registry ls kubernetes://\n\n\
                       Ctrl-C ends it.\n\ndubhe x://\n";
        let lines = of_demo(printed);
        let schemes: Vec<&str> = lines.iter().map(Line::scheme).collect();
        assert_eq!(schemes, ["etcd", "kubernetes"]);
        assert!(lines.iter().any(Line::is_demo));
    }
}
