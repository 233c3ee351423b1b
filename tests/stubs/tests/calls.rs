//! Calls of generated clients to generated servers, without a network between them.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests stop at a surprise")]

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use dubhe_client::{CallOptions, ClientBuilder, Environment};
use dubhe_core::connect::{Channel, ChannelState, Connect};
use dubhe_core::serve::{Dispatch as _, Wanted};
use dubhe_core::time::{Clock, Sleep};
use dubhe_core::{Call, Code, Endpoint, Invoke, Invoking, Metadata, Status};
use dubhe_protobuf::pbjson_types::Empty;
use dubhe_protobuf::{Request, Response, Streaming};
use dubhe_server::{Export, Service as _, Services};
use dubhe_stubs::proto::sample::common::{Colour, Named};
use dubhe_stubs::proto::sample::shapes::v1::{Shapes, ShapesClient, ShapesServer, Word};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};

struct Speaker;

fn said(word: Word) -> Result<Word, Status> {
    match &*word.text {
        "error" => Err(Status::new(Code::OutOfRange, "no such word")),
        _ => Ok(word),
    }
}

impl Shapes for Speaker {
    async fn say(&self, request: Request<Word>) -> Result<Response<Word>, Status> {
        let mut metadata = Metadata::new();
        if let Some(token) = request.metadata().get_str("token") {
            metadata.insert("token-seen", token);
        }
        Ok(Response::with_metadata(said(request.into_inner())?, metadata))
    }

    async fn join(&self, request: Request<Streaming<Word>>) -> Result<Response<Word>, Status> {
        let mut words = request.into_inner();
        let mut texts = Vec::new();
        while let Some(word) = words.message().await? {
            texts.push(said(word)?.text);
        }
        let times = i32::try_from(texts.len()).unwrap();
        Ok(Word { text: texts.join(" "), times, ..Word::default() }.into())
    }

    async fn repeat(
        &self,
        request: Request<Word>,
    ) -> Result<Response<impl Stream<Item = Result<Word, Status>>>, Status> {
        let word = said(request.into_inner())?;
        let metadata = Metadata::from_iter([("begins", "now")]);
        let words = (0..word.times).map(move |times| Ok(Word { times, ..word.clone() }));
        Ok(Response::with_metadata(stream::iter(words), metadata))
    }

    async fn chat(
        &self,
        request: Request<Streaming<Word>>,
    ) -> Result<Response<impl Stream<Item = Result<Word, Status>>>, Status> {
        Ok(request.into_inner().map(|word| said(word?)).into())
    }

    async fn new(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Ok(Empty {}.into())
    }

    async fn r#type(&self, request: Request<Word>) -> Result<Response<Named>, Status> {
        Ok(Named { name: request.into_inner().text }.into())
    }
}

struct Tokio;

impl Clock for Tokio {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn sleep_until(&self, when: Instant) -> Sleep {
        Box::pin(tokio::time::sleep_until(when.into()))
    }
}

/// A protocol that hands calls to the services of this process.
#[derive(Clone)]
struct Local(Arc<Services>);

impl Connect for Local {
    fn protocol(&self) -> &'static str {
        "local"
    }

    fn connect(&self, _: &Endpoint) -> Result<Arc<dyn Channel>, Status> {
        Ok(Arc::new(self.clone()))
    }
}

impl Invoke for Local {
    fn invoke(&self, call: Call) -> Invoking {
        let wanted = Wanted {
            interface: call.head.service.interface(),
            group: call.head.service.group(),
            version: call.head.service.version(),
            method: &call.head.method.name,
            descriptor: None,
        };
        match self.0.find(wanted) {
            Ok(target) => {
                assert_eq!(target.method, call.head.method);
                target.invoke.invoke(call)
            }
            Err(status) => Invoking::ready(Err(status)),
        }
    }
}

impl Channel for Local {
    fn state(&self) -> ChannelState {
        ChannelState::Ready
    }

    fn changed(&self, _: ChannelState) -> Pin<Box<dyn Future<Output = ChannelState> + Send>> {
        Box::pin(std::future::pending())
    }

    fn warm_up(&self) {}

    fn close(&self, _: bool) {}
}

