//! The model of Java types to `.proto` files, which `dubhe-build` compiles.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, process};

use dubhe_codegen::proto_writer::ProtoWriter;
use dubhe_codegen::rust_reader;
use dubhe_codegen::{Api, Written};

use crate::shop;

const SHOP: &str = "org/example/shop.proto";

fn file<'a>(written: &'a Written, path: &str) -> &'a str {
    written
        .files
        .get(path)
        .unwrap_or_else(|| panic!("{:?} {:?}", written.files.keys(), written.notes))
}

/// A folder that is removed with its owner.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Compiles all files, and returns the generated Rust.
fn compile(name: &str, written: &Written) -> String {
    let folder = env::temp_dir().join(format!("dubhe-codegen-{name}-{}", process::id()));
    let folder = Folder(folder);
    let out = folder.0.join("out");
    fs::create_dir_all(&out).unwrap();
    let paths: Vec<PathBuf> = written.files.keys().map(|path| folder.0.join(path)).collect();
    for (path, text) in paths.iter().zip(written.files.values()) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let built = dubhe_build::Builder::new().out_dir(&out).compile(&paths, &[&folder.0]);
    built.unwrap_or_else(|error| panic!("{error}\n{:#?}", written.files));
    let mut texts: Vec<PathBuf> =
        fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path()).collect();
    texts.sort();
    let is_rust = |path: &&PathBuf| path.extension() == Some("rs".as_ref());
    texts
        .iter()
        .filter(is_rust)
        .map(|path: &PathBuf| fs::read_to_string(path as &Path).unwrap())
        .collect()
}

#[test]
fn the_shop_is_written_and_compiles() {
    let written = ProtoWriter::new().write(&shop::api());
    let golden = [
        ("org/example/customers.proto", include_str!("golden/customers.proto")),
        ("org/example/new.proto", include_str!("golden/new.proto")),
        ("org/example/pets.proto", include_str!("golden/pets.proto")),
        (SHOP, include_str!("golden/shop.proto")),
    ];
    assert_eq!(
        written.files.keys().collect::<Vec<_>>(),
        golden.iter().map(|(path, _)| *path).collect::<Vec<_>>()
    );
    for (path, expected) in golden {
        assert_eq!(file(&written, path), expected, "{path}");
    }
    let rust = compile("shop", &written);
    for part in ["pub trait Orders", "async fn find", "pub struct PageOfOrder"] {
        assert!(rust.contains(part) || rust.contains(&part.replace("async fn", "fn")), "{part}");
    }
}

#[test]
fn what_protocol_buffers_cannot_have_is_a_note() {
    let written = ProtoWriter::new().write(&shop::api());
    let notes: Vec<String> = written.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "org.example.shop.Orders.listAll: the method is left out: another method is called `ListAll` there, and a service has no overloads; give it another name, such as with #[java(name = \"..\")]",
            "org.example.shop.Orders.any: the method is left out: java.lang.Object may be anything: take a struct or an enum",
            "org.example.shop.Orders.many: the method is left out: another method is called `Many` there, and a service has no overloads; give it another name, such as with #[java(name = \"..\")]",
            "org.example.shop.Order: its message has its own fields; those of subclasses do not travel",
            "org.example.shop.Order.parts: the field is left out: java.lang.Object may be anything: take a struct or an enum",
            "org.example.shop.Order.matrix: the field is left out: int[] is within another list or map, which a .proto file does not have: put it into a struct of its own",
            "org.example.shop.Order.value: the field is left out: java.lang.Object may be anything: take a struct or an enum",
            "org.example.shop.Express.parts: the field is left out: java.lang.Object may be anything: take a struct or an enum",
            "org.example.shop.Express.matrix: the field is left out: int[] is within another list or map, which a .proto file does not have: put it into a struct of its own",
            "org.example.shop.Express.value: the field is left out: java.lang.Object may be anything: take a struct or an enum",
        ]
    );
}

fn class(fields: &str) -> Api {
    shop::read(&format!(
        "#[derive(dubhe::Java)] #[java(class = \"org.example.shop.User\")] struct User {{ {fields} }}
         #[derive(dubhe::Java)] #[java(class = \"org.example.shop.Colour\")] enum Colour {{ Red, Green, Blue }}"
    ))
}

