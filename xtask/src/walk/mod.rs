//! The first steps of a new user: a crate of its own made from the README's text alone, built, run,
//! and called as the README says; projects of `dubhe new`; the printed lines with registries; the first
//! consumer of a Java fleet; and Rust of the definitions in a registry.

mod cluster;
mod definitions;
mod fleet;
mod lines;
mod new;
mod steps;

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use crate::outside::{cargo, from_checkout};
use crate::peers::{Peer, Peers};
use crate::process::{ServerProcess, check, free_address, output};
use crate::registries::{Kind, wait_until_it_serves};
use crate::repo::{has_program, root};
use crate::tally::Tally;
use crate::{Result, interop};
use lines::Lines;
use steps::Steps;

/// The heading over the first steps.
const HEADING: &str = "## In your project";
/// The address in the README; the walk takes a free one.
const ADDRESS: &str = "127.0.0.1:20880";
/// The Dubbo Java that calls.
const JAVA: Peer = Peer::Java("3");

/// The parts of the walk. The last runs when it is named alone: its server takes long to build.
const PARTS: [&str; 6] = ["readme", "new", "lines", "fleet", "definitions", CLUSTER];
/// The lines of Kubernetes.
pub(crate) const CLUSTER: &str = "cluster";

/// Walks, or one part of the walk. Each build, start and call is a test.
pub(crate) fn run(name: Option<&str>, tally: &mut Tally) -> Result<()> {
    if let Some(name) = name.filter(|name| !PARTS.contains(name)) {
        return Err(format!("no part is called {name:?}; there are {}", PARTS.join(", ")).into());
    }
    let has = |part: &str| name.is_none_or(|name| name == part);
    let peers = Peers::new("walk")?;
    if name == Some(CLUSTER) {
        return cluster::run(&peers, tally);
    }
    // What breaks off here must not hide the others.
    let mut part = |name: &str, run: &dyn Fn(&mut Tally) -> Result<()>| {
        if has(name)
            && let Err(error) = run(tally)
        {
            tally.fail(&format!("walk/{name}"), &error.to_string());
        }
    };
    part("readme", &|tally| readme(&peers, tally));
    part("new", &|tally| new::run(&peers, tally));
    part("definitions", &|tally| definitions::run(&peers, tally));
    if has("lines") || has("fleet") {
        // A demo that runs as long as the lines, which are run in the fleet, too.
        let lines = Lines::read(&peers, "dns")?;
        part("lines", &|tally| without_java(&peers, &lines, tally));
        part("fleet", &|tally| fleet::run(&peers, &lines, tally));
    }
    Ok(())
}

/// The lines with registries that need no Java.
fn without_java(peers: &Peers, lines: &Lines<'_>, tally: &mut Tally) -> Result<()> {
    let (names, _names) = interop::names(peers, &interop::build()?)?;
    lines.alone(names, tally);
    lines.all_are_run(tally);
    let etcd = Kind::Etcd;
    match etcd.peer().missing() {
        Some(how) => tally.skip("walk/lines/etcd", how),
        None => {
            let (address, _server) = registry(peers, etcd, &peers.file("etcd"))?;
            lines.at(etcd, address, &[], tally);
        }
    }
    Ok(())
}

/// Starts a registry that logs into this folder.
fn registry(peers: &Peers, kind: Kind, folder: &Path) -> Result<(SocketAddr, ServerProcess)> {
    fs::create_dir_all(folder)?;
    check(&mut peers.command(kind.peer(), &["prepare"]))?;
    let address = SocketAddr::from(([127, 0, 0, 1], kind.free_port()?));
    let mut server = peers.command(kind.peer(), &kind.serve(address.port())?);
    let server = ServerProcess::serve(&mut server, address, &folder.join("registry.log"))?;
    wait_until_it_serves(kind, address)?;
    Ok((address, server))
}

/// The steps of the README.
fn readme(peers: &Peers, tally: &mut Tally) -> Result<()> {
    let steps = Steps::read(&fs::read_to_string(root().join("README.md"))?, HEADING)?;
    let address = free_address()?.to_string();
    let folder = peers.file("shop");
    for (name, text) in &steps.files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&folder))?;
        fs::write(path, from_checkout(text).replace(ADDRESS, &address))?;
    }
    check(&mut cargo("build", &folder))?;
    tally.pass("walk/build");

    let log = peers.log("shop");
    let _shop = ServerProcess::serve(&mut cargo("run", &folder), address.parse()?, &log)?;
    tally.pass("walk/run");

    for (line, due) in &steps.calls {
        let (program, missing) = match line.split(' ').next() {
            Some("grpcurl") => ("grpcurl", Peer::Grpcurl.missing()),
            Some("curl") if has_program("curl") => ("curl", None),
            Some("curl") => ("curl", Some("needs curl: apt-get install curl")),
            _ => return Err(format!("the walk cannot run {line:?} of the README").into()),
        };
        let name = format!("walk/{program}");
        match missing {
            Some(how) => tally.skip(&name, how),
            None => judge(tally, &name, call(peers, &line.replace(ADDRESS, &address)), due),
        }
    }
    for protocol in ["dubbo", "tri"] {
        let name = format!("walk/java-{protocol}");
        if let Some(how) = JAVA.missing() {
            tally.skip(&name, how);
            continue;
        }
        let url = format!("{protocol}://{address}");
        let call = ["invoke", &url, "org.example.Greeter", "greet", "java.lang.String", "Ada"];
        judge(tally, &name, output(&mut peers.command(JAVA, &call)), "Hello, Ada");
    }
    Ok(())
}

/// The answer of a command line, in which grpcurl is the one of `tests/peers`.
fn call(peers: &Peers, line: &str) -> Result<String> {
    const GRPCURL: &str = r#"grpcurl() { "$GRPCURL" run "$@"; }"#;
    let grpcurl = peers.command(Peer::Grpcurl, &["run"]).get_program().to_owned();
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{GRPCURL}\n{line}")]).env("GRPCURL", grpcurl).env("NO_PROXY", "*");
    output(&mut shell)
}

/// Passes when the answer is the one that is due.
fn judge(tally: &mut Tally, name: &str, answer: Result<String>, due: &str) {
    match answer {
        Ok(answer) if answer.trim_end() == due => tally.pass(name),
        Ok(answer) => tally.fail(name, &format!("answered {answer:?}, not {due:?}")),
        Err(error) => tally.fail(name, &error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{HEADING, Steps, root};

    #[test]
    fn the_readme_has_all_steps() {
        let page = fs::read_to_string(root().join("README.md")).unwrap();
        let steps = Steps::read(&page, HEADING).unwrap();
        let files: Vec<&str> = steps.files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(files, ["Cargo.toml", "proto/greeting.proto", "build.rs", "src/main.rs"]);
        for program in ["curl ", "grpcurl "] {
            assert!(steps.calls.iter().any(|(line, _)| line.starts_with(program)), "{program}");
        }
        // The README's program is a test of the documentation too, with the messages of this file.
        let service = fs::read_to_string(root().join("examples/proto/greeting.proto")).unwrap();
        let shown = steps.files.iter().find(|(name, _)| name == "proto/greeting.proto");
        assert!(shown.is_some_and(|(_, text)| service.ends_with(text.as_str())), "{shown:?}");
    }
}
