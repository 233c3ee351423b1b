//! Packages as nested modules.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use prost_build::Module;
use quote::quote;
use syn::Item;

use crate::error::{Error, at};

/// The packages in one package.
#[derive(Default)]
pub(crate) struct Tree {
    /// The code of what is right in it.
    code: Option<String>,
    inner: BTreeMap<String, Tree>,
}

impl Tree {
    /// The tree of the code of these modules.
    pub(crate) fn of(modules: impl IntoIterator<Item = (Module, String)>) -> Self {
        let mut root = Self::default();
        for (module, code) in modules {
            let mut tree = &mut root;
            for part in module.parts() {
                tree = tree.inner.entry(part.to_owned()).or_default();
            }
            tree.code = Some(code);
        }
        root
    }

    /// Makes one module of a package and of a message that has types in it, where both have one
    /// name: of `a.sub` and `a.Sub`. What is in the message moves to the code of the package.
    pub(crate) fn join(&mut self) -> Result<(), Error> {
        self.join_in(&mut Vec::new())
    }

    fn join_in(&mut self, parts: &mut Vec<String>) -> Result<(), Error> {
        if let Some(code) = &self.code
            && !self.inner.is_empty()
        {
            let mut parsed = syn::parse_file(code)
                .map_err(|error| at(Path::new(&file_name(parts)))(io::Error::other(error)))?;
            let mut moved = false;
            let mut kept = Vec::with_capacity(parsed.items.len());
            for item in parsed.items {
                match item {
                    Item::Mod(found) if self.inner.contains_key(&found.ident.to_string()) => {
                        let inner = self.inner.entry(found.ident.to_string()).or_default();
                        let (_, items) = found.content.unwrap_or_default();
                        let code = inner.code.take().unwrap_or_default();
                        inner.code = Some(format!("{code}\n{}\n", quote!(#(#items)*)));
                        moved = true;
                    }
                    other => kept.push(other),
                }
            }
            if moved {
                parsed.items = kept;
                self.code = Some(quote!(#parsed).to_string());
            }
        }
        for (name, inner) in &mut self.inner {
            parts.push(name.clone());
            inner.join_in(parts)?;
            parts.pop();
        }
        Ok(())
    }

    /// The packages in it.
    pub(crate) fn inner(&self) -> impl Iterator<Item = (&String, &Self)> {
        self.inner.iter()
    }

    /// The code of what is right in it.
    pub(crate) fn code_here(&self) -> &str {
        self.code.as_deref().unwrap_or_default()
    }

    /// The code of each package that has some, by the parts of its name.
    pub(crate) fn packages(&self) -> Vec<(Vec<String>, &str)> {
        let (mut found, mut open) = (Vec::new(), vec![(Vec::new(), self)]);
        while let Some((parts, tree)) = open.pop() {
            for (name, inner) in &tree.inner {
                open.push(([&parts[..], std::slice::from_ref(name)].concat(), inner));
            }
            found.extend(tree.code.as_deref().map(|code| (parts, code)));
        }
        found.sort();
        found
    }

    /// The code that includes all of them. Files are found beside it.
    pub(crate) fn code(&self) -> String {
        let mut code = String::new();
        self.write(&mut Vec::new(), &mut code);
        code
    }

    fn write(&self, parts: &mut Vec<String>, code: &mut String) {
        // Writing to a text never fails.
        let (depth, width) = (parts.len(), parts.len() * 4);
        if self.code.is_some() {
            let file = file_name(parts);
            let _ = writeln!(code, "{:width$}include!({file:?});", "");
        }
        for (name, inner) in &self.inner {
            if depth == 0 {
                // A package may have the name of the module around it, or of a message in it.
                let _ = writeln!(code, "#[allow(clippy::module_inception)]");
            }
            let _ = writeln!(code, "{:width$}pub mod {name} {{", "");
            parts.push(name.clone());
            inner.write(parts, code);
            parts.pop();
            let _ = writeln!(code, "{:width$}}}", "");
        }
    }
}

/// The file of a package: its name, or `_` without one.
pub(crate) fn file_name(parts: &[String]) -> String {
    Module::from_parts(parts).to_file_name_or("_")
}
