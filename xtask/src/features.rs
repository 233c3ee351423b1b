//! The features of the facade: each builds alone, none but [`NEED_C`] needs a C compiler, and those of
//! [`NAMED`] are off unless they are named.

use crate::Result;
use crate::process::{check, output};
use crate::repo::{cargo, features};
use crate::tally::Tally;

const FACADE: &str = "dubhe";

/// The features that may need a C compiler: TLS, Kubernetes, whose API server is reached by it, Apollo, whose requests
/// are signed by the same library, and scripts, whose engine is C.
const NEED_C: [&str; 4] = ["tls", "kubernetes", "apollo", "script"];

/// The packages of features that are not on by default: Kubernetes alone has 168 crates.
const NAMED: [&str; 5] = ["dubhe-kubernetes", "kube", "dubhe-dns", "dubhe-apollo", "dubhe-script"];

/// The crates that build C.
const COMPILERS: [&str; 2] = ["cc", "cmake"];

/// Builds the facade with no feature and with each one alone, warnings being errors, and looks for
/// what builds C in all but those of [`NEED_C`] together.
pub(crate) fn run(tally: &mut Tally) -> Result<()> {
    let features = features(FACADE)?;
    let named = || features.iter().map(String::as_str).filter(|name| *name != "default");
    for feature in named().chain([""]) {
        let name = if feature.is_empty() { "none" } else { feature };
        eprintln!("features: {name}");
        let mut command = cargo(&["clippy", "--package", FACADE, "--lib", "--no-default-features"]);
        command.args(["--features", feature, "--", "--deny", "warnings"]);
        match check(&mut command) {
            Ok(()) => tally.pass(&format!("features/{name}")),
            Err(error) => tally.fail(&format!("features/{name}"), &error.to_string()),
        }
    }
    let without_c: Vec<&str> = named().filter(|name| !NEED_C.contains(name)).collect();
    match one_of(&COMPILERS, &tree(&["--no-default-features", "--features", &without_c.join(",")])?)
    {
        None => tally.pass("features/no-c"),
        Some(name) => {
            let needs = NEED_C.join(" or ");
            let what = format!("{name} is built without {needs}, so a C compiler may be needed");
            tally.fail("features/no-c", &what);
        }
    }
    let (default, all) = (tree(&[])?, tree(&["--all-features"])?);
    match one_of(&NAMED, &default) {
        None if NAMED.iter().all(|name| one_of(&[name], &all).is_some()) => {
            tally.pass("features/default");
        }
        None => tally.fail("features/default", "NAMED has a package that no feature brings"),
        Some(name) => tally.fail("features/default", &format!("{name} is built by default")),
    }
    Ok(())
}

/// The packages that the facade is built of with these options, one a line.
fn tree(options: &[&str]) -> Result<String> {
    let mut tree =
        cargo(&["tree", "--package", FACADE, "--edges", "normal,build", "--prefix", "none"]);
    output(tree.args(options))
}

/// The first of `packages` that is in the lines of a tree.
fn one_of<'a>(packages: &[&'a str], tree: &str) -> Option<&'a str> {
    let names = |line: &str, name: &str| line.split(' ').next() == Some(name);
    packages.iter().copied().find(|name| tree.lines().any(|line| names(line, name)))
}

#[cfg(test)]
mod tests {
    use super::{COMPILERS, one_of};

    #[test]
    fn what_builds_c_is_found() {
        let builds_c = |tree| one_of(&COMPILERS, tree);
        assert_eq!(builds_c("dubhe v0.1.0 (/r)\naws-lc-sys v0.1\ncc v1.2.3 (*)\n"), Some("cc"));
        assert_eq!(builds_c("dubhe v0.1.0 (/r)\ncc-like v1.2.3\n"), None);
    }
}
