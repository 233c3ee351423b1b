//! Projects outside of the workspace, as users have them, with this checkout in the place of what they install.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::process::check;
use crate::repo::{self, root, target};

/// Builds `dubhe`, for [`dubhe`].
pub(crate) fn build_dubhe() -> Result<()> {
    check(&mut repo::cargo(&["build", "--package", "dubhe-cli"]))
}

/// Builds `dubhe` with a feature that it does not have by default, and puts it into `folder`: the next build
/// replaces it where cargo left it.
pub(crate) fn build_dubhe_with(feature: &str, folder: &Path) -> Result<()> {
    check(&mut repo::cargo(&["build", "--package", "dubhe-cli", "--features", feature]))?;
    fs::create_dir_all(folder)?;
    fs::copy(target().join("debug/dubhe"), folder.join("dubhe"))?;
    Ok(())
}

/// `dubhe` of this checkout.
pub(crate) fn dubhe() -> Command {
    Command::new(target().join("debug/dubhe"))
}

/// Cargo in the folder of a project. What it builds is kept for the next one.
pub(crate) fn cargo(task: &str, folder: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.arg(task).current_dir(folder).env("CARGO_TARGET_DIR", target().join("walk"));
    command
}

/// Has a project take the versions of this checkout, whatever came out since.
pub(crate) fn lock(folder: &Path) -> Result<()> {
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
    Ok(())
}

/// The text of a file, in which dependencies on this repository lead to this checkout.
pub(crate) fn from_checkout(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let folder = match line.split_once(" = { git = ") {
            Some(("dubhe", _)) => Some(("dubhe", "dubhe")),
            Some(("dubhe-build", _)) => Some(("dubhe-build", "build")),
            _ => None,
        };
        out += &folder.map_or_else(
            || line.to_owned(),
            |(name, folder)| {
                let path = root().join("crates").join(folder);
                format!("{name} = {{ path = '{}' }}", path.display())
            },
        );
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::from_checkout;

    #[test]
    fn dependencies_lead_to_the_checkout() {
        let text = from_checkout("dubhe = { git = \"https://host/dubhe\" }\ntokio = \"1\"\n");
        assert!(text.starts_with("dubhe = { path = "), "{text}");
        assert!(text.ends_with("crates/dubhe' }\ntokio = \"1\"\n"), "{text}");
    }
}
