//! Rust of the definitions that providers of Dubbo Java publish, and of what they answer when they published none: made, and
//! compared with the fleet of today.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::outside::{build_dubhe, dubhe};
use crate::peers::{Peer, Peers};
use crate::process::{ServerProcess, free_address, output};
use crate::registries::Kind;
use crate::tally::Tally;

/// The longest time for a provider to publish its definitions.
const LIMIT: Duration = Duration::from_mins(1);
/// The one that publishes, as Dubbo 2.7 does into its registry by default.
const OLD: Peer = Peer::Java("2.7");
/// The interface that all providers have, with a group for each that publishes nothing.
const INTERFACE: &str = "peer.api.GreetService";
/// Providers without a metadata centre: the group, the option by which they have none, and what is said of them. That of 2.7 has
/// no `MetadataService` at interface level, and that of 3 answers with an empty text.
const SILENT: [(Peer, &str, &str, &str); 2] = [
    (
        OLD,
        "two",
        "-Ddubbo.registry.useAsMetadataCenter=false",
        " does not tell it: Fail to decode request due to: java.lang.IllegalArgumentException: Service not found:",
    ),
    (
        Peer::Java("3"),
        "three",
        "-Ddubbo.registry.use-as-metadata-center=false",
        " answers getServiceDefinition with an empty text, as Dubbo Java 3 does without a metadata centre; generate from the jar",
    ),
];

/// Makes and compares, at a ZooKeeper. Each command is a test.
pub(super) fn run(peers: &Peers, tally: &mut Tally) -> Result<()> {
    if let Some(how) = OLD.missing() {
        tally.skip("walk/definitions", how);
        return Ok(());
    }
    build_dubhe()?;
    let folder = peers.file("definitions");
    let (address, _server) = super::registry(peers, Kind::ZooKeeper, &folder)?;
    let registry = format!("zookeeper://{address}");
    let (mut provider, log) = serve(peers, OLD, &registry, "")?;
    published(&mut provider, &log, &registry, INTERFACE)?;
    let made = Made { registry: &registry, interface: INTERFACE, folder: &folder };
    made.check(
        "walk/definitions/2.7",
        "greet_service.rs",
        (
            "`String greet(String arg0)`.\n    async fn greet(&self, arg0: String) -> Result<Option<String>, Status>;",
            "`Long greet(String arg0)`.\n    async fn greet(&self, arg0: String) -> Result<Option<i64>, Status>;",
        ),
        "peer.api.GreetService.greet(String): the result type changed from Long to String: ",
        tally,
    );
    for (peer, group, option, said) in SILENT {
        let _provider = serve(peers, peer, &registry, &format!("-Dgroup={group} {option}"))?;
        let mut generate = dubhe();
        generate.args(["gen", &registry, "--interface", INTERFACE, "--group", group]);
        let done = generate.current_dir(&folder).output()?;
        let told = String::from_utf8_lossy(&done.stderr);
        let begin =
            format!("note: {group}/{INTERFACE}: the metadata centre has no definition of it");
        let test = format!("walk/definitions/none-{group}");
        if !done.status.success() && told.starts_with(&begin) && told.contains(said) {
            tally.pass(&test);
        } else {
            tally.fail(&test, &format!("{}: {told}", done.status));
        }
    }
    Ok(())
}

/// Starts a provider of the peers' services, with these flags of the JVM, and returns it with its log.
fn serve(
    peers: &Peers,
    peer: Peer,
    registry: &str,
    flags: &str,
) -> Result<(ServerProcess, std::path::PathBuf)> {
    let address = free_address()?;
    let log = peers.log(&format!("definitions-{}", address.port()));
    let mut serve = peers.command(peer, &["serve", "dubbo", &address.port().to_string()]);
    serve.env("REGISTRY", registry).env("PROVIDER_OPTS", flags);
    let mut provider = ServerProcess::serve(&mut serve, address, &log)?;
    provider.said("PROVIDER READY", &log)?;
    Ok((provider, log))
}

/// Waits until the registry has the definition of an interface, which a provider publishes on a thread of its own.
pub(super) fn published(
    provider: &mut ServerProcess,
    log: &Path,
    registry: &str,
    interface: &str,
) -> Result<()> {
    let end = Instant::now() + LIMIT;
    let mut ls = dubhe();
    ls.args(["registry", "ls", registry, "metadata"]);
    while !output(&mut ls)?.contains(interface) {
        if Instant::now() > end {
            let account = provider.account(log);
            return Err(format!("no definition of {interface} within {LIMIT:?}: {account}").into());
        }
        thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// Rust of an interface in a registry.
pub(super) struct Made<'a> {
    pub(super) registry: &'a str,
    pub(super) interface: &'a str,
    /// The folder around `published`, in which it is made.
    pub(super) folder: &'a Path,
}

impl Made<'_> {
    /// Makes it, finds no difference, and finds the one of a fleet of before, whose `file` had the second text in place of the
    /// first.
    pub(super) fn check(
        &self,
        test: &str,
        file: &str,
        (now, before): (&str, &str),
        difference: &str,
        tally: &mut Tally,
    ) {
        let mut judge = |what: &str, done: Result<()>| match done {
            Ok(()) => tally.pass(&format!("{test}/{what}")),
            Err(error) => tally.fail(&format!("{test}/{what}"), &error.to_string()),
        };
        judge("made", self.generate(&[], true, &format!("wrote   published/{file}\n")));
        judge("same", self.generate(&["--check"], true, "no differences\n"));
        let path = self.folder.join("published").join(file);
        let changed = fs::read_to_string(&path).map_err(Into::into).and_then(|text| {
            let old = text.replacen(now, before, 1);
            if old == text {
                return Err(format!("{} has no {now:?}: {text}", path.display()).into());
            }
            fs::write(&path, old)?;
            self.generate(&["--check"], false, difference)
        });
        judge("changed", changed);
    }

    fn generate(&self, more: &[&str], works: bool, due: &str) -> Result<()> {
        let mut generate = dubhe();
        generate.args(["gen", self.registry, "--interface", self.interface, "--out", "published"]);
        let done = generate.args(more).current_dir(self.folder).output()?;
        let said = String::from_utf8_lossy(&done.stdout);
        if done.status.success() == works && said.contains(due) {
            return Ok(());
        }
        let beside = String::from_utf8_lossy(&done.stderr);
        Err(format!("{}, and said {said:?}, without {due:?}; beside it {beside:?}", done.status)
            .into())
    }
}
