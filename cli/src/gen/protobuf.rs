//! Rust of `.proto` files, kept in a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dubhe_build::{Builder, Modules};
use dubhe_codegen::formatted;

use super::failed;
use super::options::GenArgs;
use crate::failure::Failure;

/// Compiles the sources, and writes nothing.
pub(super) fn compile(options: &GenArgs) -> Result<Modules, Failure> {
    let files: Vec<&Path> = options.sources.iter().map(Path::new).collect();
    let own = files
        .iter()
        .filter_map(|file| file.parent())
        .map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent });
    let mut includes: Vec<&Path> =
        options.includes.iter().map(PathBuf::as_path).chain(own).collect();
    let mut seen = std::collections::BTreeSet::new();
    includes.retain(|include| seen.insert(*include));
    Builder::new().modules(&files, &includes).map_err(failed)
}

/// The files of the folder.
pub(super) fn files(modules: &Modules) -> Result<BTreeMap<String, String>, Failure> {
    let mut files = BTreeMap::new();
    for module in &modules.files {
        let from = match &module.sources[..] {
            [] => ".proto files".to_owned(),
            sources => sources.join(", "),
        };
        let text = formatted::file(&from, &module.code)
            .map_err(|error| failed(format!("{}: {error}", module.path)))?;
        files.insert(module.path.clone(), text);
    }
    Ok(files)
}
