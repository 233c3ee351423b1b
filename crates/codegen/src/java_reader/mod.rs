//! Class files to the model.
//!
//! [`JavaReader`] takes jars, folders and class files, and makes an [`Api`] of the interfaces in them that
//! are services, and of all classes that these reach: types of parameters and results, their fields, type
//! arguments, superclasses, declared exceptions; and the classes below those that are named so, whose objects may be sent in
//! their place.
//!
//! **Which interfaces are services.** Those that [`interfaces`](JavaReader::interfaces) names. Without names
//! all public ones of the jars, top-level or nested, with an abstract method, own or inherited, and without type
//! parameters, unless they are data: a class of the jars implements them that is `Serializable`, a record, an enum or
//! an exception, or that any class implements while another interface takes or returns them. Interfaces of the
//! classpath, and of the libraries in the jar of an application, have to be named.
//!
//! **What is not carried over** gets a [note](crate::Note): a class that is in none of the jars becomes `Object`, and so
//! does an interface or abstract class without a class that could be sent. An interface that is the type
//! of a parameter and that no class implements is a callback: a service of its own.

mod build;
mod declare;
mod inputs;
mod jdk;
mod kin;
mod methods;
mod nullness;
mod select;
mod table;
mod types;

use std::path::Path;

use crate::archive::{Entry, Reader};
pub use crate::archive::{Error, Limits};
use crate::classfile::ClassFile;
use crate::classfile::signature::binary_name;
use crate::javadoc::Sources;
use crate::model::{Api, Note};

use self::build::Build;
pub use self::inputs::Inputs;
use self::table::{Loaded, Table};

/// Reads Java interfaces and classes from jars.
///
/// ```no_run
/// # fn main() -> Result<(), dubhe_codegen::java_reader::Error> {
/// use dubhe_codegen::java_reader::JavaReader;
///
/// let api = JavaReader::new()
///     .jar("orders-api-1.2.jar")?
///     .classpath("common-types-3.0.jar")?
///     .sources("orders-api-1.2-sources.jar")?
///     .interfaces(["org.example.orders.*Service"])
///     .read();
/// for note in &api.notes {
///     eprintln!("{note}");
/// }
/// # Ok(())
/// # }
/// ```
pub struct JavaReader {
    reader: Reader,
    table: Table,
    sources: Sources,
    patterns: Vec<String>,
    classes: Vec<String>,
    exact: Vec<String>,
    /// The bytes of all class files.
    bytes: usize,
    /// The bytes of memory that may be kept, and those that are.
    limit: u64,
    kept: u64,
    notes: Vec<Note>,
}

impl Default for JavaReader {
    fn default() -> Self {
        Self {
            reader: Reader::default(),
            table: Table::default(),
            sources: Sources::default(),
            patterns: Vec::new(),
            classes: Vec::new(),
            exact: Vec::new(),
            bytes: 0,
            limit: Limits::default().kept,
            kept: 0,
            notes: Vec::new(),
        }
    }
}

