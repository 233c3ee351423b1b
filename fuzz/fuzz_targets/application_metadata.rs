//! Any text as the metadata of an application, and as the metadata of an instance. Nothing panics, and
//! metadata that are read and written are read again as they were.

#![no_main]

use std::sync::Arc;

use dubhe_core::endpoint::Instance;
use dubhe_registry::application::ServiceInstance;
use dubhe_registry::application::metadata_info::{from_json, revision, to_json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(info) = from_json(text) {
        let _ = revision(&info);
        let once = from_json(&to_json(&info)).expect("what is written is read");
        assert_eq!(from_json(&to_json(&once)).expect("what is written is read"), once);
    }
    let names = ["dubbo.endpoints", "dubbo.metadata-service.url-params", "dubbo.metadata.revision"];
    let params = names.map(|name| (name.into(), text.into()));
    let instance = Instance { params: params.into(), ..Instance::default() };
    let instance = ServiceInstance { instance: Arc::new(instance), port: 1 };
    assert!(instance.endpoints().iter().all(|endpoint| endpoint.port != 0));
    assert_ne!(instance.metadata_service().offer.port, 0);
    let _ = (instance.revision(), instance.storage());
});
