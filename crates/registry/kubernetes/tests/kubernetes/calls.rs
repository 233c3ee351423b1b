//! Calls of a provider that registers in Kubernetes and is found there, both by URL.

use std::net::{IpAddr, UdpSocket};

use dubhe::prelude::*;
use dubhe::{IntoExport, RunningServer};
use http::Method;
use serde_json::{Value, json};

use crate::greeter::{GreeterClient, GreeterServer, Word, until_greeted};
use crate::server::{SLICES, Server as Kube};
use crate::support::{alone, is_alone};

/// An address of this machine that others can reach: the API server takes no loopback in slices.
pub(crate) fn own_address() -> IpAddr {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    // Nothing is sent: the route alone is looked up.
    socket.connect("192.0.2.1:9").unwrap();
    socket.local_addr().unwrap().ip()
}

/// The slice of a pod, as the controller of Kubernetes writes it.
pub(crate) fn slice(pod: &str, address: IpAddr, port: u16, conditions: &Value) -> Value {
    json!({
        "metadata": {"name": pod, "labels": {"kubernetes.io/service-name": "shop"}},
        "addressType": "IPv4",
        "ports": [{"name": "tri", "port": port}],
        "endpoints": [{
            "addresses": [address.to_string()],
            "conditions": conditions,
            "targetRef": {"kind": "Pod", "namespace": "shop", "name": pod},
        }],
    })
}

/// A provider of the application `shop` with the role for it, and these parameters of its registry.
pub(crate) async fn provider(kube: &Kube, params: &str, service: impl IntoExport) -> RunningServer {
    let registry = dubhe::registry_at(&kube.url("provider", params), "shop").unwrap();
    Server::builder()
        .service(service)
        .application("shop")
        .registry(registry)
        .start("0.0.0.0:0")
        .await
        .unwrap()
}

#[tokio::test]
async fn a_provider_is_found_and_called_with_the_roles_alone() {
    if !is_alone() {
        // In a process that has the name of the pod, as every pod has.
        let test = "calls::a_provider_is_found_and_called_with_the_roles_alone";
        return alone(test, &[("HOSTNAME", "shop-1")]).await;
    }
    let kube = Kube::start().await;
    kube.bind("provider", "dubhe-provider").await;
    kube.bind("consumer", "dubhe-consumer").await;
    kube.service("shop").await;
    kube.pod("shop-1", "5c", json!({})).await;

    let greeter = |word| GreeterServer::new(Word(word));
    let first = provider(&kube, "", greeter("hello")).await;
    let (address, ready) = (own_address(), json!({"ready": true, "serving": true}));
    kube.put(SLICES, slice("shop-1", address, first.addr().port(), &ready)).await;

    // By the mapping, the template of the pod, and the metadata that the provider itself answers.
    let app = App::builder("frontend").registry(&kube.url("consumer", "enableRegister=false"));
    let app = app.build().unwrap();
    let client = app.client::<GreeterClient>().build().unwrap();
    until_greeted(&client, Ok("hello Ada")).await;

    // All that was written: the mapping, and what the pods of the template say.
    let path = "/api/v1/namespaces/shop/configmaps";
    let (_, text) = kube.ask(Method::GET, path, None).await;
    let maps: Value = serde_json::from_str(&text).unwrap();
    let data = |name: &str| {
        let all = maps["items"].as_array().unwrap();
        all.iter().find(|map| map["metadata"]["name"] == name).unwrap()["data"].clone()
    };
    assert_eq!(data("dubhe-mapping"), json!({"org.example.Greeter": "shop"}));
    let said: Value =
        serde_json::from_str(data("dubhe-metadata-shop")["template.5c"].as_str().unwrap()).unwrap();
    let endpoints = json!([{"port": first.addr().port(), "protocol": "tri"}]);
    assert_eq!(said["dubbo.endpoints"], endpoints.to_string());

    // A container that ends, and the next one of the pod.
    let away = json!({"ready": false, "serving": false});
    kube.put(SLICES, slice("shop-1", address, first.addr().port(), &away)).await;
    first.stop().await;
    until_greeted(&client, Err(Code::Unavailable)).await;
    let second = provider(&kube, "", greeter("good day")).await;
    kube.put(SLICES, slice("shop-1", address, second.addr().port(), &ready)).await;
    until_greeted(&client, Ok("good day Ada")).await;
    second.stop().await;
}
