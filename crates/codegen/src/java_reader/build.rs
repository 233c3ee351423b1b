//! The types that services reach, one after another.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::classfile::signature::binary_name;
use crate::javadoc::{Sources, TypeDoc};
use crate::model::{Api, Declared, Kind, Type};
use crate::pattern::matches;

use super::jdk;
use super::table::{Loaded, Table};
use super::types::Place;

/// The weight that one type of the model may have.
const DECLARED: usize = 4 << 20;
/// The weight that the whole model may have, as a multiple of the bytes of all class files.
const FACTOR: usize = 64;
/// The least and the most of it.
const LEAST: usize = 16 << 20;
const MOST: usize = 256 << 20;

/// Notes that are kept.
const NOTES: usize = 10_000;
/// Bytes of a note: names in class files can be long.
const NOTE: usize = 1_024;

/// The extent to which a class is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// The class with those above it.
    Alone,
    /// The class and those below it: an object may be of one of them.
    Whole,
    /// An interface, as a service.
    Service,
}

/// The type that stands for a class where it is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// The class.
    Itself,
    /// The class as the type of a parameter: it is an interface whose methods the callee calls.
    Callback,
    /// `Object`, and there is a note.
    Object,
}

/// The model in the making.
pub(super) struct Build<'a> {
    pub(super) table: &'a Table,
    pub(super) sources: &'a Sources,
    /// Patterns of the classes whose values are of no class below them.
    exact: &'a [String],
    pub(super) api: Api,
    queue: VecDeque<(String, Reach)>,
    reached: BTreeSet<(String, Reach)>,
    uses: BTreeMap<String, Use>,
    services: BTreeSet<String>,
    /// The services with methods that have types of protobuf.
    pub(super) of_messages: BTreeSet<String>,
    /// The notes that are said once.
    said: BTreeSet<(String, &'static str)>,
    /// The classes that are not there and that a note names.
    missing: BTreeSet<String>,
    /// The weight that is left for the type that is being declared.
    left: usize,
    /// `true` once something of it was left out.
    is_full: bool,
    /// The weight that is left for all.
    left_of_all: usize,
}

impl<'a> Build<'a> {
    pub(super) fn new(
        table: &'a Table,
        sources: &'a Sources,
        exact: &'a [String],
        bytes: usize,
    ) -> Self {
        Self {
            table,
            sources,
            exact,
            api: Api::default(),
            queue: VecDeque::new(),
            reached: BTreeSet::new(),
            uses: BTreeMap::new(),
            services: BTreeSet::new(),
            of_messages: BTreeSet::new(),
            said: BTreeSet::new(),
            missing: BTreeSet::new(),
            left: 0,
            is_full: false,
            left_of_all: bytes.saturating_mul(FACTOR).clamp(LEAST, MOST),
        }
    }

    /// Declares these services and classes, and all that they reach.
    pub(super) fn run(mut self, services: Vec<String>, classes: Vec<String>) -> Api {
        self.services = services.iter().cloned().collect();
        for name in classes {
            self.reach(&name, Reach::Whole);
        }
        for name in services {
            self.reach(&name, Reach::Service);
        }
        while let Some((name, reach)) = self.queue.pop_front() {
            self.declare(&name, reach);
        }
        self.relate();
        self.api
    }

    fn reach(&mut self, name: &str, reach: Reach) {
        if self.reached.insert((name.to_owned(), reach)) {
            self.queue.push_back((name.to_owned(), reach));
        }
    }

    /// Reaches the superclass of a class.
    pub(super) fn reach_superclass(&mut self, name: &str) {
        self.reach(name, Reach::Alone);
    }

    /// Reaches an exception that a method throws.
    pub(super) fn reach_exception(&mut self, name: &str) {
        self.reach(name, Reach::Whole);
    }

    /// Reaches a class that is named as a type; `false` if `Object` stands for it.
    pub(super) fn reach_type(&mut self, name: &str, place: Place) -> bool {
        let of = match self.uses.get(name) {
            Some(of) => *of,
            None => {
                let of = self.use_of(name);
                self.uses.insert(name.to_owned(), of);
                of
            }
        };
        match of {
            Use::Itself => {
                let is_whole = self.table.get(name).is_some_and(|of| {
                    of.file.flags.is_abstract() || of.kin.has_objects && self.is_family(name, of)
                });
                self.reach(name, if is_whole { Reach::Whole } else { Reach::Alone });
                true
            }
            Use::Callback if place == Place::Parameter => {
                self.reach(name, Reach::Service);
                true
            }
            Use::Callback => {
                // It may still be a callback elsewhere.
                let text = "it is the interface of a service or callback, so its values are read as Object where \
                            it is not the type of a parameter; if they are data, add the jar that has their \
                            classes";
                self.note_once(name, text);
                false
            }
            Use::Object => false,
        }
    }

