//! Frames captured between a Dubbo Java 3.3 consumer and provider.

mod forwarding;

use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use dubhe_core::Value;
use dubhe_core::payload::Content;
use dubhe_core::status::table::dubbo;
use dubhe_core::{
    Call, Encoded, Format, Head, Metadata, Method, Payload, Reply, ServiceKey, Status,
};
use dubhe_hessian2::{Encode, Encoder, payload};
use dubhe_net::session::Outbox;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::*;
use crate::PayloadLimit;
use crate::frame::{Frame, Splitter};
use crate::header::{Header, Kind};
use crate::serialization::SerializationId;

const FILE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/vectors/dubbo_frames.json"));

struct Vector {
    about: Json,
    bytes: Vec<u8>,
    header: Header,
    body: Bytes,
}

fn vectors() -> Vec<Vector> {
    let file: Json = serde_json::from_str(FILE).unwrap();
    file["frames"].as_array().unwrap().iter().map(vector).collect()
}

fn hex(text: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}

/// The two long samples, whose frames are given by their hash only.
fn long_sample(case: &str) -> Value {
    match case {
        "echoString/7" => {
            (b'a'..=b'z').cycle().take(1 << 20).map(char::from).collect::<String>().into()
        }
        "echoBytes/5" => (0..251).cycle().take(70_000).collect::<Vec<u8>>().into(),
        _ => panic!("no sample for {case}"),
    }
}

/// Writes a sample as Java does: it ends a chunk of binary where its buffer of 8 KiB is full, so
/// the lengths of chunks depend on what stands before them.
fn write_sample(e: &mut Encoder, sample: &Value) {
    const BUFFER: usize = 8192;
    let Value::Bytes(bytes) = sample else { return sample.encode(e).unwrap() };
    let mut left = &bytes[..];
    let mut room = BUFFER - (e.buffer().len() - crate::header::LEN) - 3;
    while left.len() > room {
        let (chunk, rest) = left.split_at(room);
        e.buffer_mut().put_u8(b'A');
        e.buffer_mut().put_u16(u16::try_from(room).unwrap());
        e.buffer_mut().put_slice(chunk);
        (left, room) = (rest, BUFFER - 3);
    }
    Bytes::copy_from_slice(left).encode(e).unwrap();
}

/// A frame of which the vector has the header and the hash: all but the sample itself is as in
/// the other frames of its method.
fn long_frame(about: &Json) -> Vec<u8> {
    let mut e = Encoder::new();
    e.buffer_mut().extend_from_slice(&hex(about["header"].as_str().unwrap()));
    let case = about["case"].as_str().unwrap();
    let sample = long_sample(case);
    if about["type"] == "request" {
        let (method, descriptor) = match &sample {
            Value::String(_) => ("echoString", "Ljava/lang/String;"),
            _ => ("echoBytes", "[B"),
        };
        for text in [DUBBO_VERSION, "peer.api.GreetService", "0.0.0", method, descriptor] {
            e.write_str(text);
        }
        write_sample(&mut e, &sample);
        let attachments = [
            ("path", "peer.api.GreetService"),
            ("remote.application", "java-consumer"),
            ("interface", "peer.api.GreetService"),
            ("version", "0.0.0"),
            ("timeout", "1000"),
        ];
        Value::map(attachments).encode(&mut e).unwrap();
    } else {
        e.write_i32(4);
        write_sample(&mut e, &sample);
        Value::map([("dubbo", DUBBO_VERSION)]).encode(&mut e).unwrap();
    }
    let bytes = e.into_buffer().to_vec();
    let hash = hex(about["bodySha256"].as_str().unwrap());
    assert_eq!(Sha256::digest(&bytes[16..]).to_vec(), hash, "{case}");
    bytes
}

fn vector(about: &Json) -> Vector {
    let bytes = about["hex"].as_str().map_or_else(|| long_frame(about), hex);
    let mut input = BytesMut::from(&*bytes);
    let frame = Splitter::new(PayloadLimit::default()).next(&mut input).unwrap();
    let Some(Frame::Whole(header, body)) = frame else { panic!("{about} is no whole frame") };
    assert!(input.is_empty(), "{about}");
    Vector { about: about.clone(), bytes, header, body }
}

