//! The code of the built-in services is what `dubhe-build` makes of `proto/`. It is kept in the
//! repository so that building a server needs no compiler of `.proto` files.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::Path;

/// Set it to write the files anew.
const UPDATE: &str = "DUBHE_UPDATE";

/// Compiles `files` of `proto/` into `out`.
fn compile(files: &[&str], out: &Path) {
    fs::create_dir_all(out).unwrap();
    let proto = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
    let builder = dubhe_build::Builder::new().krate("crate::builtin::generated").client(false);
    builder.out_dir(out).compile(files, &[proto]).unwrap();
}

#[test]
fn generated_code_is_up_to_date() {
    let out = std::env::temp_dir().join(format!("dubhe-server-{}", std::process::id()));
    let [current, older, metadata] = ["current", "older", "metadata"].map(|name| out.join(name));
    compile(&["grpc/health/v1/health.proto", "grpc/reflection/v1/reflection.proto"], &current);
    compile(&["grpc/reflection/v1alpha/reflection.proto"], &older);
    compile(&["org/apache/dubbo/metadata/metadata_service_v2.proto"], &metadata);

    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/builtin/generated");
    for (made, name) in [
        (current.join("grpc.health.v1.rs"), "grpc.health.v1.rs"),
        (current.join("grpc.reflection.v1.rs"), "grpc.reflection.v1.rs"),
        (current.join("dubhe.descriptors.bin"), "dubhe.descriptors.bin"),
        (older.join("dubhe.descriptors.bin"), "v1alpha.descriptors.bin"),
        (metadata.join("org.apache.dubbo.metadata.rs"), "metadata/org.apache.dubbo.metadata.rs"),
        (metadata.join("dubhe.descriptors.bin"), "metadata/dubhe.descriptors.bin"),
    ] {
        let mut made = fs::read(made).unwrap();
        if Path::new(name).extension().is_some_and(|kind| kind == "rs") {
            made.splice(0..0, *b"// @generated\n");
        }
        let path = kept.join(name);
        if std::env::var_os(UPDATE).is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &made).unwrap();
        }
        let up_to_date = fs::read(&path).is_ok_and(|kept| kept == made);
        assert!(up_to_date, "{name} is not; {UPDATE}=1 cargo test -p dubhe-server writes it anew");
    }
    fs::remove_dir_all(out).unwrap();
}
