//! The files of every project that can be asked for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use dubhe_testkit::Folder;

use serde_json::Value as Json;

use super::*;
use crate::new::names::Interface;

fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|of| of == extension)
}

/// Every combination of kind, description, protocol, registry, CI and source.
fn projects() -> Vec<Project> {
    let mut all = Vec::new();
    let registry = |url: &str, feature| Some(Registry { url: url.to_owned(), feature });
    let long = format!("zookeeper://{}", "h".repeat(90));
    let registries = [None, registry("kubernetes://", Some("kubernetes")), registry(&long, None)];
    let sources = [
        Source::Git(REPOSITORY.to_owned()),
        Source::Path("/a \"b\"/dubhe".into()),
        Source::Version("0.1".to_owned()),
    ];
    for kind in [Kind::Provider, Kind::Consumer, Kind::Both, Kind::Filter] {
        for (proto, protocol) in
            [(false, Protocol::Dubbo), (false, Protocol::Tri), (true, Protocol::Tri)]
        {
            for registry in &registries {
                for (ci, source) in [Ci::Github, Ci::Gitlab, Ci::Github].into_iter().zip(&sources) {
                    if kind == Kind::Filter && (protocol == Protocol::Tri || registry.is_some()) {
                        continue;
                    }
                    all.push(Project {
                        name: "my-shop".to_owned(),
                        kind,
                        interface: Interface::read("org.example.Greeter").unwrap(),
                        proto,
                        protocol,
                        registry: registry.clone(),
                        ci,
                        source: source.clone(),
                    });
                }
            }
        }
    }
    assert_eq!(all.len(), 3 * 3 * 3 * 3 + 3);
    all
}

fn files(project: &Project) -> Vec<File> {
    files_of(project).unwrap_or_else(|failure| panic!("{project:?}: {failure:?}"))
}

fn text<'a>(files: &'a [File], path: &str) -> &'a str {
    let file = files.iter().find(|file| file.path == path);
    &file.unwrap_or_else(|| panic!("no {path}")).text
}

#[test]
fn no_template_has_a_name_left_and_each_path_is_there_once() {
    for project in projects() {
        let files = files(&project);
        for file in &files {
            assert!(!file.text.contains("<<") && !file.text.contains(">>>"), "{file:?}");
            assert!(file.text.ends_with('\n') && !file.text.ends_with("\n\n"), "{file:?}");
            assert!(!file.text.contains("\n\n\n"), "{}:\n{}", file.path, file.text);
            assert!(file.text.lines().all(|line| line.trim_end() == line), "{file:?}");
        }
        let mut paths: Vec<&str> = files.iter().map(|file| file.path).collect();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), files.len(), "{paths:?}");
        for path in ["Cargo.toml", "README.md", ".gitignore", "src/lib.rs", "tests/calls.rs"] {
            assert!(paths.contains(&path), "{project:?}: no {path}");
        }
    }
}

#[test]
fn every_template_is_used() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/new/template");
    let mut templates = Vec::new();
    for folder in [folder.to_owned(), format!("{folder}/filter")] {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        templates.extend(entries.filter(|path| path.is_file()));
    }
    let mut used: Vec<&str> = Vec::new();
    for project in projects() {
        used.extend(super::templates(&project).into_iter().map(|(_, template)| template));
    }
    for path in templates {
        let text = fs::read_to_string(&path).unwrap();
        assert!(used.contains(&&*text), "{}", path.display());
    }
}

#[test]
fn rust_and_yaml_can_be_read() {
    for project in projects() {
        let (mut rust, mut jobs) = (0, 0);
        for File { path, text } in files(&project) {
            if has_extension(path, "rs") {
                syn::parse_file(&text).unwrap_or_else(|error| panic!("{path}: {error}\n{text}"));
                rust += 1;
            }
            if has_extension(path, "yml") {
                let ci: Json = serde_saphyr::from_str(&text).unwrap();
                let list = if project.ci == Ci::Github { &ci["jobs"] } else { &ci };
                jobs = list.as_object().unwrap().len();
                assert!(list["test"].to_string().contains("-D warnings"), "{ci}");
            }
        }
        assert!(rust >= 4, "{project:?}");
        assert_eq!(jobs, if project.kind == Kind::Filter { 1 } else { 2 });
    }
}

