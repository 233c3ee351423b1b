//! The definitions of services in a registry: what providers published in its metadata centre, and what those that
//! published none answer when they are asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use dubhe::documents::{DocumentKey, DocumentStore, Side};
use dubhe::registry::{Health, Registration, Registry, ServiceParams};
use dubhe::{App, ByteString, Code, Endpoint, ServiceKey, Status};
use dubhe_codegen::{Api, Note, definition};
use futures_util::{StreamExt as _, stream};

use super::failed;
use super::options::GenArgs;
use super::sources::all_known;
use super::united::{Defined, united};
use crate::failure::Failure;
use crate::registries::{self, APPLICATION};

/// The service that providers tell their definitions with; its group is their application. That of Dubbo 3.3,
/// `MetadataServiceV2`, has metadata and OpenAPI, and no definitions.
///
/// Dubbo Java 3 exports it without the filter that generic calls need, so it is called by its own method.
#[dubhe::interface("org.apache.dubbo.metadata.MetadataService", version = "1.0.0")]
trait Metadata {
    /// The definition of a service, by its key.
    async fn get_service_definition(&self, key: String) -> Result<Option<String>, Status>;
}

/// The time that a registry has to answer, unless an option says another.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Providers of one service that are asked one after another.
const PROVIDERS: usize = 3;
/// Services whose providers are asked at once.
const AT_ONCE: usize = 16;
/// The time in which a provider answers.
const ANSWER: Duration = Duration::from_secs(5);

const INSTEAD: &str = "generate from the jar of its interface, or let providers publish definitions: in Java by the address of a \
                       metadata centre, dubbo.metadata-report.address";

/// Reads the definitions of all services that are asked for.
pub(super) async fn definitions(options: &GenArgs) -> Result<Api, Failure> {
    let timeout = options.timeout.unwrap_or(TIMEOUT);
    let (mut all, mut interfaces) = (Api::default(), BTreeSet::new());
    for url in &options.sources {
        let parts = registries::open(url, None)
            .map_err(|error| Failure::Usage(format!("error: {}", error.message())))?;
        let name = parts.registry.name();
        let late = |_| {
            let time = humantime::format_duration(timeout);
            failed(format!(
                "{name} does not answer within {time}: look at its address, or give it more time with --timeout"
            ))
        };
        let read = published(options, parts.documents.as_deref());
        let mut found = tokio::time::timeout(timeout, read).await.map_err(late)??;
        let known: BTreeSet<ServiceKey> =
            found.defined.iter().map(|one| one.service.clone()).collect();
        let read = providers(options, &*parts.registry, &mut found.interfaces);
        let open = tokio::time::timeout(timeout, read).await.map_err(late)??;
        let open = open.into_iter().filter(|(service, _)| !known.contains(service)).collect();
        asked(timeout.min(ANSWER), open, &mut found).await?;
        interfaces.append(&mut found.interfaces);
        let mut api = united(found.defined);
        api.notes.append(&mut found.notes);
        api.unread.append(&mut found.unread);
        all.merge(api);
    }
    if !interfaces.is_empty() {
        let known = interfaces.iter().map(|name| &**name);
        all_known(options, known, "interface in the registry is called")?;
    }
    if all.types.is_empty() && all.notes.is_empty() {
        let what = "no provider published a definition of such an interface, and none is registered that could be \
                    asked; look at `dubhe registry ls URL metadata`";
        return Err(failed(what));
    }
    Ok(all)
}

/// The content of a registry.
#[derive(Default)]
struct Found {
    defined: Vec<Defined>,
    /// All interfaces that it knows of.
    interfaces: BTreeSet<ByteString>,
    notes: Vec<Note>,
    /// The services whose definitions could not be read.
    unread: BTreeSet<String>,
}

impl Found {
    fn read(&mut self, service: ServiceKey, text: &str, source: &str) {
        match definition::read(text, source) {
            Ok(api) => self.defined.push(Defined { service, api }),
            Err(error) => self.unread(service.to_string(), error.to_string()),
        }
    }

    /// Notes a service whose definition could not be read.
    fn unread(&mut self, at: String, text: String) {
        self.unread.insert(at.clone());
        self.notes.push(Note { at, text });
    }
}

/// Reads the definitions in the metadata centre.
async fn published(options: &GenArgs, store: Option<&dyn DocumentStore>) -> Result<Found, Failure> {
    let mut found = Found::default();
    let Some(store) = store else { return Ok(found) };
    let says = |error: Status| failed(error.message());
    let mut keys = store.list().await.map_err(says)?;
    keys.sort_by_cached_key(ToString::to_string);
    for key in keys {
        let service = match &key {
            DocumentKey::Mapping { interface } => {
                found.interfaces.insert(interface.clone());
                continue;
            }
            DocumentKey::Definition { service, side: Side::Provider, .. } => {
                found.interfaces.insert(service.interface().clone());
                service.clone()
            }
            _ => continue,
        };
        if !options.takes(&service) {
            continue;
        }
        if let Some(document) = store.get(&key).await.map_err(says)? {
            found.read(service, &document.text, store.name());
        }
    }
    Ok(found)
}

