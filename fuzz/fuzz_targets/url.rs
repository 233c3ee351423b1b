//! Any text as the URL of a provider or a registry. Nothing panics, no password is printed, and what
//! is printed without one is read back.

#![no_main]

use dubhe_core::url::Url;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(url) = Url::parse(text, "dubbo") else { return };
    let _ = (url.service(), url.instance(), url.endpoint());
    let printed = url.to_string();
    if url.user.is_empty() && url.password.is_empty() {
        assert_eq!(Url::parse(&printed, "dubbo").expect("what is printed is read"), url);
    }
});
