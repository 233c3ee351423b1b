//! Any bytes as an entry of a registry: the name of a provider, the value of an instance in etcd, and
//! the URL of the registry itself. Nothing panics, and an instance that is read is written and read back.

#![no_main]

use dubhe_etcd::{EtcdOptions, instance};
use dubhe_registry::names;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = (names::parse(text), EtcdOptions::parse(text));
    }
    let application = "shop".into();
    let Ok(read) = instance::read(&application, bytes) else { return };
    let again = instance::read(&application, &instance::write(&read)).expect("what is written is read");
    assert_eq!((again.address(), &again.instance.params), (read.address(), &read.instance.params));
});