#[test]
fn rust_is_laid_out_as_rustfmt_does_whatever_the_names() {
    let longest = |start: &str| format!("{start}{}", "y".repeat(49));
    let mut names = vec![
        ("a".to_owned(), "o.A".to_owned()),
        (longest("z"), format!("com.company.department.project.module.{}", longest("Z"))),
    ];
    // About the widths at which a package, an interface and a registry begin a line of their own.
    names.extend((74..81).map(|width| ("b".to_owned(), format!("{}.Gg", "p".repeat(width - 3)))));
    let home = Folder::new().unwrap();
    let mut rust: Vec<PathBuf> = Vec::new();
    for (number, (name, interface)) in names.iter().enumerate() {
        for (variant, mut project) in projects().into_iter().enumerate() {
            // Neither CI nor the source is in Rust.
            if project.ci == Ci::Gitlab || !matches!(project.source, Source::Git(_)) {
                continue;
            }
            project.name.clone_from(name);
            project.interface = Interface::read(interface).unwrap();
            if let Some(registry) = &mut project.registry {
                registry.url = format!("file://{}", "r".repeat(interface.len() - 3));
            }
            let folder = home.path().join(format!("{number}/{variant}"));
            for file in files(&project) {
                if has_extension(file.path, "rs") {
                    let path = folder.join(file.path);
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    fs::write(&path, file.text).unwrap();
                    rust.push(path);
                }
            }
        }
    }
    // It looks for its configuration in the folders above, where there is none.
    let checked = Command::new("rustfmt")
        .args(["--check", "--color", "never", "--edition", "2024"])
        .args(&rust)
        .output()
        .expect("rustup component add rustfmt");
    let told = String::from_utf8(checked.stdout).unwrap();
    assert!(checked.status.success(), "{told}{}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn images_have_no_root_and_their_programs_are_told_to_end() {
    let defaults = dubhe::ServerOptions::default();
    let quiet = defaults.dubbo.drain_quiet.max(defaults.triple.drain_quiet);
    let drain = defaults.withdraw_timeout + quiet + defaults.shutdown_wait;
    let most = format!("{} s", drain.as_secs());
    for project in projects() {
        let files = files(&project);
        if project.kind == Kind::Filter {
            assert!(files.iter().all(|file| file.path != "Dockerfile"));
            continue;
        }
        let image = text(&files, "Dockerfile");
        let base = image.lines().rfind(|line| line.starts_with("FROM "));
        assert!(base.is_some_and(|base| base.ends_with(":nonroot")), "{image}");
        // The provider drains at either; without a handler, process 1 is not ended by SIGTERM.
        let signal = if project.kind.consumes() { "SIGINT" } else { "SIGTERM" };
        assert!(image.contains(&format!("\nSTOPSIGNAL {signal}\n")), "{image}");
        let program = match project.kind {
            Kind::Both => "CMD [\"provider\"]",
            _ => "ENTRYPOINT [\"my-shop\"]",
        };
        assert_eq!(image.lines().last(), Some(program));
        if project.kind.provides() {
            for page in [image, text(&files, "README.md")] {
                assert!(page.contains(&most), "not {most}: {page}");
                assert!(page.contains("docker stop -t 30"), "{page}");
            }
        }
    }
}

/// The words of the instructions of a container file, by their names.
fn instructions(image: &str) -> Vec<(&str, Vec<&str>)> {
    let lines = image.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let each = lines.map(|line| line.split_once(' ').unwrap());
    each.map(|(name, rest)| (name, rest.split_whitespace().collect())).collect()
}

#[test]
fn each_path_of_an_image_is_made_by_a_stage_before_it() {
    for project in projects().into_iter().filter(|project| project.kind != Kind::Filter) {
        let files = files(&project);
        let image = text(&files, "Dockerfile");
        let (mut stages, mut copied) = (Vec::new(), Vec::new());
        // The programs that cargo finds by their places.
        let mut programs: Vec<&str> = files
            .iter()
            .filter_map(|file| file.path.strip_prefix("src/bin/")?.strip_suffix(".rs"))
            .collect();
        if files.iter().any(|file| file.path == "src/main.rs") {
            programs.push(&project.name);
        }
        assert!(!programs.is_empty());
        for (name, words) in instructions(image) {
            match (name, &*words) {
                ("FROM", [base]) => stages.push((*base, "")),
                ("FROM", [base, "AS", stage]) => stages.push((*base, *stage)),
                ("WORKDIR", ["/build"]) | ("COPY", [".", "."]) => assert_eq!(stages.len(), 1),
                ("RUN", words) => assert_eq!(words, ["cargo", "build", "--release", "--bins"]),
                ("COPY", [from, paths @ .., "/usr/local/bin/"]) => {
                    let stage = from.strip_prefix("--from=").unwrap();
                    assert!(stages.iter().rev().skip(1).any(|(_, name)| *name == stage), "{image}");
                    for path in paths {
                        let program = path.strip_prefix("/build/target/release/").unwrap();
                        assert!(programs.contains(&program), "{program} of {programs:?}");
                        copied.push(program);
                    }
                }
                ("EXPOSE", [port]) => {
                    assert!(
                        files
                            .iter()
                            .any(|file| has_extension(file.path, "rs") && file.text.contains(port))
                    );
                }
                ("STOPSIGNAL", [_]) => {}
                ("CMD" | "ENTRYPOINT", [program]) => {
                    let program: Vec<String> = serde_json::from_str(program).unwrap();
                    assert!(matches!(&*program, [one] if copied.contains(&&**one)), "{image}");
                }
                other => panic!("{other:?} is not looked at"),
            }
        }
        assert_eq!(copied.len(), programs.len(), "{image}");
        // What is built with the C library of a release of Debian runs with that of the same.
        let bases: Vec<&str> = stages.iter().map(|(base, _)| *base).collect();
        assert!(bases[0].ends_with("-bookworm") && bases[1].contains("-debian12:"), "{bases:?}");
        for ignored in text(&files, ".dockerignore").lines().filter(|line| !line.starts_with('#')) {
            let is_needed = |file: &&File| {
                file.path.split('/').next() == Some(ignored) && file.path != "Dockerfile"
            };
            assert!(!files.iter().any(|file| is_needed(&file)), "{ignored} is needed");
        }
    }
}
