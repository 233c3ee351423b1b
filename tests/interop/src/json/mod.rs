//! The same calls to Dubbo Java and to us, with arguments in JSON and as generic values: the answers
//! must be equal.

mod answer;
mod cases;
mod http;
mod service;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use dubhe::{App, CallOptions, Generic, JavaArgument, Status, Value, json};

use answer::Answer;
pub(crate) use service::Echo;

/// The longest time for an answer.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A way to call.
#[derive(Clone, Copy, PartialEq, Eq)]
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

/// Makes every call to both providers, and prints a line for each.
///
/// # Errors
/// When a provider cannot be reached at all.
pub(crate) async fn run(java: &str, ours: &str, only: &str) -> Result<bool, Status> {
    let app = App::builder("rust-consumer").build()?;
    let (java, ours) = (provider(&app, java)?, provider(&app, ours)?);
    let (mut passed, mut failed) = (0, 0);
    for (method, java_type, argument) in cases::CASES {
        for &form in cases::forms(java_type) {
            let name = format!("{form}/{method}({argument})").replace(' ', "_");
            if !name.starts_with(only) {
                continue;
            }
            // A value cannot say it: JSON alone can.
            if form == Form::Typed && *argument == "1e400" {
                continue;
            }
            let theirs = call(&java, form, method, java_type, argument).await?;
            let mine = call(&ours, form, method, java_type, argument).await?;
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
) -> Result<Answer, Status> {
    let sent = match form {
        Form::Typed => {
            json::from_str(argument).map_err(|error| Status::invalid_argument(error.to_string()))?
        }
        Form::Http | Form::Gson => argument.into(),
    };
    Ok(Answer::of(form, exchange(provider, form, method, java_type, sent).await))
}

/// Sends the only argument and returns the result, both in this form: values, or texts of JSON.
async fn exchange(
    provider: &Provider,
    form: Form,
    method: &str,
    java_type: &str,
    argument: Value,
) -> Result<Value, String> {
    let name = match form {
        Form::Http => {
            let text = argument.as_str().unwrap_or_default();
            return http::post(&provider.address, method, text).await.map(Value::from);
        }
        Form::Typed => "true",
        Form::Gson => "gson",
    };
    let generic = provider.generic.with(CallOptions::new().attachment("generic", name));
    let answer = generic.call(method, [JavaArgument::new(java_type, argument)]).await;
    answer.map_err(|status| status.to_string())
}
