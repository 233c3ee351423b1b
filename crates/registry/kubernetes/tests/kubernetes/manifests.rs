//! The manifests of `deploy/kubernetes` at a real API server: it takes them, and what their accounts may do with
//! the roles is enough for a provider and a consumer, and no more.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dubhe_core::documents::{DocumentKey, DocumentStore as _};
use dubhe_core::endpoint::{Instance, Offer, ServiceParams};
use dubhe_core::registry::{Registration, Registry as _};
use dubhe_core::{Code, ServiceKey};
use dubhe_kubernetes::Kubernetes;
use dubhe_registry::application::ServiceDiscovery as _;
use dubhe_testkit::Folder;
use futures_util::StreamExt as _;
use http::Method;
use serde_json::{Value, json};

use crate::registering::{application, says};
use crate::server::{SLICES, Server, eventually};
use crate::support::{PATIENCE, alone, clock, is_alone};

const PROVIDER: &str = include_str!("../../../../../deploy/kubernetes/provider.yaml");
const CONSUMER: &str = include_str!("../../../../../deploy/kubernetes/consumer.yaml");
const ROLES: &str = include_str!("../../../../../deploy/kubernetes/roles.yaml");

/// The pod of the provider, of which no controller is there to make one.
const POD: &str = "greeter-5c-1";
const ADDRESS: &str = "10.1.0.1";
const PORT: u16 = 50051;
/// The folder with the accounts, each in one of its name.
const ACCOUNTS: &str = "DUBHE_TEST_ACCOUNTS";

/// The objects of a manifest.
fn objects(manifest: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(manifest).unwrap()
}

/// The one of a kind.
fn object(manifest: &str, kind: &str) -> Value {
    let mut all = objects(manifest).into_iter();
    all.find(|object| object["kind"] == kind).unwrap_or_else(|| panic!("no {kind}"))
}

/// The URL that a manifest gives the program, and the account that the pod has.
fn program(manifest: &str) -> (String, String) {
    let pod = object(manifest, "Deployment")["spec"]["template"]["spec"].take();
    let environment = pod["containers"][0]["env"].as_array().unwrap();
    let url = environment.iter().find(|variable| variable["name"] == "REGISTRY").unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&url["value"]), text(&pod["serviceAccountName"]))
}

#[tokio::test]
async fn the_manifests_are_taken_and_their_accounts_can_do_what_they_need() {
    if is_alone() {
        let accounts = PathBuf::from(std::env::var_os(ACCOUNTS).unwrap());
        return in_pods(&accounts).await;
    }
    let server = Server::start().await;
    server.apply(PROVIDER).await;
    server.apply(CONSUMER).await;
    // As controllers make them of the Deployment and the Service.
    let deployment = object(PROVIDER, "Deployment");
    let mut pod = deployment["spec"]["template"].clone();
    pod["metadata"]["name"] = json!(POD);
    pod["metadata"]["labels"]["pod-template-hash"] = json!("5c");
    server.put("/api/v1/namespaces/shop/pods", pod).await;
    let service = object(PROVIDER, "Service");
    let name = service["metadata"]["name"].as_str().unwrap();
    let port = service["spec"]["ports"][0]["name"].as_str().unwrap();
    let slice = json!({
        "metadata": {"name": "greeter-a", "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "ports": [{"name": port, "port": PORT}],
        "endpoints": [{
            "addresses": [ADDRESS],
            "conditions": {"ready": true, "serving": true},
            "targetRef": {"kind": "Pod", "namespace": "shop", "name": POD},
        }],
    });
    server.put(SLICES, slice).await;

    // As the kubelet mounts them.
    let folder = Folder::new().unwrap();
    for manifest in [PROVIDER, CONSUMER] {
        let (_, account) = program(manifest);
        let files = folder.path().join(&account);
        fs::create_dir(&files).unwrap();
        fs::write(files.join("ca.crt"), server.authority()).unwrap();
        fs::write(files.join("namespace"), "shop").unwrap();
        fs::write(files.join("token"), server.token(&account).await).unwrap();
    }
    let port = server.port().to_string();
    let environment = [
        ("KUBERNETES_SERVICE_HOST", "127.0.0.1"),
        ("KUBERNETES_SERVICE_PORT", &port),
        (ACCOUNTS, folder.path().to_str().unwrap()),
    ];
    let test = "manifests::the_manifests_are_taken_and_their_accounts_can_do_what_they_need";
    alone(test, &environment).await;
}

/// The test above in a process with the environment of a pod.
async fn in_pods(accounts: &Path) {
    let registry = |manifest: &str, parameters: &str| {
        let (url, account) = program(manifest);
        let between = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{between}watchReconnectInterval=200{parameters}");
        let builder = Kubernetes::builder(&url, clock()).unwrap();
        builder.service_account(accounts.join(account)).pod(POD).build().unwrap()
    };
    let provider = application("greeter", registry(PROVIDER, ""));
    let service = ServiceKey::new("org.example.Greeter", "", "1.0");
    let registration = Registration {
        service: service.clone(),
        instance: Arc::new(Instance { host: ADDRESS.into(), ..Instance::default() }),
        offer: Offer { protocol: "tri".into(), port: PORT },
        params: Arc::new(ServiceParams::default()),
    };
    eventually("the role is known", async || provider.register(registration.clone()).await.is_ok())
        .await;
    let consumer = application("frontend", registry(CONSUMER, ""));
    let mut snapshots = consumer.subscribe(&service).await.unwrap();
    let found = async {
        loop {
            let now = snapshots.next().await.unwrap();
            if let [one] = &*now.providers {
                return (one.instance.host.clone(), one.offer.clone());
            }
        }
    };
    let found = tokio::time::timeout(PATIENCE, found).await.expect("a provider in time");
    assert_eq!(found, (ADDRESS.into(), registration.offer.clone()));

    // What the roles leave out is refused: the annotation of pods, and writing by who only consumes.
    let refused = registry(PROVIDER, "&pod-annotation=true").register(says("1a")).await;
    let error = refused.unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied, "{error}");
    assert!(error.message().contains("cannot patch pods"), "{error}");
    let (url, account) = program(CONSUMER);
    let writes = url.replace("enableRegister=false", "enableRegister=true");
    let writing = Kubernetes::builder(&writes, clock()).unwrap();
    let writing = writing.service_account(accounts.join(account)).pod(POD).build().unwrap();
    let mapping = DocumentKey::Mapping { interface: "org.example.Other".into() };
    let error = writing.put(&mapping, "frontend".into()).await.unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied, "{error}");
    provider.unregister(&registration).await.unwrap();
}

