//! A gateway between the two protocols of Dubbo: a server that passes each call on, payload
//! untouched, by a client of either protocol.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use std::sync::Arc;

use dubhe::Invoking;
use dubhe::payload::{Args, CallBody, Content, Encoded, EncodedArgs, Format, ReplyBody};
use dubhe::prelude::*;
use dubhe::value::{List, Map};
use dubhe::{CallOptions, Client, Metadata, Method, Payload, RunningServer, Service, ServiceKey};
use dubhe_hessian2::{Encoder, payload, to_bytes};

const SERVICE: &str = "org.example.Any";
const COUNTS: [usize; 4] = [0, 1, 2, 7];
const PROTOCOLS: [&str; 2] = ["dubbo", "tri"];

/// `f0()`, `f1(Object)`, `f2(Object, Object)`, `f7(..)`.
fn methods() -> Vec<Arc<Method>> {
    let method = |n| Method::java(format!("f{n}"), "Ljava/lang/Object;".repeat(n));
    COUNTS.into_iter().map(|n| Arc::new(method(n))).collect()
}

/// Answers with the list of its arguments, and with the attachments that are the test's.
struct Backend;

impl Service for Backend {
    fn key(&self) -> ServiceKey {
        ServiceKey::interface_only(SERVICE)
    }

    fn methods(&self) -> Vec<Arc<Method>> {
        methods()
    }

    fn call(&self, method: usize, call: Call) -> Invoking {
        let CallBody::One(arguments) = &call.body else { unreachable!() };
        let attachments = call.head.metadata.iter().filter(|(key, _)| key.starts_with("x-"));
        let attachments = attachments.map(|(key, value)| (key.clone(), value.clone())).collect();
        let list = read(arguments, COUNTS[method])
            .map(|values| Reply::with_metadata(Payload::dynamic(Value::list(values)), attachments));
        Invoking::ready(list)
    }
}

/// Decodes arguments of either layout.
fn read(arguments: &Payload, count: usize) -> Result<Vec<Value>, Status> {
    type Seven = (Value, Value, Value, Value, Value, Value, Value);
    Ok(match count {
        0 => payload::arguments::<()>(arguments).map(|()| Vec::new())?,
        1 => payload::arguments::<(Value,)>(arguments).map(|(a,)| vec![a])?,
        2 => payload::arguments::<(Value, Value)>(arguments).map(|(a, b)| vec![a, b])?,
        _ => {
            let all = payload::arguments::<Seven>(arguments)?;
            vec![all.0, all.1, all.2, all.3, all.4, all.5, all.6]
        }
    })
}

/// Passes calls on to `client`, and its replies back, undecoded.
struct Gateway(Client);

impl Service for Gateway {
    fn key(&self) -> ServiceKey {
        ServiceKey::interface_only(SERVICE)
    }

    fn methods(&self) -> Vec<Arc<Method>> {
        methods()
    }

    fn call(&self, _: usize, call: Call) -> Invoking {
        let client = self.0.clone();
        Invoking::boxed(async move {
            let Call { head, body } = call;
            assert!(is_encoded(&body), "a gateway decodes nothing: {body:?}");
            let mut options = CallOptions::new();
            for (key, value) in head.metadata.iter().filter(|(key, _)| key.starts_with("x-")) {
                options = options.attachment(key.clone(), value.clone());
            }
            let reply = client.send(&head.method, body, &options).await?;
            let ReplyBody::One(payload, _) = &reply.body else { unreachable!() };
            assert!(payload.encoded().is_some(), "nor the reply: {payload:?}");
            Ok(reply)
        })
    }
}

/// Returns `true` if all of the arguments are still the bytes that came.
fn is_encoded(body: &CallBody) -> bool {
    matches!(
        body,
        CallBody::One(Payload::Args(Args::Encoded(_)) | Payload::Message(Content::Encoded(_)))
    )
}

async fn serve(service: impl Service) -> RunningServer {
    Server::builder().service(service).start("127.0.0.1:0").await.unwrap()
}

fn client(app: &App, protocol: &str, server: &RunningServer) -> Client {
    let url = format!("{protocol}://{}", server.addr());
    app.client::<Client>().service(ServiceKey::interface_only(SERVICE)).url(&url).build().unwrap()
}

/// A reply as it came: its bytes, and the attachments that are the test's.
type Came = (Encoded, Metadata);

async fn ask(client: &Client, payload: Payload, sent: &Metadata) -> Result<Came, Status> {
    let count = payload.count();
    let method = methods().into_iter().find(|m| *m.name == format!("f{count}")).unwrap();
    let mut options = CallOptions::new();
    for (key, value) in sent.iter() {
        options = options.attachment(key.clone(), value.clone());
    }
    let reply = client.call(&method, payload, &options).await?;
    let attachments = reply.metadata.iter().filter(|(key, _)| key.starts_with("x-"));
    let attachments = attachments.map(|(key, value)| (key.clone(), value.clone())).collect();
    let ReplyBody::One(payload, _) = &reply.body else { unreachable!() };
    Ok((payload.encoded().unwrap().clone(), attachments))
}

