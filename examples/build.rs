//! Makes messages, traits, servers and clients of `proto/`, and of the jar in `java/`; neither protoc nor a JDK is
//! needed. The jar has the API of `tests/peers/java-orders`.

fn main() -> Result<(), dubhe_build::Error> {
    dubhe_build::java(&["java/orders-api-1.2.jar"])?;
    dubhe_build::compile(&["proto/hello.proto", "proto/greeting.proto"], &["proto"])
}
