//! The sources of `dubhe gen`, by what they are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dubhe::documents::{DocumentKey, DocumentStore, Side};
use dubhe_build::Modules;
use dubhe_codegen::java_reader::Inputs;
use dubhe_codegen::pattern::matches;
use dubhe_codegen::{Api, definition, rust_reader};

use super::failed;
use super::options::{GenArgs, To, Use};
use super::protobuf;
use crate::failure::Failure;
use crate::registries;
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

/// The time that a registry has to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The kind of the sources, which all are of one.
pub(super) fn kind(options: &GenArgs) -> Result<Kind, Failure> {
    if options.to != To::Rust {
        options.refuse_others(if options.to == To::Java { Use::Java } else { Use::Proto })?;
        return match options.sources.iter().find(|source| kind_of(source).is_ok_and(is_no_rust)) {
            None => Ok(Kind::Rust),
            Some(source) => Err(usage(format!(
                "{source} is no Rust, and --to writes of Rust: leave it out to make Rust of {source}"
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

/// A folder may have either.
fn is_no_rust(kind: Kind) -> bool {
    !matches!(kind, Kind::Rust | Kind::Classes)
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

/// Reads the sources.
pub(super) async fn read(options: &GenArgs, kind: Kind) -> Result<Found, Failure> {
    match kind {
        Kind::Rust => {
            let api = rust_reader::read(&options.sources).map_err(failed)?;
            Ok(Found::Api(taken(options, api)?))
        }
        Kind::Classes => classes(options).map(Found::Api),
        Kind::Document => document(options),
        Kind::Registry => definitions(options).await.map(Found::Api),
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
    };
    inputs.read().map_err(failed)
}

fn document(options: &GenArgs) -> Result<Found, Failure> {
    let mut all = Api::default();
    for source in &options.sources {
        let text = std::fs::read_to_string(source)
            .map_err(|error| failed(format!("{source}: {error}")))?;
        // Editors of Windows put a mark at the front.
        let text = text.trim_start_matches('\u{feff}').to_owned();
        // A definition is JSON with the name of its interface.
        let is_definition = serde_json::from_str::<serde_json::Value>(&text)
            .is_ok_and(|json| json.get("canonicalName").is_some());
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
        all.merge(definition::read(&text, source).map_err(failed)?);
    }
    taken(options, all).map(Found::Api)
}

/// The definitions that providers published.
async fn definitions(options: &GenArgs) -> Result<Api, Failure> {
    let (mut all, mut known) = (Api::default(), BTreeSet::new());
    for url in &options.sources {
        let parts =
            registries::open(url, None).map_err(|error| usage(error.message().to_owned()))?;
        let store = parts
            .documents
            .ok_or_else(|| failed(format!("{} has no documents", parts.registry.name())))?;
        let read = published(options, &*store, &mut known);
        let read = tokio::time::timeout(options.timeout.unwrap_or(TIMEOUT), read).await;
        let late =
            |_| failed(format!("{} does not answer; --timeout gives it more time", store.name()));
        all.merge(read.map_err(late)??);
    }
    if all.types.is_empty() && all.notes.is_empty() && known.is_empty() {
        let what = "no provider published a definition of such an interface; look at `dubhe registry ls URL metadata`";
        return Err(failed(what));
    }
    all_known(options, known.iter().map(String::as_str), "provider published a definition of")?;
    Ok(all)
}

/// Reads the definitions in a registry. `known` gets the names of all interfaces.
async fn published(
    options: &GenArgs,
    store: &dyn DocumentStore,
    known: &mut BTreeSet<String>,
) -> Result<Api, Failure> {
    let says = |error: dubhe::Status| failed(error.message());
    let mut keys = store.list().await.map_err(says)?;
    keys.retain(|key| match key {
        DocumentKey::Definition { service, side: Side::Provider, .. } => {
            known.insert(service.interface().to_string());
            wanted(options, service.interface())
        }
        _ => false,
    });
    keys.sort_by_cached_key(ToString::to_string);
    let mut all = Api::default();
    for key in keys {
        let Some(document) = store.get(&key).await.map_err(says)? else { continue };
        match definition::read(&document.text, store.name()) {
            Ok(api) => all.merge(api),
            Err(error) => all.note(key.to_string(), error.to_string()),
        }
    }
    Ok(all)
}

fn wanted(options: &GenArgs, interface: &str) -> bool {
    options.interfaces.is_empty()
        || options.interfaces.iter().any(|pattern| matches(pattern, interface))
}

/// The services that were asked for. Classes that only the others use stay.
fn taken(options: &GenArgs, mut api: Api) -> Result<Api, Failure> {
    let is_service = |of: &dubhe_codegen::model::Declared| {
        matches!(of.kind, dubhe_codegen::model::Kind::Service(_))
    };
    let services = api.types.iter().filter(|(_, of)| is_service(of));
    all_known(options, services.map(|(name, _)| name.as_str()), "interface is called")?;
    api.types.retain(|name, of| !is_service(of) || wanted(options, name));
    Ok(api)
}

/// Refuses names of interfaces that nothing matches.
fn all_known<'a>(
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
    use dubhe::ServiceKey;
    use dubhe::registry::MemoryDocuments;

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

    /// The options of a command line.
    fn options(line: &str) -> GenArgs {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            options: GenArgs,
        }
        <Line as clap::Parser>::parse_from(["dubhe"].into_iter().chain(line.split(' '))).options
    }

    #[tokio::test]
    async fn definitions_of_providers_are_read_from_a_registry() {
        let store = MemoryDocuments::new();
        for (interface, side) in [
            ("org.example.Users", Side::Provider),
            ("org.example.Orders", Side::Provider),
            ("org.example.Calls", Side::Consumer),
        ] {
            let text = format!(
                r#"{{"canonicalName": "{interface}", "methods": [
                    {{"name": "find", "parameterTypes": ["long"], "returnType": "int"}}]}}"#
            );
            let service = ServiceKey::interface_only(interface);
            let key = DocumentKey::Definition { service, side, application: "shop".into() };
            store.put(&key, text.into()).await.unwrap();
        }
        let read = async |line: &str| {
            let mut known = BTreeSet::new();
            let options = options(line);
            let api = published(&options, &store, &mut known).await.unwrap();
            let known = known.iter().map(String::as_str);
            all_known(&options, known, "provider published a definition of")
                .map_err(|error| error.text().to_owned())?;
            Ok::<_, String>(api.types.into_keys().collect::<Vec<_>>())
        };
        let url = "zookeeper://127.0.0.1:2181";
        assert_eq!(read(url).await.unwrap(), ["org.example.Orders", "org.example.Users"]);
        let users = format!("{url} --interface org.example.Users");
        assert_eq!(read(&users).await.unwrap(), ["org.example.Users"]);
        assert_eq!(
            read(&format!("{users} --interface org.example.Odrers")).await.unwrap_err(),
            "no provider published a definition of org.example.Odrers; did you mean org.example.Orders?"
        );
    }
}
