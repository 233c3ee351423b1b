//! The place of each type: its module, its file, its name.

use std::collections::{BTreeMap, BTreeSet};

use super::{RustWriter, cut, family};
use crate::model::{Api, Kind, Note};
use crate::names::{Scope, camel, is_known_type, module, type_name};

/// Levels of packages that become folders, and the letters that their names have together.
pub(super) const MAX_PACKAGES: usize = 64;
pub(super) const MAX_PATH: usize = 1_024;
/// Bytes of the name of a module, which its file has: file systems take 255 at most.
const MAX_MODULE: usize = 120;

/// The place of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The modules of its package, below the root.
    pub(super) package: Vec<String>,
    /// The module of its file in that of the package.
    pub(super) file: String,
    /// The name of the type.
    pub(super) name: String,
}

/// The places of all types, and the files.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) places: BTreeMap<String, Place>,
    /// The binary names of the types of each file, by the modules of its package and its own.
    pub(super) files: BTreeMap<(Vec<String>, String), Vec<String>>,
    /// Packages as Java calls them, by their modules.
    pub(super) packages: BTreeMap<Vec<String>, String>,
    pub(super) notes: Vec<Note>,
}

/// The package and the rest of a binary name.
fn split(java: &str) -> (&str, &str) {
    java.rsplit_once('.').unwrap_or(("", java))
}

/// Returns `true` for a type whose package has no folder.
pub(super) fn is_too_deep(java: &str) -> bool {
    let package = split(java).0;
    package.len() > MAX_PATH || package.split('.').count() > MAX_PACKAGES
}

