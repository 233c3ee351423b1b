//! Any text as the definition of a service. Nothing panics, what is read has no differences to itself, and
//! its differences to the same without a type are told.

#![no_main]

use dubhe_codegen::{check, definition};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(api) = definition::read(text, "fuzz") else { return };
    assert_eq!(check::differences(&api, &api), []);
    let mut other = api.clone();
    if let Some((name, _)) = other.types.pop_first() {
        let found = check::differences(&api, &other);
        assert!(found.iter().any(|change| change.ty == name), "{name} is gone: {found:?}");
        for change in found {
            assert!(!change.to_string().is_empty());
        }
    }
});
