//! TLS on both sides, over a network in memory.

use std::{net::SocketAddr, path::Path, process::Command, sync::Arc, time::Duration};

use crate::support::loopback;
use dubhe_net::{
    ErrorKind, Result,
    detect::{AcceptOptions, Acceptor, Probe, Protocol, TlsMode},
    drain::{Shutdown, Trigger},
    io::{BoxFuture, ConnectionInfo, Dial, Io, memory::Network},
    tls::{ClientTls, ServerTls},
};
use dubhe_testkit::certs::{Authority, Identity};
use dubhe_testkit::log::Lines;
use dubhe_testkit::wait_until;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tracing::Level;

/// Describes its client: encrypted or not, ALPN, server name, number of certificates.
struct Mirror;

impl Protocol for Mirror {
    fn name(&self) -> &'static str {
        "mirror"
    }

    fn probe(&self, prefix: &[u8]) -> Probe {
        if prefix.starts_with(b"?") { Probe::Yes } else { Probe::No }
    }

    fn serve(&self, mut io: Io, peer: ConnectionInfo, _: Shutdown) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let seen = peer.tls.as_deref().map(|tls| {
                let alpn = tls.alpn.as_deref().map(String::from_utf8_lossy);
                (alpn, tls.server_name.as_deref(), tls.certificates.len())
            });
            assert_eq!(seen.is_some(), io.is_tls());
            let _ = io.write_all(format!("{seen:?}").as_bytes()).await;
            let _ = io.shutdown().await;
        })
    }
}

struct Server {
    network: Network,
    addr: SocketAddr,
    _trigger: Trigger,
}

impl Server {
    fn start(mode: TlsMode, tls: ServerTls) -> Self {
        let mut options = AcceptOptions::default();
        options.tls_mode = mode;
        options.tls = Some(tls);
        let network = Network::default();
        let listen = network.listen(loopback(443)).unwrap();
        let acceptor = Acceptor::new(listen, vec![Arc::new(Mirror)], options).unwrap();
        let addr = acceptor.local_addr().as_socket_addr().unwrap();
        let trigger = Trigger::new();
        tokio::spawn(acceptor.run(trigger.shutdown()));
        Self { network, addr, _trigger: trigger }
    }

    /// The answer to a client, and the server as it sees it.
    async fn ask(&self, dial: &dyn Dial) -> Result<(String, ConnectionInfo)> {
        let (mut io, peer) = dial.dial(&self.addr.into()).await?;
        let mut got = String::new();
        // With TLS 1.3 a refused client certificate shows only here.
        io.write_all(b"?").await?;
        io.read_to_string(&mut got).await?;
        Ok((got, peer))
    }

    async fn ask_as(&self, client: &ClientTls) -> Result<(String, ConnectionInfo)> {
        self.ask(&client.dial(self.network.clone())).await
    }
}

fn server(identity: &Identity) -> dubhe_net::tls::ServerTlsBuilder {
    ServerTls::builder(identity.chain.as_str(), identity.key.as_str())
}

#[tokio::test]
async fn one_way_with_alpn_and_a_name() {
    let authority = Authority::new().unwrap();
    let tls = server(&authority.issue("shop.example").unwrap()).alpn(["h2", "dubbo"]);
    let server = Server::start(TlsMode::Required, tls.build().unwrap());
    let client = ClientTls::builder(authority.pem()).server_name("shop.example").alpn(["dubbo"]);
    let (heard, peer) = server.ask_as(&client.build().unwrap()).await.unwrap();
    assert_eq!(heard, r#"Some((Some("dubbo"), Some("shop.example"), 0))"#);
    let tls = peer.tls.unwrap();
    assert_eq!(tls.alpn.as_deref(), Some(&b"dubbo"[..]));
    assert_eq!(tls.certificates.len(), 1);
}

#[tokio::test]
async fn an_address_is_a_name_too_and_a_wrong_name_or_authority_is_refused() {
    let (authority, other) = (Authority::new().unwrap(), Authority::new().unwrap());
    let tls = server(&authority.issue("127.0.0.1").unwrap()).build().unwrap();
    let server = Server::start(TlsMode::Required, tls);
    let right = ClientTls::builder(authority.pem()).build().unwrap();
    assert_eq!(server.ask_as(&right).await.unwrap().0, "Some((None, None, 0))");

    let misled = ClientTls::builder(authority.pem()).server_name("other.example").build().unwrap();
    let stranger = ClientTls::builder(other.pem()).build().unwrap();
    // Both authorities have the same name, so only the signature tells them apart.
    for (client, why) in [(misled, "not valid for name"), (stranger, "BadSignature")] {
        let error = server.ask_as(&client).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls);
        assert!(error.to_string().contains(why), "{error}");
        assert!(error.to_string().contains("127.0.0.1:443"), "{error}");
    }
    let clear = server.ask(&server.network).await;
    // A TLS alert, or the end: in any case not the protocol's answer.
    assert!(!clear.is_ok_and(|(heard, _)| heard.contains("None")));
}

