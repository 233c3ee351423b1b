//! Comments of `.proto` files as documentation.

/// A line of plain text in Markdown: rustdoc takes brackets for links, and `<` for the start of
/// HTML.
pub(crate) fn escape(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for character in line.chars() {
        if matches!(character, '<' | '[' | ']') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn brackets_stay_text() {
        assert_eq!(
            escape(" Replies \"Hello, <name>\", [a] > b."),
            r#" Replies "Hello, \<name>", \[a\] > b."#
        );
        assert_eq!(escape(" as it is"), " as it is");
    }
}
