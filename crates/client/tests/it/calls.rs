//! The effect that each option of a client has on the calls that arrive at providers.

use std::sync::Arc;
use std::time::Duration;

use dubhe_client::{CallOptions, Client, ClientBuilder, ReplyAttachments};
use dubhe_core::endpoint::Endpoints;
use dubhe_core::fault::Fault;
use dubhe_core::filter::{Guard, Hook, Next};
use dubhe_core::inherit::{Inherited, scope};
use dubhe_core::status::Retry;
use dubhe_core::time::Deadline;
use dubhe_core::{Call, Code, Endpoint, Metadata, Reply, ServiceKey, Status, Value};

use crate::support::{builder, call, down, environment, ok};

#[tokio::test]
async fn failover_asks_the_others_and_each_only_once() {
    let (env, seen) =
        environment(|port, _| if port == 3 { ok() } else { Err(down(Retry::Unknown)) });
    for _ in 0..20 {
        seen.lock().unwrap().clear();
        call(&builder(&env, &[1, 2, 3]).build().unwrap(), "m", &CallOptions::new()).await.unwrap();
        let mut asked: Vec<u16> = seen.lock().unwrap().iter().map(|(port, _)| *port).collect();
        assert_eq!(asked.pop(), Some(3));
        asked.dedup();
        assert!(asked.len() <= 2);
    }
}

#[tokio::test]
async fn retries_and_fault_of_client_and_method_are_kept() {
    let (env, seen) = environment(|_, _| Err(down(Retry::Unknown)));
    let client = builder(&env, &[1, 2, 3, 4, 5])
        .retries(3)
        .method("once", |m| m.retries(0))
        .method("fast", |m| m.fault(Fault::Failfast))
        .method("careful", |m| m.repeatable(false))
        .build()
        .unwrap();
    for (method, attempts) in [("m", 4), ("once", 1), ("fast", 1), ("careful", 1)] {
        seen.lock().unwrap().clear();
        let status = call(&client, method, &CallOptions::new()).await.unwrap_err();
        assert_eq!(seen.lock().unwrap().len(), attempts, "{method}: {status}");
        assert_eq!(status.code(), Code::Unavailable);
    }
}

