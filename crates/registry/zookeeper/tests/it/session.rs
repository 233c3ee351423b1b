//! A session over its connections.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Buf as _;
use dubhe_core::random::SplitMix;
use dubhe_core::registry::Registry as _;
use dubhe_core::time::Duration;
use dubhe_testkit::log::Lines;
use dubhe_zookeeper::ZooKeeper;
use dubhe_zookeeper::client::{ClientState, Error};
use futures_util::FutureExt;
use tokio::time::Instant;
use tracing::Level;

use super::fake::{Fake, Line, TIMEOUT, names};
use super::support::clock;

const PING: i32 = 11;
const CHILDREN: i32 = 8;
const SET_WATCHES: i32 = 101;
const CLOSE: i32 = -11;

#[tokio::test(start_paused = true)]
async fn a_quiet_session_is_kept_alive_until_the_server_falls_silent() {
    let mut fake = Fake::new();
    let client = fake.client();
    let mut line = fake.accept().await;
    // Protocol 0, nothing seen, 6 s, no session, an empty password.
    let mut hello = b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x17\x70\0\0\0\0\0\0\0\0\0\0\0\x10".to_vec();
    hello.extend([0; 17]);
    assert_eq!(line.read().await, hello);
    line.grant(42, TIMEOUT).await;
    assert_eq!(client.connected().await.unwrap().id(), 42);

    let start = Instant::now();
    for _ in 0..3 {
        assert_eq!(line.request().await.operation, PING);
        line.answer(-2, 0, 0, &[]).await;
    }
    assert_eq!(start.elapsed(), TIMEOUT);
    // Now it does not answer any more.
    assert_eq!(line.request().await.operation, PING);
    assert!(line.ended().await);
    assert_eq!(start.elapsed(), TIMEOUT + TIMEOUT * 2 / 3);

    // The session goes on, with its password.
    let mut line = fake.accept().await;
    assert_eq!(&line.read().await[16..], b"\0\0\0\0\0\0\0\x2a\0\0\0\x10\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\0");
}

#[tokio::test(start_paused = true)]
async fn the_log_tells_of_a_connection_of_its_loss_and_of_the_next_one() {
    let (lines, _guard) = Lines::from_level_of_this_thread(Level::INFO);
    let connected = || lines.with("INFO message=connected to zookeeper server=").len();
    let mut fake = Fake::new();
    let client = fake.client();
    let line = fake.welcome(1).await;
    client.connected().await.unwrap();
    assert_eq!(connected(), 1);
    drop(line);
    let _line = fake.welcome(1).await;
    client.connected().await.unwrap();
    assert_eq!(lines.with("WARN message=no connection to zookeeper; ").len(), 1);
    assert_eq!(connected(), 2, "{:?}", lines.take());
}

#[tokio::test(start_paused = true)]
async fn operations_are_sent_without_waiting_and_answered_in_order() {
    let mut fake = Fake::new();
    let client = fake.client();
    let mut line = fake.welcome(1).await;
    client.connected().await.unwrap();
    let serve = async {
        let (first, second) = (line.request().await, line.request().await);
        assert_eq!((first.operation, &first.record[..]), (CHILDREN, &b"\0\0\0\x02/a\x01"[..]));
        line.answer(first.id, 1, 0, &names(&["x"])).await;
        line.answer(second.id, 1, -101, &[]).await;
    };
    let (first, second, ()) = tokio::join!(client.children("/a"), client.delete("/b"), serve);
    assert_eq!(first.unwrap().0, ["x"]);
    assert_eq!(second, Err(Error::NoNode));
}

