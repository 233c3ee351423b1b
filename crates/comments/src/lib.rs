//! Comments of others as documentation of Rust.
//!
//! What a Java source, an OpenAPI document or a `.proto` file says becomes documentation of generated code, and
//! rustdoc runs each block of code in documentation that does not say what it is. [`lines`] leaves no such block,
//! wherever it is: between fences or indented, in lists and quotes.
//!
//! ```
//! let comment = "Finds it:\n\n- ```\n  find(7);\n  ```\n\n    find(8);";
//! assert_eq!(
//!     dubhe_comments::lines(comment),
//!     ["Finds it:", "", "```text", "find(7);", "```", "", "   find(8);"]
//! );
//! ```

mod start;

use start::{Fence, Start};

/// Returns the text without what a comment of Rust cannot hold: control characters, and those that turn the direction
/// of a line. Each is a space.
///
/// ```
/// assert_eq!(dubhe_comments::clean("a\nb\u{202e}c"), "a b c");
/// ```
pub fn clean(text: &str) -> String {
    let bad = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|c| if bad(c) { ' ' } else { c }).collect()
}

/// Returns the lines of documentation that a Markdown text becomes, of which rustdoc runs no part.
///
/// Blocks between fences are of the language `text`. Indented ones become paragraphs, and HTML, footnotes and definitions
/// of links at the beginning of a line plain text: where they end is hard to tell, and a fence within them would be none.
/// Each block ends with the text.
///
/// Lines that are put before or behind these do not matter, unless they begin a block of code themselves; each line may
/// have the same number of spaces, or `> `, in front.
pub fn lines(text: &str) -> Vec<String> {
    written(text, false)
}

/// Returns the lines of documentation that a text becomes in which brackets are no links and `<` begins no HTML. Besides, it
/// is as [`lines`].
///
/// ```
/// assert_eq!(dubhe_comments::plain_lines("a[0] is a <name>:\n```\na[0]"), [
///     r"a\[0\] is a \<name>:",
///     "```text",
///     "a[0]",
///     "```",
/// ]);
/// ```
pub fn plain_lines(text: &str) -> Vec<String> {
    written(text, true)
}

/// Returns a line in which brackets are no links and `<` begins no HTML.
///
/// ```
/// assert_eq!(dubhe_comments::escaped("<name>, [a] > b"), r"\<name>, \[a\] > b");
/// ```
pub fn escaped(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        if matches!(c, '<' | '[' | ']') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The lines, of which those outside of blocks are Markdown or plain text.
fn written(text: &str, is_plain: bool) -> Vec<String> {
    let all: Vec<String> =
        text.lines().map(|line| clean(&line.replace('\t', "    ")).trim_end().to_owned()).collect();
    let mut out = Vec::with_capacity(all.len());
    let mut rest = all.as_slice();
    while let Some((line, behind)) = rest.split_first() {
        rest = behind;
        let start = Start::of(line);
        match Fence::of(&start) {
            Some(fence) => rest = fence.write(rest, &mut out),
            None if is_plain => out.push(escaped(&start.unmarked())),
            None => out.push(start.plain()),
        }
    }
    while out.last().is_some_and(String::is_empty) {
        out.pop();
    }
    out
}
