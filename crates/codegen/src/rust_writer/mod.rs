//! Rust of an [`Api`]: traits, structs, enums and exceptions for `dubhe`.
//!
//! One file holds one top-level type of Java with those nested in it; packages below the longest one that
//! all have in common are modules. The text is as rustfmt writes it by default, and the same for the same
//! `Api`.
//!
//! | Java | Rust |
//! | --- | --- |
//! | a service | a trait with `#[dubhe::interface]` |
//! | a class | a struct with `#[derive(Java)]`, its superclass as a flattened field |
//! | an abstract class, an interface of classes | an enum of the concrete classes below it, which repeat its fields |
//! | a class `X` with subclasses | a struct, and an enum `AnyX` of all where `X` is declared |
//! | a class that extends a collection or map of the JDK | a tuple struct over its elements or entries |
//! | an enum | an enum of constants |
//! | an exception | a struct with `#[derive(JavaException)]` |
//! | a service as a parameter | a `Callback` of its client |
//! | what has no Rust type | a `Value`, with a [`Note`] |
//! | what Hessian cannot carry | left out, with a [`Note`] and a comment |

mod class;
mod constants;
mod depth;
mod enclose;
mod family;
mod file;
mod fit;
mod graph;
mod layout;
mod member;
mod options;
mod order;
mod root;
mod rust;
mod service;
mod shape;
mod source;
mod superclass;
mod text;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::Written;
use crate::model::{Api, Note, Type};
use crate::names::is_class;
use file::File;
use layout::{Layout, MAX_PACKAGES, MAX_PATH, beside};
pub use options::MethodOption;
use rust::{Derives, Mapper};
use shape::{Shapes, What, solve};

/// The path that stands for a tuple struct over a `Value`, in [`RustWriter::override_type`].
pub const OVERRIDE_VALUE: &str = "value";

/// The choice of `Option` where the source says nothing of null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unannotated {
    /// Fields. By default they are.
    pub fields: bool,
    /// Results. By default they are.
    pub results: bool,
    /// Parameters. By default they are not, apart from objects of primitive types such as `Integer`.
    pub parameters: bool,
}

impl Default for Unannotated {
    fn default() -> Self {
        Self { fields: true, results: true, parameters: false }
    }
}

/// Writes Rust.
///
/// ```
/// use dubhe_codegen::Api;
/// use dubhe_codegen::rust_writer::RustWriter;
///
/// let output = RustWriter::new().write(&Api::default());
/// assert_eq!(output.files.keys().collect::<Vec<_>>(), ["mod.rs"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct RustWriter {
    unannotated: Unannotated,
    types: BTreeMap<String, String>,
    renames: BTreeMap<String, String>,
    nullable: Vec<String>,
    non_null: Vec<String>,
    methods: Vec<(String, MethodOption)>,
    exact: Vec<String>,
    /// The path of the crate `dubhe`, if it is another one.
    krate: Option<String>,
}

impl RustWriter {
    /// A writer without options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what is an `Option` where the source says nothing of null.
    pub fn unannotated(mut self, unannotated: Unannotated) -> Self {
        self.unannotated = unannotated;
        self
    }

    /// Names the Rust type of a class, by its binary name: a path such as `crate::money::Money`, or
    /// `value` for a tuple struct over a `Value`, which keeps any object as it is, cycles included. The type
    /// of a path must implement what `#[derive(Java)]` does, `Clone`, `Debug` and `PartialEq`.
    ///
    /// Names of members stand for their declared type, such as an `Object` of which more is known: a field
    /// (`org.example.Event.payload`), a result (`org.example.Orders.find`) or a parameter (`org.example.Orders.find.key`).
    /// Their Rust type is written as it is given.
    pub fn override_type(mut self, java: impl Into<String>, rust: impl Into<String>) -> Self {
        self.types.insert(java.into(), rust.into());
        self
    }

