//! Writes the Java sources of an [`Api`]: interfaces, classes, enums and exceptions, with a `pom.xml`.
//!
//! - A class has private fields, a constructor without arguments, getters and setters, `equals`, `hashCode` and
//!   `toString`; an exception has constructors without arguments and with its message. All are `Serializable`.
//! - A nested class is written inside the class around it.
//! - Methods that stream take and return `org.apache.dubbo.common.stream.StreamObserver`; the project then depends on
//!   Dubbo, optionally.
//! - Names that are keywords of Java are refused with a note, and what refers to a refused class with it. A parameter,
//!   whose name does not travel, gets an underscore in place of that.
//!
//! The text depends on the types alone: no time, no version. A change of one type changes its file alone.
#![allow(
    clippy::format_push_string,
    clippy::format_collect,
    reason = "files are short and written once: what reads best is best"
)]

mod class;
mod doc;
mod imports;
mod interface;
mod members;
mod names;
mod pom;
mod unit;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Declared, Kind, Type};
use crate::{Api, Written};

/// The release of Java that the project is compiled for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JavaRelease {
    /// Java 8.
    #[default]
    V8,
    /// Java 17.
    V17,
}

/// The options of writing Java.
#[derive(Clone, Debug)]
pub struct JavaWriter {
    group_id: Option<String>,
    artifact_id: Option<String>,
    version: String,
    release: JavaRelease,
    dubbo_version: String,
}

impl Default for JavaWriter {
    fn default() -> Self {
        Self {
            group_id: None,
            artifact_id: None,
            version: "1.0.0-SNAPSHOT".to_owned(),
            release: JavaRelease::default(),
            dubbo_version: "3.3.6".to_owned(),
        }
    }
}

impl JavaWriter {
    /// All defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The group of the project; by default the longest package that all classes have in common, or `com.example`.
    pub fn group_id(mut self, group_id: impl Into<String>) -> Self {
        self.group_id = Some(group_id.into());
        self
    }

    /// The name of the project; by default the last part of that package with `-api`.
    pub fn artifact_id(mut self, artifact_id: impl Into<String>) -> Self {
        self.artifact_id = Some(artifact_id.into());
        self
    }

    /// The version of the project; by default `1.0.0-SNAPSHOT`.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// The release of Java; by default 8.
    pub fn release(mut self, release: JavaRelease) -> Self {
        self.release = release;
        self
    }

    /// The version of Dubbo that a project with streams depends on; by default 3.3.6.
    pub fn dubbo_version(mut self, version: impl Into<String>) -> Self {
        self.dubbo_version = version.into();
        self
    }

    /// Writes `pom.xml`, and the sources in `src/main/java`.
    pub fn write(&self, api: &Api) -> Written {
        let mut written = Written::default();
        let refused = names::refused(api, &mut written);
        let context = Context { api, refused };
        let mut units: BTreeMap<&str, Vec<&Declared>> = BTreeMap::new();
        for (name, declared) in &api.types {
            if !context.refused.contains(name) {
                units.entry(names::outermost(name)).or_default().push(declared);
            }
        }
        let mut streams = false;
        let mut lower: BTreeMap<String, &str> = BTreeMap::new();
        for (outer, types) in units {
            if let Some(other) = lower.insert(outer.to_lowercase(), outer) {
                let text = format!(
                    "its file has the name of {other} in other letters: macOS and Windows take both for one, and keep one \
                     class; give it another name"
                );
                written.note(outer, text);
            }
            streams |= types.iter().any(|declared| match &declared.kind {
                Kind::Service(service) => interface::streams(service),
                _ => false,
            });
            let text = unit::write(&context, outer, &types, &mut written);
            written.files.insert(format!("src/main/java/{}.java", outer.replace('.', "/")), text);
        }
        written.files.insert("pom.xml".to_owned(), pom::write(self, api, streams));
        written
    }
}

/// All types, those that cannot be written among them.
struct Context<'a> {
    api: &'a Api,
    refused: BTreeSet<String>,
}

impl<'a> Context<'a> {
    /// The class in `ty` that cannot be written, if there is one.
    fn refused_in<'t>(&self, ty: &'t Type) -> Option<&'t str> {
        match ty {
            Type::Class { name, arguments } if !self.refused.contains(name) => {
                arguments.iter().find_map(|argument| self.refused_in(argument))
            }
            Type::Class { name, .. } => Some(name),
            Type::Array(of) | Type::Nullable(of) => self.refused_in(of),
            Type::Void | Type::Primitive(_) | Type::Variable(_) => None,
        }
    }

    /// The class of that name, if it is one of these types.
    fn class(&self, name: &str) -> Option<&'a crate::model::Class> {
        match &self.api.types.get(name)?.kind {
            Kind::Class(class) => Some(class),
            _ => None,
        }
    }

    fn is_deprecated(&self, name: &str) -> bool {
        self.api.types.get(name).is_some_and(|declared| declared.deprecated)
    }
}
