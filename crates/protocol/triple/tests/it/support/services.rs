//! The services of the server.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use dubhe_core::gate::Gates;
use dubhe_core::reply::{Frame, Trailers};
use dubhe_core::serve::{Dispatch, Overload, Target, Wanted};
use dubhe_core::status::Exception;
use dubhe_core::{
    Call, CallBody, CallKind, Code, Invoke, Invoking, Metadata, Method, Payload, Reply, ServiceKey,
    Status, Value,
};
use futures_util::{StreamExt, stream};
use tokio::sync::{Notify, mpsc};

use super::{bytes, message};

/// `test.Plain` has protobuf methods, `test.Java` methods of a Java interface.
pub(crate) struct Services {
    pub(super) started: mpsc::UnboundedSender<()>,
    pub(super) dropped: mpsc::UnboundedSender<()>,
    pub(super) go: Arc<Notify>,
}

struct TellsDrop(mpsc::UnboundedSender<()>);

impl Drop for TellsDrop {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

const PLAIN: [(&str, CallKind); 12] = [
    ("Echo", CallKind::Unary),
    ("Fail", CallKind::Unary),
    ("Panic", CallKind::Unary),
    ("Never", CallKind::Unary),
    ("Wait", CallKind::Unary),
    ("Repeat", CallKind::ServerStream),
    ("Refused", CallKind::ServerStream),
    ("Endless", CallKind::ServerStream),
    ("Slow", CallKind::ServerStream),
    ("Agent", CallKind::Unary),
    ("Join", CallKind::ClientStream),
    ("Each", CallKind::Bidirectional),
];

pub(crate) struct Shared(pub(super) Arc<Services>);

impl Dispatch for Shared {
    fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status> {
        const STRING: &str = "Ljava/lang/String;";
        const PAIR: &str = "Ljava/lang/Object;Ljava/lang/Object;";
        let plain = PLAIN.iter().find(|(name, _)| *name == wanted.method);
        let java = ["hello", "fail"].contains(&wanted.method);
        let types = match wanted.overload {
            Overload::Types(types) => Some(types),
            Overload::Count(2) => Some(PAIR),
            Overload::Count(_) | Overload::Initials(_) => Some(STRING),
            Overload::Any => None,
        };
        let method = match (wanted.interface, plain, types) {
            ("test.Plain", Some((name, kind)), _) => {
                Method { name: (*name).into(), descriptor: None, kind: *kind }
            }
            ("test.Java", _, None | Some(STRING)) if java => Method::java(wanted.method, STRING),
            ("test.Java", _, None | Some(PAIR)) if wanted.method == "pair" => {
                Method::java("pair", PAIR)
            }
            _ => return Err(Status::new(Code::Unimplemented, "no such method")),
        };
        Ok(Target {
            service: Arc::new(ServiceKey::interface_only(wanted.interface)),
            method: Arc::new(method),
            params: Arc::default(),
            gates: Gates::default(),
            invoke: Arc::new(Shared(self.0.clone())),
        })
    }
}

impl Invoke for Shared {
    fn invoke(&self, call: Call) -> Invoking {
        let services = self.0.clone();
        Invoking::boxed(async move { answer(&services, call).await })
    }
}

async fn answer(services: &Services, Call { head, body }: Call) -> Result<Reply, Status> {
    if head.service.interface() == "test.Java" {
        let CallBody::One(payload) = body else { panic!("a stream") };
        if &*head.method.name == "pair" {
            let (a, b): (Value, Value) = dubhe_hessian2::payload::arguments(&payload)?;
            return Ok(Reply::new(Payload::dynamic(Value::list([a, b]))));
        }
        let (name,): (String,) = dubhe_hessian2::payload::arguments(&payload)?;
        if &*head.method.name == "fail" {
            let class = "java.lang.IllegalStateException";
            let status = Status::exception(Exception::of_class(class, format!("no {name}")));
            return Err(status.with_headers([("seen", "yes")].into_iter().collect()));
        }
        let value = Value::from(format!("hi {name}"));
        let metadata = [("seen", "yes")].into_iter().collect();
        return Ok(Reply::with_metadata(Payload::dynamic(value), metadata));
    }
    let trailers = |metadata: Metadata| Frame::Trailers(Trailers { status: None, metadata });
    let own = |metadata: &Metadata| {
        metadata.iter().map(|(k, v)| (k.clone(), v.clone())).collect::<Metadata>()
    };
    Ok(match (&*head.method.name, body) {
        ("Echo", CallBody::One(payload)) => Reply::with_metadata(payload, own(&head.metadata)),
        ("Fail", _) => {
            let seen = [("seen", "yes")].into_iter().collect();
            return Err(Status::new(Code::NotFound, "not here").with_headers(seen));
        }
        ("Panic", _) => panic!("as asked"),
        ("Never", _) => {
            let _tells = TellsDrop(services.dropped.clone());
            services.started.send(()).unwrap();
            std::future::pending().await
        }
        ("Wait", CallBody::One(payload)) => {
            services.started.send(()).unwrap();
            services.go.notified().await;
            Reply::new(payload)
        }
        ("Repeat", CallBody::One(payload)) => {
            let end = trailers([("k", "end")].into_iter().collect());
            let frames = (0..3).map(move |_| Frame::Message(payload.clone()));
            Reply::stream(stream::iter(frames).chain(stream::iter([end])))
        }
        ("Refused", CallBody::One(_)) => {
            let status = Some(Status::new(Code::NotFound, "not here"));
            let metadata = [("k", "end")].into_iter().collect();
            let frames = stream::iter([Frame::Trailers(Trailers { status, metadata })]);
            let mut reply = Reply::stream(frames);
            reply.metadata = [("seen", "yes")].into_iter().collect();
            reply
        }
        ("Endless", CallBody::One(payload)) => {
            let (tells, started) = (TellsDrop(services.dropped.clone()), services.started.clone());
            let frames = stream::repeat_with(move || {
                let _ = &tells;
                started.send(()).unwrap();
                Frame::Message(payload.clone())
            });
            Reply::stream(frames)
        }
        ("Slow", CallBody::One(payload)) => {
            let started = services.started.clone();
            Reply::stream(stream::repeat_with(move || {
                std::thread::sleep(std::time::Duration::from_millis(2));
                let _ = started.send(());
                Frame::Message(payload.clone())
            }))
        }
        ("Agent", _) => {
            let agent = head.metadata.get_str("user-agent").unwrap_or_default();
            Reply::new(message(Bytes::copy_from_slice(agent.as_bytes())))
        }
        ("Join", CallBody::Stream(mut stream)) => {
            let mut all = BytesMut::new();
            while let Some(payload) = stream.next().await {
                all.extend_from_slice(&bytes(&payload?));
            }
            Reply::new(message(all.freeze()))
        }
        ("Each", CallBody::Stream(stream)) => {
            let end = trailers(Metadata::new());
            let frames = stream.map(|payload| match payload {
                Ok(payload) => Frame::Message(payload),
                Err(status) => {
                    Frame::Trailers(Trailers { status: Some(status), metadata: Metadata::new() })
                }
            });
            Reply::stream(frames.chain(stream::iter([end])))
        }
        (other, _) => panic!("{other} with another body"),
    })
}
