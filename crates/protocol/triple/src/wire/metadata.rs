//! Metadata as headers, and back.
//!
//! Header names are lower case, so Dubbo Java sends the names that were not in
//! `tri-header-convert`, and so does Dubhe (Dubbo Java `TripleHeaderEnum`, `StreamUtils`).

use std::sync::OnceLock;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use bytestring::ByteString;
use dubhe_core::printable::Printable;
use dubhe_core::{Metadata, Value};
use http::header::{HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use serde_json::Map;

use crate::wire::headers::CONSUMER;
use crate::wire::percent;

/// The names as they were before they were made lower case: a JSON object, percent-encoded.
pub const CONVERT: HeaderName = HeaderName::from_static("tri-header-convert");

/// The number of headers up to which metadata is written: an `http::HeaderMap` holds 24,576 at most.
pub const MAX_HEADERS: usize = 4096;

/// The alphabet: written without padding, read with or without it (gRPC over HTTP/2,
/// "Binary-Header").
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Returns `true` when a header of this lower-case name is of HTTP or of the protocol, and no metadata in
/// either direction. Other names that begin with `tri-` are dubbo-go's metadata.
pub fn is_reserved(name: &str) -> bool {
    name.starts_with("grpc-")
        || matches!(
            name,
            "accept"
                | "accept-encoding"
                | "alt-svc"
                | "application"
                | "connect-protocol-version"
                | "connect-timeout-ms"
                | "connection"
                | "content-encoding"
                | "content-length"
                | "content-type"
                | "dubhe-business"
                | "dubhe-details-bin"
                | "dubhe-exception-bin"
                | "dubhe-status"
                | "dubhe-unstarted"
                | "group"
                | "host"
                | "interface"
                | "path"
                | "remote.application"
                | "rest-service-group"
                | "rest-service-version"
                | "te"
                | "trailer"
                | "transfer-encoding"
                | "tri-consumer-appname"
                | "tri-exception-code"
                | "tri-header-convert"
                | "tri-service-group"
                | "tri-service-timeout"
                | "tri-service-version"
                | "triple-protocol-version"
                | "triple-timeout-ms"
                | "user-agent"
                | "vary"
        )
}

/// Adds `metadata` to `headers`: text, numbers and booleans as text, bytes under a name that ends
/// in `-bin`. What has no such form, is reserved, or breaks the rules of headers is left out, as
/// Dubbo Java does, with a line in the log; so is what comes after [`MAX_HEADERS`] headers.
pub fn write(metadata: &Metadata, headers: &mut HeaderMap) {
    let mut convert = Map::new();
    for (key, value) in metadata.iter() {
        if headers.len() >= MAX_HEADERS {
            tracing::warn!(
                entries = metadata.len(),
                "metadata beyond {MAX_HEADERS} headers is left out"
            );
            break;
        }
        let mut lower = key.to_ascii_lowercase();
        if is_reserved(&lower) {
            continue;
        }
        let converts = *lower != **key;
        let text = match value.unshared() {
            Value::Null => continue,
            Value::Bytes(bytes) => {
                if !lower.ends_with("-bin") {
                    lower.push_str("-bin");
                }
                HeaderValue::try_from(BASE64.encode(bytes)).ok()
            }
            plain => text(plain).filter(|_| !lower.ends_with("-bin")),
        };
        let name = HeaderName::from_bytes(lower.as_bytes()).ok();
        let Some((name, text)) = name.zip(text) else {
            let key = Printable(key);
            tracing::warn!(%key, "metadata that cannot be a header is left out");
            continue;
        };
        if converts {
            convert.insert(key.to_ascii_lowercase(), key.to_string().into());
        }
        if headers.try_append(name, text).is_err() {
            tracing::warn!("more metadata than a list of headers can hold is left out");
            break;
        }
    }
    if !convert.is_empty() {
        let json = serde_json::Value::from(convert).to_string();
        // The JSON is encoded as a whole, quotes and braces too, as Java's `URLEncoder` does.
        let encoded: String = json.bytes().map(escape).collect();
        if let Ok(value) = HeaderValue::try_from(encoded) {
            headers.insert(CONVERT, value);
        }
    }
}

fn escape(b: u8) -> String {
    let plain = b.is_ascii_alphanumeric() || b"-._*".contains(&b);
    if plain { char::from(b).into() } else { format!("%{b:02X}") }
}

/// Text as the value of a header, without the blanks at its ends, which would not arrive. As Dubbo Java
/// has it (Netty's `AsciiString`) a character is a byte; where one has more bits, the text is UTF-8.
fn line(text: &str) -> Option<HeaderValue> {
    let text = text.trim_matches([' ', '\t']);
    if text.is_ascii() {
        return HeaderValue::from_str(text).ok();
    }
    let latin: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
    match latin {
        // Bytes that would be read as UTF-8 are that.
        Some(bytes) if std::str::from_utf8(&bytes).is_err() => {
            HeaderValue::from_maybe_shared(Bytes::from(bytes)).ok()
        }
        _ => HeaderValue::from_bytes(text.as_bytes()).ok(),
    }
}

/// The text that the value of a header is: UTF-8, as dubbo-go sends it, or else a byte a character.
fn text_of(bytes: &[u8]) -> ByteString {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => bytes.iter().copied().map(char::from).collect::<String>().into(),
    }
}

