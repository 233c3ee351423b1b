//! Calls of generated clients to generated servers over Triple.
use dubhe::{App, CallOptions, Code, Metadata, RunningServer, Server, Service as _, Status};
use dubhe_core::Request;
use dubhe_protobuf::details;
use dubhe_protobuf::types::Empty;
use dubhe_stubs::Speaker;
use dubhe_stubs::proto::sample::common::{Colour, Named};
use dubhe_stubs::proto::sample::shapes::v1::{ShapesClient, ShapesServer, Word};
use futures_util::{TryStreamExt as _, stream};

/// A client, and the server that it calls over Triple.
struct Pair {
    client: ShapesClient,
    _server: RunningServer,
}

async fn pair() -> Pair {
    let server = Server::builder().service(ShapesServer::new(Speaker));
    let server = server.start("127.0.0.1:0").await.unwrap();
    let app = App::builder("shop").build().unwrap();
    let client = app.client().url(&format!("tri://{}", server.addr())).build().unwrap();
    Pair { client, _server: server }
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
    let pair = pair().await;
    let client = pair.client.with(CallOptions::new().attachment("token", "of the options"));
    let reply = client.say(request).await.unwrap();
    assert_eq!(reply.metadata().get_str("token-seen"), Some("of the request"));
    assert_eq!(reply.trailers().get_str("cost"), Some("1"));
    assert_eq!(reply.into_inner(), sent);

    let reply = client.say(sent).await.unwrap();
    assert_eq!(reply.metadata().get_str("token-seen"), Some("of the options"));
}

#[tokio::test]
async fn many_messages_for_one() {
    let words = stream::iter([word("far", 0), word("and", 0), word("wide", 0)]);
    let joined = pair().await.client.join(words).await.unwrap().into_inner();
    assert_eq!(joined, word("far and wide", 3));
}

#[tokio::test]
async fn one_message_for_many() {
    let pair = pair().await;
    let reply = pair.client.repeat(word("so", 3)).await.unwrap();
    assert_eq!(reply.metadata().get_str("begins"), Some("now"));
    let words: Vec<Word> = reply.into_inner().try_collect().await.unwrap();
    assert_eq!(words, [word("so", 0), word("so", 1), word("so", 2)]);

    let mut none = pair.client.repeat(word("so", 0)).await.unwrap().into_inner();
    assert_eq!(none.message().await.unwrap(), None);
    assert_eq!(none.trailers(), Some(&Metadata::from_iter([("ends", "now")])));
}

#[tokio::test]
async fn many_messages_for_many_each_as_it_comes() {
    let (say, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let heard = stream::poll_fn(move |cx| heard.poll_recv(cx));
    let pair = pair().await;
    let mut answers = pair.client.chat(heard).await.unwrap().into_inner();
    for text in ["one", "two"] {
        say.send(word(text, 1)).unwrap();
        assert_eq!(answers.message().await.unwrap(), Some(word(text, 1)));
    }
    drop(say);
    assert_eq!(answers.message().await.unwrap(), None);
}

#[tokio::test]
async fn an_error_is_the_callers_in_every_shape() {
    let Pair { client, _server } = pair().await;
    let error = || word("error", 1);
    let failed = |status: Status| {
        assert_eq!((status.code(), status.message()), (Code::OutOfRange, "no such word"));
        let named: Vec<Named> = details(&status).collect();
        assert_eq!(named, [Named { name: "detail".into() }]);
        assert_eq!(details::<Word>(&status).count(), 0);
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
    assert_eq!(pair().await.client.new_(Empty {}).await.unwrap().into_inner(), Empty {});
    let named = pair().await.client.r#type(word("noun", 1)).await.unwrap().into_inner();
    assert_eq!(named, Named { name: "noun".into() });
}

#[test]
fn a_server_knows_its_descriptors_and_their_imports() {
    let set = ShapesServer::new(Speaker).descriptors().unwrap();
    for name in ["shapes.proto", "common.proto", "google/protobuf/timestamp.proto"] {
        assert!(set.windows(name.len()).any(|bytes| bytes == name.as_bytes()), "{name}");
    }
}
