//! Makes Rust of class files, as the build script of a user does, and of class files that no compiler makes.

#![allow(clippy::panic, reason = "what is assembled is from here")]

#[path = "../../crates/codegen/tests/it/java/assemble.rs"]
mod assemble;
#[path = "../../crates/codegen/tests/it/java/odd.rs"]
mod odd;

use std::path::Path;

use dubhe_codegen::folder;
use dubhe_codegen::java_reader::JavaReader;
use dubhe_codegen::rust_writer::RustWriter;

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
    println!("cargo::rerun-if-changed=../../crates/codegen/tests/it/java");
    Ok(())
}
