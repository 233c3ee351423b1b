//! Compiles the protos of the sample.

fn main() -> Result<(), dubhe_build::Error> {
    dubhe_build::Builder::new().krate("crate::dubhe").compile(&["proto/shapes.proto"], &["proto"])
}
