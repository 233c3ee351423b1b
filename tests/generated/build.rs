//! Makes Rust of class files, as the build script of a user does, and of class files that no compiler makes.

#![allow(clippy::panic, reason = "what is assembled is from here")]

#[path = "../../crates/codegen/tests/it/java/assemble.rs"]
mod assemble;
#[path = "../../crates/codegen/tests/it/java/odd.rs"]
mod odd;

use std::fs;
use std::path::Path;

use dubhe_codegen::java_reader::JavaReader;
use dubhe_codegen::rust_writer::RustWriter;
use dubhe_codegen::{folder, openapi};

/// Forms without a discriminator, the lesser one first.
const FORMS: &str = r##"{"openapi": "3.0.1", "info": {"title": "Forms", "version": "1"}, "paths": {}, "components": {"schemas": {
    "Cat": {"type": "object", "properties": {"name": {"type": "string"}, "meow": {"type": "boolean"}}},
    "Dog": {"type": "object", "properties": {"name": {"type": "string"}, "bark": {"type": "number"}}},
    "Key": {"type": "object", "required": ["key"], "properties": {"key": {"type": "string"}, "bark": {"type": "boolean"}}},
    "Pet": {"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}, {"$ref": "#/components/schemas/Key"}]},
    "Pets": {"oneOf": [{"type": "array", "items": {"$ref": "#/components/schemas/Cat"}},
        {"type": "array", "items": {"$ref": "#/components/schemas/Dog"}}]},
    "Kind": {"type": "string", "enum": ["NEW", "SENT"]},
    "Tagged": {"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}], "discriminator": {"propertyName": "kind"}},
    "Fish": {"type": "object", "properties": {"name": {"type": "string"}, "fins": {"type": "integer"}}},
    "Thing": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}},
        {"$ref": "#/components/schemas/Tagged"}, {"$ref": "#/components/schemas/Pet"}, {"$ref": "#/components/schemas/Fish"},
        {"$ref": "#/components/schemas/Kind"}, {"type": "array", "items": {"$ref": "#/components/schemas/Fish"}}]},
    "Ring": {"oneOf": [{"$ref": "#/components/schemas/Link"}, {"type": "integer"}]},
    "Link": {"type": "object", "required": ["to"], "properties": {"to": {"oneOf": [{"$ref": "#/components/schemas/Ring"}, {"type": "boolean"}]}}},
    "Any": {"anyOf": [{"type": "number"}, {"type": "integer"}, {"$ref": "#/components/schemas/Cat"},
        {"type": "object", "additionalProperties": {"type": "string"}}]}}}}"##;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    dubhe_build::Java::new()
        .jar("../../crates/codegen/tests/data/classes")
        .sources("../../crates/codegen/tests/data/java")
        .interfaces(["sample.nulls.Marked"])
        .generate()?;
    let reader = odd::classes()
        .iter()
        .fold(JavaReader::new(), |reader, of| reader.class_bytes("odd.jar", &of.bytes()));
    let written = RustWriter::new().write(&reader.read());
    let out = std::env::var("OUT_DIR")?;
    folder::update(&Path::new(&out).join("odd"), &written.files, true)?;
    // The file is included, and has inner attributes.
    let made = openapi::generate(FORMS, "forms.json")?.rust;
    let outer = made.lines().filter(|line| !line.starts_with("#![") && !line.starts_with("//!"));
    fs::write(Path::new(&out).join("forms.rs"), outer.collect::<Vec<_>>().join("\n"))?;
    println!("cargo::rerun-if-changed=../../crates/codegen/tests/it/java");
    Ok(())
}
