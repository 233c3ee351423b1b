//! Files in folders, as imports name them.

use std::path::{Path, PathBuf};

use protox::Error;
use protox::file::{
    ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver,
};

/// The most bytes of a file.
const MAX_BYTES: u64 = 16 << 20;

/// The folders, and behind them the files of `google/protobuf`.
pub(crate) fn resolver(includes: &[impl AsRef<Path>]) -> ChainFileResolver {
    let mut all = ChainFileResolver::new();
    for include in includes {
        let folder = include.as_ref().to_owned();
        all.add(Folder { files: IncludeFileResolver::new(folder.clone()), folder });
    }
    all.add(GoogleFileResolver::new());
    all
}

/// Regular files of a folder: a device may have no end, and to open a pipe waits for somebody who writes to it.
struct Folder {
    files: IncludeFileResolver,
    folder: PathBuf,
}

impl FileResolver for Folder {
    fn resolve_path(&self, path: &Path) -> Option<String> {
        self.files.resolve_path(path)
    }

    fn open_file(&self, name: &str) -> Result<File, Error> {
        let path = self.folder.join(name);
        let refused = |why: &str| {
            let text = format!("cannot read {}: {why}", path.display());
            Err(Error::new(std::io::Error::other(text)))
        };
        match path.metadata() {
            Ok(found) if !found.is_file() => refused("it is no regular file"),
            Ok(found) if found.len() > MAX_BYTES => {
                refused(&format!("it is longer than {MAX_BYTES} bytes"))
            }
            // What cannot be looked at is told by the one who opens it.
            _ => self.files.open_file(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regular_files_of_some_length_are_read() {
        let folder = std::env::temp_dir().join(format!("dubhe-found-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("folder.proto")).unwrap();
        std::fs::write(folder.join("a.proto"), "syntax = \"proto3\";").unwrap();
        let long = std::fs::File::create(folder.join("long.proto")).unwrap();
        long.set_len(MAX_BYTES + 1).unwrap();
        let all = resolver(&[&folder]);
        assert!(all.open_file("a.proto").is_ok());
        assert!(all.open_file("google/protobuf/any.proto").is_ok());
        assert!(all.open_file("none.proto").unwrap_err().is_file_not_found());
        for (name, why) in [
            ("folder.proto", "it is no regular file"),
            ("long.proto", "it is longer than 16777216 bytes"),
        ] {
            let error = all.open_file(name).unwrap_err().to_string();
            let path = folder.join(name);
            assert_eq!(error, format!("cannot read {}: {why}", path.display()));
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
