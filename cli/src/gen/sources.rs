//! The sources of `dubhe gen`, by what they are.

use std::path::{Path, PathBuf};

use dubhe_build::Modules;
use dubhe_codegen::java_reader::Inputs;
use dubhe_codegen::pattern::matches;
use dubhe_codegen::{Api, definition, input, rust_reader};

use super::options::{GenArgs, To, Use};
use super::{failed, protobuf, registry};
use crate::failure::Failure;
use crate::suggest::did_you_mean;

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
    Protobuf(Modules),
}

/// The kind of the sources, which all are of one.
pub(super) fn kind(options: &GenArgs) -> Result<Kind, Failure> {
    if options.to != To::Rust {
        options.refuse_others(if options.to == To::Java { Use::Java } else { Use::Proto })?;
        return match options.sources.iter().find(|source| is_no_rust(source)) {
            None => Ok(Kind::Rust),
            Some(source) => Err(usage(format!(
                "{source} is no Rust, of which --to makes Java and .proto files; without --to, Rust is made of {source}"
            ))),
        };
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
    // What a document is, only its text says.
    match first {
        Kind::Classes => options.refuse_others(Use::Classes)?,
        Kind::Registry => options.refuse_others(Use::Registry)?,
        Kind::Protobuf => options.refuse_others(Use::Protobuf)?,
        Kind::Document | Kind::Rust => {}
    }
    Ok(first)
}

/// A folder may have Rust as well as class files.
fn is_no_rust(source: &str) -> bool {
    match kind_of(source) {
        Ok(Kind::Classes) => !Path::new(source).is_dir(),
        Ok(kind) => kind != Kind::Rust,
        Err(_) => false,
    }
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
        _ if !path.exists() => Err(usage(format!("there is no {source}: no such file or folder"))),
        "rs" => Err(usage(format!("{source} is Rust: say --to java or --to proto"))),
        _ if path.is_dir() => Ok(Kind::Classes),
        _ => Err(usage(format!(
            "{source:?} is no source: give a .jar, a folder of class files, a .class, .proto, .json or .yaml file, or \
             the URL of a registry"
        ))),
    }
}

/// Reads the sources.
pub(super) async fn read(options: &GenArgs, kind: Kind) -> Result<Found, Failure> {
    match kind {
        Kind::Rust => {
            let mut api = rust_reader::read(&options.sources).map_err(failed)?;
            name_sources(&mut api, &options.sources);
            Ok(Found::Api(taken(options, api)?))
        }
        Kind::Classes => classes(options).map(Found::Api),
        Kind::Document => document(options),
        Kind::Registry => registry::definitions(options).await.map(Found::Api),
        Kind::Protobuf => protobuf::compile(options).map(Found::Protobuf),
    }
}

fn classes(options: &GenArgs) -> Result<Api, Failure> {
    let inputs = Inputs {
        jars: options.sources.iter().map(PathBuf::from).collect(),
        classpath: options.classpath.clone(),
        sources: options.java_sources.clone(),
        interfaces: options.interfaces.clone(),
        classes: options.classes.clone(),
        exact: options.exact.clone(),
    };
    inputs.read().map_err(failed)
}

fn document(options: &GenArgs) -> Result<Found, Failure> {
    let mut all = Api::default();
    for source in &options.sources {
        let text = input::text(source, input::MAX_TEXT)
            .map_err(|error| failed(format!("{source}: {error}")))?;
        // Editors of Windows put a mark at the front.
        let text = text.trim_start_matches('\u{feff}').to_owned();
        // A definition is JSON with the name of its interface.
        let json = serde_json::from_str::<serde_json::Value>(&text).ok();
        let has = |name: &str| json.as_ref().is_some_and(|json| json.get(name).is_some());
        let is_definition = has("canonicalName");
        if json.is_some() && !is_definition && !has("openapi") && !has("swagger") {
            return Err(failed(format!(
                "{source}: neither an OpenAPI document, which has `openapi` with the version, nor a service definition, \
                 which has `canonicalName`"
            )));
        }
        if !is_definition {
            if options.sources.len() > 1 {
                let what =
                    "OpenAPI documents are generated one by one, each into a folder of its own";
                return Err(usage(what.to_owned()));
            }
            options.refuse_others(Use::OpenApi)?;
            return Ok(Found::OpenApi { text, source: source.clone() });
        }
        options.refuse_others(Use::Definition)?;
        let mut api = definition::read(&text, source).map_err(failed)?;
        name_sources(&mut api, std::slice::from_ref(source));
        all.merge(api);
    }
    taken(options, all).map(Found::Api)
}

/// Names the files of types below the sources that were given, so that what is written is the same wherever the program runs.
fn name_sources(api: &mut Api, sources: &[String]) {
    let folders = sources
        .iter()
        .map(Path::new)
        .filter_map(|source| if source.is_dir() { Some(source) } else { source.parent() });
    let folders: Vec<&Path> = folders.collect();
    for declared in api.types.values_mut() {
        let path = Path::new(&declared.source);
        let below = folders.iter().filter_map(|folder| path.strip_prefix(folder).ok());
        let shortest = below.min_by_key(|below| below.components().count());
        let name = shortest.or(path.file_name().map(Path::new)).unwrap_or(path);
        declared.source = name.to_string_lossy().replace('\\', "/");
    }
}

/// The services that were asked for. Classes that only the others use stay.
fn taken(options: &GenArgs, mut api: Api) -> Result<Api, Failure> {
    let is_service = |of: &dubhe_codegen::model::Declared| {
        matches!(of.kind, dubhe_codegen::model::Kind::Service(_))
    };
    let services = api.types.iter().filter(|(_, of)| is_service(of));
    all_known(options, services.map(|(name, _)| name.as_str()), "interface is called")?;
    api.types.retain(|name, of| !is_service(of) || options.takes_interface(name));
    Ok(api)
}

/// Refuses names of interfaces that nothing matches.
pub(super) fn all_known<'a>(
    options: &GenArgs,
    known: impl Iterator<Item = &'a str>,
    what: &str,
) -> Result<(), Failure> {
    let known: Vec<&str> = known.collect();
    let unknown = |pattern: &&String| !known.iter().any(|name| matches(pattern, name));
    match options.interfaces.iter().find(unknown) {
        None => Ok(()),
        Some(pattern) => {
            let meant = did_you_mean(pattern, known.iter().copied());
            Err(failed(format!("no {what} {pattern}{meant}")))
        }
    }
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
