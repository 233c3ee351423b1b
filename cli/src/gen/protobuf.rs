//! Rust of `.proto` files, kept in a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dubhe_build::{Builder, Modules};
use dubhe_codegen::{formatted, input};
use prost::Message as _;
use prost_types::FileDescriptorSet;

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
    // The compiler looks for it in every folder, and says that it is in none.
    for file in &files {
        input::open(file, input::MAX_TEXT)
            .map_err(|error| failed(format!("cannot read {}: {error}", file.display())))?;
    }
    Builder::new().modules(&files, &includes).map_err(|error| {
        let mut text = error.to_string();
        if text.contains("import '") && text.ends_with("not found") {
            text += "; name the folder that it is in with --include";
        }
        failed(text)
    })
}

/// Returns `true` if the sources define nothing.
pub(super) fn is_empty(modules: &Modules) -> bool {
    FileDescriptorSet::decode(&*modules.descriptors).is_ok_and(|set| {
        set.file.iter().all(|file| {
            file.message_type.is_empty()
                && file.enum_type.is_empty()
                && file.service.is_empty()
                && file.extension.is_empty()
        })
    })
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
