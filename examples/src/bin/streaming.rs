//! Streams in every direction.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use dubhe::prelude::*;
use dubhe_examples::hello::Polite;
use dubhe_examples::hello::proto::{GreeterClient, GreeterServer, Hello};
use futures_util::{TryStreamExt, stream};
use tokio::sync::mpsc;

fn hello(name: &str) -> Hello {
    Hello { name: name.into() }
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    let server = Server::builder().service(GreeterServer::new(Polite)).start("127.0.0.1:0").await?;
    let app = App::builder("streaming").build()?;
    let greeter = app.client::<GreeterClient>().url(&format!("tri://{}", server.addr())).build()?;

    // One request, many replies: a stream.
    let said = greeter.repeat(hello("Ada")).await?.into_inner();
    let texts: Vec<String> = said.map_ok(|said| said.text).try_collect().await?;
    println!("repeat: {texts:?}");

    // Many requests, one reply: any stream will do.
    let guests = stream::iter([hello("Ada"), hello("Grace")]);
    println!("welcome: {}", greeter.welcome(guests).await?.into_inner().text);

    // Both at once: here each request waits for the reply to the one before.
    let (say, mut guests) = mpsc::channel(1);
    let guests = stream::poll_fn(move |cx| guests.poll_recv(cx));
    let mut replies = greeter.chat(guests).await?.into_inner();
    for name in ["Ada", "Grace"] {
        if say.send(hello(name)).await.is_err() {
            break;
        }
        if let Some(said) = replies.message().await? {
            println!("chat: {}", said.text);
        }
    }
    drop(say);
    assert!(replies.message().await?.is_none());
    server.stop().await;
    Ok(())
}
