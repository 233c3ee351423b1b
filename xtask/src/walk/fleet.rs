//! The page on the first consumer of a fleet, with its own commands and code: against a provider of Dubbo Java that
//! is registered at a ZooKeeper, and once more at a Nacos.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::definitions::{Made, published};
use super::steps::{Step, all};
use super::{JAVA, Lines};
use crate::Result;
use crate::outside::{build_dubhe, cargo, from_checkout, lock};
use crate::peers::Peers;
use crate::process::{ServerProcess, check, free_address};
use crate::registries::Kind;
use crate::repo::{root, target};
use crate::tally::Tally;

/// The page.
const PAGE: &str = "docs/user/first-consumer.md";
/// URL of its registry; the walk takes a free port, and other registries.
const REGISTRY: &str = "zookeeper://127.0.0.1:2181";
/// The interface that the fleet offers.
const INTERFACE: &str = "org.example.orders.Orders";
/// The registries of the page's first lines.
const REGISTRIES: [Kind; 2] = [Kind::ZooKeeper, Kind::Nacos];

/// Walks with each registry. Each command is a test.
pub(super) fn run(peers: &Peers, lines: &Lines<'_>, tally: &mut Tally) -> Result<()> {
    if let Some(how) = JAVA.missing() {
        tally.skip("walk/fleet", how);
        return Ok(());
    }
    build_dubhe()?;
    let steps = all(&fs::read_to_string(root().join(PAGE))?);
    for kind in REGISTRIES {
        // What breaks off here must not hide the other.
        if let Err(error) = walk(peers, kind, &steps, lines, tally) {
            tally.fail(&format!("walk/fleet/{kind}"), &error.to_string());
        }
    }
    Ok(())
}

fn walk(
    peers: &Peers,
    kind: Kind,
    steps: &[Step],
    lines: &Lines<'_>,
    tally: &mut Tally,
) -> Result<()> {
    let around = peers.file(&format!("fleet-{kind}"));
    let (address, _server) = super::registry(peers, kind, &around)?;
    let registry = format!("{kind}://{address}");
    let _provider = provider(peers, &around, &registry)?;

    let mut folder = around;
    let mut ran = 0;
    for step in steps {
        let here = |text: &str| text.replace(REGISTRY, &registry);
        match step {
            Step::File(name, text) => write(&folder, name, &here(&from_checkout(text)))?,
            Step::Call(line, answer) => {
                let (line, answer) = (here(line), here(answer));
                if let Some(name) = line.strip_prefix("cd ") {
                    folder.push(name);
                } else if !line.starts_with("cargo install ") {
                    ran += 1;
                    let test = format!("walk/fleet/{kind}/{ran} {line}");
                    match call(&folder, &line, &answer) {
                        Ok(()) => tally.pass(&test),
                        Err(error) => tally.fail(&test, &error.to_string()),
                    }
                }
            }
        }
    }
    if ran == 0 {
        return Err(format!("{PAGE} has no commands").into());
    }
    Made { registry: &registry, interface: INTERFACE, folder: &folder }.check(
        &format!("walk/fleet/{kind}/check"),
        "order.rs",
        ("/// `long number`.\n    pub number: i64,", "/// `int number`.\n    pub number: i32,"),
        "org.example.orders.Order.number: the type changed from int to long: ",
        tally,
    );
    // The lists show the demo and the provider of Java.
    lines.at(kind, address, &[INTERFACE], tally);
    Ok(())
}

/// Starts the provider, and waits until the registry has its definition. Its jars are in the folder then.
fn provider(peers: &Peers, around: &Path, registry: &str) -> Result<ServerProcess> {
    let (folder, address) = (around.to_string_lossy(), free_address()?);
    check(&mut peers.command(JAVA, &["orders", &folder]))?;
    let port = address.port().to_string();
    let mut serve = peers.command(JAVA, &["serve-orders", &folder, &port]);
    let log = around.join("provider.log");
    let mut provider = ServerProcess::serve(serve.env("REGISTRY", registry), address, &log)?;
    provider.said("PROVIDER READY", &log)?;
    published(&mut provider, &log, registry, INTERFACE)?;
    Ok(provider)
}

fn write(folder: &Path, name: &str, text: &str) -> Result<()> {
    if name == "Cargo.toml" {
        lock(folder)?;
    }
    Ok(fs::write(folder.join(name), text)?)
}

/// Runs a line of the page. What `dubhe` says is the answer whole; of cargo, whose progress nobody needs, it is
/// standard output, and a warning is a failure.
fn call(folder: &Path, line: &str, answer: &str) -> Result<()> {
    let is_dubhe = line.starts_with("dubhe ");
    let mut shell = shell(folder)?;
    let done = shell.args(["-c", &if is_dubhe { format!("{line} 2>&1") } else { line.to_owned() }]);
    let done = done.output()?;
    let (said, beside) =
        (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    if said.trim_end() != answer {
        return Err(format!("answered {said:?}, not {answer:?}; and beside it {beside:?}").into());
    }
    if done.status.success() == answer.contains("error:") {
        return Err(format!("ended with {}", done.status).into());
    }
    if beside.contains("warning: ") { Err(format!("warned: {beside}").into()) } else { Ok(()) }
}

/// A shell in the folder, with the variables of [`cargo`], in which `dubhe` is that of this checkout.
fn shell(folder: &Path) -> Result<Command> {
    let paths = env::var_os("PATH").unwrap_or_default();
    let paths =
        env::join_paths([target().join("debug")].into_iter().chain(env::split_paths(&paths)))?;
    let mut shell = Command::new("sh");
    for (name, value) in cargo("run", folder).get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    shell.current_dir(folder).env("PATH", paths).env("NO_PROXY", "*").env_remove("RUST_LOG");
    Ok(shell)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{INTERFACE, PAGE, REGISTRY, Step, all, root};

    #[test]
    fn the_page_has_all_steps() {
        let steps = all(&fs::read_to_string(root().join(PAGE)).unwrap());
        let calls = |begin: &str| {
            let line = |step: &Step| match step {
                Step::Call(line, _) if line.starts_with(begin) => Some(line.clone()),
                _ => None,
            };
            steps.iter().filter_map(line).collect::<Vec<_>>()
        };
        assert!(calls("cargo run").len() > 2, "{steps:?}");
        let made = calls("dubhe gen ");
        let with = |part: &str| made.iter().any(|line| line.contains(part));
        assert!(with(".jar") && with(REGISTRY) && with(INTERFACE) && with("--check"), "{made:?}");
    }
}
