//! The endpoints of a directory as configurators leave them.

use std::pin::{Pin, pin};
use std::sync::Arc;

use dubhe_config::{ConfigSnapshot, ConfigWatcher};
use dubhe_core::Endpoint;
use dubhe_core::directory::Directory;
use dubhe_core::endpoint::{Endpoints, Instance, Params, ServiceParams};
use futures_util::future::select;
use parking_lot::Mutex;

use super::{Configurators, ServiceUrl, merge};
use crate::Consumer;

/// The endpoints of a directory as the configurators of their service and of the consumer's application leave
/// them.
///
/// A parameter that one sets is that of the endpoint: its `weight`, `warmup` and `dubbo.tag`, and `timeout`,
/// `retries` and `loadbalance`, also of single methods, which go before those that the consumer set at the same
/// level. An endpoint with `disabled=true`, or without it with `enabled=false`, is left out. Parameters of its
/// connections are those with which they were opened.
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::ConfigWatcher; } pub mod directory { pub use dubhe_core::directory::Directory; } pub mod rules { pub use dubhe_rules::{*, configurators::*}; } }
/// use std::sync::Arc;
/// use dubhe::config::ConfigWatcher;
/// use dubhe::directory::Directory;
/// use dubhe::rules::{ConfiguredDirectory, Consumer};
///
/// fn configured(inner: Arc<dyn Directory>, config: Arc<ConfigWatcher>, consumer: Consumer) -> impl Directory {
///     ConfiguredDirectory::new(inner, config, Arc::new(consumer))
/// }
/// # let _ = configured;
/// ```
pub struct ConfiguredDirectory(Arc<Inner>);

struct Inner {
    directory: Arc<dyn Directory>,
    config: Arc<ConfigWatcher>,
    consumer: Arc<Consumer>,
    current: Mutex<Current>,
}

/// The present set, and what it was made of.
struct Current {
    /// The number of the set of the directory.
    number: u64,
    config: Arc<ConfigSnapshot>,
    configurators: Configurators,
    set: Arc<Endpoints>,
}

impl ConfiguredDirectory {
    /// The endpoints of `directory` for `consumer`, by the rules that are followed in `config`.
    pub fn new(
        directory: Arc<dyn Directory>,
        config: Arc<ConfigWatcher>,
        consumer: Arc<Consumer>,
    ) -> Self {
        let (set, snapshot) = (directory.snapshot(), config.snapshot());
        let configurators = configurators(&snapshot, &consumer);
        let made = configure(&set, &configurators, &consumer).with_number(1);
        let current =
            Current { number: set.number(), config: snapshot, configurators, set: Arc::new(made) };
        Self(Arc::new(Inner { directory, config, consumer, current: Mutex::new(current) }))
    }
}

impl Inner {
    /// The set for what directory and rules say now, made anew when one of them has changed.
    fn set(&self) -> Arc<Endpoints> {
        let (set, snapshot) = (self.directory.snapshot(), self.config.snapshot());
        let mut current = self.current.lock();
        let mut changed = current.number != set.number();
        if !Arc::ptr_eq(&current.config, &snapshot) {
            let new = configurators(&snapshot, &self.consumer);
            changed |= new != current.configurators;
            (current.config, current.configurators) = (snapshot, new);
        }
        if changed {
            let number = current.set.number() + 1;
            let made = configure(&set, &current.configurators, &self.consumer);
            (current.number, current.set) = (set.number(), Arc::new(made.with_number(number)));
        }
        current.set.clone()
    }
}

impl Directory for ConfiguredDirectory {
    fn snapshot(&self) -> Arc<Endpoints> {
        self.0.set()
    }

    fn changed(&self, seen: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let inner = self.0.clone();
        Box::pin(async move {
            let mut updates = inner.config.updates();
            loop {
                // Looked at before the set, so that no change is missed in between.
                updates.borrow_and_update();
                if inner.set().number() != seen {
                    return;
                }
                let number = inner.current.lock().number;
                let config = async {
                    if updates.changed().await.is_err() {
                        // The watcher is gone, and its rules stay.
                        std::future::pending::<()>().await;
                    }
                };
                // Most changes of the rules are about others.
                select(inner.directory.changed(number), pin!(config)).await;
            }
        })
    }
}

