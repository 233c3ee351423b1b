//! The limits of generic calls whose arguments and results are JSON: those of the wire, for all
//! arguments of a call together.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]
#![allow(clippy::many_single_char_names, reason = "six arguments of one kind")]

use std::borrow::Cow;
use std::time::Duration;

use dubhe::prelude::*;
use dubhe_core::ByteString;
use dubhe_core::memory::{BLOCK, MemoryLimit};
use dubhe_core::value::List;
use dubhe_hessian2::{Array, Decode, Decoder, Encode, Encoder, Error, JavaType, payload};

#[dubhe::interface("org.example.Six")]
trait Six {
    /// The length of six texts.
    async fn six(
        &self,
        first: String,
        second: String,
        third: String,
        fourth: String,
        fifth: String,
        sixth: String,
    ) -> Result<i64, Status>;

    /// The value itself.
    async fn same(&self, value: Value) -> Result<Value, Status>;

    /// Returns true if both are the same list of one number.
    async fn pair(&self, a: Value, b: Value) -> Result<bool, Status>;

    /// A text of as many letters.
    async fn text(&self, length: i32) -> Result<String, Status>;
}

struct Lengths;

impl Six for Lengths {
    async fn six(
        &self,
        first: String,
        second: String,
        third: String,
        fourth: String,
        fifth: String,
        sixth: String,
    ) -> Result<i64, Status> {
        let length: usize =
            [first, second, third, fourth, fifth, sixth].iter().map(String::len).sum();
        Ok(i64::try_from(length).unwrap())
    }

    async fn same(&self, value: Value) -> Result<Value, Status> {
        Ok(value)
    }

    async fn pair(&self, a: Value, b: Value) -> Result<bool, Status> {
        Ok(a.items().len() == 1 && a.items() == b.items())
    }

    async fn text(&self, length: i32) -> Result<String, Status> {
        Ok("a".repeat(usize::try_from(length).unwrap()))
    }
}

async fn serve(options: impl FnOnce(&mut dubhe::ServerOptions)) -> dubhe::RunningServer {
    let server = Server::builder().service(SixServer::new(Lengths)).options(options);
    server.start("127.0.0.1:0").await.unwrap()
}

fn caller(server: &dubhe::RunningServer, protocol: &str) -> Generic {
    let app = App::builder("test").build().unwrap();
    let url = format!("{protocol}://{}", server.addr());
    let any = app.generic("org.example.Six").url(&url).retries(0);
    let any = any.timeout(Duration::from_secs(20)).build().unwrap();
    any.with(CallOptions::new().attachment("generic", "gson"))
}

/// The limit of the memory of a message. A sixth of it is a Hessian string that is read without a copy.
const LIMIT: usize = 128 * 1024;

/// A JSON string of `length` letters, of which the first is escaped, so that it is copied and charged.
fn escaped(length: usize) -> String {
    format!("\"\\u0061{}\"", "a".repeat(length - 1))
}

#[tokio::test]
async fn six_arguments_in_json_share_the_budget_of_their_message() {
    let server = serve(|o| {
        o.dubbo.decoded = MemoryLimit::new(64, LIMIT);
        o.triple.decoded = MemoryLimit::new(64, LIMIT);
    })
    .await;
    // The memory of the arguments of `$invoke` themselves, whatever the texts are.
    let six = |text: &str, class| Value::from(List::new(vec![Value::from(text); 6]).class(class));
    let names = six("java.lang.String", "[string");
    let invoke = payload::args((ByteString::from("six"), names, six("x", "[object")));
    let invoke = payload::arguments_with_memory::<(ByteString, Value, Value)>(&invoke);
    let (_, taken) = invoke.unwrap();
    let letters = LIMIT - taken - 6 * BLOCK;
    for protocol in ["dubbo", "tri"] {
        let gson = caller(&server, protocol);
        for (letters, fits) in [(letters, true), (letters + 1, false), (letters, true)] {
            let lengths = [letters / 6; 5].into_iter().chain([letters - letters / 6 * 5]);
            let args = lengths.flat_map(|length| args!["java.lang.String" => escaped(length)]);
            match gson.call("six", args).await {
                Ok(length) => {
                    assert!(fits, "{protocol}: one byte above the limit was taken");
                    assert_eq!(length, Value::from(letters.to_string()));
                }
                Err(error) => {
                    assert!(!fits, "{protocol}: {error}");
                    assert_eq!(error.code(), Code::InvalidArgument);
                    assert!(error.message().contains("option decoded"), "{error}");
                }
            }
        }
    }
}

#[tokio::test]
async fn results_in_json_have_the_limit_of_the_wire() {
    let server = serve(|o| {
        o.dubbo.decoded = MemoryLimit::new(64, LIMIT);
        o.triple.decoded = MemoryLimit::new(64, LIMIT);
    })
    .await;
    for protocol in ["dubbo", "tri"] {
        let gson = caller(&server, protocol);
        // Two quotes around it.
        let most = i32::try_from(LIMIT).unwrap() - 2;
        let text = |length: i32| gson.call("text", args!["int" => length.to_string()]);
        assert_eq!(text(most).await.unwrap().as_str().unwrap().len(), LIMIT);
        let error = text(most + 1).await.unwrap_err();
        assert_eq!(error.code(), Code::Internal, "{protocol}: {error}");
        assert!(error.message().contains("too large for json"), "{error}");
    }
}

#[tokio::test]
async fn json_over_triple_has_the_depth_of_triple_and_over_dubbo_the_default() {
    let server = serve(|o| o.triple.json_depth = 3).await;
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    // More than 127 are no option.
    for (protocol, depth, fits) in
        [("tri", 3, true), ("tri", 4, false), ("dubbo", 4, true), ("dubbo", 127, true)]
    {
        let gson = caller(&server, protocol);
        let got = gson.call("same", args!["java.lang.Object" => nested(depth)]).await;
        assert_eq!(got.is_ok(), fits, "{protocol} {depth}: {got:?}");
    }
    let gson = caller(&server, "dubbo");
    let got = gson.call("same", args!["java.lang.Object" => nested(128)]).await.unwrap_err();
    assert!(got.message().contains("nests deeper than 127;"), "{got}");
}

/// `new Object[] {x, x}` as Java writes it: the second is a reference.
#[derive(Clone)]
struct TwiceTheSame;

impl JavaType for TwiceTheSame {
    fn descriptor() -> Cow<'static, str> {
        "[Ljava/lang/Object;".into()
    }
}

impl Encode for TwiceTheSame {
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        e.buffer_mut().extend_from_slice(b"\x72\x07[object\x79\x91\x51\x91");
        Ok(())
    }
}

impl<'de> Decode<'de> for TwiceTheSame {
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        d.skip_value().map(|()| Self)
    }
}

/// The generic method as Java's interface has it.
#[dubhe::interface("org.example.Six")]
trait Raw {
    #[java(name = "$invoke")]
    async fn invoke(
        &self,
        name: String,
        types: Option<Array<String>>,
        arguments: TwiceTheSame,
    ) -> Result<Value, Status>;
}

#[tokio::test]
async fn an_object_may_be_in_two_arguments() {
    let server = serve(|_| {}).await;
    let app = App::builder("test").build().unwrap();
    for protocol in ["dubbo", "tri"] {
        let url = format!("{protocol}://{}", server.addr());
        let raw = app.client::<RawClient>().url(&url).retries(0).build().unwrap();
        let raw = raw.with(CallOptions::new().attachment("generic", "true"));
        let same = raw.invoke("pair".into(), None, TwiceTheSame).await.unwrap();
        assert_eq!(same, Value::Bool(true), "{protocol}");
    }
}
