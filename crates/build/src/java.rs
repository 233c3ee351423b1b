//! Rust of Java interfaces, in a build script.

use std::io;
use std::path::{Path, PathBuf};

use dubhe_codegen::folder;
use dubhe_codegen::java_reader::Inputs;
use dubhe_codegen::rust_writer::RustWriter;
pub use dubhe_codegen::rust_writer::{MethodOption, OVERRIDE_VALUE, Unannotated};

use crate::Error;
use crate::error::at;

/// The folder below `OUT_DIR`; `include_java!()` names its `mod.rs`.
const FOLDER: &str = "dubhe.java";

/// Makes Rust of all interfaces in these jars that look like services, and of the classes that they reach, with all
/// defaults.
///
/// # Errors
/// See [`Java::generate`].
///
/// ```no_run
/// // build.rs
/// fn main() -> Result<(), dubhe_build::Error> {
///     dubhe_build::java(&["orders-api-1.2.jar"])
/// }
/// ```
pub fn java(jars: &[impl AsRef<Path>]) -> Result<(), Error> {
    jars.iter().fold(Java::new(), |java, jar| java.jar(jar.as_ref())).generate()
}

/// The options of making Rust of Java's class files.
///
/// ```no_run
/// // build.rs
/// fn main() -> Result<(), dubhe_build::Error> {
///     dubhe_build::Java::new()
///         .jar("orders-api-1.2.jar")
///         .sources("orders-api-1.2-sources.jar")
///         .interfaces(["org.example.orders.*Service"])
///         .generate()
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Java {
    inputs: Inputs,
    writer: RustWriter,
    out_dir: Option<PathBuf>,
}

impl Java {
    /// No jar yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A jar, or a folder of class files, whose services are made.
    pub fn jar(mut self, path: impl Into<PathBuf>) -> Self {
        self.inputs.jars.push(path.into());
        self
    }

    /// A jar or folder with classes that the interfaces refer to.
    pub fn classpath(mut self, path: impl Into<PathBuf>) -> Self {
        self.inputs.classpath.push(path.into());
        self
    }

    /// A jar or folder of Java sources, for documentation and names of parameters.
    pub fn sources(mut self, path: impl Into<PathBuf>) -> Self {
        self.inputs.sources.push(path.into());
        self
    }

    /// The interfaces that are made, by names in which `*` stands for any letters; by default all that look like
    /// services.
    pub fn interfaces(mut self, patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.inputs.interfaces.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Chooses what is an `Option` where Java says nothing of null; by default fields and results, not parameters.
    pub fn unannotated(mut self, unannotated: Unannotated) -> Self {
        self.writer = self.writer.unannotated(unannotated);
        self
    }

    /// Classes that are made although no interface leads to them, by names in which `*` stands for any letters:
    /// exceptions that no method declares, or what an `Object` holds.
    pub fn classes(mut self, patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.inputs.classes.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Classes with subclasses whose values are of exactly these classes, by names in which `*` stands for any letters: the
    /// struct `Order` stands where they are declared, and no enum `AnyOrder`.
    pub fn exact(mut self, classes: impl Into<String>) -> Self {
        let classes = classes.into();
        self.writer = self.writer.exact(&classes);
        self.inputs.exact.push(classes);
        self
    }

    /// Fields, results and parameters that are an `Option` whatever Java says of null, by names in which `*` stands for
    /// any letters: `org.example.Order.note`, `org.example.Orders.find`, `org.example.Orders.find.key`.
    pub fn nullable(mut self, members: impl Into<String>) -> Self {
        self.writer = self.writer.nullable(members);
        self
    }

    /// Fields, results and parameters that are no `Option` unless [`nullable`](Self::nullable) names them.
    pub fn non_null(mut self, members: impl Into<String>) -> Self {
        self.writer = self.writer.non_null(members);
        self
    }

    /// Options of methods that no interface says, by names such as `org.example.Orders.find`, in which `*` stands for any
    /// letters.
    pub fn method(mut self, methods: impl Into<String>, option: MethodOption) -> Self {
        self.writer = self.writer.method(methods, option);
        self
    }

    /// The Rust type of a class, or of a field, result or parameter (`org.example.Event.payload`): a path, or
    /// [`OVERRIDE_VALUE`] for objects that are kept as they are, circles included.
    pub fn override_type(mut self, java: impl Into<String>, rust: impl Into<String>) -> Self {
        self.writer = self.writer.override_type(java, rust);
        self
    }

    /// The name in Rust of a class, or of a field or method (`org.example.Order.size`).
    pub fn rename(mut self, java: impl Into<String>, rust: impl Into<String>) -> Self {
        self.writer = self.writer.rename(java, rust);
        self
    }

    /// The directory to write to; by default `OUT_DIR`, which cargo sets for build scripts.
    pub fn out_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(path.into());
        self
    }

    /// Reads the jars and writes the modules that `dubhe::include_java!()` includes. What could not be carried over is a
    /// warning of cargo. Jars of one build script belong into one call: another writes over what this one wrote.
    ///
    /// # Errors
    /// When an option names what is no Rust, a jar cannot be read, there is no service in the jars, or the output cannot be written. A class that is not right is a warning.
    #[allow(clippy::print_stdout, reason = "it is how a build script speaks to cargo")]
    pub fn generate(&self) -> Result<(), Error> {
        if let Some(wrong) = self.writer.wrong_option() {
            return Err(Error::Java(wrong));
        }
        let out = crate::out_dir(self.out_dir.as_deref())?.join(FOLDER);
        for path in self.inputs.files() {
            println!("cargo::rerun-if-changed={}", path.display());
        }
        let api = self.inputs.read().map_err(|error| Error::Java(error.to_string()))?;
        // Written, it would take away all that was made before.
        if api.types.is_empty() {
            let notes = api.notes.iter().map(|note| format!("\n{note}"));
            let text = "there is nothing to write code of; nothing is changed";
            return Err(Error::Java(notes.fold(text.to_owned(), |text, note| text + &note)));
        }
        if let Some(wrong) = self.writer.wrong_rename(&api) {
            return Err(Error::Java(wrong));
        }
        let written = self.writer.write(&api);
        for note in api.notes.iter().chain(&written.notes) {
            println!("cargo::warning={note}");
        }
        let wrong = |error: io::Error| at(&out)(error);
        folder::update(&out, &written.files, true).map(|_| ()).map_err(wrong)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn jars_without_a_service_are_an_error_and_change_nothing() {
        let folder = std::env::temp_dir().join(format!("dubhe-build-java-{}", std::process::id()));
        let (classes, out) = (folder.join("classes"), folder.join("out"));
        let before = out.join(FOLDER).join("mod.rs");
        fs::create_dir_all(&classes).unwrap();
        fs::create_dir_all(before.parent().unwrap()).unwrap();
        fs::write(&before, "// @generated by dubhe gen; do not edit\n").unwrap();
        let error = Java::new().jar(&classes).out_dir(&out).generate().unwrap_err().to_string();
        assert!(
            error.starts_with("there is nothing to write code of; nothing is changed\n"),
            "{error}"
        );
        assert!(error.contains("no interface of what was given looks like a service"), "{error}");
        assert!(before.exists());
        fs::remove_dir_all(&folder).unwrap();
    }
}
