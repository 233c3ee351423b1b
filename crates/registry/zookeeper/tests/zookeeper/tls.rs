//! TLS to the servers.

use std::fs;

use dubhe_core::Code;
use dubhe_core::registry::Registry;
use dubhe_testkit::certs::Authority;
use dubhe_zookeeper::ZooKeeper;

use super::provider;
use super::server::Server;
use super::support::clock;

#[tokio::test]
async fn a_registry_url_asks_for_tls_with_a_certificate_of_its_own() {
    let (mut server, secure) = (Server::reserve(), Server::reserve());
    let authority = Authority::new().unwrap();
    let file = |name: &str, text: &str| {
        let path = server.folder().join(name).to_str().unwrap().to_owned();
        fs::write(&path, text).unwrap();
        path
    };
    let ca = file("ca.pem", &authority.pem());
    let identity = authority.issue("127.0.0.1").unwrap();
    let both = file("server.pem", &format!("{}{}", identity.key, identity.chain));
    let (cert, key) = (file("client.pem", &identity.chain), file("client.key", &identity.key));
    server.configure(&format!(
        "serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory\n\
         secureClientPort={}\nsecureClientPortAddress=127.0.0.1\n\
         ssl.keyStore.location={both}\nssl.keyStore.type=PEM\n\
         ssl.trustStore.location={ca}\nssl.trustStore.type=PEM\nssl.clientAuth=need\n",
        secure.address().port()
    ));
    server.run().await;

    let registry = |parameters: &str| {
        let url = format!("zookeeper://{}?timeout=3000&{parameters}", secure.address());
        ZooKeeper::builder(&url, clock()).unwrap().build()
    };
    let identified = format!("ssl=true&ssl.ca={ca}&ssl.cert={cert}&ssl.key={key}");
    let ours = registry(&identified);
    ours.register(provider(1, &[])).await.unwrap();
    ours.close().await;
    // The names that all registries have.
    let ours = registry(&format!("ca-cert-file={ca}&tls-cert-file={cert}&tls-key-file={key}"));
    ours.register(provider(1, &[])).await.unwrap();
    ours.close().await;

    for (parameters, why) in [
        // Plain, without the certificate that it needs, and with a name that it does not have.
        (String::new(), "not done within"),
        (format!("ssl=true&ssl.ca={ca}"), "not done within"),
        (format!("{identified}&ssl.server.name=other.example"), "certificate"),
    ] {
        let error = registry(&parameters).register(provider(1, &[])).await.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable);
        assert!(error.message().contains(why), "{parameters}: {error}");
    }
    let missing = ZooKeeper::builder("zookeeper://h?ssl=true&ssl.ca=/no/such.pem", clock());
    let error = missing.unwrap_err();
    assert!(error.message().contains("/no/such.pem"), "{error}");
}
