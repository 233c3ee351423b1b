//! Makes Rust of class files, as the build script of a user does.

fn main() -> Result<(), dubhe_build::Error> {
    dubhe_build::Java::new()
        .jar("../../crates/codegen/tests/data/classes")
        .sources("../../crates/codegen/tests/data/java")
        .interfaces(["sample.nulls.Marked"])
        .generate()
}
