//! Calls that came by either protocol and are sent on by this one.

use std::sync::Arc;

use bytes::Bytes;
use dubhe_core::payload::{Args, Content};
use dubhe_core::status::Origin;
use dubhe_core::value::List;
use dubhe_core::{
    Call, Code, Encoded, EncodedArgs, Format, Head, Metadata, Method, Payload, Reply, ServiceKey,
    Status, Value,
};
use dubhe_hessian2::{Encode, Encoder, payload, to_bytes};
use dubhe_net::session::Outbox;

use super::super::reply::{ReplyTo, write_reply};
use super::super::writer::{Refused, Writer, frame};
use super::super::*;
use crate::PayloadLimit;
use crate::header::{Header, Kind, LEN};
use crate::serialization::SerializationId;

const OBJECT: &str = "Ljava/lang/Object;";

fn call(payload: Payload, count: usize, metadata: &Metadata) -> Call {
    let service = Arc::new(ServiceKey::interface_only("a.B"));
    let mut head = Head::new(service, Arc::new(Method::java("f", OBJECT.repeat(count))));
    head.metadata = metadata.clone();
    Call::new(head, payload)
}

/// The body of a request, or why there is none.
fn request(payload: Payload, count: usize, metadata: &Metadata) -> Result<Bytes, Status> {
    let mut out = Outbox::default();
    let kind = Kind::Call { two_way: true };
    let header = Header { kind, serialization: SerializationId::HESSIAN2, id: 1, length: 0 };
    let call = call(payload, count, metadata);
    let written = frame(&mut out, header, PayloadLimit::UNLIMITED, |w| {
        write_request(w, &call, &RequestFacts::default())
    });
    match written {
        Ok(_) => Ok(out.to_bytes().slice(LEN..)),
        Err(Refused::Unwritable(status)) => {
            assert!(out.is_empty());
            Err(status)
        }
        Err(refused) => panic!("{refused:?}"),
    }
}

/// The frame of a reply.
fn reply(payload: Payload, metadata: Metadata) -> Bytes {
    let mut out = Outbox::default();
    let to = ReplyTo { id: 1, attachments: true, limit: PayloadLimit::UNLIMITED };
    let _ = write_reply(&mut out, to, Ok(Reply::with_metadata(payload, metadata)));
    out.to_bytes()
}

fn user(name: &str) -> Value {
    Value::object("a.User").field("name", name).into()
}

/// Arguments that share classes and types between them and parts within them.
fn values(count: usize) -> Vec<Value> {
    let ints = || Value::from(List::new([1, 2]).class("[int"));
    let own = Value::list([user("c").shared(0), Value::reference(0)]);
    let all = [user("a"), ints(), "text".into(), user("b"), own, Value::map([(1, 2)]), ints()];
    all[..count].to_vec()
}

fn pieces(values: &[Value]) -> Vec<Bytes> {
    values.iter().map(|value| to_bytes(value).unwrap()).collect()
}

fn separate(pieces: Vec<Bytes>) -> Payload {
    EncodedArgs::separate(Format::Hessian2, pieces).into()
}

fn dynamic(values: Vec<Value>) -> Payload {
    Payload::Args(Args::Values(values.into()))
}

/// Attachments whose class and type are those of the arguments.
fn containers() -> Metadata {
    let ints = Value::from(List::new([3]).class("[int"));
    let shares = Value::list([user("d").shared(0), Value::reference(0)]);
    [("ints", ints), ("user", user("e")), ("shares", shares)].into_iter().collect()
}

#[test]
fn arguments_of_either_layout_are_sent_as_one_encoder_writes_them() {
    for count in [0, 1, 2, 7] {
        for metadata in [Metadata::new(), Metadata::from_iter([("k", "v")]), containers()] {
            let values = values(count);
            let body = request(dynamic(values.clone()), count, &metadata).unwrap();
            let came = Request::read(&body).unwrap();
            assert_eq!(came.count, count);
            assert_eq!(came.attachments.metadata, metadata);
            for payload in [came.payload(), separate(pieces(&values))] {
                assert_eq!(request(payload, count, &metadata).unwrap(), body, "{count}");
            }
        }
    }
}

#[test]
fn a_result_is_numbered_before_the_attachments() {
    let own = Value::list([user("c"), user("d").shared(0), Value::reference(0)]);
    for metadata in [Metadata::new(), containers()] {
        let written = reply(Payload::dynamic(own.clone()), metadata.clone());
        let bytes = to_bytes(&own).unwrap();
        for encoded in [
            Encoded::new(Format::Hessian2, bytes.clone()).into(),
            Encoded::delimited(Format::Hessian2, bytes.clone()).into(),
            EncodedArgs::shared(Format::Hessian2, 1, bytes.clone()).into(),
            separate(vec![bytes.clone()]),
        ] {
            assert_eq!(reply(encoded, metadata.clone()), written);
        }
    }
}

