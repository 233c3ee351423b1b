//! Generated Rust in a package.

use std::path::Path;

use super::Project;
use crate::support::{command, ended};

const OPENAPI: &str = r#"{"openapi": "3.0.1", "info": {"title": "Shop", "version": "1"},
    "paths": {"/a": {"get": {"responses": {"200": {}}}}}}"#;

/// A project of `dubhe new` as the current folder, with a jar.
fn made(more: &[&str]) -> Project {
    let project = Project::with_api();
    let made = ended(
        command(&[&["new", "shop", "--version", "0.1"], more].concat())
            .current_dir(project.path(""))
            .output()
            .unwrap(),
    );
    assert_eq!(made.code, 0, "{}", made.err);
    project
}

/// Runs a line in the folder of the project.
fn in_shop(project: &Project, line: &str) -> crate::support::ProgramOutput {
    let args: Vec<&str> = ["gen"].into_iter().chain(line.split(' ')).collect();
    ended(command(&args).current_dir(project.path("shop")).output().unwrap())
}

#[test]
fn a_project_of_new_takes_a_fleet_in_as_its_readme_says() {
    for kind in ["provider", "consumer", "both"] {
        let project = made(&["--kind", kind]);
        let readme = project.read("shop/README.md");
        assert!(
            readme.contains("dubhe gen fleet-api-1.2.jar --out src/fleet "),
            "{kind}: {readme}"
        );
        // The interface of the project is there.
        let refused = in_shop(&project, "../api.jar");
        assert_eq!((refused.code, &*refused.out), (1, ""));
        assert_eq!(
            refused.err,
            "error: src/api.rs is the module `api` already, and src/api would be another one; choose another folder, such as \
             --out src/fleet\n"
        );
        assert!(!project.path("shop/src/api").exists());

        let written = in_shop(&project, "../api.jar --out src/fleet");
        assert_eq!(
            (written.code, &*written.err),
            (0, "hint: `pub mod fleet;` in src/lib.rs takes the code in\n"),
            "{kind}"
        );
        let root =
            project.read("shop/src/lib.rs").replace("pub mod api;", "pub mod api;\npub mod fleet;");
        project.write("shop/src/lib.rs", root);
        assert_eq!(in_shop(&project, "../api.jar --out src/fleet").err, "");
        assert_eq!(in_shop(&project, "../api.jar --out src/fleet --check").out, "no differences\n");
    }
}

#[test]
fn what_a_package_lacks_is_said() {
    let project = made(&["--kind", "consumer"]);
    project.write("shop/openapi.json", OPENAPI);
    assert_eq!(
        in_shop(&project, "openapi.json --out src/shop-api").err,
        "hint: `#[path = \"shop-api/mod.rs\"] pub mod shop_api;` in src/lib.rs takes the code in
hint: the code needs http, serde, serde_json, which Cargo.toml lacks: cargo add http && cargo add serde --features derive && \
         cargo add serde_json\n"
    );
    project.write("shop/src/inner/mod.rs", "mod api;\n");
    assert_eq!(in_shop(&project, "../api.jar --out src/inner/api").err, "");
    assert_eq!(
        in_shop(&project, "../api.jar --out src/inner/fleet").err,
        "hint: `pub mod fleet;` in src/inner/mod.rs takes the code in\n"
    );
    // Outside of `src`, somebody has a way of their own.
    assert_eq!(in_shop(&project, "../api.jar --out generated").err, "");
    assert!(Path::new(&project.path("shop/generated/mod.rs")).exists());
}
