//! A file: its imports and its items.

use std::collections::{BTreeMap, BTreeSet};

use super::Writing;
use super::layout::Place;
use super::order::{agreed, by_edition_2024};
use super::rust::Rust;
use super::source::unversioned;
use super::text::{Text, clean};
use crate::model::{Kind, Primitive};

/// The file of one top-level type.
pub(super) struct File<'a> {
    writing: &'a Writing<'a>,
    package: &'a [String],
    /// The names that it defines.
    local: BTreeSet<String>,
    /// The paths that are imported, by their last part.
    imports: BTreeMap<String, String>,
    pub(super) text: Text,
}

impl<'a> File<'a> {
    pub(super) fn new(writing: &'a Writing<'a>, package: &'a [String], types: &[&str]) -> Self {
        let mut local: BTreeSet<String> =
            types.iter().flat_map(|java| writing.names(java)).collect();
        for java in types {
            if let Some(Kind::Class(class)) = writing.mapper.api.types.get(*java).map(|of| &of.kind)
            {
                local.extend(class.parameters.iter().map(|name| crate::names::camel(name)));
            }
        }
        Self { writing, package, local, imports: BTreeMap::new(), text: Text::default() }
    }

    /// The path of an item of the facade.
    pub(super) fn facade(&self, item: &str) -> String {
        let root = self.writing.mapper.writer.krate.as_deref().unwrap_or("dubhe");
        format!("{root}::{item}")
    }

    /// The name of an item under which it is known here: imported, or the whole path where another has its
    /// name.
    pub(super) fn import(&mut self, path: &str) -> String {
        let name = path.rsplit("::").next().unwrap_or(path).to_owned();
        if self.local.contains(&name) {
            return path.to_owned();
        }
        let known = self.imports.entry(name.clone()).or_insert_with(|| path.to_owned());
        if known == path { name } else { path.to_owned() }
    }

    /// The path of a type that is written, or of what is beside it under the name that `beside` makes of
    /// its own.
    pub(super) fn path(&self, java: &str, beside: impl Fn(&str) -> String) -> String {
        let Some(place) = self.writing.layout.places.get(java) else { return beside(java) };
        let name = beside(&place.name);
        if self.local.contains(&name) && self.is_here(place) {
            return name;
        }
        let common =
            self.package.iter().zip(&place.package).take_while(|(here, there)| here == there);
        let common = common.count();
        let up = vec!["super".to_owned(); self.package.len() - common + 1];
        let down = place.package.iter().skip(common).cloned();
        up.into_iter().chain(down).chain([name]).collect::<Vec<_>>().join("::")
    }

    fn is_here(&self, place: &Place) -> bool {
        place.package == self.package && self.local.contains(&place.name)
    }

    /// The name of a type that is written.
    pub(super) fn user(&mut self, java: &str, beside: impl Fn(&str) -> String) -> String {
        let path = self.path(java, beside);
        if path.contains("::") { self.import(&path) } else { path }
    }

    /// The type in Rust.
    pub(super) fn rust(&mut self, rust: &Rust) -> String {
        let one = |file: &mut Self, name: &str, of: &Rust| format!("{name}<{}>", file.rust(of));
        match rust {
            Rust::Unit => "()".into(),
            Rust::Scalar(of) => match of {
                Primitive::Boolean => "bool",
                Primitive::Byte => "i8",
                Primitive::Short => "i16",
                Primitive::Char => "char",
                Primitive::Int => "i32",
                Primitive::Long => "i64",
                Primitive::Float => "f32",
                Primitive::Double => "f64",
            }
            .into(),
            Rust::String => "String".into(),
            Rust::Bytes => "Vec<u8>".into(),
            Rust::Value => self.item("Value"),
            Rust::Named(named, _) => self.item(named.path),
            Rust::User(java, arguments) => {
                let name = self.user(java, str::to_owned);
                let kept = self.writing.mapper.kept(java, arguments);
                let arguments: Vec<_> = kept.into_iter().map(|of| self.rust(of)).collect();
                if arguments.is_empty() {
                    name
                } else {
                    format!("{name}<{}>", arguments.join(", "))
                }
            }
            Rust::Custom(path, _) => path.clone(),
            Rust::Parameter(name) => crate::names::camel(name),
            Rust::Option(of) => one(self, "Option", of),
            Rust::Boxed(of) => one(self, "Box", of),
            Rust::List(of) => one(self, "Vec", of),
            Rust::Array(of) => {
                let array = self.item("java::Array");
                one(self, &array, of)
            }
            Rust::Set(of) => {
                let set = self.import("std::collections::HashSet");
                one(self, &set, of)
            }
            Rust::Map(key, value) => {
                let map = self.import("std::collections::HashMap");
                format!("{map}<{}, {}>", self.rust(key), self.rust(value))
            }
            Rust::Callback(java) => {
                let client = self.user(java, |name| format!("{name}Client"));
                format!("{}<{client}>", self.item("Callback"))
            }
        }
    }

    /// The name of an item of the facade.
    pub(super) fn item(&mut self, item: &str) -> String {
        let path = self.facade(item);
        self.import(&path)
    }

    /// The text of the file.
    pub(super) fn finish(self, source: &str) -> String {
        let from = if source.is_empty() {
            String::new()
        } else {
            format!(" from {}", clean(&unversioned(source)))
        };
        let mut text = Text::default();
        text.line(0, &format!("// @generated by dubhe gen{from}; do not edit"));
        text.line(0, "#![allow(clippy::all, clippy::pedantic, rustdoc::all)]");
        text.line(0, "#![allow(dead_code, deprecated, nonstandard_style)]");
        text.line(0, "#![allow(private_bounds, private_interfaces)]");
        text.line(0, "#![allow(unreachable_pub, unused_qualifications)]");
        // In the order of rustfmt, each root on its own.
        let root = |path: &str| path.split("::").next().unwrap_or_default().to_owned();
        let rank = |path: &str| match &*root(path) {
            "std" => 0,
            "super" => 2,
            _ => 1,
        };
        let mut paths: Vec<&str> = self.imports.values().map(String::as_str).collect();
        paths.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| by_edition_2024(a, b)));
        for group in paths.chunk_by(|a, b| rank(a) == rank(b)) {
            for run in agreed(group) {
                text.line(0, "");
                for path in run {
                    text.line(0, &format!("use {path};"));
                }
            }
        }
        format!("{}{}", text.as_str(), self.text.as_str())
    }
}
