//! The client against the server, over memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dubhe_core::status::{Exception, Origin, Retry};
use dubhe_core::time::Deadline;
use dubhe_core::{CallKind, Code, Invoking, Method, Payload, Reply, Status, Value};
use dubhe_dubbo::DubboOptions;
use dubhe_dubbo::PayloadLimit;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use crate::support::{ANY, Methods, SERVICE, call, echo, metadata, pair, value};

#[tokio::test]
async fn a_value_comes_back_with_attachments_of_any_type_both_ways() {
    let (client, _server) = pair(DubboOptions::default(), None, Some(Methods::echo()));
    let mut call = call("echo", Value::map([("k", Value::list([1, 2]))]));
    let nested = Value::from(Value::object("demo.Tag").field("n", 7_i64));
    call.head.metadata.insert("tag", nested.clone());
    call.head.metadata.insert("text", "plain");
    let reply = client.call(call).await.unwrap();
    assert_eq!(value(&reply), Value::map([("k", Value::list([1, 2]))]));
    assert_eq!(reply.metadata.get("tag"), Some(&nested));
    assert_eq!(reply.metadata.get_str("text"), Some("plain"));
    assert_eq!(reply.metadata.len(), 2, "the protocol's own are hidden");
}

#[tokio::test]
async fn a_handler_sees_the_facts_of_its_call_and_not_their_attachments() {
    let (seen, mut heads) = mpsc::unbounded_channel();
    let server = Methods::default().method("see", move |call| {
        seen.send(call.head.clone()).unwrap();
        echo(call)
    });
    let options = DubboOptions::default().application("shop");
    let (client, _server) = pair(options, None, Some(server));
    let mut call = call("see", 1);
    call.head.metadata = metadata("path", "somewhere.Else");
    call.head.deadline = Some(Deadline::after(Instant::now(), Duration::from_mins(1)));
    client.call(call).await.unwrap();
    let head = heads.recv().await.unwrap();
    assert_eq!(head.metadata, metadata("remote.application", "shop"));
    let left = head.deadline.unwrap().left(head.arrived.unwrap());
    assert!(left > Duration::from_secs(50) && left <= Duration::from_mins(1), "{left:?}");
    let peer = head.peer.unwrap();
    assert_eq!(&*peer.protocol, "dubbo");
    assert_eq!(peer.remote, Some(client.connection.handle().peer().local.clone()));
}

#[tokio::test]
async fn many_calls_in_flight_are_answered_out_of_order() {
    const CALLS: i32 = 500;
    let parked: Arc<Mutex<Vec<oneshot::Sender<()>>>> = Arc::default();
    let parking = parked.clone();
    let server = Methods::default().method("park", move |call| {
        let (go, wait) = oneshot::channel();
        parking.lock().push(go);
        Invoking::boxed(async move {
            wait.await.unwrap();
            echo(call).await
        })
    });
    let (client, _server) = pair(DubboOptions::default(), None, Some(server));
    let (done, mut order) = mpsc::unbounded_channel();
    for n in 0..CALLS {
        let (done, invoking) = (done.clone(), client.connection.start(call("park", n)));
        tokio::spawn(async move { done.send((n, value(&invoking.await.unwrap()))).unwrap() });
    }
    while parked.lock().len() < CALLS as usize {
        tokio::task::yield_now().await;
    }
    let last_first: Vec<_> = parked.lock().drain(..).rev().collect();
    for (go, expected) in last_first.into_iter().zip((0..CALLS).rev()) {
        go.send(()).unwrap();
        assert_eq!(order.recv().await, Some((expected, Value::Int(expected))));
    }
    assert_eq!(client.connection.waiting(), 0);
}

#[tokio::test]
async fn a_one_way_call_runs_and_gets_no_reply() {
    let (seen, mut calls) = mpsc::unbounded_channel();
    let server = Methods::echo().method("tell", move |call| {
        seen.send(call.head.deadline).unwrap();
        Invoking::ready(Err(Status::business(Code::Unknown, "nobody hears this")))
    });
    let (client, _server) = pair(DubboOptions::default(), None, Some(server));
    let mut tell = call("tell", 1);
    tell.head.method = Arc::new(Method::java("tell", ANY).kind(CallKind::OneWay));
    tell.head.deadline = Some(Deadline::after(Instant::now(), Duration::from_mins(1)));
    client.call(tell).await.unwrap();
    assert_eq!(client.connection.waiting(), 0);
    assert_eq!(calls.recv().await.unwrap(), None, "nobody waits, so there is no deadline");
    // Had the error been sent, it would come before this reply and be dropped as unknown.
    assert_eq!(value(&client.call(call("echo", 2)).await.unwrap()), Value::Int(2));
}

