//! A provider and a consumer in one process, over real sockets, as a user writes them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dubhe::prelude::*;
use dubhe::registry::Memory;
use dubhe::{ReplyAttachments, ServiceKey};

#[derive(Java, Clone, Debug, Default, PartialEq)]
#[java(class = "org.example.User")]
struct User {
    id: i64,
    full_name: String,
    tags: Vec<String>,
    boss: Option<Box<User>>,
}

#[derive(JavaException, Clone, Debug, PartialEq)]
#[java(class = "org.example.NoSuchUserException")]
struct NoSuchUser {
    #[java(message)]
    message: String,
    id: i64,
}

#[dubhe::interface("org.example.Users", version = "1.0.0", group = "shop")]
trait Users {
    async fn get_user(&self, id: i64) -> Result<Option<User>, NoSuchUser>;
    #[java(name = "find")]
    async fn find_by_name(&self, name: String) -> Result<Vec<User>, Status>;
    #[java(name = "find")]
    async fn find_by_age(&self, age: i32) -> Result<Vec<User>, Status>;
    async fn attachment(&self, ctx: &Context, key: String) -> Result<Option<String>, Status>;
    async fn sleep(&self, millis: i32) -> Result<String, Status>;
    async fn left(&self, ctx: &Context) -> Result<i64, Status>;
    async fn explode(&self) -> Result<(), Status>;
    #[java(oneway)]
    async fn note(&self, text: String) -> Result<(), Status>;
}

#[derive(Default)]
struct InMemory {
    notes: Arc<AtomicUsize>,
    sleeping: Arc<AtomicUsize>,
}

