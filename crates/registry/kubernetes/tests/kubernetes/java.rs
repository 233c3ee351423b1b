//! Dubbo Java 3.2.8 with its registry for Kubernetes beside us: either side finds and calls the other.

use std::net::{IpAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;

use dubhe::prelude::*;
use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::calls::{own_address, provider, slice};
use crate::server::{SLICES, Server as Kube, eventually};
use crate::support::{PATIENCE, alone, is_alone};

/// A part of the service that the peers export and call.
#[dubhe::interface("peer.api.GreetService")]
trait GreetService {
    async fn greet(&self, name: String) -> Result<String, Status>;
    async fn greet_async(&self, name: String) -> Result<String, Status>;
}

struct Greeting;

impl GreetService for Greeting {
    async fn greet(&self, name: String) -> Result<String, Status> {
        Ok(format!("Hello, {name}"))
    }

    async fn greet_async(&self, name: String) -> Result<String, Status> {
        self.greet(name).await
    }
}

/// Tells, as controllers do, that a pod of the Service `shop` runs and is ready: in EndpointSlices, and in the
/// older Endpoints, which Dubbo Java reads.
async fn is_ready(kube: &Kube, pod: &str, address: IpAddr, port: u16) {
    let status = json!({"status": {"podIP": address, "podIPs": [{"ip": address}]}});
    let path = format!("/api/v1/namespaces/shop/pods/{pod}/status");
    let (code, text) = kube.ask(Method::PATCH, &path, Some(status)).await;
    assert_eq!(code, 200, "{text}");
    let ready = json!({"ready": true, "serving": true});
    kube.put(SLICES, slice(pod, address, port, &ready)).await;
    let endpoints = json!({
        "metadata": {"name": "shop"},
        "subsets": [{
            "addresses": [{
                "ip": address,
                "targetRef": {"kind": "Pod", "namespace": "shop", "name": pod},
            }],
            "ports": [{"name": "tri", "port": port}],
        }],
    });
    kube.put("/api/v1/namespaces/shop/endpoints", endpoints).await;
}

/// The annotation of a pod that tells of its instance.
async fn annotation(kube: &Kube, pod: &str) -> Option<Value> {
    let path = format!("/api/v1/namespaces/shop/pods/{pod}");
    let (_, text) = kube.ask(Method::GET, &path, None).await;
    let pod: Value = serde_json::from_str(&text).unwrap();
    let text = pod["metadata"]["annotations"]["io.dubbo/metadata"].as_str()?;
    Some(serde_json::from_str(text).unwrap())
}

/// The peer's script in a pod; it ends with the test.
fn java(kube: &Kube, pod: &str) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/peers/java-dubbo.sh");
    let mut command = Command::new(script);
    command.env("DUBBO", "3.2.8").env("PEERS_RUN", kube.folder()).env("HOSTNAME", pod);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

/// The URL of the registry as Java takes it.
fn java_url(kube: &Kube) -> String {
    let token = "oauthToken=admin-token";
    kube.url_of_server(&format!("registry-type=service&trustCerts=true&{token}"))
}

/// Starts the provider of Java in the pod `java-1` and waits until it is registered.
async fn java_provider(kube: &Kube, address: IpAddr, port: u16) -> Child {
    let mut command = java(kube, "java-1");
    command.args(["serve", "tri", &port.to_string()]).env("REGISTRY", java_url(kube));
    let mode = "-Ddubbo.application.register-mode=instance";
    command.env("PROVIDER_OPTS", format!("-Dapplication=shop -Dhost={address} {mode}"));
    let mut provider = command.spawn().unwrap();
    let mut lines = BufReader::new(provider.stdout.take().unwrap()).lines();
    let ready = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.starts_with("PROVIDER READY") {
                return;
            }
        }
        panic!("the provider of java ended");
    };
    tokio::time::timeout(3 * PATIENCE, ready).await.expect("java is ready in time");
    provider
}

/// Runs the consumer of Java, which is told the application, and returns what it printed.
async fn java_consumer(kube: &Kube) -> String {
    let mut command = java(kube, "java-2");
    command
        .args(["consume", &format!("-Dregistry={}", java_url(kube)), "-Dprotocol=tri"])
        .args(["-Dmode=calls", "-Donly=greet"])
        .arg("-Ddubbo.reference.peer.api.GreetService.provided-by=shop")
        .arg("-Ddubbo.application.service-discovery.migration=FORCE_APPLICATION");
    let done = tokio::time::timeout(3 * PATIENCE, command.output()).await;
    String::from_utf8(done.expect("java ends in time").unwrap().stdout).unwrap()
}

#[tokio::test]
async fn java_and_dubhe_find_and_call_each_other() {
    if !is_alone() {
        let test = "java::java_and_dubhe_find_and_call_each_other";
        return alone(test, &[("HOSTNAME", "shop-1")]).await;
    }
    let kube = Kube::start().await;
    for role in ["dubhe-provider", "dubhe-provider-annotation"] {
        kube.bind("provider", role).await;
    }
    kube.bind("consumer", "dubhe-consumer").await;
    kube.service("shop").await;
    for pod in ["java-1", "java-2", "shop-1"] {
        kube.pod(pod, "5c", json!({})).await;
    }

    // Java's provider, which writes the annotation of its pod and no mapping.
    let address = own_address();
    let port = TcpListener::bind((address, 0)).unwrap().local_addr().unwrap().port();
    let of_java = java_provider(&kube, address, port).await;
    is_ready(&kube, "java-1", address, port).await;
    eventually("java has annotated its pod", async || annotation(&kube, "java-1").await.is_some())
        .await;
    let url = kube.url("consumer", "enableRegister=false&provided-by=shop");
    let app = App::builder("frontend").registry(&url).build().unwrap();
    let client = app.client::<GreetServiceClient>().build().unwrap();
    eventually("java is called", async || {
        client.greet("Ada".to_owned()).await.is_ok_and(|said| said == "Hello, Ada")
    })
    .await;

    // Ours in its place: our consumer follows, and Java's finds it by the annotation.
    drop(of_java);
    let service = GreetServiceServer::new(Greeting);
    let ours = provider(&kube, "pod-annotation=true", service).await;
    assert!(annotation(&kube, "shop-1").await.is_some());
    let away = json!({"ready": false, "serving": false});
    kube.put(SLICES, slice("java-1", address, port, &away)).await;
    is_ready(&kube, "shop-1", address, ours.addr().port()).await;
    eventually("ours is called", async || {
        client.greet("Ada".to_owned()).await.is_ok_and(|said| said == "Hello, Ada")
    })
    .await;
    let said = java_consumer(&kube).await;
    assert!(said.ends_with("3 passed, 0 failed\n"), "{said}");
    ours.stop().await;
    assert!(annotation(&kube, "shop-1").await.is_none());
}
