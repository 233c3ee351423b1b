//! The place of generated Rust in a package: the module that takes it in, and what it depends on.

use std::path::{Path, PathBuf};

use dubhe_codegen::input;

use super::compare::As;
use super::failed;
use crate::failure::{Failure, remark};
use crate::manifest::{self, Manifest};

/// The repository that the README takes Dubhe from.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// Refuses a folder whose module is a file already: Rust takes one of the two.
pub(super) fn refuse_two_modules(out: &Path) -> Result<(), Failure> {
    let Some(name) = out.file_name().and_then(|name| name.to_str()) else { return Ok(()) };
    let file = out.with_file_name(format!("{name}.rs"));
    if !file.is_file() || out.join("mod.rs").is_file() {
        return Ok(());
    }
    let other = if name == "fleet" { "generated" } else { "fleet" };
    Err(failed(format!(
        "{} is the module `{name}` already, and {} would be another one; choose another folder, such as --out {}",
        file.display(),
        out.display(),
        out.with_file_name(other).display()
    )))
}

/// Tells what the package lacks to use the code: the line that takes it in, and packages that it needs.
pub(super) fn hints(out: &Path, way: &As) {
    let Ok(absolute) = std::path::absolute(out) else { return };
    let Some((package, manifest)) = absolute
        .ancestors()
        .skip(1)
        .find_map(|above| Some((above, Manifest::of(above).filter(Manifest::is_package)?)))
    else {
        return;
    };
    for hint in
        module(&absolute, package).into_iter().chain(dependencies((package, &manifest), way))
    {
        remark(&format!("hint: {hint}"));
    }
}

/// The line that is missing in the module around.
fn module(out: &Path, package: &Path) -> Option<String> {
    let name = out.file_name()?.to_str()?;
    let around = out.parent()?;
    let inside = around.strip_prefix(package.join("src")).ok()?;
    let files: Vec<PathBuf> = if inside.as_os_str().is_empty() {
        ["lib.rs", "main.rs"].iter().map(|file| around.join(file)).collect()
    } else {
        vec![around.join("mod.rs"), around.with_extension("rs")]
    };
    let files: Vec<PathBuf> = files.into_iter().filter(|file| file.is_file()).collect();
    let first = files.first()?;
    let module = name.replace('-', "_");
    let takes_in = |file: &PathBuf| {
        let text = input::text(file, input::MAX_TEXT).unwrap_or_default();
        text.lines().any(|line| declares(line, &module))
    };
    if files.iter().any(takes_in) {
        return None;
    }
    let visible = if first.ends_with("main.rs") { "" } else { "pub " };
    let path = if module == name { String::new() } else { format!("#[path = \"{name}/mod.rs\"] ") };
    let first = first.strip_prefix(package).unwrap_or(first);
    Some(format!("`{path}{visible}mod {module};` in {} takes the code in", first.display()))
}

/// Returns `true` for `mod name;`, with whatever is before it.
fn declares(line: &str, module: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let words: Vec<&str> = code.split_whitespace().collect();
    words.windows(2).any(|pair| {
        let [keyword, name] = pair else { return false };
        let name = name.trim_end_matches([';', '{']).trim_start_matches("r#");
        *keyword == "mod" && name == module
    })
}

/// The packages that are missing in the manifest.
fn dependencies((package, manifest): (&Path, &Manifest), way: &As) -> Option<String> {
    let workspace = manifest::workspace(package).map(|(_, of)| of);
    let dubhe = format!("cargo add dubhe --git {REPOSITORY}");
    let needed: &[(&str, &str)] = match way {
        As::OpenApi => &[
            ("dubhe", &dubhe),
            ("http", "cargo add http"),
            ("serde", "cargo add serde --features derive"),
            ("serde_json", "cargo add serde_json"),
        ],
        As::Types | As::Protobuf(_) => &[("dubhe", &dubhe)],
    };
    let missing: Vec<_> =
        needed.iter().filter(|(name, _)| !manifest.depends_on(name, workspace.as_ref())).collect();
    let names: Vec<&str> = missing.iter().map(|(name, _)| *name).collect();
    let commands: Vec<&str> = missing.iter().map(|(_, command)| *command).collect();
    (!missing.is_empty()).then(|| {
        format!(
            "the code needs {}, which Cargo.toml lacks: {}",
            names.join(", "),
            commands.join(" && ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_takes_a_module_in_is_found() {
        for line in [
            "mod api;",
            "pub mod api;",
            "pub(crate) mod r#api;",
            "#[path = \"x\"] mod api;",
            "mod api {",
        ] {
            assert!(declares(line, "api"), "{line}");
        }
        for line in ["// mod api;", "mod apis;", "use api;", "modapi;"] {
            assert!(!declares(line, "api"), "{line}");
        }
    }
}
