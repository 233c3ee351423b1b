//! Calls over TLS, as a user configures it.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use dubhe::connect::{TripleConnect, TripleOptions};
use dubhe::net::TlsMode;
use dubhe::net::{Address, Dial};
use dubhe::net::{ClientTls, ServerTls};
use dubhe::net::{TcpDial, TcpOptions};
use dubhe::prelude::*;
use dubhe::registry::application::ApplicationRegistry;
use dubhe::registry::{Registration, Registry as _, RegistryParts};
use dubhe::time::TokioClock;
use dubhe_testkit::certs::{Authority, Identity};
use futures_util::StreamExt as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[dubhe::interface("org.example.Who")]
trait Who {
    /// Returns `true` if the caller presented a certificate.
    async fn certified(&self, ctx: &Context) -> Result<bool, Status>;
}

struct Door;

impl Who for Door {
    async fn certified(&self, ctx: &Context) -> Result<bool, Status> {
        Ok(ctx.peer().is_some_and(|peer| peer.certificate.is_some()))
    }
}

struct Setting {
    ca: Authority,
    server: Identity,
    client: Identity,
}

impl Setting {
    fn new() -> Self {
        let ca = Authority::new().unwrap();
        let (server, client) = (ca.issue("localhost").unwrap(), ca.issue("client").unwrap());
        Self { ca, server, client }
    }

    fn server(&self, mode: TlsMode, mutual: bool) -> dubhe::ServerBuilder {
        let mut tls = ServerTls::builder(self.server.chain.clone(), self.server.key.clone());
        if mutual {
            tls = tls.client_ca(self.ca.pem());
        }
        Server::builder().service(WhoServer::new(Door)).tls(mode, tls.build().unwrap())
    }

    async fn serve(&self, mode: TlsMode, mutual: bool) -> (dubhe::RunningServer, Vec<String>) {
        let running = self.server(mode, mutual).start("127.0.0.1:0").await.unwrap();
        let port = running.addr().port();
        let urls = ["dubbo", "tri", "grpc"].map(|p| format!("{p}://localhost:{port}"));
        (running, urls.to_vec())
    }

    fn trusting(&self) -> ClientTls {
        ClientTls::builder(self.ca.pem()).build().unwrap()
    }

    fn certified(&self) -> ClientTls {
        let Identity { chain, key, .. } = &self.client;
        ClientTls::builder(self.ca.pem()).identity(chain.clone(), key.clone()).build().unwrap()
    }
}

/// The answer of the application level of `parts` for a provider that takes TLS with certificates alone, or
/// why there is none.
async fn found(setting: &Setting, parts: RegistryParts) -> Result<Registration, Status> {
    let registry = ApplicationRegistry::builder("shop", Arc::new(TokioClock))
        .instances(parts.instances.unwrap())
        .metadata_center(parts.documents.unwrap());
    let server = setting.server(TlsMode::Required, true).application("shop").advertise("localhost");
    let server = server.registry(registry.build()).start("127.0.0.1:0").await.unwrap();
    let service = ServiceKey::interface_only("org.example.Who");
    let level = parts.application_level.unwrap();
    let mut snapshots = level.subscribe(&service).await.unwrap();
    let found = loop {
        tokio::select! {
            snapshot = snapshots.next() => {
                if let Some(provider) = snapshot.unwrap().providers.pop() {
                    break Ok(provider);
                }
            }
            () = tokio::time::sleep(Duration::from_millis(20)) => {
                if let Some(failure) = level.failure(&service) {
                    break Err(failure);
                }
            }
        }
    };
    server.stop().await;
    found
}

#[tokio::test]
async fn instances_are_asked_for_their_metadata_over_the_tls_of_a_registry() {
    let setting = Setting::new();
    let parts = RegistryParts::open_secured("memory://", "frontend", &setting.certified());
    let provider = found(&setting, parts.unwrap()).await.unwrap();
    assert_eq!(provider.instance.host, "localhost");

    let parts = RegistryParts::open_secured("memory://", "frontend", &setting.trusting());
    let error = found(&setting, parts.unwrap()).await.unwrap_err();
    assert!(error.message().contains("does not tell the metadata"), "{error}");
    let error = found(&setting, RegistryParts::open("memory://", "frontend").unwrap()).await;
    let error = error.unwrap_err();
    assert!(error.message().contains("does not tell the metadata"), "{error}");
}

async fn call(tls: Option<ClientTls>, url: &str) -> Result<bool, Status> {
    let app = App::builder("test");
    let app = tls.into_iter().fold(app, dubhe::AppBuilder::tls).build().unwrap();
    app.client::<WhoClient>().url(url).retries(0).build().unwrap().certified().await
}

