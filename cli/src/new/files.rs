//! The files of a project.

use super::project::{Ci, Kind, Project, Protocol};
use super::registry::Registry;
use super::source::{REPOSITORY, Source};
use super::template::Values;
use crate::failure::Failure;

/// The port of providers.
pub(super) const PORT: u16 = 20880;

/// The longest line of Rust, as rustfmt has it.
const WIDTH: usize = 100;

/// A file by its path in the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    pub(super) path: &'static str,
    pub(super) text: String,
}

macro_rules! template {
    ($name:literal) => {
        include_str!(concat!("template/", $name, ".tmpl"))
    };
}

/// Returns the files of `project`.
pub(super) fn files_of(project: &Project) -> Result<Vec<File>, Failure> {
    let values = values(project);
    let fill = |(path, template): (&'static str, &str)| match values.fill(template) {
        Ok(text) => Ok(File { path, text }),
        Err(why) => Err(Failure::Failed(format!("error: the template of {path}: {why}"))),
    };
    templates(project).into_iter().map(fill).collect()
}

/// The paths of the files, each with its template.
fn templates(project: &Project) -> Vec<(&'static str, &'static str)> {
    let kind = project.kind;
    let mut files = vec![(".gitignore", template!("gitignore"))];
    files.push(match project.ci {
        Ci::Github => (".github/workflows/ci.yml", template!("github.yml")),
        Ci::Gitlab => (".gitlab-ci.yml", template!("gitlab.yml")),
    });
    if kind == Kind::Filter {
        files.extend([
            ("Cargo.toml", template!("filter/Cargo.toml")),
            ("README.md", template!("filter/README.md")),
            ("src/lib.rs", template!("filter/lib.rs")),
            ("examples/provider/main.rs", template!("filter/provider.rs")),
            ("examples/provider/api.rs", template!("filter/api.rs")),
            ("tests/calls.rs", template!("filter/calls.rs")),
        ]);
        return files;
    }
    files.extend([
        ("Cargo.toml", template!("Cargo.toml")),
        ("README.md", template!("README.md")),
        ("Dockerfile", template!("Dockerfile")),
        (".dockerignore", template!("dockerignore")),
        ("src/lib.rs", template!("lib.rs")),
        ("src/api.rs", template!("api.rs")),
        ("src/settings.rs", template!("settings.rs")),
        ("tests/calls.rs", template!("calls.rs")),
    ]);
    if project.proto {
        files.push(("build.rs", template!("build.rs")));
        files.push(("proto/service.proto", template!("service.proto")));
    }
    if kind.provides() {
        let path = if kind == Kind::Both { "src/bin/provider.rs" } else { "src/main.rs" };
        files.push((path, template!("provider.rs")));
        files.push(("src/service.rs", template!("service.rs")));
    }
    if kind.consumes() {
        let path = if kind == Kind::Both { "src/bin/consumer.rs" } else { "src/main.rs" };
        files.push((path, template!("consumer_main.rs")));
        files.push(("src/consumer.rs", template!("consumer.rs")));
    }
    files
}

/// The values of the templates.
fn values(project: &Project) -> Values {
    let Project { name, kind, interface, proto, protocol, registry, ci, source } = project;
    let mut values = Values::default();
    values.text("name", name);
    values.text("crate", name.replace('-', "_"));
    values.text("interface", interface.to_string());
    values.text("package", &interface.package);
    values.text("service", &interface.service);
    values.text("protocol", protocol.name());
    values.text("port", PORT.to_string());
    values.text("rust", env!("CARGO_PKG_RUST_VERSION"));
    values.text("home", REPOSITORY);
    let feature = registry.as_ref().and_then(|registry| registry.feature);
    let features = feature.map(|name| format!(", features = [\"{name}\"]")).unwrap_or_default();
    values.text("dubhe", source.dependency("dubhe") + &features);
    values.text("dubhe-build", source.dependency("dubhe-build"));
    let package = &interface.package;
    values
        .text("interface-argument", argument("#[dubhe::interface(", &interface.to_string(), ")]"));
    values.text("package-argument", argument("dubhe::include_proto!(", package, ");"));
    if let Some(Registry { url, .. }) = registry {
        let alone = format!("const REGISTRY: &str = \"{url}\";").chars().count() <= WIDTH;
        values.text("registry-gap", if alone { " " } else { "\n    " });
        // It has no character that is to be escaped.
        values.text("registry", format!("\"{url}\""));
        values.text("registry-url", url);
    }
    values.text(
        "ci",
        match ci {
            Ci::Github => "`.github/workflows/ci.yml`",
            Ci::Gitlab => "`.gitlab-ci.yml`",
        },
    );
    for (condition, holds) in [
        ("provider", kind.provides()),
        ("consumer", kind.consumes()),
        ("both", *kind == Kind::Both),
        ("provider-only", *kind == Kind::Provider),
        ("consumer-only", *kind == Kind::Consumer),
        ("container", *kind != Kind::Filter),
        ("proto", *proto),
        ("java", !proto),
        ("tri", *protocol == Protocol::Tri),
        // What a .proto file describes is announced over Triple alone by itself.
        ("announce", *protocol == Protocol::Tri && !proto),
        ("registry", registry.is_some()),
        ("path", matches!(source, Source::Path(_))),
    ] {
        values.condition(condition, holds);
    }
    values
}

/// The one argument, a text, on a line of its own where the whole line is too long.
fn argument(before: &str, text: &str, after: &str) -> String {
    let length = [before, "\"", text, "\"", after].map(|part| part.chars().count());
    if length.iter().sum::<usize>() <= WIDTH {
        format!("\"{text}\"")
    } else {
        format!("\n    \"{text}\"\n")
    }
}

#[cfg(test)]
mod tests;
