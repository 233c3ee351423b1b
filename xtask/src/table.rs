//! Prints figures in columns.

/// A table with a title, a header and rows; the first column is text.
pub(crate) fn print(title: &str, header: &[&str], rows: &[Vec<String>]) {
    println!("\n{title}");
    for line in lines(header, rows) {
        println!("  {line}");
    }
}

fn lines(header: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let header: Vec<String> = header.iter().map(|&name| name.to_owned()).collect();
    let all: Vec<&Vec<String>> = std::iter::once(&header).chain(rows).collect();
    let width = |column: usize| {
        all.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    all.iter()
        .map(|row| {
            let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
                if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            });
            cells.collect::<Vec<_>>().join("  ")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn columns_line_up() {
        let rows =
            [vec!["dubhe".to_owned(), "1.0".to_owned()], vec!["go".to_owned(), "70.25".to_owned()]];
        assert_eq!(lines(&["", "µs"], &rows), ["          µs", "dubhe    1.0", "go     70.25"]);
    }
}