    /// The type of a class for which `Object` stands: its name is kept, so that another in its place is noticed.
    pub(super) fn unknown(&mut self, name: &str) -> Type {
        if self.is_message(name) {
            return Type::object();
        }
        self.api.unknown.insert(name.to_owned());
        Type::class(name)
    }

    /// Returns `true` if a value that is declared as this class may be of one below it in the model.
    fn is_family(&self, name: &str, class: &Loaded) -> bool {
        !class.is_enum()
            && !class.kin.is_collection
            && !class.is_generic()
            && !self.exact.iter().any(|pattern| matches(pattern, name))
    }

    /// Returns `true` for a type of protobuf.
    pub(super) fn is_message(&self, name: &str) -> bool {
        self.table.get(name).map_or_else(|| jdk::is_of_protobuf(name), |of| of.kin.is_message)
    }

    /// Decides what stands for a class, with a note where it is not the class.
    fn use_of(&mut self, name: &str) -> Use {
        if self.is_message(name) {
            let text = "it is a type of protobuf, which a Java class does not describe, so its values are read as \
                        Object, and methods that have it are left out; generate the service from its .proto file: `dubhe gen \
                        orders.proto`";
            self.note(name, text);
            return Use::Object;
        }
        let Some(class) = self.table.get(name) else {
            self.missing(name);
            return Use::Object;
        };
        if class.is_enum() || !class.file.flags.is_abstract() {
            return Use::Itself;
        }
        if class.file.flags.is_annotation() {
            self.note(
                name,
                "it is an annotation, which cannot be sent; its values are read as Object",
            );
            return Use::Object;
        }
        if !self.services.contains(name) && class.kin.has_objects {
            return Use::Itself;
        }
        let has_methods = class.file.methods.iter().any(|of| of.flags.is_abstract());
        if class.is_interface() && has_methods && !class.is_generic() {
            return Use::Callback;
        }
        let what = if class.is_interface() { "an interface" } else { "an abstract class" };
        let text = format!(
            "it is {what} without classes here whose objects can be sent, so its values are read as \
             Object; add the jar that has them"
        );
        self.note(name, text);
        Use::Object
    }

    /// Adds a note, cut where it is long.
    pub(super) fn note(&mut self, at: impl Into<String>, text: impl Into<String>) {
        match self.api.notes.len() {
            NOTES => self.api.note("notes", "there are more of them, which are left out"),
            len if len < NOTES => self.api.note(cut(at.into()), cut(text.into())),
            _ => {}
        }
    }

    fn note_once(&mut self, at: &str, text: &'static str) {
        if self.said.insert((at.to_owned(), text)) {
            self.note(at, text);
        }
    }

    /// Notes that a class was not found.
    pub(super) fn missing(&mut self, name: &str) {
        if self.missing.insert(name.to_owned()) {
            let (why, remedy) = self.table.lacks(name);
            self.note(name, format!("it {why}, so its values are read as Object; {remedy}"));
        }
    }

    fn declare(&mut self, name: &str, reach: Reach) {
        let Some(class) = self.table.get(name) else { return };
        if reach == Reach::Whole {
            self.reach_children(name);
        }
        if self.api.types.contains_key(name) {
            return;
        }
        for note in &class.file.notes {
            self.note(name, note.as_str());
        }
        self.left = DECLARED.min(self.left_of_all);
        self.is_full = false;
        let before = self.left;
        let kind = if reach == Reach::Service {
            let has_methods = class.kin.has_methods;
            let service = self.service(name, class);
            if has_methods && service.methods.is_empty() && self.of_messages.contains(name) {
                let text = "all its methods have types of protobuf, so it is left out; generate it from its .proto file: \
                            `dubhe gen orders.proto`";
                self.note(name, text);
                return;
            }
            Kind::Service(service)
        } else if class.is_enum() {
            Kind::Enum(self.constants(name, class))
        } else {
            Kind::Class(self.class(name, class))
        };
        self.left_of_all = self.left_of_all.saturating_sub(before - self.left);
        let declared = Declared {
            name: name.to_owned(),
            source: class.source.clone(),
            doc: self.sources.get(name).and_then(TypeDoc::doc),
            deprecated: class.file.attributes.deprecated,
            kind,
        };
        self.api.types.insert(name.to_owned(), declared);
    }

