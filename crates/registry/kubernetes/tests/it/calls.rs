//! Calls of providers that recorded answers tell of.

use std::sync::Arc;

use dubhe::RunningServer;
use dubhe::prelude::*;
use dubhe_registry::application::{ApplicationRegistry, ServiceDiscovery as _};
use dubhe_registry::{MemoryDiscovery, MemoryDocuments};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::greeter::{GreeterClient, GreeterServer, Word, until_greeted};
use crate::replay::{Answer, End, Part, Replay};
use crate::support::{clock, recorded};

/// A provider of the application `shop`, and what its instance says of itself.
async fn provider(word: &'static str) -> (RunningServer, Value) {
    let instances = MemoryDiscovery::new();
    let registry = ApplicationRegistry::builder("shop", clock())
        .instances(Arc::new(instances.clone()))
        .metadata_center(Arc::new(MemoryDocuments::new()))
        .build();
    let server = Server::builder()
        .service(GreeterServer::new(Word(word)))
        .application("shop")
        .registry(registry)
        .start("127.0.0.1:0")
        .await
        .unwrap();
    let now = instances.subscribe("shop").await.unwrap().next().await.unwrap();
    let params = &now.instances[0].instance.params;
    let said = params.iter().map(|(name, value)| (name.to_owned(), json!(value)));
    (server, Value::Object(said.collect()))
}

/// The recorded slice `shop-{at}` of the first page, moved to a provider.
fn moved(slice: &Value, server: &RunningServer) -> Value {
    let mut slice = slice.clone();
    slice["endpoints"][0]["addresses"] = json!(["127.0.0.1"]);
    slice["ports"] = json!([{"name": "tri", "port": server.addr().port(), "protocol": "TCP"}]);
    slice
}

#[tokio::test]
async fn a_provider_is_called_until_its_pod_ends() {
    let ((first, of_first), (second, of_second)) =
        tokio::join!(provider("hello"), provider("good day"));
    // The two slices of a page, each of a pod of its own, with the annotation of that pod.
    let mut page = recorded("pages").remove(0);
    page.lines[0]["metadata"]["continue"] = "".into();
    let slices = page.lines[0]["items"].as_array().unwrap().clone();
    let (one, two) = (moved(&slices[0], &first), moved(&slices[1], &second));
    page.lines[0]["items"] = json!([one]);
    let mut pods = recorded("pods").remove(0);
    for (at, said) in [&of_first, &of_second].into_iter().enumerate() {
        pods.lines[0]["items"][at]["metadata"]["annotations"] =
            json!({"io.dubbo/metadata": said.to_string()});
    }
    // The second comes, and the pod of the first begins to end: the recorded event says how.
    let leaving = &recorded("watch").remove(0).lines[0]["object"]["endpoints"][0]["conditions"];
    let mut left = one.clone();
    left["endpoints"][0]["conditions"] = leaving.clone();
    let event = |kind: &str, slice: &Value| {
        Part::Bytes(format!("{}\n", json!({"type": kind, "object": slice})).into())
    };
    let parts = vec![Part::Wait, event("ADDED", &two), event("MODIFIED", &left)];
    let replay = Replay::start(vec![
        Answer::list("endpointslices", &page),
        Answer::list("pods", &pods),
        Answer::bytes("endpointslices", parts).end(End::Never),
    ])
    .await;

    let url = replay.url("enableRegister=false&provided-by=shop");
    let app = App::builder("frontend").registry(&url).build().unwrap();
    let client = app.client::<GreeterClient>().build().unwrap();
    until_greeted(&client, Ok("hello Ada")).await;
    replay.step();
    until_greeted(&client, Ok("good day Ada")).await;
    first.stop().await;
    until_greeted(&client, Ok("good day Ada")).await;
    second.stop().await;
}
