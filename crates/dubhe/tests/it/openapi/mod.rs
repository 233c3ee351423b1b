//! Clients that are generated from the OpenAPI document of a Spring service.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

/// Source that `dubhe_codegen::openapi` makes of springdoc's document.
#[rustfmt::skip]
#[allow(
    clippy::all,
    clippy::pedantic,
    dead_code,
    unreachable_pub,
    unused_qualifications,
    reason = "generated"
)]
mod generated;

/// Source of a document that springdoc would not write.
#[rustfmt::skip]
#[allow(
    clippy::all,
    clippy::pedantic,
    dead_code,
    unreachable_pub,
    unused_qualifications,
    reason = "generated"
)]
mod odd;

use std::error::Error as _;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use dubhe::http::{HttpClient, Refusal};
use dubhe::prelude::*;
use dubhe_codegen::openapi;
use generated::{
    Animal, Cat, Dog, ListStateItem, Order, OrderState, ProviderAppClient, ShopClient,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const DOCUMENT: &str = include_str!("../../../../codegen/tests/data/openapi/springdoc.json");

const ODD: &str = include_str!("../../../../codegen/tests/data/openapi/odd.yaml");

#[test]
fn the_generated_files_are_what_the_generator_makes() {
    for (document, source, name, there) in [
        (DOCUMENT, "http://orders:8080/v3/api-docs", "generated", include_str!("generated.rs")),
        (ODD, "http://odd:8080/v3/api-docs", "odd", include_str!("odd.rs")),
    ] {
        let made = openapi::generate(document, source).unwrap().rust;
        if made != there {
            let file = std::env::temp_dir().join(format!("dubhe-openapi-{name}.rs"));
            std::fs::write(&file, made).unwrap();
            panic!("{name}.rs is not what is made now; that is in {}", file.display());
        }
    }
}

/// The requests as a server had them: verb, path with query, the headers of interest, and body.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// Answers as the controllers do whose document that is.
async fn answer(State(seen): State<Seen>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let headers = ["accept", "content-type", "x-trace"].iter().filter_map(|name| {
        let value = parts.headers.get(*name)?.to_str().unwrap();
        Some(format!(" {name}={value}"))
    });
    let line = format!("{} {}{}", parts.method, parts.uri, headers.collect::<String>());
    seen.0.lock().unwrap().push(format!("{line} {}", std::str::from_utf8(&body).unwrap()));
    match (parts.method.as_str(), parts.uri.path()) {
        ("GET", "/shop/orders/7") => json_of(&order()),
        ("GET", "/shop/orders/8") => (StatusCode::NOT_FOUND, "no order 8").into_response(),
        ("GET", "/shop/orders/9") => (StatusCode::OK, "not JSON").into_response(),
        ("GET", "/shop/orders") => json_of(&json!({"number": 1, "items": [order()]})),
        ("POST", "/shop/orders" | "/shop/orders/7/pet") => json_bytes(StatusCode::CREATED, body),
        ("DELETE", _) => StatusCode::NO_CONTENT.into_response(),
        ("GET", "/shop/pets") => json_of(
            &json!([{"kind": "dog", "bones": 2}, {"kind": "Cat"}, {"kind": "fish", "fins": 3}]),
        ),
        ("GET", "/shop/match") => json_of(&json!({"n": 5})),
        ("GET", "/broken") => (StatusCode::INTERNAL_SERVER_ERROR, "a bug").into_response(),
        ("GET", "/sum") => json_of(&json!(5)),
        ("GET", "/forms") => json_of(&json!({"own": true, "one": "a", "two": 5})),
        ("PATCH" | "POST", "/things") => body.into_response(),
        ("GET", path) => path.rsplit('/').next().unwrap().to_owned().into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn order() -> Value {
    json!({
        "id": 7, "customer": "Ada", "state": "SENT_OFF", "total": 12.5, "lines": [{"name": "a", "count": 2}],
        "counts": {"a": 1}, "extra": {"any": [1]}, "pet": {"kind": "dog", "bones": 2},
        "previous": {"id": 6, "state": "LOST", "paid": true},
    })
}

fn json_of(value: &Value) -> Response {
    json_bytes(StatusCode::OK, value.to_string().into())
}

fn json_bytes(status: StatusCode, body: Bytes) -> Response {
    (status, [("content-type", "application/json")], body).into_response()
}

async fn serve() -> (HttpClient, Seen) {
    let seen = Seen::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let routes = Router::new().fallback(answer).with_state(seen.clone());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let app = App::builder("shop").build().unwrap();
    (app.http("orders").url(&url).build().unwrap(), seen)
}

#[tokio::test]
async fn an_order_is_read_and_sent() {
    let (client, seen) = serve().await;
    let shop = ShopClient::new(client);
    let found = shop.find(7, Some(true)).await.unwrap();
    assert_eq!((found.id, found.state.as_ref()), (7, Some(&OrderState::SentOff)));
    let pet = Dog { kind: "dog".into(), bones: Some(2), name: None };
    assert_eq!(found.pet, Some(Animal::Dog(pet)));
    let previous = found.previous.as_ref().unwrap();
    assert_eq!(previous.state, Some(OrderState::Other("LOST".into())));
    let created = shop.create_1(&found).await.unwrap();
    assert_eq!(created, found);
    let requests = seen.take();
    assert_eq!(requests[0], "GET /shop/orders/7?verbose=true accept=application/json ");
    let (head, body) = requests[1].split_once(" {").unwrap();
    assert_eq!(head, "POST /shop/orders accept=application/json content-type=application/json");
    assert_eq!(serde_json::from_str::<Value>(&format!("{{{body}")).unwrap(), order());
}

#[tokio::test]
async fn parameters_are_written_where_they_belong() {
    let (client, seen) = serve().await;
    let (shop, others) = (ShopClient::new(client.clone()), ProviderAppClient::new(client));
    let states = [ListStateItem::Open, ListStateItem::Other("A&B".into())];
    let page = shop.list(&states, None, Some("t-1")).await.unwrap();
    assert_eq!((page.number, page.items.unwrap().len()), (Some(1), 1));
    let all = [("b c".to_owned(), "é=".to_owned()), ("d".to_owned(), String::new())].into();
    assert_eq!(shop.r#match(&all).await.unwrap()["n"], 5);
    assert_eq!(shop.echo("a/b ?#%é").await.unwrap(), "a%2Fb%20%3F%23%25%C3%A9");
    assert_eq!(others.sum(2, Some(3)).await.unwrap(), 5);
    #[allow(deprecated, reason = "the document has it so")]
    shop.delete_1(-7).await.unwrap();
    assert_eq!(
        seen.take(),
        [
            "GET /shop/orders?state=OPEN&state=A%26B accept=application/json x-trace=t-1 ",
            "GET /shop/match?b%20c=%C3%A9%3D&d= accept=application/json ",
            "GET /shop/names/a%2Fb%20%3F%23%25%C3%A9 accept=text/plain, */* ",
            "GET /sum?a=2&b=3 accept=application/json ",
            "DELETE /shop/orders/-7 accept=*/* ",
        ]
    );
    for name in ["", ".", ".."] {
        let refused = shop.echo(name).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    }
    let refused = shop.list(&states, None, Some("a\nb")).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    assert_eq!(seen.take(), [""; 0]);
}

#[tokio::test]
async fn the_tag_says_which_subclass_it_is() {
    let (client, seen) = serve().await;
    let shop = ShopClient::new(client);
    let cat = |kind: &str| Animal::Cat(Cat { kind: kind.into(), ..Cat::default() });
    let fish = Animal::Other(json!({"kind": "fish", "fins": 3}));
    let dog = Animal::Dog(Dog { kind: "dog".into(), bones: Some(2), name: None });
    assert_eq!(shop.pets().await.unwrap(), [dog, cat("Cat"), fish.clone()]);
    assert_eq!(shop.pet(7, &cat("cat")).await.unwrap(), cat("cat"));
    assert_eq!(shop.pet(7, &fish).await.unwrap(), fish);
    assert!(seen.take()[1].ends_with(r#"{"kind":"cat"}"#));
}

#[tokio::test]
async fn statuses_are_errors_with_the_response_behind_them() {
    let (client, _) = serve().await;
    let (shop, others) = (ShopClient::new(client.clone()), ProviderAppClient::new(client));
    let missing = shop.find(8, None).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
    assert_eq!(missing.message(), "GET /shop/orders/{id} was answered with 404 Not Found");
    let refusal: &Refusal = missing.source().unwrap().downcast_ref().unwrap();
    assert_eq!((refusal.head.status, &*refusal.body), (StatusCode::NOT_FOUND, &b"no order 8"[..]));
    assert_eq!(others.broken().await.unwrap_err().code(), Code::Internal);
    let odd = shop.find(9, None).await.unwrap_err();
    assert_eq!(odd.code(), Code::Internal);
    assert!(
        odd.message().starts_with("GET /shop/orders/{id}: the body of the response: expected"),
        "{odd}"
    );
    let _: Order = shop.find(7, None).await.unwrap();
}

#[tokio::test]
async fn alternatives_that_lead_back_to_their_schema_are_read() {
    let (client, _) = serve().await;
    let forms = odd::OddClient::new(client).forms().await.unwrap();
    let again = serde_json::to_value(&forms).unwrap();
    assert_eq!(again, json!({"own": true, "one": "a", "two": 5}));
}

#[tokio::test]
async fn media_types_of_the_document_are_sent_and_asked_for() {
    let (client, seen) = serve().await;
    let odd = odd::OddClient::new(client);
    let text = r#"{"y":"NO","n":[1]}"#;
    let thing: odd::Thing = serde_json::from_str(text).unwrap();
    assert_eq!((&thing.y, &thing.other["n"]), (&odd::ThingY::No, &json!([1])));
    assert_eq!(odd.merge(&thing).await.unwrap(), thing);
    assert_eq!(odd.load("a,b").await.unwrap(), "a,b");
    assert_eq!(
        seen.take(),
        [
            format!(
                "PATCH /things accept=application/hal+json content-type=application/merge-patch+json {text}"
            ),
            "POST /things accept=text/csv, */* content-type=text/csv; charset=utf-8 a,b".to_owned(),
        ]
    );
}