/// A verb on a kind of a group.
type Access = (&'static str, &'static str, &'static str);

const VERBS: [&str; 7] = ["get", "list", "watch", "create", "update", "patch", "delete"];
/// Kinds of objects, with those that nobody of the manifests has to do with.
const KINDS: [(&str, &str); 8] = [
    ("", "services"),
    ("", "pods"),
    ("", "configmaps"),
    ("", "secrets"),
    ("", "serviceaccounts"),
    ("discovery.k8s.io", "endpointslices"),
    ("apps", "deployments"),
    ("rbac.authorization.k8s.io", "rolebindings"),
];

#[tokio::test]
async fn the_authorizer_grants_what_the_roles_say_and_nothing_else() {
    let server = Server::start().await;
    server.apply(PROVIDER).await;
    server.apply(CONSUMER).await;
    for manifest in [PROVIDER, CONSUMER] {
        let (_, account) = program(manifest);
        let role = object(manifest, "RoleBinding")["roleRef"]["name"].as_str().unwrap().to_owned();
        let said = said_of(&role);
        assert!(!said.is_empty(), "{role}");
        // It learns of roles in a moment.
        let first = *said.first().unwrap();
        eventually("the role is known", async || {
            is_allowed(&server, &account, "shop", first).await
        })
        .await;
        for (group, kind) in KINDS {
            for verb in VERBS {
                let access = (verb, group, kind);
                let allowed = is_allowed(&server, &account, "shop", access).await;
                assert_eq!(allowed, said.contains(&access), "{account} {access:?}");
                let elsewhere = is_allowed(&server, &account, "default", access).await;
                assert!(!elsewhere, "{account} {access:?} in another namespace");
            }
        }
    }
}

/// The accesses that a role of `roles.yaml` grants.
fn said_of(role: &str) -> BTreeSet<Access> {
    let role = objects(ROLES).into_iter().find(|of| of["metadata"]["name"] == role).unwrap();
    let has = |list: &Value, text: &str| list.as_array().unwrap().iter().any(|one| one == text);
    let mut all = BTreeSet::new();
    for rule in role["rules"].as_array().unwrap() {
        for (group, kind) in KINDS {
            for verb in VERBS {
                if has(&rule["apiGroups"], group)
                    && has(&rule["resources"], kind)
                    && has(&rule["verbs"], verb)
                {
                    all.insert((verb, group, kind));
                }
            }
        }
    }
    all
}

/// Asks the server whether an account may do this in a namespace.
async fn is_allowed(server: &Server, account: &str, namespace: &str, access: Access) -> bool {
    let (verb, group, resource) = access;
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": format!("system:serviceaccount:shop:{account}"),
            "groups": ["system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"],
            "resourceAttributes": {
                "namespace": namespace, "verb": verb, "group": group, "resource": resource,
            },
        },
    });
    let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    let (status, text) = server.ask(Method::POST, path, Some(review)).await;
    assert_eq!(status, 201, "{text}");
    let answer: Value = serde_json::from_str(&text).unwrap();
    answer["status"]["allowed"].as_bool().unwrap()
}