    /// Names a type (`org.example.Order$Line`), or a field or method (`org.example.Order$Line.size`) in Rust.
    pub fn rename(mut self, java: impl Into<String>, rust: impl Into<String>) -> Self {
        self.renames.insert(java.into(), rust.into());
        self
    }

    /// Makes fields, results and parameters an `Option`, whatever the source says of null: `org.example.Order.note`,
    /// `org.example.Orders.find`, `org.example.Orders.find.key`. In a name `*` stands for any letters. Where
    /// [`non_null`](Self::non_null) names them as well, they are an `Option`.
    pub fn nullable(mut self, members: impl Into<String>) -> Self {
        self.nullable.push(members.into());
        self
    }

    /// Makes fields, results and parameters no `Option`, whatever the source says of null; see
    /// [`nullable`](Self::nullable).
    pub fn non_null(mut self, members: impl Into<String>) -> Self {
        self.non_null.push(members.into());
        self
    }

    /// Says that values of classes are of exactly these, though they have subclasses: in place of an enum `AnyOrder`, of
    /// an `Order` and the classes below it, stands the struct `Order`. An object of another class loses what it has besides.
    /// In a name `*` stands for any letters. Exceptions are as they would be without.
    pub fn exact(mut self, classes: impl Into<String>) -> Self {
        self.exact.push(classes.into());
        self
    }

    /// Gives methods (`org.example.Orders.find`) what no interface says. In a name `*` stands for any letters.
    pub fn method(mut self, methods: impl Into<String>, option: MethodOption) -> Self {
        self.methods.push((methods.into(), option));
        self
    }

    /// Sets the path under which the crate `dubhe` is found, such as `my_prelude::dubhe`.
    pub fn crate_path(mut self, path: impl Into<String>) -> Self {
        self.krate = Some(path.into());
        self
    }

    /// Writes the types of `api`, below the folder of the root module, `mod.rs`. Notes of the [`Api`] itself are not
    /// repeated.
    pub fn write(&self, api: &Api) -> Written {
        let (api, mut notes) = named(api);
        self.unmatched(&api, &mut notes);
        let api = self.told(api, &mut notes);
        let mut layout = Layout::new(&api, self);
        let api = fit::fit(api, &layout, &mut notes);
        let api = &*api;
        let mut shapes = Shapes::new(api, self);
        let families = shapes.of.keys().filter(|key| family::is_key(key));
        let families = families.map(|key| family::class(key).to_owned()).collect();
        let mut mapper = Mapper { families, ..Mapper::of(api, self) };
        let limit = solve(&mut mapper, &mut shapes);
        notes.append(&mut layout.notes);
        notes.append(&mut shapes.notes);
        let writing = Writing { mapper: &mapper, layout: &layout, shapes: &shapes };
        let mut output = Written::default();
        let mut written = BTreeMap::new();
        for ((package, file), types) in &layout.files {
            let types: Vec<&str> =
                types.iter().map(String::as_str).filter(|of| shapes.of.contains_key(*of)).collect();
            let Some(first) = types.first() else { continue };
            let source = api.types.get(*first).map(|of| &*of.source).unwrap_or_default();
            let mut text = File::new(&writing, package, &types);
            let mut names = Vec::new();
            for java in &types {
                writing.item(&mut text, java, &mut notes);
                names.extend(writing.names(java));
            }
            output.files.insert(root::path(package, file), text.finish(source));
            written.entry(package.clone()).or_insert_with(BTreeMap::new).insert(file, names);
        }
        root::write(&layout, &written, (&source::versioned(api), limit), &mut output.files);
        sort(&mut notes);
        output.notes = notes;
        output
    }
}

