//! Compiles the service of the suite, and what the runner says to the programs under test.

fn main() -> Result<(), dubhe_build::Error> {
    dubhe_build::compile(&["proto/conformance.proto"], &["proto"])
}