fn configurators(snapshot: &ConfigSnapshot, consumer: &Consumer) -> Configurators {
    Configurators::of(snapshot, consumer.service(), consumer.application())
}

/// The endpoints of `set` as `configurators` leave them.
fn configure(set: &Endpoints, configurators: &Configurators, consumer: &Consumer) -> Endpoints {
    if configurators.is_empty() {
        return set.clone();
    }
    let left = set.iter().filter_map(|endpoint| configured(endpoint, configurators, consumer));
    set.clone().with_endpoints(left)
}

/// The endpoint with what configurators set; `None` for one that they disable.
fn configured(
    endpoint: &Endpoint,
    configurators: &Configurators,
    consumer: &Consumer,
) -> Option<Endpoint> {
    let Instance { host, application, .. } = &**endpoint.instance();
    let interface = consumer.service().interface();
    let mut published = endpoint.service().to_params();
    for (name, value) in endpoint.instance().params.iter() {
        published.entry(name.into()).or_insert_with(|| value.into());
    }
    let mut all = merge(&published, consumer.params());
    all.insert("interface".into(), interface.clone());
    if !application.is_empty() {
        all.insert("remote.application".into(), application.clone());
    }
    let port = endpoint.offer().port;
    let mut url = all
        .into_iter()
        .fold(ServiceUrl::new(host.clone(), port, interface.clone()), |url, (name, value)| {
            url.with_param(name, value)
        });
    let before = url.params().clone();
    if !configurators.apply(&mut url, consumer.host()) {
        return Some(endpoint.clone());
    }
    let is = |name: &str| url.param(name).map(|value| value.eq_ignore_ascii_case("true"));
    if is("disabled").unwrap_or_else(|| is("enabled") == Some(false)) {
        return None;
    }
    let overrides = url.params().iter().filter(|(name, value)| before.get(*name) != Some(*value));
    let overrides: Params = overrides.map(|(name, value)| (name.clone(), value.clone())).collect();
    let mut params = endpoint.service().to_params();
    params.extend(overrides.clone());
    Some(endpoint.clone().with_params(Arc::new(ServiceParams::new(&params)), &overrides))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use dubhe_config::Keys;
    use dubhe_core::ServiceKey;
    use dubhe_core::documents::{DocumentKey, DocumentStore};
    use dubhe_core::endpoint::{Level, Offer};
    use dubhe_net::time::TokioClock;
    use dubhe_registry::MemoryDocuments;
    use tokio::sync::watch;

    use super::*;

    struct Listed(watch::Sender<Arc<Endpoints>>);

    impl Directory for Listed {
        fn snapshot(&self) -> Arc<Endpoints> {
            self.0.borrow().clone()
        }

        fn changed(&self, seen: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
            let mut all = self.0.subscribe();
            Box::pin(async move { drop(all.wait_for(|set| set.number() != seen).await) })
        }
    }

    fn endpoint(host: &'static str, params: &[(&'static str, &'static str)]) -> Endpoint {
        let instance = Instance { host: host.into(), ..Instance::default() };
        let offer = Offer { protocol: "dubbo".into(), port: 20880 };
        let params = params.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Endpoint::new(Arc::new(instance), offer, Arc::new(ServiceParams::new(&params)))
    }

    const RULE: &str = "configVersion: v3.0\nkey: a.B\nconfigs:\n\
        - side: consumer\n  match: {param: [{key: region, value: {exact: hangzhou}}]}\n  \
          parameters: {weight: 7, timeout: 5000, hello.retries: 0}\n\
        - side: consumer\n  providerAddresses: [\"10.0.0.2:20880\"]\n  parameters: {disabled: true}\n";

    #[tokio::test(start_paused = true)]
    async fn endpoints_have_what_configurators_set_and_their_state_stays() {
        let store = MemoryDocuments::new();
        let documents: Arc<dyn DocumentStore> = Arc::new(store.clone());
        let config = ConfigWatcher::start(vec![documents], Arc::new(TokioClock)).unwrap();
        let config = Arc::new(config);
        let service = ServiceKey::interface_only("a.B");
        let _following = config.follow(Keys::consumed(&service));
        let _own = config.follow(Keys::own("shop"));
        let set = [endpoint("10.0.0.1", &[("timeout", "1000")]), endpoint("10.0.0.2", &[])];
        let listed = Arc::new(Listed(watch::Sender::new(Arc::new(Endpoints::new(set)))));
        let consumer =
            Consumer::new(service, "shop", "10.0.0.100").with_param("region", "hangzhou");
        let directory =
            ConfiguredDirectory::new(listed.clone(), config.clone(), Arc::new(consumer));
        let before = directory.snapshot();
        assert_eq!(before.len(), 2);

        let changed = directory.changed(before.number());
        let put = |name: &'static str, text: &'static str| {
            let store = store.clone();
            async move { store.put(&DocumentKey::config(name), text.into()).await.unwrap() }
        };
        // One of others is no change.
        put("bank.tag-router", "tags: []\n").await;
        put("a.B::.configurators", RULE).await;
        tokio::time::timeout(Duration::from_secs(1), changed).await.unwrap();
        let after = directory.snapshot();
        let [one] = &after.iter().collect::<Vec<_>>()[..] else { panic!("{after:?}") };
        assert!(Arc::ptr_eq(one.state(), before.get(0).unwrap().state()));
        assert_eq!(one.weight(Instant::now()), 7);
        let defaults = one.call_defaults().unwrap();
        let timeout = |level| defaults.timeout("hello", level).map(|time| time.as_secs());
        assert_eq!([Level::Default, Level::Service].map(timeout), [Some(5), Some(5)]);
        assert_eq!(timeout(Level::Method), None, "that of the method is nearer");
        assert_eq!(defaults.retries("hello", Level::Method), Some(0));

        // Another set, and the end of the rule.
        let set = Endpoints::new([endpoint("10.0.0.3", &[])]).with_number(1);
        let changed = directory.changed(after.number());
        listed.0.send_replace(Arc::new(set));
        tokio::time::timeout(Duration::from_secs(1), changed).await.unwrap();
        let now = directory.snapshot();
        assert_eq!(now.get(0).map(|one| one.weight(Instant::now())), Some(7));
        let changed = directory.changed(now.number());
        store.remove(&DocumentKey::config("a.B::.configurators")).await.unwrap();
        tokio::time::timeout(Duration::from_secs(1), changed).await.unwrap();
        assert_eq!(directory.snapshot().get(0).map(|one| one.weight(Instant::now())), Some(100));
    }

    #[tokio::test(start_paused = true)]
    async fn rules_of_others_change_nothing() {
        let store = MemoryDocuments::new();
        let documents: Arc<dyn DocumentStore> = Arc::new(store.clone());
        let config = ConfigWatcher::start(vec![documents], Arc::new(TokioClock)).unwrap();
        let config = Arc::new(config);
        let _following = config.follow([DocumentKey::config("bank.tag-router")]);
        let set = Endpoints::new([endpoint("10.0.0.1", &[])]);
        let consumer = Consumer::new(ServiceKey::interface_only("a.B"), "shop", "10.0.0.100");
        let set: Arc<dyn Directory> = Arc::new(Arc::new(set));
        let directory = ConfiguredDirectory::new(set, config.clone(), Arc::new(consumer));
        let before = directory.snapshot();
        let changed = directory.changed(before.number());
        let generation = config.snapshot().generation();
        store.put(&DocumentKey::config("bank.tag-router"), "tags: []\n".into()).await.unwrap();
        assert!(tokio::time::timeout(Duration::from_secs(1), changed).await.is_err());
        assert!(config.snapshot().generation() > generation);
        assert!(Arc::ptr_eq(&directory.snapshot(), &before));
    }
}