#[tokio::test]
async fn mutual_lets_in_who_the_authority_knows() {
    let (authority, other) = (Authority::new().unwrap(), Authority::new().unwrap());
    let certified = server(&authority.issue("127.0.0.1").unwrap()).client_ca(authority.pem());
    let server = Server::start(TlsMode::Required, certified.build().unwrap());
    let client = || ClientTls::builder(authority.pem());
    let with = |identity: &Identity| {
        client().identity(identity.chain.as_str(), identity.key.as_str()).build().unwrap()
    };
    let known = authority.issue("consumer.example").unwrap();
    let known_client = with(&known);
    assert_eq!(server.ask_as(&known_client).await.unwrap().0, "Some((None, None, 1))");

    let unknown = with(&other.issue("consumer.example").unwrap());
    assert!(server.ask_as(&unknown).await.is_err());
    let nobody = client().build().unwrap();
    assert!(server.ask_as(&nobody).await.is_err());

    // A certificate that is given later counts from the next handshake on.
    nobody.reload(known.chain.as_bytes(), known.key.as_bytes()).unwrap();
    assert_eq!(server.ask_as(&nobody).await.unwrap().0, "Some((None, None, 1))");
}

#[tokio::test]
async fn optional_serves_clear_and_encrypted_clients_on_one_port() {
    let authority = Authority::new().unwrap();
    let certified =
        server(&authority.issue("127.0.0.1").unwrap()).client_ca(authority.pem()).client_optional();
    let server = Server::start(TlsMode::Optional, certified.build().unwrap());
    let client = ClientTls::builder(authority.pem()).build().unwrap();
    assert_eq!(server.ask(&server.network).await.unwrap().0, "None");
    assert_eq!(server.ask_as(&client).await.unwrap().0, "Some((None, None, 0))");
}

#[tokio::test]
async fn a_reload_counts_from_the_next_handshake_and_a_bad_one_changes_nothing() {
    let authority = Authority::new().unwrap();
    let (old, new) = (authority.issue("127.0.0.1").unwrap(), authority.issue("127.0.0.1").unwrap());
    let tls = server(&old).build().unwrap();
    // A reload reaches those who offer something of their own by ALPN as well.
    let server = Server::start(TlsMode::Required, tls.with_default_alpn(["x", "y"]));
    let client = ClientTls::builder(authority.pem()).build().unwrap().with_default_alpn(["y"]);
    let shown = async || {
        let (_, peer) = server.ask_as(&client).await.unwrap();
        let tls = peer.tls.unwrap();
        assert_eq!(tls.alpn.as_deref(), Some(&b"y"[..]));
        tls.certificates.clone()
    };

    let first = shown().await;
    assert_eq!(shown().await, first);
    let mismatch = tls.reload(new.chain.as_bytes(), old.key.as_bytes()).unwrap_err();
    assert_eq!(mismatch.kind(), ErrorKind::Tls);
    assert!(tls.reload(b"no pem", new.key.as_bytes()).is_err());
    assert_eq!(shown().await, first);
    tls.reload(new.chain.as_bytes(), new.key.as_bytes()).unwrap();
    assert_ne!(shown().await, first);
}

#[tokio::test]
async fn files_serve_as_well_as_bytes() {
    let authority = Authority::new().unwrap();
    let identity = authority.issue("127.0.0.1").unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (chain, key) = (file("chain.pem", &identity.chain), file("key.pem", &identity.key));
    let tls = ServerTls::from_files(chain, key).unwrap().build().unwrap();
    let server = Server::start(TlsMode::Required, tls);
    let client = ClientTls::from_file(file("ca.pem", &authority.pem())).unwrap().build().unwrap();
    assert_eq!(server.ask_as(&client).await.unwrap().0, "Some((None, None, 0))");

    let missing = ClientTls::from_file(folder.join("missing.pem")).unwrap_err();
    assert!(missing.to_string().contains("missing.pem: No such file"), "{missing}");
}

