//! Compiles the `.proto` files of the runner, which are in the folder that `PROTOBUF_CONFORMANCE_PROTOS` names.

use std::path::Path;

const FOLDER: &str = "PROTOBUF_CONFORMANCE_PROTOS";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-env-changed={FOLDER}");
    println!("cargo::rustc-check-cfg=cfg(protos)");
    let Some(folder) = std::env::var_os(FOLDER) else { return Ok(()) };
    let folder = Path::new(&folder);
    let files = [
        "conformance/conformance.proto",
        "google/protobuf/test_messages_proto2.proto",
        "google/protobuf/test_messages_proto3.proto",
    ];
    // The types of the tests are of `google.protobuf` by their file alone.
    dubhe_build::Builder::new()
        .preserve_unknown_fields(true)
        .compile(&files.map(|file| folder.join(file)), &[folder])?;
    println!("cargo::rustc-cfg=protos");
    Ok(())
}
