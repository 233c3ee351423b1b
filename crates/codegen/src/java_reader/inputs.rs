//! The jars, folders and class files that a command or a build script is given to read.

use std::path::PathBuf;

use super::{Error, JavaReader};
use crate::model::Api;

/// The files to read, and what to take of them.
///
/// ```no_run
/// # fn main() -> Result<(), dubhe_codegen::java_reader::Error> {
/// use dubhe_codegen::java_reader::Inputs;
///
/// let api = Inputs { jars: vec!["orders-api-1.2.jar".into()], ..Inputs::default() }.read()?;
/// # drop(api);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Jars, folders of class files and class files whose services are taken.
    pub jars: Vec<PathBuf>,
    /// Jars and folders with classes that the interfaces refer to.
    pub classpath: Vec<PathBuf>,
    /// Jars and folders of Java sources, for documentation and names of parameters.
    pub sources: Vec<PathBuf>,
    /// See [`JavaReader::interfaces`].
    pub interfaces: Vec<String>,
    /// See [`JavaReader::classes`].
    pub classes: Vec<String>,
    /// See [`JavaReader::exact`].
    pub exact: Vec<String>,
}

impl Inputs {
    /// All files.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.jars.iter().chain(&self.classpath).chain(&self.sources)
    }

    /// Reads the files, and makes the model.
    ///
    /// # Errors
    /// When a file cannot be read. A class that is not right is a note of the model.
    pub fn read(&self) -> Result<Api, Error> {
        let reader = self.jars.iter().try_fold(JavaReader::new(), |reader, path| {
            let is_class = path.extension().is_some_and(|of| of.eq_ignore_ascii_case("class"));
            if path.is_dir() {
                reader.folder(path)
            } else if is_class {
                reader.class_file(path)
            } else {
                reader.jar(path)
            }
        })?;
        let reader = self.classpath.iter().try_fold(reader, JavaReader::classpath)?;
        let reader = self.sources.iter().try_fold(reader, JavaReader::sources)?;
        let reader = reader.interfaces(&self.interfaces).classes(&self.classes);
        Ok(reader.exact(&self.exact).read())
    }
}