/// Set in the process that a test starts.
const INNER: &str = "DUBHE_TEST_INNER";

/// Runs a test of this file once more, in a process where the system trusts `certificates`.
fn with_system_roots(test: &str, certificates: &Path) {
    let mut process = Command::new(std::env::current_exe().unwrap());
    let process = process.args(["--exact", test]).env(INNER, "1");
    let process = process.env("SSL_CERT_FILE", certificates).env_remove("SSL_CERT_DIR");
    let ended = process.output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
async fn the_certificates_of_the_system_are_trusted() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (chain, key) = (folder.join("system-chain.pem"), folder.join("system-key.pem"));
    if std::env::var_os(INNER).is_none() {
        let authority = Authority::new().unwrap();
        let identity = authority.issue("127.0.0.1").unwrap();
        let ca = folder.join("system-ca.pem");
        std::fs::write(&ca, authority.pem()).unwrap();
        std::fs::write(chain, &identity.chain).unwrap();
        std::fs::write(key, &identity.key).unwrap();
        return with_system_roots("tls::the_certificates_of_the_system_are_trusted", &ca);
    }
    let tls = ServerTls::from_files(chain, key).unwrap().build().unwrap();
    let server = Server::start(TlsMode::Required, tls);
    let client = ClientTls::system_roots().unwrap().build().unwrap();
    assert_eq!(server.ask_as(&client).await.unwrap().0, "Some((None, None, 0))");
}

#[test]
fn a_system_that_trusts_nobody_is_an_error() {
    if std::env::var_os(INNER).is_none() {
        let empty = Path::new(env!("CARGO_TARGET_TMPDIR")).join("system-none.pem");
        std::fs::write(&empty, "").unwrap();
        return with_system_roots("tls::a_system_that_trusts_nobody_is_an_error", &empty);
    }
    let error = ClientTls::system_roots().unwrap_err().to_string();
    assert!(error.contains("set SSL_CERT_FILE"), "{error}");
}

#[tokio::test]
async fn what_cannot_work_is_refused_when_it_is_built_and_keys_do_not_print() {
    let authority = Authority::new().unwrap();
    let identity = authority.issue("localhost").unwrap();
    let key_line = identity.key.lines().nth(1).unwrap();
    let builder = server(&identity);
    assert!(!format!("{builder:?}").contains(key_line));
    assert!(!format!("{:?}", builder.build().unwrap()).contains(key_line));
    let swapped = ServerTls::builder(identity.key.as_str(), identity.chain.as_str()).build();
    let error = swapped.unwrap_err();
    assert!(!error.to_string().contains(key_line), "{error}");

    let mut options = AcceptOptions::default();
    options.tls_mode = TlsMode::Required;
    let listen = Network::default().listen(loopback(443)).unwrap();
    let error = Acceptor::new(listen, vec![Arc::new(Mirror)], options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("AcceptOptions::tls"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn refused_handshakes_are_told_of_once_a_second_and_peers_that_only_knock_are_not() {
    let (warnings, _guard) = Lines::of_this_thread(Level::WARN);
    let ca = Authority::new().unwrap();
    let server = server(&ca.issue("localhost").unwrap()).build().unwrap();
    let server = Server::start(TlsMode::Required, server);
    let refused = |count: u64| {
        let count = format!("refused={count} ");
        move |line: &String| line.contains("tls handshakes refused") && line.contains(&count)
    };

    // Tests of whether the port is open, as orchestrators make them.
    for _ in 0..3 {
        drop(server.network.dial(&server.addr.into()).await.unwrap());
    }
    let plain = async || {
        let (mut io, _) = server.network.dial(&server.addr.into()).await.unwrap();
        io.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        // An alert comes, and the end.
        io.read_to_end(&mut Vec::new()).await.unwrap();
    };
    plain().await;
    wait_until("the first is told of", || warnings.with("").iter().any(refused(1))).await;
    plain().await;
    plain().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(warnings.with("").len(), 1, "{:?}", warnings.take());
    plain().await;
    wait_until("the others are told of", || warnings.with("").iter().any(refused(3))).await;

    // One that says nothing for too long is refused as well.
    let _silent = server.network.dial(&server.addr.into()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(11)).await;
    let late = |line: &String| refused(1)(line) && line.contains("took longer than 10s");
    assert!(warnings.with("").iter().any(late), "{:?}", warnings.take());
}
