//! Any bytes as a class file, and as a jar. Nothing panics, and the model that is made of them is the same each time.

#![no_main]

use dubhe_codegen::archive::{Limits, Reader};
use dubhe_codegen::classfile::ClassFile;
use dubhe_codegen::java_reader::JavaReader;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = ClassFile::read(bytes) {
        let _ = error.to_string();
    }
    let read = || JavaReader::new().class_bytes("fuzz", bytes).interfaces(["*"]).read();
    assert_eq!(read(), read());
    let limits = Limits { entry: 1 << 20, total: 4 << 20, ..Limits::default() };
    let _ = Reader::new(limits).jar_bytes("fuzz.jar", bytes, ".class", &mut |entry| {
        let _ = ClassFile::read(&entry.bytes);
    });
});