fn text(value: &Value) -> Option<HeaderValue> {
    match value {
        Value::String(text) => line(text),
        Value::Bool(b) => Some(HeaderValue::from_static(if *b { "true" } else { "false" })),
        Value::Int(n) => Some((*n).into()),
        Value::Long(n) => Some((*n).into()),
        Value::Double(n) => HeaderValue::try_from(n.to_string()).ok(),
        _ => None,
    }
}

/// The names of binary metadata, whose headers end in `-bin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryNames {
    /// Names with that ending, as gRPC has them.
    Grpc,
    /// Names without that ending, as Dubbo has attachments (Dubbo Java
    /// `StreamUtils.toAttachments`).
    Dubbo,
}

/// The `user-agent` of the requests of a connection, as metadata: mostly one for all of them, so that
/// they share it.
#[derive(Debug, Default)]
pub(crate) struct UserAgent(OnceLock<(HeaderValue, Metadata)>);

impl UserAgent {
    fn metadata(&self, headers: &HeaderMap) -> Metadata {
        let Some(value) = headers.get(USER_AGENT) else { return Metadata::new() };
        let make = || {
            let text = (ByteString::from_static("user-agent"), text_of(value.as_bytes()));
            (value.clone(), Metadata::from_iter([text]))
        };
        let (first, metadata) = self.0.get_or_init(make);
        if first == value { metadata.clone() } else { make().1 }
    }
}

/// The metadata of a request with these headers. Handlers of gRPC see `user-agent`; it is no attachment
/// (Dubbo Java `TripleHeaderEnum`).
pub(crate) fn of_request(headers: &HeaderMap, names: BinaryNames, agent: &UserAgent) -> Metadata {
    let base = match names {
        BinaryNames::Grpc => agent.metadata(headers),
        BinaryNames::Dubbo => Metadata::new(),
    };
    let mut metadata = read_onto(base, headers, names);
    if let Some(name) = headers.get(CONSUMER).and_then(|v| v.to_str().ok()) {
        metadata.insert("remote.application", ByteString::from(name));
    }
    metadata
}

/// The metadata that `headers` are; binary values that are no base64 are left out.
pub fn read(headers: &HeaderMap, names: BinaryNames) -> Metadata {
    read_onto(Metadata::new(), headers, names)
}

