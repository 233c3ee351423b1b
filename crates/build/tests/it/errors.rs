//! The errors that the author of a wrong `.proto` file reads.
use std::fs;
use std::path::PathBuf;

use dubhe_build::Builder;

/// An empty directory of this test's own.
fn directory(test: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// The error of compiling `text` as `wrong.proto`, as `main` of a build script prints it.
fn error(test: &str, text: &str) -> String {
    let directory = directory(test);
    let file = directory.join("wrong.proto");
    fs::write(&file, text).unwrap();
    let outcome = Builder::new().out_dir(&directory).compile(&[&file], &[&directory]);
    let error = format!("{:?}", outcome.unwrap_err());
    error.replace(directory.to_str().unwrap(), "")
}

#[test]
fn the_place_of_a_mistake_is_told() {
    let text = "syntax = \"proto3\";\n\nmessage Word {\n  string text = 0;\n}\n";
    assert_eq!(
        error("number", text),
        "wrong.proto:4:17: message numbers must be between 1 and 536870911"
    );
}

#[test]
fn an_unknown_type_is_named() {
    let text = "syntax = \"proto3\";\nservice S {\n  rpc Say(Wrod) returns (Wrod);\n}\n";
    assert_eq!(error("unknown", text), "wrong.proto:3:11: name 'Wrod' is not defined");
}

#[test]
fn syntax_is_pointed_at() {
    assert_eq!(
        error("syntax", "syntax = \"proto3\";\nmessage {\n}\n"),
        "wrong.proto:2:9: expected an identifier, but found '{'"
    );
}

#[test]
fn a_missing_import_is_named() {
    assert_eq!(
        error("import", "syntax = \"proto3\";\nimport \"gone.proto\";\n"),
        "wrong.proto:2:1: import 'gone.proto' not found"
    );
}

#[test]
fn a_directory_that_cannot_be_written_to_is_named() {
    let directory = directory("unwritable");
    let file = directory.join("right.proto");
    fs::write(&file, "syntax = \"proto3\";\n").unwrap();
    let gone = directory.join("gone");
    let error = Builder::new().out_dir(&gone).compile(&[&file], &[&directory]).unwrap_err();
    let text = format!("cannot write {}: ", gone.join("dubhe.descriptors.bin").display());
    assert!(error.to_string().starts_with(&text), "{error}");
}

#[test]
fn a_side_that_is_not_wanted_is_not_made() {
    let made = |test: &str, server: bool, client: bool| {
        let directory = directory(test);
        let file = directory.join("s.proto");
        let text = "syntax = \"proto3\";\npackage p;\nmessage M {}\nservice S { rpc Do(M) returns (M); }\n";
        fs::write(&file, text).unwrap();
        let builder = Builder::new().out_dir(&directory).server(server).client(client);
        builder.compile(&[&file], &[&directory]).unwrap();
        let code = fs::read_to_string(directory.join("p.rs")).unwrap();
        ["trait S", "struct SServer", "struct SClient"].map(|item| code.contains(item))
    };
    assert_eq!(made("both", true, true), [true, true, true]);
    assert_eq!(made("server", true, false), [true, true, false]);
    assert_eq!(made("client", false, true), [false, false, true]);
}
