//! The messages are what `dubhe-build` makes of `proto/`. They are kept in the repository so that
//! building this crate needs no compiler of `.proto` files.

use std::fs;
use std::path::Path;

/// Set it to write the file anew.
const UPDATE: &str = "DUBHE_UPDATE";

#[test]
fn generated_code_is_up_to_date() {
    let out = std::env::temp_dir().join(format!("dubhe-etcd-{}", std::process::id()));
    fs::create_dir_all(&out).unwrap();
    let proto = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
    let builder = dubhe_build::Builder::new().krate("crate::generated").client(false).server(false);
    builder.out_dir(&out).compile(&["etcd.proto"], &[proto]).unwrap();
    let mut made = fs::read(out.join("etcdserverpb.rs")).unwrap();
    made.splice(0..0, *b"// @generated\n");
    fs::remove_dir_all(out).unwrap();

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/generated/etcdserverpb.rs");
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&path, &made).unwrap();
    }
    let up_to_date = fs::read(&path).is_ok_and(|kept| kept == made);
    assert!(up_to_date, "it is not; {UPDATE}=1 cargo test -p dubhe-etcd writes it anew");
}
