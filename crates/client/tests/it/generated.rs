//! The messages of `MetadataServiceV2` are what `dubhe-build` makes of the `.proto` file that the
//! server has too. They are kept in the repository so that building a client needs no compiler of
//! `.proto` files.

use std::fs;
use std::path::Path;

/// Set it to write the file anew.
const UPDATE: &str = "DUBHE_UPDATE";

#[test]
fn generated_code_is_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = dubhe_testkit::Folder::new().unwrap();
    let builder = dubhe_build::Builder::new().krate("crate::metadata_service::generated");
    let builder = builder.client(false).server(false).out_dir(out.path());
    let proto = "org/apache/dubbo/metadata/metadata_service_v2.proto";
    builder.compile(&[proto], &[folder.join("../server/proto")]).unwrap();

    let name = "org.apache.dubbo.metadata.rs";
    let mut made = fs::read(out.path().join(name)).unwrap();
    made.splice(0..0, *b"// @generated\n");
    let path = folder.join("src/metadata_service/generated").join(name);
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&path, &made).unwrap();
    }
    let up_to_date = fs::read(&path).is_ok_and(|kept| kept == made);
    assert!(up_to_date, "{name} is not; {UPDATE}=1 cargo test -p dubhe-client writes it anew");
}
