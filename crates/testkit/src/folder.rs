//! Folders that go when a test ends.

use std::path::{Path, PathBuf};
use std::{env, fs, io, process};

/// An empty folder for one test, removed with everything in it when dropped. Its path is short, as
/// that of a Unix socket must be.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes a folder.
    ///
    /// # Errors
    /// When the directory of temporary files cannot be written to.
    pub fn new() -> io::Result<Self> {
        let mut number = 0;
        loop {
            let path = env::temp_dir().join(format!("dubhe-{}-{number}", process::id()));
            match fs::create_dir(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                made => return made.map(|()| Self(path)),
            }
        }
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left of a failed test is in the directory of temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}
