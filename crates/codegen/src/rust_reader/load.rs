//! Files of Rust as a tree of modules.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Item, ItemMod, UseTree};

use super::attributes::{is_of_tests, path_of};
use super::depth::too_deep;
use crate::{Note, input};

/// The files that are the root of a folder's modules.
const ROOTS: [&str; 3] = ["lib.rs", "main.rs", "mod.rs"];

/// The number of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ModuleId(usize);

/// A module and what it declares.
#[derive(Default)]
pub(super) struct Module {
    /// The file, as notes name it.
    pub(super) file: String,
    pub(super) parent: Option<ModuleId>,
    pub(super) children: BTreeMap<String, ModuleId>,
    pub(super) items: Vec<Item>,
    /// The places of types and traits in `items`, by name.
    pub(super) named: HashMap<String, usize>,
    /// The names that `use` brings in: the name here, and the path.
    pub(super) uses: HashMap<String, Vec<String>>,
    /// The paths of `use path::*`.
    pub(super) globs: Vec<Vec<String>>,
}

/// All modules of the sources, those of several crates perhaps.
#[derive(Default)]
pub(super) struct Program {
    modules: Vec<Module>,
    /// Notes of files that could not be read.
    pub(super) notes: Vec<Note>,
}

impl Program {
    /// All modules, in the order of reading.
    pub(super) fn modules(&self) -> impl Iterator<Item = (ModuleId, &Module)> {
        self.modules.iter().enumerate().map(|(at, module)| (ModuleId(at), module))
    }

    pub(super) fn module(&self, id: ModuleId) -> Option<&Module> {
        self.modules.get(id.0)
    }

    fn add(&mut self, parent: Option<(ModuleId, &str)>, file: &str) -> ModuleId {
        let id = ModuleId(self.modules.len());
        let file = file.to_owned();
        self.modules.push(Module { file, parent: parent.map(|(id, _)| id), ..Module::default() });
        if let Some((parent, name)) = parent
            && let Some(parent) = self.modules.get_mut(parent.0)
        {
            parent.children.insert(name.to_owned(), id);
        }
        id
    }

    /// The child of that name, which is added if it is not there.
    fn child(&mut self, parent: ModuleId, name: &str) -> ModuleId {
        let known = self.module(parent).and_then(|parent| parent.children.get(name)).copied();
        known.unwrap_or_else(|| self.add(Some((parent, name)), ""))
    }

    fn note(&mut self, at: String, text: String) {
        self.notes.push(Note { at, text });
    }
}

/// The disk, or files in memory.
type Text<'a> = &'a dyn Fn(&Path) -> io::Result<String>;

/// Loads a file or a folder.
pub(super) fn from_disk(program: &mut Program, path: &Path) -> io::Result<()> {
    let text: Text<'_> = &read;
    let named = |error: io::Error| {
        io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display()))
    };
    if !fs::metadata(path).map_err(named)?.is_dir() {
        let source = text(path).map_err(named)?;
        Loader { program, text, seen: BTreeSet::new() }.root(path, &source);
        return Ok(());
    }
    for folder in [path.to_owned(), path.join("src")] {
        let roots: Vec<PathBuf> =
            ROOTS.iter().map(|name| folder.join(name)).filter(|file| file.is_file()).collect();
        for root in &roots {
            let source = text(root).map_err(named)?;
            Loader { program, text, seen: BTreeSet::new() }.root(root, &source);
        }
        if !roots.is_empty() {
            return Ok(());
        }
    }
    let mut files = Vec::new();
    list(path, &mut files).map_err(named)?;
    files.sort();
    if files.is_empty() {
        let error = format!("{} has no .rs files: name a folder of Rust sources", path.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, error));
    }
    Loader { program, text, seen: BTreeSet::new() }.all(path, &files);
    Ok(())
}

