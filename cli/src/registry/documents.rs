//! `dubhe registry get`, `put` and `rm`.

use std::fmt::{Display, Write as _};
use std::io::{Read as _, Write};
use std::path::Path;

use dubhe::config::{ConfigError, ConfigErrorKind, Keys, RuleKind, Summary, validate};
use dubhe::documents::DocumentKey;
use dubhe_core::printable::Printable;

use super::{Asked, keys};
use crate::failure::{Failure, remark};

/// The bytes of the largest document that is written: what Dubhe reads.
const MAX_DOCUMENT: usize = 256 * 1024;

/// Prints the document at `key`.
pub(super) async fn get(of: Asked<'_>, key: &str, out: &mut impl Write) -> Result<(), Failure> {
    let store = of.documents()?;
    let found = of.answer(&format!("what is at {key}"), store.get(&keys::parse(key))).await?;
    let Some(document) = found else { return Err(nothing_at(key, store.name())) };
    let end = if document.text.ends_with('\n') { "" } else { "\n" };
    Ok(write!(out, "{}{end}", document.text)?)
}

/// A document that may be written.
pub(super) struct Checked {
    key: DocumentKey,
    text: String,
    /// The rule that it is, unless it cannot be understood.
    summary: Option<Summary>,
    /// `true` if nobody reads what is at the key.
    ignored: bool,
}

/// Reads `file`, and whether it can be written to `key`: not what cannot be understood, nor what has no effect
/// or another one than it seems. With `force` it always can.
pub(super) fn check(key: &str, file: &Path, force: bool) -> Result<Checked, Failure> {
    let key = keys::parse(key);
    let text = read(file)?;
    let nobodys = nobodys(&key);
    let ignored = nobodys.is_some();
    let (summary, wrong) = match validate(&key, &text) {
        Ok(summary) => {
            let warnings = summary.warnings.iter().map(ToString::to_string);
            let wrong: Vec<String> = warnings.chain(nobodys).collect();
            (Some(summary), wrong)
        }
        Err(error) => (None, vec![refusal(&error, file, &text)]),
    };
    if wrong.is_empty() || force {
        for wrong in &wrong {
            remark(&format!("warning: {wrong}"));
        }
        return Ok(Checked { key, text, summary, ignored });
    }
    Err(Failure::Failed(format!(
        "error: {}\nhint: nothing was written; --force writes it all the same",
        wrong.join("\nerror: ")
    )))
}

/// Writes a document.
pub(super) async fn put(
    to: Asked<'_>,
    checked: Checked,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let Checked { key, text, summary, ignored } = checked;
    let store = to.documents()?;
    let name = keys::print(&key);
    if summary.is_some() {
        let effect = effect(&key).filter(|_| !ignored);
        for warning in [addressee(&key), effect].into_iter().flatten() {
            remark(&format!("warning: {warning}"));
        }
    }
    to.answer(&format!("the writing of {name}"), store.put(&key, text.into())).await?;
    let does = summary.map(|summary| format!(": {summary}")).unwrap_or_default();
    Ok(writeln!(out, "wrote {} to {}{}", Printable(name), store.name(), Printable(does))?)
}

/// Removes the document at `key`.
pub(super) async fn remove(of: Asked<'_>, key: &str, out: &mut impl Write) -> Result<(), Failure> {
    let (store, parsed) = (of.documents()?, keys::parse(key));
    let found = of.answer(&format!("what is at {key}"), store.get(&parsed)).await?;
    if found.is_none() {
        return Err(nothing_at(key, store.name()));
    }
    of.answer(&format!("the removal of {key}"), store.remove(&parsed)).await?;
    Ok(writeln!(out, "removed {} from {}", Printable(key), store.name())?)
}