fn read_onto(mut metadata: Metadata, headers: &HeaderMap, names: BinaryNames) -> Metadata {
    let converted = headers.get(CONVERT).and_then(|value| {
        let json = percent::decode(value.as_bytes());
        serde_json::from_str::<Map<String, serde_json::Value>>(&json).ok()
    });
    let original = |name: &str| {
        let original = converted.as_ref()?.get(name)?.as_str()?;
        original.eq_ignore_ascii_case(name).then(|| ByteString::from(original))
    };
    for (name, value) in headers {
        let name = name.as_str();
        if is_reserved(name) {
            continue;
        }
        let bytes = name.strip_suffix("-bin");
        let name = bytes.filter(|_| names == BinaryNames::Dubbo).unwrap_or(name);
        let key = original(name).unwrap_or_else(|| name.into());
        if bytes.is_some() {
            // Several values may have been joined by commas.
            for part in value.as_bytes().split(|b| *b == b',') {
                if let Ok(bytes) = BASE64.decode(part.trim_ascii()) {
                    metadata.append(key.clone(), Value::Bytes(bytes.into()));
                }
            }
        } else {
            metadata.append(key, text_of(value.as_bytes()));
        }
    }
    metadata
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(k, v): &(&'static str, &'static str)| {
            (HeaderName::from_static(k), HeaderValue::from_static(v))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn what_a_java_client_sends() {
        let metadata = read(
            &headers(&[
                ("content-type", "application/grpc+proto"),
                ("te", "trailers"),
                ("grpc-timeout", "5000000u"),
                ("tri-consumer-appname", "demo-consumer"),
                ("grpc-accept-encoding", "gzip,snappy"),
                ("k1", "v1"),
                ("timeout", "5000"),
                ("tri-header-convert", "%7B%22k1%22%3A%22K1%22%7D"),
            ]),
            BinaryNames::Dubbo,
        );
        assert_eq!(metadata, [("K1", "v1"), ("timeout", "5000")].into_iter().collect());
    }

    #[test]
    fn names_and_values_survive_a_round_trip() {
        let mut metadata = Metadata::new();
        metadata.insert("traceId", "t é");
        metadata.insert("n", 5);
        metadata.insert("blob-bin", Bytes::from_static(&[0, 255]));
        let mut sent = HeaderMap::new();
        write(&metadata, &mut sent);
        assert_eq!(sent["tri-header-convert"], "%7B%22traceid%22%3A%22traceId%22%7D");
        assert_eq!(sent["blob-bin"], "AP8");
        let mut expected = metadata.clone();
        expected.insert("n", "5");
        let got = read(&sent, BinaryNames::Grpc);
        assert_eq!(got.len(), 3);
        for (key, value) in expected.iter() {
            assert_eq!(got.get(key), Some(value), "{key}");
        }
    }

    #[test]
    fn leaves_out_what_is_reserved_or_has_no_form() {
        let metadata: Metadata = [
            ("grpc-status", Value::from("0")),
            ("TE", Value::from("x")),
            ("list", Value::list([1, 2])),
            ("none", Value::Null),
            ("line", Value::from("a\nb")),
            ("bad name", Value::from("x")),
            ("text-bin", Value::from("x")),
        ]
        .into_iter()
        .collect();
        let mut sent = HeaderMap::new();
        write(&metadata, &mut sent);
        assert_eq!(sent, HeaderMap::new());
    }

    #[test]
    fn text_beyond_ascii_is_as_java_has_it_and_blanks_at_its_ends_are_left_out() {
        for (text, bytes, got) in [
            ("é", &b"\xe9"[..], "é"),
            ("a é", b"a \xe9", "a é"),
            // Java cannot send these at all.
            ("😀 é", "😀 é".as_bytes(), "😀 é"),
            // A byte a character, these would be read as another text.
            ("Ã©", "Ã©".as_bytes(), "Ã©"),
            (" \t x y ", b"x y", "x y"),
            ("  ", b"", ""),
        ] {
            let mut sent = HeaderMap::new();
            write(&Metadata::from_iter([("k", text)]), &mut sent);
            assert_eq!(sent["k"].as_bytes(), bytes, "{text:?}");
            assert_eq!(read(&sent, BinaryNames::Dubbo).get_str("k"), Some(got));
        }
        // As dubbo-go sends it.
        let utf8 = HeaderValue::from_bytes("é".as_bytes()).unwrap();
        let sent = HeaderMap::from_iter([(HeaderName::from_static("k"), utf8)]);
        assert_eq!(read(&sent, BinaryNames::Dubbo).get_str("k"), Some("é"));
    }

    #[test]
    fn bytes_keep_the_name_that_dubbo_gave_them() {
        let blob = || Value::Bytes(Bytes::from_static(&[0, 255]));
        let mut sent = HeaderMap::new();
        write(&[("Blob", blob())].into_iter().collect(), &mut sent);
        assert_eq!(sent["blob-bin"], "AP8");
        assert_eq!(read(&sent, BinaryNames::Dubbo), [("Blob", blob())].into_iter().collect());
        assert_eq!(read(&sent, BinaryNames::Grpc), [("blob-bin", blob())].into_iter().collect());
    }

    #[test]
    fn takes_padding_and_joined_values_and_no_rubbish() {
        let metadata = read(&headers(&[("a-bin", "AP8=, AQ"), ("b-bin", "!")]), BinaryNames::Grpc);
        let value = |bytes: &'static [u8]| Value::Bytes(Bytes::from_static(bytes));
        let expected = [("a-bin", value(&[0, 255])), ("a-bin", value(&[1]))];
        assert_eq!(metadata, expected.into_iter().collect());
    }
}