    fn reach_children(&mut self, name: &str) {
        let table = self.table;
        for (child, class) in table.children(name) {
            if class.is_enum() {
                let text = format!(
                    "it is an enum that implements {name}; its constants are left out of the values of \
                     {name}: declare the enum itself in Java where they are sent"
                );
                self.note(child, text);
            } else if !class.file.flags.is_abstract() || class.kin.has_objects {
                self.reach(child, Reach::Whole);
            }
        }
    }

    /// Fills in the subclasses.
    fn relate(&mut self) {
        let is_class = |of: &Declared| matches!(of.kind, Kind::Class(_));
        let names: Vec<String> =
            self.api.types.values().filter(|of| is_class(of)).map(|of| of.name.clone()).collect();
        let mut below: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for name in &names {
            let Some(class) = self.table.get(name) else { continue };
            let Some(Kind::Class(of)) = self.api.types.get(name).map(|of| &of.kind) else {
                continue;
            };
            let superclass = match &of.superclass {
                // The interface that says which collection it is stands for no superclass.
                Some(Type::Class { name, .. }) if !class.kin.is_collection => Some(name.clone()),
                Some(_) if class.kin.is_collection => {
                    class.file.superclass.as_deref().map(binary_name)
                }
                _ => None,
            };
            let interfaces = class.file.interfaces.iter();
            let interfaces = interfaces.map(|of| binary_name(of));
            for parent in superclass.into_iter().chain(interfaces).filter(|of| of != name) {
                below.entry(parent).or_default().push(name.clone());
            }
        }
        for (parent, mut children) in below {
            children.dedup();
            if let Some(Kind::Class(of)) = self.api.types.get_mut(&parent).map(|of| &mut of.kind) {
                of.subclasses = children;
            }
        }
    }

    /// Takes weight from what is left, as far as there is some.
    pub(super) fn spend(&mut self, weight: usize) {
        self.left = self.left.saturating_sub(weight);
    }

    /// Returns `true` if nothing more of this type is declared.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Takes weight from what is left; `false`, with a note, if that is not enough.
    pub(super) fn charge(&mut self, weight: usize, at: &str, what: &str) -> bool {
        match self.left.checked_sub(weight) {
            Some(left) => {
                self.left = left;
                true
            }
            None => {
                if !self.is_full {
                    let text = format!(
                        "it and what it inherits are beyond the limit of one type, {DECLARED} bytes, or of the \
                         whole model, so further {what} are left out; name fewer interfaces"
                    );
                    self.note(at, text);
                }
                self.is_full = true;
                false
            }
        }
    }

    /// Notes names that are neither of Java nor of Rust.
    pub(super) fn check_names<'n>(&mut self, at: &str, names: impl Iterator<Item = &'n str>) {
        let is_odd = |name: &&str| !name.is_empty() && !is_identifier(name);
        let odd: Vec<&str> = names.filter(is_odd).take(4).collect();
        if !odd.is_empty() {
            let text = format!(
                "{} cannot be written in Java or Rust, as names of obfuscated or Kotlin code; Rust has \
                 others for them",
                odd.join(", ")
            );
            self.note(at, text);
        }
    }

    /// Returns `true` if an exception can be declared; else there is a note.
    pub(super) fn throws(&mut self, name: &str) -> bool {
        if jdk::is_rpc_exception(name) {
            // A `Status` is what that stands for.
            return false;
        }
        if jdk::is_jdk(name) {
            return true;
        }
        let found = self.table.get(name).is_some();
        if found {
            self.reach_exception(name);
        } else {
            self.missing(name);
        }
        found
    }
}

fn cut(text: String) -> String {
    if text.len() <= NOTE {
        return text;
    }
    let end = (0..=NOTE).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}…", text.get(..end).unwrap_or_default())
}

fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    let begins = |c: char| c.is_alphabetic() || matches!(c, '_' | '$');
    chars.next().is_some_and(begins) && chars.all(|c| begins(c) || c.is_alphanumeric())
}
