//! Calls of Java interfaces, as Dubbo's `GenericService` makes them.

mod argument;
mod convert;
mod java_type;
mod readable;

use std::io::Write;

use dubhe::{Generic, Status, Value, json};

use super::explain::{self, Error};
use super::providers::Providers;
use crate::failure::Failure;
use argument::Argument;

/// The arguments as they are typed.
pub(super) fn arguments(
    texts: &[String],
    types: Option<&[String]>,
) -> Result<Vec<Argument>, String> {
    argument::parse_all(texts, types)
}

/// Calls and prints the result as JSON.
pub(super) async fn call(
    providers: &Providers<'_>,
    method: &str,
    arguments: Vec<Argument>,
    out: &mut impl Write,
) -> Result<(), Error> {
    let generic: Generic = providers.client(providers.service.clone())?;
    let result = invoke(&generic.with(providers.options.call()), method, arguments).await?;
    Ok(print(&readable::value(result), providers.options.compact, out)?)
}

/// Calls `method`. Arguments without any type leave it to the provider to find the method; when it
/// cannot, because it needs types, nothing has run, and the types are inferred here.
async fn invoke(
    generic: &Generic,
    method: &str,
    arguments: Vec<Argument>,
) -> Result<Value, Status> {
    if arguments.iter().all(Argument::is_untyped) {
        let values = arguments.iter().map(|a| a.value.clone()).collect();
        match generic.call_untyped(method, values).await {
            Err(status) if explain::needs_types(&status) => {}
            ended => return ended,
        }
    }
    generic.call(method, arguments.into_iter().map(Argument::into_typed)).await
}

fn print(result: &Value, compact: bool, out: &mut impl Write) -> Result<(), Failure> {
    let text = match json::to_json(result, json::Classes::Keep) {
        Ok(json) if compact => json.to_string(),
        Ok(json) => format!("{json:#}"),
        Err(error) => {
            return Err(Failure::Failed(format!("error: {error}; the result is\n{result}")));
        }
    };
    Ok(writeln!(out, "{text}")?)
}
