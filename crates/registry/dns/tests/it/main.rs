//! The registry against a name server of the test, in paused time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod server;

use std::sync::Arc;

use dubhe_core::registry::{Health, Registry as _, Snapshot, Snapshots};
use dubhe_core::time::{Clock, Duration, Instant, Sleep, SystemTime};
use dubhe_core::{Code, ServiceKey};
use dubhe_dns::Dns;
use dubhe_net::time::TokioClock;
use futures_util::StreamExt as _;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Record, RecordType};
use parking_lot::Mutex;
use server::{Answer, Server, a, aaaa, addresses, alias, srv};
use tokio::sync::watch;

/// A clock that stands until the test moves it, and remembers the sleeps that were asked of it.
struct Manual {
    now: watch::Sender<Instant>,
    slept: Mutex<Vec<Duration>>,
}

impl Manual {
    fn new() -> Arc<Self> {
        let now = watch::Sender::new(TokioClock.now());
        Arc::new(Self { now, slept: Mutex::default() })
    }

    fn pass(&self, time: Duration) {
        self.now.send_modify(|now| *now += time);
    }

    /// The length of the next sleep after so many.
    async fn sleep(&self, before: usize) -> Duration {
        loop {
            if let Some(sleep) = self.slept.lock().get(before) {
                return *sleep;
            }
            tokio::task::yield_now().await;
        }
    }
}

impl Clock for Manual {
    fn now(&self) -> Instant {
        *self.now.borrow()
    }

    fn sleep_until(&self, when: Instant) -> Sleep {
        self.slept.lock().push(when.saturating_duration_since(self.now()));
        let mut now = self.now.subscribe();
        Box::pin(async move {
            let _ = now.wait_for(|now| *now >= when).await;
        })
    }

    fn wall(&self) -> SystemTime {
        TokioClock.wall()
    }
}

fn service() -> ServiceKey {
    ServiceKey::new("org.example.Greeter", "g1", "1.0")
}

fn dns(server: &Server, clock: &Arc<Manual>, rest: &str) -> Dns {
    Dns::new(&format!("dns://{}/{rest}", server.address), clock.clone()).unwrap()
}

async fn subscribe(dns: &Dns) -> Snapshots {
    dns.subscribe(&service()).await.unwrap()
}

async fn next(snapshots: &mut Snapshots) -> Snapshot {
    let next = tokio::time::timeout(Duration::from_secs(40), snapshots.next());
    next.await.expect("a snapshot in time").unwrap()
}

/// The addresses of a snapshot, in its order.
fn hosts(snapshot: &Snapshot) -> Vec<String> {
    let address =
        |of: &dubhe_core::registry::Registration| format!("{}:{}", of.instance.host, of.offer.port);
    snapshot.providers.iter().map(address).collect()
}

const FIRST: [&str; 2] = ["10.0.0.1:50051", "10.0.0.2:50051"];

#[tokio::test]
async fn addresses_are_providers_of_what_is_asked() {
    let server = Server::start(Answer::Records(addresses(30, &[2, 1]))).await;
    let clock = Manual::new();
    let dns = dns(&server, &clock, "greeter.test.:50051?protocol=dubbo");
    let snapshot = next(&mut subscribe(&dns).await).await;
    assert_eq!(
        (hosts(&snapshot), snapshot.health),
        (FIRST.map(Into::into).to_vec(), Health::Fresh)
    );
    let provider = &snapshot.providers[0];
    assert_eq!((&provider.service, &*provider.offer.protocol), (&service(), "dubbo"));
    // A consumer of any group and version takes it, too.
    let any = ServiceKey::new("a.B", "g1,g2", "*");
    let mut snapshots = dns.subscribe(&any).await.unwrap();
    assert!(any.takes(&next(&mut snapshots).await.providers[0].service));
    assert!(dns.is_read_only());
    let refused = dns.register(snapshot.providers[0].clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);
    dns.unregister(&snapshot.providers[0]).await.unwrap();
    // All subscriptions share one resolution.
    assert_eq!(server.queries(), [("udp", "greeter.test.".to_owned(), RecordType::A)]);
}

