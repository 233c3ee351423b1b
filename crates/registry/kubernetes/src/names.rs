//! Names of ConfigMaps and of their keys, for texts that have characters which neither allows.

use std::fmt::Write as _;

use dubhe_core::printable::Printable;
use dubhe_core::{Code, Status};
use sha2::{Digest as _, Sha256};

/// The longest name and the longest key.
const MAX_BYTES: usize = 253;

/// The key of a text within a ConfigMap, which may have letters, digits, `-`, `.` and `_`: others are
/// written as `_` and two hexadecimal digits, and so are `_` itself and a dot in the beginning.
pub(crate) fn key(text: &str) -> Result<String, Status> {
    let mut key = String::with_capacity(text.len());
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'.' if at > 0 => key.push('.'),
            b'-' => key.push('-'),
            byte if byte.is_ascii_alphanumeric() => key.push(char::from(byte)),
            // Writing to a text never fails.
            byte => {
                let _ = write!(key, "_{byte:02X}");
            }
        }
    }
    if key.is_empty() || key.len() > MAX_BYTES {
        let what = format!(
            "{:?} is no key of a ConfigMap: it has {} bytes there, of 1 to {MAX_BYTES}",
            Printable(text).to_string(),
            key.len()
        );
        return Err(Status::new(Code::InvalidArgument, what));
    }
    Ok(key)
}

/// The text of a key; `None` for one that [`key`] does not make.
pub(crate) fn text(key: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'_' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let value = digit()? * 16 + digit()?;
        bytes.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// The name of the ConfigMap of something: `{prefix}-{of}` when that is a name, else what of it can be
/// in one, and a digest that keeps it apart from others.
pub(crate) fn object(prefix: &str, of: &str) -> String {
    let plain = format!("{prefix}-{of}");
    if is_subdomain(&plain) {
        return plain;
    }
    let readable: String = of
        .chars()
        .map(|c| c.to_ascii_lowercase())
        .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' })
        .take(64)
        .collect();
    let digest = Sha256::digest(of.as_bytes());
    let digest = digest.iter().take(5).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    format!("{prefix}-{}-{digest}", readable.trim_matches('-')).replace("--", "-")
}

/// Returns `true` if a text is a name of an object (RFC 1123).
fn is_subdomain(text: &str) -> bool {
    let label = |part: &str| {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !part.is_empty()
            && part.bytes().all(inner)
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    text.len() <= MAX_BYTES && text.split('.').all(label)
}

/// The version of a text, for comparison: a digest.
pub(crate) fn version(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_reversible_and_allowed() {
        for (of, expected) in [
            ("shop.tag-router", "shop.tag-router"),
            ("org.example.Greeter::.configurators", "org.example.Greeter_3A_3A.configurators"),
            ("a/b*c d", "a_2Fb_2Ac_20d"),
            ("_x", "_5Fx"),
            ("..", "_2E."),
            ("商店", "_E5_95_86_E5_BA_97"),
        ] {
            let made = key(of).unwrap();
            assert_eq!(made, expected);
            assert_eq!(text(&made).as_deref(), Some(of));
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
            assert!(made.chars().all(allowed) && !made.starts_with('.'), "{made}");
        }
        for of in ["", &"x".repeat(254), &"/".repeat(85)] {
            assert!(key(of).is_err(), "{of}");
        }
        for bad in ["_", "_4", "_zz", "_FF"] {
            assert_eq!(text(bad), None, "{bad}");
        }
    }

    #[test]
    fn objects_have_names_that_people_know() {
        assert_eq!(object("dubhe-config", "dubbo"), "dubhe-config-dubbo");
        assert_eq!(object("dubhe-metadata", "shop.v2"), "dubhe-metadata-shop.v2");
        let mut all = Vec::new();
        for of in [
            "DUBBO_MIGRATION",
            "dubbo-migration",
            "dubbo_migration",
            "",
            "__",
            &"x".repeat(300),
            "a..b",
            "-",
        ] {
            let name = object("dubhe-config", of);
            assert!(is_subdomain(&name), "{name}");
            assert!(!all.contains(&name), "{name}");
            all.push(name);
        }
        assert!(all[0].starts_with("dubhe-config-dubbo-migration-"), "{}", all[0]);
    }
}
