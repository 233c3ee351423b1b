//! Servers and clients over Unix sockets.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use std::io::Write;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dubhe::filter::AccessLog;
use dubhe::net::TlsMode;
use dubhe::net::{ClientTls, ServerTls};
use dubhe::prelude::*;
use dubhe::registry::Memory;
use dubhe::registry::Registry;
use dubhe::{RunningServer, ServerBuilder, ServiceKey};
use dubhe_testkit::certs::Authority;
use dubhe_testkit::{Folder, wait_until};
use futures_util::StreamExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::sync::Notify;

#[dubhe::interface("org.example.Host")]
trait Host {
    /// Returns both ends of the connection and the protocol, as the handler sees them.
    async fn peer(&self, ctx: &Context) -> Result<String, Status>;

    /// Waits until the test lets it end.
    async fn stay(&self) -> Result<String, Status>;
}

#[derive(Clone, Default)]
struct Door {
    inside: Arc<Notify>,
    leave: Arc<Notify>,
}

impl Host for Door {
    async fn peer(&self, ctx: &Context) -> Result<String, Status> {
        let peer = ctx.peer().unwrap();
        let [remote, local] = [&peer.remote, &peer.local].map(|end| end.clone().unwrap());
        Ok(format!("{} from {remote} at {local}", peer.protocol))
    }

    async fn stay(&self) -> Result<String, Status> {
        self.inside.notify_one();
        self.leave.notified().await;
        Ok("stayed".into())
    }
}

fn server() -> ServerBuilder {
    Server::builder().service(HostServer::new(Door::default()))
}

fn client(url: &str) -> HostClient {
    let app = App::builder("test").build().unwrap();
    app.client::<HostClient>().url(url).retries(0).build().unwrap()
}

/// A folder, the path of a socket in it, and the address of that.
fn free() -> (Folder, PathBuf, String) {
    let folder = Folder::new().unwrap();
    let path = folder.path().join("shop.sock");
    let addr = format!("unix:{}", path.display());
    (folder, path, addr)
}

/// The answer to a request of HTTP/1.1, written by hand.
async fn post(path: &Path, service_method: &str) -> String {
    let mut stream = UnixStream::connect(path).await.unwrap();
    let request = format!(
        "POST /{service_method} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: 2\r\n\r\n[]"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn every_protocol_is_spoken_and_the_file_goes_with_the_server() {
    let (_folder, path, addr) = free();
    for addr in [addr.clone(), addr.replace("unix:", "unix://")] {
        let server = server().start(&addr).await.unwrap();
        assert_eq!(server.addrs()[0].unix_path(), Some(&*path));
        for protocol in ["dubbo", "tri", "grpc"] {
            for form in ["unix:", "unix://"] {
                let url = format!("{protocol}+{form}{}?connections=2", path.display());
                let seen = client(&url).peer().await.unwrap();
                let spoken = if protocol == "dubbo" { "dubbo" } else { "tri" };
                assert_eq!(seen, format!("{spoken} from unix at unix:{}", path.display()));
            }
        }
        let answer = post(&path, "org.example.Host/peer").await;
        let seen = format!("\"rest from unix at unix:{}\"", path.display());
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(&seen), "{answer}");
        assert_eq!(server.stop().await, 0);
        assert!(!path.exists());
    }
}

#[tokio::test]
async fn it_stands_beside_tcp_and_registries_are_told_of_tcp_alone() {
    let (_folder, path, addr) = free();
    let registry = Memory::new();
    let server = server().listen("127.0.0.1:0").registry(registry.clone());
    let server = server.start(&addr).await.unwrap();
    let port = server.addr().port();
    assert_eq!(
        (server.addrs().len(), server.addrs()[1].as_socket_addr()),
        (2, Some(server.addr()))
    );

    let key = ServiceKey::interface_only("org.example.Host");
    let told = registry.subscribe(&key).await.unwrap().next().await.unwrap().providers;
    let told: Vec<_> = told.iter().map(|p| (&*p.instance.host, p.offer.port)).collect();
    assert_eq!(told, [("127.0.0.1", port), ("127.0.0.1", port)]);

    for url in [format!("dubbo+unix://{}", path.display()), format!("dubbo://{}", server.addr())] {
        client(&url).peer().await.unwrap();
    }
}

#[tokio::test]
async fn a_socket_alone_cannot_be_announced() {
    let (_folder, path, addr) = free();
    let status = server().registry(Memory::new()).start(&addr).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains("no TCP address to announce"), "{status}");
    assert!(!path.exists());
}

