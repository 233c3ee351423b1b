//! The proxy does what it is told, at the byte it is told.

use std::io::ErrorKind;
use std::net::SocketAddr;

use dubhe_testkit::proxy::{Faults, Proxy, WireFault};
use dubhe_testkit::{certs::Authority, wait_until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Sends back what it gets, until its client ends.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    addr
}

async fn through(faults: Faults) -> (Proxy, TcpStream) {
    let proxy = Proxy::start(echo().await, faults).await.unwrap();
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    stream.write_all(b"0123456789").await.unwrap();
    (proxy, stream)
}

async fn rest(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut got = Vec::new();
    stream.read_to_end(&mut got).await.map(|_| got)
}

#[tokio::test]
async fn closes_after_the_byte_in_either_direction() {
    for (faults, want) in [
        (Faults::none().to_client(0, WireFault::Close), &b""[..]),
        (Faults::none().to_client(4, WireFault::Close), b"0123"),
        (Faults::none().to_server(7, WireFault::HalfClose), b"0123456"),
    ] {
        let (_proxy, mut stream) = through(faults).await;
        assert_eq!(rest(&mut stream).await.unwrap(), want);
    }
    let (proxy, mut stream) = through(Faults::none().to_server(7, WireFault::Close)).await;
    rest(&mut stream).await.unwrap();
    assert_eq!((proxy.to_server(), proxy.accepted()), (7, 1));
}

#[tokio::test]
async fn resets_corrupts_and_stalls() {
    let (_proxy, mut stream) = through(Faults::none().to_client(3, WireFault::Reset)).await;
    assert_eq!(rest(&mut stream).await.unwrap_err().kind(), ErrorKind::ConnectionReset);

    let (_proxy, mut stream) = through(Faults::none().to_client(2, WireFault::Corrupt(0xff))).await;
    stream.shutdown().await.unwrap();
    assert_eq!(rest(&mut stream).await.unwrap(), b"01\xcd3456789");

    let (proxy, mut stream) = through(Faults::none().to_server(5, WireFault::Stall)).await;
    let mut got = [0; 5];
    stream.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"01234");
    stream.write_all(b"more").await.unwrap();
    wait_until("the echo has come back", || proxy.to_client() == 5).await;
    assert_eq!(proxy.to_server(), 5);
}

#[tokio::test]
async fn new_faults_hold_for_new_connections() {
    let (proxy, mut first) = through(Faults::none()).await;
    wait_until("the first connection is accepted", || proxy.accepted() == 1).await;
    proxy.set(Faults::none().to_client(1, WireFault::Close));
    let mut second = TcpStream::connect(proxy.addr()).await.unwrap();
    second.write_all(b"ab").await.unwrap();
    assert_eq!(rest(&mut second).await.unwrap(), b"a");
    first.shutdown().await.unwrap();
    assert_eq!(rest(&mut first).await.unwrap(), b"0123456789");
}

#[test]
fn an_authority_issues_for_names_and_addresses() {
    let authority = Authority::new().unwrap();
    assert!(authority.pem().starts_with("-----BEGIN CERTIFICATE-----"));
    for name in ["localhost", "127.0.0.1"] {
        let identity = authority.issue(name).unwrap();
        assert!(identity.chain.starts_with("-----BEGIN CERTIFICATE-----"), "{name}");
        assert!(identity.key.starts_with("-----BEGIN PRIVATE KEY-----"), "{name}");
    }
    assert!(authority.issue("käse").is_err());
}

#[tokio::test]
async fn holds_and_cuts_connections_that_live() {
    let (proxy, mut stream) = through(Faults::none()).await;
    let mut got = [0; 10];
    stream.read_exact(&mut got).await.unwrap();
    proxy.hold();
    stream.write_all(b"held").await.unwrap();
    let passed = proxy.to_server();
    // A connection made meanwhile waits too.
    let mut other = TcpStream::connect(proxy.addr()).await.unwrap();
    other.write_all(b"other").await.unwrap();
    wait_until("the proxy took the connection", || proxy.accepted() == 2).await;
    assert_eq!(proxy.to_server(), passed);
    proxy.release();
    let mut got = [0; 4];
    stream.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"held");
    proxy.cut();
    assert!(matches!(stream.read(&mut got).await, Ok(0) | Err(_)));
}