#[test]
fn attachments_may_refer_to_arguments() {
    // f([a user]), with attachments that hold the list and the user of the argument.
    let mut e = Encoder::new();
    for text in [DUBBO_VERSION, "a.B", "0.0.0", "f", OBJECT] {
        e.write_str(text);
    }
    let argument = Value::list([user("a")]);
    argument.encode(&mut e).unwrap();
    e.write_map(|e| {
        for (key, number) in [("list", 0), ("user", 1)] {
            e.write_str(key);
            e.write_reference(number);
        }
        Ok(())
    })
    .unwrap();
    let body = e.into_buffer().freeze();
    let came = Request::read(&body).unwrap();
    let metadata = came.attachments.metadata.clone();
    let copies = [("list", argument.clone()), ("user", user("a"))];
    assert_eq!(metadata, copies.into_iter().collect());
    // On their way out, to either protocol, they are copies still.
    let direct = request(dynamic(vec![argument.clone()]), 1, &metadata).unwrap();
    assert_eq!(request(came.payload(), 1, &metadata).unwrap(), direct);
    let Payload::Args(Args::Encoded(encoded)) = came.payload() else { unreachable!() };
    assert_eq!(*payload::separate(&encoded).unwrap(), [to_bytes(&argument).unwrap()]);
}

#[test]
fn what_could_pass_for_attachments_is_refused() {
    let token = to_bytes(&Value::map([("token", "forged")])).unwrap();
    let smuggled = Bytes::from([b"\x01a", &token[..]].concat());
    let pair = vec![Bytes::from_static(b"N"), smuggled.clone()];
    for (payload, count) in [
        (separate(vec![smuggled.clone()]), 1),
        (separate(pair), 2),
        (Encoded::new(Format::Hessian2, smuggled.clone()).into(), 1),
    ] {
        for metadata in [Metadata::new(), containers()] {
            let refused = request(payload.clone(), count, &metadata).unwrap_err();
            assert_eq!((refused.code(), refused.origin()), (Code::InvalidArgument, Origin::Caller));
            assert!(refused.message().contains("bytes follow the last value"), "{refused}");
        }
    }
    let frame = reply(Encoded::new(Format::Hessian2, smuggled).into(), Metadata::new());
    let text = read_error(&frame.slice(LEN..)).into_owned();
    assert!(text.contains("bytes follow the last value"), "{text}");
}

#[test]
fn a_result_is_one_value() {
    let frame = reply(dynamic(values(2)), Metadata::new());
    let text = read_error(&frame.slice(LEN..)).into_owned();
    assert!(text.contains("a list of 2 arguments is not a result"), "{text}");
}

/// Returns `true` if bytes given to a queue are in it themselves, and not as a copy.
fn is_kept(bytes: Bytes, write: impl FnOnce(&mut Outbox, Bytes)) -> bool {
    let mut out = Outbox::default();
    write(&mut out, bytes.clone());
    assert!(out.len() > bytes.len());
    // The payload that held them is gone, so that only the queue may still do.
    !bytes.is_unique()
}

#[test]
fn large_arguments_and_results_are_not_copied() {
    let large = to_bytes(&Value::from("x".repeat(2000))).unwrap();
    let kind = Kind::Call { two_way: true };
    let header = Header { kind, serialization: SerializationId::HESSIAN2, id: 1, length: 0 };
    let send = |out: &mut Outbox, payload, count| {
        let call = call(payload, count, &Metadata::new());
        let write = |w: &mut Writer<'_>| write_request(w, &call, &RequestFacts::default());
        frame(out, header, PayloadLimit::UNLIMITED, write).unwrap();
    };
    assert!(is_kept(large.clone().to_vec().into(), |out, bytes| {
        send(out, EncodedArgs::shared(Format::Hessian2, 1, bytes).into(), 1);
    }));
    assert!(is_kept(large.clone().to_vec().into(), |out, bytes| {
        send(out, separate(vec![Bytes::from_static(b"N"), bytes]), 2);
    }));
    assert!(is_kept(large.to_vec().into(), |out, bytes| {
        let to = ReplyTo { id: 1, attachments: true, limit: PayloadLimit::UNLIMITED };
        let content = Content::Encoded(Encoded::new(Format::Hessian2, bytes));
        let _ = write_reply(out, to, Ok(Reply::new(Payload::Message(content))));
    }));
}