/// A server of gRPC that refuses each call with the scheme of its request.
#[derive(Clone)]
struct Scheme;

impl dubhe::http::Service<http::Request<dubhe::http::Body>> for Scheme {
    type Response = http::Response<String>;
    type Error = std::convert::Infallible;
    type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<dubhe::http::Body>) -> Self::Future {
        let reply = http::Response::builder()
            .header("content-type", "application/grpc")
            .header("grpc-status", "5")
            .header("grpc-message", request.uri().scheme_str().unwrap_or("none"));
        std::future::ready(Ok(reply.body(String::new()).unwrap()))
    }
}

#[tokio::test]
async fn the_scheme_tells_whether_a_dialer_encrypts() {
    let setting = Setting::new();
    let tls = ServerTls::builder(setting.server.chain.clone(), setting.server.key.clone());
    let server = Server::builder().mount("/", Scheme).tls(TlsMode::Optional, tls.build().unwrap());
    let server = server.start("127.0.0.1:0").await.unwrap();
    let url = format!("tri://localhost:{}", server.addr().port());
    let sockets = || TcpDial::new(TcpOptions::default());
    let encrypted = setting.trusting().with_default_alpn(["h2"]).dial(sockets());
    let dialers: [(Arc<dyn Dial>, &str); 2] =
        [(Arc::new(encrypted), "https"), (Arc::new(sockets()), "http")];
    for (dial, scheme) in dialers {
        let triple = TripleConnect::new(TripleOptions::default()).dial(dial);
        let app = App::builder("test").protocol(triple).build().unwrap();
        let client = app.client::<WhoClient>().url(&url).retries(0).build().unwrap();
        let status = client.certified().await.unwrap_err();
        assert!(status.message().ends_with(scheme), "{scheme}: {status}");
    }
}

#[tokio::test]
async fn one_way_tls_is_for_those_who_trust_the_server() {
    let setting = Setting::new();
    let (_running, urls) = setting.serve(TlsMode::Required, false).await;
    let stranger = ClientTls::builder(Authority::new().unwrap().pem()).build().unwrap();
    for url in urls {
        assert!(!call(Some(setting.trusting()), &url).await.unwrap());
        let status = call(Some(stranger.clone()), &url).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert!(status.message().contains("tls handshake"), "{status}");
        let status = call(None, &url).await.unwrap_err();
        assert!(status.message().contains("whether it requires TLS"), "{status}");
    }
}

#[tokio::test]
async fn a_client_with_tls_is_told_of_a_port_without() {
    let setting = Setting::new();
    let (_running, urls) = setting.serve(TlsMode::Off, false).await;
    for url in urls {
        let status = call(Some(setting.trusting()), &url).await.unwrap_err();
        assert!(status.message().contains("check that the port takes tls"), "{status}");
    }
}

#[tokio::test]
async fn mutual_tls_is_for_those_with_a_certificate() {
    let setting = Setting::new();
    let (_running, urls) = setting.serve(TlsMode::Required, true).await;
    for url in urls {
        assert!(call(Some(setting.certified()), &url).await.unwrap());
        call(Some(setting.trusting()), &url).await.unwrap_err();
    }
}

#[tokio::test]
async fn optional_tls_takes_both_on_one_port() {
    let setting = Setting::new();
    let (_running, urls) = setting.serve(TlsMode::Optional, false).await;
    for url in urls {
        assert!(!call(Some(setting.trusting()), &url).await.unwrap());
        assert!(!call(None, &url).await.unwrap());
    }
}

#[tokio::test]
async fn alpn_tells_callers_of_http_what_is_spoken() {
    let setting = Setting::new();
    let (running, _) = setting.serve(TlsMode::Required, false).await;
    let to = Address::new("localhost", running.addr().port());
    for (offers, agreed) in
        [(&["h2", "http/1.1"][..], Some("h2")), (&["http/1.1"], Some("http/1.1")), (&[], None)]
    {
        let tls = ClientTls::builder(setting.ca.pem()).alpn(offers.iter().copied());
        let dial = tls.build().unwrap().dial(TcpDial::new(TcpOptions::default()));
        let (mut io, peer) = dial.dial(&to).await.unwrap();
        let alpn = peer.tls.unwrap().alpn.clone();
        assert_eq!(alpn.as_deref(), agreed.map(str::as_bytes));
        if agreed == Some("h2") {
            continue;
        }
        let request = "POST /org.example.Who/certified HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\
                       content-type: application/json\r\ncontent-length: 2\r\n\r\n[]";
        io.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        io.read_to_string(&mut response).await.unwrap();
        assert!(response.starts_with("HTTP/1.1 200") && response.ends_with("false"), "{response}");
    }
}
