//! The limits of Hessian values, which are an option: at the limit, and one above.

use crate::support::{ANY, Methods, Raw, Request, SERVICE, call, frame, reply};
use dubhe_core::status::table::dubbo;
use dubhe_core::{Call, CallBody, Code, Invoking, Reply, Value};
use dubhe_dubbo::DubboOptions;
use dubhe_dubbo::header::Kind;
use dubhe_dubbo::serialization::SerializationId;
use dubhe_hessian2::java::BigDecimal;
use dubhe_hessian2::{Decode, Decoder, Encoder, Error, Limits, payload};

/// Decodes the argument as a `T`, and answers with nothing.
fn reads<T: payload::Owned>(call: Call) -> Invoking {
    let CallBody::One(given) = &call.body else { panic!("no arguments") };
    let read = payload::arguments::<(T,)>(given);
    Invoking::ready(read.map(|_| Reply::new(payload::message(()))))
}

/// A tree, in which a list that is referred to is read again.
struct Tree;

impl<'de> Decode<'de> for Tree {
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        Vec::<Self>::decode(d).map(|_| Self)
    }
}

fn server(limits: Limits) -> Raw {
    let methods = Methods::echo()
        .method("value", reads::<Value>)
        .method("decimal", reads::<BigDecimal>)
        .method("tree", reads::<Tree>);
    Raw::client_of(DubboOptions::default().hessian(limits), methods).0
}

/// Sends two calls, of which the second one is above the limit and alone refused.
async fn both(limits: Limits, method: &str, within: Value, above: Value, name: &str) {
    let mut raw = server(limits);
    // Before the request is known, and after that, when its attachments are not read any more.
    let times = if name == "references" { 1 } else { 4 };
    for id in 1..=times {
        raw.send(&Request::new(id, method, within.clone()).bytes()).await;
        assert_eq!(raw.reply().await, (id, dubbo::OK, Value::Null), "{name}");
        raw.send(&Request::new(9, method, above.clone()).bytes()).await;
        let (_, status, text) = raw.reply().await;
        assert_eq!(status, dubbo::BAD_REQUEST, "{name}: {text}");
        let option = format!("raise Limits::{name} (option hessian)");
        assert!(text.as_str().unwrap().contains(&option), "{text}");
    }
}

fn nested(depth: usize) -> Value {
    (1..depth).fold(Value::list::<Value>([]), |inner, _| Value::list([inner]))
}

#[tokio::test]
async fn depth_references_digits_classes_and_fields_of_requests() {
    let limits = Limits::default;
    both(limits().depth(7), "value", nested(7), nested(8), "depth").await;
    // The attachments are a map, too.
    both(limits().references(7), "value", nested(6), nested(7), "references").await;
    let digits = |count| Value::object("java.math.BigDecimal").field("value", "1".repeat(count));
    both(limits().digits(20), "decimal", digits(20).into(), digits(21).into(), "digits").await;
    let classes =
        |count: u8| Value::list((0..count).map(|n| Value::object(format!("a.C{n}")).field("x", 1)));
    both(limits().classes(3), "value", classes(3), classes(4), "classes").await;
    let fields = |count: u8| {
        let object = Value::object("a.B");
        Value::from((0..count).fold(object, |o, n| o.field(format!("f{n}"), 1)))
    };
    both(limits().fields(3), "value", fields(3), fields(4), "fields").await;
}

#[tokio::test]
async fn a_limit_that_is_raised_lets_more_through() {
    let digits =
        Value::from(Value::object("java.math.BigDecimal").field("value", "1".repeat(10_001)));
    for (limits, status) in
        [(Limits::default(), dubbo::BAD_REQUEST), (Limits::default().digits(10_001), dubbo::OK)]
    {
        let mut raw = server(limits);
        raw.send(&Request::new(1, "decimal", digits.clone()).bytes()).await;
        assert_eq!(raw.reply().await.1, status);
    }
}

/// A call whose argument is lists of which each holds the one before it twice.
fn laughs(lists: usize) -> Vec<u8> {
    let mut e = Encoder::new();
    for text in ["2.0.2", SERVICE, "0.0.0", "tree", ANY] {
        e.write_str(text);
    }
    e.write_list(lists, |e| {
        e.write_list(0, |_| Ok(()))?;
        (1..lists).try_for_each(|at| {
            e.write_list(2, |e| {
                e.write_reference(at);
                e.write_reference(at);
                Ok(())
            })
        })
    })
    .unwrap();
    e.write_map(|_| Ok(())).unwrap();
    frame(Kind::Call { two_way: true }, SerializationId::HESSIAN2, 1, &e.into_buffer())
}

#[tokio::test]
async fn the_bytes_that_references_read_again() {
    for (replay, status) in [(1 << 20, dubbo::OK), (0, dubbo::BAD_REQUEST)] {
        let mut raw = server(Limits::default().replay(replay));
        raw.send(&laughs(10)).await;
        let (_, got, text) = raw.reply().await;
        assert_eq!(got, status, "{text}");
        if status != dubbo::OK {
            assert!(text.as_str().unwrap().contains("raise Limits::replay"), "{text}");
        }
    }
}

#[tokio::test]
async fn results_have_the_limits_of_the_client() {
    let options = DubboOptions::default().hessian(Limits::default().depth(7).digits(20));
    let (mut raw, client) = Raw::server_of(options);
    let digits = |count| Value::object("java.math.BigDecimal").field("value", "1".repeat(count));
    for (count, fits) in [(20, true), (21, false)] {
        let calling = client.connection.start(call("m", 1));
        let (header, _) = raw.next().await.unwrap();
        raw.send(&reply(header.id, digits(count))).await;
        let read = payload::reply::<BigDecimal>(&calling.await.unwrap());
        assert_eq!(read.is_ok(), fits, "{count}: {read:?}");
    }
    for (depth, fits) in [(7, true), (8, false)] {
        let calling = client.connection.start(call("m", 1));
        let (header, _) = raw.next().await.unwrap();
        raw.send(&reply(header.id, nested(depth))).await;
        match calling.await {
            Ok(_) => assert!(fits),
            Err(error) => {
                assert!(!fits, "{error}");
                assert_eq!(error.code(), Code::Internal);
                assert!(
                    error.message().contains("raise Limits::depth (option hessian)"),
                    "{error}"
                );
            }
        }
    }
}