/// Loads a folder that was generated, whose root is `mod.rs`.
pub(super) fn generated(program: &mut Program, folder: &Path) -> io::Result<()> {
    let root = folder.join("mod.rs");
    let source = read(&root).map_err(|error| {
        io::Error::new(error.kind(), format!("cannot read {}: {error}", root.display()))
    })?;
    Loader { program, text: &read, seen: BTreeSet::new() }.root(&root, &source);
    Ok(())
}

fn read(path: &Path) -> io::Result<String> {
    input::text(path, input::MAX_TEXT)
}

/// Loads files by their paths.
pub(super) fn from_memory(program: &mut Program, files: &BTreeMap<PathBuf, String>) {
    let text: Text<'_> =
        &|path| files.get(path).cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound));
    let mut is_rooted = false;
    for (root, source) in ROOTS.iter().filter_map(|name| files.get_key_value(Path::new(name))) {
        is_rooted = true;
        Loader { program, text, seen: BTreeSet::new() }.root(root, source);
    }
    if !is_rooted {
        let paths: Vec<PathBuf> = files.keys().cloned().collect();
        Loader { program, text, seen: BTreeSet::new() }.all(Path::new(""), &paths);
    }
}

/// Adds the `.rs` files below a folder. Links are not followed, so there are no circles.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() && entry.file_name() != "target" {
            list(&path, files)?;
        } else if kind.is_file() && path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

struct Loader<'a> {
    program: &'a mut Program,
    text: Text<'a>,
    /// The files on the way to this one and before it.
    seen: BTreeSet<PathBuf>,
}