fn written(write: impl FnOnce(&mut Outbox)) -> Vec<u8> {
    let mut out = Outbox::default();
    write(&mut out);
    // A pushed chunk is not in the tail; a rollback to the start would show it.
    out.to_bytes().to_vec()
}

#[test]
fn headers_say_what_was_captured_and_are_written_back() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 135);
    for Vector { about, bytes, header, body } in &vectors {
        assert_eq!(header.to_bytes(), bytes[..crate::header::LEN], "{about}");
        assert_eq!(header.id.cast_signed(), about["id"].as_i64().unwrap(), "{about}");
        assert_eq!(about["serialization"], header.serialization.number(), "{about}");
        assert_eq!(about["bodyLength"], body.len(), "{about}");
        let two_way = about["twoWay"].as_bool().unwrap();
        match (about["type"].as_str().unwrap(), header.kind) {
            ("request", Kind::Call { two_way: found } | Kind::Event { two_way: found }) => {
                assert_eq!(found, two_way, "{about}");
            }
            ("response", Kind::Reply { status } | Kind::EventReply { status }) => {
                assert_eq!(about["status"], status, "{about}");
            }
            other => panic!("{about}: {other:?}"),
        }
    }
}

#[test]
fn requests_are_read_and_written_back_as_java_wrote_them() {
    let (mut same, mut reordered) = (0, 0);
    for Vector { about, bytes, header, body } in vectors() {
        let Kind::Call { .. } = header.kind else { continue };
        let request = Request::read(&body).unwrap();
        assert_eq!(request.dubbo, DUBBO_VERSION, "{about}");
        assert_eq!(request.path(), request.service, "{about}");
        assert_eq!(request.service_version(), "0.0.0", "{about}");
        let facts = &request.attachments;
        assert_eq!(facts.interface.as_deref(), Some(request.path()), "{about}");
        assert_eq!(facts.timeout, Some(Duration::from_secs(1)), "{about}");
        let mut metadata = facts.metadata.clone();
        let application = metadata.remove("remote.application").unwrap();
        assert_eq!(application.as_str(), Some("java-consumer"), "{about}");
        let is_generic = &*request.method == "$invoke";
        assert_eq!(metadata.get_str("generic"), is_generic.then_some("true"), "{about}");
        let own = metadata.clone();
        let service = ServiceKey::new(request.path(), "", request.service_version());
        let method = Method::java(&*request.method, &*request.descriptor);
        let head = Head { metadata, ..Head::new(Arc::new(service), Arc::new(method)) };
        let call = Call::new(head, request.payload());
        let again = both_ways(header, &call, facts.timeout, "java-consumer");
        if own.is_empty() {
            assert_eq!(again, bytes, "{about}");
            same += 1;
            continue;
        }
        // Java's map puts these between the protocol's own; the order means nothing.
        let again = Bytes::from(again).slice(crate::header::LEN..);
        let mut expected = request.clone();
        expected.attachments.metadata = [("remote.application", application)]
            .into_iter()
            .chain(own.iter().map(|(key, value)| (&**key, value.clone())))
            .collect();
        assert_eq!(Request::read(&again).unwrap(), expected, "{about}");
        reordered += 1;
    }
    assert_eq!((same, reordered), (53, 12));
}

/// The frame of a request, which is the same with a template and without.
fn both_ways(header: Header, call: &Call, timeout: Option<Duration>, application: &str) -> Vec<u8> {
    let template = RequestTemplate::new(&call.head.service, &call.head.method, application);
    let [plain, templated] = [None, template.as_ref()].map(|template| {
        let facts = RequestFacts { timeout, application, template };
        let limit = PayloadLimit::default();
        written(|out| {
            frame(out, header, limit, |w| write_request(w, call, &facts)).unwrap();
        })
    });
    assert_eq!(plain, templated);
    plain
}