fn nothing_at(key: &str, store: &str) -> Failure {
    let begins = ["mapping", "metadata", "definition"];
    let is_meant = |kind| key.strip_prefix(kind).is_some_and(|rest| rest.starts_with([':', '/']));
    let is_rule = matches!(keys::parse(key), DocumentKey::Config { .. });
    let kind = if is_rule && !begins.into_iter().any(is_meant) { "rules" } else { "metadata" };
    Failure::Failed(format!(
        "error: {store} has nothing at {key}\nhint: dubhe registry ls URL {kind} lists what there is"
    ))
}

/// The reason why nobody reads what is at a key.
fn nobodys(key: &DocumentKey) -> Option<String> {
    let DocumentKey::Config { group, .. } = key else { return None };
    let (kind, of) = RuleKind::of(key)?;
    if kind == RuleKind::StartUp {
        let read = Keys::start_up(group);
        let [all, own] = Keys::start_up("APPLICATION");
        return (!read.contains(key)).then(|| {
            format!(
                "no application reads {key}: the start-up configuration is {all} of all, and {own}"
            )
        });
    }
    let followed = kind.key(of);
    (*key != followed).then(|| format!("nobody follows {key}: such a rule is at {followed}"))
}

/// A remark on a rule that has no effect on all applications of Dubhe.
fn effect(key: &DocumentKey) -> Option<String> {
    let (kind, _) = RuleKind::of(key)?;
    (kind == RuleKind::Script).then(|| {
        "applications of Dubhe run scripts with the feature `script` alone; in others all providers pass".to_owned()
    })
}

/// A remark on a rule of a service whose key is that of an application.
fn addressee(key: &DocumentKey) -> Option<String> {
    let (kind, of) = RuleKind::of(key)?;
    let both = matches!(kind, RuleKind::Condition | RuleKind::Affinity | RuleKind::Configurator);
    (both && of.contains('.') && !of.contains(':')).then(|| {
        let suffix = kind.suffix();
        format!(
            "this is the rule of an application {of}; that of a service has the key {of}::{suffix}"
        )
    })
}

/// The reason why a text is refused, with the place under it.
fn refusal(error: &ConfigError, file: &Path, text: &str) -> String {
    /// The characters of a line that are shown on each side of the place.
    const SIDE: usize = 60;
    let file = if file == Path::new("-") { "stdin".into() } else { file.display().to_string() };
    if error.kind() == ConfigErrorKind::Key {
        // Whatever the text says.
        let hint = error.to_do().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        return format!("{}{hint}", error.message());
    }
    let at = error.position();
    let mut told = format!("{file}: {at}: {}", error.message());
    if let Some(line) = error.source_line(text).filter(|line| !line.trim().is_empty()) {
        let column = usize::try_from(at.column).unwrap_or(usize::MAX).saturating_sub(1);
        let from = column.saturating_sub(SIDE);
        let shown: String = line.chars().skip(from).take(2 * SIDE).collect();
        // As wide as what stands above it; a tab is shown as four spaces.
        let before = shown.chars().take(column - from);
        let before: String = before.map(|c| if c == '\t' { "    " } else { " " }).collect();
        // Writing to a text never fails.
        let _ = write!(told, "\n  {shown}\n  {before}^");
    }
    if let Some(hint) = error.to_do() {
        let _ = write!(told, "\nhint: {hint}");
    }
    told
}

fn read(file: &Path) -> Result<String, Failure> {
    let failed = |why: &dyn Display| {
        Failure::Failed(format!("error: cannot read {}: {why}", file.display()))
    };
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_DOCUMENT).unwrap_or(u64::MAX).saturating_add(1);
    let read = if file == Path::new("-") {
        std::io::stdin().take(most).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    read.map_err(|error| failed(&error))?;
    if bytes.len() > MAX_DOCUMENT {
        return Err(failed(&format_args!(
            "it has more than {MAX_DOCUMENT} bytes, the most that is read"
        )));
    }
    String::from_utf8(bytes).map_err(|_| failed(&"it is not UTF-8"))
}
