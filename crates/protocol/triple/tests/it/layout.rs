//! The layout of the source.

use std::fs;
use std::path::{Path, PathBuf};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn only_the_transport_names_its_libraries() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut all, mut naming) = (Vec::new(), 0);
    files(&source, &mut all);
    for path in all {
        let text = fs::read_to_string(&path).unwrap();
        let mut code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        if code
            .any(|line| ["h2::", "hyper::", "hyper_util::"].iter().any(|name| line.contains(name)))
        {
            assert!(path.starts_with(source.join("transport")), "{}", path.display());
            naming += 1;
        }
    }
    assert!(naming > 0);
}
