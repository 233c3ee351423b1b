//! The end of each reply, as those learn it who watch it on the server.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use dubhe_core::end::{End, Until, Watch};
use dubhe_core::gate::Gates;
use dubhe_core::reply::{Frame, Trailers};
use dubhe_core::serve::{Dispatch, Target, Wanted};
use dubhe_core::time::Timer;
use dubhe_core::{
    Call, CallKind, EncodePayload, Invoke, Invoking, Method, Payload, Reply, ServiceKey, Sink,
    Status, Value,
};
use dubhe_net::time::TokioClock;
use dubhe_triple::{TripleOptions, TripleProtocol};
use futures_util::stream;
use tokio::sync::mpsc;

use crate::support::{self, Http1, Raw, framed, headers, message};

/// The name of an end, its messages and their bytes.
type EndSeen = (&'static str, u64, u64);

#[derive(Clone)]
struct Watched(mpsc::UnboundedSender<EndSeen>);

impl Watch for Watched {
    fn end(&mut self, end: &End<'_>) {
        let _ = self.0.send((end.name(), end.messages, end.bytes));
    }
}

impl Dispatch for Watched {
    fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status> {
        let kind = match wanted.method {
            method if method.starts_with("Stream") => CallKind::ServerStream,
            _ => CallKind::Unary,
        };
        Ok(Target {
            service: Arc::new(ServiceKey::interface_only(wanted.interface)),
            method: Arc::new(Method { name: wanted.method.into(), descriptor: None, kind }),
            params: Arc::default(),
            gates: Gates::default(),
            invoke: Arc::new(self.clone()),
        })
    }
}

impl Invoke for Watched {
    fn invoke(&self, call: Call) -> Invoking {
        let reply = match &*call.head.method.name {
            "Ten" => Reply::new(message(Bytes::from_static(&[7; 10]))),
            "Large" => Reply::new(message(vec![7; 6 << 20].into())),
            "TooLarge" => Reply::new(message(vec![7; 9 << 20].into())),
            "Unwritable" => Reply::new(Payload::dynamic(Value::Int(1))),
            "Stream" => {
                let typed = Payload::typed(Five);
                let frames = [
                    Frame::Message(message(Bytes::from_static(&[7; 10]))),
                    Frame::Message(typed),
                    Frame::Trailers(Trailers::default()),
                ];
                Reply::stream(stream::iter(frames))
            }
            "StreamUnwritable" => {
                let frames = [Payload::dynamic(Value::Int(1)), message(Bytes::new())];
                Reply::stream(stream::iter(frames.map(Frame::Message)))
            }
            "StreamCutOff" => {
                Reply::stream(stream::iter([Frame::Message(message(Bytes::from_static(&[7])))]))
            }
            "StreamLarge" => {
                let large = Frame::Message(message(vec![7; 6 << 20].into()));
                Reply::stream(stream::iter([large, Frame::Trailers(Trailers::default())]))
            }
            other => panic!("{other}"),
        };
        let timer = Timer::start(Arc::new(TokioClock));
        Invoking::ready(Ok(reply)).watch(self.clone(), timer, Until::Sent)
    }
}

/// A value of five bytes.
#[derive(Debug)]
struct Five;

impl EncodePayload for Five {
    fn encode(&self, sink: &mut Sink<'_>) -> Result<(), Status> {
        let out = sink.encoder::<BytesMut>().expect("protobuf is written into bytes");
        out.put_slice(b"55555");
        Ok(())
    }
}

#[tokio::test]
async fn bytes_count_once_they_are_sent() {
    let (told, mut heard) = mpsc::unbounded_channel();
    let protocol = TripleProtocol::new(Arc::new(Watched(told)), TripleOptions::default());
    let (old, new) = (support::listen(protocol.http1()).await, support::listen(protocol).await);
    let grpc = || headers(&[("content-type", "application/grpc")]);
    let mut raw = Raw::connect(new.address).await;
    for (method, status, end) in [
        ("Ten", "0", ("OK", 1, 10)),
        ("Stream", "0", ("OK", 2, 15)),
        ("StreamLarge", "0", ("OK", 1, 6 << 20)),
        ("StreamUnwritable", "3", ("INVALID_ARGUMENT", 0, 0)),
        ("StreamCutOff", "13", ("INTERNAL", 1, 1)),
        ("Large", "0", ("OK", 1, 6 << 20)),
        ("TooLarge", "8", ("RESOURCE_EXHAUSTED", 0, 0)),
        ("Unwritable", "3", ("INVALID_ARGUMENT", 0, 0)),
    ] {
        let got = raw.call(&format!("/a.B/{method}"), grpc(), Some(framed(b""))).await;
        let last = got.trailers.unwrap_or(got.headers);
        assert_eq!(last["grpc-status"], status, "{method}");
        assert_eq!(heard.recv().await.unwrap(), end, "{method}");
    }
    // The bytes of a message are counted before it is compressed.
    let mut gzip = grpc();
    gzip.insert("grpc-encoding", "gzip".parse().unwrap());
    gzip.insert("grpc-accept-encoding", "gzip".parse().unwrap());
    let got = raw.call("/a.B/Large", gzip, Some(framed(b""))).await;
    assert!(got.body.len() < 100_000);
    assert_eq!(heard.recv().await, Some(("OK", 1, 6 << 20)));

    let proto = headers(&[("content-type", "application/proto")]);
    for (method, status, end) in [
        ("Ten", 200, ("OK", 1, 10)),
        ("Large", 200, ("OK", 1, 6 << 20)),
        ("TooLarge", 429, ("RESOURCE_EXHAUSTED", 0, 0)),
        ("Unwritable", 400, ("INVALID_ARGUMENT", 0, 0)),
    ] {
        let path = format!("/a.B/{method}");
        let got = raw.call(&path, proto.clone(), Some(Bytes::new())).await;
        assert_eq!(got.status, status, "{method}");
        assert_eq!(heard.recv().await.unwrap(), end, "{method}");
        let got = Http1::ask(old.address, "POST", &path, &proto, b"").await;
        assert_eq!(got.status, status, "{method}");
        assert_eq!(heard.recv().await.unwrap(), end, "{method}");
    }
}

#[tokio::test]
async fn a_reply_that_nobody_takes_is_cancelled_or_late() {
    let (told, mut heard) = mpsc::unbounded_channel();
    let protocol = TripleProtocol::new(Arc::new(Watched(told)), TripleOptions::default());
    let server = support::listen(protocol).await;
    let mut raw = Raw::with_window(server.address, 0).await;
    let grpc = headers(&[("content-type", "application/grpc")]);
    let mut late = grpc.clone();
    late.insert("grpc-timeout", "20m".parse().unwrap());
    // A message of a stream has passed; one alone counts when it is sent.
    for (method, messages, bytes) in [("Large", 0, 0), ("StreamLarge", 1, 6 << 20)] {
        let path = format!("/a.B/{method}");
        let (_, unread) = raw.start(&path, grpc.clone(), Some(framed(b""))).await.unread().await;
        // So little that it need not wait.
        let _small = raw.start("/a.B/Ten", grpc.clone(), Some(framed(b""))).await;
        assert_eq!(heard.recv().await, Some(("OK", 1, 10)));
        drop(unread);
        assert_eq!(heard.recv().await, Some(("CANCELLED", messages, bytes)));

        let _unread = raw.start(&path, late.clone(), Some(framed(b""))).await.unread().await;
        assert_eq!(heard.recv().await, Some(("DEADLINE_EXCEEDED", messages, bytes)));
    }
}
