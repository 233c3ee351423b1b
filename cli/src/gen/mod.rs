//! `dubhe gen`: Rust of what a Java fleet has, and Java of Rust.

mod compare;
mod options;
mod place;
mod protobuf;
mod recorded;
mod registry;
mod sources;
mod united;
mod unread;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use dubhe_codegen::java_writer::{JavaRelease, JavaWriter};
use dubhe_codegen::proto_writer::ProtoWriter;
use dubhe_codegen::rust_writer::{RustWriter, Unannotated};
use dubhe_codegen::{Api, Note, Written, folder, openapi};

use crate::counted::counted;
use crate::failure::{Failure, remark};
use compare::As;
pub(crate) use options::GenArgs;
use options::{Nulls, Release, To};
use sources::Found;

/// Writes code of the sources, or compares it with what is there.
pub(crate) async fn run(mut options: GenArgs, out: &mut impl Write) -> Result<(), Failure> {
    let kind = sources::kind(&options)?;
    if options.check && options.to != To::Rust {
        return Err(Failure::Usage(
            "error: --check compares the Rust that is there with the sources; with --to java and --to proto it would do nothing"
                .to_owned(),
        ));
    }
    let out_folder = options.out.clone().unwrap_or_else(|| default_folder(options.to));
    is_folder(&out_folder)?;
    if options.to == To::Rust && !options.check {
        place::refuse_two_modules(&out_folder)?;
    }
    let other_options =
        if options.check { recorded::take(&mut options, &out_folder) } else { None };
    let (written, way) = match sources::read(&options, kind).await? {
        // Written, it would take away all that was made before.
        Found::Api(api) if api.types.is_empty() => {
            print(&api.notes);
            return Err(failed(nothing(options.to)));
        }
        Found::Api(api) => {
            let written = write(&options, &api, &out_folder)?;
            if options.to == To::Rust && !options.check {
                unread::refuse_loss(&api.unread, &written, &out_folder)
                    .inspect_err(|_| print(&written.notes))?;
            }
            (written, As::Types)
        }
        Found::OpenApi { text, source } => (of_openapi(&text, &source, options.to)?, As::OpenApi),
        Found::Protobuf(modules) if protobuf::is_empty(&modules) => {
            return Err(failed(nothing(options.to)));
        }
        Found::Protobuf(modules) => {
            let files = protobuf::files(&modules)?;
            (Written { files, notes: Vec::new() }, As::Protobuf(modules.descriptors))
        }
    };
    print(&written.notes);
    if options.check {
        let compared = compare::compare((options.json, way), &written.files, &out_folder, out);
        if let (Err(_), Some(hint)) = (&compared, other_options) {
            remark(&hint);
        }
        return compared;
    }
    // Java and `.proto` may lie beside files of others, in a folder of several programs.
    let prune = options.to == To::Rust;
    let updated = folder::update(&out_folder, &written.files, prune).map_err(failed)?;
    for path in &updated.written {
        writeln!(out, "wrote   {}", path.display())?;
    }
    for path in &updated.removed {
        writeln!(out, "removed {}", path.display())?;
    }
    writeln!(
        out,
        "{} written, {} removed, {} unchanged, {}",
        updated.written.len(),
        updated.removed.len(),
        updated.unchanged,
        counted(written.notes.len(), "note")
    )?;
    if options.to == To::Rust {
        place::hints(&out_folder, &way);
    } else {
        tell_stale(&out_folder, &written.files);
    }
    Ok(())
}

/// Tells of generated files that these do not replace.
fn tell_stale(folder: &Path, files: &BTreeMap<String, String>) {
    // What is written is right, whether the rest can be read or not.
    let stale = folder::stale(folder, files).unwrap_or_default();
    if let Some(first) = stale.first() {
        remark(&format!(
            "hint: {} of an earlier run kept, such as {}: other programs may write to this folder; remove what \
             nobody needs",
            counted(stale.len(), "file"),
            first.display()
        ));
    }
}

fn print(notes: &[Note]) {
    for note in notes {
        remark(&format!("note: {note}"));
    }
}

/// The failure of sources in which nothing is.
fn nothing(to: To) -> String {
    let more = match to {
        To::Rust => "",
        To::Java | To::Proto => ": no trait has #[dubhe::interface], and no type #[derive(Java)]",
    };
    format!("there is nothing to write code of{more}; nothing is changed")
}

