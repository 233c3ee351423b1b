//! Projects that `dubhe new` makes of this checkout: laid out, linted, tested, and their programs run; one with code of
//! `dubhe gen` in it.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::judge;
use crate::Result;
use crate::outside::{build_dubhe, cargo, dubhe, lock};
use crate::peers::Peers;
use crate::process::{ServerProcess, check, free_address, output};
use crate::repo::{root, target};
use crate::tally::Tally;

/// A service of Java's and its consumer, two programs of a `.proto` file that meet in a registry, and a
/// filter.
const PROJECTS: [(&str, &[&str]); 4] = [
    ("walk-provider", &["--kind", "provider"]),
    ("walk-consumer", &["--kind", "consumer", "--protocol", "tri"]),
    ("walk-both", &["--kind", "both", "--proto", "--registry"]),
    ("walk-filter", &["--kind", "filter"]),
];

/// The project that takes generated code in.
const WITH_FLEET: &str = "walk-consumer";

/// Sources of that code, below the root, each with the folder of the code. The consumer's own `api` is there.
const SOURCES: [(&str, &str); 3] = [
    ("crates/codegen/tests/data/classes", "src/fleet"),
    ("examples/proto/greeting.proto", "src/messages"),
    ("crates/codegen/tests/data/openapi/springdoc.json", "src/rest"),
];

/// The commands of cargo that a user runs before a commit, and CI after it.
const TASKS: [(&str, &[&str]); 3] = [
    ("fmt", &["--check"]),
    ("clippy", &["--all-targets", "--", "--deny", "warnings"]),
    ("test", &[]),
];

/// Makes the projects. Each task, start, call and stop is a test.
pub(super) fn run(peers: &Peers, tally: &mut Tally) -> Result<()> {
    build_dubhe()?;
    let registry = peers.file("registry");
    fs::create_dir_all(&registry)?;
    let registry = format!("file://{}", registry.display());
    for (name, options) in PROJECTS {
        let mut new = dubhe();
        new.args(["new", name]).args(options).current_dir(peers.file("."));
        if options.ends_with(&["--registry"]) {
            new.arg(&registry);
        }
        check(new.arg("--path").arg(root()))?;
        let folder = peers.file(name);
        lock(&folder)?;
        if name == WITH_FLEET {
            take_in(&folder)?;
        }
        for (task, args) in TASKS {
            let test = format!("walk/new/{name}/{task}");
            match check(cargo(task, &folder).args(args)) {
                Ok(()) => tally.pass(&test),
                Err(error) => tally.fail(&test, &error.to_string()),
            }
        }
    }
    alone(peers, tally)?;
    in_a_registry(peers, tally)?;
    filtered(peers, tally)
}

/// Makes code in a project, and follows the hints: the packages that it needs, and the lines that take it in.
fn take_in(folder: &Path) -> Result<()> {
    let mut lines = String::new();
    for (source, out) in SOURCES {
        let mut generate = dubhe();
        generate.arg("gen").arg(root().join(source)).args(["--out", out]).current_dir(folder);
        let done = generate.output()?;
        let said = String::from_utf8_lossy(&done.stderr);
        let hint = said
            .lines()
            .find_map(|line| line.strip_prefix("hint: `")?.split_once("` in src/lib.rs"));
        let Some((line, _)) = hint.filter(|_| done.status.success()) else {
            return Err(format!("dubhe gen {source}: {}: {said}", done.status).into());
        };
        lines.push_str(line);
        lines.push('\n');
    }
    let replace = |name: &str, from: &str, to: &str| -> Result<()> {
        let path = folder.join(name);
        let old = fs::read_to_string(&path)?;
        let new = old.replacen(from, to, 1);
        if old == new {
            Err(format!("{name} has no {from:?}").into())
        } else {
            Ok(fs::write(path, new)?)
        }
    };
    replace("src/lib.rs", "pub mod api;", &format!("{lines}\npub mod api;"))?;
    let needed =
        "http = \"1\"\nserde = { version = \"1\", features = [\"derive\"] }\nserde_json = \"1\"\n";
    replace("Cargo.toml", "[dependencies]\n", &format!("[dependencies]\n{needed}"))
}

