// @generated
//! OpenAPI definition v0: its types and clients.
//!
//! Made from http://orders:8080/v3/api-docs by `dubhe gen`; edits are lost.

use std::collections::BTreeMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Clone, Debug, PartialEq)]
pub enum Animal {
    /// `Cat`.
    Cat(Cat),
    /// `Dog`.
    Dog(Dog),
    /// An object whose tag the document has not.
    Other(Value),
}

impl Serialize for Animal {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (tag, value) = match self {
            Self::Cat(of) => ("Cat", serde_json::to_value(of)),
            Self::Dog(of) => ("Dog", serde_json::to_value(of)),
            Self::Other(of) => return of.serialize(serializer),
        };
        let mut value = value.map_err(serde::ser::Error::custom)?;
        if let Value::Object(fields) = &mut value {
            fields.entry("kind").or_insert_with(|| tag.into());
        }
        value.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Animal {
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let name = value
            .get("kind")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        if ["Cat"].iter().any(|tag| tag.eq_ignore_ascii_case(&name)) {
            return serde_json::from_value(value)
                .map(Self::Cat)
                .map_err(serde::de::Error::custom);
        }
        if ["Dog"].iter().any(|tag| tag.eq_ignore_ascii_case(&name)) {
            return serde_json::from_value(value)
                .map(Self::Dog)
                .map_err(serde::de::Error::custom);
        }
        Ok(Self::Other(value))
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cat {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indoor: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Dog {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bones: Option<i32>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ListStateItem {
    /// `OPEN`.
    #[serde(rename = "OPEN")]
    Open,
    /// `SENT_OFF`.
    #[serde(rename = "SENT_OFF")]
    SentOff,
    /// `DONE`.
    #[serde(rename = "DONE")]
    Done,
    /// A constant that the document has not.
    #[serde(untagged)]
    Other(String),
}

/// What a customer bought.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub id: i64,
    /// The name on the parcel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<OrderState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<Line>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<BTreeMap<String, i32>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<BTreeMap<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pet: Option<Animal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Box<Order>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OrderState {
    /// `OPEN`.
    #[serde(rename = "OPEN")]
    Open,
    /// `SENT_OFF`.
    #[serde(rename = "SENT_OFF")]
    SentOff,
    /// `DONE`.
    #[serde(rename = "DONE")]
    Done,
    /// A constant that the document has not.
    #[serde(untagged)]
    Other(String),
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PageOrder {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Vec<Order>>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct User {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub born: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<BTreeMap<String, Value>>,
}

/// Operations over HTTP.
#[derive(Clone, Debug)]
pub struct ProviderAppClient(dubhe::http::HttpClient);
impl ProviderAppClient {
    /// Calls over `client`, which is cheap to clone.
    pub fn new(client: dubhe::http::HttpClient) -> Self {
        Self(client)
    }

    /// `GET /broken`
    ///
    /// # Errors
    /// When no instance answered, or one with a status that is no success: the source is its
    /// [`Refusal`](dubhe::http::Refusal).
    pub async fn broken(&self) -> Result<String, dubhe::Status> {
        let mut call = Call::new(http::Method::GET, "GET /broken");
        call.text("/broken");
        call.send(&self.0, "text/plain, */*", plain).await
    }

    /// `GET /echo/{text}`
    ///
    /// # Errors
    /// When no instance answered, or one with a status that is no success: the source is its
    /// [`Refusal`](dubhe::http::Refusal).
    pub async fn echo_1(&self, text: &str) -> Result<String, dubhe::Status> {
        let mut call = Call::new(http::Method::GET, "GET /echo/{text}");
        call.text("/echo/");
        call.path("text", &text)?;
        call.send(&self.0, "text/plain, */*", plain).await
    }

    /// `GET /missing`
    ///
    /// # Errors
    /// When no instance answered, or one with a status that is no success: the source is its
    /// [`Refusal`](dubhe::http::Refusal).
    pub async fn missing(&self) -> Result<String, dubhe::Status> {
        let mut call = Call::new(http::Method::GET, "GET /missing");
        call.text("/missing");
        call.send(&self.0, "text/plain, */*", plain).await
    }

    /// `GET /sum`
    ///
    /// # Errors
    /// When no instance answered, or one with a status that is no success: the source is its
    /// [`Refusal`](dubhe::http::Refusal).
    pub async fn sum(&self, a: i32, b: Option<i32>) -> Result<i32, dubhe::Status> {
        let mut call = Call::new(http::Method::GET, "GET /sum");
        call.text("/sum");
        call.query("a", &a, true)?;
        call.query("b", &b, true)?;
        call.send(&self.0, "application/json", json).await
    }

    /// `POST /users`
    ///
    /// # Errors
    /// When no instance answered, or one with a status that is no success: the source is its
    /// [`Refusal`](dubhe::http::Refusal).
    pub async fn create(&self, body: &User) -> Result<User, dubhe::Status> {
        let mut call = Call::new(http::Method::POST, "POST /users");
        call.text("/users");
        call.json(&body)?;
        call.send(&self.0, "application/json", json).await
    }

    /// `PUT /users/{id}`
    ///
    /// # Errors
    /// When no instance answered, or one with a status that is no success: the source is its
    /// [`Refusal`](dubhe::http::Refusal).
    pub async fn update(
        &self,
        id: i64,
        x_trace: Option<&str>,
        body: &BTreeMap<String, Value>,
    ) -> Result<BTreeMap<String, Value>, dubhe::Status> {
        let mut call = Call::new(http::Method::PUT, "PUT /users/{id}");
        call.text("/users/");
        call.path("id", &id)?;
        call.header("X-Trace", &x_trace)?;
        call.json(&body)?;
        call.send(&self.0, "application/json", json).await
    }

    /// `DELETE /users/{id}`
    ///
    /// # Errors
    /// When no instance answered, or one with a status that is no success: the source is its
    /// [`Refusal`](dubhe::http::Refusal).
    pub async fn delete(&self, id: i64) -> Result<(), dubhe::Status> {
        let mut call = Call::new(http::Method::DELETE, "DELETE /users/{id}");
        call.text("/users/");
        call.path("id", &id)?;
        call.send(&self.0, "*/*", nothing).await
    }
}

/// Orders and the animals in them.
#[derive(Clone, Debug)]
pub struct ShopClient(dubhe::http::HttpClient);
impl ShopClient {
    /// Calls over `client`, which is cheap to clone.
    pub fn new(client: dubhe::http::HttpClient) -> Self {
        Self(client)
    }

    /// `GET /shop/match`
    ///
    /// # Errors
    /// When no instance answered, or one with a status that is no success: the source is its
    /// [`Refusal`](dubhe::http::Refusal).
    pub async fn r#match(
        &self,
        all: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, i64>, dubhe::Status> {
        let mut call = Call::new(http::Method::GET, "GET /shop/match");
        call.text("/shop/match");
        call.query("all", &all, true)?;
        call.send(&self.0, "application/json", json).await
    }

    /// `GET /shop/names/{name}`
    ///
    /// # Errors
    /// When no instance answered, or one with a status that is no success: the source is its
    /// [`Refusal`](dubhe::http::Refusal).
    pub async fn echo(&self, name: &str) -> Result<String, dubhe::Status> {
        let mut call = Call::new(http::Method::GET, "GET /shop/names/{name}");
        call.text("/shop/names/");
        call.path("name", &name)?;
        call.send(&self.0, "text/plain, */*", plain).await
    }

    /// `GET /shop/orders`
    ///
    /// # Errors
    /// When no instance answered, or one with a status that is no success: the source is its
    /// [`Refusal`](dubhe::http::Refusal).
    pub async fn list(
        &self,
        state: &[ListStateItem],
        size: Option<i32>,
        x_trace: Option<&str>,
    ) -> Result<PageOrder, dubhe::Status> {
        let mut call = Call::new(http::Method::GET, "GET /shop/orders");
        call.text("/shop/orders");
        call.query("state", &state, true)?;
        call.query("size", &size, true)?;
        call.header("X-Trace", &x_trace)?;
        call.send(&self.0, "application/json", json).await
    }

    /// `POST /shop/orders`
    ///
    /// # Errors
    /// When no instance answered, or one with a status that is no success: the source is its
    /// [`Refusal`](dubhe::http::Refusal).
    pub async fn create_1(&self, body: &Order) -> Result<Order, dubhe::Status> {
        let mut call = Call::new(http::Method::POST, "POST /shop/orders");
        call.text("/shop/orders");
        call.json(&body)?;
        call.send(&self.0, "application/json", json).await
    }

    /// The order of a number.
    ///
    /// 404 if there is none.
    ///
    /// `GET /shop/orders/{id}`
    ///
    /// # Errors
    /// When no instance answered, or one with a status that is no success: the source is its
    /// [`Refusal`](dubhe::http::Refusal).
    pub async fn find(
        &self,
        id: i64,
        verbose: Option<bool>,
    ) -> Result<Order, dubhe::Status> {
        let mut call = Call::new(http::Method::GET, "GET /shop/orders/{id}");
        call.text("/shop/orders/");
        call.path("id", &id)?;
        call.query("verbose", &verbose, true)?;
        call.send(&self.0, "application/json", json).await
    }

    /// `DELETE /shop/orders/{id}`
    ///
    /// # Errors
    /// When no instance answered, or one with a status that is no success: the source is its
    /// [`Refusal`](dubhe::http::Refusal).
    #[deprecated]
    pub async fn delete_1(&self, id: i64) -> Result<(), dubhe::Status> {
        let mut call = Call::new(http::Method::DELETE, "DELETE /shop/orders/{id}");
        call.text("/shop/orders/");
        call.path("id", &id)?;
        call.send(&self.0, "*/*", nothing).await
    }

    /// `POST /shop/orders/{id}/pet`
    ///
    /// # Errors
    /// When no instance answered, or one with a status that is no success: the source is its
    /// [`Refusal`](dubhe::http::Refusal).
    pub async fn pet(&self, id: i64, body: &Animal) -> Result<Animal, dubhe::Status> {
        let mut call = Call::new(http::Method::POST, "POST /shop/orders/{id}/pet");
        call.text("/shop/orders/");
        call.path("id", &id)?;
        call.text("/pet");
        call.json(&body)?;
        call.send(&self.0, "application/json", json).await
    }

    /// `GET /shop/pets`
    ///
    /// # Errors
    /// When no instance answered, or one with a status that is no success: the source is its
    /// [`Refusal`](dubhe::http::Refusal).
    pub async fn pets(&self) -> Result<Vec<Animal>, dubhe::Status> {
        let mut call = Call::new(http::Method::GET, "GET /shop/pets");
        call.text("/shop/pets");
        call.send(&self.0, "application/json", json).await
    }
}

/// A request that is made.
struct Call {
    method: http::Method,
    /// The method and the path with its variables: the name of the call for rules and metrics.
    label: &'static str,
    path: String,
    query: String,
    headers: http::HeaderMap,
    body: String,
}

#[allow(dead_code, reason = "not every document needs all of it")]
impl Call {
    fn new(method: http::Method, label: &'static str) -> Self {
        let text = String::new;
        Self {
            method,
            label,
            path: text(),
            query: text(),
            headers: http::HeaderMap::new(),
            body: text(),
        }
    }

    fn text(&mut self, text: &str) {
        self.path.push_str(text);
    }

    /// Adds a parameter to the path.
    fn path<T: serde::Serialize + ?Sized>(
        &mut self,
        name: &str,
        value: &T,
    ) -> Result<(), dubhe::Status> {
        let text = Self::texts(name, value)?.join(",");
        if ["", ".", ".."].contains(&text.as_str()) {
            return Err(
                dubhe::Status::invalid_argument(
                    format!("{name}: `{text}` is no part of a path"),
                ),
            );
        }
        percent(&text, &mut self.path);
        Ok(())
    }

    /// Adds a parameter to the query: `each` item of a list alone, and each entry of an object.
    fn query<T: serde::Serialize + ?Sized>(
        &mut self,
        name: &str,
        value: &T,
        each: bool,
    ) -> Result<(), dubhe::Status> {
        if let Value::Object(entries) = Self::value(name, value)? {
            return entries
                .iter()
                .try_for_each(|(name, value)| self.query(name, value, true));
        }
        let texts = Self::texts(name, value)?;
        let texts = if each || texts.is_empty() { texts } else { vec![texts.join(",")] };
        for text in texts {
            self.query.push(if self.query.is_empty() { '?' } else { '&' });
            percent(name, &mut self.query);
            self.query.push('=');
            percent(&text, &mut self.query);
        }
        Ok(())
    }

    /// Sets a header, unless the value is null.
    fn header<T: serde::Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), dubhe::Status> {
        let texts = Self::texts(name, value)?;
        if texts.is_empty() {
            return Ok(());
        }
        let wrong = |error: &dyn std::fmt::Display| dubhe::Status::invalid_argument(
            format!("{name}: {error}"),
        );
        let text = http::HeaderValue::try_from(texts.join(","))
            .map_err(|error| wrong(&error))?;
        let name = http::HeaderName::try_from(name).map_err(|error| wrong(&error))?;
        self.headers.insert(name, text);
        Ok(())
    }

    fn json<T: serde::Serialize + ?Sized>(
        &mut self,
        body: &T,
    ) -> Result<(), dubhe::Status> {
        let body = serde_json::to_string(body);
        self.body = body
            .map_err(|error| dubhe::Status::invalid_argument(
                format!("the body: {error}"),
            ))?;
        self.content_type("application/json");
        Ok(())
    }

    fn plain(&mut self, body: &str) {
        body.clone_into(&mut self.body);
        self.content_type("text/plain; charset=utf-8");
    }

    fn content_type(&mut self, media: &'static str) {
        self.headers
            .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(media));
    }

    /// Sends the request and reads a success. Another status is an error, with the response as its source.
    async fn send<T>(
        mut self,
        client: &dubhe::http::HttpClient,
        media: &'static str,
        read: fn(&[u8]) -> Result<T, String>,
    ) -> Result<T, dubhe::Status> {
        self.headers.insert(http::header::ACCEPT, http::HeaderValue::from_static(media));
        let uri = self.path + &self.query;
        let request = http::Request::builder().method(self.method).uri(uri);
        let request = request
            .extension(dubhe::http::MethodName(self.label.into()))
            .body(self.body);
        let wrong = |error: http::Error| dubhe::Status::invalid_argument(
            format!("{}: {error}", self.label),
        );
        let mut request = request.map_err(wrong)?;
        request.headers_mut().extend(self.headers);
        let response = client.send(request).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.into_body().bytes().await?;
        if !status.is_success() {
            let message = format!("{} was answered with {status}", self.label);
            let head = dubhe::http::ResponseHead {
                status,
                headers,
            };
            let source = dubhe::http::Refusal { head, body };
            return Err(
                dubhe::Status::business(code(status.as_u16()), message)
                    .with_source(source),
            );
        }
        read(&body)
            .map_err(|error| dubhe::Status::internal(
                format!("{}: the body of the response: {error}", self.label),
            ))
    }

    fn value<T: serde::Serialize + ?Sized>(
        name: &str,
        value: &T,
    ) -> Result<Value, dubhe::Status> {
        serde_json::to_value(value)
            .map_err(|error| dubhe::Status::invalid_argument(format!("{name}: {error}")))
    }

    /// The texts of a parameter: none of null, and those of its items of a list.
    fn texts<T: serde::Serialize + ?Sized>(
        name: &str,
        value: &T,
    ) -> Result<Vec<String>, dubhe::Status> {
        let text = |value: Value| match value {
            Value::String(text) => Ok(text),
            Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
            _ => {
                Err(
                    dubhe::Status::invalid_argument(
                        format!("{name}: a list or an object has no text"),
                    ),
                )
            }
        };
        match Self::value(name, value)? {
            Value::Null => Ok(Vec::new()),
            Value::Array(items) => items.into_iter().map(text).collect(),
            other => Ok(vec![text(other) ?]),
        }
    }
}

/// Adds a text to a URI, in which it means nothing but itself.
#[allow(dead_code, reason = "not every document needs all of it")]
fn percent(text: &str, uri: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// The code of an HTTP status that is no success.
fn code(status: u16) -> dubhe::Code {
    match status {
        400 | 422 => dubhe::Code::InvalidArgument,
        401 => dubhe::Code::Unauthenticated,
        403 => dubhe::Code::PermissionDenied,
        404 | 410 => dubhe::Code::NotFound,
        408 | 504 => dubhe::Code::DeadlineExceeded,
        409 => dubhe::Code::Aborted,
        412 => dubhe::Code::FailedPrecondition,
        429 => dubhe::Code::ResourceExhausted,
        405 | 501 => dubhe::Code::Unimplemented,
        502 | 503 => dubhe::Code::Unavailable,
        500..=599 => dubhe::Code::Internal,
        _ => dubhe::Code::Unknown,
    }
}

#[allow(dead_code, reason = "not every document needs all of it")]
fn json<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

#[allow(dead_code, reason = "not every document needs all of it")]
fn json_or_nothing<T: serde::de::DeserializeOwned>(
    body: &[u8],
) -> Result<Option<T>, String> {
    if body.is_empty() { Ok(None) } else { json(body) }
}

/// Reads a text, which some servers write without the quotes of JSON.
#[allow(dead_code, reason = "not every document needs all of it")]
fn json_text(body: &[u8]) -> Result<String, String> {
    json(body).or_else(|_| plain(body))
}

#[allow(dead_code, reason = "not every document needs all of it")]
fn json_text_or_nothing(body: &[u8]) -> Result<Option<String>, String> {
    if body.is_empty() { Ok(None) } else { json_text(body).map(Some) }
}

#[allow(dead_code, reason = "not every document needs all of it")]
fn plain(body: &[u8]) -> Result<String, String> {
    String::from_utf8(body.to_vec()).map_err(|error| error.to_string())
}

#[allow(dead_code, reason = "not every document needs all of it")]
fn plain_or_nothing(body: &[u8]) -> Result<Option<String>, String> {
    if body.is_empty() { Ok(None) } else { plain(body).map(Some) }
}

#[allow(dead_code, reason = "not every document needs all of it")]
fn bytes(body: &[u8]) -> Result<Vec<u8>, String> {
    Ok(body.to_vec())
}

#[allow(dead_code, reason = "not every document needs all of it")]
fn bytes_or_nothing(body: &[u8]) -> Result<Option<Vec<u8>>, String> {
    Ok((!body.is_empty()).then(|| body.to_vec()))
}

#[allow(dead_code, reason = "not every document needs all of it")]
fn nothing(_: &[u8]) -> Result<(), String> {
    Ok(())
}
