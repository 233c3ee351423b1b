//! Files that somebody names to be read.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

/// The most bytes of a text: of a source, a manifest or a definition.
pub const MAX_TEXT: u64 = 16 << 20;

/// Opens a file of up to `most` bytes.
///
/// # Errors
/// When it cannot be opened, is longer, or is no regular file: a device may have no end, and to open a pipe waits for somebody
/// who writes to it.
///
/// ```
/// let error = dubhe_codegen::input::open(".", u64::MAX).unwrap_err();
/// assert_eq!(error.to_string(), "it is no regular file");
/// ```
pub fn open(path: impl AsRef<Path>, most: u64) -> io::Result<File> {
    let path = path.as_ref();
    let found = fs::metadata(path)?;
    if !found.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
    }
    if found.len() > most {
        return Err(too_long(most));
    }
    File::open(path)
}

/// Reads a text of up to `most` bytes.
///
/// # Errors
/// As [`open`], and when it is no UTF-8.
///
/// ```
/// use dubhe_codegen::input;
///
/// let text = input::text("Cargo.toml", input::MAX_TEXT)?;
/// assert!(text.contains("dubhe-codegen"));
/// assert_eq!(input::text("Cargo.toml", 9).unwrap_err().to_string(), "it is longer than 9 bytes");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn text(path: impl AsRef<Path>, most: u64) -> io::Result<String> {
    let mut text = String::new();
    // It may grow, and files of the system have no length.
    open(path, most)?.take(most.saturating_add(1)).read_to_string(&mut text)?;
    match u64::try_from(text.len()) {
        Ok(length) if length <= most => Ok(text),
        _ => Err(too_long(most)),
    }
}

fn too_long(most: u64) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("it is longer than {most} bytes"))
}
