//! Streams of a Java interface over Triple, from one process to itself, as a user writes them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dubhe::CallKind;
use dubhe::prelude::*;
use dubhe::registry::Memory;
use dubhe::{CallOptions, Code, ReplyAttachments, RunningServer, Service, Stub};
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::mpsc;

#[derive(Java, Clone, Debug, PartialEq)]
#[java(class = "org.example.User")]
struct User {
    name: String,
    age: i32,
}

fn user(age: i32) -> User {
    User { name: format!("u{age}"), age }
}

#[dubhe::interface("org.example.Ages")]
trait Ages {
    async fn born(&self, name: String) -> Result<User, Status>;

    async fn upto(&self, age: i32) -> Result<impl Stream<Item = Result<User, Status>>, Status>;

    async fn sum(&self, ctx: &Context, ages: Streaming<i32>) -> Result<i64, Status>;

    async fn older(
        &self,
        ctx: &Context,
        users: Streaming<User>,
    ) -> Result<impl Stream<Item = Result<User, Status>>, Status>;
}

struct Calendar;

impl Ages for Calendar {
    async fn born(&self, name: String) -> Result<User, Status> {
        Ok(User { name, age: 0 })
    }

    async fn upto(&self, age: i32) -> Result<impl Stream<Item = Result<User, Status>>, Status> {
        Ok(stream::iter((0..age).map(|age| Ok(user(age)))))
    }

    async fn sum(&self, ctx: &Context, mut ages: Streaming<i32>) -> Result<i64, Status> {
        let mut sum = ctx.attachment("from").map_or(0, |from| from.parse().unwrap());
        while let Some(age) = ages.message().await? {
            if age < 0 {
                return Err(Status::new(Code::OutOfRange, "not born yet"));
            }
            sum += i64::from(age);
        }
        Ok(sum)
    }

    async fn older(
        &self,
        ctx: &Context,
        users: Streaming<User>,
    ) -> Result<impl Stream<Item = Result<User, Status>>, Status> {
        ctx.set_reply_attachment("bounded", ctx.deadline().is_some().to_string().as_str());
        let years = ctx.attachment("years").map_or(1, |years| years.parse().unwrap());
        Ok(users.map(move |user| user.map(|user| User { age: user.age + years, ..user })))
    }
}

async fn start() -> (RunningServer, App) {
    let server = Server::builder().service(AgesServer::new(Calendar));
    let running = server.start("127.0.0.1:0").await.unwrap();
    (running, App::builder("test").build().unwrap())
}

fn client(app: &App, scheme: &str, running: &RunningServer) -> AgesClient {
    app.client().url(&format!("{scheme}://{}", running.addr())).build().unwrap()
}

#[tokio::test]
async fn each_direction_may_stream() {
    let (running, app) = start().await;
    let ages = client(&app, "tri", &running);
    assert_eq!(ages.born("Ada".into()).await.unwrap(), User { name: "Ada".into(), age: 0 });

    let upto: Vec<_> = ages.upto(3).await.unwrap().map(Result::unwrap).collect().await;
    assert_eq!(upto, [user(0), user(1), user(2)]);

    let from_10 = ages.with(CallOptions::new().attachment("from", "10"));
    assert_eq!(from_10.sum(stream::iter([1, 2, 3])).await.unwrap(), 16);
    assert_eq!(ages.sum(stream::empty()).await.unwrap(), 0);
}

#[tokio::test]
async fn only_a_timeout_of_the_method_or_the_call_bounds_a_stream() {
    let (server, app) = start().await;
    let url = format!("tri://{}", server.addr());
    let bounded = async |ages: AgesClient, options: CallOptions| {
        let received = ReplyAttachments::new();
        let ages = ages.with(options.reply_attachments(&received));
        ages.older(stream::iter([user(1)])).await.unwrap();
        received.get().get_str("bounded").map(str::to_owned)
    };
    let minute = Duration::from_mins(1);
    let client = || app.client::<AgesClient>().url(&url).timeout(minute);
    let (one, none) = (CallOptions::new().timeout(minute), CallOptions::new());
    assert_eq!(bounded(client().build().unwrap(), none.clone()).await.as_deref(), Some("false"));
    assert_eq!(bounded(client().build().unwrap(), one).await.as_deref(), Some("true"));
    let method = client().method("older", |m| m.timeout(minute)).build().unwrap();
    assert_eq!(bounded(method, none).await.as_deref(), Some("true"));
}

