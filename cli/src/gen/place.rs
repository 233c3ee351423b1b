//! The place of generated Rust in a package: the module that takes it in, and what it depends on.

use std::fs;
use std::path::{Path, PathBuf};

use super::compare::As;
use super::failed;
use crate::failure::{Failure, remark};

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
    let Some(package) = absolute.ancestors().skip(1).find(|above| is_package(above)) else {
        return;
    };
    for hint in module(&absolute, package).into_iter().chain(dependencies(package, way)) {
        remark(&format!("hint: {hint}"));
    }
}

fn is_package(folder: &Path) -> bool {
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    manifest.lines().any(|line| line.trim() == "[package]")
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
        let text = fs::read_to_string(file).unwrap_or_default();
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
fn dependencies(package: &Path, way: &As) -> Option<String> {
    let manifest = fs::read_to_string(package.join("Cargo.toml")).ok()?;
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
    let missing: Vec<_> = needed.iter().filter(|(name, _)| !depends_on(&manifest, name)).collect();
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

/// Returns `true` if a manifest has a dependency of that name, whichever way it is written.
fn depends_on(manifest: &str, name: &str) -> bool {
    let mut is_of_dependencies = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            let header = header.split(']').next().unwrap_or_default();
            is_of_dependencies = header == "dependencies" || header.ends_with(".dependencies");
            if header
                .rsplit_once("dependencies.")
                .is_some_and(|(_, of)| of.trim_matches('"') == name)
            {
                return true;
            }
        } else if is_of_dependencies {
            let key = line.split(['=', '.']).next().unwrap_or_default().trim().trim_matches('"');
            if key == name || line.contains(&format!("package = \"{name}\"")) {
                return true;
            }
        }
    }
    false
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

    #[test]
    fn dependencies_are_found_however_they_are_written() {
        for manifest in [
            "[dependencies]\nhttp = \"1\"",
            "[dependencies]\n\"http\" = { version = \"1\" }",
            "[dependencies]\nhttp.workspace = true",
            "[dependencies.http]\nversion = \"1\"",
            "[target.'cfg(unix)'.dependencies]\nhttp = \"1\"",
            "[dependencies]\nh = { package = \"http\", version = \"1\" }",
        ] {
            assert!(depends_on(manifest, "http"), "{manifest}");
        }
        for manifest in [
            "",
            "[dev-dependencies]\nhttp = \"1\"",
            "[features]\nhttp = []",
            "[dependencies]\nhttpx = \"1\"",
        ] {
            assert!(!depends_on(manifest, "http"), "{manifest}");
        }
    }
}
