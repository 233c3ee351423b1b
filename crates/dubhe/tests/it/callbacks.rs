//! Callback arguments, both ends in this process.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use dubhe::prelude::*;
use dubhe::registry::Memory;
use dubhe::{Callback, RunningServer};
use dubhe_testkit::wait_until;

#[derive(JavaException, Clone, Debug, PartialEq)]
#[java(class = "org.example.Busy")]
struct Busy {
    #[java(message)]
    message: String,
}

#[dubhe::interface("org.example.Listener")]
trait Listener {
    async fn changed(&self, text: &str) -> Result<String, Status>;
    #[java(oneway)]
    async fn tick(&self, count: i32) -> Result<(), Status>;
}

#[dubhe::interface("org.example.Feed", version = "1.0.0", group = "g")]
trait Feed {
    /// Calls back before it answers.
    async fn ask(&self, text: String, listener: Callback<ListenerClient>)
    -> Result<String, Status>;
    /// Keeps the listener; an error that is not `Status`.
    async fn follow(&self, listener: Callback<ListenerClient>) -> Result<i32, Busy>;
    #[java(end_callbacks)]
    async fn leave(&self, listener: Callback<ListenerClient>) -> Result<i32, Busy>;
    /// Tells all who follow.
    async fn publish(&self, text: String) -> Result<Vec<String>, Status>;
}

#[derive(Clone, Default)]
struct Feeds(Arc<Mutex<Vec<Callback<ListenerClient>>>>);

impl Feeds {
    fn all(&self) -> Vec<Callback<ListenerClient>> {
        self.0.lock().unwrap().clone()
    }

    fn count(&self) -> i32 {
        self.all().len().try_into().unwrap()
    }
}

impl Feed for Feeds {
    async fn ask(
        &self,
        text: String,
        listener: Callback<ListenerClient>,
    ) -> Result<String, Status> {
        listener.tick(1).await?;
        let answer = listener.changed(&text).await?;
        Ok(format!("{answer}!"))
    }

    async fn follow(&self, listener: Callback<ListenerClient>) -> Result<i32, Busy> {
        if self.count() == 9 {
            return Err(Busy { message: "full".into() });
        }
        let mut all = self.0.lock().unwrap();
        if !all.contains(&listener) {
            all.push(listener);
        }
        drop(all);
        Ok(self.count())
    }

    async fn leave(&self, listener: Callback<ListenerClient>) -> Result<i32, Busy> {
        self.0.lock().unwrap().retain(|other| *other != listener);
        Ok(self.count())
    }

    async fn publish(&self, text: String) -> Result<Vec<String>, Status> {
        let mut answers = Vec::new();
        for listener in self.all() {
            answers.push(listener.changed(&text).await?);
        }
        Ok(answers)
    }
}

/// Answers with its name, and counts ticks.
#[derive(Clone, Default)]
struct Named(&'static str, Arc<Mutex<i32>>);

impl Listener for Named {
    async fn changed(&self, text: &str) -> Result<String, Status> {
        match text {
            "fail" => Err(Status::not_found("no such text")),
            _ => Ok(format!("{}: {text}", self.0)),
        }
    }

    async fn tick(&self, count: i32) -> Result<(), Status> {
        *self.1.lock().unwrap() += count;
        Ok(())
    }
}

fn named(name: &'static str) -> ListenerServer<Named> {
    ListenerServer::new(Named(name, Arc::default()))
}

async fn serve(feeds: &Feeds, registry: &Memory, callbacks: Option<&'static str>) -> RunningServer {
    let mut export = Export::new(FeedServer::new(feeds.clone()));
    if let Some(callbacks) = callbacks {
        export = export.param("callbacks", callbacks);
    }
    let builder = Server::builder().service(export).registry(registry.clone());
    builder.start("127.0.0.1:0").await.unwrap()
}

fn client(running: &RunningServer, query: &str) -> FeedClient {
    let app = App::builder("test").build().unwrap();
    let url = format!("dubbo://{}{query}", running.addr());
    app.client::<FeedClient>().url(&url).timeout(Duration::from_secs(20)).build().unwrap()
}

#[tokio::test]
async fn a_callee_calls_back_while_it_serves() {
    let running = serve(&Feeds::default(), &Memory::new(), None).await;
    let feed = client(&running, "");
    let listener = Named("Ada", Arc::default());
    let service = ListenerServer::new(listener.clone());
    let callback: Callback<ListenerClient> = service.into();
    for text in ["hello", "again", "and again", "once more"] {
        let answer = feed.ask(text.into(), callback.clone()).await.unwrap();
        assert_eq!(answer, format!("Ada: {text}!"));
    }
    wait_until("the ticks", || *listener.1.lock().unwrap() == 4).await;
    let error = feed.ask("fail".into(), callback.clone()).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound, "{error}");
    assert!(error.message().contains("no such text"), "{error}");
    // Here it is called without a connection.
    assert_eq!(callback.changed("here").await.unwrap(), "Ada: here");
}

