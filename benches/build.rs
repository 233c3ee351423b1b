//! Compiles `bench.proto`, which all contenders share.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    Ok(dubhe_build::compile(&["proto/bench.proto"], &["proto"])?)
}
