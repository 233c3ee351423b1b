//! Generated servers and clients, connected by a socket.

use std::sync::atomic::{AtomicI64, Ordering};

use dubhe::java::{Array, BigDecimal};
use dubhe::prelude::*;
use dubhe::{RunningServer, Service, Stream};
use futures_util::{StreamExt as _, stream};

use crate::generated::people::{Employee, User, Users, UsersClient, UsersServer};
use crate::generated::shop::{
    AnyShopException, Expr, ExprLiteral, Fatal, FatalLost, Feed, FeedClient, FeedServer,
    JavaResult, Keys, Listener, ListenerClient, ListenerServer, NoFunds, Node, Order, Orders,
    OrdersClient, OrdersServer, Page, Shape, ShapeCircle, ShopException, Stock, StockClient,
    StockServer, Types,
};

struct Shop;

impl Orders for Shop {
    async fn find_long(&self, id: i64) -> Result<Option<Order>, Status> {
        Ok((id > 0).then(|| Order { id, ..Order::default() }))
    }

    async fn find_boxed_long(&self, id: Option<i64>) -> Result<Option<Order>, Status> {
        Ok(id.map(|id| Order { id: id + 1000, ..Order::default() }))
    }

    async fn find_string_int_array(
        &self,
        name: String,
        states: Array<i32>,
    ) -> Result<Option<Vec<Order>>, Status> {
        let id = |state: &i32| i64::from(*state) + i64::try_from(name.len()).unwrap();
        Ok(Some(states.iter().map(|state| Order { id: id(state), ..Order::default() }).collect()))
    }

    async fn find_all(&self) -> Result<Option<Vec<Order>>, Status> {
        Ok(None)
    }

    async fn pay(&self, _: Order, amount: BigDecimal) -> Result<(), Status> {
        let shop_exception =
            ShopException { message: Some(amount.to_string()), ..Default::default() };
        Err(NoFunds { shop_exception, missing: 3, message_2: None }.into())
    }

    async fn burn(&self, _: Order) -> Result<(), Status> {
        Err(Fatal::Lost(FatalLost::default()).into())
    }

    async fn page(
        &self,
        like: Page<i32>,
        before: JavaResult<String>,
    ) -> Result<Option<Page<Order>>, Status> {
        let Page { items, first, rest, .. } = like;
        let rest = rest.unwrap_or_default().0.into_iter().flatten();
        let number = items.unwrap_or_default().into_iter().chain(first).chain(rest).sum();
        Ok(before.ok.then(|| Page { number, ..Page::default() }))
    }

    async fn draw(&self, shape: Shape, expr: Expr) -> Result<Option<Shape>, Status> {
        assert_eq!(expr, Expr::Literal(ExprLiteral { value: 1 }));
        Ok(Some(shape))
    }

    async fn walk(&self, node: Node) -> Result<Option<Node>, Status> {
        Ok(Some(node))
    }

    async fn keys(&self, keys: Keys, _: Types) -> Result<Option<Keys>, Status> {
        Ok(Some(keys))
    }

    async fn add(
        &self,
        orders: Vec<Order>,
        names: Vec<String>,
        sizes: Vec<f64>,
        by_size: Value,
        any: Value,
        counts: Array<Option<i32>>,
        more: Array<Value>,
    ) -> Result<i32, Status> {
        assert_eq!((by_size, any), (Value::map([(1.5, "x")]), "any".into()));
        let lengths = [orders.len(), names.len(), sizes.len(), counts.len(), more.len()];
        Ok(i32::try_from(lengths.iter().sum::<usize>()).unwrap())
    }

