//! Files within jars and folders.
//!
//! Names of a jar are only compared, never used as paths. Entries come sorted by name, so that the outcome
//! does not depend on who packed the jar. What is decoded is bounded by [`Limits`].

mod folder;

use std::io::{self, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use crate::input;
use crate::model::Note;

/// Limits on what jars and folders may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The bytes of a jar as it is: 1 GiB by default. A longer one is an error.
    pub jar: u64,
    /// The bytes of one file, decoded: 64 MiB by default. One above is passed over with a note.
    pub entry: u64,
    /// The bytes of all files that are read, decoded: 1 GiB by default. What is beyond is passed over with a note.
    pub total: u64,
    /// The bytes of memory that classes take once they are read: 512 MiB by default. Classes beyond are passed over with a
    /// note.
    pub kept: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { jar: 1 << 30, entry: 64 << 20, total: 1 << 30, kept: 512 << 20 }
    }
}

/// An error of opening a jar or folder.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An error of reading it.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The jar, folder or file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// An error of a file that is no jar.
    #[error("{} is no jar, or was cut off: {source}", path.display())]
    Jar {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: zip::result::ZipError,
    },
}

/// A file of a jar or folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The name within the jar or folder, with `/`.
    pub name: &'a str,
    /// The jar or folder, for people: `orders-api.jar`, `lib/orders-api.jar in app.jar`.
    pub source: &'a str,
    /// `true` if it is from a library within an application's jar.
    pub is_library: bool,
    /// The content.
    pub bytes: Vec<u8>,
}

/// Takes the files that a [`Reader`] finds.
pub type Visit<'a> = &'a mut dyn FnMut(Entry<'_>);

/// Places of classes within the jar of an application: Spring Boot's and those of a WAR.
const CLASSES: [&str; 2] = ["BOOT-INF/classes/", "WEB-INF/classes/"];

/// Places of libraries within the jar of an application.
const LIBRARIES: [&str; 2] = ["BOOT-INF/lib/", "WEB-INF/lib/"];

/// Reads jars and folders, all within one budget.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    limits: Limits,
    /// The bytes that were decoded.
    decoded: u64,
    /// Notes on what was passed over.
    notes: Vec<Note>,
}

/// An entry of a jar that is wanted.
struct Wanted {
    name: String,
    index: usize,
    is_library: bool,
}

