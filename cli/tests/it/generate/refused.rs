//! Command lines that make nothing, and why.

use super::{Project, class};

/// The exit statuses of a wrong command line, and of one that fails.
const USAGE: i32 = 2;
const FAILED: i32 = 1;

#[test]
fn what_is_refused_says_why_and_writes_nothing() {
    let project = Project::with_api();
    project.jar("data.jar", &[class("Order"), class("Order$Line")]);
    project.write("text.jar", "no jar");
    project.write("openapi.json", "{}");
    project.write("text.txt", "");
    project.write("lib.rs", "");
    project.write("empty.proto", "syntax = \"proto3\"; package a;");
    let none = "error: cannot read none.jar: No such file or directory (os error 2)\n";
    let nothing = "error: there is nothing to write code of; nothing is changed\n";
    for (line, code, why) in [
        ("none.jar", FAILED, none),
        ("api.jar --classpath none.jar", FAILED, none),
        ("api.jar --sources none.jar", FAILED, none),
        (
            "none.class",
            FAILED,
            "error: cannot read none.class: No such file or directory (os error 2)\n",
        ),
        (
            "none --to java",
            FAILED,
            "error: cannot read none: No such file or directory (os error 2)\n",
        ),
        ("text.jar", FAILED, "error: text.jar is no jar, or was cut off: "),
        (
            "openapi.json",
            FAILED,
            "error: openapi.json: neither an OpenAPI document, which has `openapi` with the version, nor a service definition, which has \
             `canonicalName`\n",
        ),
        ("none", USAGE, "error: there is no none: no such file or folder\n"),
        (
            "text.txt",
            USAGE,
            "error: \"text.txt\" is no source: give a .jar, a folder of class files, ",
        ),
        ("empty.proto", FAILED, nothing),
        ("none.proto", FAILED, "error: cannot read none.proto: No such file"),
        ("lib.rs", USAGE, "error: lib.rs is Rust: say --to java or --to proto\n"),
        (
            "api.jar openapi.json",
            USAGE,
            "error: openapi.json is another kind of source than api.jar; ",
        ),
        ("api.jar --rename Order", USAGE, "error: --rename \"Order\": write JAVA=RUST, such as "),
        ("api.jar --type =Order", USAGE, "error: --type \"=Order\": write JAVA=RUST, such as "),
        (
            "api.jar --rename sample.Listener.changed=type",
            USAGE,
            "error: sample.Listener.changed=type: \"type\" is no name in Rust, or a keyword: take another, such as `kind`\n",
        ),
        (
            "api.jar --rename sample.State=my::State",
            USAGE,
            "error: sample.State=my::State: \"my::State\" is no name in Rust, ",
        ),
        (
            "api.jar --rename sample.State=Option",
            USAGE,
            "error: sample.State=Option: \"Option\" means something else in generated code, which would not compile: take another, \
             such as `MyOption`\n",
        ),
        ("api.jar --rename sample.Notifier=dubhe", USAGE, "take another, such as `MyDubhe`\n"),
        ("api.jar --rename sample.State=i32", USAGE, "take another, such as `MyI32`\n"),
        (
            "api.jar --type sample.State=crate::",
            USAGE,
            "error: sample.State=crate::: \"crate::\" is no path of a type in Rust, ",
        ),
        ("api.jar --type sample.State=&str", USAGE, "\"&str\" is no path of a type in Rust, "),
        (
            "consul://127.0.0.1:1",
            USAGE,
            "error: unknown kind of registry \"consul\"; known kinds: ",
        ),
        ("file:///nowhere", FAILED, "cannot read the registry folder /nowhere\n"),
        (
            "zookeeper://127.0.0.1:1 --timeout 300ms",
            FAILED,
            "error: zookeeper://127.0.0.1:1 does not answer within 300ms: look at its address, or give it more time with --timeout\n",
        ),
        (
            "data.jar",
            FAILED,
            "note: interfaces: no interface of what was given looks like a service; ",
        ),
        ("data.jar", FAILED, nothing),
        (
            "api.jar --interface sample.Listner",
            FAILED,
            "note: sample.Listner: no interface of the jars has such a name; look at the names in the jar\n",
        ),
        ("api.jar --interface sample.Listner", FAILED, nothing),
    ] {
        let refused = project.generate(line);
        assert_eq!((refused.code, &*refused.out), (code, ""), "{line}: {}", refused.err);
        assert!(refused.err.contains(why), "{line}: {}", refused.err);
        assert!(!project.path("src").exists() && !project.path("java").exists(), "{line}");
    }
}

#[test]
fn what_was_made_stays_when_nothing_is_found() {
    let project = Project::with_api();
    project.ok("api.jar");
    let refused = project.generate("api.jar --interface sample.Listner");
    assert_eq!((refused.code, &*refused.out), (FAILED, ""));
    assert_eq!(project.ok("api.jar"), "0 written, 0 removed, 4 unchanged, 0 notes\n");
}

