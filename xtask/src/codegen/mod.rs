//! Rust that is generated from Java: our side of the interop suites is written with that of the Java peers, and that
//! of applications' own jars compiles. Java that is generated from Rust: it compiles, it calls, and it is what
//! the Java peers declare.

mod apis;
mod of_java;

use std::collections::{BTreeMap, BTreeSet};
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

/// The examples with the traits `Users`, `Account`, `Primes`, and `Prices` with its `Listener`, in the order in which they are
/// called.
const PROGRAMS: [&str; 4] = ["provider", "exceptions", "isolated", "callbacks"];

/// Names and types that Java takes for something else.
const ODD: &str = "crates/codegen/tests/data/rust/odd.rs";

/// The releases of Java that are written; the second one is that of the calls.
const RELEASES: [&str; 2] = ["8", "17"];

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
    let mut examples = Err("it was not compiled".into());
    for release in RELEASES {
        let name = format!("codegen/examples compile for Java {release}");
        examples = generate(peers, "examples", release, EXAMPLES);
        match &examples {
            Ok(_) => tally.pass(&name),
            Err(error) => tally.fail(&name, &error.to_string()),
        }
        let name = format!("codegen/pom.xml for Java {release}");
        match package(peers, &format!("examples-{release}-java")) {
            Ok(()) => tally.pass(&name),
            Err(error) => tally.fail(&name, &error.to_string()),
        }
    }
    for release in RELEASES {
        let name = format!("codegen/odd names compile for Java {release}");
        match generate(peers, "odd", release, &[ODD]) {
            Ok(_) => tally.pass(&name),
            Err(error) => tally.fail(&name, &error.to_string()),
        }
    }
    let classes = examples?;
    for protocol in ["dubbo", "tri"] {
        let name = format!("codegen/calls over {protocol}");
        match call(peers, &classes, protocol) {
            Ok(()) => tally.pass(&name),
            Err(error) => tally.fail(&name, &error.to_string()),
        }
    }
    let api = peers.file("api.rs");
    fs::write(&api, of_java::api())?;
    let api = api.to_string_lossy();
    generate(peers, "api", "8", &[&api])?;
    tally.pass("codegen/api compiles for Java 8");
    let classes = generate(peers, "api", "17", &[&api])?;
    tally.pass("codegen/api compiles for Java 17");
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

/// The folder of the classes of Java of a release that is generated from these sources.
fn generate(peers: &Peers, name: &str, release: &str, sources: &[&str]) -> Result<PathBuf> {
    let (java, classes) = (
        peers.file(&format!("{name}-{release}-java")),
        peers.file(&format!("{name}-{release}-classes")),
    );
    let java = java.to_string_lossy();
    let run =
        ["run", "--package", "dubhe-codegen", "--example", "java_of_rust", "--", release, &java];
    check(&mut cargo(&[&run[..], sources].concat()))?;
    check(&mut peers.command(JAVA, &["compile", release, &java, &classes.to_string_lossy()]))?;
    Ok(classes)
}

/// Makes the jar of generated Java as a Java team does: by its `pom.xml`.
fn package(peers: &Peers, folder: &str) -> Result<()> {
    let folder = peers.file(folder);
    let made = output(&mut peers.command(JAVA, &["package", &folder.to_string_lossy()]))?;
    let jars: Vec<&str> = made.lines().collect();
    match &*jars {
        [jar] if Path::new(jar).is_file() => Ok(()),
        _ => Err(format!("it made {jars:?}, and not one jar").into()),
    }
}