impl Loader<'_> {
    /// Loads the file of a root, and those of its modules.
    fn root(&mut self, file: &Path, source: &str) {
        let id = self.program.add(None, &shown(file));
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        let mut folders = vec![folder.clone()];
        if !is_root(file)
            && let Some(stem) = file.file_stem()
        {
            // A file that is no root has its modules beside it, or in a folder of its name.
            folders.insert(0, folder.join(stem));
        }
        self.seen.insert(file.to_owned());
        self.file(id, file, source, Some(&folders));
    }

    /// Loads every file, as the module that its path says.
    fn all(&mut self, folder: &Path, files: &[PathBuf]) {
        let root = self.program.add(None, &shown(folder));
        for file in files {
            let mut id = root;
            let inside = file.strip_prefix(folder).unwrap_or(file).with_extension("");
            for part in inside.components() {
                if let Component::Normal(name) = part {
                    let name = name.to_string_lossy();
                    if !ROOTS.iter().any(|root| root.trim_end_matches(".rs") == name) {
                        id = self.program.child(id, &name);
                    }
                }
            }
            match (self.text)(file) {
                Ok(source) => self.file(id, file, &source, None),
                Err(error) => self.program.note(shown(file), format!("cannot be read: {error}")),
            }
        }
    }

    /// Loads one file; `folders` are those of the files of its modules, if they are followed.
    fn file(&mut self, id: ModuleId, file: &Path, source: &str, folders: Option<&[PathBuf]>) {
        if let Some(module) = self.program.modules.get_mut(id.0) {
            module.file = shown(file);
        }
        if let Some(line) = too_deep(source) {
            let text = "is nested too deeply and left out with its modules".to_owned();
            return self.program.note(format!("{}:{line}", shown(file)), text);
        }
        match syn::parse_file(source) {
            Ok(parsed) => self.items(id, file, parsed.items, folders),
            Err(error) => {
                let at = format!("{}:{}", shown(file), error.span().start().line);
                let text = format!("is no Rust and left out with its modules: {error}");
                self.program.note(at, text);
            }
        }
    }

    fn items(&mut self, id: ModuleId, file: &Path, items: Vec<Item>, folders: Option<&[PathBuf]>) {
        for item in items {
            match item {
                Item::Mod(inner) if is_of_tests(&inner.attrs) => {}
                Item::Mod(inner) => self.module(id, file, inner, folders),
                Item::Use(tree) => {
                    let prefix =
                        if tree.leading_colon.is_some() { vec![String::new()] } else { Vec::new() };
                    if let Some(module) = self.program.modules.get_mut(id.0) {
                        import(module, &prefix, &tree.tree);
                    }
                }
                item => {
                    if let Some(module) = self.program.modules.get_mut(id.0) {
                        if let Some(name) = name_of(&item) {
                            module.named.insert(name, module.items.len());
                        }
                        module.items.push(item);
                    }
                }
            }
        }
    }

    fn module(
        &mut self,
        parent: ModuleId,
        file: &Path,
        module: ItemMod,
        folders: Option<&[PathBuf]>,
    ) {
        let name = &*module.ident.unraw().to_string();
        let inner: Option<Vec<PathBuf>> =
            folders.map(|folders| folders.iter().map(|folder| folder.join(name)).collect());
        if let Some((_, items)) = module.content {
            let id = self.program.child(parent, name);
            if let Some(module) = self.program.modules.get_mut(id.0) {
                module.file = shown(file);
            }
            return self.items(id, file, items, inner.as_deref());
        }
        let Some(folders) = folders else { return };
        let candidates: Vec<PathBuf> = match path_of(&module.attrs) {
            Some(path) => vec![file.parent().unwrap_or(Path::new("")).join(path)],
            None => folders
                .iter()
                .flat_map(|folder| {
                    [folder.join(format!("{name}.rs")), folder.join(name).join("mod.rs")]
                })
                .collect(),
        };
        let found = candidates.iter().find_map(|path| match (self.text)(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            read => Some((path, read)),
        });
        let Some((path, source)) = found else {
            let tried: Vec<String> = candidates.iter().map(|path| shown(path)).collect();
            let at = format!("{}:{}", shown(file), module.ident.span().start().line);
            let text = format!("the module `{name}` is left out: no file {}", tried.join(" or "));
            return self.program.note(at, text);
        };
        let source = match source {
            Ok(source) => source,
            Err(error) => {
                return self.program.note(shown(path), format!("cannot be read: {error}"));
            }
        };
        if !self.seen.insert(path.clone()) {
            return;
        }
        let id = self.program.child(parent, name);
        let folder = path.parent().unwrap_or(Path::new(""));
        let folder = if is_root(path) { folder.to_owned() } else { folder.join(name) };
        self.file(id, path, &source, Some(&[folder]));
    }
}

fn is_root(file: &Path) -> bool {
    file.file_name().is_some_and(|name| ROOTS.iter().any(|root| name == *root))
}

/// The path as notes and comments name it, with `/`.
fn shown(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// The name of a type or trait.
fn name_of(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Struct(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(ident.unraw().to_string())
}

/// Adds the names of one tree of `use`.
fn import(module: &mut Module, prefix: &[String], tree: &UseTree) {
    let with = |ident: &syn::Ident| [prefix, &[ident.unraw().to_string()]].concat();
    match tree {
        UseTree::Path(path) => import(module, &with(&path.ident), &path.tree),
        UseTree::Name(name) if name.ident == "self" => {
            if let Some(last) = prefix.last() {
                module.uses.insert(last.clone(), prefix.to_vec());
            }
        }
        UseTree::Name(name) => {
            module.uses.insert(name.ident.unraw().to_string(), with(&name.ident));
        }
        UseTree::Rename(rename) => {
            let path = if rename.ident == "self" { prefix.to_vec() } else { with(&rename.ident) };
            module.uses.insert(rename.rename.unraw().to_string(), path);
        }
        UseTree::Glob(_) => module.globs.push(prefix.to_vec()),
        UseTree::Group(group) => {
            for tree in &group.items {
                import(module, prefix, tree);
            }
        }
    }
}

/// The line of a piece of source.
pub(super) fn line_of(piece: &impl quote::ToTokens) -> usize {
    piece.span().start().line
}