#[test]
fn what_was_made_of_openapi_stays_when_the_document_has_nothing() {
    let project = Project::new();
    let document = |more: &str| format!(r#"{{"openapi": "3.0.1"{more}}}"#);
    project.write(
        "openapi.json",
        document(r#", "paths": {"/a": {"get": {"responses": {"200": {}}}}}"#),
    );
    project.ok("openapi.json");
    let made = project.read("src/api/mod.rs");
    let nothing = "error: there is nothing to write code of; nothing is changed\n";
    for (more, error) in [
        ("", nothing),
        (r#", "paths": {}"#, nothing),
        (r#", "paths": {"/a": {}}, "components": {"schemas": {}}"#, nothing),
        (
            r#", "paths": {"a": {"get": {}}}"#,
            "note: GET a: left out: its path does not begin with `/`\nerror: there is nothing to write code of; nothing is changed\n",
        ),
        (
            r#", "paths": []"#,
            "error: openapi.json: not an OpenAPI document: `paths` is an array, and no object\n",
        ),
    ] {
        project.write("openapi.json", document(more));
        for line in ["openapi.json", "openapi.json --check"] {
            let refused = project.generate(line);
            assert_eq!((refused.code, &*refused.out, &*refused.err), (FAILED, "", error), "{more}");
        }
        assert_eq!(project.read("src/api/mod.rs"), made, "{more}");
    }
}

#[test]
fn options_of_another_kind_of_source_are_refused() {
    let project = Project::with_api();
    project.write("openapi.json", r#"{"openapi": "3.0.1", "info": {}, "paths": {}}"#);
    project.write("a.json", r#"{"canonicalName": "a.B", "methods": []}"#);
    project.write("a.proto", "syntax = \"proto3\";");
    project.write("lib.rs", "");
    for (line, option, of, with) in [
        (
            "openapi.json --classpath a.jar",
            "--classpath",
            "jars and class files",
            "OpenAPI documents",
        ),
        (
            "openapi.json --nullable a.B",
            "--nullable",
            "jars and class files, service definitions, registries",
            "OpenAPI documents",
        ),
        ("a.json --sources a.jar", "--sources", "jars and class files", "service definitions"),
        ("a.json --timeout 1s", "--timeout", "registries", "service definitions"),
        (
            "a.proto --unannotated default",
            "--unannotated",
            "jars and class files, service definitions, registries",
            ".proto files",
        ),
        ("api.jar --include a", "--include", ".proto files", "jars and class files"),
        ("api.jar --release 8", "--release", "--to java", "jars and class files"),
        ("zookeeper://127.0.0.1:1 --class a.B", "--class", "jars and class files", "registries"),
        ("lib.rs --to proto --group-id a", "--group-id", "--to java", "--to proto"),
        (
            "lib.rs --to java --type a=b",
            "--type",
            "jars and class files, service definitions, registries",
            "--to java",
        ),
    ] {
        let refused = project.generate(line);
        let why =
            format!("error: {option} is an option of {of}; with {with} it would do nothing\n");
        assert_eq!((refused.code, &*refused.out, refused.err), (USAGE, "", why), "{line}");
    }
    let release = project.generate("lib.rs --to java --release 11");
    assert_eq!(release.code, USAGE);
    assert!(release.err.contains("[possible values: 8, 17]"), "{}", release.err);
    let other = project.generate("a.proto --to java");
    let why = "error: a.proto is no Rust, of which --to makes Java and .proto files; without --to, Rust is made of a.proto\n";
    assert_eq!((other.code, &*other.err), (USAGE, why));
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_are_refused_wherever_a_file_is_read() {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    let project = Project::with_api();
    let pipe = |name: &str| {
        assert!(Command::new("mkfifo").arg(project.path(name)).status().unwrap().success());
    };
    for name in ["pipe.jar", "pipe.class", "pipe.json", "pipe.proto"] {
        pipe(name);
    }
    for name in ["zero.jar", "zero.class", "zero.yaml", "zero.proto"] {
        symlink("/dev/zero", project.path(name)).unwrap();
    }
    project.write("import.proto", "syntax = \"proto3\";\nimport \"pipe.proto\";\n");
    project.write("source.rs", "mod pipe;");
    pipe("pipe.rs");
    for line in [
        "pipe.jar",
        "zero.jar",
        "pipe.class",
        "zero.class",
        "api.jar --classpath zero.jar",
        "api.jar --sources pipe.jar",
        "pipe.json",
        "zero.yaml",
        "pipe.proto",
        "zero.proto",
        "import.proto",
        "pipe.rs --to java",
    ] {
        let refused = project.generate(line);
        assert_eq!((refused.code, &*refused.out), (FAILED, ""), "{line}: {}", refused.err);
        let name = line.replace("api.jar --classpath ", "").replace("api.jar --sources ", "");
        let name = name.replace(" --to java", "").replace("import.proto", "pipe.proto");
        assert!(refused.err.contains(&name), "{line}: {}", refused.err);
        assert!(refused.err.contains("it is no regular file"), "{line}: {}", refused.err);
    }
    let partly = project.generate("source.rs --to java");
    assert!(partly.err.contains("it is no regular file"), "{}", partly.err);

    // A manifest is only looked at.
    pipe("Cargo.toml");
    let made = project.generate("api.jar");
    assert_eq!((made.code, &*made.err), (0, ""), "{}", made.out);
}

#[test]
fn files_that_are_too_long_are_refused() {
    let project = Project::with_api();
    for (name, length, most) in [
        ("long.jar", 1 << 40, "1073741824"),
        ("long.json", 17 << 20, "16777216"),
        ("long.proto", 17 << 20, "16777216"),
    ] {
        // A file with a hole takes no room.
        std::fs::File::create(project.path(name)).unwrap().set_len(length).unwrap();
        let refused = project.generate(name);
        assert_eq!((refused.code, &*refused.out), (FAILED, ""), "{name}: {}", refused.err);
        let why = format!("{name}: it is longer than {most} bytes");
        assert!(refused.err.contains(&why), "{name}: {}", refused.err);
    }
}