#[tokio::test]
async fn exceptions_keep_class_fields_and_attachments() {
    let server = Methods::default()
        .method("own", |_| {
            let fields =
                Value::object("demo.NoStock").field("detailMessage", "none left").field("sku", 7);
            let content = dubhe_core::payload::Content::Dynamic(fields.into());
            let exception = Exception::new("demo.NoStock", Some("none left".into()), content);
            let status = Status::exception(exception).with_trailers(metadata("hint", "later"));
            Invoking::ready(Err(status))
        })
        .method("code", |_| {
            Invoking::ready(Err(Status::business(Code::InvalidArgument, "negative price")))
        })
        .method("framework", |_| {
            let status = Status::new(Code::Unauthenticated, "no token");
            Invoking::ready(Err(status.with_origin(Origin::RemoteFramework)))
        })
        .method("downstream", |_| {
            let status = Status::new(Code::Unavailable, "stock is down");
            Invoking::ready(Err(status.with_retry(Retry::Unknown)))
        });
    let (client, _server) = pair(DubboOptions::default(), None, Some(server));

    let own = client.call(call("own", 1)).await.unwrap_err();
    assert_eq!((own.message(), own.is_business()), ("none left", true));
    let exception = own.java().unwrap();
    assert_eq!(exception.class(), "demo.NoStock");
    assert_eq!(exception.value().unwrap().get("sku"), Some(&Value::Int(7)));
    assert_eq!(exception.value().unwrap().get("stackTrace").unwrap().items(), []);
    assert_eq!(own.headers(), &metadata("hint", "later"));

    let code = client.call(call("code", 1)).await.unwrap_err();
    assert_eq!((code.code(), code.message()), (Code::InvalidArgument, "negative price"));
    assert_eq!(code.java().unwrap().class(), "java.lang.IllegalArgumentException");

    let framework = client.call(call("framework", 1)).await.unwrap_err();
    assert_eq!(framework.origin(), Origin::RemoteFramework);
    assert_eq!(framework.message(), "no token");
    let text = framework.to_string();
    assert!(
        text.starts_with("UNAUTHENTICATED: demo.Service.framework on dubbo://127.0.0.1:"),
        "{text}"
    );
    assert!(text.ends_with(": no token"), "{text}");

    let downstream = client.call(call("downstream", 1)).await.unwrap_err();
    assert_eq!(downstream.retry(), Retry::Unknown, "it may have run, so nobody may say otherwise");
}

#[tokio::test]
async fn a_panic_is_the_answer_to_its_own_call() {
    let server = Methods::echo().method("now", |_| panic!("at once")).method("later", |_| {
        Invoking::boxed(async {
            tokio::task::yield_now().await;
            panic!("after a wait")
        })
    });
    let (client, _server) = pair(DubboOptions::default(), None, Some(server));
    for method in ["now", "later"] {
        let status = client.call(call(method, 1)).await.unwrap_err();
        assert_eq!(status.code(), Code::Internal);
        assert!(status.message().contains(&format!("{SERVICE}.{method} panicked")), "{status}");
    }
    assert_eq!(value(&client.call(call("echo", 3)).await.unwrap()), Value::Int(3));
}

#[tokio::test]
async fn the_server_calls_back_over_the_same_connection() {
    let (seen, mut notices) = mpsc::unbounded_channel();
    let client = Methods::default().method("notify", move |call| {
        seen.send(call.head.metadata.get_str("callback.service.instid").map(str::to_owned))
            .unwrap();
        echo(call)
    });
    let server = Methods::default().method("subscribe", |subscription| {
        Invoking::boxed(async move {
            let peer = subscription.head.peer.clone().unwrap();
            let mut notify = call("notify", "news");
            notify.head.metadata = metadata("callback.service.instid", "42");
            let answer = peer.invoke(notify).await?;
            Ok(Reply::new(Payload::dynamic(Value::list([value(&answer)]))))
        })
    });
    // One at a time: the reply of the callback must get through while its caller runs.
    let (client, server) = pair(DubboOptions::default().max_running(1), Some(client), Some(server));
    let reply = client.call(call("subscribe", 1)).await.unwrap();
    assert_eq!(value(&reply), Value::list(["news"]));
    assert_eq!(notices.recv().await.unwrap().as_deref(), Some("42"));
    let push = server.call(call("notify", "more")).await.unwrap();
    assert_eq!(value(&push), Value::from("more"));
}

#[tokio::test]
async fn what_is_too_large_fails_alone_and_is_not_sent() {
    let server = Methods::echo().method("grow", |_| {
        Invoking::ready(Ok(Reply::new(Payload::dynamic(Value::from(vec![0; 2000])))))
    });
    let options = DubboOptions::default().payload(PayloadLimit::bytes(1000));
    let (client, _server) = pair(options, None, Some(server));

    let request = client.call(call("echo", vec![0; 1000])).await.unwrap_err();
    assert_eq!((request.code(), request.origin()), (Code::ResourceExhausted, Origin::Caller));
    assert!(request.message().contains("the limit is 1000"), "{request}");

    let reply = client.call(call("grow", 1)).await.unwrap_err();
    assert_eq!((reply.code(), reply.origin()), (Code::ResourceExhausted, Origin::RemoteFramework));
    assert!(reply.message().contains("max payload: 1000"), "{reply}");
    assert_eq!(value(&client.call(call("echo", 3)).await.unwrap()), Value::Int(3));
}