#[test]
fn a_caller_may_name_its_application_itself() {
    let kind = Kind::Call { two_way: true };
    let header = Header { kind, serialization: SerializationId::HESSIAN2, id: 1, length: 0 };
    for own in [&[][..], &[("remote.application", "own")], &[("a", "b")]] {
        for application in ["", "shop"] {
            let service = ServiceKey::new("a.B", "g", "1.0.0");
            let mut head = Head::new(Arc::new(service), Arc::new(Method::java("m", "I")));
            head.metadata = own.iter().copied().collect();
            let call = Call::new(head, payload::args((7,)));
            let frame = Bytes::from(both_ways(header, &call, None, application));
            let request = frame.slice(crate::header::LEN..);
            let mut metadata = Request::read(&request).unwrap().attachments.metadata;
            let named = metadata.remove("remote.application");
            let expected = if own.first().is_some_and(|(key, _)| key.len() > 1) {
                Some("own")
            } else {
                Some(application).filter(|name| !name.is_empty())
            };
            assert_eq!(named.as_ref().and_then(Value::as_str), expected);
        }
    }
}

fn thrown(value: Value) -> Status {
    from_marked(value, &mut Metadata::new(), &BodyLimits::default()).unwrap()
}

#[test]
fn replies_are_read_and_written_back_as_java_wrote_them() {
    let mut counted = [0; 4];
    for Vector { about, bytes, header, body } in vectors() {
        let Kind::Reply { status } = header.kind else { continue };
        let to = ReplyTo { id: header.id, attachments: true, limit: PayloadLimit::default() };
        if status != dubbo::OK {
            let text = read_error(&body);
            let again = written(|out| {
                write_failure(out, header.id, header.serialization, status, &text);
            });
            assert_eq!(again, bytes, "{about}");
            counted[3] += 1;
            continue;
        }
        let (answer, metadata) = read_reply(&body, &BodyLimits::default()).unwrap();
        let sets = about["case"] == "attachment";
        let expected = sets.then_some(("reply-trace", "reply to t-1"));
        assert_eq!(metadata, expected.into_iter().collect::<Metadata>(), "{about}");
        let outcome = match (about["responseFlag"].as_u64().unwrap(), answer) {
            (4 | 5, Answer::Value(value)) => {
                counted[usize::from(&*value == b"N")] += 1;
                let content = Content::Encoded(Encoded::new(Format::Hessian2, value));
                Ok(Reply::with_metadata(Payload::Message(content), metadata))
            }
            (3, Answer::Exception(value)) => {
                counted[2] += 1;
                Err(thrown(value))
            }
            (flag, answer) => panic!("{about}: {flag} {answer:?}"),
        };
        let again = written(|out| _ = write_reply(out, to, outcome));
        assert_eq!(again, bytes, "{about}");
    }
    assert_eq!(counted, [54, 4, 4, 2]);
}

#[test]
fn exceptions_keep_class_message_and_fields() {
    let of = |case: &str| {
        let vectors = vectors();
        let reply = |v: &&Vector| v.about["case"] == case && v.about["direction"] == "s2c";
        let body = &vectors.iter().find(reply).unwrap().body;
        match read_reply(body, &BodyLimits::default()).unwrap().0 {
            Answer::Exception(value) => thrown(value),
            Answer::Value(_) => panic!("{case} threw nothing"),
        }
    };
    let checked: Status = of("throwChecked");
    let exception = checked.java().unwrap();
    assert_eq!(exception.class(), "peer.api.GreetException");
    assert!(exception.value().unwrap().get("code").unwrap().as_i32().is_some());
    assert!(!exception.value().unwrap().get("stackTrace").unwrap().items().is_empty());
    assert!(checked.is_business());
    assert_eq!(of("throwJdk").code(), dubhe_core::Code::FailedPrecondition);
}

#[test]
fn events_are_the_captured_ones() {
    let mut counted = (0, 0);
    for Vector { about, body, header, .. } in vectors() {
        match (header.kind, Event::read(&body)) {
            (Kind::Event { two_way: true } | Kind::EventReply { .. }, Event::Heartbeat) => {
                assert_eq!(body, Event::Heartbeat.body(), "{about}");
                counted.0 += 1;
            }
            (Kind::Event { two_way: false }, Event::Readonly) => {
                assert_eq!(body, Event::Readonly.body(), "{about}");
                counted.1 += 1;
            }
            (Kind::Call { .. } | Kind::Reply { .. }, _) => {}
            other => panic!("{about}: {other:?}"),
        }
    }
    assert_eq!(counted, (4, 2));
}
