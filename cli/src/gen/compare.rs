//! `dubhe gen --check`: what would be written beside what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use dubhe_codegen::check::{self, Change};
use dubhe_codegen::{Note, rust_reader};

use super::failed;
use crate::counted::counted;
use crate::failure::{Failure, remark};

/// The way in which generated files are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum As {
    /// Comparison of the types of Java that they stand for.
    Types,
    /// Comparison of the text: of an OpenAPI document, whose types are none of Java.
    Text,
}

/// The differences, and what could not be compared as types.
struct Compared {
    changes: Vec<Change>,
    /// Each with `true` where the text of its file differs.
    unread: Vec<(Note, bool)>,
}

/// Prints what differs between `files` and those in `folder`, and fails if anything does.
pub(super) fn compare(
    (json, way): (bool, As),
    files: &BTreeMap<String, String>,
    folder: &Path,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let differing: BTreeSet<&str> = files
        .iter()
        .filter(|(name, text)| {
            !std::fs::read_to_string(folder.join(name)).is_ok_and(|there| there == **text)
        })
        .map(|(name, _)| name.as_str())
        .collect();
    let Compared { changes, unread } = match way {
        As::Types => types(files, folder, &differing)?,
        As::Text => Compared { changes: texts(files, folder)?, unread: Vec::new() },
    };
    for (Note { at, text }, _) in &unread {
        remark(&format!("note: {at}: is not compared: {text}"));
    }
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(&changes).map_err(failed)?)?;
    } else {
        for change in &changes {
            writeln!(out, "{change}")?;
        }
    }
    let (shown, take) = (folder.display(), "run the command without --check");
    if !changes.is_empty() {
        let count = counted(changes.len(), "difference");
        return Err(failed(format!("{count} from {shown}; {take} to take the fleet as it is now")));
    }
    let unread = unread.iter().filter(|(_, differs)| *differs).count();
    if unread > 0 {
        let count = counted(unread, "part");
        return Err(failed(format!(
            "{count} of {shown} could not be compared, and the text there differs; {take} and look at what changed"
        )));
    }
    if !json {
        let text = match differing.len() {
            0 => "no differences".to_owned(),
            others => format!("no differences, but for the text of {}", counted(others, "file")),
        };
        writeln!(out, "{text}")?;
    }
    Ok(())
}

/// Compares the types of Java that both stand for.
fn types(
    files: &BTreeMap<String, String>,
    folder: &Path,
    differing: &BTreeSet<&str>,
) -> Result<Compared, Failure> {
    let there = rust_reader::read_generated(folder).map_err(|error| first(&error))?;
    let now = files.iter().map(|(name, text)| (PathBuf::from(name), text.clone())).collect();
    let now = rust_reader::read_generated_files(&now);
    let mut changes = check::differences(&there, &now);
    changes.sort();
    let mut unread: BTreeMap<(String, String), (Note, bool)> = BTreeMap::new();
    for note in there.notes.into_iter().chain(now.notes) {
        let file = note.at.rsplit_once(':').map_or(&*note.at, |(file, _)| file);
        let inside = Path::new(file).strip_prefix(folder).unwrap_or(Path::new(file));
        let name = inside.to_string_lossy().replace('\\', "/");
        // A note that names no file may be of any.
        let differs = if files.contains_key(&name) {
            differing.contains(&*name)
        } else {
            !differing.is_empty()
        };
        unread.entry((name, note.text.clone())).or_insert((note, differs));
    }
    Ok(Compared { changes, unread: unread.into_values().collect() })
}

/// Compares texts, of each file up to its first difference.
fn texts(files: &BTreeMap<String, String>, folder: &Path) -> Result<Vec<Change>, Failure> {
    let mut changes = Vec::new();
    for (name, text) in files {
        let path = folder.join(name);
        let at = path.display().to_string();
        let there = std::fs::read_to_string(&path).map_err(|error| {
            let text = format!("cannot read {at}: {error}");
            first(&std::io::Error::new(error.kind(), text))
        })?;
        changes.extend(check::text_difference(&at, &there, text));
    }
    Ok(changes)
}

/// The failure of a folder in which nothing is.
fn first(error: &std::io::Error) -> Failure {
    failed(format!("{error}; run the command without --check first"))
}
