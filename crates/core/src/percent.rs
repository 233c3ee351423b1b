//! Text in a URL.

use std::fmt;

/// Writes `text` with `%XX` for each byte that may mean something in a URL.
pub(crate) fn encode(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for b in text.bytes() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' | b'$' | b',' => {
                write!(f, "{}", char::from(b))?;
            }
            _ => write!(f, "%{b:02X}")?,
        }
    }
    Ok(())
}

/// Writes `text` as a path, with `%XX` for each byte that ends it or would be read as another.
pub(crate) fn encode_path(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for c in text.chars() {
        match c {
            '%' | '?' | '+' | '#' | ' ' => write!(f, "%{:02X}", u32::from(c))?,
            c if c.is_ascii_control() => write!(f, "%{:02X}", u32::from(c))?,
            c => write!(f, "{c}")?,
        }
    }
    Ok(())
}
