//! Cases of single patterns.

use dubhe_config::rule::condition::{Glob, Pattern};
use dubhe_core::ServiceKey;
use dubhe_core::url::Url;
use dubhe_rules::{Consumer, address, pattern};
use serde::Deserialize;
use serde_json::Value;

use super::read;
use crate::case::Case;

#[derive(Debug, Deserialize)]
struct GlobCase {
    pattern: String,
    value: Option<String>,
    url: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GlobOutcome {
    with_url: bool,
    without_url: bool,
}

/// Compares a text with a pattern, with the parameters of a consumer and without.
pub(super) fn glob(case: &Case) -> Result<(), String> {
    let GlobCase { pattern, value, url } = read(&Value::Object(case.fields.clone()))?;
    let expected: GlobOutcome = read(&case.outcome)?;
    let url = Url::parse(&url, "").map_err(|error| error.to_string())?;
    let service = ServiceKey::interface_only(url.path.clone());
    let consumer = Consumer::new(service, "", url.host.clone());
    let consumer =
        url.params.into_iter().fold(consumer, |all, (name, value)| all.with_param(name, value));
    let value = value.unwrap_or_default();
    let literal = Glob::parse(&pattern);
    let resolved = match pattern.strip_prefix('$') {
        Some(name) => pattern::resolve(&Pattern::Reference(name.into()), &consumer),
        None => Some(literal.clone()),
    };
    let with_url = resolved.is_some_and(|glob| pattern::glob_matches(&glob, &value));
    let without_url = pattern::glob_matches(&literal, &value);
    if (with_url, without_url) == (expected.with_url, expected.without_url) {
        return Ok(());
    }
    Err(format!("with URL {with_url}, without {without_url}; in Java {expected:?}"))
}

#[derive(Debug, Deserialize)]
struct IpCase {
    pattern: String,
    host: String,
    port: u16,
}

/// Compares an address with a pattern.
pub(super) fn ip(case: &Case) -> Result<(), String> {
    let IpCase { pattern, host, port } = read(&Value::Object(case.fields.clone()))?;
    let expected = case.outcome.get("match").and_then(Value::as_bool);
    let found = address::matches(&pattern, &host, port);
    // Java throws where it is an error here.
    if found.as_ref().ok() == expected.as_ref() {
        return Ok(());
    }
    Err(format!("{found:?}, and in Java {expected:?}"))
}