#[test]
fn numbers_stay_from_run_to_run() {
    let first =
        ProtoWriter::new().write(&class("id: i64, name: String, age: i32, tags: Vec<String>"));
    let message = |text: &str| {
        let from = text.find("message User {").unwrap();
        text.get(from..from + text[from..].find('}').unwrap()).unwrap().to_owned()
    };
    let text = file(&first, SHOP);
    assert_eq!(
        message(text),
        "message User {\n  int64 id = 1;\n  string name = 2;\n  int32 age = 3;\n  repeated string tags = 4;\n"
    );
    // One comes first, one goes, one has another type, one is wider now and may be null.
    let changed = class("mail: String, age: Option<i64>, tags: String, id: i64");
    let second = ProtoWriter::new().existing(SHOP, text).write(&changed);
    let text = file(&second, SHOP);
    assert_eq!(
        message(text),
        "message User {\n  reserved 2, 4;\n  reserved \"name\";\n  string mail = 5;\n  optional int64 age = 3;\n  \
         string tags = 6;\n  int64 id = 1;\n"
    );
    compile("numbers", &second);
    // What is reserved stays so, and a name that comes back has a new number.
    let third = ProtoWriter::new().existing(SHOP, text).write(&class("name: String"));
    assert_eq!(
        message(file(&third, SHOP)),
        "message User {\n  reserved 1, 2, 3, 4, 5, 6;\n  reserved \"age\", \"id\", \"mail\", \"tags\";\n  \
         string name = 7;\n"
    );
    compile("numbers-again", &third);
    // The same types change nothing.
    let again = ProtoWriter::new().existing(SHOP, file(&third, SHOP)).write(&class("name: String"));
    assert_eq!(again, third);
}

#[test]
fn numbers_of_files_by_hand_are_kept() {
    let existing = "syntax = 'proto3'; /* message User { string id = 77; } */ option java_package = \"x;{\";\n\
         service S { rpc M (User) returns (User) { option (google.api.http) = { get: \"/v1\" }; } }\n\
         message User { message Id { string name = 50; } option deprecated = true; reserved 8 to 9, 11; reserved 'old';\n\
         oneof which { int64 id = 0x10 [deprecated = true]; map<string, int64> m = 3; } repeated Id ids = 30 [(x) = { a: 1 }]; }\n\
         enum Colour { option allow_alias = true; C = 0; COLOUR_GREEN = 7; reserved 20 to max; }";
    let written =
        ProtoWriter::new().existing(SHOP, existing).write(&class("id: i64, name: String"));
    let text = file(&written, SHOP);
    assert!(
        text.contains(
            "enum Colour {\n  reserved 20 to max;\n  reserved \"C\";\n  COLOUR_UNSPECIFIED = 0;\n  COLOUR_RED = 1;\n  \
             COLOUR_GREEN = 7;\n  COLOUR_BLUE = 2;\n}"
        ),
        "{text}"
    );
    let existing = "enum Colour { COLOUR_GREEN = 0; COLOUR_RED = 4; }";
    let written = ProtoWriter::new().existing(SHOP, existing).write(&class("id: i64"));
    let text = file(&written, SHOP);
    assert!(
        text.contains(
            "enum Colour {\n  COLOUR_GREEN = 0;\n  COLOUR_RED = 4;\n  COLOUR_BLUE = 5;\n}"
        ),
        "{text}"
    );
    compile("by-hand", &written);

    for (broken, why) in [
        ("message User { string a = 1;", "has no end"),
        ("} message User {}", "`}` closes nothing"),
        ("message User { string a = \"", "a text has no end"),
        ("/* message", "a comment has no end"),
        ("message User { string a", "the file ends within something"),
    ] {
        let written = ProtoWriter::new().existing(SHOP, broken).write(&class("id: i64"));
        assert!(written.files.is_empty(), "{broken}");
        assert!(written.notes.last().unwrap().text.contains(why), "{broken}: {:?}", written.notes);
    }
}