#[tokio::test]
async fn what_cannot_be_listened_on_is_named() {
    let (folder, path, addr) = free();
    let taken = server().start(&addr).await.unwrap();
    let busy = server().start(&addr).await.unwrap_err();
    assert_eq!(busy.code(), Code::Unavailable);
    assert!(busy.message().contains(&addr) && busy.message().contains("in use"), "{busy}");
    drop(taken);
    wait_until("the file is gone", || !path.exists()).await;

    std::fs::write(&path, "precious").unwrap();
    let file = server().start(&addr).await.unwrap_err();
    assert!(file.message().contains("no socket"), "{file}");
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");

    let long = format!("unix:{}/{}", folder.path().display(), "x".repeat(200));
    for (addr, hint) in
        [(&*long, "bytes of at most"), ("unix:", "unix:/path"), ("unix://a/b", "unix:/path")]
    {
        let status = server().start(addr).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
        assert!(status.message().contains(hint), "{status}");
    }
    let status = client(&long.replace("unix:", "tri+unix:")).peer().await.unwrap_err();
    assert!(status.message().contains("bytes of at most"), "{status}");
}

#[tokio::test]
async fn the_mode_of_the_file_is_an_option() {
    let (_folder, path, addr) = free();
    let _server = server().options(|o| o.unix.mode = Some(0o660)).start(&addr).await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
}

#[tokio::test]
async fn a_stop_frees_the_path_and_lets_calls_end() {
    let (_folder, path, addr) = free();
    let door = Door::default();
    let server = Server::builder().service(HostServer::new(door.clone()));
    let server = server.start(&addr).await.unwrap();
    let mut calls = Vec::new();
    for protocol in ["dubbo", "tri"] {
        let host = client(&format!("{protocol}+{addr}"));
        let options = CallOptions::new().timeout(Duration::from_secs(20));
        calls.push(tokio::spawn(async move { host.with(options).stay().await }));
        door.inside.notified().await;
    }
    assert_eq!(server.connections(), 2);
    let stopping = tokio::spawn(RunningServer::stop(server));
    wait_until("the file is gone", || !path.exists()).await;
    assert!(calls.iter().all(|call| !call.is_finished()));
    door.leave.notify_waiters();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), "stayed");
    }
    assert_eq!(stopping.await.unwrap(), 0);
}

#[tokio::test]
async fn connections_are_bounded_in_all() {
    let (_folder, path, addr) = free();
    let server = server().options(|o| (o.accept.max_connections, o.accept.max_per_ip) = (2, 1));
    let server = server.start(&addr).await.unwrap();
    let _held =
        [UnixStream::connect(&path).await.unwrap(), UnixStream::connect(&path).await.unwrap()];
    wait_until("both are counted", || server.connections() == 2).await;
    let mut third = UnixStream::connect(&path).await.unwrap();
    let mut nothing = Vec::new();
    assert_eq!(third.read_to_end(&mut nothing).await.unwrap(), 0);
}

#[tokio::test]
async fn tls_works_over_it_as_over_tcp() {
    let (_folder, path, addr) = free();
    let ca = Authority::new().unwrap();
    // The name that is expected of a Unix socket.
    let identity = ca.issue("localhost").unwrap();
    let tls = ServerTls::builder(identity.chain, identity.key).build().unwrap();
    let _server = server().tls(TlsMode::Required, tls).start(&addr).await.unwrap();
    let tls = ClientTls::builder(ca.pem()).build().unwrap();
    let app = App::builder("test").tls(tls).build().unwrap();
    for protocol in ["dubbo", "tri", "grpc"] {
        let url = format!("{protocol}+{addr}");
        let host = app.client::<HostClient>().url(&url).retries(0).build().unwrap();
        assert!(host.peer().await.unwrap().ends_with(path.to_str().unwrap()));
        client(&url).peer().await.unwrap_err();
    }
}

/// Lines of a log.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn logs_and_errors_name_the_socket() {
    let (_folder, path, addr) = free();
    let lines = Lines::default();
    let server = server().hook(AccessLog::to_writer(lines.clone())).start(&addr).await.unwrap();
    for protocol in ["dubbo", "tri"] {
        client(&format!("{protocol}+{addr}")).peer().await.unwrap();
    }
    server.stop().await;
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let begins = |line: &str| line.starts_with("unix org.example.Host peer OK ");
    assert!(text.lines().count() == 2 && text.lines().all(begins), "{text}");

    for protocol in ["dubbo", "tri"] {
        let status = client(&format!("{protocol}+{addr}")).peer().await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert!(status.message().contains(path.to_str().unwrap()), "{status}");
    }
}

/// A process that keeps the lock of the directory holds up that start alone, and no stop.
#[tokio::test]
async fn other_tasks_run_while_a_start_waits_for_the_lock_of_a_directory() {
    let folder = Folder::new().unwrap();
    let addr = format!("unix:{}", folder.path().join("a.sock").display());
    let running = Server::builder().start(&addr).await.unwrap();
    let held = std::fs::File::open(folder.path()).unwrap();
    held.lock().unwrap();
    running.stop().await;
    assert!(!folder.path().join("a.sock").exists());

    let (told, release) = tokio::sync::oneshot::channel();
    let other = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        held.unlock().unwrap();
        told.send(()).unwrap();
    });
    // On a runtime of one thread: the lock is given back only if the start lets the other task run.
    let running = Server::builder().start(&addr).await.unwrap();
    release.await.unwrap();
    other.await.unwrap();
    running.stop().await;
}
