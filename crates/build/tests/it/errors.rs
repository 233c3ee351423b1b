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

/// The error of compiling the body of a proto2 file of the package `p`; of proto3, protobuf itself
/// refuses more.
fn refused(test: &str, body: &str) -> String {
    error(test, &format!("syntax = \"proto2\";\npackage p;\n{body}\n"))
}

#[test]
fn two_items_of_one_name_in_rust_are_both_named() {
    let end = "in Rust, where case and underscores make no difference; rename one of them";
    for (test, body, first, second, rust) in [
        (
            "types",
            "message FooBar {} enum foo_bar { A = 0; }",
            "message `p.FooBar`",
            "enum `p.foo_bar`",
            "p::FooBar",
        ),
        (
            "fields",
            "message M { optional int32 URL = 1; optional int32 url = 2; }",
            "field `URL` of `p.M`",
            "field `url` of `p.M`",
            "p::M.url",
        ),
        (
            "field_and_oneof",
            "message M { optional int32 aB = 1; oneof a_b { int32 c = 2; } }",
            "oneof `a_b` of `p.M`",
            "field `aB` of `p.M`",
            "p::M.a_b",
        ),
        (
            "in_a_oneof",
            "message M { oneof o { int32 XY = 1; int32 Xy = 2; } }",
            "field `XY` of `p.M`",
            "field `Xy` of `p.M`",
            "p::m::O::Xy",
        ),
        (
            "values",
            "enum E { AB = 0; E_AB = 1; }",
            "value `AB` of enum `p.E`",
            "value `E_AB` of enum `p.E`",
            "p::E::Ab",
        ),
        (
            "setters",
            "enum E { A = 0; } message M { optional E x = 1; optional E set_x = 2; }",
            "field `x` of `p.M`",
            "field `set_x` of `p.M`",
            "p::M::set_x()",
        ),
        (
            "one_of",
            "message M { message O {} oneof o { int32 a = 1; } message OOneOf {} }",
            "oneof `o` of `p.M`",
            "message `p.M.OOneOf`",
            "p::m::OOneOf",
        ),
    ] {
        let file = "wrong.proto";
        assert_eq!(
            refused(test, body),
            format!("{first} ({file}) and {second} ({file}) are both `{rust}` {end}"),
        );
    }
}

#[test]
fn two_files_are_both_named() {
    let directory = directory("two_files");
    let inner = "syntax = \"proto3\"; package a; message Sub { message X {} }";
    let package = "syntax = \"proto3\"; package a.sub; message X {}";
    let files = [("one.proto", inner), ("two.proto", package)];
    let files = files.map(|(name, text)| {
        let path = directory.join(name);
        fs::write(&path, text).unwrap();
        path
    });
    let error = Builder::new().out_dir(&directory).compile(&files, &[&directory]).unwrap_err();
    let both =
        "message `a.Sub.X` (one.proto) and message `a.sub.X` (two.proto) are both `a::sub::X`";
    assert!(error.to_string().starts_with(both), "{error}");
}

#[test]
fn what_has_no_name_in_rust_is_refused() {
    for (test, body, item) in [
        ("underscore", "message M { optional int32 _ = 1; }", "field `_` of `p.M` (wrong.proto)"),
        ("digit", "enum E { _1 = 0; }", "value `_1` of enum `p.E` (wrong.proto)"),
        (
            "map_of_enums",
            "enum E { A = 0; } message M { map<string, E> type = 1; }",
            "field `type` of `p.M` (wrong.proto), a map of enums called `type`,",
        ),
    ] {
        assert_eq!(refused(test, body), format!("{item} has no name in Rust; rename it"));
    }
}

#[test]
fn editions_are_refused_by_name() {
    for edition in ["2023", "2024"] {
        let text = format!("// New.\nedition = \"{edition}\";\nmessage M {{ int32 id = 1; }}\n");
        assert_eq!(
            error(&format!("edition_{edition}"), &text),
            format!(
                "wrong.proto is written in edition {edition}, which is not read yet; write syntax \
                 = \"proto3\" or \"proto2\" in its place"
            )
        );
    }
}