#[tokio::test]
async fn business_errors_are_not_sent_again() {
    let (env, seen) = environment(|_, _| Err(Status::business(Code::NotFound, "no such user")));
    let status =
        call(&builder(&env, &[1, 2]).build().unwrap(), "m", &CallOptions::new()).await.unwrap_err();
    assert_eq!(status.message(), "no such user");
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn timeouts_become_deadlines() {
    let (env, seen) = environment(|_, _| ok());
    let client = builder(&env, &[1])
        .timeout(Duration::from_secs(3))
        .method("slow", |m| m.timeout(Duration::from_secs(30)))
        .build()
        .unwrap();
    let now = tokio::time::Instant::now().into_std();
    let inner = Deadline::after(now, Duration::from_millis(5));
    let own = CallOptions::new().timeout(Duration::from_secs(7));
    let bounded = CallOptions::new().deadline(inner);
    call(&client, "m", &CallOptions::new()).await.unwrap();
    call(&client, "slow", &CallOptions::new()).await.unwrap();
    call(&client, "m", &own).await.unwrap();
    call(&client, "m", &bounded).await.unwrap();
    let inherited = Inherited { deadline: Some(inner), metadata: Metadata::new() };
    scope(inherited, call(&client, "slow", &CallOptions::new())).await.unwrap();
    let left: Vec<_> =
        seen.lock().unwrap().iter().map(|(_, head)| head.deadline.unwrap().left(now)).collect();
    let expected = [3000, 30_000, 7000, 5, 5].map(Duration::from_millis);
    assert_eq!(left, expected);
}

#[tokio::test]
async fn attachments_go_out_and_come_back() {
    let (env, seen) = environment(|_, _| ok());
    let client = builder(&env, &[1]).attachment("a", "client").attachment("b", 2).build().unwrap();
    let received = ReplyAttachments::new();
    let options = CallOptions::new().attachment("a", "call").reply_attachments(&received);
    let trace =
        Inherited { deadline: None, metadata: [("traceparent", "00-1")].into_iter().collect() };
    scope(trace, call(&client, "m", &options)).await.unwrap();
    let head = seen.lock().unwrap()[0].1.clone();
    assert_eq!(head.metadata.get_str("a"), Some("call"));
    assert_eq!(head.metadata.get("b"), Some(&Value::Int(2)));
    assert_eq!(head.metadata.get_str("traceparent"), Some("00-1"));
    assert_eq!(*head.service, ServiceKey::new("a.B", "g", "1.0.0"));
    assert_eq!(received.get().get_str("from"), Some("provider"));
}

#[tokio::test]
async fn an_endpoint_that_is_away_is_passed_over() {
    let (env, seen) = environment(|_, _| ok());
    let client = builder(&env, &[9, 1]).build().unwrap();
    for _ in 0..50 {
        call(&client, "m", &CallOptions::new()).await.unwrap();
    }
    // It is asked while it was never tried, at most once.
    let away = seen.lock().unwrap().iter().filter(|(port, _)| *port == 9).count();
    assert!(away <= 1, "asked {away} times");
}

struct Refuse;

impl Hook for Refuse {
    fn before(&self, call: &mut Call) -> Result<Guard, Status> {
        match &*call.head.method.name {
            "refused" => Err(Status::new(Code::PermissionDenied, "no")),
            _ => {
                call.head.metadata.insert("hook", "was here");
                Ok(Guard::none())
            }
        }
    }
}

async fn around(call: Call, next: Next) -> Result<Reply, Status> {
    let mut reply = next.run(call).await?;
    reply.metadata.insert("filter", "was here");
    Ok(reply)
}

#[tokio::test]
async fn filters_and_hooks_stand_around_the_call() {
    let (env, seen) = environment(|_, _| ok());
    let client = builder(&env, &[1]).filter(around).hook(Refuse).build().unwrap();
    let reply = call(&client, "m", &CallOptions::new()).await.unwrap();
    assert_eq!(reply.metadata.get_str("filter"), Some("was here"));
    assert_eq!(seen.lock().unwrap()[0].1.metadata.get_str("hook"), Some("was here"));
    let status = call(&client, "refused", &CallOptions::new()).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn says_what_is_missing() {
    let (env, _) = environment(|_, _| ok());
    let no_way = ClientBuilder::<Client>::new(&env).service(ServiceKey::interface_only("a.B"));
    assert!(no_way.build().unwrap_err().message().contains("url(..)"));
    let nameless = ClientBuilder::<Client>::new(&env).endpoint(Endpoint::of("test", "h", 1));
    assert!(nameless.build().unwrap_err().message().contains("interface"));
    let bad = builder(&env, &[]).url("dubbo://:1").build().unwrap_err();
    assert!(bad.message().contains("PROTOCOL://HOST:PORT"), "{bad}");
    let unknown = builder(&env, &[]).url("grpc://h:1").build().unwrap_err();
    assert!(unknown.message().contains("only test"), "{unknown}");
    // A directory may come by such an endpoint at any time.
    let set = Arc::new(Endpoints::new([Endpoint::of("grpc", "h", 1)]));
    let client = builder(&env, &[]).directory(set).build().unwrap();
    let status = call(&client, "m", &CallOptions::new()).await.unwrap_err();
    assert!(status.message().contains("only test"), "{status}");
}

#[tokio::test(start_paused = true)]
async fn a_provider_to_which_there_is_no_way_is_passed_over() {
    let (env, seen) = environment(|_, _| ok());
    let known = |ports: &[u16]| {
        let set = ports.iter().map(|port| Endpoint::of("test", "h", *port));
        builder(&env, &[]).directory(Arc::new(Endpoints::new(set)))
    };
    let both = known(&[7, 1]).retries(0);
    let client = both.build_checked(Duration::from_secs(1)).await.unwrap();
    for _ in 0..100 {
        call(&client, "m", &CallOptions::new()).await.unwrap();
    }
    assert_eq!(seen.lock().unwrap().len(), 100);
    // Alone it is asked, and its error told.
    let alone = known(&[7]).build_checked(Duration::from_secs(1)).await;
    assert_eq!(alone.err().unwrap().code(), Code::InvalidArgument);
    let status = call(&known(&[7]).build().unwrap(), "m", &CallOptions::new()).await.unwrap_err();
    assert!(status.message().contains("connections is not a number"), "{status}");
    // A URL is the caller's own: the client is not built.
    let direct = builder(&env, &[1, 7]).build().unwrap_err();
    assert!(direct.message().contains("connections is not a number"), "{direct}");
}

#[tokio::test]
async fn the_longest_timeout_is_no_deadline() {
    let (env, seen) = environment(|_, _| ok());
    let deadline = || seen.lock().unwrap().pop().unwrap().1.deadline;
    let endless = builder(&env, &[1]).timeout(Duration::MAX).build().unwrap();
    call(&endless, "m", &CallOptions::new()).await.unwrap();
    assert_eq!(deadline(), None);
    let now = dubhe_net::time::now();
    let own = Deadline::after(now, Duration::from_secs(9));
    call(&endless, "m", &CallOptions::new().deadline(own)).await.unwrap();
    assert_eq!(deadline(), Some(own));
    let usual = builder(&env, &[1]).build().unwrap();
    call(&usual, "m", &CallOptions::new().timeout(Duration::MAX)).await.unwrap();
    assert_eq!(deadline(), None);
    call(&usual, "m", &CallOptions::new()).await.unwrap();
    assert!(deadline().is_some());
}
