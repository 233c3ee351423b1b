//! Ranges of keys, and what they hold.

use std::collections::BTreeMap;

use bytes::Bytes;

/// A key, or all keys with a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// The first key.
    pub(crate) start: Bytes,
    /// The key after the last; empty for one key alone.
    pub(crate) end: Bytes,
}

impl KeyRange {
    /// A range of one key.
    pub fn key(key: impl Into<Bytes>) -> Self {
        Self { start: key.into(), end: Bytes::new() }
    }

    /// The range of all keys that begin with `prefix`.
    pub fn prefix(prefix: impl Into<Bytes>) -> Self {
        let start = prefix.into();
        let mut end = start.to_vec();
        // The prefix with its last byte one higher; a byte that cannot be higher goes.
        while let Some(last) = end.pop() {
            if let Some(next) = last.checked_add(1) {
                end.push(next);
                break;
            }
        }
        // etcd's word for "to the end".
        let end = if end.is_empty() { Bytes::from_static(b"\0") } else { end.into() };
        // There is no empty key.
        let start = if start.is_empty() { Bytes::from_static(b"\0") } else { start };
        Self { start, end }
    }

    /// Returns `true` if it has this key.
    pub fn contains(&self, key: &[u8]) -> bool {
        match &self.end[..] {
            b"" => self.start == key,
            b"\0" => key >= &self.start[..],
            end => (&self.start[..]..end).contains(&key),
        }
    }
}

/// The content of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The value.
    pub value: Bytes,
    /// The revision in which it was put.
    pub mod_revision: i64,
    /// The lease with which it goes; 0 for none.
    pub lease: i64,
}

/// The content of a range.
pub type Entries = BTreeMap<Bytes, Entry>;

/// The bytes that an entry counts as, its place in the table included.
pub(crate) fn size(key: &[u8], value: &[u8]) -> usize {
    const PLACE: usize = 128;
    key.len() + value.len() + PLACE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_what_has_another() {
        for (prefix, end) in [("/a/", &b"/a0"[..]), ("a\u{7f}", b"a\x80"), ("", b"\0")] {
            assert_eq!(KeyRange::prefix(prefix).end, end, "{prefix:?}");
        }
        assert_eq!(KeyRange::prefix(&b"a\xff"[..]).end, "b");
        assert_eq!(KeyRange::prefix(&b"\xff\xff"[..]).end, &b"\0"[..]);
        let range = KeyRange::prefix("/a/");
        assert!(range.contains(b"/a/") && range.contains(b"/a/\xff"));
        assert!(!range.contains(b"/a") && !range.contains(b"/a0"));
        assert!(KeyRange::key("k").contains(b"k") && !KeyRange::key("k").contains(b"k0"));
        assert!(KeyRange::prefix("").contains(b"\xff"));
    }
}