#[tokio::test]
async fn records_are_resolved_again_when_their_time_is_over() {
    for (ttl, expected) in [(0, 5), (1, 5), (60, 60), (86_400, 300)] {
        let server = Server::start(Answer::Records(addresses(ttl, &[1, 2]))).await;
        let clock = Manual::new();
        let dns = dns(&server, &clock, "greeter.test.:50051");
        let mut snapshots = subscribe(&dns).await;
        assert_eq!(hosts(&next(&mut snapshots).await), FIRST);
        assert_eq!(clock.sleep(0).await, Duration::from_secs(expected), "{ttl}");
        server.answer(Answer::Records(addresses(ttl, &[3])));
        clock.pass(Duration::from_secs(expected));
        assert_eq!(hosts(&next(&mut snapshots).await), ["10.0.0.3:50051"]);
    }
}

#[tokio::test]
async fn it_is_resolved_on_demand_but_not_too_often() {
    let server = Server::start(Answer::Records(addresses(3600, &[1, 2]))).await;
    let clock = Manual::new();
    let dns = dns(&server, &clock, "greeter.test.:50051");
    let mut snapshots = subscribe(&dns).await;
    assert_eq!(hosts(&next(&mut snapshots).await), FIRST);
    server.answer(Answer::Records(addresses(3600, &[3])));
    assert_eq!(clock.sleep(0).await, Duration::from_mins(5));
    dns.refresh();
    dns.refresh();
    assert_eq!(clock.sleep(1).await, Duration::from_secs(5));
    assert_eq!(server.queries().len(), 1);
    clock.pass(Duration::from_secs(5));
    assert_eq!(hosts(&next(&mut snapshots).await), ["10.0.0.3:50051"]);
    assert_eq!(server.queries().len(), 2);
}

#[tokio::test]
async fn what_cannot_be_resolved_leaves_the_last_addresses() {
    for (answer, code, part) in [
        (Answer::Code(ResponseCode::ServFail), Code::Unavailable, "greeter.test."),
        (Answer::Code(ResponseCode::Refused), Code::Unavailable, "greeter.test."),
        (Answer::Garbage, Code::Unavailable, "greeter.test."),
        (Answer::Cut(addresses(30, &[9])), Code::Unavailable, "greeter.test."),
        (Answer::Silence, Code::Unavailable, "greeter.test."),
    ] {
        let server = Server::start(Answer::Records(addresses(5, &[1, 2]))).await;
        let clock = Manual::new();
        let dns = dns(&server, &clock, "greeter.test.:50051?timeout=150");
        let mut snapshots = subscribe(&dns).await;
        assert_eq!(hosts(&next(&mut snapshots).await), FIRST);
        assert!(dns.failure(&service()).is_none());
        server.answer(answer.clone());
        clock.sleep(0).await;
        clock.pass(Duration::from_secs(5));
        let stale = next(&mut snapshots).await;
        assert_eq!(
            (hosts(&stale), stale.health),
            (FIRST.map(Into::into).to_vec(), Health::Stale),
            "{answer:?}"
        );
        let failure = dns.failure(&service()).unwrap();
        assert_eq!(failure.code(), code, "{answer:?}: {failure}");
        assert!(failure.message().contains(part), "{answer:?}: {failure}");
        // And it goes on when names are served again.
        server.answer(Answer::Records(addresses(5, &[3])));
        let mut snapshot = stale;
        while hosts(&snapshot) != ["10.0.0.3:50051"] {
            clock.pass(Duration::from_secs(5));
            let next = tokio::time::timeout(Duration::from_millis(100), snapshots.next());
            if let Ok(Some(next)) = next.await {
                snapshot = next;
            }
        }
        assert_eq!(snapshot.health, Health::Fresh);
    }
}