/// The types whose names can be said in Rust.
fn named(api: &Api) -> (Cow<'_, Api>, Vec<Note>) {
    let wrong = |name: &str| {
        if !is_class(name) {
            return Some(
                "the type is left out: its name has letters that no name in Java's source has; read a jar that is \
                 not obfuscated"
                    .to_owned(),
            );
        }
        layout::is_too_deep(name).then(|| {
            format!(
                "the type is left out: its package has more than {MAX_PACKAGES} levels or {MAX_PATH} letters, which no folder \
                 has; move it in Java, or read a jar without it"
            )
        })
    };
    let odd: BTreeMap<&String, String> =
        api.types.keys().filter_map(|name| Some((name, wrong(name)?))).collect();
    if odd.is_empty() {
        return (Cow::Borrowed(api), Vec::new());
    }
    let mut known = api.clone();
    known.types.retain(|name, _| !odd.contains_key(name));
    let notes = odd.into_iter().map(|(at, text)| Note { at: cut(at), text });
    let notes = notes.collect();
    (Cow::Owned(known), notes)
}

/// The beginning of a name that may be very long.
fn cut(name: &str) -> String {
    if name.len() <= MAX_PATH {
        return name.to_owned();
    }
    name.chars().take(MAX_PATH / 4).chain("...".chars()).collect()
}

/// All that is known when files are written.
struct Writing<'a> {
    mapper: &'a Mapper<'a>,
    layout: &'a Layout,
    shapes: &'a Shapes,
}

impl Writing<'_> {
    fn item(&self, file: &mut File<'_>, java: &str, notes: &mut Vec<Note>) {
        match self.shapes.of.get(java) {
            Some(What::Service) => service::write(self, file, java, notes),
            Some(What::Struct(of)) => class::object(self, file, java, of, notes),
            Some(What::Subclasses(below)) => class::subclasses(self, file, java, below, notes),
            Some(What::Collection(of)) => class::collection(self, file, java, of, notes),
            Some(What::Constants) => constants::write(self, file, java, notes),
            Some(What::Opaque) => class::opaque(self, file, java),
            None => {}
        }
    }

    /// The name of a type.
    fn name(&self, java: &str) -> &str {
        self.layout.places.get(java).map(|place| &*place.name).unwrap_or_default()
    }

    /// The names of a type and of what is written beside it.
    fn names(&self, java: &str) -> Vec<String> {
        let name = self.name(java);
        let mut names = vec![name.to_owned()];
        if let Some(What::Service) = self.shapes.of.get(java) {
            names.extend(beside(self.mapper.api.types.get(java).map(|of| &of.kind), name));
        }
        names
    }

    fn derives(&self, java: &str) -> Derives {
        self.mapper.derives.get(java).copied().unwrap_or(Derives::ALL)
    }

    /// The name that the options give a member.
    fn renamed(&self, java: &str, member: &str) -> Option<&str> {
        self.mapper.writer.renames.get(&format!("{java}.{member}")).map(String::as_str)
    }
}

/// Adds notes of what was widened at a place.
fn note_widened(notes: &mut Vec<Note>, at: &str, widened: &[String]) {
    notes.extend(widened.iter().map(|text| Note { at: at.to_owned(), text: text.clone() }));
}

/// Sorts notes by their places, each once.
fn sort(notes: &mut Vec<Note>) {
    notes.sort_by(|a, b| a.at.cmp(&b.at));
    let mut said = BTreeSet::new();
    notes.retain(|note| said.insert((note.at.clone(), note.text.clone())));
}

/// A type as Java's source has it, with the simple names of its classes: with whole names of those that are not among the
/// types, since nothing else in Rust says which they are.
fn short(api: &Api, ty: &Type) -> String {
    match ty {
        Type::Class { name, arguments } => {
            let is_known = api.types.contains_key(name)
                || crate::jdk::is_jdk(name) && !api.unknown.contains(name);
            let name = if is_known { layout::simple(name) } else { name.clone() };
            if arguments.is_empty() {
                return name;
            }
            let arguments: Vec<_> = arguments.iter().map(|of| short(api, of)).collect();
            format!("{name}<{}>", arguments.join(", "))
        }
        Type::Array(of) => short(api, of) + "[]",
        Type::Nullable(of) => format!("@Nullable {}", short(api, of)),
        other => other.to_string(),
    }
}
