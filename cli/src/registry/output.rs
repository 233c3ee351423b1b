//! Lists on stdout.

use std::io::Write;

use comfy_table::{ContentArrangement, Table, TableStyle};
use dubhe_core::printable::Printable;
use serde::Serialize;

use super::options::Format;
use crate::failure::Failure;

/// Prints rows of one kind, with their columns for a table.
pub(super) fn rows<T: Serialize>(
    rows: &[T],
    heads: &[&str],
    cells: impl Fn(&T) -> Vec<String>,
    format: Format,
    out: &mut impl Write,
) -> Result<(), Failure> {
    match format {
        Format::Table => table(heads, rows.iter().map(cells), out),
        Format::Json | Format::Yaml => document(&rows, format, out),
    }
}

/// Prints a value as one document.
pub(super) fn document<T: Serialize>(
    value: &T,
    format: Format,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let failed = |error: String| Failure::Failed(format!("error: cannot print: {error}"));
    let text = match format {
        Format::Yaml => {
            serde_saphyr::to_string(value).map_err(|error| failed(error.to_string()))?
        }
        _ => serde_json::to_string_pretty(value).map_err(|error| failed(error.to_string()))?,
    };
    Ok(writeln!(out, "{}", text.trim_end())?)
}

/// Prints a table; columns in which no row has anything are left out.
pub(super) fn table(
    heads: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let rows: Vec<Vec<String>> = rows.collect();
    let kept: Vec<bool> = (0..heads.len())
        .map(|at| {
            rows.is_empty()
                || rows.iter().any(|row| row.get(at).is_some_and(|cell| !cell.is_empty()))
        })
        .collect();
    fn pick<'a, T>(cells: &'a [T], kept: &'a [bool]) -> impl Iterator<Item = &'a T> {
        cells.iter().zip(kept).filter(|(_, kept)| **kept).map(|(cell, _)| cell)
    }
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(pick(heads, &kept));
    for row in &rows {
        // Whoever registered wrote it.
        table.add_row(pick(row, &kept).map(|cell| Printable(cell).to_string()));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    for line in table.to_string().lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_the_columns_that_say_something() {
        let rows = [
            vec!["a".to_owned(), String::new(), "1".to_owned()],
            vec!["bb".into(), String::new(), "\u{1b}[1m".into()],
        ];
        let mut out = Vec::new();
        table(&["NAME", "ZONE", "COUNT"], rows.into_iter(), &mut out).ok().unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "NAME  COUNT\na     1\nbb    \\u{1b}[1m\n");
    }
}
