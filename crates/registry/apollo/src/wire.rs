//! The texts of requests and responses.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The response of `/configs/{appId}/{cluster}/{namespace}`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Release {
    #[serde(default)]
    pub(crate) configurations: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) release_key: String,
}

/// A namespace in a long poll, and the number of the last notification of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Notification {
    #[serde(rename = "namespaceName")]
    pub(crate) namespace: String,
    #[serde(rename = "notificationId")]
    pub(crate) id: i64,
    /// Messages that the server that reads the namespace next must have seen, passed on as they are.
    #[serde(default, skip_serializing)]
    pub(crate) messages: Value,
}

/// The number that stands for no notification yet.
pub(crate) const NO_NOTIFICATION: i64 = -1;

/// Percent-encodes a part of a path or a query.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Writes properties so that `java.util.Properties` reads them back.
pub(crate) fn properties(values: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    for (key, value) in values {
        escape(key, true, &mut out);
        out.push('=');
        escape(value, false, &mut out);
        out.push('\n');
    }
    out
}

fn escape(text: &str, key: bool, out: &mut String) {
    for (at, c) in text.chars().enumerate() {
        match c {
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\u{c}' => out.push_str("\\f"),
            // A blank ends a key, and is passed over at the beginning of a value.
            ' ' if key || at == 0 => out.push_str("\\ "),
            '\\' | '=' | ':' | '#' | '!' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_escaped() {
        let values = [("a b", " x = y\n"), ("#c:d", "\\e")];
        let values = values.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        assert_eq!(properties(&values), "\\#c\\:d=\\\\e\na\\ b=\\ x \\= y\\n\n");
        assert_eq!(encode("a b/é?&"), "a%20b%2F%C3%A9%3F%26");
    }
}
