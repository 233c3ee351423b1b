//! The features of the facade: each builds alone, and none without TLS needs a C compiler.

use crate::Result;
use crate::process::{check, output};
use crate::repo::{cargo, features};
use crate::tally::Tally;

const FACADE: &str = "dubhe";

/// The feature that may need a C compiler.
const TLS: &str = "tls";

/// The crates that build C.
const COMPILERS: [&str; 2] = ["cc", "cmake"];

/// Builds the facade with no feature and with each one alone, warnings being errors, and looks for
/// what builds C in all but TLS together.
pub(crate) fn run(tally: &mut Tally) -> Result<()> {
    let features = features(FACADE)?;
    let without_tls: Vec<&str> = features
        .iter()
        .map(String::as_str)
        .filter(|name| ![TLS, "default"].contains(name))
        .collect();
    let alone = without_tls.iter().copied().chain(["", TLS]);
    for feature in alone {
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
    tree.args(["--no-default-features", "--features", &without_tls.join(",")]);
    let tree = output(&mut tree)?;
    match builds_c(&tree) {
        None => tally.pass("features/no-c"),
        Some(name) => {
            let what = format!("{name} is built without {TLS}, so that a C compiler may be needed");
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