#[tokio::test]
async fn each_answer_comes_before_the_next_question() {
    let (running, app) = start().await;
    let (say, mut said) = mpsc::unbounded_channel();
    let said = stream::poll_fn(move |cx| said.poll_recv(cx));
    let mut older = client(&app, "tri", &running).older(said).await.unwrap();
    for age in 0..3 {
        say.send(User { name: "x".into(), age }).unwrap();
        let answer = older.message().await.unwrap().unwrap();
        assert_eq!(answer, User { name: "x".into(), age: age + 1 });
    }
    drop(say);
    assert_eq!(older.message().await.unwrap(), None);
    assert!(older.trailers().is_some());
}

/// Runs on one thread, so that the call is answered only if the argument lets others run.
#[tokio::test]
async fn an_argument_that_is_always_ready_gives_way_to_a_call_on_its_connection() {
    let (running, app) = start().await;
    let ages = client(&app, "tri", &running);
    let made = Arc::new(AtomicUsize::new(0));
    let counted = made.clone();
    let endless = stream::iter(0..).map(move |_| {
        std::thread::sleep(Duration::from_millis(1));
        counted.fetch_add(1, Ordering::Relaxed);
        0
    });
    let summing = tokio::spawn({
        let ages = ages.clone();
        async move { ages.sum(endless).await }
    });
    while made.load(Ordering::Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
    ages.born("Ada".into()).await.unwrap();
    let made = made.load(Ordering::Relaxed);
    // Those that leave together are more than 500 of this length.
    assert!(made < 200, "{made} messages were made before the call was answered");
    summing.abort();
}

#[tokio::test]
async fn an_error_of_the_handler_ends_a_stream_that_has_not_ended() {
    let (running, app) = start().await;
    let ages = stream::iter([1, -1]).chain(stream::pending());
    let error = client(&app, "tri", &running).sum(ages).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::OutOfRange, "not born yet"));
}

#[tokio::test]
async fn the_dubbo_protocol_carries_the_other_methods_only() {
    let (running, app) = start().await;
    let ages = client(&app, "dubbo", &running);
    assert_eq!(ages.born("Ada".into()).await.unwrap().age, 0);
    assert_eq!(ages.upto(3).await.unwrap_err().code(), Code::Unimplemented);
    assert_eq!(ages.sum(stream::iter([1])).await.unwrap_err().code(), Code::Unimplemented);
    let generic = app.generic("org.example.Ages").url(&format!("tri://{}", running.addr()));
    let error = generic.build().unwrap().call("upto", args!["int" => 3]).await.unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented, "{error}");
}

#[tokio::test]
async fn a_registry_leads_streams_to_triple() {
    let registry = Memory::default();
    let server = Server::builder().service(AgesServer::new(Calendar)).registry(registry.clone());
    let _running = server.start("127.0.0.1:0").await.unwrap();
    let app = App::builder("test").registry_instance(registry).build().unwrap();
    let ages: AgesClient = app.client().build().unwrap();
    assert_eq!(ages.sum(stream::iter([4])).await.unwrap(), 4);
}

#[test]
fn the_descriptors_are_of_what_a_message_carries() {
    let methods = AgesServer::new(Calendar).methods();
    let described: Vec<_> =
        methods.iter().map(|m| (&*m.name, m.descriptor.as_deref().unwrap(), m.kind)).collect();
    assert_eq!(
        described,
        [
            ("born", "Ljava/lang/String;", CallKind::Unary),
            ("upto", "I", CallKind::ServerStream),
            ("sum", "Ljava/lang/Integer;", CallKind::ClientStream),
            ("older", "Lorg/example/User;", CallKind::Bidirectional),
        ]
    );
    assert_eq!(AgesClient::protocols(), ["tri"]);
}
