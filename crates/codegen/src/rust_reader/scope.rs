//! Names to what they stand for: items of the sources, or paths into other crates.

use std::collections::HashMap;

use syn::Item;

use super::load::{ModuleId, Program};

/// The longest chain of `use` that is followed.
const CHAIN: usize = 32;

/// An item of the sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ItemId {
    pub(super) module: ModuleId,
    pub(super) at: usize,
}

/// The end of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Item(ItemId),
    Module(ModuleId),
    /// A path of another crate; one name alone is of the prelude, or of a `use path::*`.
    External(Vec<String>),
}

impl Program {
    /// The item of that number.
    pub(super) fn item(&self, id: ItemId) -> Option<&Item> {
        self.module(id.module)?.items.get(id.at)
    }

    /// All items, in the order of reading.
    pub(super) fn items(&self) -> impl Iterator<Item = (ItemId, &Item)> {
        self.modules().flat_map(|(module, content)| {
            let items = content.items.iter().enumerate();
            items.map(move |(at, item)| (ItemId { module, at }, item))
        })
    }

    /// The item or module that `path` leads to from `scope`.
    pub(super) fn resolve(&self, scope: ModuleId, path: &[String]) -> Found {
        Lookup { program: self, known: HashMap::new() }.follow(scope, path, Via::Code, CHAIN)
    }

    fn root(&self, mut scope: ModuleId) -> ModuleId {
        while let Some(parent) = self.module(scope).and_then(|module| module.parent) {
            scope = parent;
        }
        scope
    }

    /// The one type or trait of the name of a path that leads out of its crate: sources of several crates may be read
    /// together.
    pub(super) fn elsewhere(&self, path: &[String]) -> Option<ItemId> {
        let name = path.last().filter(|_| !is_known_crate(path))?;
        let mut all = self.modules().filter_map(|(id, module)| {
            module.named.get(name.as_str()).map(|at| ItemId { module: id, at: *at })
        });
        all.next().filter(|_| all.next().is_none())
    }
}

/// The place of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Via<'a> {
    Code,
    /// `use`, whose paths begin with no name of a `use path::*`; nor with the name that it brings in.
    Use(Option<&'a str>),
}

/// The search for one path.
struct Lookup<'a> {
    program: &'a Program,
    /// Names that were looked up, or are being: modules may bring in all of one another.
    known: HashMap<(ModuleId, String), Option<Found>>,
}

impl Lookup<'_> {
    fn follow(&mut self, scope: ModuleId, path: &[String], via: Via<'_>, left: usize) -> Found {
        let external = || Found::External(path.to_vec());
        let Some((first, rest)) = path.split_first() else { return external() };
        let parent = |id| self.program.module(id).and_then(|module| module.parent);
        let start = match (first.as_str(), via) {
            ("", _) => return Found::External(rest.to_vec()),
            ("crate", _) => Some(Found::Module(self.program.root(scope))),
            ("self", _) => Some(Found::Module(scope)),
            ("super", _) => parent(scope).map(Found::Module),
            (name, Via::Use(skipped)) => self.own(scope, name, skipped, left),
            (name, Via::Code) => self.member(scope, name, left),
        };
        let Some(mut found) = start else { return external() };
        for (at, name) in rest.iter().enumerate() {
            let next = match found {
                Found::Module(module) if name == "super" => {
                    self.program.module(module).and_then(|module| module.parent).map(Found::Module)
                }
                Found::Module(module) => self.member(module, name, left),
                Found::External(path) => {
                    let rest = rest.get(at..).unwrap_or_default();
                    return Found::External([&path[..], rest].concat());
                }
                // An associated type.
                Found::Item(_) => None,
            };
            found = match next {
                Some(next) => next,
                None => return external(),
            };
        }
        found
    }

    /// A name in a module, brought in by whatever it may be.
    fn member(&mut self, scope: ModuleId, name: &str, left: usize) -> Option<Found> {
        let key = (scope, name.to_owned());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        self.known.insert(key.clone(), None);
        let found = self.own(scope, name, None, left).or_else(|| {
            let left = left.checked_sub(1)?;
            self.program.module(scope)?.globs.iter().find_map(|path| {
                match self.follow(scope, path, Via::Use(None), left) {
                    Found::Module(inner) => self.member(inner, name, left),
                    _ => None,
                }
            })
        });
        self.known.insert(key, found.clone());
        found
    }

    /// A name that a module declares or names in a `use`.
    fn own(
        &mut self,
        scope: ModuleId,
        name: &str,
        skipped: Option<&str>,
        left: usize,
    ) -> Option<Found> {
        let (module, left) = (self.program.module(scope)?, left.checked_sub(1)?);
        if let Some(at) = module.named.get(name) {
            return Some(Found::Item(ItemId { module: scope, at: *at }));
        }
        if let Some(child) = module.children.get(name) {
            return Some(Found::Module(*child));
        }
        let path = module.uses.get(name).filter(|_| skipped != Some(name))?;
        // `use name::name` speaks of a crate of that name.
        let itself = path.first().filter(|first| *first == name);
        Some(self.follow(scope, path, Via::Use(itself.map(String::as_str)), left))
    }
}

/// Returns true for paths that certainly lead out of the sources.
fn is_known_crate(path: &[String]) -> bool {
    match path {
        [] | [_] => false,
        [first, ..] => {
            ["std", "core", "alloc", "bytes"].contains(&first.as_str())
                || first == "dubhe"
                || first.starts_with("dubhe_hessian2")
                || first.starts_with("dubhe_core")
        }
    }
}
