//! Any bytes as the answer to a watch of Kubernetes, in two pieces, and as an entry of a ConfigMap.
//! Nothing panics, an instance takes more bytes than it is counted for, and what is written of an entry
//! is read back.

#![no_main]

use dubhe_core::registry::MAX_EXCLUDED;
use dubhe_kubernetes::fuzzing::{document, instances, params};
use libfuzzer_sys::fuzz_target;

/// The bytes of JSON of an address and of the shortest endpoint around it, `{"addresses":["a"]},`.
const SHORTEST: usize = 20;
const KINDS: [&str; 4] = ["config", "mapping", "metadata", "definitions"];

fuzz_target!(|bytes: &[u8]| {
    let cut = bytes.first().map_or(0, |at| usize::from(*at) % bytes.len());
    let (first, second) = bytes.split_at(cut);
    let now = instances("shop", [first, second]);
    assert!(now.instances.len() <= bytes.len() / SHORTEST + 1);
    assert!(now.excluded.len() <= MAX_EXCLUDED);
    for found in &now.instances {
        assert!(found.port != 0 && !found.instance.host.is_empty());
    }

    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for kind in KINDS {
        if let Some((key, Some(written))) = document(kind, "shop", text) {
            assert_eq!(document(kind, "shop", &written).map(|(key, _)| key), Some(key));
        }
    }
    if let Some((read, written)) = params(text) {
        assert_eq!(params(&written), Some((read, written.clone())));
    }
});
