//! Sources that could not be read, and the generated code that would go with them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use dubhe_codegen::check::{self, Change, What};
use dubhe_codegen::{Written, folder, rust_reader};

use super::failed;
use crate::counted::counted;
use crate::failure::Failure;

/// Refuses to take code away where a part of the sources could not be read: what is in it may be that code.
pub(super) fn refuse_loss(
    unread: &BTreeSet<String>,
    written: &Written,
    folder: &Path,
) -> Result<(), Failure> {
    let Some(first) = unread.first() else { return Ok(()) };
    let lost = lost(written, folder)?;
    let Some(example) = lost.first() else { return Ok(()) };
    let others = match unread.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Err(failed(format!(
        "{first}{others} could not be read, and {} of {} would go, such as {example}: nothing is changed; give sources that \
         are whole or, if nobody needs what would go, remove the folder first",
        counted(lost.len(), "part"),
        folder.display()
    )))
}

/// The types and methods that a folder has and `written` has not, by their names in Java; files, where these are not read.
fn lost(written: &Written, folder: &Path) -> Result<Vec<String>, Failure> {
    let stale = folder::stale(folder, &written.files).map_err(failed)?;
    let files = written.files.iter().map(|(name, text)| (PathBuf::from(name), text.clone()));
    let now = rust_reader::read_generated_files(&files.collect());
    let changes = match rust_reader::read_generated(folder) {
        Ok(there) => check::differences(&there, &now),
        Err(_) => Vec::new(),
    };
    let is_loss = |change: &&Change| {
        matches!(change.what, What::ServiceRemoved | What::MethodRemoved | What::ClassRemoved)
    };
    let name = |change: &Change| match &change.member {
        Some(member) => format!("{}.{member}", change.ty),
        None => change.ty.clone(),
    };
    let mut lost: Vec<String> = changes.iter().filter(is_loss).map(name).collect();
    if lost.is_empty() {
        lost.extend(stale.iter().map(|path| path.display().to_string()));
    }
    Ok(lost)
}
