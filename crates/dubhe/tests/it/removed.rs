//! Targets of a dispatch that are gone while connections on which they were called are idle.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dubhe::dispatch::{Dispatch, Gates, Target, Wanted};
use dubhe::gate::{Arrival, Gate};
use dubhe::net::MinRate;
use dubhe::prelude::*;
use dubhe::{Guard, Hook, Invoke, Invoking, Method, RunningServer, ServiceKey};
use dubhe_testkit::wait_until;

const PROTOCOLS: [&str; 2] = ["dubbo", "tri"];

#[dubhe::interface("org.example.Well")]
trait Well {
    async fn draw(&self) -> Result<(), Status>;
}

struct Dry;

impl Well for Dry {
    async fn draw(&self) -> Result<(), Status> {
        Ok(())
    }
}

fn key() -> ServiceKey {
    ServiceKey::interface_only("org.example.Well")
}

struct Nothing;

impl Invoke for Nothing {
    fn invoke(&self, _: Call) -> Invoking {
        Invoking::ready(Err(Status::not_found("the well is dry")))
    }
}

/// Admits every call, before and behind decoding.
struct Open;

impl Gate for Open {
    fn admit(&self, _: &Arrival<'_>) -> Result<Guard, Status> {
        Ok(Guard::none())
    }
}

impl Hook for Open {
    fn before(&self, _: &mut Call) -> Result<Guard, Status> {
        Ok(Guard::none())
    }
}

/// A dispatch with one target, until it is emptied.
#[derive(Clone, Default)]
struct Source {
    target: Arc<Mutex<Option<Target>>>,
    generation: Arc<AtomicU64>,
}

impl Source {
    /// Fills the source with a target with this handler.
    fn fill(&self, invoke: Arc<dyn Invoke>, gate: Arc<dyn Gate>) {
        let clock: dubhe::time::SharedClock = Arc::new(dubhe::time::TokioClock);
        let target = Target {
            service: Arc::new(key()),
            method: Arc::new(Method::java("draw", "")),
            params: Arc::default(),
            gates: Gates::new([gate], &clock),
            invoke,
        };
        *self.target.lock().unwrap() = Some(target);
    }

    fn empty(&self) {
        *self.target.lock().unwrap() = None;
        self.generation.fetch_add(1, Ordering::Release);
    }
}

impl Dispatch for Source {
    fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status> {
        let target = self.target.lock().unwrap().clone();
        target.ok_or_else(|| Status::unimplemented(format!("no {}", wanted.interface)))
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }
}

/// Calls `source` through a server with a hook and a gate, empties it and does what `then` says;
/// returns when its handler and its gate are dropped.
async fn dropped(url: impl Fn(&RunningServer) -> String, then: impl AsyncFnOnce(&RunningServer)) {
    let source = Source::default();
    let (invoke, gate) = (Arc::new(Nothing), Arc::new(Open));
    let (handler, at_gate) = (Arc::downgrade(&invoke), Arc::downgrade(&gate));
    source.fill(invoke, gate);
    let server = Server::builder().dispatch(source.clone()).hook(Open).gate(Open);
    // Nothing else is to wake the connection: neither the first look at the rate at which it
    // receives, nor the deadline of a call.
    let server = server.options(|o| o.dubbo.min_rate = MinRate::NONE);
    let server = server.start("127.0.0.1:0").await.unwrap();
    let app = App::builder("test").build().unwrap();
    let well = app.client::<WellClient>().url(&url(&server)).timeout(Duration::from_hours(1));
    let well = well.retries(0).build().unwrap();
    for _ in 0..4 {
        assert!(well.draw().await.unwrap_err().message().contains("the well is dry"));
    }
    source.empty();
    then(&server).await;
    let dropped = || handler.strong_count() == 0 && at_gate.strong_count() == 0;
    wait_until("the handler and its gate are dropped", dropped).await;
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_change_of_services_lets_idle_connections_ask_dispatches() {
    for protocol in PROTOCOLS {
        let url = |server: &RunningServer| format!("{protocol}://{}", server.addr());
        dropped(url, async |server| server.add(WellServer::new(Dry)).await.unwrap()).await;
    }
}

#[tokio::test]
async fn a_heartbeat_lets_a_connection_ask_its_dispatch() {
    let url = |server: &RunningServer| format!("dubbo://{}?heartbeat=100", server.addr());
    dropped(url, async |_| {}).await;
}
