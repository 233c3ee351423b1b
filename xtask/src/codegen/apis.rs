//! Rust of the API jars of applications that nobody here wrote: it compiles without a warning, and stays as it is.

use std::fs;

use crate::Result;
use crate::outside::{build_dubhe, cargo, dubhe, from_checkout, lock};
use crate::peers::{Peer, Peers};
use crate::process::{check, output};
use crate::tally::Tally;

/// Beginnings of the names of jars, each with the interfaces that the application offers, and their number.
const APPLICATIONS: [(&str, &str, usize); 3] = [
    ("apollo-openapi", "com.ctrip.framework.apollo.openapi.api.*", 5),
    ("killbill-api", "org.killbill.billing.*Api", 40),
    ("xxl-job-core", "com.xxl.job.core.biz.*", 2),
];

/// The project around the generated code.
const MANIFEST: &str = "[package]\nname = \"NAME\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n\
                        dubhe = { git = \"\" }\n";

/// Generates and compiles. Each application is a test.
pub(super) fn run(peers: &Peers, tally: &mut Tally) -> Result<()> {
    build_dubhe()?;
    let jars = output(&mut peers.command(Peer::JavaApis, &["list"]))?;
    for (name, interfaces, count) in APPLICATIONS {
        let test = format!("codegen/{name}");
        let jar = jars.lines().find(|jar| jar.contains(&format!("/{name}-")));
        let jar = jar.ok_or_else(|| format!("no jar of {name} is among {jars}"))?;
        match compile(peers, name, jar, interfaces, count) {
            Ok(()) => tally.pass(&test),
            Err(error) => tally.fail(&test, &error.to_string()),
        }
    }
    Ok(())
}

fn compile(peers: &Peers, name: &str, jar: &str, interfaces: &str, count: usize) -> Result<()> {
    let folder = peers.file(name);
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("Cargo.toml"), from_checkout(&MANIFEST.replace("NAME", name)))?;
    fs::write(folder.join("src/lib.rs"), "#![deny(warnings)]\n\npub mod api;\n")?;
    lock(&folder)?;
    let generate = || {
        let mut generate = dubhe();
        generate.args(["gen", jar, "--interface", interfaces]).current_dir(&folder);
        output(&mut generate)
    };
    let first = generate()?;
    let traits = first.lines().filter(|line| {
        let path = line.strip_prefix("wrote   ").unwrap_or_default();
        fs::read_to_string(folder.join(path)).is_ok_and(|text| text.contains("#[dubhe::interface("))
    });
    let traits = traits.count();
    if traits != count {
        return Err(format!("it has {traits} interfaces, not {count}: {first}").into());
    }
    let second = generate()?;
    if !second.starts_with("0 written, 0 removed, ") {
        return Err(format!("the second run changes what the first one wrote: {second}").into());
    }
    check(&mut cargo("build", &folder))
}
