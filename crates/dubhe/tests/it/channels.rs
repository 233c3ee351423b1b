//! Services of one address that share its connections, and services that cannot.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dubhe::Url;
use dubhe::connect::Connect;
use dubhe::connect::{DubboConnect, DubboOptions, TripleConnect, TripleOptions};
use dubhe::net::{Address, ConnectionInfo, Dial, Io};
use dubhe::net::{TcpDial, TcpOptions};
use dubhe::prelude::*;
use dubhe::registry::Memory;

#[dubhe::interface("org.example.Measure")]
trait Measure {
    async fn length(&self, data: Vec<u8>) -> Result<i32, Status>;
}

struct Ruler;

impl Measure for Ruler {
    async fn length(&self, data: Vec<u8>) -> Result<i32, Status> {
        Ok(i32::try_from(data.len()).unwrap())
    }
}

struct Counting(TcpDial, AtomicUsize);

impl Dial for Counting {
    fn dial<'a>(
        &'a self,
        to: &'a Address,
    ) -> Pin<Box<dyn Future<Output = dubhe::net::Result<(Io, ConnectionInfo)>> + Send + 'a>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.dial(to)
    }
}

#[test]
fn channels_depend_on_the_parameters_that_protocols_read() {
    let dubbo: Arc<dyn Connect> = Arc::new(DubboConnect::new(DubboOptions::default()));
    let triple = Arc::new(TripleConnect::new(TripleOptions::default()));
    let common = ["connections", "connect.timeout", "payload"];
    // A provider that only speaks another serialization must not join a channel that is open.
    let own = ["heartbeat", "serialization", "prefer.serialization"];
    let endpoint = |name: &str| Url::parse(&format!("h:1?{name}=7"), "x").unwrap().endpoint();
    for (connector, reads_own) in [(dubbo, true), (triple, false)] {
        let none = connector.key(&endpoint("weight"));
        assert!(common.iter().all(|name| connector.key(&endpoint(name)) != none));
        for own in own {
            assert_eq!(connector.key(&endpoint(own)) != none, reads_own, "{own}");
        }
    }
}

#[tokio::test]
async fn connections_are_shared_by_services_whose_parameters_of_them_are_equal() {
    let registry = Memory::new();
    // Group, payload, heartbeat, and the connections that are open when it was called.
    let services = [
        ("1", Some("1000"), None, 1),
        ("2", None, None, 2),
        ("3", Some("1000"), None, 2),
        ("4", Some("1000"), Some("30000"), 3),
        ("5", None, None, 3),
    ];
    let mut server = Server::builder().registry(registry.clone()).announce(["dubbo"]);
    for (group, payload, heartbeat, _) in services {
        let mut export = Export::new(MeasureServer::new(Ruler)).group(group);
        for (name, value) in [("payload", payload), ("heartbeat", heartbeat)] {
            export = value.into_iter().fold(export, |export, value| export.param(name, value));
        }
        // No matter of connections.
        server = server.service(export.param("weight", group));
    }
    let _running = server.start("127.0.0.1:0").await.unwrap();

    let dial = Arc::new(Counting(TcpDial::new(TcpOptions::default()), AtomicUsize::new(0)));
    let dubbo = DubboConnect::new(DubboOptions::default()).dial(dial.clone());
    let app = App::builder("test").registry_instance(registry).protocol(dubbo).build().unwrap();
    let mut clients = Vec::new();
    for (group, payload, _, connections) in services {
        let client = app.client::<MeasureClient>().group(group).retries(0).build().unwrap();
        assert_eq!(client.length(vec![0; 500]).await.unwrap(), 500, "{group}");
        // The limit of its own service holds, not that of the one which was called first.
        let large = client.length(vec![0; 2000]).await;
        assert_eq!(large.is_ok(), payload.is_none(), "{group}: {large:?}");
        assert_eq!(dial.1.load(Ordering::Relaxed), connections, "{group}");
        clients.push(client);
    }
}

#[tokio::test]
async fn a_closed_application_refuses_every_call() {
    let server = Server::builder().service(MeasureServer::new(Ruler));
    let server = server.start("127.0.0.1:0").await.unwrap();
    for protocol in ["dubbo", "tri"] {
        let app = App::builder("test").build().unwrap();
        let url = format!("{protocol}://{}", server.addr());
        let client = || app.client::<MeasureClient>().url(&url).build().unwrap();
        let old = client();
        assert_eq!(old.length(vec![1, 2]).await.unwrap(), 2);
        let unused = client();
        app.close();
        let refused = async |client: &MeasureClient, what: &str| {
            let error = client.length(vec![1]).await.unwrap_err();
            assert_eq!(error.code(), Code::Unavailable, "{protocol}, {what}: {error}");
            assert!(error.message().contains("has been closed"), "{protocol}, {what}: {error}");
        };
        refused(&old, "one that was used").await;
        refused(&unused, "one that was not used").await;
        refused(&client(), "a new one beside them").await;
        drop((old, unused));
        refused(&client(), "a new one alone").await;
    }
}
