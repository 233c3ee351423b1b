//! `#[interface]`: its server and its client, connected within the process.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use dubhe::__private::client::Stub;
use dubhe::__private::client::stub::ClientOptions;
use dubhe::CallKind;
use dubhe::hessian2::Array;
use dubhe::{
    CallOptions, Context, Java, JavaException, ReplyAttachments, Service, ServiceKey, Status,
    interface,
};
use futures_util::{Stream, StreamExt as _, stream};

#[derive(Java, Clone, Debug, PartialEq)]
#[java(class = "org.example.User")]
struct User {
    id: i64,
    name: String,
}

#[derive(JavaException, Clone, Debug, PartialEq)]
#[java(class = "org.example.NoSuchUser")]
struct NoSuchUser {
    #[java(message)]
    message: String,
    id: i64,
}

/// Users.
#[interface("org.example.Users", version = "1.0.0", group = "shop")]
trait Users {
    /// The user of that number.
    #[java(timeout_ms = 500, retries = 0)]
    async fn get_user(&self, id: i64) -> Result<Option<User>, Status>;

    /// The user of that number; an exception when there is none.
    async fn require(&self, id: i64) -> Result<User, NoSuchUser>;

    #[java(name = "find")]
    async fn find_by_name(&self, ctx: &Context, name: &str) -> Result<Vec<User>, Status>;

    #[java(name = "find")]
    async fn find_by_names(
        &self,
        names: &Array<String>,
        ids: &[i64],
        limit: Option<i32>,
    ) -> Result<HashMap<String, User>, Status>;

    #[java(oneway)]
    async fn touch(&self, id: i64) -> Result<(), Status>;

    async fn watch(&self, since: i64) -> Result<impl Stream<Item = Result<User, Status>>, Status>;

    async fn nothing(&self) -> Result<(), Status> {
        Ok(())
    }
}

#[derive(Default)]
struct Store {
    touched: AtomicI64,
}

fn ada() -> User {
    User { id: 1, name: "Ada".into() }
}

impl Users for Store {
    async fn get_user(&self, id: i64) -> Result<Option<User>, Status> {
        tokio::task::yield_now().await;
        Ok((id == 1).then(ada))
    }

    async fn require(&self, id: i64) -> Result<User, NoSuchUser> {
        self.get_user(id)
            .await
            .ok()
            .flatten()
            .ok_or_else(|| NoSuchUser { message: format!("no user {id}"), id })
    }

    async fn find_by_name(&self, ctx: &Context, name: &str) -> Result<Vec<User>, Status> {
        ctx.set_reply_attachment("tenant", ctx.attachment("tenant").unwrap_or("none"));
        Ok(if name == "Ada" { vec![ada()] } else { Vec::new() })
    }

    async fn find_by_names(
        &self,
        names: &Array<String>,
        ids: &[i64],
        limit: Option<i32>,
    ) -> Result<HashMap<String, User>, Status> {
        let limit = usize::try_from(limit.unwrap_or(i32::MAX)).unwrap();
        let found = names.0.iter().zip(ids).take(limit);
        Ok(found.map(|(name, id)| (name.clone(), User { id: *id, name: name.clone() })).collect())
    }

    async fn touch(&self, id: i64) -> Result<(), Status> {
        self.touched.store(id, Ordering::SeqCst);
        Ok(())
    }

    async fn watch(&self, since: i64) -> Result<impl Stream<Item = Result<User, Status>>, Status> {
        Ok(stream::iter([since, since + 1]).map(|id| Ok(User { id, ..ada() })))
    }
}

fn client(store: &Arc<Store>) -> UsersClient {
    crate::local::client(UsersServer::from(store.clone()))
}

#[tokio::test]
async fn values_go_there_and_back() {
    let users = client(&Arc::default());
    assert_eq!(users.get_user(1).await.unwrap(), Some(ada()));
    assert_eq!(users.get_user(2).await.unwrap(), None);
    users.nothing().await.unwrap();
}

