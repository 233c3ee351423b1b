//! The application of the Spring Cloud peers, which is called over HTTP.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post, put};
use dubhe::Status;
use dubhe::http::HttpClient;
use http::Request;
use serde_json::{Value, json};

use crate::consumer::cases::{CaseResult, Cases, same};

/// The name of the application.
pub(crate) const APPLICATION: &str = "rust-spring-provider";

/// The endpoints of `ProviderApp`.
pub(crate) fn routes() -> Router {
    Router::new()
        .route("/echo/{text}", get(async |Path(text): Path<String>| text))
        .route("/sum", get(async |Query(Sum { a, b }): Query<Sum>| json(&json!(a + b))))
        .route("/users", post(create))
        .route("/users/{id}", put(update).delete(async || StatusCode::NO_CONTENT))
        .route("/missing", get(async || (StatusCode::NOT_FOUND, "nothing here")))
        .route("/broken", get(async || (StatusCode::INTERNAL_SERVER_ERROR, "broken")))
}

#[derive(serde::Deserialize)]
struct Sum {
    a: i32,
    #[serde(default = "one")]
    b: i32,
}

fn one() -> i32 {
    1
}

fn json(value: &Value) -> impl IntoResponse + use<> {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string())
}

/// The user as it came: a `BigDecimal` keeps its zeros.
async fn create(user: Bytes) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], user)
}

async fn update(
    Path(id): Path<i64>,
    headers: HeaderMap,
    fields: Bytes,
) -> Result<impl IntoResponse, StatusCode> {
    let fields: Value = serde_json::from_slice(&fields).map_err(|_| StatusCode::BAD_REQUEST)?;
    let trace = headers.get("x-trace").and_then(|trace| trace.to_str().ok()).unwrap_or("null");
    Ok(json(&json!({"id": id, "fields": fields, "trace": trace})))
}

/// The cases of `ConsumerApp`, as a client of ours makes them.
pub(crate) async fn run(cases: &mut Cases, client: &HttpClient) {
    let user = json!({
        "id": 1_099_511_627_776_i64,
        "name": "é中😀",
        "age": null,
        "balance": 12.5,
        "born": "2024-02-29T01:02:03",
        "tags": ["a", "b"],
        "extra": {"n": 1},
    });
    let updated = json!({"id": 7, "fields": {"name": "x"}, "trace": "t-1"});
    let get = |path| call(client, "GET", path, "");
    cases.equal("http/echo", (200, "hello".to_owned()), get("/echo/hello")).await;
    let unicode = get("/echo/%C3%A9%E4%B8%AD%F0%9F%98%80");
    cases.equal("http/echo-unicode", (200, "é中😀".to_owned()), unicode).await;
    cases.equal("http/sum", (200, "5".to_owned()), get("/sum?a=2&b=3")).await;
    let text = user.to_string();
    let created = call(client, "POST", "/users", &text);
    cases.check("http/create", same_json(&user, created)).await;
    cases
        .check(
            "http/update",
            same_json(&updated, call(client, "PUT", "/users/7", r#"{"name":"x"}"#)),
        )
        .await;
    cases.equal("http/delete", (204, String::new()), call(client, "DELETE", "/users/7", "")).await;
    cases.check("http/missing", status(404, get("/missing"))).await;
    cases.check("http/broken", status(500, get("/broken"))).await;
}

type Answer = Result<(u16, String), Status>;

async fn call(client: &HttpClient, method: &str, path: &str, body: &str) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("x-trace", "t-1");
    if !body.is_empty() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let request = request.body(body.to_owned());
    let request = request.map_err(|error| Status::invalid_argument(error.to_string()))?;
    let response = client.send(request).await?;
    let status = response.status().as_u16();
    let body = response.into_body().bytes().await?;
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

async fn same_json(expected: &Value, answer: impl Future<Output = Answer>) -> CaseResult {
    let (_, body) = answer.await?;
    same(expected, &serde_json::from_str::<Value>(&body)?)
}

async fn status(expected: u16, answer: impl Future<Output = Answer>) -> CaseResult {
    same(&expected, &answer.await?.0)
}
