//! Packages as files of modules, for folders that are kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use prost_types::FileDescriptorProto;

use crate::names;
use crate::packages::Tree;

/// Names that no file of a module may have: that of the module around it, and those that Windows keeps.
const NO_FILES: [&str; 5] = ["mod", "con", "prn", "aux", "nul"];

/// The bytes on a line of the descriptors.
const BYTES: usize = 24;

/// Rust of `.proto` files, as a folder of modules.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Modules {
    /// The files.
    pub files: Vec<ModuleFile>,
    /// The descriptors of all files and their imports, a `google.protobuf.FileDescriptorSet`. The last of `files` has
    /// them as well.
    pub descriptors: Vec<u8>,
}

/// The module of a package.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ModuleFile {
    /// The path below the folder, with `/`; the root is `mod.rs`.
    pub path: String,
    /// The `.proto` files of the package, as imports name them.
    pub sources: Vec<String>,
    /// The code, which is not formatted.
    pub code: String,
}

impl Modules {
    /// Reads the descriptors again from the file that has them.
    ///
    /// Returns nothing of a text that is no such file.
    pub fn descriptors_of(file: &str) -> Option<Vec<u8>> {
        let (_, from) = file.split_once("DESCRIPTORS: &[u8] = b\"")?;
        let (mut bytes, mut rest) = (Vec::new(), from.as_bytes());
        loop {
            rest = match rest {
                [b'"', ..] => return Some(bytes),
                [b'\\', b'\n', behind @ ..] => behind.trim_ascii_start(),
                [b'\\', b'x', high, low, behind @ ..] => {
                    let digits = [*high, *low];
                    let digits = std::str::from_utf8(&digits).ok()?;
                    bytes.push(u8::from_str_radix(digits, 16).ok()?);
                    behind
                }
                [b'\\', letter, behind @ ..] => {
                    bytes.push(match letter {
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        other => *other,
                    });
                    behind
                }
                [byte, behind @ ..] => {
                    bytes.push(*byte);
                    behind
                }
                [] => return None,
            };
        }
    }
}

/// The name of the module of the descriptors, to which packages give way.
pub(crate) fn descriptors_name(files: &[&FileDescriptorProto]) -> String {
    let packages: BTreeSet<String> =
        files.iter().filter_map(|file| names::module(file.package()).into_iter().next()).collect();
    crate::service::free("dubhe_descriptors".to_owned(), |name| !packages.contains(name))
}

/// The path of the descriptors from a package.
pub(crate) fn descriptors_path(package: &str, module: &str) -> String {
    "super::".repeat(names::module(package).len()) + module + "::DESCRIPTORS"
}

/// The files of the packages of `tree`.
pub(crate) fn modules(
    tree: &Tree,
    made: &[&FileDescriptorProto],
    descriptors: Vec<u8>,
    name: &str,
) -> Modules {
    let mut sources: BTreeMap<Vec<String>, BTreeSet<String>> = BTreeMap::new();
    for file in made {
        sources.entry(names::module(file.package())).or_default().insert(file.name().to_owned());
    }
    let mut files = Vec::new();
    let mut open = vec![(Vec::new(), String::new(), tree)];
    while let Some((parts, folder, tree)) = open.pop() {
        let plain: Vec<String> = parts.iter().map(|part: &String| unescaped(part)).collect();
        let of = sources.remove(&plain).unwrap_or_default();
        let mut code = String::new();
        let mut taken = BTreeSet::new();
        if parts.is_empty() {
            let _ = writeln!(code, "mod {name};");
            taken.insert(name.to_owned());
        }
        for (part, inner) in tree.inner() {
            let word = unescaped(part);
            let is_free = |stem: &str| {
                !NO_FILES.contains(&stem)
                    && (stem == word || !tree.inner().any(|(of, _)| unescaped(of) == stem))
            };
            let stem = crate::service::free(word.clone(), |stem| {
                is_free(stem) && taken.insert(stem.to_owned())
            });
            let is_leaf = inner.inner().next().is_none();
            if stem != word {
                let path = if is_leaf { format!("{stem}.rs") } else { format!("{stem}/mod.rs") };
                let _ = writeln!(code, "#[path = {path:?}]");
            }
            let _ = writeln!(code, "pub mod {part};");
            let path = format!("{folder}{stem}/");
            open.push(([&parts[..], std::slice::from_ref(part)].concat(), path, inner));
        }
        code.push_str(tree.code_here());
        let is_leaf = tree.inner().next().is_none() && !parts.is_empty();
        let path = match folder.strip_suffix('/') {
            Some(stem) if is_leaf => format!("{stem}.rs"),
            _ => format!("{folder}mod.rs"),
        };
        files.push(ModuleFile { path, sources: of.into_iter().collect(), code });
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let all = made.iter().map(|file| file.name().to_owned()).collect();
    files.push(ModuleFile {
        path: format!("{name}.rs"),
        sources: all,
        code: literal(&descriptors),
    });
    Modules { files, descriptors }
}

/// A part of a package without the escape of keywords.
fn unescaped(part: &str) -> String {
    part.strip_prefix("r#").unwrap_or(part).to_owned()
}

/// The descriptors as a constant.
fn literal(bytes: &[u8]) -> String {
    let mut code = String::from("pub(super) const DESCRIPTORS: &[u8] = b\"\\\n");
    for line in bytes.chunks(BYTES) {
        code.push_str("    ");
        for byte in line {
            match byte {
                // Spaces at the beginning of a line belong to the indent.
                b' ' => code.push_str("\\x20"),
                _ => code.push_str(&byte.escape_ascii().to_string()),
            }
        }
        code.push_str("\\\n");
    }
    code + "\";\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_are_read_back() {
        let all: Vec<u8> = (0..=u8::MAX).chain(b"   \n  \"\\x41'".iter().copied()).collect();
        assert_eq!(Modules::descriptors_of(&literal(&all)), Some(all));
        for text in ["", "const DESCRIPTORS: &[u8] = b\"abc", "DESCRIPTORS: &[u8] = b\"\\xg0\""] {
            assert_eq!(Modules::descriptors_of(text), None, "{text}");
        }
    }
}
