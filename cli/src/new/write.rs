//! The folder of a project, which is there whole or not at all.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::{fs, io, process};

use super::files::File;
use crate::failure::Failure;

/// Refuses a folder that has something in it, and whatever is not a folder.
pub(super) fn check(folder: &Path) -> Result<(), Failure> {
    let why = match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => return Ok(()),
            Some(_) => "is there and not empty",
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {
            // A link to nowhere is found by this alone.
            match folder.symlink_metadata() {
                Err(_) => return Ok(()),
                Ok(_) => "is a link to nowhere",
            }
        }
        Err(error) if error.kind() == ErrorKind::NotADirectory => "is there and no folder",
        Err(error) => return Err(failed("read", folder, &error)),
    };
    let folder = folder.display();
    Err(Failure::Failed(format!("error: {folder} {why}\nhint: nothing was written")))
}

/// Writes the files beside `folder` and gives the whole its name at the end.
pub(super) fn write(folder: &Path, files: &[File]) -> Result<(), Failure> {
    let aside = Aside::new(folder)?;
    for file in files {
        let path = aside.0.join(file.path);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::write(&path, &file.text))
            .map_err(|error| failed("write", &path, &error))?;
    }
    check(folder)?;
    // Elsewhere than on Unix an empty folder is not replaced.
    if cfg!(not(unix)) && folder.is_dir() {
        fs::remove_dir(folder).map_err(|error| failed("replace", folder, &error))?;
    }
    fs::rename(&aside.0, folder).map_err(|error| failed("make", folder, &error))
}

fn failed(what: &str, path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    Failure::Failed(format!("error: cannot {what} {path}: {error}\nhint: nothing was written"))
}

/// A folder beside the one that is to be, removed unless it has become that one.
struct Aside(PathBuf);

impl Aside {
    fn new(folder: &Path) -> Result<Self, Failure> {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let path = folder.with_file_name(format!(".{name}.{}", process::id()));
        fs::create_dir(&path).map_err(|error| failed("make", &path, &error))?;
        Ok(Self(path))
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // It is not there when it has its name.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [File; 2] = [
        File { path: "Cargo.toml", text: String::new() },
        File { path: "src/main.rs", text: String::new() },
    ];

    fn entries(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_new_and_an_empty_folder_are_filled() {
        let home = dubhe_testkit::Folder::new().unwrap();
        fs::create_dir(home.path().join("empty")).unwrap();
        for name in ["new", "empty"] {
            let folder = home.path().join(name);
            check(&folder).unwrap();
            write(&folder, &FILES).unwrap();
            assert_eq!(entries(&folder), ["Cargo.toml", "src"]);
        }
        assert_eq!(entries(home.path()), ["empty", "new"]);
    }

    #[test]
    fn what_is_there_stays_and_nothing_is_left_behind() {
        let home = dubhe_testkit::Folder::new().unwrap();
        fs::create_dir(home.path().join("full")).unwrap();
        fs::write(home.path().join("full/mine"), "").unwrap();
        fs::write(home.path().join("file"), "").unwrap();
        for (name, why) in [("full", "not empty"), ("file", "no folder")] {
            let folder = home.path().join(name);
            for refused in [check(&folder), write(&folder, &FILES)] {
                let Err(Failure::Failed(text)) = refused else { panic!("{name}") };
                assert!(text.contains(why) && text.contains("nothing was written"), "{text}");
            }
        }
        // A file that is in the way of a folder, in the middle of writing.
        let [manifest, main] = FILES;
        let clash = [manifest, main, File { path: "src/main.rs/x", text: String::new() }];
        assert!(write(&home.path().join("clash"), &clash).is_err());
        assert_eq!(entries(home.path()), ["file", "full"]);
        assert_eq!(entries(&home.path().join("full")), ["mine"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_nowhere_is_refused() {
        let home = dubhe_testkit::Folder::new().unwrap();
        let link = home.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert!(check(&link).is_err());
    }
}
