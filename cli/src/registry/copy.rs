//! `dubhe registry copy`.

use std::cell::RefCell;
use std::io::Write;

use dubhe::documents::{Document, DocumentKey, DocumentStore};
use dubhe::{ByteString, Code, Status};
use dubhe_core::printable::Printable;

use super::{Asked, follow, keys};
use crate::failure::{Failure, remark};

/// Stdout of work that goes on at once.
pub(super) struct Lines<'a, W>(RefCell<&'a mut W>);

impl<W: Write> Lines<'_, W> {
    /// Prints a line, which somebody else may have written.
    pub(super) fn print(&self, line: &str) -> Result<(), Failure> {
        let mut out = self.0.borrow_mut();
        writeln!(out, "{}", Printable(line))?;
        Ok(out.flush()?)
    }
}

/// The outcome of a copy.
#[derive(Default)]
struct Copied {
    written: usize,
    equal: usize,
    passed_over: usize,
}

/// Copies all documents, and with `follow` keeps the providers registered.
pub(super) async fn run(
    from: Asked<'_>,
    to: Asked<'_>,
    dry_run: bool,
    follow: bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let out = Lines(RefCell::new(out));
    let have_documents = from.parts.documents.is_some() && to.parts.documents.is_some();
    if have_documents {
        let Copied { written, equal, passed_over } =
            documents(from, to, |_| true, dry_run, &out).await?;
        let done = if dry_run { "to write" } else { "written" };
        let more =
            if passed_over > 0 { format!(", {passed_over} passed over") } else { String::new() };
        out.print(&format!("{written} {done}, {equal} equal already{more}"))?;
    } else if !follow {
        let what =
            "error: one of the registries has no documents to copy; --follow copies providers";
        return Err(Failure::Failed(what.into()));
    }
    if follow { follow::run(from, to, &out).await } else { Ok(()) }
}

/// Copies the mappings and the metadata that tell of providers, which those that come later need.
pub(super) async fn of_providers(
    from: Asked<'_>,
    to: Asked<'_>,
    out: &Lines<'_, impl Write>,
) -> Result<(), Failure> {
    if from.parts.documents.is_some() && to.parts.documents.is_some() {
        let is_needed = |key: &DocumentKey| {
            matches!(key, DocumentKey::Mapping { .. } | DocumentKey::Metadata { .. })
        };
        documents(from, to, is_needed, false, out).await?;
    }
    Ok(())
}

/// Copies the documents of the keys that `is_wanted`.
async fn documents(
    from: Asked<'_>,
    to: Asked<'_>,
    is_wanted: impl Fn(&DocumentKey) -> bool,
    dry_run: bool,
    out: &Lines<'_, impl Write>,
) -> Result<Copied, Failure> {
    let (source, target) = (from.documents()?, to.documents()?);
    let all = from.answer("which documents there are", source.list()).await?;
    let mut copied = Copied::default();
    // The first document without a place, and why.
    let mut no_place = None;
    for key in all.iter().filter(|key| is_wanted(key)) {
        let name = keys::print(key);
        let question = format!("what is at {name}");
        let Some(document) = from.answer(&question, source.get(key)).await? else { continue };
        let there = async {
            match target.get(key).await {
                // A place for documents of another kind.
                Err(status) if status.code() == Code::Unimplemented => Ok(Err(status)),
                read => read.map(Ok),
            }
        };
        let there = match to.answer(&question, there).await? {
            Ok(there) => there,
            Err(status) => {
                copied.passed_over += 1;
                no_place.get_or_insert((name, status));
                continue;
            }
        };
        if there.as_ref().is_some_and(|there| there.text == merged(key, &document.text, there)) {
            copied.equal += 1;
            continue;
        }
        if !dry_run {
            let question = format!("the writing of {name}");
            to.answer(&question, write(target, key, &document.text, there)).await?;
        }
        copied.written += 1;
        let done = if dry_run { "would write" } else { "wrote" };
        out.print(&format!("{done} {name}"))?;
    }
    if let Some((name, status)) = no_place {
        remark(&not_copied(copied.passed_over, &name, status.message()));
    }
    Ok(copied)
}

/// The one remark on all documents that the target has no place for.
fn not_copied(count: usize, first: &str, why: &str) -> String {
    match count {
        1 => format!("warning: {first} is not copied: {why}"),
        count => format!("warning: {count} documents are not copied, such as {first}: {why}"),
    }
}

/// The text to be at `key` in the place of what is `there`: applications of a mapping are added to it.
fn merged(key: &DocumentKey, text: &ByteString, there: &Document) -> ByteString {
    let DocumentKey::Mapping { .. } = key else { return text.clone() };
    fn names(text: &str) -> impl Iterator<Item = &str> {
        text.split(',').map(str::trim).filter(|name| !name.is_empty())
    }
    let new = names(text).filter(|name| names(&there.text).all(|known| known != *name));
    let mut merged = there.text.to_string();
    for name in new {
        if !merged.is_empty() {
            merged.push(',');
        }
        merged.push_str(name);
    }
    merged.into()
}

async fn write(
    target: &dyn DocumentStore,
    key: &DocumentKey,
    text: &ByteString,
    mut there: Option<Document>,
) -> Result<(), Status> {
    let DocumentKey::Mapping { .. } = key else { return target.put(key, text.clone()).await };
    // Providers add themselves meanwhile.
    loop {
        let merged = there.as_ref().map_or(text.clone(), |there| merged(key, text, there));
        let version = there.map(|there| there.version);
        if target.replace(key, merged, version).await? {
            return Ok(());
        }
        there = target.get(key).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_keeps_the_applications_that_it_has() {
        let merge = |key: &DocumentKey, text: &'static str, there: &str| {
            let there = Document { text: there.into(), ..Document::default() };
            merged(key, &text.into(), &there).to_string()
        };
        let mapping = DocumentKey::Mapping { interface: "a.B".into() };
        assert_eq!(merge(&mapping, "shop, stock", "web,shop"), "web,shop,stock");
        assert_eq!(merge(&mapping, "shop", ""), "shop");
        assert_eq!(merge(&DocumentKey::config("x"), "new", "old"), "new");
    }

    #[test]
    fn documents_without_a_place_are_told_at_once() {
        let told = |count| not_copied(count, "mapping:a.B", "no place");
        assert_eq!(told(1), "warning: mapping:a.B is not copied: no place");
        let many = "warning: 18 documents are not copied, such as mapping:a.B: no place";
        assert_eq!(told(18), many);
    }
}
