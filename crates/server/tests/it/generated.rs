//! The code of the built-in services is what `dubhe-build` makes of `proto/`. It is kept in the
//! repository so that building a server needs no compiler of `.proto` files.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::Path;

/// Set it to write the files anew.
const UPDATE: &str = "DUBHE_UPDATE";

/// Compiles `files` of `proto/` for a module of the crate into `out`.
fn compile(module: &str, files: &[&str], out: &Path) {
    fs::create_dir_all(out).unwrap();
    let proto = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
    let builder = dubhe_build::Builder::new().krate(format!("crate::{module}::generated"));
    builder.client(false).out_dir(out).compile(files, &[proto]).unwrap();
}

#[test]
fn generated_code_is_up_to_date() {
    let out = std::env::temp_dir().join(format!("dubhe-server-{}", std::process::id()));
    let [current, older, metadata] = ["current", "older", "metadata"].map(|name| out.join(name));
    let health_and_reflection =
        ["grpc/health/v1/health.proto", "grpc/reflection/v1/reflection.proto"];
    compile("builtin", &health_and_reflection, &current);
    compile("builtin", &["grpc/reflection/v1alpha/reflection.proto"], &older);
    let file = "org/apache/dubbo/metadata/metadata_service_v2.proto";
    compile("metadata_service", &[file], &metadata);

    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (builtin, service) = ("builtin/generated", "metadata_service/generated");
    for (made, folder, name) in [
        (current.join("grpc.health.v1.rs"), builtin, "grpc.health.v1.rs"),
        (current.join("grpc.reflection.v1.rs"), builtin, "grpc.reflection.v1.rs"),
        (current.join("dubhe.descriptors.bin"), builtin, "dubhe.descriptors.bin"),
        (older.join("dubhe.descriptors.bin"), builtin, "v1alpha.descriptors.bin"),
        (metadata.join("org.apache.dubbo.metadata.rs"), service, "org.apache.dubbo.metadata.rs"),
        (metadata.join("dubhe.descriptors.bin"), service, "dubhe.descriptors.bin"),
    ] {
        let mut made = fs::read(made).unwrap();
        if Path::new(name).extension().is_some_and(|kind| kind == "rs") {
            made.splice(0..0, *b"// @generated\n");
        }
        let path = src.join(folder).join(name);
        if std::env::var_os(UPDATE).is_some() {
            fs::create_dir_all(src.join(folder)).unwrap();
            fs::write(&path, &made).unwrap();
        }
        let up_to_date = fs::read(&path).is_ok_and(|kept| kept == made);
        assert!(up_to_date, "{name} is not; {UPDATE}=1 cargo test -p dubhe-server writes it anew");
    }
    fs::remove_dir_all(out).unwrap();
}
