//! The lines of Kubernetes, run beside a provider of Dubbo Java that annotated its pod. Controllers and kubelet are
//! the administrator.

use std::net::SocketAddr;

use serde_json::json;

use super::Lines;
use crate::Result;
use crate::api_server::{ApiServer, own_address};
use crate::peers::{Peer, Peers};
use crate::process::{ServerProcess, check, free_address};
use crate::tally::Tally;

/// The Dubbo Java that has a registry for Kubernetes.
const JAVA: Peer = Peer::Java("3.2.8");
/// The application, whose Service has this name, and the protocol that its annotation tells. Of its services the
/// list has none: Dubbo Java writes no mapping of interfaces there.
const APPLICATION: &str = "shop";
const PROTOCOL: &str = "tri";
/// The pod that it runs in.
const POD: &str = "shop-1";

/// Runs the lines.
pub(super) fn run(peers: &Peers, tally: &mut Tally) -> Result<()> {
    if let Some(how) = Peer::Kubernetes.missing().or(JAVA.missing()) {
        tally.skip("walk/lines/kubernetes", how);
        return Ok(());
    }
    check(&mut peers.command(Peer::Kubernetes, &["prepare"]))?;
    check(&mut peers.command(JAVA, &["prepare"]))?;
    let server = ApiServer::start(peers, "kubernetes")?;
    let address = SocketAddr::new(own_address()?, free_address()?.port());
    let labels = json!({"app": APPLICATION, "pod-template-hash": "5c"});
    let ports = json!([{"name": PROTOCOL, "port": address.port()}]);
    server.put(
        "/api/v1/namespaces/default/services",
        &json!({
            "metadata": {"name": APPLICATION},
            "spec": {"clusterIP": "None", "selector": {"app": APPLICATION}, "ports": ports},
        }),
    )?;
    server.put(
        "/api/v1/namespaces/default/pods",
        &json!({
            "metadata": {"name": POD, "labels": labels},
            "spec": {"containers": [{"name": "main", "image": "shop:1"}], "nodeName": "node-1"},
        }),
    )?;
    let _provider = provider(&server, peers, address)?;
    server.put(
        "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
        &json!({
            "metadata": {"name": POD, "labels": {"kubernetes.io/service-name": APPLICATION}},
            "addressType": "IPv4",
            "ports": ports,
            "endpoints": [{
                "addresses": [address.ip().to_string()],
                "conditions": {"ready": true, "serving": true},
                "targetRef": {"kind": "Pod", "namespace": "default", "name": POD},
            }],
        }),
    )?;
    let kubeconfig = server.kubeconfig().display().to_string();
    Lines::read(peers, "kubernetes")?.in_cluster(&kubeconfig, &[APPLICATION, PROTOCOL], tally);
    Ok(())
}

/// Starts the provider in its pod.
fn provider(server: &ApiServer<'_>, peers: &Peers, address: SocketAddr) -> Result<ServerProcess> {
    let serve = ["serve", PROTOCOL, &address.port().to_string()];
    let mut command = peers.command_in_own_folder(JAVA, "java-in-pod", &serve);
    let registry = format!(
        "kubernetes://127.0.0.1:{}/?namespace=default&registry-type=service&trustCerts=true\
         &oauthToken=admin-token",
        server.port()
    );
    let options = format!(
        "-Dapplication={APPLICATION} -Dhost={} -Ddubbo.application.register-mode=instance",
        address.ip()
    );
    command.env("HOSTNAME", POD).env("REGISTRY", registry).env("PROVIDER_OPTS", options);
    let log = peers.log("java-in-pod");
    let mut provider = ServerProcess::serve(&mut command, address, &log)?;
    provider.said("PROVIDER READY", &log)?;
    Ok(provider)
}