#[tokio::test]
async fn a_name_that_has_no_records_any_more_has_no_providers() {
    for (answer, part) in [
        (Answer::Code(ResponseCode::NXDomain), "greeter.test."),
        (Answer::Records(Vec::new()), "no such record"),
        (Answer::Records(vec![alias("greeter.test.", 5, "other.test.")]), "no such record"),
    ] {
        let server = Server::start(Answer::Records(addresses(5, &[1, 2]))).await;
        let clock = Manual::new();
        let dns = dns(&server, &clock, "greeter.test.:50051?timeout=150");
        let mut snapshots = subscribe(&dns).await;
        assert_eq!(hosts(&next(&mut snapshots).await), FIRST);
        server.answer(answer.clone());
        clock.sleep(0).await;
        clock.pass(Duration::from_secs(5));
        let emptied = next(&mut snapshots).await;
        assert_eq!((emptied.providers.len(), emptied.health), (0, Health::Fresh), "{answer:?}");
        let failure = dns.failure(&service()).unwrap();
        assert_eq!(failure.code(), Code::NotFound, "{answer:?}: {failure}");
        assert!(failure.message().contains(part), "{answer:?}: {failure}");
        server.answer(Answer::Records(addresses(5, &[3])));
        clock.sleep(1).await;
        clock.pass(Duration::from_secs(5));
        let back = next(&mut snapshots).await;
        assert_eq!((hosts(&back), back.health), (vec!["10.0.0.3:50051".into()], Health::Fresh));
        assert!(dns.failure(&service()).is_none());
    }
}

#[tokio::test]
async fn a_name_that_never_was_is_empty_and_stale() {
    let server = Server::start(Answer::Code(ResponseCode::NXDomain)).await;
    let dns = dns(&server, &Manual::new(), "greeter.test.:50051");
    let snapshot = next(&mut subscribe(&dns).await).await;
    assert_eq!((snapshot.health, snapshot.providers.len()), (Health::Stale, 0));
}

#[tokio::test]
async fn long_answers_come_over_tcp() {
    let last: Vec<u8> = (1..=200).collect();
    let server = Server::start(Answer::Truncated(addresses(30, &last))).await;
    let dns = dns(&server, &Manual::new(), "greeter.test.:50051");
    let snapshot = next(&mut subscribe(&dns).await).await;
    assert_eq!(snapshot.providers.len(), 200);
    assert!(server.queries().iter().any(|(transport, ..)| *transport == "tcp"));
}

#[tokio::test]
async fn services_have_ports_weights_and_reserves() {
    let records = vec![
        srv(20, 1, 9000, "c.test."),
        srv(10, 3, 50052, "b.test."),
        srv(10, 0, 50051, "a.test."),
        srv(10, 3, 50053, "gone.test."),
        srv(10, 3, 0, "a.test."),
        srv(10, 3, 50054, "."),
        a("a.test.", 30, [10, 0, 0, 1]),
        aaaa("b.test.", 7, 2),
        a("c.test.", 30, [10, 0, 0, 3]),
    ];
    let server = Server::start(Answer::Records(records)).await;
    let clock = Manual::new();
    let dns = dns(&server, &clock, "greeter.test.?srv=true");
    let snapshot = next(&mut subscribe(&dns).await).await;
    assert_eq!(hosts(&snapshot), ["10.0.0.1:50051", "10.0.0.3:9000", "fd00::2:50052"]);
    let facts = |at: usize| {
        let of = &snapshot.providers[at];
        (of.instance.ready, of.params.get("weight"), &*of.offer.protocol)
    };
    assert_eq!(facts(0), (true, Some("1"), "tri"));
    assert_eq!(facts(1), (false, Some("1"), "tri"));
    assert_eq!(facts(2), (true, Some("3"), "tri"));
    assert_eq!(snapshot.excluded.len(), 1);
    assert_eq!(snapshot.excluded[0].instance, "gone.test.:50053");
    // The shortest of all records that were needed.
    assert_eq!(clock.sleep(0).await, Duration::from_secs(7));
}

/// The records of two services, of which that of `b.test.` has this port.
fn two_services(port: u16) -> Vec<Record> {
    vec![
        srv(10, 0, 50051, "a.test."),
        srv(10, 0, port, "b.test."),
        a("a.test.", 3600, [10, 0, 0, 1]),
        a("b.test.", 3600, [10, 0, 0, 2]),
    ]
}