/// Refuses an output that is there and no folder.
fn is_folder(path: &Path) -> Result<(), Failure> {
    match std::fs::metadata(path) {
        Ok(found) if !found.is_dir() => Err(failed(format!(
            "{} is no folder: --out names the folder with all generated files",
            path.display()
        ))),
        _ => Ok(()),
    }
}

fn default_folder(to: To) -> PathBuf {
    match to {
        To::Rust => "src/api",
        To::Java => "java",
        To::Proto => "proto",
    }
    .into()
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::Failed(format!("error: {error}"))
}

/// The files of a model.
fn write(options: &GenArgs, api: &Api, folder: &Path) -> Result<Written, Failure> {
    let mut written = match options.to {
        To::Rust => {
            let writer = rust_writer(options)?;
            if let Some(wrong) = writer.wrong_rename(api) {
                return Err(Failure::Usage(format!("error: {wrong}")));
            }
            let mut written = writer.write(api);
            recorded::write(options, &mut written.files);
            written
        }
        To::Java => {
            let release = match options.release {
                Some(Release::V17) => JavaRelease::V17,
                Some(Release::V8) | None => JavaRelease::V8,
            };
            let mut writer = JavaWriter::new().release(release);
            if let Some(group) = &options.group_id {
                writer = writer.group_id(group);
            }
            if let Some(artifact) = &options.artifact_id {
                writer = writer.artifact_id(artifact);
            }
            if let Some(version) = &options.artifact_version {
                writer = writer.version(version);
            }
            writer.write(api)
        }
        To::Proto => {
            // The names of the files come first: those of before have the numbers.
            let first = ProtoWriter::new().write(api);
            let mut writer = ProtoWriter::new();
            for name in first.files.keys() {
                if let Ok(text) = folder::read(&folder.join(name)) {
                    writer = writer.existing(name, text);
                }
            }
            writer.write(api)
        }
    };
    written.notes.splice(0..0, api.notes.iter().cloned());
    Ok(written)
}

fn rust_writer(options: &GenArgs) -> Result<RustWriter, Failure> {
    let unannotated = match options.unannotated.unwrap_or(Nulls::Default) {
        Nulls::Default => Unannotated::default(),
        Nulls::Nullable => Unannotated { fields: true, results: true, parameters: true },
        Nulls::NonNull => Unannotated { fields: false, results: false, parameters: false },
    };
    let mut writer = RustWriter::new().unannotated(unannotated);
    for text in &options.types {
        let (java, rust) = pair(text, "--type", "org.example.Money=crate::Money")?;
        writer = writer.override_type(java, rust);
    }
    for text in &options.renames {
        let (java, rust) = pair(text, "--rename", "org.example.Order=PurchaseOrder")?;
        writer = writer.rename(java, rust);
    }
    for classes in &options.exact {
        writer = writer.exact(classes);
    }
    for members in &options.nullable {
        writer = writer.nullable(members);
    }
    for members in &options.non_null {
        writer = writer.non_null(members);
    }
    for text in &options.methods {
        let (java, option) = pair(text, "--method", "org.example.Orders.find=context")?;
        let wrong = |error| Failure::Usage(format!("error: --method {text:?}: {error}"));
        writer = writer.method(java, option.parse().map_err(wrong)?);
    }
    match writer.wrong_option() {
        Some(wrong) => Err(Failure::Usage(format!("error: {wrong}"))),
        None => Ok(writer),
    }
}

fn pair<'a>(text: &'a str, option: &str, example: &str) -> Result<(&'a str, &'a str), Failure> {
    let pair = text.split_once('=').filter(|(java, rust)| !java.is_empty() && !rust.is_empty());
    let wrong = || format!("error: {option} {text:?}: write JAVA=RUST, such as {example}");
    pair.ok_or_else(|| Failure::Usage(wrong()))
}

fn of_openapi(text: &str, source: &str, to: To) -> Result<Written, Failure> {
    let made = openapi::generate(text, source).map_err(|error| match error {
        openapi::OpenApiError::Nothing { notes, .. } => {
            print(&notes);
            failed(nothing(to))
        }
        error => failed(error),
    })?;
    let files = BTreeMap::from([("mod.rs".to_owned(), made.rust)]);
    Ok(Written { files, notes: made.notes })
}
