//! Makes the messages twice: with dubhe-build, and with prost-build and pbjson-build.

use std::error::Error;
use std::path::PathBuf;

use prost::Message as _;

fn main() -> Result<(), Box<dyn Error>> {
    let (files, includes) = (["proto/order.proto"], ["proto"]);
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let ours = out.join("ours");
    std::fs::create_dir_all(&ours)?;
    dubhe_build::Builder::new().krate("crate::generated").out_dir(ours).compile(&files, &includes)?;

    let descriptors = protox::compile(files, includes)?;
    let bytes = descriptors.encode_to_vec();
    prost_build::Config::new().compile_fds(descriptors)?;
    pbjson_build::Builder::new().register_descriptors(&bytes)?.build(&[".order"])?;
    Ok(())
}