#[tokio::test(start_paused = true)]
async fn watches_move_to_the_next_connection_of_the_session() {
    let mut fake = Fake::new();
    let client = fake.client();
    let mut line = fake.welcome(1).await;
    client.connected().await.unwrap();
    let serve = async {
        let request = line.request().await;
        line.answer(request.id, 9, 0, &names(&[])).await;
    };
    let (children, ()) = tokio::join!(client.children("/a"), serve);
    let (_, mut watch) = children.unwrap();

    drop(line);
    let mut line = fake.accept().await;
    let hello = line.read().await;
    assert_eq!(&hello[4..12], &9_i64.to_be_bytes(), "the last transaction seen");
    line.grant(1, TIMEOUT).await;
    let request = line.request().await;
    assert_eq!((request.id, request.operation), (-8, SET_WATCHES));
    // Since 9: no data, no absence, the children of /a.
    let expected = b"\0\0\0\0\0\0\0\x09\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x02/a";
    assert_eq!(&request.record[..], expected);
    line.answer(-8, 9, 0, &[]).await;
    assert_eq!((&mut watch).now_or_never(), None);
    line.fire(4, "/a").await;
    watch.await;
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_over_fires_its_watches_and_is_replaced_at_once() {
    let mut fake = Fake::new();
    let client = fake.client();
    let mut line = fake.welcome(1).await;
    client.connected().await.unwrap();
    let serve = async {
        let request = line.request().await;
        line.answer(request.id, 9, 0, &names(&[])).await;
    };
    let (children, ()) = tokio::join!(client.children("/a"), serve);
    drop(line);
    let mut line = fake.accept().await;
    line.read().await;
    line.grant(0, Duration::ZERO).await;
    let over = Instant::now();
    children.unwrap().1.await;
    let _line = fake.welcome(2).await;
    let mut states = client.states();
    let renewed = |state: &ClientState| matches!(state, ClientState::Connected { session, .. } if session.id() == 2);
    states.wait_for(renewed).await.unwrap();
    assert_eq!(over.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_away_is_tried_ever_less_often() {
    let mut fake = Fake::with_session(Duration::from_mins(1));
    let (client, dials) = (fake.client(), fake.count());
    fake.close();
    let mut by_hour = Vec::new();
    for _ in 0..4 {
        let before = dials.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_hours(1)).await;
        by_hour.push(dials.load(Ordering::SeqCst) - before);
    }
    // Pauses of 0 s to 10 s: about one in 5 s.
    assert!(by_hour.iter().all(|dials| (500..1000).contains(dials)), "{by_hour:?}");
    let ClientState::Connecting { error: Some(error) } = client.state() else {
        panic!("not connecting")
    };
    assert!(error.starts_with("127.0.0.1:2181: "), "{error}");
    assert!(matches!(client.delete("/a").await, Err(Error::Disconnected)));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_throws_clients_out_is_not_asked_in_a_loop() {
    let mut fake = Fake::with_session(Duration::from_mins(1));
    let _client = fake.client();
    let start = Instant::now();
    for _ in 0..60 {
        drop(fake.welcome(1).await);
    }
    assert!(start.elapsed() > Duration::from_mins(3), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn clients_that_lost_a_server_together_return_apart() {
    const CLIENTS: u64 = 1000;
    let mut fake = Fake::with_session(Duration::from_mins(1));
    let _clients: Vec<_> = (0..CLIENTS).map(|seed| fake.client_of(seed)).collect();
    let mut lines = Vec::new();
    for session in 1..=1000 {
        lines.push(fake.welcome(session).await);
    }
    lines.clear();
    fake.close();
    tokio::time::sleep(Duration::from_mins(1)).await;
    fake.open();
    let mut returned = Vec::new();
    for session in 1..=1000 {
        lines.push(fake.welcome(session).await);
        returned.push(Instant::now());
    }
    let within = |from: Instant| {
        let window = from..from + Duration::from_millis(100);
        returned.iter().filter(|when| window.contains(when)).count()
    };
    let peak = returned.iter().map(|when| within(*when)).max().unwrap();
    assert!(peak <= 60, "{peak} of {CLIENTS} within 100 ms");
}

#[tokio::test(start_paused = true)]
async fn a_session_survives_an_outage_as_long_as_itself() {
    for seed in 0..20 {
        let mut fake = Fake::with_session(Duration::from_mins(1));
        let _client = fake.client_of(seed);
        drop(fake.welcome(1).await);
        fake.close();
        tokio::time::sleep(Duration::from_mins(1)).await;
        fake.open();
        let back = Instant::now();
        let mut line = fake.accept().await;
        // A quarter of the session is left before the server ends it.
        assert!(back.elapsed() <= Duration::from_secs(10), "{seed}: {:?}", back.elapsed());
        let mut handshake = line.read().await;
        handshake.advance(4 + 8 + 4);
        assert_eq!(handshake.get_i64(), 1, "{seed}: it goes on with its session");
    }
}

/// The last transaction that a handshake says it has seen.
async fn seen_by(line: &mut Line) -> i64 {
    let mut handshake = line.read().await;
    handshake.advance(4);
    handshake.get_i64()
}

#[tokio::test(start_paused = true)]
async fn servers_that_have_lost_their_data_are_not_told_of_later_transactions_for_ever() {
    let mut fake = Fake::with_session(Duration::from_mins(1));
    let client = fake.client();
    let mut line = fake.welcome(1).await;
    client.connected().await.unwrap();
    let serve = async {
        let request = line.request().await;
        line.answer(request.id, 9, 0, &names(&[])).await;
    };
    let (children, ()) = tokio::join!(client.children("/a"), serve);
    drop(line);
    let lost = Instant::now();
    // As ZooKeeper does with whoever has seen more than it has (CLIENT_ZXID_AHEAD).
    let mut refused = 0;
    let mut line = loop {
        let mut line = fake.accept().await;
        match seen_by(&mut line).await {
            0 => break line,
            seen => assert_eq!(seen, 9),
        }
        refused += 1;
    };
    assert_eq!(refused, 3, "one that lags has time to catch up");
    assert!(lost.elapsed() < Duration::from_secs(30), "{:?}", lost.elapsed());
    line.grant(0, Duration::ZERO).await;
    children.unwrap().1.await;
    let mut line = fake.accept().await;
    assert_eq!(seen_by(&mut line).await, 0);
    line.grant(2, Duration::from_mins(1)).await;
    client.connected().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn pauses_follow_the_session_that_is_granted() {
    for seed in 0..20 {
        let mut fake = Fake::with_session(Duration::from_mins(1));
        let client = fake.client_of(seed);
        assert_eq!(client.session_timeout(), Duration::from_mins(1));
        let mut back = Instant::now();
        for granted in [4, 8].map(Duration::from_secs) {
            let mut line = fake.accept().await;
            let longest = client.backoff().max;
            assert!(back.elapsed() <= longest, "{seed}: {:?} of {longest:?}", back.elapsed());
            line.read().await;
            line.grant(1, granted).await;
            client.connected().await.unwrap();
            assert_eq!((client.session_timeout(), client.backoff().max), (granted, granted / 4));
            drop(line);
            fake.close();
            tokio::time::sleep(granted).await;
            fake.open();
            back = Instant::now();
        }
        let _line = fake.accept().await;
        assert!(back.elapsed() <= Duration::from_secs(2), "{seed}: {:?}", back.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn retry_period_bounds_the_pauses_further() {
    // A session of a minute allows 10 s, one of 2 s half a second.
    for (parameters, most) in [
        ("", 10_000),
        ("?retry.period=5000", 5_000),
        ("?retry.period=200", 200),
        ("?retry.period=60000", 10_000),
        ("?retry.period=5000&session=2000", 500),
    ] {
        let mut fake = Fake::new();
        fake.close();
        let registry =
            ZooKeeper::builder(&format!("zookeeper://127.0.0.1:2181{parameters}"), clock());
        let random = Arc::new(SplitMix::new(1));
        let registry = registry.unwrap().random(random).dial(fake.dialer()).build();
        let (dials, most) = (fake.count(), Duration::from_millis(most));
        assert_eq!(registry.backoff().max, most, "{parameters}");
        let warm = most * 10;
        tokio::time::sleep(warm).await;
        let before = dials.load(Ordering::SeqCst);
        tokio::time::sleep(most * 400).await;
        // On average half of the bound; tokio's timer rounds up to 1 ms.
        let dialed = dials.load(Ordering::SeqCst) - before;
        assert!((700..900).contains(&dialed), "{parameters}: {dialed}");
    }
}

#[tokio::test(start_paused = true)]
async fn closing_ends_the_session_and_waits_for_a_silent_server_only_a_little() {
    let mut fake = Fake::new();
    let client = fake.client();
    let mut line = fake.welcome(1).await;
    client.connected().await.unwrap();
    let start = Instant::now();
    let (request, ()) = tokio::join!(line.request(), client.close());
    assert_eq!(request.operation, CLOSE);
    assert_eq!(start.elapsed(), Duration::from_secs(2));
    assert!(line.ended().await);
    assert!(matches!(client.connected().await, Err(Error::Closed)));
    assert_eq!(client.delete("/a").await, Err(Error::Closed));
}
