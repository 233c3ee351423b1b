//! A consumer with rules and providers.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use dubhe_config::{ConfigWatcher, Following, Keys};
use dubhe_core::documents::{DocumentKey, DocumentStore as _};
use dubhe_core::endpoint::{Endpoints, Instance, Offer, ServiceParams};
use dubhe_core::payload::Args;
use dubhe_core::random::SplitMix;
use dubhe_core::router::{Bitmap, Router as _, Trace};
use dubhe_core::{Call, CallView, Endpoint, Head, Method, Payload, ServiceKey, Value};
use dubhe_net::time::TokioClock;
use dubhe_registry::MemoryDocuments;
use dubhe_rules::{Consumer, RuleRouter};

/// The service of all tests, provided by the application `users`.
pub(crate) const SERVICE: &str = "org.example.Users";

pub(crate) struct World {
    pub(crate) store: MemoryDocuments,
    pub(crate) router: RuleRouter,
    pub(crate) following: Following,
}

impl World {
    /// A consumer in the application `shop` with these parameters.
    pub(crate) async fn new(params: &[(&'static str, &'static str)]) -> Self {
        let store = MemoryDocuments::new();
        let clock = Arc::new(TokioClock);
        let config = ConfigWatcher::start(vec![Arc::new(store.clone())], clock).unwrap();
        let config = Arc::new(config);
        let service = ServiceKey::interface_only(SERVICE);
        let keys = [Keys::own("shop"), Keys::consumed(&service), Keys::providers_of("users")];
        let mut following = config.follow(keys.concat());
        following.ready().await;
        let consumer = Consumer::new(service, "shop", "10.0.0.100");
        let consumer = params
            .iter()
            .fold(consumer, |consumer, (name, value)| consumer.with_param(*name, *value));
        let router = RuleRouter::new(config, consumer, Arc::new(SplitMix::new(7)));
        Self { store, router, following }
    }

    /// Writes a rule, and waits until it is known.
    pub(crate) async fn write(&self, key: &'static str, text: impl Into<String>) {
        let seen = self.router.generation();
        self.store.put(&DocumentKey::config(key), text.into().into()).await.unwrap();
        tokio::time::timeout(Duration::from_mins(1), self.router.changed(seen)).await.unwrap();
    }

    /// The places that are left for a call of `method("argument")`, and what each rule did.
    pub(crate) fn left(
        &self,
        set: &Arc<Endpoints>,
        attachments: &[(&'static str, &'static str)],
    ) -> (Vec<usize>, Vec<String>) {
        let service = Arc::new(ServiceKey::interface_only(SERVICE));
        let mut head = Head::new(service, Arc::new(Method::java("method", "Ljava/lang/String;")));
        head.metadata = attachments.iter().copied().collect();
        let args = Args::Values([Value::from("argument")].into());
        let call = Call::new(head, Payload::Args(args));
        let (mut left, mut trace) = (Bitmap::full(set.len()), Trace::default());
        let prepared = self.router.prepare(set);
        prepared.narrow(&CallView::new(&call, None), &mut left, Instant::now(), Some(&mut trace));
        let steps = trace
            .steps()
            .iter()
            .map(|step| format!("{} {} leaves {}", step.router, step.rule, step.left.count()));
        (left.iter().collect(), steps.collect())
    }
}

/// A provider at `10.x.y.z:20880`, by the number of its host, with these parameters.
pub(crate) fn provider(number: u32, params: &[(&'static str, &'static str)]) -> Endpoint {
    let [_, x, y, z] = number.to_be_bytes();
    let instance = Instance {
        host: format!("10.{x}.{y}.{z}").into(),
        application: "users".into(),
        ..Instance::default()
    };
    let params = params.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    let offer = Offer { protocol: "dubbo".into(), port: 20880 };
    Endpoint::new(Arc::new(instance), offer, Arc::new(ServiceParams::new(&params.collect())))
}
