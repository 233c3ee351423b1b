//! The JSON mapping of messages, as their serde form.

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use proc_macro2::TokenStream;
use prost::Message as _;
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet};

use crate::mend::{OneOfs, mend};
use crate::names::module;
use crate::{WELL_KNOWN, well_known};

/// The code of each package that has messages or enums, by its name.
pub(crate) fn implementations(
    files: &[FileDescriptorProto],
    krate: &str,
) -> io::Result<Vec<(String, String)>> {
    let set = FileDescriptorSet { file: named(files) }.encode_to_vec();
    let mut packages: Vec<&str> = files.iter().map(FileDescriptorProto::package).collect();
    packages.sort_unstable();
    packages.dedup();
    let mut all = Vec::new();
    for package in packages {
        let made = pbjson_build::Builder::new()
            .register_descriptors(&set)?
            .extern_path(WELL_KNOWN, well_known(krate))
            // Types begin with a word that parameters and items of the code do not begin with.
            .extern_path(format!(".{package}"), "self")
            .exclude([WELL_KNOWN])
            // A peer may have a newer schema, as in binary.
            .ignore_unknown_fields()
            .generate(&[format!(".{package}")], |_| Ok(Vec::new()))?;
        let here = files.iter().filter(|file| module(file.package()) == module(package));
        let oneofs = OneOfs::of(here);
        for (name, code) in made {
            // Keywords are escaped in it.
            if module(&name.to_string().replace("r#", "")) != module(package) {
                continue;
            }
            let code = String::from_utf8(code).map_err(io::Error::other)?;
            let parsed = relative(&code).replace("::::", "::").parse::<TokenStream>();
            let code = parsed.map_err(|error| io::Error::other(error.to_string()))?;
            all.push((package.to_owned(), mend(code, &oneofs).to_string()));
        }
    }
    Ok(all)
}

/// The files as pbjson takes them: the package without a name has an empty one, in paths too.
fn named(files: &[FileDescriptorProto]) -> Vec<FileDescriptorProto> {
    let mut files = files.to_vec();
    let nameless = files.iter().filter(|file| file.package().is_empty());
    let types = nameless.flat_map(|file| {
        let messages = file.message_type.iter().map(DescriptorProto::name);
        messages.chain(file.enum_type.iter().map(EnumDescriptorProto::name)).map(str::to_owned)
    });
    let types: HashSet<String> = types.collect();
    for file in &mut files {
        file.package.get_or_insert_default();
        file.source_code_info = None;
        file.message_type.iter_mut().for_each(|message| with_root(message, &types));
    }
    files
}

/// Writes the empty name into the paths of a message's fields.
fn with_root(message: &mut DescriptorProto, types: &HashSet<String>) {
    for path in message.field.iter_mut().filter_map(|field| field.type_name.as_mut()) {
        if path.split('.').nth(1).is_some_and(|first| types.contains(first)) {
            path.insert(0, '.');
        }
    }
    message.nested_type.iter_mut().for_each(|nested| with_root(nested, types));
}

/// The code with `pbjson` as a name to be brought in, where it is a crate of the program.
fn relative(code: &str) -> String {
    code.replace("<::pbjson::", "<pbjson::").replace(" ::pbjson::", " pbjson::")
}

/// Appends the code of a package to its file. The code names the crates `__pbjson` and `__serde`, which a
/// scope of its own brings in.
pub(crate) fn append(path: &Path, krate: &str, code: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(path)?;
    writeln!(
        file,
        "#[allow(deprecated, unused_imports, unused_qualifications, clippy::all, clippy::pedantic)]"
    )?;
    writeln!(file, "const _: () = {{")?;
    writeln!(file, "use {krate}::protobuf::{{pbjson as __pbjson, serde as __serde}};")?;
    file.write_all(code.as_bytes())?;
    writeln!(file, "}};")
}
