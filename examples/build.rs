//! Makes messages, traits, servers and clients of `proto/`; protoc is not needed.

fn main() -> Result<(), dubhe_build::Error> {
    dubhe_build::compile(&["proto/hello.proto", "proto/greeting.proto"], &["proto"])
}
