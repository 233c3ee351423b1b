//! Reads the Java types that Rust sources stand for.
//!
//! Sources are read as they are, without compiling them: `#[dubhe::interface]` traits, and structs and enums
//! with `#[derive(Java)]` or `#[derive(JavaException)]`, under whatever name they are imported. Types of
//! methods and fields are those of the page "Which Rust type is which Java type"; aliases and `use` are followed
//! within the sources.
//!
//! - `Option<T>` is [`Nullable`](crate::model::Nullness), any other type of an object but `Value` is `NonNull`.
//! - An enum of one class a variant is an abstract class, and an interface if what it holds has another superclass or its
//!   documentation says so. The fields with which all subclasses of a class begin are fields of that class, if it has more
//!   than one; not in generated code that is compared, where each class keeps what it has in Rust.
//! - An exception without `#[java(flatten)]` extends `java.lang.Exception`: Rust does not say if it is checked.
//!   Of errors, those with `#[derive(JavaException)]` are in the `throws` clause, and those that generated documentation
//!   names below `# Errors`.
//! - A struct over one `Value` has a class whose fields are not known, so it has none here.
//!
//! Whatever is not understood is left out with a note of its file and line: methods with type parameters, types of
//! other crates, and what macros of the sources write.

mod above;
mod attributes;
mod classes;
mod depth;
mod hierarchy;
mod jdk;
mod load;
mod said;
mod scope;
mod services;
mod types;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::Api;

/// Reads Rust sources from the disk.
///
/// A path is a file, whose `mod` declarations are followed, or a folder. Of a folder (or its `src`) the files `lib.rs`,
/// `main.rs` and `mod.rs` are read in the same way; a folder without them is read with all its `.rs` files.
///
/// # Errors
/// When a path cannot be read, or has no Rust in it. A module whose file is missing or is no Rust is a note.
pub fn read(paths: &[impl AsRef<Path>]) -> io::Result<Api> {
    let paths: Vec<&Path> = paths.iter().map(AsRef::as_ref).collect();
    depth::with_room(|| {
        let mut program = load::Program::default();
        for path in &paths {
            load::from_disk(&mut program, path)?;
        }
        Ok(api(program, false))
    })
}

/// Reads Rust sources from memory: texts by their path, as a folder with these files would be read.
pub fn read_files(files: &BTreeMap<PathBuf, String>) -> Api {
    depth::with_room(|| {
        let mut program = load::Program::default();
        load::from_memory(&mut program, files);
        api(program, false)
    })
}

/// Reads what [`RustWriter`](crate::rust_writer::RustWriter) wrote, to compare it with another: as [`read`], but a type
/// that lies elsewhere is a class that is called like its path in Rust, and what the documentation says of declared
/// types and exceptions counts.
///
/// # Errors
/// When the folder has no `mod.rs`; and where a file that it leads to cannot be read, is missing or is no Rust, since the types
/// in it would be taken for removed: the error names all such files.
pub fn read_generated(folder: impl AsRef<Path>) -> io::Result<Api> {
    let folder = folder.as_ref();
    depth::with_room(|| {
        let mut program = load::Program::default();
        load::generated(&mut program, folder)?;
        if program.notes.is_empty() {
            return Ok(api(program, true));
        }
        let damage: Vec<String> = program.notes.iter().map(ToString::to_string).collect();
        Err(io::Error::new(io::ErrorKind::InvalidData, damage.join("; ")))
    })
}

/// Reads what [`RustWriter`](crate::rust_writer::RustWriter) writes from memory; see [`read_generated`].
pub fn read_generated_files(files: &BTreeMap<PathBuf, String>) -> Api {
    depth::with_room(|| {
        let mut program = load::Program::default();
        load::from_memory(&mut program, files);
        api(program, true)
    })
}

fn api(program: load::Program, is_generated: bool) -> Api {
    let mut api = Api { notes: program.notes.clone(), ..Api::default() };
    let types = types::Types::new(&program, is_generated);
    classes::read(&types, &mut api);
    services::read(&types, &mut api);
    hierarchy::connect(&types, &mut api);
    api
}

/// Reads one file, unless it is no Rust or nested too deeply to be parsed.
pub(crate) fn of_file<T: Send>(
    text: &str,
    read: impl Fn(syn::File) -> Option<T> + Sync,
) -> Option<T> {
    depth::with_room(|| match depth::too_deep(text) {
        None => read(syn::parse_file(text).ok()?),
        Some(_) => None,
    })
}
