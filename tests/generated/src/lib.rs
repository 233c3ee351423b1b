//! An [`Api`] with each form of Java that code is generated of, for `generated/` and for tests.
//!
//! `cargo run -p dubhe-generated --bin write` writes `generated/` anew.

mod make;
mod people;
mod shop;

use dubhe_codegen::Api;
use dubhe_codegen::Written;
use dubhe_codegen::rust_writer::{OVERRIDE_VALUE, RustWriter};

/// The types.
pub fn api() -> Api {
    let mut api = Api::default();
    for declared in people::types().into_iter().chain(shop::types()) {
        api.types.insert(declared.name.clone(), declared);
    }
    make::subclasses(&mut api);
    api
}

/// The writer, with an option of each kind.
pub fn writer() -> RustWriter {
    RustWriter::new()
        .override_type("org.example.shop.Node", OVERRIDE_VALUE)
        .override_type("org.example.shop.Money", "crate::Money")
        .exact("org.example.people.User")
        .rename("org.example.people.Address.zip", "zip_code")
}

/// The files that are written of them.
pub fn output() -> Written {
    writer().write(&api())
}
