//! Attachments of the command line, which are headers over Triple and gRPC.

use base64::Engine as _;
use base64::alphabet::{self, Alphabet};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use dubhe::Value;
use http::{HeaderName, HeaderValue};

/// Splits `KEY=VALUE`, or `KEY: VALUE`.
pub(super) fn pair(text: &str, between: char) -> Result<(String, String), String> {
    // The names of HTTP's own fields begin with a colon.
    let mut rest = text.char_indices().skip(1);
    let split = rest.find(|(_, c)| *c == between).map(|(at, c)| (at, at + c.len_utf8()));
    let (key, value) = split
        .and_then(|(end, begin)| Some((text.get(..end)?.trim(), text.get(begin..)?.trim_start())))
        .filter(|(key, _)| !key.is_empty())
        .ok_or_else(|| {
            format!("write KEY{between}{}VALUE", if between == ':' { " " } else { "" })
        })?;
    Ok((key.to_owned(), value.to_owned()))
}

/// The value of an attachment over this protocol.
///
/// # Errors
/// Over Triple and gRPC for what cannot be a header, and for names that are the protocol's own; the
/// client would leave them out.
pub(super) fn value(key: &str, text: &str, protocol: &str) -> Result<Value, String> {
    if protocol == "dubbo" {
        return Ok(text.into());
    }
    let name = key.to_ascii_lowercase();
    if is_reserved(&name) {
        let what = if name == "grpc-timeout" { "; --timeout sets it" } else { "" };
        return Err(format!("the header {key:?} is one of the protocol's own{what}"));
    }
    if HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Err(format!("{key:?} cannot be the name of a header: letters, digits and - can"));
    }
    if name.ends_with("-bin") {
        let bytes = bytes(text.trim_end())
            .map_err(|error| format!("the header {key:?} takes bytes in base64: {error}"))?;
        return Ok(Value::Bytes(bytes.into()));
    }
    match HeaderValue::from_bytes(text.as_bytes()) {
        Ok(_) => Ok(text.into()),
        // The text itself may be a secret.
        Err(_) => Err(format!("the value of the header {key:?} has control characters")),
    }
}

/// Returns true for a lower-case name of HTTP or the protocol: those of HTTP/1 connections too, which
/// HTTP/2 forbids (RFC 9113, section 8.2.2).
fn is_reserved(name: &str) -> bool {
    name.starts_with(':')
        || matches!(name, "keep-alive" | "proxy-connection" | "upgrade")
        || dubhe_triple::metadata::is_reserved(name)
}

/// The bytes that base64 of either alphabet stands for, with or without padding, as grpcurl takes it.
fn bytes(text: &str) -> Result<Vec<u8>, base64::DecodeError> {
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabet: &Alphabet =
        if text.contains(['-', '_']) { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    GeneralPurpose::new(alphabet, config).decode(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_at_the_sign_between() {
        let pair = |text, between| pair(text, between).ok();
        let some = |key: &str, value: &str| Some((key.to_owned(), value.to_owned()));
        for (text, between, split) in [
            ("a: b: c", ':', some("a", "b: c")),
            ("a:b", ':', some("a", "b")),
            ("a:", ':', some("a", "")),
            (":path: /x", ':', some(":path", "/x")),
            ("x y: 1", ':', some("x y", "1")),
            ("a=b=c", '=', some("a", "b=c")),
            ("a", ':', None),
            (": b", ':', None),
            (" : b", ':', None),
            ("=b", '=', None),
            ("", '=', None),
        ] {
            assert_eq!(pair(text, between), split, "{text}");
        }
    }

    #[test]
    fn binary_headers_are_base64_of_either_alphabet() {
        for text in ["-_8=", "-_8", "+/8=", "+/8"] {
            let value = value("X-Bin", text, "grpc");
            assert_eq!(value, Ok(Value::Bytes(vec![0xfb, 0xff].into())), "{text}");
        }
        assert_eq!(value("x-bin", "", "tri"), Ok(Value::Bytes(Vec::new().into())));
        for wrong in ["AAE!", "A", "+_8=", "AA EC"] {
            let error = value("x-bin", wrong, "tri").unwrap_err();
            assert!(error.contains("\"x-bin\"") && error.contains("base64"), "{error}");
        }
        assert_eq!(value("x-bin", "AAE!", "dubbo"), Ok("AAE!".into()));
    }

    #[test]
    fn what_is_no_header_is_told_by_its_name() {
        for (key, text) in [
            ("x y", "1"),
            ("käse", "1"),
            ("x", "a\nb"),
            ("x", "a\u{7f}"),
            ("grpc-timeout", "1S"),
            ("Content-Type", "text/plain"),
            ("te", "trailers"),
            ("Host", "h"),
            ("grpc-encoding", "gzip"),
            ("connection", "close"),
            ("keep-alive", "1"),
            ("proxy-connection", "close"),
            ("upgrade", "h2c"),
            (":path", "/x"),
        ] {
            for protocol in ["tri", "grpc"] {
                let error = value(key, text, protocol).unwrap_err();
                assert!(error.contains(&format!("{key:?}")), "{error}");
            }
            assert_eq!(value(key, text, "dubbo"), Ok(text.into()), "{key}");
        }
        for (key, text) in [("tenant", "acme"), ("X-Tab", "a\tb"), ("tri-x", "é"), ("empty", "")] {
            assert_eq!(value(key, text, "grpc"), Ok(text.into()), "{key}");
        }
    }
}
