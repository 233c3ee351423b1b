//! Makes the protobuf service of the demo.

fn main() -> Result<(), dubhe_build::Error> {
    dubhe_build::compile(&["proto/hello.proto"], &["proto"])
}
