//! The lists of tests that are known to fail: `known-failing.txt`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::Result;

/// The names of a list: one a line, as the run prints it; a `#` begins a comment.
#[derive(Debug)]
pub(crate) struct KnownFailures(BTreeSet<String>);

impl KnownFailures {
    /// Reads a list.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(Self::parse(&text))
    }

    /// Parses a list; the words of a name may have any space between them.
    pub(crate) fn parse(text: &str) -> Self {
        let names = text.lines().map(|line| {
            let name = line.split('#').next().unwrap_or_default();
            name.split_whitespace().collect::<Vec<_>>().join(" ")
        });
        Self(names.filter(|name| !name.is_empty()).collect())
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::KnownFailures;

    #[test]
    fn names_are_lines_without_comments() {
        let known = KnownFailures::parse("# why\nRequired.A\n\n  rust->old   make/list # b\n");
        assert_eq!(known.names().collect::<Vec<_>>(), ["Required.A", "rust->old make/list"]);
        assert!(known.contains("rust->old make/list") && !known.contains("why"));
    }
}
