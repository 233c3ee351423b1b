//! The limit of the calls that a server runs at once, over every wire.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use std::sync::Arc;
use std::time::Duration;

use dubhe::prelude::*;
use dubhe::{RetryBudget, RunningServer};
use dubhe_testkit::http1;
use dubhe_testkit::log::Lines;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tracing::Level;

#[dubhe::interface("org.example.Rooms")]
trait Rooms {
    /// Waits until the test lets it end.
    async fn stay(&self) -> Result<i32, Status>;

    async fn pass(&self) -> Result<i32, Status>;

    async fn fall(&self) -> Result<i32, Status>;

    /// Sends one number, and does not end.
    async fn listen(&self) -> Result<impl Stream<Item = Result<i32, Status>>, Status>;
}

#[derive(Clone)]
struct House {
    number: i32,
    begun: Arc<Semaphore>,
    go: Arc<Semaphore>,
}

impl House {
    fn new(number: i32) -> Self {
        let none = || Arc::new(Semaphore::new(0));
        Self { number, begun: none(), go: none() }
    }

    async fn has_begun(&self) {
        self.begun.acquire().await.unwrap().forget();
    }
}

impl Rooms for House {
    async fn stay(&self) -> Result<i32, Status> {
        self.begun.add_permits(1);
        self.go.acquire().await.unwrap().forget();
        Ok(self.number)
    }

    async fn pass(&self) -> Result<i32, Status> {
        Ok(self.number)
    }

    async fn fall(&self) -> Result<i32, Status> {
        panic!("as the test wants")
    }

    async fn listen(&self) -> Result<impl Stream<Item = Result<i32, Status>>, Status> {
        Ok(stream::iter([Ok(self.number)]).chain(stream::pending()))
    }
}

async fn serve(house: &House, most: usize) -> RunningServer {
    let server = Server::builder().service(RoomsServer::new(house.clone()));
    server.options(|o| o.max_calls = most).start("127.0.0.1:0").await.unwrap()
}

/// A client that sends a call which was refused to another provider, if there is one.
fn client(urls: &str) -> RoomsClient {
    let app = App::builder("test").build().unwrap();
    let client = app.client::<RoomsClient>().url(urls).repeatable(false);
    let client = client.retry_budget(RetryBudget::UNLIMITED).timeout(Duration::from_secs(20));
    client.build().unwrap()
}

fn stay(rooms: &RoomsClient) -> JoinHandle<Result<i32, Status>> {
    let rooms = rooms.clone();
    tokio::spawn(async move { rooms.stay().await })
}

/// Calls until the server has room.
async fn until_there_is_room(rooms: &RoomsClient) {
    let room = async {
        while let Err(refused) = rooms.pass().await {
            assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), room).await.unwrap();
}

/// The status of an HTTP request with an empty list of arguments.
async fn http(server: &RunningServer, path: &'static str, body: &'static str) -> u16 {
    let to = server.addr();
    let ask = move || {
        let json = ["content-type: application/json"];
        http1::request(to, &format!("POST /{path}"), &json, body).unwrap().status
    };
    tokio::task::spawn_blocking(ask).await.unwrap()
}

#[tokio::test]
async fn the_calls_of_all_connections_and_protocols_count_together() {
    let (warnings, _guard) = Lines::of_this_thread(Level::WARN);
    let (house, other) = (House::new(1), House::new(2));
    let (server, free) = (serve(&house, 2).await, serve(&other, 0).await);
    let url = |protocol: &str, server: &RunningServer| format!("{protocol}://{}", server.addr());
    let [dubbo, triple] = ["dubbo", "tri"].map(|protocol| client(&url(protocol, &server)));

    // One below the limit, and at it.
    let first = stay(&dubbo);
    house.has_begun().await;
    assert_eq!(triple.pass().await.unwrap(), 1);
    until_there_is_room(&dubbo).await;
    let second = stay(&triple);
    house.has_begun().await;

    // One above it, over every wire.
    for protocol in ["dubbo", "tri", "grpc"] {
        let refused = client(&url(protocol, &server)).pass().await.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted, "{protocol}: {refused}");
        assert!(refused.message().contains("raise max_calls"), "{protocol}: {refused}");
        // Not even what must not run twice stays there.
        let both = format!("{};{}", url(protocol, &server), url(protocol, &free));
        let both = client(&both);
        for _ in 0..10 {
            assert_eq!(both.pass().await.unwrap(), 2, "{protocol}");
        }
    }
    assert_eq!(http(&server, "org.example.Rooms/pass", "[]").await, 429);
    assert_eq!(http(&server, "grpc.health.v1.Health/Check", "{}").await, 200);

    let lines = warnings.with("raise max_calls, or add a provider");
    assert!(!lines.is_empty() && lines.len() < 10, "one a second: {lines:?}");
    let first_line = lines.first().unwrap();
    assert!(first_line.contains("peer=127.0.0.1:"), "{first_line}");
    assert!(first_line.contains("limit=2 refusals=1 "), "{first_line}");

    house.go.add_permits(2);
    assert_eq!((first.await.unwrap().unwrap(), second.await.unwrap().unwrap()), (1, 1));
    until_there_is_room(&triple).await;
}

#[tokio::test]
async fn a_call_counts_until_it_ends_in_whatever_way() {
    for protocol in ["dubbo", "tri", "grpc"] {
        let house = House::new(1);
        let server = serve(&house, 1).await;
        let url = format!("{protocol}://{}", server.addr());
        let (rooms, other) = (client(&url), client(&url));
        let full = async || {
            let refused = other.pass().await.unwrap_err();
            assert_eq!(refused.code(), Code::ResourceExhausted, "{protocol}: {refused}");
        };
        // A panic.
        rooms.fall().await.unwrap_err();
        until_there_is_room(&other).await;
        // A connection that ends.
        let leaving = client(&url);
        let call = stay(&leaving);
        house.has_begun().await;
        full().await;
        drop(leaving);
        call.abort();
        let _ = call.await;
        until_there_is_room(&other).await;
        // Many, one after the other.
        for _ in 0..100 {
            until_there_is_room(&other).await;
        }
        if protocol == "dubbo" {
            // It has no way to tell of a caller that gives up.
            continue;
        }
        let call = stay(&rooms);
        house.has_begun().await;
        full().await;
        call.abort();
        until_there_is_room(&other).await;
        // A stream, which counts until its end.
        let mut numbers = rooms.listen().await.unwrap();
        assert_eq!(numbers.message().await.unwrap(), Some(1), "{protocol}");
        full().await;
        drop(numbers);
        until_there_is_room(&other).await;
    }
}

#[tokio::test]
async fn without_the_option_there_is_no_limit() {
    let house = House::new(1);
    let server = serve(&house, 0).await;
    let rooms = client(&format!("tri://{}", server.addr()));
    let calls: Vec<_> = (0..300).map(|_| stay(&rooms)).collect();
    for _ in &calls {
        house.has_begun().await;
    }
    house.go.add_permits(calls.len());
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), 1);
    }
}
