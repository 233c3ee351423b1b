//! A server that asks for a password, over TLS.

use dubhe_core::documents::{DocumentKey, DocumentStore as _};
use dubhe_core::registry::{Health, Registry as _};
use dubhe_core::{Code, ServiceKey};
use dubhe_nacos::Nacos;
use dubhe_testkit::Folder;
use dubhe_testkit::certs::Authority;

use super::server::Server;
use super::support::{clock, provider, service, subscribe, until};

/// The life of a token, in seconds.
const TOKEN_TTL: u64 = 6;

pub(crate) async fn users_log_in_over_tls() {
    let authority = Authority::new().unwrap();
    let identity = authority.issue("localhost").unwrap();
    let folder = Folder::new().unwrap();
    std::fs::write(folder.path().join("cert.pem"), &identity.chain).unwrap();
    std::fs::write(folder.path().join("key.pem"), &identity.key).unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, authority.pem()).unwrap();
    let server = Server::start_encrypted(
        folder.path(),
        &[("NACOS_AUTH", "true".to_owned()), ("NACOS_TOKEN_TTL", TOKEN_TTL.to_string())],
    )
    .await;
    let answer = server.http("POST", "/nacos/v3/auth/user/admin", "password=s3cret");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    // Its database takes a while, on a machine that is busy.
    let login =
        || server.http("POST", "/nacos/v3/auth/user/login", "username=nacos&password=s3cret");
    let mut answer = login();
    for _ in 0..20 {
        if answer.starts_with("HTTP/1.1 200") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        answer = login();
    }
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let ca = ca.display();
    let tls = format!("ca-cert-file={ca}&tls-server-name=localhost");
    let client = |parameters: &str| {
        let url = server.url(&format!("{tls}&{parameters}"));
        Nacos::builder(&url, clock()).unwrap().build()
    };
    let right = client("username=nacos&password=s3cret");
    let registry = right.registry();
    registry.register(provider(1, &[])).await.unwrap();
    let mut seen = subscribe(&registry).await;
    until(&mut seen, Health::Fresh, &[1]).await;
    let key = DocumentKey::config("shop.condition-router");
    right.documents().put(&key, "x".into()).await.unwrap();

    // Nobody without a password, or with a wrong one, gets anything.
    let wrong = client("username=nacos&password=wr0ng");
    let error = wrong.registry().register(provider(2, &[])).await.unwrap_err();
    assert_eq!(error.code(), Code::Unauthenticated, "{error}");
    assert!(error.message().contains("check user and password"), "{error}");
    assert!(!error.message().contains("wr0ng"), "{error}");
    let none = client("");
    let error = none.documents().get(&key).await.unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied, "{error}");
    let mut unseen = subscribe(&none.registry()).await;
    let silent = tokio::time::timeout(
        std::time::Duration::from_secs(1),
        until(&mut unseen, Health::Fresh, &[1]),
    );
    assert!(silent.await.is_err());
    let failure = none.registry().failure(&service()).unwrap();
    assert_eq!(failure.code(), Code::PermissionDenied, "{failure}");

    // A token that has ended is replaced before anybody notices.
    tokio::time::sleep(std::time::Duration::from_secs(TOKEN_TTL + 2)).await;
    assert_eq!(&*right.documents().get(&key).await.unwrap().unwrap().text, "x");
    let other = ServiceKey::interface_only("demo.Other");
    let mut others = registry.subscribe(&other).await.unwrap();
    until(&mut others, Health::Fresh, &[]).await;

    // A token that somebody else got is as good as a password.
    let answer = login();
    let token = answer.split("\"accessToken\":\"").nth(1).unwrap().split('"').next().unwrap();
    let given = client(&format!("accessToken={token}"));
    assert_eq!(&*given.documents().get(&key).await.unwrap().unwrap().text, "x");
    assert!(given.documents().list().await.unwrap().contains(&key));

    // By the names of Nacos' own clients, of gRPC and of HTTP.
    let named = format!(
        "nacos.remote.client.rpc.tls.enable=true&tls.enable=true&tls-server-name=localhost\
         &nacos.remote.client.rpc.tls.trustCollectionChainPath={ca}&tls.client.trustCertPath={ca}\
         &username=nacos&password=s3cret"
    );
    let named = Nacos::builder(&server.url(&named), clock()).unwrap().build();
    assert_eq!(&*named.documents().get(&key).await.unwrap().unwrap().text, "x");

    // Without TLS there is no connection, and the error says why.
    let clear = Nacos::builder(&server.url("timeout=2000"), clock()).unwrap().build();
    let error = clear.registry().register(provider(3, &[])).await.unwrap_err();
    assert!(error.message().contains("not done within"), "{error}");
}
