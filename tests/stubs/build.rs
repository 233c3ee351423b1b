//! Compiles the protos of the sample, as most programs do and as those without the crate `dubhe`.

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (files, includes) = (["proto/shapes.proto"], ["proto"]);
    dubhe_build::compile(&files, &includes)?;

    let alone = Path::new(&std::env::var("OUT_DIR")?).join("alone");
    std::fs::create_dir_all(&alone)?;
    dubhe_build::Builder::new()
        .krate("crate::alone::private")
        .out_dir(alone)
        .compile(&files, &includes)?;

    // Names that are not what they seem, each kind in a file of its own.
    let names = Path::new(&std::env::var("OUT_DIR")?).join("names");
    std::fs::create_dir_all(&names)?;
    let mut files = Vec::new();
    for entry in std::fs::read_dir("names")? {
        files.push(entry?.path());
    }
    files.sort();
    dubhe_build::Builder::new().out_dir(names).compile(&files, &["names"])?;

    // Messages that keep what their schema does not have.
    let unknown = Path::new(&std::env::var("OUT_DIR")?).join("unknown");
    std::fs::create_dir_all(&unknown)?;
    let files = ["older.proto", "newer.proto", "extended.proto", "elsewhere.proto"];
    dubhe_build::Builder::new()
        .out_dir(unknown)
        .preserve_unknown_fields(true)
        .compile(&files.map(|file| Path::new("unknown").join(file)), &["unknown"])?;

    // The services that every server has.
    let built_in = Path::new(&std::env::var("OUT_DIR")?).join("built_in");
    std::fs::create_dir_all(&built_in)?;
    let files = [
        "grpc/health/v1/health.proto",
        "grpc/reflection/v1/reflection.proto",
        "grpc/reflection/v1alpha/reflection.proto",
    ];
    dubhe_build::Builder::new()
        .out_dir(built_in)
        .compile(&files, &["../../crates/server/proto"])?;
    Ok(())
}
