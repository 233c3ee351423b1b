//! Rust that is generated from Java: our side of the interop suites is written with that of the Java peers, and that
//! of applications' own jars compiles. Java that is generated from Rust: it compiles, it calls, and it is what
//! the Java peers declare.

mod apis;
mod of_java;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::peers::{Peer, Peers};
use crate::process::{ServerProcess, check, free_address, output};
use crate::repo::cargo;
use crate::tally::Tally;

const JAVA: Peer = Peer::Java("3");

/// Sources of the examples: the library, and programs with traits of their own.
const EXAMPLES: &[&str] = &[
    "examples/src",
    "examples/src/bin/callbacks.rs",
    "examples/src/bin/exceptions.rs",
    "examples/src/bin/isolated.rs",
];

/// The class whose objects that Rust keeps as they are: its fields are not in the sources.
const OPAQUE: &str = "peer.api.Node";

/// Generates, compiles, calls and compares.
pub(crate) fn run(tally: &mut Tally) -> Result<()> {
    if let Some(how) = JAVA.missing() {
        tally.skip("codegen", how);
        return Ok(());
    }
    let peers = Peers::new("codegen")?;
    check(&mut peers.command(JAVA, &["prepare"]))?;
    match of_java::compare(&peers) {
        Ok(()) => tally.pass("codegen/java peers"),
        Err(error) => tally.fail("codegen/java peers", &error.to_string()),
    }
    // What breaks off here must not hide the applications.
    if let Err(error) = java(&peers, tally) {
        tally.fail("codegen", &error.to_string());
    }
    apis::run(&peers, tally)
}

/// Java of Rust.
fn java(peers: &Peers, tally: &mut Tally) -> Result<()> {
    let classes = generate(peers, "examples", EXAMPLES)?;
    tally.pass("codegen/examples compile");
    for protocol in ["dubbo", "tri"] {
        let name = format!("codegen/calls over {protocol}");
        match call(peers, &classes, protocol) {
            Ok(()) => tally.pass(&name),
            Err(error) => tally.fail(&name, &error.to_string()),
        }
    }
    let api = peers.file("api.rs");
    fs::write(&api, of_java::api())?;
    let classes = generate(peers, "api", &[&api.to_string_lossy()])?;
    tally.pass("codegen/api compiles");
    for class in names(&classes, &classes)?.iter().filter(|class| *class != OPAQUE) {
        let name = format!("codegen/{class}");
        match compare(peers, &classes, class) {
            Ok(()) => tally.pass(&name),
            Err(error) => tally.fail(&name, &error.to_string()),
        }
    }
    Ok(())
}

/// Writes [`of_java::FOLDER`] anew.
pub(crate) fn write(tally: &mut Tally) -> Result<()> {
    if let Some(how) = JAVA.missing() {
        tally.skip("generate", how);
        return Ok(());
    }
    let peers = Peers::new("generate")?;
    check(&mut peers.command(JAVA, &["prepare"]))?;
    of_java::write(&peers)?;
    tally.pass("generate");
    Ok(())
}

/// The folder of the classes of Java that is generated from these sources.
fn generate(peers: &Peers, name: &str, sources: &[&str]) -> Result<PathBuf> {
    let (java, classes) =
        (peers.file(&format!("{name}-java")), peers.file(&format!("{name}-classes")));
    let java = java.to_string_lossy();
    let run = ["run", "--package", "dubhe-codegen", "--example", "java_of_rust", "--", &java];
    check(&mut cargo(&[&run[..], sources].concat()))?;
    check(&mut peers.command(JAVA, &["compile", &java, &classes.to_string_lossy()]))?;
    Ok(classes)
}

/// Calls the example provider through the generated interface.
fn call(peers: &Peers, classes: &Path, protocol: &str) -> Result<()> {
    check(&mut cargo(&["build", "--package", "dubhe-examples", "--bin", "provider"]))?;
    let address = free_address()?;
    let mut provider = cargo(&["run", "--package", "dubhe-examples", "--bin", "provider", "--"]);
    provider.arg(address.to_string());
    let _provider = ServerProcess::serve(&mut provider, address, &peers.log(protocol))?;
    let url = format!("{protocol}://{address}");
    let args = ["call-generated", &classes.to_string_lossy(), &url];
    let said = output(&mut peers.command(JAVA, &args))?;
    if said.trim_end() == "called" { Ok(()) } else { Err(format!("it said {said:?}").into()) }
}

/// The names of all classes in a folder.
fn names(root: &Path, folder: &Path) -> Result<BTreeSet<String>> {
    let mut all = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            all.extend(names(root, &path)?);
        } else if path.extension().is_some_and(|end| end == "class") {
            let inside = path.strip_prefix(root)?.with_extension("");
            all.insert(inside.to_string_lossy().replace('/', "."));
        }
    }
    Ok(all)
}

/// Compares what travels of a generated class with the class of the peers: its fields and constants, or its methods
/// with the types of their parameters.
fn compare(peers: &Peers, classes: &Path, class: &str) -> Result<()> {
    let (theirs, ours) = (["members", class], ["members", class, &classes.to_string_lossy()]);
    let theirs = members(&output(&mut peers.command(JAVA, &theirs))?);
    let ours = members(&output(&mut peers.command(JAVA, &ours))?);
    if ours == theirs {
        return Ok(());
    }
    let (more, less): (Vec<_>, Vec<_>) =
        (ours.difference(&theirs).collect(), theirs.difference(&ours).collect());
    Err(format!("generated alone: {more:?}; of the peers alone: {less:?}").into())
}

/// The fields, constants and abstract methods that `javap -p -s` prints, with their descriptors.
fn members(printed: &str) -> BTreeSet<String> {
    let mut members = BTreeSet::new();
    for (line, descriptor) in printed.lines().zip(printed.lines().skip(1)) {
        let Some(descriptor) = descriptor.trim().strip_prefix("descriptor: ") else { continue };
        let line = line.trim().trim_end_matches(';');
        let before = line.split(['(']).next().unwrap_or_default();
        let name = before.rsplit(' ').next().unwrap_or_default();
        let parameters = descriptor.rsplit_once(')').map(|(parameters, _)| parameters);
        let is_static = line.contains(" static ");
        match parameters {
            // Of an interface: a class has accessors, which do not travel.
            Some(parameters) if line.contains(" abstract ") => {
                members.insert(format!("{name}{parameters})"));
            }
            Some(_) => {}
            None if is_static && (name == "serialVersionUID" || name.starts_with('$')) => {}
            None => drop(members.insert(format!("{name} {descriptor}"))),
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use super::members;

    #[test]
    fn what_travels_is_read() {
        let printed = "public interface a.B {\n  public abstract long m(int[], a.B);\n    descriptor: ([ILa/B;)J\n\n  \
                       private static final long serialVersionUID;\n    descriptor: J\n  private long id;\n    \
                       descriptor: J\n  public long getId();\n    descriptor: ()J\n}\n";
        let members: Vec<String> = members(printed).into_iter().collect();
        assert_eq!(members, ["id J", "m([ILa/B;)"]);
    }
}
