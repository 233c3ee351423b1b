//! Messages of a Nacos server: read or refused, and never more in memory than their bytes allow.
#![no_main]

use bytes::Bytes;
use dubhe_nacos::wire::{Payload, Push};
use libfuzzer_sys::fuzz_target;

/// Bytes of JSON of the shortest entry that is an instance, `{"ip":""},`.
const SHORTEST: usize = 10;

fuzz_target!(|data: &[u8]| {
    if let Ok(payload) = Payload::decode(Bytes::copy_from_slice(data)) {
        read(&payload);
    }
    // Most inputs are no envelope: the JSON alone, of each request that has some.
    for kind in ["NotifySubscriberRequest", "SetupAckRequest", "ConnectResetRequest", "ConfigChangeNotifyRequest"] {
        read(&Payload { kind: kind.to_owned(), body: Bytes::copy_from_slice(data) });
    }
});

fn read(payload: &Payload) {
    if let Ok(Push::Service(service)) = Push::read(payload) {
        assert!(service.hosts.len() <= payload.body.len() / SHORTEST + 1);
        assert!(service.unreadable.len() <= dubhe_core::registry::MAX_EXCLUDED);
    }
}
