//! The same calls to Dubbo Java and to us, with arguments in JSON and as generic values: the answers
//! must be equal.

mod cases;
mod http;
mod service;

use std::fmt;
use std::time::Duration;

use dubhe::value::{List, Map};
use dubhe::{App, CallOptions, Generic, JavaArgument, Status, Value, json};

pub(crate) use service::{Echo, JsonServiceServer};

/// The longest time for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A way to call.
#[derive(Clone, Copy)]
enum Form {
    /// HTTP/1.1 with a JSON body.
    Http,
    /// `$invoke` with `generic=true`.
    Typed,
    /// `$invoke` with `generic=gson`.
    Gson,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Typed => "true",
            Self::Gson => "gson",
        })
    }
}

/// A provider, and a client of it.
struct Provider {
    address: String,
    generic: Generic,
}

/// An answer: what equal answers have in common.
#[derive(Debug)]
enum Answer {
    Value(Value),
    /// An error, whose text is for people only: each side has its own words.
    Refused(String),
}

impl Answer {
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Value(a), Self::Value(b)) => a.same(b),
            (Self::Refused(_), Self::Refused(_)) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAX_CHARS: usize = 160;
        match self {
            Self::Value(value) => value.fmt(f),
            Self::Refused(text) => {
                let line: String = text.chars().take(MAX_CHARS).collect();
                write!(f, "an error ({})", line.replace('\n', " "))
            }
        }
    }
}

/// Makes every call to both providers, and prints a line for each.
///
/// # Errors
/// When a provider cannot be reached at all.
pub(crate) async fn run(java: &str, ours: &str, only: &str) -> Result<bool, Status> {
    let app = App::builder("rust-consumer").build()?;
    let (java, ours) = (provider(&app, java)?, provider(&app, ours)?);
    let (mut passed, mut failed) = (0, 0);
    for (method, java_type, argument) in cases::CASES {
        for form in [Form::Http, Form::Typed, Form::Gson] {
            let name = format!("{form}/{method}({argument})").replace(' ', "_");
            if !name.starts_with(only) {
                continue;
            }
            let theirs = call(&java, form, method, java_type, argument).await;
            let mine = call(&ours, form, method, java_type, argument).await;
            if theirs.is_same(&mine) {
                passed += 1;
                println!("PASS {name}");
            } else {
                failed += 1;
                println!("FAIL {name}: Java has {theirs}, we have {mine}");
            }
        }
    }
    app.close();
    println!("{passed} passed, {failed} failed");
    Ok(failed == 0)
}

fn provider(app: &App, address: &str) -> Result<Provider, Status> {
    let generic = app.generic("peer.api.JsonService");
    let generic = generic.url(&format!("tri://{address}")).timeout(TIMEOUT).retries(0).build()?;
    Ok(Provider { address: address.to_owned(), generic })
}

async fn call(
    provider: &Provider,
    form: Form,
    method: &str,
    java_type: &str,
    argument: &str,
) -> Answer {
    match attempt(provider, form, method, java_type, argument).await {
        Ok(value) => Answer::Value(normal(value)),
        Err(text) => Answer::Refused(text),
    }
}

async fn attempt(
    provider: &Provider,
    form: Form,
    method: &str,
    java_type: &str,
    argument: &str,
) -> Result<Value, String> {
    let parse = |text: &str| json::from_str(text).map_err(|error| error.to_string());
    let value = match form {
        Form::Http => {
            return http::post(&provider.address, method, argument).await.and_then(|t| parse(&t));
        }
        Form::Typed => parse(argument)?,
        Form::Gson => Value::from(argument),
    };
    let name = if matches!(form, Form::Gson) { "gson" } else { "true" };
    let generic = provider.generic.with(CallOptions::new().attachment("generic", name));
    let answer = generic.call(method, [JavaArgument::new(java_type, value)]).await;
    let answer = answer.map_err(|status| status.to_string())?;
    match (form, answer) {
        (Form::Gson, Value::String(text)) => parse(&text),
        (_, answer) => Ok(answer),
    }
}

/// The value without what makes no difference: entries that are null, the order of fields, the class
/// of a collection, and the ways to write the same double.
fn normal(value: Value) -> Value {
    match value {
        Value::Map(map) => {
            let entries = map.entries.iter().filter(|(_, value)| !value.is_null());
            let entries = entries.map(|(k, v)| (normal(k.clone()), normal(v.clone())));
            Map { class: None, entries: entries.collect() }.into()
        }
        Value::List(list) => {
            let class = list.class.clone().filter(|class| class.contains("Set"));
            let items = list.items.iter().cloned().map(normal).collect();
            List { class, items }.into()
        }
        Value::Object(object) if object.class == "java.math.BigDecimal" => {
            let text = object.get("value").and_then(Value::as_str).unwrap_or_default();
            // Java writes 1.0E100 for a double.
            match text.parse::<f64>() {
                Ok(double) if text.contains(".0E") => Value::Double(double),
                _ => Value::Object(object),
            }
        }
        Value::Long(v) => i32::try_from(v).map_or(Value::Long(v), Value::Int),
        other => other,
    }
}
