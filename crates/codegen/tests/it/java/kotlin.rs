//! Null within types as Kotlin's compiler wrote it: `tests/data/kotlin/K.kt`.

use std::path::{Path, PathBuf};

use dubhe_codegen::java_reader::JavaReader;

use super::print;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/kotlin/classes")
}

#[test]
fn null_within_types_is_that_of_kotlin() {
    let api = JavaReader::new().folder(folder()).unwrap().read();
    let printed: Vec<String> = api.types.values().map(print::declared).collect();
    // Overloads with as many parameters are not told apart: `alike` has no null within.
    assert_eq!(printed.concat(), include_str!("../../data/kotlin/K.txt"));
}

#[test]
fn changed_metadata_does_not_panic() {
    for name in ["Svc", "Item", "Box"] {
        let bytes = std::fs::read(folder().join(format!("kt/{name}.class"))).unwrap();
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1 << (at % 8);
            let _ = JavaReader::new().class_bytes(name, &bytes).interfaces(["*"]).read();
        }
    }
}
