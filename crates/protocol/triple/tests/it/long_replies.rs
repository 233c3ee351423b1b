//! Long replies are encoded beside other tasks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{BufMut, Bytes, BytesMut};
use dubhe_core::gate::Gates;
use dubhe_core::reply::{Frame, Trailers};
use dubhe_core::serve::{Dispatch, Target, Wanted};
use dubhe_core::{
    Call, CallKind, Code, EncodePayload, Invoke, Invoking, Method, Payload, Reply, ServiceKey,
    Sink, Status,
};
use dubhe_hessian2::Encoder;
use dubhe_testkit::another_task_runs;
use dubhe_triple::{TripleOptions, TripleProtocol};
use futures_util::stream;

use crate::support::{self, Http1, Raw, framed, headers};

/// Replies with a long text; the encoding of any further one waits for another task.
#[derive(Default)]
struct Long(AtomicUsize);

/// A text that is long, or that is encoded once another task has run.
struct Text {
    waits: bool,
}

impl EncodePayload for Text {
    fn encode(&self, sink: &mut Sink<'_>) -> Result<(), Status> {
        if self.waits && !another_task_runs() {
            return Err(Status::new(Code::Internal, "no other task runs"));
        }
        let text = if self.waits { "short".to_owned() } else { "a".repeat(100 * 1024) };
        match sink.encoder::<Encoder>() {
            Some(hessian) => hessian.write_str(&text),
            None => sink.encoder::<BytesMut>().unwrap().put_slice(text.as_bytes()),
        }
        Ok(())
    }
}

impl Invoke for Long {
    fn invoke(&self, call: Call) -> Invoking {
        let text = || {
            let waits = self.0.fetch_add(1, Ordering::SeqCst) > 0;
            Payload::typed(Text { waits })
        };
        let reply = if call.head.method.kind == CallKind::ServerStream {
            let messages = [text(), text()].map(Frame::Message);
            Reply::stream(stream::iter(
                messages.into_iter().chain([Frame::Trailers(Trailers::default())]),
            ))
        } else {
            Reply::new(text())
        };
        Invoking::ready(Ok(reply))
    }
}

/// The services of a server, each with its method.
struct Each(Vec<Target>);

impl Each {
    fn new() -> Self {
        let target = |interface: &'static str, method: Method| Target {
            service: Arc::new(ServiceKey::interface_only(interface)),
            method: Arc::new(method),
            params: Arc::default(),
            gates: Gates::default(),
            invoke: Arc::new(Long::default()),
        };
        let plain = |kind| Method { name: "get".into(), descriptor: None, kind };
        Self(vec![
            target("a.Plain", plain(CallKind::Unary)),
            target("a.Stream", plain(CallKind::ServerStream)),
            target("a.Java", Method::java("get", "")),
            target("a.Json", Method::java("get", "")),
            target("a.OldJson", Method::java("get", "")),
        ])
    }
}

impl Dispatch for Each {
    fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status> {
        let found = self.0.iter().find(|target| **target.service.interface() == *wanted.interface);
        found.cloned().ok_or_else(|| Status::new(Code::Unimplemented, "no such service"))
    }
}

/// Has one worker, so that another task runs only if the encoding gives way.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn replies_after_a_long_one_are_encoded_beside_other_tasks() {
    let protocol = TripleProtocol::new(Arc::new(Each::new()), TripleOptions::default());
    let (old, new) = (support::listen(protocol.http1()).await, support::listen(protocol).await);
    let mut raw = Raw::connect(new.address).await;
    let grpc = headers(&[("content-type", "application/grpc")]);
    let json = headers(&[("content-type", "application/json")]);
    for (service, headers, body) in [
        ("a.Plain", &grpc, framed(b"")),
        ("a.Java", &grpc, framed(b"\x0a\x08hessian4")),
        ("a.Json", &json, Bytes::from_static(b"[]")),
    ] {
        let path = format!("/{service}/get");
        let long = raw.call(&path, headers.clone(), Some(body.clone())).await;
        assert!(long.body.len() > 100 * 1024, "{service}: {:?}", long.headers);
        let short = raw.call(&path, headers.clone(), Some(body)).await;
        let text = String::from_utf8_lossy(&short.body);
        assert!(text.contains("short"), "{service}: {text} {:?}", short.headers);
    }
    // Both are messages of one reply.
    let both = raw.call("/a.Stream/get", grpc, Some(framed(b""))).await;
    assert_eq!(both.trailers.unwrap()["grpc-status"], "0");
    assert!(both.body.ends_with(b"short"));

    let path = "/a.OldJson/get";
    assert!(Http1::ask(old.address, "POST", path, &json, b"[]").await.body.len() > 100 * 1024);
    assert_eq!(Http1::ask(old.address, "POST", path, &json, b"[]").await.body, "\"short\"");
}
