//! The sources of `dubhe gen`, by what they are.

use std::path::{Path, PathBuf};

use dubhe_codegen::java_reader::Inputs;
use dubhe_codegen::{Api, definition, rust_reader};

use super::options::{GenArgs, To};
use super::{failed, registry};
use crate::failure::Failure;

/// The kind of all sources of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Rust, to write Java or `.proto` files.
    Rust,
    /// Jars, folders of class files and class files.
    Classes,
    Protobuf,
    /// Files of JSON or YAML: a definition or an OpenAPI document.
    Document,
    /// Registries with service definitions.
    Registry,
}

/// The model, or a document that is generated as it is.
pub(super) enum Found {
    Api(Api),
    OpenApi { text: String, source: String },
}

/// The kind of the sources, which all are of one.
pub(super) fn kind(options: &GenArgs) -> Result<Kind, Failure> {
    if options.to != To::Rust {
        return Ok(Kind::Rust);
    }
    let mut kinds = options.sources.iter().map(|source| kind_of(source));
    let first = kinds.next().unwrap_or_else(|| Err(usage("there is no source".to_owned())))?;
    for (kind, source) in kinds.zip(options.sources.iter().skip(1)) {
        if kind? != first {
            let before = options.sources.first().map(String::as_str).unwrap_or_default();
            return Err(usage(format!(
                "{source} is another kind of source than {before}; run the command for each, with a folder of its own"
            )));
        }
    }
    Ok(first)
}

fn usage(text: String) -> Failure {
    Failure::Usage(format!("error: {text}"))
}

fn kind_of(source: &str) -> Result<Kind, Failure> {
    if source.contains("://") {
        return Ok(Kind::Registry);
    }
    let path = Path::new(source);
    let extension = path.extension().and_then(|of| of.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "jar" | "war" | "class" => Ok(Kind::Classes),
        "proto" => Ok(Kind::Protobuf),
        "json" | "yaml" | "yml" => Ok(Kind::Document),
        "rs" => Err(usage(format!("{source} is Rust: say --to java or --to proto"))),
        _ if path.is_dir() => Ok(Kind::Classes),
        _ => Err(usage(format!(
            "{source:?} is no source: give a .jar, a folder of class files, a .class, .proto, .json or .yaml file, or \
             the URL of a registry"
        ))),
    }
}

/// Reads the sources, but for `.proto` files.
pub(super) async fn read(options: &GenArgs, kind: Kind) -> Result<Found, Failure> {
    match kind {
        Kind::Rust => {
            let api = rust_reader::read(&options.sources).map_err(failed)?;
            Ok(Found::Api(taken(options, api)?))
        }
        Kind::Classes => classes(options).map(Found::Api),
        Kind::Document => document(options),
        Kind::Registry => registry::definitions(options).await.map(Found::Api),
        Kind::Protobuf => Err(usage(".proto files are compiled".to_owned())),
    }
}

fn classes(options: &GenArgs) -> Result<Api, Failure> {
    let inputs = Inputs {
        jars: options.sources.iter().map(PathBuf::from).collect(),
        classpath: options.classpath.clone(),
        sources: options.java_sources.clone(),
        interfaces: options.interfaces.clone(),
        classes: options.classes.clone(),
    };
    inputs.read().map_err(failed)
}

fn document(options: &GenArgs) -> Result<Found, Failure> {
    let mut all = Api::default();
    for source in &options.sources {
        let text = std::fs::read_to_string(source)
            .map_err(|error| failed(format!("{source}: {error}")))?;
        // A definition is JSON with the name of its interface.
        let is_definition = serde_json::from_str::<serde_json::Value>(&text)
            .is_ok_and(|json| json.get("canonicalName").is_some());
        if !is_definition {
            if options.sources.len() > 1 {
                let what =
                    "OpenAPI documents are generated one by one, each into a folder of its own";
                return Err(usage(what.to_owned()));
            }
            return Ok(Found::OpenApi { text, source: source.clone() });
        }
        all.merge(definition::read(&text, source).map_err(failed)?);
    }
    taken(options, all).map(Found::Api)
}

/// The services that were asked for. Classes that only the others use stay.
fn taken(options: &GenArgs, mut api: Api) -> Result<Api, Failure> {
    let is_service = |of: &dubhe_codegen::model::Declared| {
        matches!(of.kind, dubhe_codegen::model::Kind::Service(_))
    };
    api.types.retain(|name, of| !is_service(of) || options.takes_interface(name));
    if !options.interfaces.is_empty() && !api.types.values().any(is_service) {
        return Err(failed(format!("no interface is called {}", options.interfaces.join(" or "))));
    }
    Ok(api)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_told_by_their_names() {
        let kind = |source: &str| kind_of(source).ok();
        assert_eq!(kind("a/b.jar"), Some(Kind::Classes));
        assert_eq!(kind("B.class"), Some(Kind::Classes));
        assert_eq!(kind("x.proto"), Some(Kind::Protobuf));
        assert_eq!(kind("openapi.yml"), Some(Kind::Document));
        assert_eq!(kind("nacos://h:8848"), Some(Kind::Registry));
        assert_eq!(kind("/"), Some(Kind::Classes));
        assert_eq!((kind("lib.rs"), kind("no-such-thing")), (None, None));
    }
}
