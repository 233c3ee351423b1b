//! The differences that the page of rules lists.

/// The heading of the list.
const HEADING: &str = "## Where Dubhe differs from Dubbo Java";

/// Ids of cases, or what they begin with, and the reason of each.
#[derive(Debug, Default)]
pub(crate) struct Known(Vec<(String, String)>);

impl Known {
    /// Reads the table below the heading: rows of ids in code, separated by commas, and the reason.
    /// An id that ends in `*` stands for all that begin so.
    pub(crate) fn parse(page: &str) -> Self {
        let below = page.split_once(HEADING).map_or("", |(_, below)| below);
        let section = below.split("\n## ").next().unwrap_or_default();
        let rows = section.lines().filter_map(|line| {
            let (ids, reason) = line.strip_prefix("| `")?.split_once('|')?;
            Some((ids.trim(), reason.trim_matches(['|', ' '])))
        });
        let each = rows.flat_map(|(ids, reason)| {
            ids.split(',')
                .map(move |id| (id.trim().trim_matches('`').to_owned(), reason.to_owned()))
        });
        Self(each.collect())
    }

    /// The reason why the case of this id may differ.
    pub(crate) fn reason(&self, id: &str) -> Option<&str> {
        let is_of = |listed: &str| match listed.strip_suffix('*') {
            Some(beginning) => id.starts_with(beginning),
            None => id == listed,
        };
        let found = self.0.iter().find(|(listed, _)| is_of(listed));
        found.map(|(_, reason)| &**reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_below_the_heading_lists_ids_and_beginnings() {
        let page = format!(
            "| `tag/x` | not here |\n{HEADING} 3.3.6\n\n| cases | here |\n| --- | --- |\n\
             | `tag/a`, `mesh/b-*` | why |\n\n## Next\n\n| `tag/c` | not here |\n"
        );
        let known = Known::parse(&page);
        let reasons = ["tag/a", "tag/ab", "mesh/b-1", "mesh/b", "tag/c", "tag/x"];
        let reasons = reasons.map(|id| known.reason(id).is_some());
        assert_eq!(reasons, [true, false, true, false, false, false]);
        assert_eq!(known.reason("mesh/b-1"), Some("why"));
    }
}