/// The example of the filter, whose provider refuses calls without the attachment.
fn filtered(peers: &Peers, tally: &mut Tally) -> Result<()> {
    let address = free_address()?;
    let log = peers.log("walk-filter");
    let mut example = cargo("run", &peers.file("walk-filter"));
    example.args(["--example", "provider"]).env("PORT", address.port().to_string());
    let _provider = ServerProcess::serve(&mut example, address, &log)?;
    let call = |more: &[&str]| {
        let mut call = dubhe();
        call.arg("call").args(more).arg(address.to_string());
        call.args(["org.example.Greeter", "greet", "Ada"]);
        call
    };
    let passed = output(&mut call(&["-H", "tenant: acme"]));
    judge(tally, "walk/new/filter-passes", passed, "\"Hello, Ada\"");
    let refused = call(&[]).output()?;
    let said = String::from_utf8_lossy(&refused.stderr);
    let name = "walk/new/filter-refuses";
    if !refused.status.success() && said.contains("the attachment \"tenant\" is missing") {
        tally.pass(name);
    } else {
        tally.fail(name, &format!("{}: {said}", refused.status));
    }
    Ok(())
}

/// The provider, called by `dubhe` and by the consumer.
fn alone(peers: &Peers, tally: &mut Tally) -> Result<()> {
    let address = free_address()?;
    let log = peers.log("walk-provider");
    let mut provider = built("walk-provider");
    provider.env("PORT", address.port().to_string());
    let mut provider = ServerProcess::serve(&mut provider, address, &log)?;
    for protocol in ["dubbo", "tri"] {
        let url = format!("{protocol}://{address}");
        let mut call = dubhe();
        call.args(["call", &url, "org.example.Greeter", "greet", "Ada"]);
        judge(tally, &format!("walk/new/call-{protocol}"), output(&mut call), "\"Hello, Ada\"");
    }
    let mut consumer = built("walk-consumer");
    consumer.env("PROVIDER", format!("tri://{address}")).arg("Eve");
    judge(tally, "walk/new/consumer", output(&mut consumer), "Hello, Eve");
    stop(tally, "walk/new/stop", &mut provider, &log);
    Ok(())
}

/// The two programs of one project, which find each other, and the registry after them.
fn in_a_registry(peers: &Peers, tally: &mut Tally) -> Result<()> {
    let address = free_address()?;
    let log = peers.log("walk-both");
    let mut provider = built("provider");
    // The address of loopback is not what a registry shows of "all addresses".
    provider.env("PORT", address.port().to_string()).env("DUBBO_IP_TO_REGISTRY", "127.0.0.1");
    let mut provider = ServerProcess::serve(&mut provider, address, &log)?;
    provider.said("service announced", &log)?;
    let mut call = dubhe();
    call.args(["call", &format!("tri://{address}"), "org.example.Greeter/Greet"]);
    call.arg(r#"{"name":"Ada"}"#);
    judge(tally, "walk/new/call-proto", output(&mut call), "{\n  \"text\": \"Hello, Ada\"\n}");
    let mut consumer = built("consumer");
    judge(tally, "walk/new/consumer-registry", output(consumer.arg("Eve")), "Hello, Eve");
    stop(tally, "walk/new/stop-registry", &mut provider, &log);
    let left = fs::read_dir(peers.file("registry"))?.count();
    match left {
        0 => tally.pass("walk/new/withdrawn"),
        left => tally.fail("walk/new/withdrawn", &format!("{left} entries are left")),
    }
    Ok(())
}

/// Passes when the server ends well, and says so.
fn stop(tally: &mut Tally, name: &str, server: &mut ServerProcess, log: &Path) {
    let ended = server.terminate(log).and_then(|()| server_said(log));
    match ended {
        Ok(()) => tally.pass(name),
        Err(error) => tally.fail(name, &error.to_string()),
    }
}

fn server_said(log: &Path) -> Result<()> {
    const END: &str = "shut down; no call was cut off";
    let told = fs::read_to_string(log)?;
    if told.contains(END) { Ok(()) } else { Err(format!("no {END:?} in its log: {told}").into()) }
}

/// A program of a project, as its tests built it, with what it logs beside the answer out of the way.
fn built(name: &str) -> Command {
    let mut command = Command::new(target().join("walk/debug").join(name));
    command.env_remove("RUST_LOG").env_remove("REGISTRY").env_remove("PROVIDER");
    command
}
