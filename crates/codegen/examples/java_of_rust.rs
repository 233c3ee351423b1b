//! Writes the Java of Rust sources: `java_of_rust RELEASE FOLDER SOURCE..`. What is left out is said on standard error.
#![allow(clippy::print_stderr, reason = "a program speaks to the person who runs it")]

use std::path::Path;
use std::{env, fs, io};

use dubhe_codegen::java_writer::{JavaRelease, JavaWriter};
use dubhe_codegen::rust_reader;

fn main() -> io::Result<()> {
    let mut args = env::args().skip(1);
    let usage = || io::Error::other("usage: java_of_rust 8|17 FOLDER SOURCE..");
    let release = match args.next().as_deref() {
        Some("8") => JavaRelease::V8,
        Some("17") => JavaRelease::V17,
        _ => return Err(usage()),
    };
    let folder = args.next().ok_or_else(usage)?;
    let sources: Vec<String> = args.collect();
    let api = rust_reader::read(&sources)?;
    let written = JavaWriter::new().release(release).write(&api);
    for note in api.notes.iter().chain(&written.notes) {
        eprintln!("{note}");
    }
    for (path, text) in &written.files {
        let path = Path::new(&folder).join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new(&folder)))?;
        fs::write(path, text)?;
    }
    Ok(())
}
