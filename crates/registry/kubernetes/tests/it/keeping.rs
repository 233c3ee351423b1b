//! Registrations, which are written again whoever deletes them.

use std::sync::Arc;

use dubhe_core::Code;
use dubhe_core::endpoint::Instance;
use dubhe_kubernetes::Kubernetes;
use dubhe_registry::application::{ServiceDiscovery as _, ServiceInstance};
use serde_json::{Value, json};

use crate::store::Store;
use crate::support::{PATIENCE, clock};

const MAP: &str = "configmaps/dubhe-metadata-shop";
const POD: &str = "pods/shop-1";

fn says(revision: &'static str) -> ServiceInstance {
    let instance = Instance {
        host: "10.1.0.1".into(),
        application: "shop".into(),
        params: [("dubbo.metadata.revision".into(), revision.into())].into(),
        ..Instance::default()
    };
    ServiceInstance { instance: Arc::new(instance), port: 50051 }
}

/// A server with a pod of a template.
async fn store() -> Store {
    let store = Store::start().await;
    let labels = json!({"pod-template-hash": "5c"});
    store.patch(POD, &json!({"metadata": {"name": "shop-1", "labels": labels}}));
    store
}

fn provider(store: &Store, parameters: &str) -> Kubernetes {
    let builder = Kubernetes::builder(&store.url(parameters), clock()).unwrap();
    builder.pod("shop-1").build().unwrap()
}

/// Waits until `of` holds of an object.
async fn until(store: &Store, name: &str, of: impl Fn(&Value) -> bool) -> Value {
    let holds = async {
        loop {
            if let Some(object) = store.get(name).filter(|object| of(object)) {
                return object;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, holds).await;
    found.unwrap_or_else(|_| panic!("{name} is not so in time: {:?}", store.get(name)))
}

const OF_TEMPLATE: &str = r#"{"dubbo.metadata.revision":"1a"}"#;

fn is_whole(map: &Value) -> bool {
    map["data"]["template.5c"] == OF_TEMPLATE
        && map["metadata"]["labels"]["dubhe.io/kind"] == "metadata"
}

#[tokio::test]
async fn a_config_map_that_is_deleted_is_written_again() {
    let store = store().await;
    let provider = provider(&store, "");
    provider.register(says("1a")).await.unwrap();
    assert!(is_whole(&store.get(MAP).unwrap()));
    store.delete(MAP);
    until(&store, MAP, is_whole).await;
}

#[tokio::test]
async fn an_entry_that_is_deleted_is_written_again_and_others_stay() {
    let store = store().await;
    let provider = provider(&store, "");
    provider.register(says("1a")).await.unwrap();
    let change = json!({"data": {"template.5c": null, "template.77": "{}", "revision.1a": "{}"}});
    store.patch(MAP, &change);
    let map = until(&store, MAP, is_whole).await;
    assert_eq!(
        (&map["data"]["template.77"], &map["data"]["revision.1a"]),
        (&json!("{}"), &json!("{}"))
    );
    // What another pod of the template says is not written over: this one says its own alone.
    store.patch(MAP, &json!({"data": {"template.5c": "{}"}}));
    let map = until(&store, MAP, |map| map["data"]["pod.shop-1"] == OF_TEMPLATE).await;
    assert_eq!(map["data"]["template.5c"], "{}");
    // And not again once it is taken back.
    provider.unregister(&says("1a")).await.unwrap();
    assert!(store.get(MAP).unwrap()["data"].get("pod.shop-1").is_none());
}

#[tokio::test]
async fn an_annotation_that_is_deleted_is_written_again() {
    let store = store().await;
    let provider = provider(&store, "pod-annotation=true");
    provider.register(says("1a")).await.unwrap();
    let annotation = |pod: &Value| pod["metadata"]["annotations"]["io.dubbo/metadata"].clone();
    assert_eq!(annotation(&store.get(POD).unwrap()), OF_TEMPLATE);
    store.patch(POD, &json!({"metadata": {"annotations": {"io.dubbo/metadata": null}}}));
    until(&store, POD, |pod| annotation(pod) == OF_TEMPLATE).await;
    provider.unregister(&says("1a")).await.unwrap();
    assert_eq!(annotation(&store.get(POD).unwrap()), Value::Null);
}

#[tokio::test]
async fn without_check_a_provider_starts_while_the_server_is_away() {
    let store = store().await;
    store.set_away(true);
    let refused = provider(&store, "").register(says("1a")).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "{refused}");
    let provider = provider(&store, "check=false");
    provider.register(says("1a")).await.unwrap();
    assert_eq!(store.get(MAP), None);
    store.set_away(false);
    until(&store, MAP, is_whole).await;
}
