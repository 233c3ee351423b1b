//! Metadata: Dubbo's attachments, gRPC's metadata.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use bytestring::ByteString;

use crate::value::Value;

/// Key and value pairs that travel beside a message, in order; a key may occur several times.
///
/// Dubbo attachments hold any value; HTTP based protocols carry strings and bytes. Look-ups
/// follow Dubbo Java (`RpcInvocation.getAttachment`): the key as given first, then ignoring ASCII
/// case, because HTTP/2 lower-cases keys on the way.
///
/// Clones share the entries until one of them is changed.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{*, fault::*, filter::*}; pub mod dispatch { pub use dubhe_core::{gate::Gates, serve::*}; } }
///
/// use dubhe::Metadata;
///
/// let mut metadata = Metadata::new();
/// metadata.insert("tenant", "acme");
/// assert_eq!(metadata.get_str("Tenant"), Some("acme"));
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Metadata {
    entries: Option<Arc<Vec<Entry>>>,
}

type Entry = (ByteString, Value);

impl Metadata {
    /// No entries; allocates nothing.
    pub const fn new() -> Self {
        Self { entries: None }
    }

    fn entries(&self) -> &[Entry] {
        self.entries.as_ref().map(|e| e.as_slice()).unwrap_or_default()
    }

    fn entries_mut(&mut self) -> &mut Vec<Entry> {
        Arc::make_mut(self.entries.get_or_insert_default())
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Returns `true` if there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }

    /// The first value under `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let exact = self.entries().iter().find(|(k, _)| &**k == key);
        exact
            .or_else(|| self.entries().iter().find(|(k, _)| k.eq_ignore_ascii_case(key)))
            .map(|(_, v)| v)
    }

    /// The first value under `key` when it is a string.
    pub fn get_str(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    /// Sets `key` to `value`, in place of all values it had.
    pub fn insert(&mut self, key: impl Into<ByteString>, value: impl Into<Value>) {
        let key = key.into();
        self.remove(&key);
        self.entries_mut().push((key, value.into()));
    }

    /// Adds one more value under `key`.
    pub fn append(&mut self, key: impl Into<ByteString>, value: impl Into<Value>) {
        self.entries_mut().push((key.into(), value.into()));
    }

    /// Takes all entries of exactly this key away; returns the first of them.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.entries().iter().position(|(k, _)| &**k == key)?;
        let entries = self.entries_mut();
        let (_, value) = entries.remove(at);
        entries.retain(|(k, _)| &**k != key);
        Some(value)
    }

    /// Removes the entries of keys that `keep` refuses.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        if self.entries().iter().any(|(key, _)| !keep(key)) {
            self.entries_mut().retain(|(key, _)| keep(key));
        }
    }

    /// All entries, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&ByteString, &Value)> {
        self.entries().iter().map(|(k, v)| (k, v))
    }

    /// Adds the entries of `other` whose keys are not here yet.
    pub fn fill_from(&mut self, other: &Metadata) {
        if self.is_empty() {
            self.entries.clone_from(&other.entries);
            return;
        }
        /// The look-ups up to which a walk over the entries is quick.
        const FEW: usize = 256;
        if self.len().saturating_mul(other.len()) <= FEW {
            for (k, v) in other.entries() {
                if self.get(k).is_none() {
                    self.entries_mut().push((k.clone(), v.clone()));
                }
            }
            return;
        }
        // Attachments of a peer may be many.
        let mut keys: HashSet<_> =
            self.entries().iter().map(|(k, _)| k.to_ascii_lowercase()).collect();
        for (k, v) in other.entries() {
            if keys.insert(k.to_ascii_lowercase()) {
                self.entries_mut().push((k.clone(), v.clone()));
            }
        }
    }
}

impl fmt::Debug for Metadata {
    // Values may be secret; only the keys are printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.entries().iter().map(|(k, _)| k)).finish()
    }
}

impl<K: Into<ByteString>, V: Into<Value>> FromIterator<(K, V)> for Metadata {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let entries: Vec<_> = entries.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        Self { entries: (!entries.is_empty()).then(|| Arc::new(entries)) }
    }
}

impl IntoIterator for Metadata {
    type Item = (ByteString, Value);
    type IntoIter = std::vec::IntoIter<(ByteString, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.map(Arc::unwrap_or_clone).unwrap_or_default().into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_exact_key_before_another_case() {
        let mut m = Metadata::new();
        m.append("trace-id", "lower");
        m.append("Trace-Id", "exact");
        assert_eq!(m.get_str("Trace-Id"), Some("exact"));
        assert_eq!(m.get_str("TRACE-ID"), Some("lower"));
    }

    #[test]
    fn insert_replaces_all_values_of_a_key() {
        let mut m = Metadata::new();
        m.append("k", 1);
        m.append("k", 2);
        m.insert("k", "x");
        assert_eq!(m.len(), 1);
        assert_eq!(m.get_str("k"), Some("x"));
        assert_eq!(m.remove("k"), Some(Value::from("x")));
        assert!(m.is_empty());
    }

    #[test]
    fn a_change_of_a_clone_is_its_own_and_values_never_print() {
        let mut a = Metadata::new();
        a.insert("token", "s3cret");
        let mut b = a.clone();
        b.insert("token", "other");
        assert_eq!(a.get_str("token"), Some("s3cret"));
        assert_eq!(format!("{a:?}"), r#"{"token"}"#);
    }
}