#[tokio::test]
async fn overloads_are_told_apart_by_their_arguments() {
    let users = client(&Arc::default());
    assert_eq!(users.find_by_name("Ada").await.unwrap(), [ada()]);
    let names = Array(vec!["a".to_owned(), "b".to_owned()]);
    let found = users.find_by_names(&names, &[7, 8], Some(1)).await.unwrap();
    assert_eq!(found, HashMap::from([("a".to_owned(), User { id: 7, name: "a".into() })]));
}

#[tokio::test]
async fn an_exception_arrives_with_its_fields() {
    let users = client(&Arc::default());
    let status = users.require(9).await.unwrap_err();
    let expected = NoSuchUser { message: "no user 9".into(), id: 9 };
    assert_eq!(NoSuchUser::from_status(&status), Some(expected));
}

#[tokio::test]
async fn attachments_pass_through_the_context() {
    let received = ReplyAttachments::new();
    let options = CallOptions::new().attachment("tenant", "acme").reply_attachments(&received);
    let users = client(&Arc::default()).with(options);
    users.find_by_name("x").await.unwrap();
    assert_eq!(received.get().get_str("tenant"), Some("acme"));
}

#[tokio::test]
async fn a_oneway_call_runs() {
    let store = Arc::new(Store::default());
    client(&store).touch(5).await.unwrap();
    assert_eq!(store.touched.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn a_stream_of_replies_arrives_in_order() {
    let stream = client(&Arc::default()).watch(7).await.unwrap();
    let users: Vec<_> = stream.map(Result::unwrap).collect().await;
    assert_eq!(users, [User { id: 7, ..ada() }, User { id: 8, ..ada() }]);
}

#[test]
fn the_descriptors_are_javas() {
    let server = UsersServer::new(Store::default());
    let methods: Vec<_> = server
        .methods()
        .iter()
        .map(|m| (m.name.to_string(), m.descriptor.clone().unwrap().to_string(), m.kind))
        .collect();
    let expected = [
        ("getUser", "J", CallKind::Unary),
        ("require", "J", CallKind::Unary),
        ("find", "Ljava/lang/String;", CallKind::Unary),
        ("find", "[Ljava/lang/String;Ljava/util/List;Ljava/lang/Integer;", CallKind::Unary),
        ("touch", "J", CallKind::OneWay),
        ("watch", "J", CallKind::ServerStream),
        ("nothing", "", CallKind::Unary),
    ];
    assert_eq!(methods, expected.map(|(name, d, kind)| (name.to_owned(), d.to_owned(), kind)));
    let key = ServiceKey::new("org.example.Users", "shop", "1.0.0");
    assert_eq!(server.key(), key);
    assert_eq!(UsersClient::service(), key);
}

#[test]
fn only_methods_with_options_have_some() {
    let options = <UsersClient as Stub>::methods();
    assert_eq!(options.len(), 1);
    let (name, ClientOptions { timeout, retries, .. }) = &options[0];
    assert_eq!(name, "getUser");
    assert_eq!(*timeout, Some(Duration::from_millis(500)));
    assert_eq!(*retries, Some(0));
}

#[tokio::test]
async fn options_of_a_method_that_does_not_exist_are_refused() {
    let app = dubhe::App::builder("test").build().unwrap();
    let client = app.client::<UsersClient>().url("127.0.0.1:1");
    let error = client.method("get_user", |method| method.retries(0)).build().unwrap_err();
    assert_eq!(error.code(), dubhe::Code::InvalidArgument);
    let expected = "options are given to the method get_user, which shop/org.example.Users:1.0.0 does \
                    not have; its methods on the wire are ";
    assert!(error.message().starts_with(expected), "{error}");
    assert!(error.message().contains("getUser, "), "{error}");
    let client = app.client::<UsersClient>().url("127.0.0.1:1");
    client.method("getUser", |method| method.retries(0)).build().unwrap();
    let generic = app.generic("org.example.Users").url("127.0.0.1:1");
    generic.method("get_user", |method| method.retries(0)).build().unwrap();
}