    async fn client_(&self, r#type: i32) -> Result<Option<String>, Status> {
        Ok(Some(r#type.to_string()))
    }

    async fn thing(&self, thing: Value) -> Result<Value, Status> {
        Ok(thing)
    }
}

#[derive(Default)]
struct People;

impl Users for People {
    async fn find(&self, id: i64) -> Result<Option<User>, Status> {
        Ok((id > 0).then(|| User { id, ..User::default() }))
    }

    async fn greet(&self, name: String, age: Option<i32>) -> Result<String, Status> {
        Ok(format!("{name} {age:?}"))
    }

    async fn remove(&self, _: User) -> Result<(), Status> {
        Ok(())
    }

    async fn promote(
        &self,
        user: User,
        title: String,
        raise: Value,
    ) -> Result<Option<Employee>, Status> {
        assert_eq!(raise, Value::from(5));
        Ok(Some(Employee { user, title: Some(title), boss: None }))
    }
}

struct News;

impl Feed for News {
    async fn follow(
        &self,
        _topic: String,
        listener: Callback<ListenerClient>,
    ) -> Result<i32, Status> {
        listener.changed(Order { id: 5, ..Order::default() }).await?;
        Ok(1)
    }
}

#[derive(Default)]
struct Seen(AtomicI64);

impl Listener for Seen {
    async fn changed(&self, order: Order) -> Result<(), Status> {
        self.0.store(order.id, Ordering::SeqCst);
        Ok(())
    }
}

struct Store;

impl Stock for Store {
    async fn watch(
        &self,
        since: i64,
        names: Vec<String>,
    ) -> Result<impl Stream<Item = Result<Order, Status>>, Status> {
        let ids = names.into_iter().enumerate();
        let orders = ids.map(move |(at, _)| since + i64::try_from(at).unwrap());
        Ok(stream::iter(orders.map(|id| Ok(Order { id, ..Order::default() })).collect::<Vec<_>>()))
    }

    async fn store(
        &self,
        ids: Streaming<i64>,
    ) -> Result<impl Stream<Item = Result<Order, Status>>, Status> {
        Ok(ids.map(|id| id.map(|id| Order { id, ..Order::default() })))
    }

    async fn count(&self) -> Result<i32, Status> {
        Ok(1)
    }
}

async fn served(service: impl Service, scheme: &str) -> (RunningServer, App, String) {
    let server = Server::builder().service(service).start("127.0.0.1:0").await.unwrap();
    let url = format!("{scheme}://{}", server.addr());
    (server, App::builder("generated").build().unwrap(), url)
}

#[tokio::test]
async fn each_method_is_found_by_the_types_of_java() {
    let (_server, app, url) = served(OrdersServer::new(Shop), "dubbo").await;
    let orders = app.client::<OrdersClient>().url(&url).build().unwrap();
    let id = |order: Option<Order>| order.map(|order| order.id);
    assert_eq!(id(orders.find_long(1).await.unwrap()), Some(1));
    assert_eq!(id(orders.find_boxed_long(Some(1)).await.unwrap()), Some(1001));
    let found = orders.find_string_int_array("abc".into(), Array(vec![1, 2])).await.unwrap();
    assert_eq!(found.unwrap().len(), 2);
    assert_eq!(orders.find_all().await.unwrap(), None);
    assert_eq!(orders.client_(3).await.unwrap().as_deref(), Some("3"));
    assert_eq!(orders.thing(Value::from(true)).await.unwrap(), Value::from(true));
    let added = orders
        .add(
            vec![Order::default()],
            vec!["n".into()],
            vec![0.5],
            Value::map([(1.5, "x")]),
            "any".into(),
            Array(vec![None]),
            Array(vec![Value::from(1)]),
        )
        .await
        .unwrap();
    assert_eq!(added, 5);
}

#[tokio::test]
async fn objects_and_exceptions_are_called_with() {
    let (_server, app, url) = served(OrdersServer::new(Shop), "dubbo").await;
    let orders = app.client::<OrdersClient>().url(&url).build().unwrap();
    let like = Page {
        items: Some(vec![4]),
        first: Some(5),
        rest: Some(Array(vec![Some(6), None])),
        ..Page::default()
    };
    let page = orders.page(like, JavaResult { ok: true, data: None }).await.unwrap();
    assert_eq!(page.unwrap().number, 15);
    let circle = Shape::Circle(ShapeCircle { name: None, radius: 1.0 });
    let literal = Expr::Literal(ExprLiteral { value: 1 });
    assert_eq!(orders.draw(circle.clone(), literal).await.unwrap(), Some(circle));
    let node = Node(Value::object("org.example.shop.Node").into());
    assert_eq!(orders.walk(node.clone()).await.unwrap(), Some(node));
    let keys = orders.keys(Keys::default(), Types::default()).await.unwrap();
    assert_eq!(keys, Some(Keys::default()));

    let refused = orders.pay(Order::default(), "1.5".parse().unwrap()).await.unwrap_err();
    let Some(AnyShopException::NoFunds(caught)) = AnyShopException::from_status(&refused) else {
        panic!("{refused}");
    };
    assert_eq!((caught.missing, caught.shop_exception.message.as_deref()), (3, Some("1.5")));
    let refused = orders.burn(Order::default()).await.unwrap_err();
    assert!(matches!(Fatal::from_status(&refused), Some(Fatal::Lost(_))), "{refused}");
}

#[tokio::test]
async fn a_group_and_version_are_called_over_triple() {
    let (_server, app, url) = served(UsersServer::new(People), "tri").await;
    let users = app.client::<UsersClient>().url(&url).build().unwrap();
    assert_eq!(users.find(2).await.unwrap().map(|user| user.id), Some(2));
    assert_eq!(users.greet("Ada".into(), None).await.unwrap(), "Ada None");
    #[allow(deprecated, reason = "it is there still")]
    users.remove(User::default()).await.unwrap();
    let promoted = users.promote(User::default(), "Dr".into(), Value::from(5)).await.unwrap();
    assert_eq!(promoted.unwrap().title.as_deref(), Some("Dr"));
}

#[tokio::test]
async fn a_listener_is_called_back() {
    let (_server, app, url) = served(FeedServer::new(News), "dubbo").await;
    let feed = app.client::<FeedClient>().url(&url).build().unwrap();
    let seen = std::sync::Arc::new(Seen::default());
    let listener = ListenerServer::from(seen.clone());
    assert_eq!(feed.follow("all".into(), listener).await.unwrap(), 1);
    assert_eq!(seen.0.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn messages_stream_over_triple() {
    let (_server, app, url) = served(StockServer::new(Store), "tri").await;
    let stock = app.client::<StockClient>().url(&url).build().unwrap();
    let orders = stock.watch(5, vec!["a".into(), "b".into()]).await.unwrap();
    let ids: Vec<_> = orders.map(|order| order.unwrap().id).collect().await;
    assert_eq!(ids, [5, 6]);
    let stored = stock.store(stream::iter([1, 2])).await.unwrap();
    let ids: Vec<_> = stored.map(|order| order.unwrap().id).collect().await;
    assert_eq!(ids, [1, 2]);
    assert_eq!(stock.count().await.unwrap(), 1);
}