#[tokio::test]
async fn a_callback_lasts_until_it_ends_or_its_connection_does() {
    let feeds = Feeds::default();
    let running = serve(&feeds, &Memory::new(), Some("2")).await;
    let (one, other) = (client(&running, "?callbacks=2"), client(&running, ""));
    let [ada, bea, eve] = ["Ada", "Bea", "Eve"].map(|name| Callback::from(named(name)));
    assert_eq!(one.follow(ada.clone()).await.unwrap(), 1);
    assert_eq!(one.follow(bea).await.unwrap(), 2);
    // The same one once more is the same one.
    assert_eq!(one.follow(ada.clone()).await.unwrap(), 2);
    assert_eq!(other.follow(eve).await.unwrap(), 3);
    let told = other.publish("x".into()).await.unwrap();
    assert_eq!(told, ["Ada: x", "Bea: x", "Eve: x"]);

    // No more than the provider publishes, on either side.
    let error = one.follow(named("Uma")).await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted, "{error}");
    assert_eq!(one.leave(ada.clone()).await.unwrap(), 2);
    assert_eq!(one.follow(named("Uma")).await.unwrap(), 3);
    let told = other.publish("y".into()).await.unwrap();
    assert_eq!(told, ["Bea: y", "Eve: y", "Uma: y"]);

    let kept = feeds.all();
    let ended = client(&running, "?callbacks=5");
    let more: Vec<_> = (0..3).map(|_| Callback::<ListenerClient>::from(named("Zoe"))).collect();
    for callback in &more[..2] {
        ended.follow(callback.clone()).await.unwrap();
    }
    let error = ended.follow(more[2].clone()).await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted, "the provider has 2: {error}");

    drop(one);
    wait_until("the end of the connection", || {
        futures_util::FutureExt::now_or_never(kept[0].changed("z")).is_some_and(|r| r.is_err())
    })
    .await;
    let error = kept[0].changed("z").await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error}");
    assert_eq!(kept[1].changed("z").await.unwrap(), "Eve: z");
}

#[tokio::test]
async fn callbacks_are_published_and_call_the_dubbo_protocol() {
    let registry = Memory::new();
    let running = serve(&Feeds::default(), &registry, None).await;
    let app = App::builder("test").registry_instance(registry.clone()).build().unwrap();
    let feed = app.client::<FeedClient>().build().unwrap();
    assert_eq!(feed.ask("x".into(), named("Ada")).await.unwrap(), "Ada: x!");
    let set = feed.client().providers();
    assert_eq!(set.get(0).unwrap().param("ask.1.callback"), Some("true"));
    assert_eq!(set.get(0).unwrap().param("leave.0.callback"), Some("false"));
    let protocols: Vec<_> = set.iter().map(|e| e.offer().protocol.clone()).collect();
    assert_eq!(protocols, ["dubbo"]);

    // Over Triple there are streams, and generic calls have no callbacks.
    let tri = format!("tri://{}", running.addr());
    let over_tri = app.client::<FeedClient>().url(&tri).build().unwrap();
    let error = over_tri.ask("x".into(), named("Ada")).await.unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented);
    assert!(error.message().contains("Stream"), "{error}");
    for url in [tri, format!("dubbo://{}", running.addr())] {
        let generic = app.generic("org.example.Feed").group("g").version("1.0.0").url(&url);
        let call = args!["org.example.Listener" => Value::Null];
        let error = generic.build().unwrap().call("follow", call).await.unwrap_err();
        assert_eq!(error.code(), Code::Unimplemented, "{error}");
        assert!(error.message().contains("callback"), "{error}");
    }
}

#[tokio::test]
async fn a_callback_that_was_received_is_not_passed_on() {
    let feeds = Feeds::default();
    let running = serve(&feeds, &Memory::new(), None).await;
    client(&running, "").follow(named("Ada")).await.unwrap();
    let received = feeds.all().remove(0);
    let error = client(&running, "").follow(received).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument, "{error}");
    let export = Export::new(FeedServer::new(feeds)).param("callbacks", "many");
    let error = Server::builder().service(export).start("127.0.0.1:0").await.unwrap_err();
    assert!(error.message().contains("callbacks=\"many\""), "{error}");
}
