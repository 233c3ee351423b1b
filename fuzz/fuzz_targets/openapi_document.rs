//! Any text as an OpenAPI document. Nothing panics, what is made is Rust, and made again it is the same.

#![no_main]

use dubhe_codegen::openapi;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(made) = openapi::generate(text, "fuzz") else { return };
    syn::parse_file(&made.rust).expect("what is made is Rust");
    assert_eq!(openapi::generate(text, "fuzz").expect("it was made before"), made);
});
