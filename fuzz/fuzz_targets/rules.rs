//! Any text as a document of each kind, URLs among them, and as one rule that is a URL. Nothing panics, and what is read
//! twice is the same.

#![no_main]

use dubhe_config::{Keys, override_urls, route_url, validate};
use dubhe_core::ServiceKey;
use dubhe_core::documents::{DocumentKey, UrlCategory};
use libfuzzer_sys::fuzz_target;

const KEYS: &[&str] = &[
    "a.condition-router",
    "a.tag-router",
    "a.script-router",
    "a.affinity-router",
    "a.configurators",
    "a.MESHAPPRULE",
    "a.migration",
    "dubbo.properties",
    "application.yaml",
];

fuzz_target!(|text: &str| {
    let service = ServiceKey::interface_only("a.B");
    let urls = [UrlCategory::Configurators, UrlCategory::Routers];
    let urls = urls.map(|category| Keys::urls(&service, category));
    for key in KEYS.iter().map(|key| DocumentKey::config(*key)).chain(urls) {
        let read = validate(&key, text);
        match &read {
            Ok(summary) => {
                let _ = summary.to_string();
            }
            Err(error) => {
                let _ = (error.to_string(), error.source_line(text));
            }
        }
        // NaN is not equal to itself.
        assert_eq!(format!("{read:?}"), format!("{:?}", validate(&key, text)));
    }
    let _ = (route_url(text), override_urls([text]));
});
