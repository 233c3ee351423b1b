//! Java and `.proto` files of Rust.

use super::Project;

#[test]
fn rust_becomes_java() {
    let project = Project::with_api();
    project.ok("api.jar");
    assert_eq!(
        project.ok("--to java src"),
        "wrote   java/pom.xml
wrote   java/src/main/java/sample/Listener.java
wrote   java/src/main/java/sample/Notifier.java
wrote   java/src/main/java/sample/State.java
4 written, 0 removed, 0 unchanged, 0 notes
"
    );
    let listener = project.read("java/src/main/java/sample/Listener.java");
    assert!(listener.contains("String changed(State arg0);"), "{listener}");
    assert!(project.read("java/pom.xml").contains("<version>1.0.0-SNAPSHOT</version>"));
    assert_eq!(project.ok("--to java src"), "0 written, 0 removed, 4 unchanged, 0 notes\n");

    let options =
        "--group-id org.example --artifact-id orders-api --artifact-version 1.2 --release 17";
    project.ok(&format!("--to java src/api -o made {options}"));
    let pom = project.read("made/pom.xml");
    for line in ["<groupId>org.example<", "<artifactId>orders-api<", "<version>1.2<", ">17<"] {
        assert!(pom.contains(line), "{line}: {pom}");
    }
}

#[test]
fn rust_becomes_proto_whose_numbers_stay() {
    let project = Project::new();
    let source = |fields: &str| {
        format!(
            "use dubhe::prelude::*;\n\n#[dubhe::interface(\"org.example.Orders\")]\npub trait Orders {{\n    \
             async fn find(&self, id: i64) -> Result<Order, Status>;\n}}\n\n#[derive(Java)]\n\
             #[java(class = \"org.example.Order\")]\npub struct Order {{ {fields} }}\n"
        )
    };
    project.write("src/lib.rs", source("pub id: i64, pub note: String"));
    assert_eq!(
        project.ok("src --to proto"),
        "wrote   proto/org/example.proto\n1 written, 0 removed, 0 unchanged, 0 notes\n"
    );
    let first = project.read("proto/org/example.proto");
    assert!(first.contains("string note = 2;"), "{first}");
    assert_eq!(project.ok("src --to proto"), "0 written, 0 removed, 1 unchanged, 0 notes\n");
    project.write("src/lib.rs", source("pub size: i32, pub note: String"));
    project.ok("src --to proto");
    let second = project.read("proto/org/example.proto");
    assert!(second.contains("string note = 2;"), "{second}");
    assert!(second.contains("int32 size = 3;"), "{second}");
}

#[test]
fn what_is_there_and_not_generated_stays() {
    let project = Project::with_api();
    project.ok("api.jar");
    project.write("java/pom.xml", "<project/>\n");
    let refused = project.generate("--to java src");
    assert_eq!((refused.code, &*refused.out), (1, ""));
    assert_eq!(
        refused.err,
        "error: java/pom.xml is there and was not generated; move it, or choose another folder\n"
    );
    assert_eq!(project.read("java/pom.xml"), "<project/>\n");
}

#[test]
fn what_an_earlier_run_wrote_is_told() {
    let project = Project::new();
    let class = |name: &str| {
        format!(
            "#[derive(dubhe::Java)]\n#[java(class = \"a.{name}\")]\npub struct {name} {{ id: i64 }}\n"
        )
    };
    project.write("src/lib.rs", class("Old") + &class("Kept"));
    assert_eq!(project.generate("--to java src").err, "");
    project.write("src/lib.rs", class("Kept"));
    assert_eq!(
        project.generate("--to java src").err,
        "hint: 1 file of an earlier run kept, such as java/src/main/java/a/Old.java: other programs may write to this \
         folder; remove what nobody needs\n"
    );
    assert!(project.path("java/src/main/java/a/Old.java").exists());
}