fn user(name: &str) -> Value {
    Value::object("a.User").field("name", name).field("tags", Value::list(["x"])).into()
}

/// Arguments with classes and types that several of them use, and with parts that they share.
fn values(count: usize) -> Vec<Value> {
    let ints = || Value::from(List::new([1, 2]).class("[int"));
    let tree = |name: &str| Value::from(Map::new([(name, user(name))]).class("java.util.TreeMap"));
    let own = Value::list([user("c").shared(0), Value::reference(0), ints(), ints()]);
    let all = [user("a"), own, tree("m"), "text".into(), tree("n"), ints(), user("z")];
    all[..count].to_vec()
}

/// The same arguments as values, and as bytes of each layout.
fn payloads(values: &[Value]) -> [Payload; 3] {
    let dynamic = Args::Values(values.to_vec().into());
    let mut encoder = Encoder::new();
    payload::write_args(&dynamic, &mut encoder).unwrap();
    let bytes = encoder.into_buffer().freeze();
    let shared = EncodedArgs::shared(Format::Hessian2, values.len(), bytes);
    let pieces = values.iter().map(|value| to_bytes(value).unwrap());
    let separate = EncodedArgs::separate(Format::Hessian2, pieces);
    [dynamic.into(), shared.into(), separate.into()]
}

#[tokio::test]
async fn calls_pass_a_gateway_as_if_it_were_not_there() {
    let app = App::builder("test").build().unwrap();
    let backend = serve(Backend).await;
    for to in PROTOCOLS {
        let gateway = serve(Gateway(client(&app, to, &backend))).await;
        for from in PROTOCOLS {
            let (direct, via) = (client(&app, from, &backend), client(&app, from, &gateway));
            let mut sent = Metadata::from_iter([("x-trace", "t-1")]);
            if (from, to) == ("dubbo", "dubbo") {
                // HTTP has no form for these. Their class is one of the arguments'.
                sent.insert("x-user", user("attached"));
            }
            for count in COUNTS {
                let values = values(count);
                let expected = to_bytes(&Value::list(values.clone())).unwrap();
                for payload in payloads(&values) {
                    let straight = ask(&direct, payload.clone(), &sent).await.unwrap();
                    let passed = ask(&via, payload, &sent).await.unwrap();
                    assert_eq!(passed, straight, "{from} to {to}, {count} arguments");
                    assert_eq!(*passed.0.bytes(), expected);
                    assert_eq!(passed.1, sent, "{from} to {to}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_arguments_share_with_each_other_arrives_as_a_copy() {
    let app = App::builder("test").build().unwrap();
    let backend = serve(Backend).await;
    // f([user], the same list, [its user, twice], 1, "x", null, true).
    let mut shared = to_bytes(&Value::list([user("a")])).unwrap().to_vec();
    shared.extend_from_slice(b"\x51\x90\x7a\x51\x91\x51\x91\x91\x01xNT");
    let shared = EncodedArgs::shared(Format::Hessian2, 7, shared.into());
    // What leads out of an argument is read as a copy each time. Triple's form has one copy in an
    // argument, which keeps what is shared within.
    let copies = Value::list([user("a"), user("a")]);
    let shares = Value::list([user("a").shared(0), Value::reference(0)]);
    for (to, third) in PROTOCOLS.into_iter().zip([copies, shares]) {
        let gateway = serve(Gateway(client(&app, to, &backend))).await;
        let via = client(&app, "dubbo", &gateway);
        let (came, _) = ask(&via, shared.clone().into(), &Metadata::new()).await.unwrap();
        let came: Value = dubhe::hessian2::from_bytes(came.bytes()).unwrap();
        let list = || Value::list([user("a")]);
        let rest: [Value; 4] = [1.into(), "x".into(), Value::Null, true.into()];
        let expected = Value::list([list(), list(), third].into_iter().chain(rest));
        assert!(came.same(&expected), "{to}: {came}");
    }
}

#[tokio::test]
async fn a_call_that_cannot_pass_fails_alone() {
    let app = App::builder("test").build().unwrap();
    let backend = serve(Backend).await;
    let gateway = serve(Gateway(client(&app, "dubbo", &backend))).await;
    let via = client(&app, "tri", &gateway);
    // The second argument has bytes behind it that would pass for attachments.
    let token = to_bytes(&Value::map([("x-token", "forged")])).unwrap();
    let pieces = [b"N".to_vec(), [b"\x01a", &token[..]].concat()].map(Into::into);
    let forged = EncodedArgs::separate(Format::Hessian2, pieces);
    let none = Metadata::new();
    let (forged, whole) = tokio::join!(
        ask(&via, forged.into(), &none),
        ask(&via, Args::Values(values(7).into()).into(), &none)
    );
    let forged = forged.unwrap_err();
    assert_eq!(forged.code(), Code::InvalidArgument);
    assert!(forged.message().contains("argument 2 of 2"), "{forged}");
    assert_eq!(*whole.unwrap().0.bytes(), to_bytes(&Value::list(values(7))).unwrap());
}
