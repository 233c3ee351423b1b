//! Percent-encoding, as `grpc-message` and `tri-header-convert` use it.

use std::borrow::Cow;

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

/// Encodes everything but visible ASCII and spaces (gRPC over HTTP/2, "Percent-Encoded"), and spaces
/// at either end, which are no part of the value of a header.
pub fn encode(text: &str) -> Cow<'_, str> {
    let plain = |b: u8| (0x20..=0x7e).contains(&b) && b != b'%';
    let trimmed = text.trim_matches(' ');
    if trimmed.len() == text.len() && text.bytes().all(plain) {
        return Cow::Borrowed(text);
    }
    let blank = "%20";
    let before = text.len() - text.trim_start_matches(' ').len();
    let after = text.len() - before - trimmed.len();
    let digit = |n: u8| DIGITS.get(usize::from(n)).map_or('0', |d| char::from(*d));
    let mut out = String::with_capacity(text.len() + 16);
    out.extend(std::iter::repeat_n(blank, before));
    for b in trimmed.bytes() {
        if plain(b) {
            out.push(char::from(b));
        } else {
            out.extend(['%', digit(b >> 4), digit(b & 15)]);
        }
    }
    out.extend(std::iter::repeat_n(blank, after));
    Cow::Owned(out)
}

/// Decodes leniently: Dubbo Java 3.3 does not encode, so what is no encoding stands for itself,
/// and bytes that are no UTF-8 become U+FFFD.
pub fn decode(bytes: &[u8]) -> String {
    let nibble = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(&b) = rest.next() {
        let ahead = rest.as_slice();
        let decoded = match (b, nibble(ahead.first()), nibble(ahead.get(1))) {
            (b'%', Some(high), Some(low)) => u8::try_from(high << 4 | low).ok(),
            _ => None,
        };
        if decoded.is_some() {
            rest = ahead.get(2..).unwrap_or_default().iter();
        }
        out.push(decoded.unwrap_or(b));
    }
    String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        assert!(matches!(encode("plain text"), Cow::Borrowed("plain text")));
        assert_eq!(encode("50 % é\n"), "50 %25 %C3%A9%0A");
        assert_eq!(encode("  a b "), "%20%20a b%20");
        assert_eq!(encode("  "), "%20%20");
        assert_eq!(decode(b"50 %25 %c3%A9%0A"), "50 % é\n");
    }

    #[test]
    fn what_is_no_encoding_stands_for_itself() {
        assert_eq!(decode(b"100%"), "100%");
        assert_eq!(decode(b"5%2"), "5%2");
        assert_eq!(decode(b"%zz%+1"), "%zz%+1");
        assert_eq!(decode(b"\xff%FF"), "\u{fffd}\u{fffd}");
    }
}
