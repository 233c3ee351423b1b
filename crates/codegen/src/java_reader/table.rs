//! The classes that were found, and their relations.

use std::collections::{BTreeMap, BTreeSet};

use crate::classfile::ClassFile;
use crate::classfile::signature::{self, ClassSignature, ClassType, binary_name};

use super::kin::{self, Kin};

/// The fault of a signature that is there and cannot be read.
pub(super) const LOST: &str = "its generic signature cannot be read";

/// A class that was found.
pub(super) struct Loaded {
    pub(super) file: ClassFile,
    /// The jar or folder.
    pub(super) source: String,
    /// `true` if it is from the classpath, or a library of an application: its interfaces become services
    /// only if they are named.
    pub(super) is_library: bool,
    /// The properties that it has by its relatives.
    pub(super) kin: Kin,
}

/// All classes by binary name.
#[derive(Default)]
pub(super) struct Table {
    classes: BTreeMap<String, Loaded>,
    /// The classes that extend or implement a class directly.
    children: BTreeMap<String, BTreeSet<String>>,
    /// The places of class files and libraries that were passed over.
    unread: BTreeSet<String>,
    /// The binary names of these classes, as their files are called.
    unread_names: BTreeSet<String>,
}

impl Table {
    /// Returns `true` if there is a class of that name.
    pub(super) fn has(&self, file: &ClassFile) -> bool {
        self.classes.contains_key(&binary_name(&file.name))
    }

    /// Adds a class, unless there is one of that name.
    pub(super) fn add(&mut self, class: Loaded) {
        let name = binary_name(&class.file.name);
        if self.classes.contains_key(&name) {
            return;
        }
        for parent in class.file.superclass.iter().chain(&class.file.interfaces) {
            let children = self.children.entry(binary_name(parent)).or_default();
            children.insert(name.clone());
        }
        self.classes.insert(name, class);
    }

    /// Adds the place of a class file that could not be read: `orders-api.jar!/org/example/Order.class`.
    pub(super) fn unread(&mut self, place: &str) {
        let file = place.rsplit_once("!/").map_or(place, |(_, file)| file);
        if let Some(name) = file.strip_suffix(".class") {
            self.unread_names.insert(name.replace('/', "."));
        }
        self.unread.insert(place.to_owned());
    }

    /// Returns `true` if a class is among those that could not be read.
    pub(super) fn is_unread(&self, name: &str) -> bool {
        let simple = name.rsplit('.').next().unwrap_or(name);
        // A file that was given alone says nothing of its package.
        self.unread_names.contains(name) || self.unread_names.contains(simple)
    }

    /// The places of what could not be read.
    pub(super) fn into_unread(self) -> BTreeSet<String> {
        self.unread
    }

    /// Says why a class is not known, and what to do.
    pub(super) fn lacks(&self, name: &str) -> (&'static str, &'static str) {
        if self.is_unread(name) {
            ("is there and could not be read", "get its class file anew")
        } else {
            ("is in none of the jars", "add the jar that has it, or name that in the classpath")
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Loaded> {
        self.classes.get(name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Loaded)> {
        self.classes.iter().map(|(name, class)| (name.as_str(), class))
    }

    /// The classes and interfaces that extend or implement a class directly and have a name in sources,
    /// as far as they are no libraries or come with it.
    pub(super) fn children(&self, name: &str) -> impl Iterator<Item = (&str, &Loaded)> {
        let source = self.get(name).map(|of| of.source.as_str());
        let children = self.children.get(name).into_iter().flatten();
        let found = children.filter_map(|child| self.classes.get_key_value(child));
        let found = found.map(|(name, class)| (name.as_str(), class));
        found.filter(move |(_, class)| class.counts_below(source))
    }

    /// Finds what relatives make of each class, once all are there.
    pub(super) fn relate(&mut self) {
        let found = kin::of(&self.classes);
        for (class, kin) in self.classes.values_mut().zip(found) {
            class.kin = kin;
        }
    }
}

impl Loaded {
    pub(super) fn new(file: ClassFile, source: &str, is_library: bool) -> Self {
        Self { file, source: source.to_owned(), is_library, kin: Kin::default() }
    }

    /// The bytes of memory that it takes in the table, nearly.
    pub(super) fn weight(&self) -> usize {
        let names = self.file.superclass.iter().chain(&self.file.interfaces);
        let names = names.map(|name| name.len() + self.file.name.len() + 2 * size_of::<String>());
        size_of::<Self>()
            + self.file.weight()
            + self.source.len()
            + self.file.name.len()
            + names.sum::<usize>()
    }

    /// Returns `true` if it is among the subclasses of a class from `source`: those of libraries are not, unless they come
    /// with it.
    pub(super) fn counts_below(&self, source: Option<&str>) -> bool {
        let is_near = !self.is_library || Some(self.source.as_str()) == source;
        is_near && self.is_plain()
    }

    /// Returns `true` if it has type parameters.
    pub(super) fn is_generic(&self) -> bool {
        !self.signature().0.parameters.is_empty()
    }

    pub(super) fn is_interface(&self) -> bool {
        self.file.flags.is_interface()
    }

    /// Returns `true` for an enum, but not for a constant with a body.
    pub(super) fn is_enum(&self) -> bool {
        self.file.flags.is_enum() && self.file.superclass.as_deref() == Some("java/lang/Enum")
    }

    /// Returns `true` for a class that sources can name from elsewhere.
    fn is_plain(&self) -> bool {
        !self.file.flags.is_synthetic() && !self.file.attributes.is_local
    }

    pub(super) fn is_concrete(&self) -> bool {
        !self.file.flags.is_abstract() && !self.is_enum() && self.is_plain()
    }

    /// Returns `true` for a public class; a nested one is public as its source says.
    pub(super) fn is_public(&self) -> bool {
        self.file.attributes.nested.unwrap_or(self.file.flags).is_public()
    }

    /// The generic signature, or what the class file has besides if there is none or a wrong one, and what is wrong.
    pub(super) fn signature(&self) -> (ClassSignature, Option<String>) {
        let parents = self.file.superclass.iter().chain(&self.file.interfaces);
        let plain = |name| ClassType { name: binary_name(name), arguments: Vec::new() };
        let plain = ClassSignature {
            parameters: Vec::new(),
            parents: parents.map(|name| plain(name)).collect(),
        };
        match self.file.attributes.signature.as_deref().map(signature::class) {
            None if self.file.attributes.lost_signature => (plain, Some(LOST.to_owned())),
            None => (plain, None),
            Some(Err(error)) => (plain, Some(error.to_string())),
            Some(Ok(generic)) => {
                let names = |of: &ClassSignature| -> Vec<String> {
                    of.parents.iter().map(|parent| parent.name.clone()).collect()
                };
                if names(&generic) == names(&plain) {
                    (generic, None)
                } else {
                    let text = "its generic signature is of another class, as obfuscators leave it";
                    (plain, Some(text.to_owned()))
                }
            }
        }
    }
}
