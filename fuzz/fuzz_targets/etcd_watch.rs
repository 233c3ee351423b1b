//! Any bytes as the answers to a watch of etcd. Nothing panics, and the content that is followed is in
//! its range and counted as it is.

#![no_main]

use dubhe_etcd::client::{KeyRange, fuzzing::watched};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let cut = bytes.first().map_or(0, |at| usize::from(*at) % bytes.len());
    let (first, second) = bytes.split_at(cut);
    for range in [KeyRange::prefix(""), KeyRange::prefix("/"), KeyRange::key("k")] {
        for messages in [&[bytes][..], &[first, second]] {
            let (entries, counted) = watched(range.clone(), messages.iter().copied());
            assert!(entries.keys().all(|key| range.contains(key)));
            let least: usize = entries.iter().map(|(key, entry)| key.len() + entry.value.len()).sum();
            assert!(counted >= least, "{counted} {entries:?}");
            assert!(counted > 0 || entries.is_empty());
            // Each has a key and a version on the wire.
            assert!(entries.len() <= bytes.len() / 2);
        }
    }
});
