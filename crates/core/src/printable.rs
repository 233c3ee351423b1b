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

/// The bytes of a text of a peer that are printed.
pub const SHOWN: usize = 16 * 1024;

/// Prints the first [`SHOWN`] bytes of a text of any length, and how many more there are. `Display`
/// escapes as [`Printable`] does, `Debug` as that of `str`.
#[derive(Clone, Copy)]
pub struct Shown<'a>(pub &'a str);

impl<'a> Shown<'a> {
    /// The part that is printed, which ends with a whole character, and the bytes behind it.
    fn split(self) -> (&'a str, usize) {
        let mut end = self.0.len().min(SHOWN);
        while !self.0.is_char_boundary(end) {
            end -= 1;
        }
        (self.0.get(..end).unwrap_or_default(), self.0.len() - end)
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shown, more) = self.split();
        Printable(shown).fmt(f)?;
        rest(f, more)
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shown, more) = self.split();
        fmt::Debug::fmt(shown, f)?;
        rest(f, more)
    }
}

fn rest(f: &mut fmt::Formatter<'_>, more: usize) -> fmt::Result {
    if more > 0 { write!(f, "… ({more} bytes more)") } else { Ok(()) }
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

    #[test]
    fn a_long_text_is_cut_behind_a_whole_character() {
        let most = "x".repeat(SHOWN);
        assert_eq!(Shown(&most).to_string(), most);
        assert_eq!(format!("{:?}", Shown(&most)), format!("{most:?}"));
        let longer = format!("{most}y");
        assert_eq!(Shown(&longer).to_string(), format!("{most}… (1 bytes more)"));
        assert_eq!(format!("{:?}", Shown(&longer)), format!("{most:?}… (1 bytes more)"));
        let cut = format!("{}好!", "x".repeat(SHOWN - 1));
        assert!(Shown(&cut).to_string().ends_with("x… (4 bytes more)"));
        assert_eq!(Shown("a\n\u{202e}").to_string(), "a\\n\\u{202e}");
    }
}
