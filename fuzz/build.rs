//! Makes the message that the target `protobuf_json` reads.

fn main() -> Result<(), dubhe_build::Error> {
    dubhe_build::Builder::new()
        .krate("crate::generated")
        .preserve_unknown_fields(true)
        .compile(&["proto/everything.proto"], &["proto"])
}
