//! `dubhe gen`, in a folder of its own.

mod back;
mod check;
mod classes;
mod documents;
mod place;
mod protobuf;
mod refused;
mod registry;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use dubhe_testkit::Folder;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::support::{ProgramOutput, command, ended};

/// The classes and sources from which the tests of the reader are.
fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/codegen/tests/data").join(path)
}

/// The folder of a project, in which the program runs.
struct Project(Folder);

impl Project {
    fn new() -> Self {
        Self(Folder::new().unwrap())
    }

    /// A project with a jar of two interfaces, `sample.Listener` and `sample.Notifier`, and an enum.
    fn with_api() -> Self {
        let project = Self::new();
        project.jar("api.jar", &api());
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The files of a folder, without those of folders in it, with their texts.
    fn texts(&self, name: &str) -> BTreeMap<PathBuf, String> {
        let files = fs::read_dir(self.path(name)).unwrap().map(|of| of.unwrap().path());
        files
            .filter(|path| path.is_file())
            .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
            .collect()
    }

    /// Writes a jar of these files.
    fn jar(&self, name: &str, files: &[(String, Vec<u8>)]) {
        let mut writer = ZipWriter::new(fs::File::create(self.path(name)).unwrap());
        for (name, bytes) in files {
            writer.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap();
    }

    /// Runs `dubhe gen` with these words.
    fn generate(&self, line: &str) -> ProgramOutput {
        let args: Vec<&str> = ["gen"].into_iter().chain(line.split(' ')).collect();
        ended(command(&args).current_dir(self.0.path()).output().unwrap())
    }

    /// The output of a line that works, and says nothing besides.
    fn ok(&self, line: &str) -> String {
        let ProgramOutput { code, out, err } = self.generate(line);
        assert_eq!((code, &*err), (0, ""), "{line}: {out}");
        out
    }
}

/// A class of the sample, under its name in a jar.
fn class(name: &str) -> (String, Vec<u8>) {
    let name = format!("sample/{name}.class");
    let bytes = fs::read(data("classes").join(&name)).unwrap();
    (name, bytes)
}

/// The class under another name, or with another member: a name for one of the same length.
fn with((file, bytes): (String, Vec<u8>), from: &str, to: &str) -> (String, Vec<u8>) {
    assert_eq!(from.len(), to.len());
    let is_name = |at: &usize| bytes[*at..].starts_with(from.as_bytes());
    let found: Vec<usize> = (0..bytes.len()).filter(is_name).collect();
    assert!(!found.is_empty(), "{file} has no {from}");
    let mut changed = bytes.clone();
    for at in found {
        changed[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    (file.replace(from, to), changed)
}

/// The files of `api.jar`.
fn api() -> [(String, Vec<u8>); 4] {
    let listener = class("Listener");
    let notifier = with(listener.clone(), "Listener", "Notifier");
    [listener, notifier, class("State"), class("State$1")]
}
