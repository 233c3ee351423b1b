//! Rust of the API jars of applications that nobody here wrote: it compiles without a warning, and stays as it is.

use std::collections::BTreeSet;
use std::fs;

use crate::Result;
use crate::outside::{build_dubhe, cargo, dubhe, from_checkout, lock};
use crate::peers::{Peer, Peers};
use crate::process::{check, output};
use crate::tally::Tally;

/// Beginnings of the names of jars, each with the beginning and the end of the names of the interfaces that the application
/// offers.
const APPLICATIONS: [(&str, &str, &str); 3] = [
    ("apollo-openapi", "com.ctrip.framework.apollo.openapi.api.", ""),
    ("killbill-api", "org.killbill.billing.", "Api"),
    ("xxl-job-core", "com.xxl.job.core.biz.", ""),
];

/// The one whose code clippy checks too.
const LINTED: &str = "xxl-job-core";

/// The project around the generated code.
const MANIFEST: &str = "[package]\nname = \"NAME\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n\
                        dubhe = { git = \"\" }\n";

/// Generates and compiles. Each application is a test.
pub(super) fn run(peers: &Peers, tally: &mut Tally) -> Result<()> {
    build_dubhe()?;
    let jars = output(&mut peers.command(Peer::JavaApis, &["list"]))?;
    for (name, begin, end) in APPLICATIONS {
        let test = format!("codegen/{name}");
        let jar = jars.lines().find(|jar| jar.contains(&format!("/{name}-")));
        let jar = jar.ok_or_else(|| format!("no jar of {name} is among {jars}"))?;
        match interfaces(peers, jar, begin, end)
            .and_then(|all| compile(peers, name, jar, &format!("{begin}*{end}"), &all))
        {
            Ok(()) => tally.pass(&test),
            Err(error) => tally.fail(&test, &error.to_string()),
        }
    }
    Ok(())
}

/// The interfaces of a jar as the JDK's own tool has them.
fn interfaces(peers: &Peers, jar: &str, begin: &str, end: &str) -> Result<BTreeSet<String>> {
    let printed = output(&mut peers.command(Peer::JavaApis, &["interfaces", jar, begin]))?;
    let all: BTreeSet<String> =
        printed.lines().filter(|name| name.ends_with(end)).map(str::to_owned).collect();
    if all.is_empty() {
        Err(format!("{jar} has no interface {begin}*{end}").into())
    } else {
        Ok(all)
    }
}

fn compile(
    peers: &Peers,
    name: &str,
    jar: &str,
    pattern: &str,
    interfaces: &BTreeSet<String>,
) -> Result<()> {
    let folder = peers.file(name);
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("Cargo.toml"), from_checkout(&MANIFEST.replace("NAME", name)))?;
    fs::write(folder.join("src/lib.rs"), "#![deny(warnings)]\n\npub mod api;\n")?;
    lock(&folder)?;
    let generate = || {
        let mut generate = dubhe();
        generate.args(["gen", jar, "--interface", pattern]).current_dir(&folder);
        output(&mut generate)
    };
    let first = generate()?;
    let paths = first.lines().filter_map(|line| line.strip_prefix("wrote   "));
    let text: Vec<String> =
        paths.map(|path| fs::read_to_string(folder.join(path))).collect::<std::io::Result<_>>()?;
    let text = text.concat();
    let traits = text.split("#[dubhe::interface(\"").skip(1);
    let traits: BTreeSet<&str> = traits.filter_map(|text| text.split('"').next()).collect();
    let missing: Vec<_> = interfaces.iter().filter(|of| !traits.contains(&***of)).collect();
    // An interface that a method takes is a callback.
    let is_other = |name: &&str| {
        let simple = name.rsplit(['.', '$']).next().unwrap_or(name);
        !interfaces.contains(*name) && !text.contains(&format!("{simple}Client>"))
    };
    let others: Vec<_> = traits.into_iter().filter(is_other).collect();
    if !missing.is_empty() || !others.is_empty() {
        return Err(format!("{missing:?} are no traits, and {others:?} should be none").into());
    }
    let second = generate()?;
    if !second.starts_with("0 written, 0 removed, ") {
        return Err(format!("the second run changes what the first one wrote: {second}").into());
    }
    check(&mut cargo("build", &folder))?;
    check(cargo("fmt", &folder).arg("--check"))?;
    // Dependencies are checked anew for clippy: one application stands for all.
    if name == LINTED {
        check(&mut cargo("clippy", &folder))?;
    }
    Ok(())
}
