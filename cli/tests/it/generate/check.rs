//! `dubhe gen --check`.

use serde_json::{Value as Json, json};

use super::{Project, api, with};

/// A project whose Rust is of a jar before another release.
fn moved_on() -> Project {
    let project = Project::with_api();
    project.ok("api.jar");
    let [listener, notifier, state, constant] = api();
    let listener = with(listener, "changed", "altered");
    project.jar("api-2.jar", &[listener, notifier, with(state, "PAID", "SENT"), constant]);
    project
}

const DIFFERENCES: &str = "\
sample.Listener.altered(State): the method is new: incompatible: providers of the old one: they have no such method, and calls of it fail
sample.Listener.changed(State): the method is gone: incompatible: consumers of the old one: new providers have no such method, and calls of it fail
sample.State.PAID: the constant is gone: conditional: consumers of the old one: a message with a constant that the reader does not know is refused
sample.State.SENT: the constant is new: conditional: providers of the old one: a message with a constant that the reader does not know is refused
";

#[test]
fn the_same_fleet_has_no_differences() {
    let project = Project::with_api();
    project.ok("api.jar");
    let none = "no differences\n";
    assert_eq!(project.ok("api.jar --check"), none);
    assert_eq!(project.ok("api.jar --check --json"), "[]\n");
    // Names and types of before are compared with the same options.
    project.ok("api.jar --rename sample.State=Phase --unannotated non-null");
    assert_eq!(
        project.ok("api.jar --rename sample.State=Phase --unannotated non-null --check"),
        none
    );
    // What does not travel differs as text alone.
    let listener = project.read("src/api/listener.rs");
    project.write("src/api/listener.rs", format!("{listener}// mine\n"));
    assert_eq!(
        project.ok("api.jar --rename sample.State=Phase --unannotated non-null --check"),
        "no differences, but for the text of 1 file\n"
    );
}

#[test]
fn differences_are_said_and_fail() {
    let project = moved_on();
    let before = project.read("src/api/listener.rs");
    let checked = project.generate("api-2.jar --check");
    assert_eq!(checked.out, DIFFERENCES);
    assert_eq!(
        (checked.code, &*checked.err),
        (
            1,
            "error: 4 differences from src/api; run the command without --check to write what is new\n"
        )
    );
    assert_eq!(project.read("src/api/listener.rs"), before, "nothing is written");
    // Taken, there are none.
    project.ok("api-2.jar");
    project.ok("api-2.jar --check");
}

#[test]
fn differences_are_told_to_programs() {
    let checked = moved_on().generate("api-2.jar --check --json");
    assert_eq!(checked.code, 1);
    let changes: Json = serde_json::from_str(&checked.out).unwrap();
    assert_eq!(changes.as_array().unwrap().len(), 4);
    assert_eq!(
        changes[0],
        json!({
            "type": "sample.Listener",
            "member": "altered(State)",
            "what": "method_added",
            "text": "the method is new",
            "consumers": {"compatibility": "compatible"},
            "providers": {
                "compatibility": "incompatible",
                "reason": "they have no such method, and calls of it fail",
            },
        })
    );
}

#[test]
fn members_with_types_of_elsewhere_are_compared() {
    let project = Project::with_api();
    let types =
        "--type sample.State=crate::money::State --type sample.Notifier.changed=crate::Text";
    project.ok(&format!("api.jar {types}"));
    assert_eq!(project.ok(&format!("api.jar {types} --check")), "no differences\n");
    let [listener, notifier, rest @ ..] = api();
    let files = [with(listener, "changed", "altered"), notifier];
    project.jar("api-2.jar", &[&files[..], &rest].concat());
    let checked = project.generate(&format!("api-2.jar {types} --check"));
    assert_eq!(checked.code, 1);
    let lines: Vec<&str> = checked.out.lines().map(|line| &line[..60]).collect();
    assert_eq!(
        lines,
        [
            "sample.Listener.altered(State): the method is new: incompati",
            "sample.Listener.changed(State): the method is gone: incompat"
        ]
    );
    assert_eq!(checked.err.lines().count(), 1, "{}", checked.err);
}

#[test]
fn what_cannot_be_read_fails_where_the_text_differs() {
    let project = Project::with_api();
    project.ok("api.jar");
    let listener = project.read("src/api/listener.rs");
    // By hand, or by a merge.
    let method = "    more! {}\n}\n";
    project.write("src/api/listener.rs", listener.trim_end_matches("}\n").to_owned() + method);
    let checked = project.generate("api.jar --check");
    let macros =
        "what the macro `more!` writes in `Listener` is left out: write the methods themselves";
    assert_eq!((checked.code, &*checked.out), (1, ""));
    assert_eq!(
        checked.err,
        format!(
            "note: src/api/listener.rs:16: is not compared: {macros}\nerror: 1 part of src/api could not be compared, \
             and the text there differs; run the command without --check and look at what changed\n"
        )
    );
}

