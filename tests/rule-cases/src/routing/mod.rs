//! Cases of routers: rules in a config centre, providers, and a call.

mod call;
pub(crate) mod facts;
mod patterns;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytestring::ByteString;
use dubhe_cluster::balance::Random;
use dubhe_cluster::destination::BalancedDestination;
use dubhe_config::{ConfigWatcher, Following, Keys};
use dubhe_core::directory::Directory;
use dubhe_core::documents::{DocumentKey, DocumentStore, UrlCategory};
use dubhe_core::endpoint::Endpoints;
use dubhe_core::plan::Destination as _;
use dubhe_core::random::SplitMix;
use dubhe_core::time::SharedClock;
use dubhe_core::{CallView, Endpoint};
use dubhe_net::time::TokioClock;
use dubhe_registry::MemoryDocuments;
use dubhe_rules::RuleRouter;
use dubhe_script::JavaScript;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::watch;

use self::call::Invocation;
use self::facts::{JavaUrl, Provider};
use crate::case::Case;

/// The kinds that are decided here.
pub(crate) const KINDS: [&str; 11] = [
    "script",
    "condition",
    "condition31",
    "condition-url",
    "affinity",
    "chain",
    "instance",
    "tag",
    "mesh",
    "glob",
    "ip",
];

/// A case of a router.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Routing {
    router: String,
    #[serde(default)]
    router_url: Option<String>,
    rules: Vec<Event>,
    consumer: JavaUrl,
    providers: Vec<Provider>,
    invocation: Invocation,
}

/// A change of a rule or of the providers.
#[derive(Debug, Deserialize)]
struct Event {
    #[serde(rename = "event")]
    what: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    content: String,
    #[serde(default)]
    providers: Vec<Provider>,
}

/// The choice of Dubbo Java.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Expected {
    List {
        indexes: Vec<usize>,
        #[serde(default)]
        draws: Option<usize>,
    },
    Random {
        sets: Vec<Set>,
    },
    Exception {
        message: Option<String>,
        phase: String,
    },
}

#[derive(Debug, Deserialize)]
struct Set {
    indexes: Vec<usize>,
}

/// The draws that show each set which can come out.
const DRAWS: usize = 2000;

/// A time longer than that in which changes of documents are gathered.
const SETTLED: Duration = Duration::from_secs(1);

/// Decides a case, and says how the decision differs.
pub(crate) async fn decide(case: &Case) -> Result<(), String> {
    match &*case.kind {
        "glob" => return patterns::glob(case),
        "ip" => return patterns::ip(case),
        _ => {}
    }
    let routing: Routing = read(&Value::Object(case.fields.clone()))?;
    let expected: Expected = read(&case.outcome)?;
    let world = World::new(&routing).await?;
    let call = routing.invocation.call()?;
    let view = CallView::new(&call, None);
    let one = || world.left(&view);
    match expected {
        Expected::List { indexes, draws } => {
            let draws = if draws.is_some() { DRAWS } else { 1 };
            let all: BTreeSet<_> = (0..draws).map(|_| one()).collect();
            same(&all, &BTreeSet::from([indexes]))
        }
        Expected::Random { sets } => {
            let all: BTreeSet<_> = (0..DRAWS).map(|_| one()).collect();
            same(&all, &sets.into_iter().map(|set| set.indexes).collect())
        }
        Expected::Exception { message, phase } => Err(format!(
            "Java fails ({phase}: {}), and {:?} are left here",
            message.unwrap_or_default(),
            one()
        )),
    }
}

fn same(ours: &BTreeSet<Vec<usize>>, theirs: &BTreeSet<Vec<usize>>) -> Result<(), String> {
    if ours == theirs { Ok(()) } else { Err(format!("{ours:?} are left, and {theirs:?} in Java")) }
}

pub(crate) fn read<'a, T: Deserialize<'a>>(value: &'a Value) -> Result<T, String> {
    T::deserialize(value).map_err(|error| error.to_string())
}

/// A directory whose set is replaced.
struct Listed(watch::Sender<Arc<Endpoints>>);

impl Directory for Listed {
    fn snapshot(&self) -> Arc<Endpoints> {
        self.0.borrow().clone()
    }
}

