//! Writes the Java of Rust sources: `java_of_rust FOLDER SOURCE..`. What is left out is said on standard error.
#![allow(clippy::print_stderr, reason = "a program speaks to the person who runs it")]

use std::path::Path;
use std::{env, fs, io};

use dubhe_codegen::java_writer::{JavaRelease, JavaWriter};
use dubhe_codegen::rust_reader;

fn main() -> io::Result<()> {
    let mut args = env::args().skip(1);
    let folder =
        args.next().ok_or_else(|| io::Error::other("usage: java_of_rust FOLDER SOURCE.."))?;
    let sources: Vec<String> = args.collect();
    let api = rust_reader::read(&sources)?;
    let written = JavaWriter::new().release(JavaRelease::V17).write(&api);
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
