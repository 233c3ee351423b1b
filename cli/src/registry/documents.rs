//! `dubhe registry get`, `put` and `rm`.

use std::io::{Read as _, Write};
use std::path::Path;
use std::time::Duration;

use dubhe::documents::DocumentStore;
use dubhe::registry::RegistryParts;

use super::{keys, within};
use crate::failure::Failure;

/// The bytes of the largest document that is written: what Dubhe reads.
const MAX_DOCUMENT: u64 = 256 * 1024;

fn store(parts: &RegistryParts) -> Result<&dyn DocumentStore, Failure> {
    parts.documents.as_deref().ok_or_else(|| {
        let registry = parts.registry.name();
        Failure::Failed(format!("error: the registry {registry} has no documents"))
    })
}

/// Prints the document at `key`.
pub(super) async fn get(
    parts: &RegistryParts,
    key: &str,
    limit: Duration,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let store = store(parts)?;
    let found = within(limit, &format!("what is at {key}"), store.get(&keys::parse(key))).await?;
    let Some(document) = found else {
        return Err(Failure::Failed(format!("error: {} has nothing at {key}", store.name())));
    };
    Ok(writeln!(out, "{}", document.text.trim_end())?)
}

/// Writes `file` to `key`.
pub(super) async fn put(
    parts: &RegistryParts,
    key: &str,
    file: &Path,
    force: bool,
    limit: Duration,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let store = store(parts)?;
    let text = read(file)?;
    let _ = force;
    within(limit, &format!("the writing of {key}"), store.put(&keys::parse(key), text.into()))
        .await?;
    Ok(writeln!(out, "wrote {key} to {}", store.name())?)
}

/// Removes the document at `key`.
pub(super) async fn remove(
    parts: &RegistryParts,
    key: &str,
    limit: Duration,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let store = store(parts)?;
    within(limit, &format!("the removal of {key}"), store.remove(&keys::parse(key))).await?;
    Ok(writeln!(out, "removed {key} from {}", store.name())?)
}

fn read(file: &Path) -> Result<String, Failure> {
    let failed = |why: &dyn std::fmt::Display| {
        Failure::Failed(format!("error: cannot read {}: {why}", file.display()))
    };
    let mut bytes = Vec::new();
    let most = MAX_DOCUMENT + 1;
    let read = if file == Path::new("-") {
        std::io::stdin().take(most).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    read.map_err(|error| failed(&error))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_DOCUMENT) {
        return Err(failed(&format_args!("it has more than {MAX_DOCUMENT} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| failed(&"it is not UTF-8"))
}