/// A consumer with its rules and providers, after all events.
struct World {
    destination: Arc<BalancedDestination>,
    directory: Arc<Listed>,
    store: MemoryDocuments,
    config: Arc<ConfigWatcher>,
    following: Vec<Following>,
}

impl World {
    async fn new(routing: &Routing) -> Result<Self, String> {
        let clock: SharedClock = Arc::new(TokioClock);
        let store = MemoryDocuments::new();
        let consumer = routing.consumer.consumer(&only(&routing.router)?);
        let service = consumer.service().clone();
        let documents: Arc<dyn DocumentStore> = Arc::new(store.clone());
        let config = ConfigWatcher::start(vec![documents], clock.clone())
            .map_err(|error| error.to_string())?;
        let config = Arc::new(config);
        let own = consumer.application().to_owned();
        let keys = [Keys::own(&own), Keys::consumed(&service)].concat();
        let following = vec![config.follow(keys)];
        let random = Arc::new(SplitMix::new(7));
        let router = RuleRouter::new(config.clone(), consumer, random.clone());
        let router = router.with_scripts(JavaScript::default().engine());
        let directory = Arc::new(Listed(watch::Sender::new(Arc::new(Endpoints::new([])))));
        let destination = BalancedDestination::new(
            directory.clone(),
            vec![Arc::new(router)],
            Arc::new(Random::new(random)),
            clock,
        );
        let mut world = Self { destination, directory, store, config, following };
        if let Some(url) = &routing.router_url {
            let key = DocumentKey::Urls { service, category: UrlCategory::Routers };
            world.write(&key, Some(url.clone().into())).await?;
        }
        let (initial, later): (Vec<_>, Vec<_>) =
            routing.rules.iter().partition(|event| event.what == "initial");
        for event in initial {
            world.happen(event).await?;
        }
        world.provide(&routing.providers).await;
        for event in later {
            world.happen(event).await?;
        }
        Ok(world)
    }

    async fn happen(&mut self, event: &Event) -> Result<(), String> {
        let key = DocumentKey::config(event.key.clone());
        match &*event.what {
            "providers" => {
                self.provide(&event.providers).await;
                Ok(())
            }
            "deleted" => self.write(&key, None).await,
            _ => self.write(&key, Some(event.content.clone().into())).await,
        }
    }

    async fn write(&mut self, key: &DocumentKey, text: Option<ByteString>) -> Result<(), String> {
        let written = match text {
            Some(text) => self.store.put(key, text).await,
            None => self.store.remove(key).await,
        };
        written.map_err(|error| error.to_string())?;
        self.settle().await;
        Ok(())
    }

    /// Puts other providers in the place of all, and follows the rules of their applications.
    async fn provide(&mut self, providers: &[Provider]) {
        let endpoints: Vec<Endpoint> = providers.iter().map(Provider::endpoint).collect();
        for endpoint in &endpoints {
            let keys = Keys::providers_of(&endpoint.instance().application);
            self.following.push(self.config.follow(keys));
        }
        let number = self.directory.snapshot().number() + 1;
        self.directory.0.send_replace(Arc::new(Endpoints::new(endpoints).with_number(number)));
        self.settle().await;
    }

    async fn settle(&self) {
        tokio::time::sleep(SETTLED).await;
        self.destination.refresh();
    }

    /// The places of the providers that rules leave for a call.
    fn left(&self, call: &CallView<'_>) -> Vec<usize> {
        let set = self.directory.snapshot();
        let left = self.destination.candidates(call, Instant::now());
        let is_left =
            |one: &Endpoint| left.iter().any(|left| Arc::ptr_eq(left.state(), one.state()));
        set.iter().enumerate().filter(|(_, one)| is_left(one)).map(|(place, _)| place).collect()
    }
}

/// The parameter `router` that leaves the one router of a case; none for all of them.
fn only(router: &str) -> Result<String, String> {
    match router {
        "chain" => Ok(String::new()),
        "affinity-url" => Err("affinity is no parameter of a consumer here".into()),
        one => Ok(format!("-default,{one}")),
    }
}