impl Reader {
    /// Makes a reader with these limits.
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Takes the notes on what was passed over since the last call.
    pub fn take_notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }

    /// Visits the files of a jar whose names end with `suffix`, such as `.class`. Classes and libraries of
    /// a Spring Boot application or a WAR are found where those have them; variants for newer versions of
    /// Java (`META-INF/versions`) are passed over.
    pub fn jar(&mut self, path: &Path, suffix: &str, visit: Visit<'_>) -> Result<(), Error> {
        let io_error = |source| Error::Io { path: path.to_owned(), source };
        let file = input::open(path, self.limits.jar).map_err(io_error)?;
        let jar = ZipArchive::new(io::BufReader::new(file))
            .map_err(|source| Error::Jar { path: path.to_owned(), source })?;
        self.entries(jar, &source_of(path), suffix, false, visit);
        Ok(())
    }

    /// Visits the files of a jar in memory, as [`jar`](Self::jar) does.
    pub fn jar_bytes(
        &mut self,
        source: &str,
        bytes: &[u8],
        suffix: &str,
        visit: Visit<'_>,
    ) -> Result<(), Error> {
        let jar = ZipArchive::new(Cursor::new(bytes))
            .map_err(|error| Error::Jar { path: source.into(), source: error })?;
        self.entries(jar, source, suffix, false, visit);
        Ok(())
    }

    /// Visits the files of a folder, and of those in it, whose names end with `suffix`.
    pub fn folder(&mut self, path: &Path, suffix: &str, visit: Visit<'_>) -> Result<(), Error> {
        folder::walk(self, path, suffix, visit)
    }

    /// Reads one file.
    pub fn file(&mut self, path: &Path) -> Result<Option<Vec<u8>>, Error> {
        let io_error = |source| Error::Io { path: path.to_owned(), source };
        let file = input::open(path, u64::MAX).map_err(io_error)?;
        self.bounded(&source_of(path), file).map_err(io_error)
    }

    fn entries<R: Read + Seek>(
        &mut self,
        mut jar: ZipArchive<R>,
        source: &str,
        suffix: &str,
        is_library: bool,
        visit: Visit<'_>,
    ) {
        for wanted in wanted(&jar, suffix, is_library) {
            let at = format!("{source}!/{}", wanted.name);
            if self.decoded >= self.limits.total {
                let text = format!(
                    "the limit `total` of {} bytes is reached; this file and those behind it are passed \
                     over; give fewer jars, or set `java_reader::Limits` of a reader of your own",
                    self.limits.total
                );
                self.note(&at, text);
                return;
            }
            let bytes = match jar.by_index(wanted.index) {
                Ok(file) if file.encrypted() => Err("it is encrypted".to_owned()),
                Ok(file) => self.bounded(&at, file).map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            match bytes {
                Ok(Some(bytes)) if wanted.is_library => {
                    let source = format!("{} in {source}", source_of(Path::new(&wanted.name)));
                    match ZipArchive::new(Cursor::new(bytes)) {
                        Ok(jar) => self.entries(jar, &source, suffix, true, visit),
                        Err(error) => self.note(&at, format!("{error}; it is passed over")),
                    }
                }
                Ok(Some(bytes)) => {
                    visit(Entry { name: &wanted.name, source, is_library, bytes });
                }
                Ok(None) => {}
                Err(error) => self.note(&at, format!("{error}; it is passed over")),
            }
        }
    }

    /// Reads what `read` has, unless that is beyond the limits.
    fn bounded(&mut self, at: &str, read: impl Read) -> io::Result<Option<Vec<u8>>> {
        let left = self.limits.total.saturating_sub(self.decoded);
        let most = self.limits.entry.min(left);
        let mut bytes = Vec::new();
        read.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.decoded = self.decoded.saturating_add(len);
        if len <= most {
            return Ok(Some(bytes));
        }
        let limit = if most < left { "entry" } else { "total" };
        let text = format!(
            "it is longer than the limit `{limit}` allows, {most} bytes; it is passed over; to read it, \
             set `java_reader::Limits` of a reader of your own"
        );
        self.note(at, text);
        Ok(None)
    }

    fn note(&mut self, at: &str, text: String) {
        self.notes.push(Note { at: at.to_owned(), text });
    }
}

/// The entries of a jar that are to be read, sorted by name.
fn wanted<R: Read + Seek>(jar: &ZipArchive<R>, suffix: &str, is_library: bool) -> Vec<Wanted> {
    let names = (0..jar.len()).filter_map(|index| {
        let name = jar.name_for_index(index)?.ok()?.into_owned();
        Some((name, index))
    });
    let names: Vec<(String, usize)> = names.collect();
    let begins = |name: &str, places: [&str; 2]| places.iter().any(|at| name.starts_with(at));
    let is_application = !is_library
        && names.iter().any(|(name, _)| begins(name, CLASSES) || begins(name, LIBRARIES));
    let mut wanted: Vec<Wanted> = Vec::new();
    for (name, index) in names {
        let is_jar = name.strip_suffix(".jar").is_some() && begins(&name, LIBRARIES);
        // The loader of an application lies beside these folders.
        let is_file = name.ends_with(suffix)
            && !name.starts_with("META-INF/")
            && (!is_application || begins(&name, CLASSES));
        let name = CLASSES.iter().find_map(|at| name.strip_prefix(at)).unwrap_or(&name).to_owned();
        if is_file || (is_application && is_jar) {
            wanted.push(Wanted { name, index, is_library: !is_file });
        }
    }
    // The application's own classes come first: where a library has the same one, they win.
    wanted.sort_by(|a, b| (a.is_library, &a.name, a.index).cmp(&(b.is_library, &b.name, b.index)));
    wanted
}

/// The last part of a path: what is written must not depend on the machine.
fn source_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
