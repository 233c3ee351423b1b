//! The features of the facade: each builds alone, and none but [`NEED_C`] needs a C compiler.

use crate::Result;
use crate::process::{check, output};
use crate::repo::{cargo, features};
use crate::tally::Tally;

const FACADE: &str = "dubhe";

/// The features that may need a C compiler: TLS, Kubernetes, whose API server is reached by it, and
/// Apollo, whose requests are signed by the same library.
const NEED_C: [&str; 3] = ["tls", "kubernetes", "apollo"];

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
    let mut tree =
        cargo(&["tree", "--package", FACADE, "--edges", "normal,build", "--prefix", "none"]);
    let without_c: Vec<&str> = named().filter(|name| !NEED_C.contains(name)).collect();
    tree.args(["--no-default-features", "--features", &without_c.join(",")]);
    let tree = output(&mut tree)?;
    match builds_c(&tree) {
        None => tally.pass("features/no-c"),
        Some(name) => {
            let needs = NEED_C.join(" or ");
            let what = format!("{name} is built without {needs}, so a C compiler may be needed");
            tally.fail("features/no-c", &what);
        }
    }
    Ok(())
}

/// The crate of [`COMPILERS`] that is in the lines of a tree.
fn builds_c(tree: &str) -> Option<&'static str> {
    let names = |line: &str, name: &str| line.split(' ').next() == Some(name);
    COMPILERS.into_iter().find(|name| tree.lines().any(|line| names(line, name)))
}

#[cfg(test)]
mod tests {
    use super::builds_c;

    #[test]
    fn what_builds_c_is_found() {
        assert_eq!(builds_c("dubhe v0.1.0 (/r)\naws-lc-sys v0.1\ncc v1.2.3 (*)\n"), Some("cc"));
        assert_eq!(builds_c("dubhe v0.1.0 (/r)\ncc-like v1.2.3\n"), None);
    }
}
