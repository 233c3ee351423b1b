//! The fields of a map, by name.

use bytestring::ByteString;

use super::node::{Kind, Node};
use crate::error::{ConfigError, Position, Result, Warnings};
use crate::limits::MAX_ITEMS;

/// A map whose fields are known; there is a warning for each other one.
pub(crate) struct Fields<'a> {
    at: Position,
    entries: Vec<(&'a str, &'a Node)>,
}

impl<'a> Fields<'a> {
    /// The fields of `node`, which is `what` to people.
    pub(crate) fn new(
        node: &'a Node,
        what: &str,
        known: &[&str],
        warnings: &mut Warnings,
    ) -> Result<Self> {
        let Kind::Mapping(entries) = &node.kind else {
            return Err(node.not(what, "a map of fields"));
        };
        let mut fields = Vec::new();
        for (key, value) in entries {
            let name = match key.as_str() {
                Some(name) if known.contains(&name) => name,
                _ => {
                    warnings.add(key.at, || unknown(key, what, known));
                    continue;
                }
            };
            fields.push((name, value));
        }
        Ok(Self { at: node.at, entries: fields })
    }

    /// The place of the map.
    pub(crate) fn at(&self) -> Position {
        self.at
    }

    /// The value of a field that is there and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Node> {
        let (_, value) = self.entries.iter().find(|(field, _)| *field == name)?;
        (!value.is_null()).then_some(*value)
    }

    /// Returns `true` if a field is there without a value.
    pub(crate) fn is_empty(&self, name: &str) -> bool {
        self.entries.iter().any(|(field, value)| *field == name && value.is_null())
    }

    /// A field that Java casts to a string.
    pub(crate) fn string(&self, name: &str) -> Result<Option<ByteString>> {
        self.get(name).map(|value| value.string(name)).transpose()
    }

    /// A scalar of any type as text.
    pub(crate) fn text(&self, name: &str) -> Result<Option<ByteString>> {
        self.get(name).map(|value| value.text(name)).transpose()
    }

    /// A field that Java reads with `Boolean.parseBoolean`: everything but `true` is false.
    pub(crate) fn bool(&self, name: &str, warnings: &mut Warnings) -> Result<Option<bool>> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let text = value.text(name)?;
        let is = text.eq_ignore_ascii_case("true");
        if !is && !text.eq_ignore_ascii_case("false") {
            warnings.add(value.at, || format!("{name} is {text}, which is taken for false"));
        }
        Ok(Some(is))
    }

    /// A number, which may be written in quotes.
    pub(crate) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let text = value.text(name)?;
        let plain = text.strip_prefix('+').unwrap_or(&text);
        match plain.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => {
                let what = format!("{name} is {text}, not a number that fits");
                Err(ConfigError::value(value.at, what))
            }
        }
    }

    /// The items of a list; `None` when the field is absent or no list, of which there is a warning.
    pub(crate) fn list(&self, name: &str, warnings: &mut Warnings) -> Result<Option<&'a [Node]>> {
        let Some(value) = self.get(name) else { return Ok(None) };
        match value.as_sequence() {
            Some(items) => limited(items, value.at, name).map(Some),
            None => {
                warnings.add(value.at, || {
                    format!("{name} is {}, not a list; it is passed over", value.what())
                });
                Ok(None)
            }
        }
    }

    /// The items of a list of scalars.
    pub(crate) fn texts(
        &self,
        name: &str,
        warnings: &mut Warnings,
    ) -> Result<Option<Vec<ByteString>>> {
        let Some(items) = self.list(name, warnings)? else { return Ok(None) };
        items.iter().map(|item| item.text(name)).collect::<Result<_>>().map(Some)
    }
}

/// The items of a list, if there are not too many.
pub(crate) fn limited<'a, T>(items: &'a [T], at: Position, name: &str) -> Result<&'a [T]> {
    if items.len() > MAX_ITEMS {
        let what = format!("{name} has {} items; at most {MAX_ITEMS} are read", items.len());
        return Err(ConfigError::limit(at, what));
    }
    Ok(items)
}

fn unknown(key: &Node, what: &str, known: &[&str]) -> String {
    let name = key.java_text().unwrap_or_default();
    // Long keys are no misspelling, and cost time to compare.
    let short: String = name.chars().take(64).collect();
    let nearest = known
        .iter()
        .map(|field| {
            (strsim::damerau_levenshtein(&short.to_lowercase(), &field.to_lowercase()), field)
        })
        .min()
        .filter(|(distance, field)| *distance <= 1.max(field.len() / 3));
    match nearest {
        Some((_, field)) => format!("{what} has no field {short}; did you mean {field}?"),
        None => format!("{what} has no field {short}; it is passed over"),
    }
}