/// The module of a package or a file, with a number made of the whole name where that is too long for a file.
fn short_module(java: &str) -> String {
    let name = module(java);
    if name.len() <= MAX_MODULE {
        return name;
    }
    // FNV-1a; the names of modules are ASCII.
    let number = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |number, byte| {
        (number ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    let begin: String = name.chars().take(MAX_MODULE - 17).collect();
    format!("{begin}_{number:016x}")
}

/// The top-level class of a binary name without its package: `Order` of `Order$Line`.
fn top(simple: &str) -> &str {
    match simple.char_indices().skip(1).find(|(_, c)| *c == '$') {
        Some((at, _)) => simple.get(..at).unwrap_or(simple),
        None => simple,
    }
}

/// The name in Java's source, without its package.
pub(super) fn simple(java: &str) -> String {
    split(java).1.replace('$', ".")
}

impl Layout {
    pub(super) fn new(api: &Api, writer: &RustWriter) -> Self {
        let mut layout = Self::default();
        let mut packages: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for java in api.types.keys() {
            packages.entry(split(java).0).or_default().push(java);
        }
        let modules = layout.modules(packages.keys().copied());
        let mut taken: BTreeMap<Vec<String>, Scope> = BTreeMap::new();
        for path in layout.packages.keys() {
            if let Some((child, parent)) = path.split_last() {
                taken.entry(parent.to_vec()).or_default().take_one(child);
            }
        }
        for (package, types) in &packages {
            let Some(path) = modules.get(package) else { continue };
            let names = layout.names(api, writer, types);
            let scope = taken.entry(path.clone()).or_default();
            let tops: BTreeSet<&str> = types.iter().map(|java| top(split(java).1)).collect();
            let files: BTreeMap<&str, String> =
                tops.into_iter().map(|top| (top, scope.take_one(&short_module(top)))).collect();
            for java in types.iter().filter(|java| module(top(split(java).1)).len() > MAX_MODULE) {
                let file = files.get(top(split(java).1)).map(String::as_str).unwrap_or_default();
                let text = format!(
                    "its name is too long for that of a file, so its module is called {file}"
                );
                layout.notes.push(Note { at: cut(java), text });
            }
            for java in types {
                let Some(file) = files.get(top(split(java).1)) else { continue };
                let Some(name) = names.get(*java) else { continue };
                let place = Place { package: path.clone(), file: file.clone(), name: name.clone() };
                layout
                    .files
                    .entry((path.clone(), file.clone()))
                    .or_default()
                    .push((*java).to_owned());
                let key = family::key(java);
                if let Some(name) = names.get(&key).cloned() {
                    let of = layout.files.entry((path.clone(), file.clone())).or_default();
                    of.push(key.clone());
                    layout.places.insert(key, Place { name, ..place.clone() });
                }
                layout.places.insert((*java).to_owned(), place);
            }
        }
        layout
    }

    /// The modules of each package and of those between it and the root.
    fn modules<'a>(
        &mut self,
        packages: impl Iterator<Item = &'a str> + Clone,
    ) -> BTreeMap<&'a str, Vec<String>> {
        let parts = |package: &'a str| -> Vec<&'a str> {
            package.split('.').filter(|part| !part.is_empty()).collect()
        };
        let mut common: Option<Vec<&str>> = None;
        for package in packages.clone() {
            let parts = parts(package);
            common = Some(match common {
                None => parts,
                Some(known) => {
                    known.iter().zip(&parts).take_while(|(a, b)| a == b).map(|(a, _)| *a).collect()
                }
            });
        }
        let common = common.unwrap_or_default();
        self.packages.insert(Vec::new(), common.join("."));
        // The modules by the parts of Java's names, the shorter first.
        let mut known: BTreeMap<Vec<&str>, Vec<String>> = BTreeMap::new();
        let mut scopes: BTreeMap<Vec<&str>, Scope> = BTreeMap::new();
        known.insert(Vec::new(), Vec::new());
        let mut modules = BTreeMap::new();
        for package in packages {
            let parts = parts(package);
            let below = parts.get(common.len()..).unwrap_or_default();
            let mut path = Vec::new();
            for end in 1..=below.len() {
                let java = below.get(..end).unwrap_or_default();
                if !known.contains_key(java) {
                    let Some((own, parent)) = java.split_last() else { continue };
                    let name =
                        scopes.entry(parent.to_vec()).or_default().take_one(&short_module(own));
                    let mut full = path.clone();
                    full.push(name);
                    let all: Vec<_> = common.iter().chain(java).copied().collect();
                    self.packages.insert(full.clone(), all.join("."));
                    known.insert(java.to_vec(), full);
                }
                path = known.get(java).cloned().unwrap_or_default();
            }
            modules.insert(package, path);
        }
        modules
    }

    /// The names of the types of one package.
    fn names(
        &mut self,
        api: &Api,
        writer: &RustWriter,
        types: &[&str],
    ) -> BTreeMap<String, String> {
        let mut wanted: Vec<(u8, &str, String)> = Vec::new();
        for java in types {
            let parts = split(java).1.split('$').filter(|part| !part.is_empty());
            let joined: String = parts.map(bare_camel).collect();
            let given = writer.renames.get(*java);
            let name = given.cloned().unwrap_or_else(|| type_name(&joined));
            let is_service =
                matches!(api.types.get(*java).map(|of| &of.kind), Some(Kind::Service(_)));
            let rank = match (given, is_service) {
                (Some(_), _) => 0,
                (None, true) => 1,
                (None, false) if name == split(java).1 => 2,
                (None, false) => 3,
            };
            wanted.push((rank, java, name));
        }
        wanted.sort();
        let (mut scope, mut names) = (Scope::default(), BTreeMap::new());
        for (rank, java, wanted) in wanted {
            let kind = api.types.get(java).map(|of| &of.kind);
            let name = scope.take(&wanted, |name| beside(kind, name));
            let why = if name != wanted {
                Some(format!("{wanted} is another type of this package"))
            } else if rank > 0 && name.strip_prefix("Java").is_some_and(is_known_type) {
                Some("its own name means another type in Rust".to_owned())
            } else {
                None
            };
            if let Some(why) = why {
                let text = format!("{why}, so it is called {name}; a rename gives it another name");
                self.notes.push(Note { at: java.to_owned(), text });
            }
            names.insert(java.to_owned(), name);
        }
        // Classes keep their names before what is written beside others.
        for java in types {
            let may_be = api.types.get(*java).is_some_and(|of| family::may_be(&of.kind, true));
            if let Some(own) = names.get(*java).filter(|_| may_be) {
                let name = scope.take_one(&family::name(own));
                names.insert(family::key(java), name);
            }
        }
        names
    }
}

/// A part of a nested class's name.
fn bare_camel(part: &str) -> String {
    let name = camel(part);
    // Digits may follow another part.
    if part.starts_with(|c: char| c.is_ascii_digit()) {
        name.trim_start_matches('T').to_owned()
    } else {
        name.trim_end_matches('_').to_owned()
    }
}

/// The names of what is written beside a type.
pub(super) fn beside(kind: Option<&Kind>, name: &str) -> Vec<String> {
    match kind {
        Some(Kind::Service(_)) => vec![format!("{name}Client"), format!("{name}Server")],
        _ => Vec::new(),
    }
}