fn client() -> ShapesClient {
    let mut services = Services::builder();
    services.export(Export::new(ShapesServer::new(Speaker)));
    let local = Local(Arc::new(services.build().unwrap()));
    let env = Environment::builder("shop", Arc::new(Tokio)).connect(Arc::new(local)).build();
    ClientBuilder::new(&env).endpoint(Endpoint::of("local", "h", 1)).build().unwrap()
}

fn word(text: &str, times: i32) -> Word {
    Word { text: text.into(), times, ..Word::default() }
}

#[tokio::test]
async fn one_message_for_one_with_metadata_both_ways() {
    let sent = Word {
        serial_number: 1 << 60,
        raw: vec![0, 255].into(),
        colour: Colour::Red.into(),
        scores: [("a".to_owned(), 1)].into(),
        inner: Some(Box::new(word("inner", 2))),
        ..word("outer", 1)
    };
    let mut request = Request::new(sent.clone());
    request.metadata_mut().insert("token", "of the request");
    let client = client().with(CallOptions::new().attachment("token", "of the options"));
    let reply = client.say(request).await.unwrap();
    assert_eq!(reply.metadata().get_str("token-seen"), Some("of the request"));
    assert_eq!(reply.into_inner(), sent);

    let reply = client.say(sent).await.unwrap();
    assert_eq!(reply.metadata().get_str("token-seen"), Some("of the options"));
}

#[tokio::test]
async fn many_messages_for_one() {
    let words = stream::iter([word("far", 0), word("and", 0), word("wide", 0)]);
    let joined = client().join(words).await.unwrap().into_inner();
    assert_eq!(joined, word("far and wide", 3));
}

#[tokio::test]
async fn one_message_for_many() {
    let reply = client().repeat(word("so", 3)).await.unwrap();
    assert_eq!(reply.metadata().get_str("begins"), Some("now"));
    let words: Vec<Word> = reply.into_inner().try_collect().await.unwrap();
    assert_eq!(words, [word("so", 0), word("so", 1), word("so", 2)]);

    let mut none = client().repeat(word("so", 0)).await.unwrap().into_inner();
    assert_eq!(none.message().await.unwrap(), None);
    assert_eq!(none.trailers(), Some(&Metadata::new()));
}

#[tokio::test]
async fn many_messages_for_many_each_as_it_comes() {
    let (say, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let heard = stream::poll_fn(move |cx| heard.poll_recv(cx));
    let mut answers = client().chat(heard).await.unwrap().into_inner();
    for text in ["one", "two"] {
        say.send(word(text, 1)).unwrap();
        assert_eq!(answers.message().await.unwrap(), Some(word(text, 1)));
    }
    drop(say);
    assert_eq!(answers.message().await.unwrap(), None);
}

#[tokio::test]
async fn an_error_is_the_callers_in_every_shape() {
    let (client, error) = (client(), || word("error", 1));
    let failed = |status: Status| {
        assert_eq!((status.code(), status.message()), (Code::OutOfRange, "no such word"));
    };
    failed(client.say(error()).await.unwrap_err());
    failed(client.join(stream::iter([word("x", 1), error()])).await.unwrap_err());
    failed(client.repeat(error()).await.unwrap_err());

    let words = stream::iter([word("x", 1), error(), word("y", 1)]);
    let mut answers = client.chat(words).await.unwrap().into_inner();
    assert_eq!(answers.message().await.unwrap(), Some(word("x", 1)));
    failed(answers.message().await.unwrap_err());
    assert_eq!(answers.message().await.unwrap(), None);
}

#[tokio::test]
async fn names_that_rust_or_the_client_has_already() {
    assert_eq!(client().new_(Empty {}).await.unwrap().into_inner(), Empty {});
    let named = client().r#type(word("noun", 1)).await.unwrap().into_inner();
    assert_eq!(named, Named { name: "noun".into() });
}

#[test]
fn a_server_knows_its_descriptors_and_their_imports() {
    let set = ShapesServer::new(Speaker).descriptors().unwrap();
    for name in ["shapes.proto", "common.proto", "google/protobuf/timestamp.proto"] {
        assert!(set.windows(name.len()).any(|bytes| bytes == name.as_bytes()), "{name}");
    }
}