/// The providers of the services that are asked for, as far as the registry can tell them.
async fn providers(
    options: &GenArgs,
    registry: &dyn Registry,
    known: &mut BTreeSet<ByteString>,
) -> Result<BTreeMap<ServiceKey, Vec<Registration>>, Failure> {
    let says = |error: Status| failed(error.message());
    match registry.services().await {
        Ok(services) => known.extend(services.iter().map(|of| of.interface().clone())),
        Err(error) if error.code() == Code::Unimplemented => {}
        Err(error) => return Err(says(error)),
    }
    let mut interfaces = known.clone();
    // A registry that lists nothing may still know what is named.
    let named = options.interfaces.iter().filter(|name| !name.contains('*'));
    interfaces.extend(named.map(|name| ByteString::from(name.as_str())));
    interfaces.retain(|interface| {
        options.takes_interface(interface) && !interface.starts_with("org.apache.dubbo.metadata.")
    });
    let mut found: BTreeMap<ServiceKey, Vec<Registration>> = BTreeMap::new();
    for interface in interfaces {
        let mut snapshots =
            registry.subscribe(&ServiceKey::new(interface, "*", "*")).await.map_err(says)?;
        while let Some(snapshot) = snapshots.next().await {
            if snapshot.health == Health::Stale {
                continue;
            }
            for one in snapshot.providers.into_iter().filter(|of| options.takes(&of.service)) {
                known.insert(one.service.interface().clone());
                found.entry(one.service.clone()).or_default().push(one);
            }
            break;
        }
    }
    Ok(found)
}

/// Asks the providers of services that published no definition.
async fn asked(
    limit: Duration,
    open: BTreeMap<ServiceKey, Vec<Registration>>,
    found: &mut Found,
) -> Result<(), Failure> {
    if open.is_empty() {
        return Ok(());
    }
    let app = App::builder(APPLICATION).build().map_err(|error| failed(error.message()))?;
    let answers = stream::iter(open).map(|(service, providers)| {
        let app = &app;
        async move {
            let answer = ask(app, &service, providers, limit).await;
            (service, answer)
        }
    });
    let answers: Vec<_> = answers.buffered(AT_ONCE).collect().await;
    for (service, answer) in answers {
        match answer {
            Ok((text, place)) => found.read(service, &text, &place),
            Err(why) => found.unread(service.to_string(), why),
        }
    }
    Ok(())
}

/// The definition that one of the providers tells, and who it was; or why there is none.
async fn ask(
    app: &App,
    service: &ServiceKey,
    providers: Vec<Registration>,
    limit: Duration,
) -> Result<(String, String), String> {
    let speaks = |of: &Registration| matches!(&*of.offer.protocol, "dubbo" | "tri");
    let mut why = Vec::new();
    for one in providers.into_iter().filter(speaks).take(PROVIDERS) {
        let application = if one.instance.application.is_empty() {
            one.params.get("application").unwrap_or_default().into()
        } else {
            one.instance.application.clone()
        };
        // They are those of the service that the provider offers there, and not those of the one that is asked.
        let mut params = one.params.to_params();
        params.retain(|name, _| !matches!(&**name, "group" | "version"));
        let endpoint =
            Endpoint::new(one.instance, one.offer, Arc::new(ServiceParams::new(&params)));
        let place = format!("{application} at {endpoint}");
        match tell(app, service, application, endpoint, limit).await {
            Ok(text) if text.is_empty() => why.push(format!(
                "{place} answers getServiceDefinition with an empty text, as Dubbo Java 3 does without a metadata centre"
            )),
            Ok(text) => return Ok((text, place)),
            // Java tells the stack behind the message.
            Err(error) => {
                let text = error.message().lines().next().unwrap_or_default();
                why.push(format!("{place} does not tell it: {text}"));
            }
        }
    }
    if why.is_empty() {
        why.push("no provider of it speaks dubbo or Triple, by which it could be asked".to_owned());
    }
    Err(format!("the metadata centre has no definition of it, and {}; {INSTEAD}", why.join("; ")))
}

/// Asks one provider for the definition of a service.
async fn tell(
    app: &App,
    service: &ServiceKey,
    application: ByteString,
    endpoint: Endpoint,
    limit: Duration,
) -> Result<String, Status> {
    let client = app.client::<MetadataClient>().group(application).endpoint(endpoint);
    let client = client.timeout(limit).retries(0).build()?;
    Ok(client.get_service_definition(service.to_string()).await?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use dubhe::registry::MemoryDocuments;

    use super::*;

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
            let options = options(line);
            let found = published(&options, Some(&store)).await.unwrap();
            let known = found.interfaces.iter().map(|name| &**name);
            all_known(&options, known, "interface in the registry is called")
                .map_err(|error| error.text().to_owned())?;
            Ok::<_, String>(united(found.defined).types.into_keys().collect::<Vec<_>>())
        };
        let url = "zookeeper://127.0.0.1:2181";
        assert_eq!(read(url).await.unwrap(), ["org.example.Orders", "org.example.Users"]);
        let users = format!("{url} --interface org.example.Users");
        assert_eq!(read(&users).await.unwrap(), ["org.example.Users"]);
        assert_eq!(
            read(&format!("{users} --interface org.example.Odrers")).await.unwrap_err(),
            "no interface in the registry is called org.example.Odrers; did you mean org.example.Orders?"
        );
    }
}
