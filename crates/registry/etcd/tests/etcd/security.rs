//! Users and TLS.

use std::fs;

use dubhe_core::Code;
use dubhe_core::registry::{Health, Registry};
use dubhe_core::time::Duration;
use dubhe_etcd::Etcd;
use dubhe_testkit::Folder;
use dubhe_testkit::certs::Authority;

use super::server::Server;
use super::support::{clock, provider, register, service, subscribe, until};

/// Makes `root` and `shop`, who may write below `/dubbo/`, and asks everybody who they are.
fn enable_users(server: &Server) {
    for (path, body) in [
        ("role/add", r#"{"name":"root"}"#),
        ("user/add", r#"{"name":"root","password":"r00t"}"#),
        ("user/grant", r#"{"user":"root","role":"root"}"#),
        ("role/add", r#"{"name":"shop"}"#),
        (
            "role/grant",
            // "/dubbo/" to "/dubbo0".
            r#"{"name":"shop","perm":{"permType":"READWRITE","key":"L2R1YmJvLw==","range_end":"L2R1YmJvMA=="}}"#,
        ),
        ("user/add", r#"{"name":"shop","password":"s3cret"}"#),
        ("user/grant", r#"{"user":"shop","role":"shop"}"#),
        ("enable", "{}"),
    ] {
        server.post(&format!("/v3/auth/{path}"), body);
    }
}

fn registry_of(server: &Server, user: &str, parameters: &str) -> Etcd {
    let url = format!("etcd://{user}@{}?session=3000&{parameters}", server.address());
    Etcd::builder(&url, clock()).unwrap().build()
}

#[tokio::test]
async fn users_do_what_they_may_and_others_are_told_why_not() {
    let flags = "--auth-token-ttl 2".to_owned();
    let mut server = Server::start_with(vec![("ETCD_FLAGS", flags)]).await;
    enable_users(&server);
    let ours = registry_of(&server, "shop:s3cret", "");
    register(&ours, provider(1, &[])).await.unwrap();
    let mut seen = subscribe(&ours).await;
    until(&mut seen, Health::Fresh, &[1]).await;

    for (user, named) in [("shop:wrong", "check username and password"), ("", "user name is empty")]
    {
        let refused = registry_of(&server, user, "timeout=1000");
        let error = register(&refused, provider(2, &[])).await.unwrap_err();
        assert!(error.message().contains(named), "{user:?}: {error}");
        assert!(!error.message().contains("wrong"), "{error}");
    }

    // What a user may not write is an error at once; what it may not read is told to those who wait.
    let elsewhere = registry_of(&server, "shop:s3cret", "group=fleet");
    let error = register(&elsewhere, provider(2, &[])).await.unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied, "{error}");
    let mut nothing = Registry::subscribe(&elsewhere, &service()).await.unwrap();
    let mut waiting = Box::pin(futures_util::StreamExt::next(&mut nothing));
    let told = async {
        loop {
            tokio::select! {
                snapshot = &mut waiting => panic!("{snapshot:?}"),
                () = tokio::time::sleep(Duration::from_millis(20)) => {}
            }
            if let Some(error) = Registry::failure(&elsewhere, &service()) {
                return error;
            }
        }
    };
    let error = tokio::time::timeout(Duration::from_secs(20), told).await.unwrap();
    assert_eq!(error.code(), Code::PermissionDenied, "{error}");

    // A token that nobody uses ends after 2 s; the next request gets another.
    let idle = registry_of(&server, "shop:s3cret", "register=false");
    idle.client().connected().await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    idle.client().put("/dubbo/x", "y", 0).await.unwrap();
    register(&ours, provider(3, &[])).await.unwrap();
    until(&mut seen, Health::Fresh, &[1, 3]).await;

    // A server that was restarted knows no token of before.
    server.kill();
    until(&mut seen, Health::Stale, &[1, 3]).await;
    server.run().await;
    until(&mut seen, Health::Fresh, &[1, 3]).await;
    register(&ours, provider(4, &[])).await.unwrap();
    until(&mut seen, Health::Fresh, &[1, 3, 4]).await;
}

#[tokio::test]
async fn tls_is_one_way_or_mutual() {
    let (authority, folder) = (Authority::new().unwrap(), Folder::new().unwrap());
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let identity = authority.issue("127.0.0.1").unwrap();
    let (ca, cert) = (file("ca.pem", &authority.pem()), file("cert.pem", &identity.chain));
    let key = file("key.pem", &identity.key);
    let trust = format!("ca-cert-file={ca}");
    let both = format!("{trust}&tls-cert-file={cert}&tls-key-file={key}");

    let one_way = Server::start_with(vec![("ETCD_TLS", format!("{cert},{key}"))]).await;
    let ours = Etcd::builder(&one_way.url(&trust), clock()).unwrap().build();
    register(&ours, provider(1, &[])).await.unwrap();
    until(&mut subscribe(&ours).await, Health::Fresh, &[1]).await;
    for (parameters, named) in
        [("timeout=1500", "not done within 1.5s"), ("tls=true&timeout=1500", "certificate")]
    {
        let wrong = Etcd::builder(&one_way.url(parameters), clock()).unwrap().build();
        let error = register(&wrong, provider(2, &[])).await.unwrap_err();
        assert!(error.message().contains(named), "{parameters}: {error}");
    }

    let mutual = Server::start_with(vec![("ETCD_TLS", format!("{cert},{key},{ca}"))]).await;
    let ours = Etcd::builder(&mutual.url(&both), clock()).unwrap().build();
    register(&ours, provider(1, &[])).await.unwrap();
    let nobody = Etcd::builder(&mutual.url(&format!("{trust}&timeout=1500")), clock()).unwrap();
    register(&nobody.build(), provider(2, &[])).await.unwrap_err();

    let missing = Etcd::builder("etcd://h?ca-cert-file=/no-such-ca.pem", clock()).unwrap_err();
    assert!(missing.message().contains("/no-such-ca.pem"), "{missing}");
}
