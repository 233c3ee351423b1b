//! Compiles the proto of all contenders, once for each framework.

use std::path::Path;

use prost::Message;

const FILE: &str = "bench.proto";
const FOLDER: &str = "../proto";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed={FOLDER}");
    let out = std::env::var("OUT_DIR")?;
    // Not protoc, which need not be installed.
    let descriptors = protox::compile([FILE], [FOLDER])?;
    let set = Path::new(&out).join("bench.set");
    std::fs::write(&set, descriptors.encode_to_vec())?;

    tonic_prost_build::configure().bytes(".").compile_fds(descriptors)?;

    let connect = Path::new(&out).join("connect");
    std::fs::create_dir_all(&connect)?;
    connectrpc_build::Config::new()
        .descriptor_set(&set)
        .files(&[FILE])
        .out_dir(&connect)
        .include_file("mod.rs")
        // They would name a file that this program writes.
        .emit_rerun_directives(false)
        .compile()?;
    Ok(())
}
