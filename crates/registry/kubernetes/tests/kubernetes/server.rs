//! A real API server of one test, run by `tests/peers/kube-apiserver.sh`.

use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use dubhe_kubernetes::{Kubernetes, KubernetesBuilder};
use http::{Method, Request};
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};

use crate::support::clock;

/// A server with its own etcd and data, in a folder that goes with it.
pub(crate) struct Server {
    port: u16,
    etcd: u16,
    folder: PathBuf,
    /// The client of the administrator.
    admin: kube::Client,
}

impl Server {
    /// Starts a server, waits until it serves, and makes the namespace `shop` with the roles of
    /// `deploy/kubernetes`.
    pub(crate) async fn start() -> Self {
        let (port, etcd) = (free(1), free(2));
        let folder = std::env::temp_dir().join(format!("dubhe-kube-{}-{port}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        script(port, etcd, &folder, "start");
        let kubeconfig = Kubeconfig::read_from(kubeconfig(&folder)).unwrap();
        let options = KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
        let admin = kube::Client::try_from(config).unwrap();
        let server = Self { port, etcd, folder, admin };
        server.apply(include_str!("../../../../../deploy/kubernetes/namespace.yaml")).await;
        server.apply(include_str!("../../../../../deploy/kubernetes/roles.yaml")).await;
        server
    }

    /// Runs a command of the script.
    pub(crate) fn run(&self, command: &str) {
        script(self.port, self.etcd, &self.folder, command);
    }

    /// Removes an EndpointSlice behind the back of the API server, as one does that misses it.
    pub(crate) fn forget(&self, namespace: &str, slice: &str) {
        use base64::Engine as _;
        let key = format!("/registry/endpointslices/{namespace}/{slice}");
        let key = base64::engine::general_purpose::STANDARD.encode(key);
        let url = format!("http://127.0.0.1:{}/v3/kv/deleterange", self.etcd);
        let body = json!({"key": key}).to_string();
        let done =
            Command::new("curl").args(["-fsS", "--noproxy", "*", "-d", &body, &url]).output();
        let done = done.unwrap();
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(said.contains("\"deleted\":\"1\""), "{said} {done:?}");
    }

    /// The URL of a registry of the namespace `shop` as this user of the kubeconfig.
    pub(crate) fn url(&self, user: &str, parameters: &str) -> String {
        let file = kubeconfig(&self.folder).display().to_string();
        format!(
            "kubernetes://?kubeconfig={file}&context={user}&namespace=shop\
             &watchReconnectInterval=200&{parameters}"
        )
    }

    /// The folder, which goes with the server.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The port of the API server.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A registry of that URL.
    pub(crate) fn builder(&self, user: &str, parameters: &str) -> KubernetesBuilder {
        Kubernetes::builder(&self.url(user, parameters), clock()).unwrap()
    }

    /// The same, made.
    pub(crate) fn registry(&self, user: &str, parameters: &str) -> Kubernetes {
        self.builder(user, parameters).build().unwrap()
    }

    /// The URL of a registry that names the server, with these parameters.
    pub(crate) fn url_of_server(&self, parameters: &str) -> String {
        format!("kubernetes://127.0.0.1:{}/?namespace=shop&{parameters}", self.port)
    }

    /// The authority of its certificate, in PEM.
    pub(crate) fn authority(&self) -> Vec<u8> {
        use base64::Engine as _;
        let kubeconfig = Kubeconfig::read_from(kubeconfig(&self.folder)).unwrap();
        let cluster = kubeconfig.clusters[0].cluster.clone().unwrap();
        let data = cluster.certificate_authority_data.unwrap();
        base64::engine::general_purpose::STANDARD.decode(data).unwrap()
    }

    /// The same as a parameter of a URL.
    pub(crate) fn authority_in_url(&self) -> String {
        self.authority().iter().fold(String::new(), |mut text, byte| {
            write!(text, "%{byte:02x}").unwrap();
            text
        })
    }

    /// Makes the kind ServiceImport known, of which mcs-api's definition says more.
    pub(crate) async fn import_kind(&self) {
        let object = json!({
            "metadata": {
                "name": "serviceimports.multicluster.x-k8s.io",
                "annotations": {"api-approved.kubernetes.io": "https://github.com/kubernetes/enhancements/pull/1646"},
            },
            "spec": {
                "group": "multicluster.x-k8s.io",
                "scope": "Namespaced",
                "names": {"plural": "serviceimports", "singular": "serviceimport", "kind": "ServiceImport"},
                "versions": [{
                    "name": "v1alpha1", "served": true, "storage": true,
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
                }],
            },
        });
        self.put("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", object).await;
        let path = "/apis/multicluster.x-k8s.io/v1alpha1/namespaces/shop/serviceimports";
        eventually("ServiceImport is served", async || {
            self.ask(Method::GET, path, None).await.0 == 200
        })
        .await;
    }

    /// Makes a request as the administrator: the status and the body.
    pub(crate) async fn ask(
        &self,
        method: Method,
        target: &str,
        body: Option<Value>,
    ) -> (u16, String) {
        self.ask_for(&self.admin, method, target, "application/json", body).await
    }

    /// Makes a request and reads its answer to the end.
    pub(crate) async fn ask_for(
        &self,
        client: &kube::Client,
        method: Method,
        target: &str,
        accept: &str,
        body: Option<Value>,
    ) -> (u16, String) {
        let content = match method {
            Method::PATCH => "application/merge-patch+json",
            _ => "application/json",
        };
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("accept", accept)
            .header("content-type", content)
            .body(Body::from(body.map(|body| body.to_string().into_bytes()).unwrap_or_default()));
        let answer = client.send(request.unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect_bytes().await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// The client of a user of the kubeconfig.
    pub(crate) async fn client(&self, user: &str) -> kube::Client {
        let kubeconfig = Kubeconfig::read_from(kubeconfig(&self.folder)).unwrap();
        let options =
            KubeConfigOptions { context: Some(user.to_owned()), ..KubeConfigOptions::default() };
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
        kube::Client::try_from(config).unwrap()
    }

    /// Creates an object, or replaces it by a patch.
    pub(crate) async fn put(&self, path: &str, object: Value) -> Value {
        let (status, text) = self.ask(Method::POST, path, Some(object.clone())).await;
        let (status, text) = match status {
            409 => {
                let name = object["metadata"]["name"].as_str().unwrap().to_owned();
                self.ask(Method::PATCH, &format!("{path}/{name}"), Some(object)).await
            }
            _ => (status, text),
        };
        assert!((200..300).contains(&status), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) async fn delete(&self, path: &str) {
        let (status, text) = self.ask(Method::DELETE, path, None).await;
        assert!((200..300).contains(&status), "{path}: {status} {text}");
    }

    /// Creates the objects of a manifest, and returns them.
    pub(crate) async fn apply(&self, yaml: &str) -> Vec<Value> {
        const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1/namespaces/shop";
        let documents: Vec<Value> = serde_saphyr::from_multiple(yaml).unwrap();
        for object in &documents {
            let path = match object["kind"].as_str().unwrap() {
                "Namespace" => "/api/v1/namespaces".to_owned(),
                "Role" => format!("{RBAC}/roles"),
                "RoleBinding" => format!("{RBAC}/rolebindings"),
                "ServiceAccount" => "/api/v1/namespaces/shop/serviceaccounts".to_owned(),
                "Service" => "/api/v1/namespaces/shop/services".to_owned(),
                "Deployment" => "/apis/apps/v1/namespaces/shop/deployments".to_owned(),
                other => panic!("no path for {other}"),
            };
            self.put(&path, object.clone()).await;
        }
        documents
    }

    /// A token of a service account of the namespace `shop`, as a kubelet asks for it.
    pub(crate) async fn token(&self, account: &str) -> String {
        let path = format!("/api/v1/namespaces/shop/serviceaccounts/{account}/token");
        let request =
            json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
        let (status, text) = self.ask(Method::POST, &path, Some(request)).await;
        assert_eq!(status, 201, "{text}");
        let answer: Value = serde_json::from_str(&text).unwrap();
        answer["status"]["token"].as_str().unwrap().to_owned()
    }

    /// The files of a certificate of a user, and of its key.
    pub(crate) fn certificate(&self, user: &str) -> [String; 2] {
        let mut command = command(self.port, self.etcd, &self.folder, "certificate");
        let done = command.arg(user).output().unwrap();
        let said = String::from_utf8(done.stdout).unwrap();
        ["certificate=", "key="].map(|name| {
            let file = said.lines().find_map(|line| line.strip_prefix(name));
            file.unwrap_or_else(|| panic!("{said}{}", String::from_utf8_lossy(&done.stderr)))
                .to_owned()
        })
    }

    /// Gives a user a role of `deploy/kubernetes`.
    pub(crate) async fn bind(&self, user: &str, role: &str) {
        let object = json!({
            "metadata": {"name": format!("{user}-{role}")},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
        });
        let path = "/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings";
        self.put(path, object).await;
    }

    /// Makes the Service of an application.
    pub(crate) async fn service(&self, name: &str) {
        let object = json!({
            "metadata": {"name": name},
            "spec": {"clusterIP": "None", "selector": {"app": name}, "ports": [{"name": "tri", "port": 50051}]},
        });
        self.put("/api/v1/namespaces/shop/services", object).await;
    }

    /// Makes a pod, with the hash of its template.
    pub(crate) async fn pod(&self, name: &str, template: &str, annotations: Value) {
        let object = json!({
            "metadata": {
                "name": name,
                "labels": {"app": "shop", "pod-template-hash": template, "topology.kubernetes.io/region": "north"},
                "annotations": annotations,
            },
            "spec": {"containers": [{"name": "main", "image": "shop:1"}], "nodeName": "node-1"},
        });
        self.put("/api/v1/namespaces/shop/pods", object).await;
    }

    /// Makes an EndpointSlice of `shop` with these endpoints.
    pub(crate) async fn slice(&self, name: &str, endpoints: &[Value]) -> Value {
        let object = json!({
            "metadata": {"name": name, "labels": {"kubernetes.io/service-name": "shop"}},
            "addressType": "IPv4",
            "ports": [{"name": "metrics", "port": 9090}, {"name": "tri", "port": 50051, "appProtocol": "kubernetes.io/h2c"}],
            "endpoints": endpoints,
        });
        self.put(SLICES, object).await
    }
}

/// The EndpointSlices of the namespace.
pub(crate) const SLICES: &str = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices";

/// An endpoint that is a pod.
pub(crate) fn endpoint(address: &str, pod: &str) -> Value {
    json!({
        "addresses": [address],
        "conditions": {"ready": true, "serving": true, "terminating": false},
        "nodeName": "node-1",
        "zone": "north-a",
        "targetRef": {"kind": "Pod", "namespace": "shop", "name": pod},
    })
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the logs of the server are in {}", self.folder.display());
            stop(self.port, self.etcd, &self.folder);
            return;
        }
        stop(self.port, self.etcd, &self.folder);
        // A folder that stays behind is in nobody's way.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn kubeconfig(folder: &Path) -> PathBuf {
    folder.join("kube-apiserver/data/kubeconfig")
}

/// The first of `count` free ports in a row.
fn free(count: u16) -> u16 {
    loop {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let more: Vec<_> =
            (1..count).map(|more| TcpListener::bind(("127.0.0.1", port + more))).collect();
        if more.iter().all(Result::is_ok) {
            return port;
        }
    }
}

fn command(port: u16, etcd: u16, folder: &Path, command: &str) -> Command {
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/peers/kube-apiserver.sh");
    let mut run = Command::new(&script);
    run.arg(command)
        .env("PEERS_RUN", folder)
        .env("KUBE_PORT", port.to_string())
        .env("KUBE_ETCD_PORT", etcd.to_string())
        .stdin(Stdio::null());
    run
}

fn script(port: u16, etcd: u16, folder: &Path, what: &str) {
    let done = command(port, etcd, folder, what).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "kube-apiserver.sh {what}: {said}");
}

fn stop(port: u16, etcd: u16, folder: &Path) {
    let done = command(port, etcd, folder, "stop").output();
    if !done.is_ok_and(|done| done.status.success()) {
        eprintln!("the server at port {port} may still run");
    }
}

/// Waits until `holds` says so.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let found = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let done = tokio::time::timeout(crate::support::PATIENCE, found).await;
    assert!(done.is_ok(), "not in time: {what}");
}
