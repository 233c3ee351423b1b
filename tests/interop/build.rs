//! Compiles the services that the peers have as `.proto` files.

fn main() -> Result<(), dubhe_build::Error> {
    let java = "../peers/java-dubbo/proto/src/main/proto";
    let go = "../peers/go-dubbo/pb";
    dubhe_build::compile(
        &["greeter.proto", "interop.proto", "testing.proto", "orca.proto"],
        &[java, go, "proto"],
    )
}
