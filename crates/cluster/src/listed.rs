//! Lists of any length in one line of a log or an error.

use std::fmt;

/// The entries that are listed.
pub(crate) const LISTED: usize = 8;
/// The bytes of each that are printed.
const LISTED_BYTES: usize = 256;

/// Prints the beginning of `text`, and an ellipsis if there is more.
pub(crate) fn cut(text: &str) -> impl fmt::Display {
    let end = text.floor_char_boundary(LISTED_BYTES);
    let ellipsis = if end < text.len() { "…" } else { "" };
    let shown = text.get(..end).unwrap_or_default();
    fmt::from_fn(move |f| write!(f, "{shown}{ellipsis}"))
}

/// Prints the first entries, and how many there are besides.
pub(crate) fn list<T: fmt::Display>(all: &[T]) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        for (place, one) in all.iter().take(LISTED).enumerate() {
            let gap = if place > 0 { ", " } else { "" };
            write!(f, "{gap}{}", cut(&one.to_string()))?;
        }
        match all.len().checked_sub(LISTED) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, ", and {more} more"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_shows_few_entries_and_little_of_each() {
        assert_eq!(list(&["a", "b"]).to_string(), "a, b");
        let names: Vec<_> = (0..LISTED + 2).map(|n| n.to_string()).collect();
        assert_eq!(list(&names).to_string(), "0, 1, 2, 3, 4, 5, 6, 7, and 2 more");
        let (long, shown) = ("ä".repeat(1_000), "ä".repeat(LISTED_BYTES / 2));
        assert_eq!(list(&[long]).to_string(), format!("{shown}…"));
    }
}