#[tokio::test]
async fn a_target_that_is_not_answered_for_keeps_its_addresses() {
    for code in [Some(ResponseCode::ServFail), Some(ResponseCode::Refused), None] {
        let server = Server::start(Answer::Records(two_services(50052))).await;
        let clock = Manual::new();
        let dns = dns(&server, &clock, "_tri._tcp.greeter.test.?timeout=150");
        let mut snapshots = subscribe(&dns).await;
        let first = next(&mut snapshots).await;
        let both = ["10.0.0.1:50051", "10.0.0.2:50052"];
        assert_eq!((&*hosts(&first), first.health), (&both.map(String::from)[..], Health::Fresh));
        // What its records say now holds for the addresses of before.
        server.answer(Answer::Except(two_services(50062), "b.test.", code));
        assert_eq!(clock.sleep(0).await, Duration::from_secs(30));
        clock.pass(Duration::from_secs(30));
        let stale = next(&mut snapshots).await;
        let moved = ["10.0.0.1:50051", "10.0.0.2:50062"];
        assert_eq!((&*hosts(&stale), stale.health), (&moved.map(String::from)[..], Health::Stale));
        assert!(stale.excluded.is_empty(), "{code:?}: {:?}", stale.excluded);
        let failure = dns.failure(&service()).unwrap();
        assert_eq!(failure.code(), Code::Unavailable, "{code:?}: {failure}");
        assert!(failure.message().contains("b.test."), "{code:?}: {failure}");
        // It is looked at again after a pause, not after the time of the other records.
        let pause = clock.sleep(1).await;
        assert!(pause <= Duration::from_secs(1), "{code:?}: {pause:?}");
        server.answer(Answer::Records(two_services(50062)));
        clock.pass(Duration::from_secs(1));
        let back = next(&mut snapshots).await;
        assert_eq!((hosts(&back), back.health), (hosts(&stale), Health::Fresh), "{code:?}");
        assert!(dns.failure(&service()).is_none());
        // A server that says that there is no such host is believed.
        server.answer(Answer::Except(two_services(50062), "b.test.", Some(ResponseCode::NXDomain)));
        assert_eq!(clock.sleep(2).await, Duration::from_secs(30));
        clock.pass(Duration::from_secs(30));
        let without = next(&mut snapshots).await;
        assert_eq!((hosts(&without), without.health), (vec![both[0].into()], Health::Fresh));
        assert_eq!(without.excluded[0].instance, "b.test.:50062");
    }
}

#[tokio::test]
async fn a_target_that_was_never_answered_for_is_asked_for_again_soon() {
    let failing = Answer::Except(two_services(50052), "b.test.", Some(ResponseCode::ServFail));
    let server = Server::start(failing).await;
    let clock = Manual::new();
    let dns = dns(&server, &clock, "_tri._tcp.greeter.test.");
    let mut snapshots = subscribe(&dns).await;
    let first = next(&mut snapshots).await;
    assert_eq!((hosts(&first), first.health), (vec!["10.0.0.1:50051".into()], Health::Stale));
    assert_eq!(first.excluded[0].instance, "b.test.:50052");
    assert!(clock.sleep(0).await <= Duration::from_secs(1));
    server.answer(Answer::Records(two_services(50052)));
    clock.pass(Duration::from_secs(1));
    let whole = next(&mut snapshots).await;
    assert_eq!((whole.providers.len(), whole.health), (2, Health::Fresh));
}

#[tokio::test]
async fn families_are_chosen() {
    let both = vec![a("greeter.test.", 30, [10, 0, 0, 1]), aaaa("greeter.test.", 30, 1)];
    let (v4, v6) = (["10.0.0.1:1"].as_slice(), ["fd00::1:1"].as_slice());
    for (records, family, expected) in [
        (both.clone(), "", v4),
        (both.clone(), "&family=ipv4", v4),
        (both.clone(), "&family=ipv6", v6),
        (both.clone(), "&family=both", &["10.0.0.1:1", "fd00::1:1"]),
        (both[1..].to_vec(), "", v6),
        (both[1..].to_vec(), "&family=both", v6),
    ] {
        let server = Server::start(Answer::Records(records)).await;
        let dns = dns(&server, &Manual::new(), &format!("greeter.test.:1?protocol=tri{family}"));
        assert_eq!(hosts(&next(&mut subscribe(&dns).await).await), expected, "{family}");
    }
}

#[tokio::test]
async fn an_alias_is_followed_for_its_time() {
    let records = vec![
        alias("greeter.test.", 6, "alias-target.test."),
        a("alias-target.test.", 30, [10, 0, 0, 1]),
    ];
    let server = Server::start(Answer::Records(records)).await;
    let clock = Manual::new();
    let dns = dns(&server, &clock, "greeter.test.:50051");
    assert_eq!(hosts(&next(&mut subscribe(&dns).await).await), ["10.0.0.1:50051"]);
    assert_eq!(clock.sleep(0).await, Duration::from_secs(6));
}
