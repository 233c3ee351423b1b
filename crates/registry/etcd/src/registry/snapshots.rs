//! Views of ranges as snapshots.

use std::collections::HashMap;

use bytes::Bytes;
use bytestring::ByteString;
use dubhe_core::ServiceKey;
use dubhe_core::registry::{Excluded, Health, MAX_EXCLUDED, Registration, Snapshot};
use dubhe_core::url::redacted;
use dubhe_registry::application::{InstanceSnapshot, ServiceInstance};
use dubhe_registry::matching::{matches, newest};
use dubhe_registry::names;

use crate::client::{Entries, View};
use crate::instance;

/// The outcome of reading an entry: something to use, nothing to speak of, or why not.
type Read<T> = Result<Option<T>, &'static str>;

/// Entries that were read, by their keys, with their values, so that only new ones are. The revision would not
/// do: a value that was damaged on the way has that of the value itself.
struct Known<T>(HashMap<Bytes, (Bytes, Read<T>)>);

impl<T: Clone> Known<T> {
    /// Reads the entries whose keys begin with `prefix`; returns those to use and those that are not.
    fn update(
        &mut self,
        prefix: &str,
        entries: &Entries,
        read: impl Fn(&str, &[u8]) -> Read<T>,
    ) -> (Vec<T>, Vec<Excluded>) {
        let (mut used, mut excluded) = (Vec::new(), Vec::new());
        let mut before = std::mem::take(&mut self.0);
        for (key, entry) in entries {
            let name = key.strip_prefix(prefix.as_bytes()).unwrap_or_default();
            let known = before.remove(key).filter(|(value, _)| *value == entry.value);
            let (value, read) = known.unwrap_or_else(|| {
                let read = match std::str::from_utf8(name) {
                    Ok(name) => read(name, &entry.value),
                    Err(_) => Err("its key is not UTF-8"),
                };
                (entry.value.clone(), read)
            });
            match &read {
                Ok(Some(one)) => used.push(one.clone()),
                Ok(None) => {}
                Err(why) if excluded.len() < MAX_EXCLUDED => {
                    let name = String::from_utf8_lossy(name);
                    excluded.push(Excluded::new(redacted(&name), *why));
                }
                Err(_) => {}
            }
            self.0.insert(key.clone(), (value, read));
        }
        (used, excluded)
    }
}

fn health(view: &View) -> Health {
    if view.is_fresh { Health::Fresh } else { Health::Stale }
}

/// The providers of a service.
pub(super) struct Providers {
    service: ServiceKey,
    prefix: String,
    known: Known<Registration>,
}

impl Providers {
    pub(super) fn new(service: ServiceKey, prefix: String) -> Self {
        Self { service, prefix, known: Known(HashMap::new()) }
    }

    /// The snapshot of a view.
    pub(super) fn snapshot(&mut self, view: &View) -> Snapshot {
        let service = &self.service;
        let (used, excluded) = self.known.update(&self.prefix, &view.entries, |name, _| {
            match names::parse(name) {
                Some(provider) if matches(service, &provider) => Ok(Some(provider)),
                Some(provider) if provider.params.get("enabled") == Some("false") => {
                    Err("it is disabled")
                }
                // Of another group or version, or the placeholder of no provider.
                Some(_) => Ok(None),
                None if name.starts_with("empty") => Ok(None),
                None => Err("its key is no provider URL"),
            }
        });
        let providers = newest(used.iter());
        Snapshot { providers, health: health(view), excluded, ..Snapshot::default() }
    }
}

/// The instances of an application.
pub(super) struct Instances {
    application: ByteString,
    prefix: String,
    known: Known<ServiceInstance>,
}

impl Instances {
    pub(super) fn new(application: ByteString, prefix: String) -> Self {
        Self { application, prefix, known: Known(HashMap::new()) }
    }

    /// The snapshot of a view.
    pub(super) fn snapshot(&mut self, view: &View) -> InstanceSnapshot {
        let application = &self.application;
        let (mut instances, excluded) =
            self.known.update(&self.prefix, &view.entries, |_, value| {
                instance::read(application, value).map(Some)
            });
        // Each address once, whatever the keys say.
        instances.sort_by_cached_key(ServiceInstance::address);
        instances.dedup_by_key(|instance| instance.address());
        InstanceSnapshot { instances, health: health(view), excluded }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::client::Entry;

    #[test]
    fn a_value_that_was_damaged_on_the_way_is_read_again() {
        let mut instances = Instances::new("shop".into(), "/services/shop/".to_owned());
        let mut snapshot = |value: &'static [u8]| {
            let entry = Entry { value: Bytes::from_static(value), mod_revision: 7, lease: 0 };
            let entries = Arc::new([(Bytes::from_static(b"/services/shop/h:1"), entry)].into());
            let InstanceSnapshot { instances, excluded, .. } =
                instances.snapshot(&View { entries, ..View::default() });
            (instances.len(), excluded.len())
        };
        assert_eq!(snapshot(b"{\"Host\":\"h\",\"Port\":\xff}"), (0, 1));
        assert_eq!(snapshot(b"{\"Host\":\"h\",\"Port\":1}"), (1, 0));
    }
}
