//! `dubhe gen --check`: what would be written beside what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use dubhe_build::Modules;
use dubhe_codegen::check::{self, Change};
use dubhe_codegen::{Note, folder, rust_reader};

use super::failed;
use crate::counted::counted;
use crate::failure::{Failure, remark};

/// The way in which generated files are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum As {
    /// Comparison of the types of Java that they stand for.
    Types,
    /// Comparison of the operations and schemas of an OpenAPI document that they stand for, and of the text.
    OpenApi,
    /// Comparison of messages and services by their descriptors, of today these, and of the text.
    Protobuf(Vec<u8>),
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
    let there = Folder::read(folder, files)?;
    let differing: BTreeSet<&str> = files
        .iter()
        .filter(|(name, text)| there.texts.get(name.as_str()) != Some(*text))
        .map(|(name, _)| name.as_str())
        .collect();
    let of_text = |changes| Compared { changes, unread: Vec::new() };
    let Compared { changes, unread } = match way {
        As::Types => types(files, folder, &there)?,
        As::OpenApi => of_text(operations(files, folder, &there)),
        As::Protobuf(descriptors) => {
            let changes = messages(files, &there, &descriptors);
            of_text(if changes.is_empty() { texts(files, folder, &there) } else { changes })
        }
    };
    for (Note { at, text }, _) in &unread {
        let text = format!("is not compared: {text}");
        remark(&format!("note: {}", Note { at: at.clone(), text }));
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
        return Err(failed(format!("{count} from {shown}; {take} to write what is new")));
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
    old: &Folder,
) -> Result<Compared, Failure> {
    // A comment changes nothing that is left out.
    let differing: BTreeSet<&str> = files
        .iter()
        .filter(|(name, text)| {
            !old.texts.get(*name).is_some_and(|before| check::is_same_code(before, text))
        })
        .map(|(name, _)| name.as_str())
        .collect();
    let there = rust_reader::read_generated(folder).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => damaged(folder, &error),
        _ => first(&error),
    })?;
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

/// Compares operations and schemas; and texts, where these are the same or cannot be read.
fn operations(files: &BTreeMap<String, String>, folder: &Path, there: &Folder) -> Vec<Change> {
    let before = |name: &String| there.texts.get(name).map(String::as_str).unwrap_or_default();
    let found =
        files.iter().filter_map(|(name, text)| check::openapi_differences(before(name), text));
    let found: Vec<Change> = found.flatten().collect();
    let is_same = |(name, text): (&String, &String)| check::is_same_code(before(name), text);
    if !found.is_empty() || files.iter().all(is_same) && there.stale.is_empty() {
        return found;
    }
    texts(files, folder, there)
}

/// Compares messages and services, if there are descriptors to compare with.
fn messages(files: &BTreeMap<String, String>, there: &Folder, descriptors: &[u8]) -> Vec<Change> {
    let of_before = files.keys().find_map(|name| Modules::descriptors_of(there.texts.get(name)?));
    of_before.map(|before| check::protobuf_differences(&before, descriptors)).unwrap_or_default()
}

/// Compares texts, of each file up to its first difference, and finds files that are missing and those that nothing is
/// generated for any more.
fn texts(files: &BTreeMap<String, String>, folder: &Path, there: &Folder) -> Vec<Change> {
    let mut changes = Vec::new();
    for (name, text) in files {
        let at = folder.join(name).display().to_string();
        let before = there.texts.get(name).map(String::as_str).unwrap_or_default();
        changes.extend(check::text_difference(&at, before, text));
    }
    for path in &there.stale {
        changes.extend(check::text_difference(&path.display().to_string(), GONE, ""));
    }
    changes
}

/// The text of a file for which nothing is generated any more, in short.
const GONE: &str = "the file, for which there is no source any more";

/// The texts that are there.
struct Folder {
    texts: BTreeMap<String, String>,
    /// The generated files for which nothing is generated any more.
    stale: Vec<PathBuf>,
}

impl Folder {
    /// Reads the files that are there of those that are generated.
    fn read(folder: &Path, files: &BTreeMap<String, String>) -> Result<Self, Failure> {
        std::fs::read_dir(folder).map_err(|error| {
            let text = format!("cannot read {}: {error}", folder.display());
            first(&io::Error::new(error.kind(), text))
        })?;
        let mut texts = BTreeMap::new();
        for name in files.keys() {
            let path = folder.join(name);
            match folder::read(&path) {
                Ok(text) => drop(texts.insert(name.clone(), text)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(damaged(folder, &error)),
            }
        }
        if !texts.contains_key("mod.rs") {
            let path = folder.join("mod.rs");
            let text = format!("cannot read {}: there is no such file", path.display());
            return Err(first(&io::Error::new(io::ErrorKind::NotFound, text)));
        }
        let stale = folder::stale(folder, files).map_err(failed)?;
        Ok(Self { texts, stale })
    }
}

/// The failure of a folder in which nothing is.
fn first(error: &io::Error) -> Failure {
    failed(format!("{error}; run the command without --check first"))
}

/// The failure of a folder with files that cannot be compared.
fn damaged(folder: &Path, error: &io::Error) -> Failure {
    failed(format!(
        "{} is damaged: {error}; run the command without --check, which writes it anew, and look at what changed",
        folder.display()
    ))
}