#[test]
fn a_document_is_compared_by_operations_and_schemas() {
    let project = Project::new();
    let document = |ty: &str, required: bool, about: &str| {
        json!({
            "openapi": "3.0.1",
            "info": {"title": "Orders", "version": about},
            "paths": {"/orders": {"get": {
                "operationId": "list",
                "parameters": [{"name": "size", "in": "query", "required": required, "schema": {"type": "integer"}}],
                "responses": {"200": {"content": {"*/*": {"schema": {"$ref": "#/components/schemas/Order"}}}}},
            }}},
            "components": {"schemas": {"Order": {
                "type": "object",
                "properties": {"id": {"type": "integer", "format": ty}},
            }}},
        })
        .to_string()
    };
    project.write("a.json", document("int32", false, "1"));
    project.write("b.json", document("int64", true, "2"));
    project.write("c.json", document("int32", false, "2"));
    let first = project.generate("a.json --check");
    assert_eq!(
        (first.code, first.err.contains("without --check first")),
        (1, true),
        "{}",
        first.err
    );
    project.ok("a.json");
    assert_eq!(project.ok("a.json --check"), "no differences\n");
    let checked = project.generate("b.json --check");
    assert_eq!(
        checked.out,
        "GET /orders query size: it is required and no longer optional: conditional: consumers of the old one: requests \
         without it are refused
Order.id: the type changed from integer of 32 bits to integer: conditional: consumers of the old one: numbers of more than 32 \
         bits are refused
"
    );
    assert_eq!(
        (checked.code, checked.err.starts_with("error: 2 differences from src/api")),
        (1, true),
        "{}",
        checked.err
    );
    let json = project.generate("b.json --check --json").out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["type"], "GET /orders");
    assert_eq!(json[0]["member"], "query size");
    assert_eq!(json[0]["what"], "parameter_nullness_changed");

    // The title is a comment; what somebody wrote by hand is not.
    assert_eq!(project.ok("c.json --check"), "no differences, but for the text of 1 file\n");
    let text = project.read("src/api/mod.rs") + "pub fn own() {}\n";
    project.write("src/api/mod.rs", &text);
    let checked = project.generate("a.json --check");
    assert!(
        checked.out.contains(": the text ends before `pub fn own() {}`: conditional: "),
        "{}",
        checked.out
    );
}

#[test]
fn there_must_be_something_to_compare_with() {
    let project = Project::with_api();
    let first = project.generate("api.jar --check");
    assert_eq!((first.code, &*first.out), (1, ""));
    assert_eq!(
        first.err,
        "error: cannot read src/api: No such file or directory (os error 2); run the command without --check first\n"
    );
    let alone = project.generate("api.jar --json");
    assert_eq!(alone.code, 2);
    assert!(alone.err.contains("--check"), "{}", alone.err);
    let java = project.generate("src --to java --check");
    assert_eq!(
        (java.code, &*java.err),
        (
            2,
            "error: --check compares the Rust that is there with the sources; with --to java and --to proto it would do nothing\n"
        )
    );
}

#[test]
fn a_damaged_folder_is_said_to_be() {
    let project = Project::with_api();
    let check = |why: &[&str]| {
        let checked = project.generate("api.jar --check");
        assert_eq!((checked.code, &*checked.out), (1, ""), "{}", checked.err);
        for why in why {
            assert!(checked.err.contains(why), "{why}: {}", checked.err);
        }
    };
    project.write("src/api", "a file");
    check(&["error: src/api is no folder: --out names the folder with all generated files\n"]);
    let written = project.generate("api.jar");
    assert_eq!((written.code, written.err.contains("src/api is no folder")), (1, true));
    std::fs::remove_file(project.path("src/api")).unwrap();

    project.ok("api.jar");
    let (root, listener) = (project.read("src/api/mod.rs"), project.read("src/api/listener.rs"));
    let damaged = "error: src/api is damaged: ";
    let remedy =
        "; run the command without --check, which writes it anew, and look at what changed\n";
    project.write("src/api/listener.rs", &listener[..listener.rfind("async").unwrap()]);
    check(&[damaged, "src/api/listener.rs:", "is no Rust and left out", remedy]);
    project.write("src/api/listener.rs", b"\xff\xfe".as_slice());
    check(&[damaged, "src/api/listener.rs: ", "invalid utf-8", remedy]);
    let deep = format!("{listener}const A: u8 = {}1{};", "(".repeat(50_000), ")".repeat(50_000));
    project.write("src/api/listener.rs", deep);
    check(&[damaged, "src/api/listener.rs:", "is nested too deeply", remedy]);
    let deep = format!("{listener}type A = {}u8{};", "Vec<".repeat(50_000), ">".repeat(50_000));
    project.write("src/api/listener.rs", deep);
    check(&[damaged, "src/api/listener.rs:", "is nested too deeply", remedy]);
    std::fs::remove_file(project.path("src/api/listener.rs")).unwrap();
    check(&[damaged, "the module `listener` is left out: no file src/api/listener.rs", remedy]);
    std::fs::remove_file(project.path("src/api/mod.rs")).unwrap();
    check(&[
        "error: cannot read src/api/mod.rs: there is no such file; run the command without --check first\n",
    ]);

    // Written anew, all is well.
    project.ok("api.jar");
    assert_eq!(project.read("src/api/mod.rs"), root);
    assert_eq!(project.ok("api.jar --check"), "no differences\n");
    // As deep as a type of Java may be.
    let deep = format!("{listener}type A = {}u8{};", "Vec<".repeat(250), ">".repeat(250));
    project.write("src/api/listener.rs", deep);
    assert_eq!(project.ok("api.jar --check"), "no differences, but for the text of 1 file\n");
}