/// Counts for as long as it lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(counter: &Arc<AtomicUsize>) -> Self {
        counter.fetch_add(1, Ordering::SeqCst);
        Self(counter.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn ada() -> User {
    let boss = User { id: 1, full_name: "Babbage".into(), ..User::default() };
    User { id: 42, full_name: "Ada".into(), tags: vec!["x".into()], boss: Some(Box::new(boss)) }
}

impl Users for InMemory {
    async fn get_user(&self, id: i64) -> Result<Option<User>, NoSuchUser> {
        match id {
            42 => Ok(Some(ada())),
            0 => Ok(None),
            id => Err(NoSuchUser { message: format!("no user {id}"), id }),
        }
    }

    async fn find_by_name(&self, name: String) -> Result<Vec<User>, Status> {
        Ok(vec![User { full_name: name, ..User::default() }])
    }

    async fn find_by_age(&self, age: i32) -> Result<Vec<User>, Status> {
        Ok((0..age).map(|i| User { id: i64::from(i), ..User::default() }).collect())
    }

    async fn attachment(&self, ctx: &Context, key: String) -> Result<Option<String>, Status> {
        let value = ctx.attachment(&key).map(str::to_owned);
        ctx.set_reply_attachment(format!("reply-{key}"), value.clone());
        Ok(value)
    }

    async fn sleep(&self, millis: i32) -> Result<String, Status> {
        let _counted = Counted::new(&self.sleeping);
        tokio::time::sleep(Duration::from_millis(millis.unsigned_abs().into())).await;
        Ok(format!("slept {millis}"))
    }

    async fn left(&self, ctx: &Context) -> Result<i64, Status> {
        let left = ctx.deadline().unwrap().left(dubhe::net::time::now());
        Ok(left.as_millis().try_into().unwrap())
    }

    async fn explode(&self) -> Result<(), Status> {
        panic!("a handler that panics");
    }

    async fn note(&self, _: String) -> Result<(), Status> {
        self.notes.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

async fn server() -> (dubhe::RunningServer, Arc<InMemory>, String) {
    let users = Arc::new(InMemory::default());
    let running = Server::builder()
        .service(UsersServer::from(users.clone()))
        .start("127.0.0.1:0")
        .await
        .unwrap();
    let url = format!("dubbo://{}", running.addr());
    (running, users, url)
}

fn app() -> App {
    App::builder("test").build().unwrap()
}

fn client(url: &str) -> UsersClient {
    app().client::<UsersClient>().url(url).timeout(Duration::from_secs(5)).build().unwrap()
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..500 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

#[tokio::test]
async fn typed_calls_exceptions_and_overloads() {
    let (_running, _, url) = server().await;
    let users = client(&url);
    assert_eq!(users.get_user(42).await.unwrap(), Some(ada()));
    assert_eq!(users.get_user(0).await.unwrap(), None);
    assert_eq!(users.find_by_name("é中😀".into()).await.unwrap()[0].full_name, "é中😀");
    assert_eq!(users.find_by_age(300).await.unwrap().len(), 300);

    let status = users.get_user(7).await.unwrap_err();
    assert!(status.is_business());
    assert_eq!(status.java().unwrap().class(), "org.example.NoSuchUserException");
    let expected = NoSuchUser { message: "no user 7".into(), id: 7 };
    assert_eq!(NoSuchUser::from_status(&status), Some(expected));
}

#[tokio::test]
async fn attachments_travel_both_ways() {
    let (_running, _, url) = server().await;
    let received = ReplyAttachments::new();
    let options = CallOptions::new().attachment("trace", "t-1").reply_attachments(&received);
    let users = client(&url).with(options);
    assert_eq!(users.attachment("trace".into()).await.unwrap().as_deref(), Some("t-1"));
    assert_eq!(received.get().get_str("reply-trace"), Some("t-1"));
    assert_eq!(users.attachment("none".into()).await.unwrap(), None);
}

#[tokio::test]
async fn a_timeout_frees_both_ends() {
    let (_running, service, url) = server().await;
    let users = client(&url).with(CallOptions::new().timeout(Duration::from_millis(100)));
    let status = users.sleep(60_000).await.unwrap_err();
    assert!(status.is_timeout(), "{status}");
    until("the handler is dropped", || service.sleeping.load(Ordering::SeqCst) == 0).await;
    assert_eq!(client(&url).sleep(1).await.unwrap(), "slept 1");
    assert!((1..=100).contains(&users.left().await.unwrap()));
}

#[tokio::test]
async fn a_dropped_call_is_not_waited_for() {
    let (_running, service, url) = server().await;
    let users = client(&url);
    let call = tokio::spawn({
        let users = users.clone();
        async move { users.sleep(200).await }
    });
    until("the handler runs", || service.sleeping.load(Ordering::SeqCst) == 1).await;
    call.abort();
    assert_eq!(users.sleep(1).await.unwrap(), "slept 1");
}

#[tokio::test]
async fn a_panic_is_the_answer_to_its_own_call() {
    let (_running, _, url) = server().await;
    let users = client(&url);
    let (panicked, other) = tokio::join!(users.explode(), users.sleep(20));
    assert_eq!(panicked.unwrap_err().code(), Code::Internal);
    assert_eq!(other.unwrap(), "slept 20");
}

#[tokio::test]
async fn one_way_calls_are_not_answered_but_arrive() {
    let (_running, service, url) = server().await;
    let users = client(&url);
    users.note("a".into()).await.unwrap();
    users.note("b".into()).await.unwrap();
    until("both arrive", || service.notes.load(Ordering::SeqCst) == 2).await;
}

#[tokio::test]
async fn many_calls_at_once_over_one_connection() {
    let (running, _, url) = server().await;
    let users = client(&url);
    let calls: Vec<_> = (0..200)
        .map(|i| {
            let users = users.clone();
            tokio::spawn(async move { (i, users.sleep(i % 20).await.unwrap()) })
        })
        .collect();
    for call in calls {
        let (i, answer) = call.await.unwrap();
        assert_eq!(answer, format!("slept {}", i % 20));
    }
    assert_eq!(running.connections(), 1);
}

#[tokio::test]
async fn unknown_names_are_told_of() {
    let (_running, _, url) = server().await;
    let app = app();
    let generic =
        |key: &str| app.generic("").service(ServiceKey::parse(key)).url(&url).build().unwrap();
    let status = generic("shop/org.example.Users:1.0.0").call("nope", args![]).await.unwrap_err();
    assert!(status.message().contains("nope"), "{status}");
    let status = generic("org.example.Users").call("getUser", args!["long" => 1_i64]).await;
    assert!(
        status.as_ref().unwrap_err().message().contains("check group and version"),
        "{status:?}"
    );
    let status = generic("org.example.Other").call("m", args![]).await.unwrap_err();
    assert!(status.message().contains("org.example.Other"), "{status}");
}

#[tokio::test]
async fn generic_calls_see_plain_values() {
    let (_running, _, url) = server().await;
    let users = app()
        .generic("")
        .service(ServiceKey::new("org.example.Users", "shop", "1.0.0"))
        .url(&url)
        .build()
        .unwrap();
    let ada = users.call("getUser", args!["long" => 42_i64]).await.unwrap();
    assert_eq!(ada.get("class").and_then(Value::as_str), Some("org.example.User"));
    assert_eq!(ada.get("fullName").and_then(Value::as_str), Some("Ada"));
    let boss = ada.get("boss").unwrap();
    assert_eq!(boss.get("id"), Some(&Value::Long(1)));
    // An overload is chosen by its type.
    let found = users.call("find", args!["int" => 3]).await.unwrap();
    assert_eq!(found.items().len(), 3);
    let status = users.call("getUser", args!["long" => 7_i64]).await.unwrap_err();
    let class = status.java().unwrap().class().clone();
    assert_eq!(class, "com.alibaba.dubbo.rpc.service.GenericException");
    assert!(status.message().contains("org.example.NoSuchUserException"), "{status}");

    for (form, argument, expected) in [("gson", "42", "Ada"), ("protobuf-json", "42", "Ada")] {
        let json = users.with(CallOptions::new().attachment("generic", form));
        let answer = json.call("getUser", args!["long" => argument]).await.unwrap();
        assert!(answer.as_str().unwrap().contains(expected), "{answer:?}");
    }
    for form in ["bean", "nativejava"] {
        let refused = users.with(CallOptions::new().attachment("generic", form));
        let status = refused.call("getUser", args!["long" => 42_i64]).await.unwrap_err();
        assert!(status.message().contains("generic=true"), "{status}");
    }
}

#[tokio::test]
async fn a_registry_brings_them_together_and_a_stop_loses_no_call() {
    let registry = Memory::new();
    let start = |addr: &'static str| {
        Server::builder()
            .service(UsersServer::new(InMemory::default()))
            .registry(registry.clone())
            .start(addr)
    };
    let first = start("127.0.0.1:0").await.unwrap();
    let app = App::builder("test").registry_instance(registry.clone()).build().unwrap();
    let users = app.client::<UsersClient>().timeout(Duration::from_secs(5)).build().unwrap();
    until_answer(&users).await;
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let users = users.clone();
            tokio::spawn(async move { users.sleep(100).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let second = start("127.0.0.1:0").await.unwrap();
    assert_eq!(first.stop().await, 0);
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), "slept 100");
    }
    for _ in 0..20 {
        assert_eq!(users.get_user(42).await.unwrap(), Some(ada()));
    }
    second.stop().await;
    let status = users.get_user(42).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
}

/// The first snapshot comes to a client in the background.
async fn until_answer(users: &UsersClient) {
    for _ in 0..500 {
        if users.get_user(42).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no answer");
}

#[tokio::test]
async fn tokens_are_published_and_asked_for() {
    let registry = Memory::new();
    let export = Export::new(UsersServer::new(InMemory::default())).token("s3cret");
    let running = Server::builder()
        .service(export)
        .registry(registry.clone())
        .start("127.0.0.1:0")
        .await
        .unwrap();
    let app = App::builder("test").registry_instance(registry).build().unwrap();
    until_answer(&app.client::<UsersClient>().build().unwrap()).await;
    let direct = client(&format!("dubbo://{}", running.addr()));
    let status = direct.get_user(42).await.unwrap_err();
    assert!(status.message().contains("no token"), "{status}");
    let url = format!("dubbo://{}?token=s3cret", running.addr());
    assert_eq!(client(&url).get_user(42).await.unwrap(), Some(ada()));
}