#[test]
fn packages_do_not_import_each_other() {
    let api = shop::read(
        "#[derive(dubhe::Java)] #[java(class = \"a.One\")] struct One { two: Two, google: Three }
         #[derive(dubhe::Java)] #[java(class = \"b.Two\")] struct Two { one: Option<Box<One>>, own: Option<Box<Two>> }
         #[derive(dubhe::Java)] #[java(class = \"a.google.Three\")] struct Three { at: dubhe::java::Date }
         #[derive(dubhe::Java)] #[java(class = \"a.Deep\")] struct Deep<T> { deep: Option<Box<Deep<Vec<T>>>> }
         #[derive(dubhe::Java)] #[java(class = \"a.Holds\")] struct Holds { deep: Deep<i32>, key: std::collections::HashMap<f64, i32> }",
    );
    let written = ProtoWriter::new().write(&api);
    assert!(file(&written, "a/google.proto").contains("  .google.protobuf.Timestamp at = 1;"));
    let notes: Vec<String> = written.notes.iter().map(ToString::to_string).collect();
    let circles: Vec<&String> =
        notes.iter().filter(|note| note.contains("files cannot import each other")).collect();
    assert_eq!(circles.len(), 1, "{notes:#?}");
    assert!(notes.iter().any(|note| note.contains("nested too deeply")), "{notes:#?}");
    assert!(
        notes.iter().any(|note| note.contains("java.lang.Double is no key of a map")),
        "{notes:#?}"
    );
    compile("circles", &written);
}

#[test]
fn odd_rust_becomes_proto_or_a_note() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/rust/odd_proto.rs");
    let api = rust_reader::read(&[path]).unwrap();
    let written = ProtoWriter::new().write(&api);
    compile("odd", &written);
    // A method hides a message of its name from protoc.
    let text = file(&written, "org/example/odd.proto");
    assert!(
        text.contains("rpc Names(.org.example.odd.Names) returns (.org.example.odd.Names);"),
        "{text}"
    );
    let rename = "; give it another name, such as with #[java(name = \"..\")]";
    let all = api.notes.iter().chain(&written.notes).map(ToString::to_string);
    let all: Vec<String> =
        all.map(|of| of.replace(rename, " [RENAME]").replace(path, "odd_proto.rs")).collect();
    assert_eq!(all.join("\n") + "\n", include_str!("golden/odd_proto.txt"));
}

#[test]
fn a_method_that_is_left_out_leaves_no_message() {
    let source = r#"
        #[dubhe::interface("o.S")]
        pub trait S {
            async fn gone(&self, a: i32, page: Page<other::Item>) -> Result<Vec<Vec<i32>>, Status>;
            async fn called(&self, on: i32, back: Callback<BackClient>) -> Result<(), Status>;
            async fn kept(&self, page: Page<i32>) -> Result<i32, Status>;
        }
        #[dubhe::interface("o.Back")]
        pub trait Back { async fn ping(&self) -> Result<(), Status>; }
        #[derive(Java)]
        #[java(class = "o.Page")]
        pub struct Page<T> { items: Vec<T> }
        mod other {
            #[derive(Java)]
            #[java(class = "other.Item")]
            pub struct Item { id: i64 }
        }
    "#;
    let api = rust_reader::read_files(&BTreeMap::from([("lib.rs".into(), source.to_owned())]));
    let written = ProtoWriter::new().write(&api);
    let text = file(&written, "o.proto");
    for gone in ["SGone", "PageOfItem", "SCalled", "other", "rpc Gone", "rpc Called"] {
        assert!(!text.contains(gone), "{gone} {text}");
    }
    for kept in ["rpc Kept", "message PageOfInteger {"] {
        assert!(text.contains(kept), "{kept} {text} {:?}", written.notes);
    }
    assert!(file(&written, "other.proto").contains("message Item {"));
    let notes: Vec<String> = written.notes.iter().map(ToString::to_string).collect();
    let notes = notes.join("\n");
    for said in
        ["o.S.gone: the method is left out: ", "return a stream of what it would be called with"]
    {
        assert!(notes.contains(said), "{said} {notes}");
    }
    compile("left-out", &written);
}
