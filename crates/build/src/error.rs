//! Errors of generating code.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// An error of compiling `.proto` files, or of reading jars.
///
/// Its `Debug` form is what `main` of a build script prints, so it is the readable one.
#[non_exhaustive]
pub enum Error {
    /// A `.proto` file is missing or not right.
    Proto(protox::Error),
    /// A file is written in an edition, which is not read yet.
    Edition {
        /// The file.
        file: String,
        /// The edition, such as `2023`.
        edition: String,
    },
    /// Two items have one name in Rust.
    Clash {
        /// The one that comes first: its kind, its name, its file.
        first: String,
        /// The other.
        second: String,
        /// The path of both: `a::Type`, `a::Type.field`, `a::Type::VALUE` or `a::Type::method()`.
        rust: String,
    },
    /// An item cannot have a name in Rust.
    NoName {
        /// The kind of the item, its name and its file.
        item: String,
    },
    /// A package has the name of a file that is made besides.
    Reserved {
        /// The package.
        package: String,
        /// The file.
        file: String,
    },
    /// A jar, or what it is read with, cannot be read.
    #[cfg(feature = "java")]
    Java(String),
    /// No directory to write to.
    NoOutDir,
    /// A file cannot be written.
    Write {
        /// The file, or the directory it is in.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// Adds the path to an error of writing.
pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Write { path, source }
}

impl From<protox::Error> for Error {
    fn from(error: protox::Error) -> Self {
        Self::Proto(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The `Debug` form of this type is the one with the place.
            Self::Proto(error) => write!(f, "{error:?}"),
            Self::Edition { file, edition } => write!(
                f,
                "{file} is written in edition {edition}, which is not read yet; write syntax = \
                 \"proto3\" or \"proto2\" in its place"
            ),
            Self::Clash { first, second, rust } => write!(
                f,
                "{first} and {second} are both `{rust}` in Rust, where case and underscores make \
                 no difference; rename one of them"
            ),
            Self::NoName { item } => write!(f, "{item} has no name in Rust; rename it"),
            Self::Reserved { package, file } => write!(
                f,
                "the code of the package `{package}` would be in {file}, which includes all others; rename the package"
            ),
            #[cfg(feature = "java")]
            Self::Java(what) => f.write_str(what),
            Self::NoOutDir => f.write_str(
                "OUT_DIR is not set: call this from a build script, or say where to write with \
                 out_dir",
            ),
            Self::Write { path, source } => write!(f, "cannot write {}: {source}", path.display()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Proto(error) => Some(error),
            Self::Write { source, .. } => Some(source),
            _ => None,
        }
    }
}
