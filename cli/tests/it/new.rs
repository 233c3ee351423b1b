//! `dubhe new`, as cargo reads what it makes.
use std::fs;
use std::path::Path;
use std::process::Command;

use dubhe_testkit::Folder;
use serde_json::Value as Json;

use crate::support::{ProgramOutput, command, ended};

/// Runs `dubhe new` in a folder, without a terminal.
fn new_in(folder: &Path, args: &[&str]) -> ProgramOutput {
    ended(command(&[&["new"], args].concat()).current_dir(folder).output().unwrap())
}

/// The names in a folder.
fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The package as cargo reads it.
fn package(folder: &Path) -> Json {
    let read = Command::new("cargo")
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let mut read: Json = serde_json::from_slice(&read.stdout).unwrap();
    read["packages"][0].take()
}

/// The targets of a package by their kinds.
fn targets(package: &Json) -> Vec<String> {
    let target = |target: &Json| {
        let text = |part: &Json| part.as_str().unwrap().to_owned();
        format!("{} {}", text(&target["kind"][0]), text(&target["name"]))
    };
    let mut all: Vec<String> = package["targets"].as_array().unwrap().iter().map(target).collect();
    all.sort();
    all
}

#[test]
fn each_kind_is_a_package_of_cargo() {
    let home = Folder::new().unwrap();
    let clone = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    for (kind, of_kind) in [
        ("provider", &["bin my-shop"][..]),
        ("consumer", &["bin my-shop"]),
        ("both", &["bin consumer", "bin provider"]),
        ("filter", &["example provider"]),
    ] {
        let sources = [&[][..], &["--path", clone], &["--version", "0.1"]];
        for (number, source) in sources.into_iter().enumerate() {
            for more in [&[][..], &["--proto"], &["--registry", "kubernetes://"]] {
                if kind == "filter" && !more.is_empty() {
                    continue;
                }
                let folder = home.path().join(format!("{kind}-{number}{}", more.join("").len()));
                fs::create_dir(&folder).unwrap();
                let args = [&["my-shop", "--kind", kind], source, more].concat();
                let made = new_in(&folder, &args);
                assert_eq!(made.code, 0, "{args:?}: {}", made.err);
                assert!(made.out.contains("cargo test"), "{}", made.out);
                assert_eq!(made.err.contains("hint: Dubhe is taken from"), number == 1);

                let package = package(&folder.join("my-shop"));
                let mut expected: Vec<String> =
                    of_kind.iter().map(|target| (*target).to_owned()).collect();
                expected.extend(["lib my_shop".to_owned(), "test calls".to_owned()]);
                if more == ["--proto"] {
                    expected.push("custom-build build-script-build".to_owned());
                }
                expected.sort();
                assert_eq!(targets(&package), expected, "{args:?}");
                let dependencies = package["dependencies"].as_array().unwrap();
                let dubhe = dependencies.iter().find(|one| one["name"] == "dubhe").unwrap();
                match number {
                    0 => {
                        assert_eq!(
                            dubhe["source"],
                            format!("git+{}", env!("CARGO_PKG_REPOSITORY"))
                        );
                    }
                    1 => assert!(dubhe["path"].as_str().unwrap().ends_with("/crates/dubhe")),
                    _ => assert_eq!(dubhe["req"], "^0.1"),
                }
                let kubernetes = more == ["--registry", "kubernetes://"];
                assert_eq!(dubhe["features"].to_string().contains("kubernetes"), kubernetes);
            }
        }
    }
}

#[test]
fn without_a_terminal_nothing_is_asked() {
    let home = Folder::new().unwrap();
    let made = new_in(home.path(), &["shop"]);
    assert_eq!((made.code, &*made.err), (0, ""));
    assert_eq!(
        made.out,
        "made shop, a provider of org.example.Greeter; its README.md has more\n\n  cd shop\n  \
         cargo test\n  cargo run\n  dubhe call dubbo://127.0.0.1:20880 org.example.Greeter greet Ada\n"
    );
    let shop = home.path().join("shop");
    assert_eq!(
        entries(&shop),
        [
            ".dockerignore",
            ".github",
            ".gitignore",
            "Cargo.toml",
            "Dockerfile",
            "README.md",
            "src",
            "tests"
        ]
    );
    // Again, it is in the way.
    let again = new_in(home.path(), &["shop"]);
    assert_eq!((again.code, &*again.out), (1, ""));
    assert!(again.err.contains("is there and not empty"), "{}", again.err);
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let home = Folder::new().unwrap();
    for (args, why) in [
        (&["match"][..], "keyword"),
        (&["2shop"], "digit"),
        (&["std"], "Rust itself"),
        (&["shop", "--interface", "Greeter"], "no package"),
        (&["shop", "--registry", "consul://h:1"], "no registry"),
        (&["shop", "--registry", "nacos://me:word@h:1"], "REGISTRY"),
        (&["shop", "--registry", "static://h:1"], "no registrations"),
        (&["shop", "--kind", "filter", "--proto"], "without --proto"),
        (&["shop", "--proto", "--protocol", "dubbo"], "over tri"),
        (&["shop", "--path", "."], "no clone"),
        (&["shop", "--path", ".", "--version", "1"], "cannot be used with"),
        (&["shop", "--version", "one"], "no version"),
        (&["shop", "--git", "dubhe"], "no URL"),
        (&["shop", "--kind", "proxy"], "possible values"),
    ] {
        let refused = new_in(home.path(), args);
        assert_eq!((refused.code, &*refused.out), (2, ""), "{args:?}");
        assert!(refused.err.contains(why), "{args:?}: {}", refused.err);
        assert_eq!(entries(home.path()), [""; 0], "{args:?}");
    }
}

#[test]
fn a_workspace_around_it_is_told() {
    let home = Folder::new().unwrap();
    fs::write(home.path().join("Cargo.toml"), "[workspace]\n").unwrap();
    let made = new_in(home.path(), &["shop", "--ci", "gitlab"]);
    assert_eq!(made.code, 0);
    assert!(made.err.contains("Cargo.toml is a workspace"), "{}", made.err);
    assert!(home.path().join("shop/.gitlab-ci.yml").is_file());
}
