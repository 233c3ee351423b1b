//! The JSON mapping of messages, as their serde form.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use crate::{WELL_KNOWN, well_known};

/// The code of each package that has messages or enums, by its name.
pub(crate) fn implementations(
    descriptors: &[u8],
    krate: &str,
) -> io::Result<Vec<(String, String)>> {
    let packages = pbjson_build::Builder::new()
        .register_descriptors(descriptors)?
        .extern_path(WELL_KNOWN, well_known(krate))
        .exclude([WELL_KNOWN])
        // A peer may have a newer schema, as in binary.
        .ignore_unknown_fields()
        .generate(&["."], |_| Ok(Vec::new()))?;
    packages.into_iter().map(|(package, code)| Ok((package.to_string(), relative(code)?))).collect()
}

/// The code with `pbjson` as a name to be brought in, where it is a crate of the program.
fn relative(code: Vec<u8>) -> io::Result<String> {
    let code = String::from_utf8(code).map_err(io::Error::other)?;
    Ok(code.replace("<::pbjson::", "<pbjson::").replace(" ::pbjson::", " pbjson::"))
}

/// Appends the code of a package to its file. The code names the crates `pbjson` and `serde`, which a
/// scope of its own brings in.
pub(crate) fn append(path: &Path, krate: &str, code: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(path)?;
    writeln!(
        file,
        "#[allow(unused_imports, unused_qualifications, clippy::all, clippy::pedantic)]"
    )?;
    writeln!(file, "const _: () = {{")?;
    writeln!(file, "use {krate}::protobuf::{{pbjson, serde}};")?;
    file.write_all(code.as_bytes())?;
    writeln!(file, "}};")
}
