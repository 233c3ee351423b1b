//! The layout of the source.

use std::fs;
use std::path::{Path, PathBuf};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// The library of HTTP/2 is named in one folder, that of HTTP/1.1 in another.
#[test]
fn each_library_is_named_in_one_place() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut all, mut naming) = (Vec::new(), 0);
    files(&source, &mut all);
    let tests = source.join("transport/tests.rs");
    for path in all.iter().filter(|path| **path != tests) {
        let text = fs::read_to_string(path).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            let home = if line.contains("h2::") {
                "transport/http2"
            } else if line.contains("hyper::") || line.contains("hyper_util::") {
                "transport/http1"
            } else {
                continue;
            };
            assert!(path.starts_with(source.join(home)), "{}: {line}", path.display());
            naming += 1;
        }
    }
    assert!(naming > 0);
}
