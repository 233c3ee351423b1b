//! Text of a peer, a registry or a file on its way to people.

use std::fmt::{self, Write as _};

/// Prints `text` with its control characters escaped, as `\n` or `\u{1b}`: it begins no line of its
/// own in a log, and changes neither the colours of a terminal nor the order of what is read there.
#[derive(Clone, Copy, Debug)]
pub struct Printable<T>(pub T);

impl<T: fmt::Display> fmt::Display for Printable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

/// A writer that escapes what passes.
struct Escaping<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, mut text: &str) -> fmt::Result {
        while let Some((at, c)) = text.char_indices().find(|(_, c)| is_control(*c)) {
            let (before, rest) = text.split_at(at);
            self.0.write_str(before)?;
            write!(self.0, "{}", c.escape_default())?;
            text = rest.get(c.len_utf8()..).unwrap_or_default();
        }
        self.0.write_str(text)
    }

    fn write_char(&mut self, c: char) -> fmt::Result {
        if is_control(c) { write!(self.0, "{}", c.escape_default()) } else { self.0.write_char(c) }
    }
}

/// Returns `true` for what is not printed as itself: controls, separators of lines and paragraphs, and
/// marks that change the direction of text (Unicode, UAX #9).
fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_nothing_else() {
        for (text, printed) in [
            ("no such user: Zoë 好 \"x\" \\", "no such user: Zoë 好 \"x\" \\"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\u{1b}[31mred\u{7f}\u{9b}", "\\u{1b}[31mred\\u{7f}\\u{9b}"),
            ("\u{202e}gnp.exe\u{2066}\u{2028}", "\\u{202e}gnp.exe\\u{2066}\\u{2028}"),
            ("", ""),
        ] {
            assert_eq!(Printable(text).to_string(), printed);
        }
        assert_eq!(Printable('\n').to_string(), "\\n");
    }
}
