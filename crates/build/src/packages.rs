//! Packages as nested modules.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use proc_macro2::TokenStream;
use prost_build::Module;
use quote::quote;
use syn::Item;

use crate::error::{Error, at};

/// The packages in one package.
#[derive(Default)]
pub(crate) struct Tree {
    /// The file of what is right in it.
    file: Option<String>,
    inner: BTreeMap<String, Tree>,
}

impl Tree {
    /// The tree of these modules.
    pub(crate) fn of<'a>(modules: impl IntoIterator<Item = &'a Module>) -> Self {
        let mut root = Self::default();
        for module in modules {
            let mut tree = &mut root;
            for part in module.parts() {
                tree = tree.inner.entry(part.to_owned()).or_default();
            }
            tree.file = Some(file_name(module));
        }
        root
    }

    /// Makes one module of a package and of a message that has types in it, where both have one
    /// name: of `a.sub` and `a.Sub`. What is in the message moves to the file of the package.
    pub(crate) fn join(&mut self, out: &Path) -> Result<(), Error> {
        self.join_in(out, &mut Vec::new())
    }

    fn join_in(&mut self, out: &Path, parts: &mut Vec<String>) -> Result<(), Error> {
        if let Some(file) = &self.file
            && !self.inner.is_empty()
        {
            let path = out.join(file);
            let code = fs::read_to_string(&path).map_err(at(&path))?;
            let mut parsed =
                syn::parse_file(&code).map_err(|e| at(&path)(std::io::Error::other(e)))?;
            let mut moved = false;
            let mut kept = Vec::with_capacity(parsed.items.len());
            for item in parsed.items {
                match item {
                    Item::Mod(found) if self.inner.contains_key(&found.ident.to_string()) => {
                        let name = found.ident.to_string();
                        let (_, items) = found.content.unwrap_or_default();
                        let module = Module::from_parts(parts.iter().chain([&name]));
                        let inner = self.inner.entry(name).or_default();
                        inner.add(out, file_name(&module), &quote!(#(#items)*))?;
                        moved = true;
                    }
                    other => kept.push(other),
                }
            }
            if moved {
                parsed.items = kept;
                fs::write(&path, quote!(#parsed).to_string()).map_err(at(&path))?;
            }
        }
        for (name, inner) in &mut self.inner {
            parts.push(name.clone());
            inner.join_in(out, parts)?;
            parts.pop();
        }
        Ok(())
    }

    /// Adds items to the file, which may not be there yet.
    fn add(&mut self, out: &Path, name: String, items: &TokenStream) -> Result<(), Error> {
        let path = out.join(&name);
        let code = match self.file.replace(name) {
            Some(_) => fs::read_to_string(&path).map_err(at(&path))?,
            None => String::new(),
        };
        fs::write(&path, format!("{code}\n{items}\n")).map_err(at(&path))
    }

    /// The code that includes all of them. Files are found beside it.
    pub(crate) fn code(&self) -> String {
        let mut code = String::new();
        self.write(0, &mut code);
        code
    }

    fn write(&self, depth: usize, code: &mut String) {
        // Writing to a text never fails.
        let width = depth * 4;
        if let Some(file) = &self.file {
            let _ = writeln!(code, "{:width$}include!({file:?});", "");
        }
        for (name, inner) in &self.inner {
            if depth == 0 {
                // A package may have the name of the module around it, or of a message in it.
                let _ = writeln!(code, "#[allow(clippy::module_inception)]");
            }
            let _ = writeln!(code, "{:width$}pub mod {name} {{", "");
            inner.write(depth + 1, code);
            let _ = writeln!(code, "{:width$}}}", "");
        }
    }
}

/// The file of a package: its name, or `_` without one.
pub(crate) fn file_name(module: &Module) -> String {
    module.to_file_name_or("_")
}
