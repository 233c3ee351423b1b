//! Cases of configurators, and of the parameters of both sides.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use dubhe_config::{ConfigWatcher, override_urls};
use dubhe_core::ServiceKey;
use dubhe_core::documents::{DocumentKey, DocumentStore};
use dubhe_net::time::TokioClock;
use dubhe_registry::MemoryDocuments;
use dubhe_rules::configurators::{Configurators, ServiceUrl, merge};
use serde::Deserialize;
use serde_json::Value;

use crate::case::Case;
use crate::routing::facts::{JavaUrl, Params, texts};
use crate::routing::read;

/// The kinds that are decided here.
pub(crate) const KINDS: [&str; 3] = ["configurator", "configurator-url", "merge"];

/// A time longer than changes of documents are gathered.
const SETTLED: Duration = Duration::from_secs(1);

/// A case of configurators, as documents or as URLs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Configuring {
    #[serde(default)]
    rules: Vec<Event>,
    #[serde(default)]
    urls: Option<Vec<String>>,
    local_host: String,
    target: JavaUrl,
}

/// A change of a document.
#[derive(Debug, Deserialize)]
struct Event {
    #[serde(rename = "event")]
    what: String,
    key: String,
    #[serde(default)]
    content: String,
}

/// A case of two sides.
#[derive(Debug, Deserialize)]
struct Merging {
    remote: JavaUrl,
    local: Params,
}

/// The outcome in Dubbo Java.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Expected {
    Url { params: Params },
    Exception { message: Option<String> },
}

/// Decides a case, and says how the decision differs.
pub(crate) async fn decide(case: &Case) -> Result<(), String> {
    let fields = Value::Object(case.fields.clone());
    let ours = if case.kind == "merge" {
        let Merging { remote, local } = read(&fields)?;
        strings(&merge(&texts(&remote.params), &texts(&local)))
    } else {
        configured(&read(&fields)?).await?
    };
    match read(&case.outcome)? {
        Expected::Url { params } if params == ours => Ok(()),
        Expected::Url { params } => Err(format!("{ours:?}, and {params:?} in Java")),
        Expected::Exception { message } => {
            Err(format!("Java fails ({}), and here it is {ours:?}", message.unwrap_or_default()))
        }
    }
}

/// The parameters that configurators leave.
async fn configured(case: &Configuring) -> Result<Params, String> {
    let JavaUrl { host, port, path, params, .. } = &case.target;
    let mut url = ServiceUrl::new(host.clone(), *port, path.clone());
    for (name, value) in params {
        url = url.with_param(name.clone(), value.clone());
    }
    let configurators = match &case.urls {
        Some(urls) => {
            let urls = override_urls(urls).map_err(|error| error.to_string())?;
            Configurators::of_urls(&urls)
        }
        None => followed(case).await?,
    };
    configurators.apply(&mut url, &case.local_host);
    Ok(strings(url.params()))
}

/// The configurators of the target after all events.
async fn followed(case: &Configuring) -> Result<Configurators, String> {
    let store = MemoryDocuments::new();
    let documents: Arc<dyn DocumentStore> = Arc::new(store.clone());
    let config = ConfigWatcher::start(vec![documents], Arc::new(TokioClock))
        .map_err(|error| error.to_string())?;
    let keys = case.rules.iter().map(|event| DocumentKey::config(event.key.clone()));
    let _following = config.follow(keys);
    for event in &case.rules {
        let key = DocumentKey::config(event.key.clone());
        let written = match &*event.what {
            "deleted" => store.remove(&key).await,
            _ => store.put(&key, event.content.clone().into()).await,
        };
        written.map_err(|error| error.to_string())?;
        tokio::time::sleep(SETTLED).await;
    }
    let param = |name: &str| case.target.params.get(name).cloned().unwrap_or_default();
    let interface = Some(param("interface")).filter(|name| !name.is_empty());
    let interface = interface.unwrap_or_else(|| case.target.path.clone());
    let service = ServiceKey::new(interface, param("group"), param("version"));
    Ok(Configurators::of(&config.snapshot(), &service, &param("application")))
}

fn strings(params: &BTreeMap<ByteString, ByteString>) -> Params {
    params.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}