impl JavaReader {
    /// Makes a reader of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the limits on jars and folders that are added from here on; the total begins anew.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.reader = Reader::new(limits);
        self.limit = limits.kept;
        self
    }

    /// Adds the classes of a jar. Of the jar of a Spring Boot application, or a WAR, these are its own;
    /// its libraries are a [`classpath`](Self::classpath).
    pub fn jar(self, path: impl AsRef<Path>) -> Result<Self, Error> {
        self.add(path.as_ref(), false, false)
    }

    /// Adds the classes of a folder, such as `target/classes`.
    pub fn folder(self, path: impl AsRef<Path>) -> Result<Self, Error> {
        self.add(path.as_ref(), true, false)
    }

    /// Adds a class file.
    pub fn class_file(mut self, path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(bytes) = self.reader.file(path)? {
            self.class(Entry { name: &name, source: &name, is_library: false, bytes }, false);
        }
        self.take_notes();
        Ok(self)
    }

    /// Adds the bytes of a class file; `source` says for people where they are from.
    pub fn class_bytes(mut self, source: &str, bytes: &[u8]) -> Self {
        let bytes = bytes.to_vec();
        self.class(Entry { name: source, source, is_library: false, bytes }, false);
        self
    }

    /// Adds a jar or folder of classes that others refer to. They are read as far as the services reach
    /// them, and their interfaces are services only if they are named.
    pub fn classpath(self, path: impl AsRef<Path>) -> Result<Self, Error> {
        let is_folder = path.as_ref().is_dir();
        self.add(path.as_ref(), is_folder, true)
    }

    /// Adds a jar or folder of Java sources, which give documentation, and the names of parameters that
    /// class files lack.
    pub fn sources(mut self, path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let sources = &mut self.sources;
        let mut visit = |entry: Entry<'_>| sources.add(&String::from_utf8_lossy(&entry.bytes));
        if path.is_dir() {
            self.reader.folder(path, ".java", &mut visit)?;
        } else {
            self.reader.jar(path, ".java", &mut visit)?;
        }
        // Without them documentation is missing, and no class.
        self.notes.extend(self.reader.take_notes());
        Ok(self)
    }

    /// Names the interfaces that become services, by their binary names. In a name `*` stands for any characters; of
    /// those that match it, the ones that look like services are taken.
    pub fn interfaces(mut self, patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.patterns.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Names classes that are made although no interface leads to them, with those below them: exceptions that no
    /// method declares, or what an `Object` holds. In a name `*` stands for any characters; of those that match it, the
    /// ones that can be sent are taken.
    pub fn classes(mut self, patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.classes.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Names classes whose values are of no class below them, which are not read for them; see
    /// [`RustWriter::exact`](crate::rust_writer::RustWriter::exact). In a name `*` stands for any characters.
    pub fn exact(mut self, patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.exact.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Makes the model. The outcome depends only on what was added, and in which order.
    pub fn read(mut self) -> Api {
        self.table.relate();
        let services = if self.patterns.is_empty() {
            select::all(&self.table, false)
        } else {
            select::named(&self.table, &self.patterns, &mut self.notes)
        };
        if self.patterns.is_empty() {
            for name in select::generic(&self.table, &services) {
                let text = "it has type parameters, so it is no service by itself and is left out; name it as an interface that is \
                            wanted, where its parameters are read as Object, or an interface that extends it without some";
                self.notes.push(Note { at: name, text: text.into() });
            }
        }
        let classes = select::classes(&self.table, &self.classes, &mut self.notes);
        if services.is_empty() && self.patterns.is_empty() {
            let text = "no interface of what was given looks like a service; give the jar of the API, or name the \
                        interfaces";
            self.notes.push(Note { at: "interfaces".into(), text: text.into() });
        }
        let mut api =
            Build::new(&self.table, &self.sources, &self.exact, self.bytes).run(services, classes);
        let mut notes = self.notes;
        notes.append(&mut api.notes);
        api.notes = notes;
        api.unread = self.table.into_unread();
        api
    }

    fn add(mut self, path: &Path, is_folder: bool, is_library: bool) -> Result<Self, Error> {
        let mut reader = std::mem::take(&mut self.reader);
        let mut visit = |entry: Entry<'_>| self.class(entry, is_library);
        let outcome = if is_folder {
            reader.folder(path, ".class", &mut visit)
        } else {
            reader.jar(path, ".class", &mut visit)
        };
        self.reader = reader;
        self.take_notes();
        outcome.map(|()| self)
    }

    fn take_notes(&mut self) {
        for note in self.reader.take_notes() {
            self.passed_over(note);
        }
    }

    /// Notes what could not be read.
    fn passed_over(&mut self, note: Note) {
        self.table.unread(&note.at);
        self.notes.push(note);
    }

    fn class(&mut self, entry: Entry<'_>, is_library: bool) {
        self.bytes = self.bytes.saturating_add(entry.bytes.len());
        match ClassFile::read(&entry.bytes) {
            Ok(file) => {
                let is_library = is_library || entry.is_library;
                self.keep(Loaded::new(file, entry.source, is_library));
            }
            Err(error) => self.passed_over(Note {
                at: if entry.name == entry.source {
                    entry.name.to_owned()
                } else {
                    format!("{}!/{}", entry.source, entry.name)
                },
                text: format!(
                    "the class file is damaged: {error}; this class is passed over; get the jar anew, or compile the class anew"
                ),
            }),
        }
    }

    /// Adds a class, as far as the limit allows.
    fn keep(&mut self, class: Loaded) {
        if self.table.has(&class.file) || self.kept > self.limit {
            return;
        }
        self.kept = self.kept.saturating_add(u64::try_from(class.weight()).unwrap_or(u64::MAX));
        if self.kept <= self.limit {
            self.table.add(class);
            return;
        }
        let text = format!(
            "the limit `kept` of {} bytes of memory is reached; this class and those behind it are passed over; give fewer \
             jars, or name those that services only refer to last",
            self.limit
        );
        self.passed_over(Note { at: binary_name(&class.file.name), text });
    }
}
