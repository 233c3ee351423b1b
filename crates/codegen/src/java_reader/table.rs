//! The classes that were found, and their relations.

use std::collections::{BTreeMap, BTreeSet};

use crate::classfile::ClassFile;
use crate::classfile::signature::{self, ClassSignature, ClassType, binary_name};

use super::jdk;

/// Superclasses of a class that are looked at.
const LEVELS: usize = 1_024;

/// A class that was found.
pub(super) struct Loaded {
    pub(super) file: ClassFile,
    /// The jar or folder.
    pub(super) source: String,
    /// `true` if it is from the classpath, or a library of an application: its interfaces become services
    /// only if they are named.
    pub(super) is_library: bool,
}

/// All classes by binary name.
#[derive(Default)]
pub(super) struct Table {
    classes: BTreeMap<String, Loaded>,
    /// The classes that extend or implement a class directly.
    children: BTreeMap<String, BTreeSet<String>>,
}

impl Table {
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
        found.filter(move |(_, class)| {
            let is_near = !class.is_library || Some(class.source.as_str()) == source;
            is_near && class.is_plain()
        })
    }

    /// All classes and interfaces below one, in the order of their distance.
    pub(super) fn descendants(&self, name: &str) -> Vec<(&str, &Loaded)> {
        let mut seen = BTreeSet::from([name.to_owned()]);
        let mut found: Vec<(&str, &Loaded)> = self.children(name).collect();
        let mut at = 0;
        found.retain(|(name, _)| seen.insert((*name).to_owned()));
        while let Some((name, _)) = found.get(at).copied() {
            found.extend(self.children(name).filter(|(name, _)| seen.insert((*name).to_owned())));
            at += 1;
        }
        found
    }

    /// Returns `true` if objects of a class below exist: one that is neither abstract nor an enum.
    pub(super) fn has_objects(&self, name: &str) -> bool {
        self.children(name).any(|(_, class)| class.is_concrete())
            || self.descendants(name).iter().any(|(_, class)| class.is_concrete())
    }

    /// The names of the superclasses, the nearest first: those that were found, and the one behind them.
    /// Of a circle each class is named once.
    pub(super) fn superclasses(&self, name: &str) -> Vec<String> {
        let mut chain: Vec<String> = Vec::new();
        let mut seen = BTreeSet::new();
        let mut next = self.get(name);
        while let Some(superclass) = next.and_then(|of| of.file.superclass.as_deref()) {
            let superclass = binary_name(superclass);
            if chain.len() >= LEVELS || !seen.insert(superclass.clone()) {
                break;
            }
            next = self.get(&superclass);
            chain.push(superclass);
        }
        chain
    }

    /// All superclasses and interfaces above a class.
    pub(super) fn ancestors(&self, name: &str) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let mut next = vec![name.to_owned()];
        while let Some(name) = next.pop() {
            let Some(class) = self.get(&name) else { continue };
            let parents = class.file.superclass.iter().chain(&class.file.interfaces);
            next.extend(
                parents.map(|name| binary_name(name)).filter(|name| seen.insert(name.clone())),
            );
        }
        seen
    }

    /// Returns `true` for a class whose objects can be thrown.
    pub(super) fn is_exception(&self, name: &str) -> bool {
        jdk::is_throwable(name)
            || self.superclasses(name).last().is_some_and(|last| {
                jdk::is_throwable(last)
                    || (self.get(last).is_none() && jdk::ends_as_exception(last))
            })
    }
}

impl Loaded {
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

    fn is_concrete(&self) -> bool {
        !self.file.flags.is_abstract() && !self.is_enum() && self.is_plain()
    }

    /// Returns `true` for a public class; a nested one is public as its source says.
    pub(super) fn is_public(&self) -> bool {
        let own = self.file.attributes.inner_classes.iter().find(|of| of.inner == self.file.name);
        own.map_or(self.file.flags, |of| of.flags).is_public()
    }

    /// The generic signature, or what the class file has besides if there is none or a wrong one.
    pub(super) fn signature(&self) -> (ClassSignature, Option<signature::Error>) {
        let plain = || {
            let parents = self.file.superclass.iter().chain(&self.file.interfaces);
            let plain = |name| ClassType { name: binary_name(name), arguments: Vec::new() };
            ClassSignature {
                parameters: Vec::new(),
                parents: parents.map(|name| plain(name)).collect(),
            }
        };
        match self.file.attributes.signature.as_deref().map(signature::class) {
            None => (plain(), None),
            Some(Err(error)) => (plain(), Some(error)),
            Some(Ok(generic)) => {
                let plain = plain();
                let names = |of: &ClassSignature| -> Vec<String> {
                    of.parents.iter().map(|parent| parent.name.clone()).collect()
                };
                // Obfuscators leave signatures of names that are gone.
                if names(&generic) == names(&plain) { (generic, None) } else { (plain, None) }
            }
        }
    }
}
