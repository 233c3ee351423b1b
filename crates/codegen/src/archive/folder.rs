//! Files of a folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Entry, Error, Reader, Visit, source_of};

/// Levels of folders that are looked into.
const DEPTH: usize = 128;

pub(super) fn walk(
    reader: &mut Reader,
    root: &Path,
    suffix: &str,
    visit: Visit<'_>,
) -> Result<(), Error> {
    let mut files = Vec::new();
    list(root, String::new(), suffix, DEPTH, &mut files)
        .map_err(|(path, source)| Error::Io { path, source })?;
    files.sort();
    let source = source_of(root);
    for (name, path) in files {
        match reader.file(&path) {
            Ok(Some(bytes)) => {
                visit(Entry { name: &name, source: &source, is_library: false, bytes });
            }
            Ok(None) => {}
            Err(error) => reader.note(&name, format!("{error}; it is passed over")),
        }
    }
    Ok(())
}

/// Adds the files below `folder` by their names with `/`. Links to folders are not followed: they may
/// lead in a circle.
fn list(
    folder: &Path,
    prefix: String,
    suffix: &str,
    depth: usize,
    files: &mut Vec<(String, PathBuf)>,
) -> Result<(), (PathBuf, io::Error)> {
    let Some(depth) = depth.checked_sub(1) else { return Ok(()) };
    let failed = |error| (folder.to_owned(), error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let path = entry.path();
        if entry.file_type().map_err(failed)?.is_dir() {
            list(&path, format!("{name}/"), suffix, depth, files)?;
        } else if name.ends_with(suffix) && path.is_file() {
            files.push((name, path));
        }
    }
    Ok(())
}
