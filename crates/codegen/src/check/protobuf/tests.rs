use std::path::Path;

use dubhe_build::Builder;

use super::super::Change;
use super::protobuf_differences;

/// The descriptors of one file.
fn descriptors(name: &str, text: &str) -> Vec<u8> {
    let folder = std::env::temp_dir().join(format!("dubhe-changes-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("a.proto");
    std::fs::write(&file, text).unwrap();
    let modules = Builder::new().modules(&[&*file], &[Path::new(&folder)]).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    modules.descriptors
}

/// The differences: the member, the text and the verdict.
fn told(name: &str, old: &str, new: &str) -> Vec<String> {
    let line = |of: &Change| format!("{}: {}: {}", of.at(), of.text, of.compatibility());
    let of = |which: &str, text: &str| descriptors(&format!("{name}-{which}"), text);
    protobuf_differences(&of("old", old), &of("new", new)).iter().map(line).collect()
}

fn file(body: &str) -> String {
    format!("syntax = \"proto3\";\npackage org.example;\n{body}\n")
}

fn message(name: &str, old: &str, new: &str) -> Vec<String> {
    let of = |fields: &str| {
        file(&format!(
            "message M {{ {fields} }}\nmessage A {{ int32 x = 1; }}\nmessage B {{ int32 x = 1; }}"
        ))
    };
    told(name, &of(old), &of(new))
}

#[test]
fn numbers_are_told_by_name() {
    assert_eq!(
        message("moved", "int32 a = 1; string b = 2;", "int32 a = 1; string b = 3;"),
        ["org.example.M.b: the number changed from 2 to 3: incompatible"]
    );
    assert_eq!(
        message("swapped", "int32 a = 1; int32 b = 2;", "int32 a = 2; int32 b = 1;"),
        [
            "org.example.M.a: the number changed from 1 to 2: incompatible",
            "org.example.M.b: the number changed from 2 to 1: incompatible"
        ]
    );
    assert_eq!(
        message("called", "int32 a = 1;", "int64 key = 1;"),
        [
            "org.example.M.a: the field 1 is called key now: conditional",
            "org.example.M.key: the type changed from int32 to int64: conditional"
        ]
    );
    assert_eq!(
        message("taken", "string b = 2;", "string b = 3; int32 c = 2;"),
        [
            "org.example.M.b: the number changed from 2 to 3: incompatible",
            "org.example.M.c: the field is new: int32 = 2, a number that b had: incompatible"
        ]
    );
}

#[test]
fn what_is_reserved_is_told() {
    assert_eq!(
        message("kept", "int32 a = 1; int32 b = 2;", "int32 a = 1; reserved 2;"),
        ["org.example.M.b: the field is gone: int32 = 2, reserved now: compatible"]
    );
    let changes = {
        let of = |text: &str| descriptors("lost", &file(&format!("message M {{ {text} }}")));
        protobuf_differences(&of("int32 a = 1; int32 b = 2;"), &of("int32 a = 1;"))
    };
    assert!(
        changes[0]
            .consumers
            .reason
            .ends_with("write `reserved 2;`, so that no other field gets its number")
    );
    assert_eq!(
        message("again", "int32 a = 1; reserved 2, 5 to 7;", "int32 a = 1; int32 c = 6;"),
        ["org.example.M.c: the field is new: int32 = 6, which was reserved: conditional"]
    );
}

#[test]
fn types_are_judged_by_their_form_on_the_wire() {
    for (old, new, verdict) in [
        ("int32", "int64", "conditional"),
        ("int32", "bool", "conditional"),
        ("int32", "sint32", "incompatible"),
        ("int32", "string", "incompatible"),
        ("string", "bytes", "conditional"),
        ("A", "bytes", "conditional"),
        ("A", "B", "conditional"),
        ("A", "string", "incompatible"),
        ("fixed32", "sfixed32", "conditional"),
        ("fixed32", "float", "incompatible"),
        ("repeated int32", "int32", "incompatible"),
        ("string", "repeated string", "conditional"),
        ("int32", "optional int32", "compatible"),
        ("map<string, int32>", "map<string, int64>", "conditional"),
        ("map<string, int32>", "map<string, string>", "incompatible"),
        ("map<int32, A>", "map<string, A>", "incompatible"),
        ("repeated A", "map<string, A>", "conditional"),
    ] {
        let spelled = |of: &str| of.replace('A', "org.example.A");
        let shown = |of: &str| spelled(of).replace('B', "org.example.B");
        let found = message("types", &format!("{old} f = 1;"), &format!("{new} f = 1;"));
        let expected = format!(
            "org.example.M.f: the type changed from {} to {}: {verdict}",
            shown(old),
            shown(new)
        );
        assert_eq!(found, [expected], "{old} {new}");
    }
    assert_eq!(
        message("packed", "repeated int32 f = 1;", "repeated int32 f = 1 [packed = false];"),
        ["org.example.M.f: it was packed and is not packed: compatible"]
    );
}

#[test]
fn a_oneof_and_names_in_json_are_told() {
    assert_eq!(
        message("into", "int32 a = 1; int32 b = 2;", "int32 a = 1; oneof k { int32 b = 2; }"),
        ["org.example.M.b: it moved into the oneof k: conditional"]
    );
    assert_eq!(
        message(
            "out",
            "oneof k { int32 a = 1; int32 b = 2; }",
            "oneof k { int32 a = 1; } int32 b = 2;"
        ),
        ["org.example.M.b: it moved out of the oneof k: conditional"]
    );
    assert_eq!(
        message("json", "int32 a = 1;", "int32 a = 1 [json_name = \"b\"];"),
        ["org.example.M.a: its name in JSON changed from a to b: conditional"]
    );
}

#[test]
fn required_fields_and_defaults_of_proto2_are_told() {
    let of = |fields: &str| {
        format!("syntax = \"proto2\"; package org.example; message M {{ {fields} }}")
    };
    for (old, new, expected) in [
        (
            "",
            "required int32 a = 1;",
            "org.example.M.a: the field is new: required int32 = 1: incompatible",
        ),
        (
            "required int32 a = 1;",
            "",
            "org.example.M.a: the field is gone: required int32 = 1: incompatible",
        ),
        (
            "optional int32 a = 1;",
            "required int32 a = 1;",
            "org.example.M.a: the type changed from int32 to required int32: conditional",
        ),
        (
            "optional int32 a = 1 [default = 1];",
            "optional int32 a = 1 [default = 2];",
            "org.example.M.a: the default changed from 1 to 2: conditional",
        ),
    ] {
        assert_eq!(told("proto2", &of(old), &of(new)), [expected], "{old} {new}");
    }
}

#[test]
fn values_of_enums_are_told_by_name_and_number() {
    let of = |values: &str| file(&format!("enum E {{ ZERO = 0; {values} }}"));
    for (old, new, expected) in [
        (
            "A = 1;",
            "A = 2;",
            &["org.example.E.A: the number changed from 1 to 2: incompatible"][..],
        ),
        ("A = 1;", "B = 1;", &["org.example.E.A: the value 1 is called B now: conditional"]),
        (
            "A = 1;",
            "reserved 1;",
            &["org.example.E.A: the value is gone: A = 1, reserved now: conditional"],
        ),
        ("A = 1;", "A = 1; B = 2;", &["org.example.E.B: the value is new: B = 2: conditional"]),
        (
            "A = 1; reserved 2;",
            "A = 1; B = 2;",
            &["org.example.E.B: the value is new: B = 2, which was reserved: conditional"],
        ),
    ] {
        assert_eq!(told("enums", &of(old), &of(new)), expected, "{old} {new}");
    }
}

#[test]
fn other_packages_and_names_of_services_are_told() {
    let body = "message M { N n = 1; }\nmessage N { int32 a = 1; }\nenum E { ZERO = 0; }\nservice S { rpc Get(M) returns (N); }";
    let old = file(body);
    assert_eq!(
        told("package", &old, &old.replace("org.example", "org.example.v2")),
        [
            "org.example.E: the enum is called org.example.v2.E now: compatible",
            "org.example.M: the message is called org.example.v2.M now: compatible",
            "org.example.N: the message is called org.example.v2.N now: compatible",
            "org.example.S: the service is called org.example.v2.S now: incompatible",
        ]
    );
    assert_eq!(
        told("service", &old, &old.replace("service S", "service Shop")),
        ["org.example.S: the service is called org.example.Shop now: incompatible"]
    );
    assert_eq!(
        told("streams", &old, &old.replace("returns (N)", "returns (stream M)")),
        [
            "org.example.S.Get: the reply changed from org.example.N to org.example.M: conditional",
            "org.example.S.Get: it was unary and is a stream of replies: incompatible",
        ]
    );
}