/// Calls the examples through the generated interfaces, each at an address of its own.
fn call(peers: &Peers, classes: &Path, protocol: &str) -> Result<()> {
    let classes = classes.to_string_lossy().into_owned();
    let mut args = vec!["call-generated".to_owned(), classes];
    let mut providers = Vec::new();
    // Triple has streams in place of callbacks.
    let programs = PROGRAMS.into_iter().filter(|of| protocol == "dubbo" || *of != "callbacks");
    for program in programs {
        check(&mut cargo(&["build", "--package", "dubhe-examples", "--bin", program]))?;
        let address = free_address()?;
        let mut provider = cargo(&["run", "--package", "dubhe-examples", "--bin", program, "--"]);
        provider.arg(address.to_string());
        let log = peers.log(&format!("{program}-{protocol}"));
        providers.push(ServerProcess::serve(&mut provider, address, &log)?);
        args.push(format!("{protocol}://{address}"));
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let said = output(&mut peers.command(JAVA, &args))?;
    let expected = format!("called {}", providers.len());
    if said.trim_end() == expected { Ok(()) } else { Err(format!("it said {said:?}").into()) }
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
/// with the types of their parameters and results, and their exceptions.
fn compare(peers: &Peers, classes: &Path, class: &str) -> Result<()> {
    let (theirs, ours) = (["members", class], ["members", class, &classes.to_string_lossy()]);
    let theirs = Members::of(&output(&mut peers.command(JAVA, &theirs))?);
    let ours = Members::of(&output(&mut peers.command(JAVA, &ours))?);
    let (more, less): (Vec<_>, Vec<_>) =
        (ours.all.difference(&theirs.all).collect(), theirs.all.difference(&ours.all).collect());
    if !more.is_empty() || !less.is_empty() {
        let text = format!("generated alone: {more:?}; of the peers alone: {less:?}");
        return Err(text.into());
    }
    if ours.throws == theirs.throws {
        return Ok(());
    }
    Err(format!("generated ones throw {:?}; those of the peers {:?}", ours.throws, theirs.throws)
        .into())
}

/// Types of results that are one in Rust, with the one that Java is written with. Results are not on the wire.
const ALIKE: [(&str, &str); 2] = [
    ("java.util.Collection<", "java.util.List<"),
    // Any object is no key in Rust.
    ("java.util.Map<java.lang.Object, java.lang.Object>", "java.lang.Object"),
];

/// Members of a class, as `javap -p -s` prints them.
#[derive(Debug, Default)]
struct Members {
    /// The fields and constants with their descriptors; the abstract methods with the descriptors of their parameters, and their
    /// results.
    all: BTreeSet<String>,
    /// The exceptions of methods that declare some.
    throws: BTreeMap<String, BTreeSet<String>>,
}

impl Members {
    fn of(printed: &str) -> Self {
        let mut members = Self::default();
        for (line, descriptor) in printed.lines().zip(printed.lines().skip(1)) {
            let Some(descriptor) = descriptor.trim().strip_prefix("descriptor: ") else { continue };
            let line = line.trim().trim_end_matches(';');
            let before = line.split(['(']).next().unwrap_or_default();
            let (before, name) = before.rsplit_once(' ').unwrap_or_default();
            let is_static = line.contains(" static ");
            match descriptor.rsplit_once(')') {
                // Of an interface: a class has accessors, which do not travel.
                Some((parameters, _)) if line.contains(" abstract ") => {
                    let method = format!("{name}{parameters})");
                    members.all.insert(format!("{method} {}", result(before)));
                    if let Some((_, throws)) = line.split_once(" throws ") {
                        let throws = throws.split(", ").map(str::to_owned).collect();
                        members.throws.insert(method, throws);
                    }
                }
                Some(_) => {}
                None if is_static && (name == "serialVersionUID" || name.starts_with('$')) => {}
                None => drop(members.all.insert(format!("{name} {descriptor}"))),
            }
        }
        members
    }
}

/// The type of the result of a method, behind its modifiers: what a future brings, as in Rust.
fn result(before: &str) -> String {
    let result = before.trim_start_matches("public ").trim_start_matches("abstract ");
    let brought = result.strip_prefix("java.util.concurrent.CompletableFuture<");
    let result = brought.and_then(|of| of.strip_suffix('>')).unwrap_or(result);
    ALIKE.iter().fold(result.to_owned(), |result, (from, to)| result.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::Members;

    #[test]
    fn what_travels_is_read() {
        let printed = "public interface a.B {\n  public abstract long m(int[], a.B) throws a.E, a.D;\n    descriptor: ([ILa/B;)J\n\n  \
                       public abstract java.util.concurrent.CompletableFuture<java.util.Collection<a.B>> n();\n    descriptor: \
                       ()Ljava/util/concurrent/CompletableFuture;\n  \
                       private static final long serialVersionUID;\n    descriptor: J\n  private long id;\n    \
                       descriptor: J\n  public long getId();\n    descriptor: ()J\n}\n";
        let found = Members::of(printed);
        let members: Vec<String> = found.all.into_iter().collect();
        assert_eq!(members, ["id J", "m([ILa/B;) long", "n() java.util.List<a.B>"]);
        let throws: Vec<&str> = found.throws["m([ILa/B;)"].iter().map(String::as_str).collect();
        assert_eq!(throws, ["a.D", "a.E"]);
    }
}
