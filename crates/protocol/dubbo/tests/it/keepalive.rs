//! Heartbeats while calls wait, and connections that answer none.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use dubhe_core::connect::{ChannelState, Connect as _};
use dubhe_core::endpoint::{Instance, ServiceParams};
use dubhe_core::status::{Retry, table::dubbo};
use dubhe_core::time::Deadline;
use dubhe_core::{Call, Code, Endpoint, Offer, Value};
use dubhe_dubbo::header::Kind;
use dubhe_dubbo::serialization::SerializationId;
use dubhe_dubbo::{DubboConnect, DubboOptions};
use dubhe_net::io::Listen as _;
use dubhe_net::io::memory::Network;
use dubhe_net::keepalive::KeepaliveOptions;
use dubhe_testkit::wait_until;
use tokio::time::{Instant, sleep};

use crate::support::{Raw, call, frame, reply, value};

const HEARTBEAT: Kind = Kind::Event { two_way: true };

fn within(seconds: u64) -> Call {
    let mut call = call("m", 1);
    let now = dubhe_net::time::now();
    call.head.deadline = Some(Deadline::after(now, Duration::from_secs(seconds)));
    call
}

fn pong(id: u64) -> Vec<u8> {
    frame(Kind::EventReply { status: dubbo::OK }, SerializationId::HESSIAN2, id, b"N")
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_lets_calls_wait_is_asked_and_hangs_until_it_answers() {
    let (mut raw, client) = Raw::server_of(DubboOptions::default());
    let begin = Instant::now();
    let waiting = client.connection.start(within(30));
    let (asked, _) = raw.next().await.unwrap();
    let (heartbeat, body) = raw.next().await.unwrap();
    assert_eq!((heartbeat.kind, &body[..]), (HEARTBEAT, &b"N"[..]));
    assert!((1..=2).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
    assert!(!client.connection.is_hung());
    wait_until("it hangs", || client.connection.is_hung()).await;
    assert!((2..=3).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
    // The call that waits is left to its deadline, and the answer to the heartbeat is enough.
    sleep(Duration::from_secs(10)).await;
    assert!(client.connection.is_hung() && client.connection.waiting() == 1);
    raw.send(&pong(heartbeat.id)).await;
    wait_until("it is back", || !client.connection.is_hung()).await;
    raw.send(&reply(asked.id, 7)).await;
    assert_eq!(value(&waiting.await.unwrap()), Value::Int(7));
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_costs_two_heartbeats_and_ends_by_its_deadline() {
    let (mut raw, client) = Raw::server_of(DubboOptions::default());
    let mut slow = client.connection.start(within(50));
    let mut heartbeats = 0;
    let error = loop {
        tokio::select! {
            outcome = &mut slow => break outcome.unwrap_err(),
            next = raw.next() => {
                let (header, _) = next.unwrap();
                if header.kind == HEARTBEAT {
                    heartbeats += 1;
                    raw.send(&pong(header.id)).await;
                }
            }
        }
    };
    assert_eq!((error.code(), heartbeats), (Code::DeadlineExceeded, 2));
    assert!(!client.connection.is_hung());
    // An answer begins a new silence.
    let next = client.connection.start(within(50));
    let (header, _) = raw.next().await.unwrap();
    raw.send(&reply(header.id, 1)).await;
    next.await.unwrap();
    let _waits = client.connection.start(within(50));
    assert!(matches!(raw.next().await.unwrap().0.kind, Kind::Call { two_way: true }));
    assert_eq!(raw.next().await.unwrap().0.kind, HEARTBEAT);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_timed_out_in_vain_has_the_peer_asked_too() {
    let (mut raw, client) = Raw::server_of(DubboOptions::default());
    assert!(client.connection.start(within(1)).await.is_err());
    assert_eq!(client.connection.waiting(), 0);
    raw.next().await.unwrap();
    assert_eq!(raw.next().await.unwrap().0.kind, HEARTBEAT);
    wait_until("it hangs", || client.connection.is_hung()).await;
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_while_nobody_waits_nor_while_answers_come() {
    let (mut raw, client) = Raw::server_of(DubboOptions::default());
    for n in 0..40 {
        let calling = client.connection.start(within(2));
        let (header, _) = raw.next().await.unwrap();
        assert!(matches!(header.kind, Kind::Call { .. }), "{n}: {header:?}");
        sleep(Duration::from_millis(900)).await;
        raw.send(&reply(header.id, n)).await;
        calling.await.unwrap();
        sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_times_are_options_and_zero_turns_the_heartbeats_off() {
    let slow = KeepaliveOptions::default().interval(Duration::from_secs(5));
    let slow = slow.timeout(Duration::from_secs(7)).minimum(Duration::ZERO);
    let (mut raw, client) = Raw::server_of(DubboOptions::default().keepalive(slow));
    let begin = Instant::now();
    let _waits = client.connection.start(within(50));
    raw.next().await.unwrap();
    assert_eq!(raw.next().await.unwrap().0.kind, HEARTBEAT);
    assert!((5..=10).contains(&begin.elapsed().as_secs()));
    let asked = Instant::now();
    wait_until("it hangs", || client.connection.is_hung()).await;
    assert!((7..=8).contains(&asked.elapsed().as_secs()));

    let off = DubboOptions::default().keepalive(KeepaliveOptions::off());
    let (mut raw, client) = Raw::server_of(off);
    let waits = client.connection.start(within(50));
    raw.next().await.unwrap();
    let error = waits.await.unwrap_err();
    assert_eq!((error.code(), client.connection.is_hung()), (Code::DeadlineExceeded, false));
    let silent = tokio::time::timeout(Duration::from_secs(5), raw.next()).await;
    assert!(silent.is_err(), "{silent:?}");
}

#[tokio::test(start_paused = true)]
async fn a_channel_sends_no_new_calls_to_a_hung_peer_and_in_the_end_connects_anew() {
    let network = Network::default();
    let mut listen = network.listen(([127, 0, 0, 1], 20880).into()).unwrap();
    let instance = Instance { host: "127.0.0.1".into(), ..Instance::default() };
    let offer = Offer { protocol: "dubbo".into(), port: 20880 };
    let endpoint = Endpoint::new(Arc::new(instance), offer, Arc::new(ServiceParams::default()));
    let connect = DubboConnect::new(DubboOptions::default()).dial(Arc::new(network.clone()));
    let channel = connect.connect(&endpoint).unwrap();
    channel.warm_up();
    let mut raw = Raw::new(poll_fn(|cx| listen.poll_accept(cx)).await.unwrap().0);
    wait_until("it is connected", || channel.state() == ChannelState::Ready).await;
    let begin = Instant::now();
    let waits = channel.invoke(within(40));
    wait_until("it hangs", || channel.state() == ChannelState::Hung).await;
    // New calls are not sent; they say so, and may go elsewhere.
    let error = channel.invoke(within(1)).await.unwrap_err();
    assert_eq!((error.code(), error.retry()), (Code::DeadlineExceeded, Retry::Unstarted));
    assert!(error.message().contains("answers nothing"), "{error}");
    for kind in [Kind::Call { two_way: true }, HEARTBEAT] {
        assert_eq!(raw.next().await.unwrap().0.kind, kind);
    }
    // Another connection takes its place, and the call that waits keeps the old one.
    let (second, _) = poll_fn(|cx| listen.poll_accept(cx)).await.unwrap();
    assert!((22..=24).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
    let mut second = Raw::new(second);
    let next = channel.invoke(within(5));
    let (header, _) = second.next().await.unwrap();
    second.send(&reply(header.id, 3)).await;
    assert_eq!(value(&next.await.unwrap()), Value::Int(3));
    assert_eq!(waits.await.unwrap_err().code(), Code::DeadlineExceeded);
    assert_eq!(begin.elapsed().as_secs(), 40);
    assert!(raw.next().await.is_none(), "nobody uses it any more");
}