#[tokio::test]
async fn wrong_arguments_are_the_caller_s_error() {
    let (client, _server) = pair(DubboOptions::default(), None, Some(Methods::echo()));
    let mut none = call("echo", 1);
    none.body = dubhe_core::CallBody::One(Payload::Args(dubhe_core::Args::Values([].into())));
    let status = client.call(none).await.unwrap_err();
    assert_eq!((status.code(), status.origin()), (Code::InvalidArgument, Origin::Caller));

    struct Bad;
    impl dubhe_core::EncodePayload for Bad {
        fn encode(&self, _: &mut dubhe_core::Sink<'_>) -> Result<(), Status> {
            panic!("a codec with a bug")
        }
    }
    let mut bad = call("echo", 1);
    bad.body = dubhe_core::CallBody::One(Payload::typed(Bad));
    let status = client.call(bad).await.unwrap_err();
    assert!(status.message().contains("codec of a value panicked"), "{status}");
    assert_eq!(value(&client.call(call("echo", 3)).await.unwrap()), Value::Int(3));
    assert_eq!(client.connection.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_frees_both_ends() {
    struct Dropped(mpsc::UnboundedSender<()>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let (gone, mut dropped) = mpsc::unbounded_channel();
    let server = Methods::echo().method("hang", move |_| {
        let guard = Dropped(gone.clone());
        Invoking::boxed(async move {
            std::future::pending::<()>().await;
            drop(guard);
            unreachable!()
        })
    });
    let (client, _server) = pair(DubboOptions::default(), None, Some(server));
    let mut hang = call("hang", 1);
    let now = dubhe_net::time::now();
    hang.head.deadline = Some(Deadline::after(now, Duration::from_millis(300)));
    let status = client.call(hang).await.unwrap_err();
    assert_eq!((status.code(), status.retry()), (Code::DeadlineExceeded, Retry::Unknown));
    assert!(status.message().contains("demo.Service.hang on dubbo://127.0.0.1:"), "{status}");
    assert_eq!(dubhe_net::time::now() - now, Duration::from_millis(300));
    assert_eq!(client.connection.waiting(), 0);
    dropped.recv().await.unwrap();
    assert_eq!(value(&client.call(call("echo", 3)).await.unwrap()), Value::Int(3));

    let mut late = call("echo", 4);
    late.head.deadline = Some(Deadline::at(now));
    let status = client.call(late).await.unwrap_err();
    assert_eq!((status.code(), status.retry()), (Code::DeadlineExceeded, Retry::Unstarted));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn handlers_that_block_run_side_by_side() {
    let meet = Arc::new(std::sync::Barrier::new(2));
    let server = Methods::echo()
        .method("block", |call| {
            std::thread::sleep(Duration::from_millis(20));
            echo(call)
        })
        .method("meet", move |call| {
            // Blocks its thread until another handler of the same connection has come as far.
            meet.wait();
            echo(call)
        })
        .method("panic", |_| panic!("in a task of its own"));
    let (client, _server) = pair(DubboOptions::default(), None, Some(server));
    client.call(call("block", 0)).await.unwrap();
    let (a, b) =
        (client.connection.start(call("meet", 1)), client.connection.start(call("meet", 2)));
    assert_eq!(value(&a.await.unwrap()), Value::Int(1));
    assert_eq!(value(&b.await.unwrap()), Value::Int(2));
    let status = client.call(call("panic", 3)).await.unwrap_err();
    assert!(status.message().contains(&format!("{SERVICE}.panic panicked")), "{status}");
}

#[tokio::test]
async fn a_client_that_goes_cancels_its_handlers() {
    let (running, mut handlers) = mpsc::unbounded_channel();
    let server = Methods::default().method("hang", move |_| {
        let (alive, gone) = oneshot::channel::<()>();
        running.send(gone).unwrap();
        Invoking::boxed(async move {
            std::future::pending::<()>().await;
            drop(alive);
            unreachable!()
        })
    });
    let (client, server) = pair(DubboOptions::default(), None, Some(server));
    let hanging = client.connection.start(call("hang", 1));
    let gone = handlers.recv().await.unwrap();
    client.connection.handle().close("test");
    let status = hanging.await.unwrap_err();
    assert_eq!((status.code(), status.retry()), (Code::Unavailable, Retry::Unknown));
    gone.await.unwrap_err();
    server.task.await.unwrap();
    let after = client.call(call("hang", 1)).await.unwrap_err();
    assert_eq!((after.code(), after.retry()), (Code::Unavailable, Retry::Unstarted));
}
