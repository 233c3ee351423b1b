//! The format of `java.util.Properties`, as `Properties.load(Reader)` reads it.

use std::iter::Peekable;
use std::str::CharIndices;

use crate::error::{ConfigError, ConfigErrorKind, Position, Result};
use crate::limits::MAX_PROPERTIES;

/// A key with its value, and where the key begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Property {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) at: Position,
}

/// Reads all properties in the order of the text; keys may repeat.
pub(crate) fn parse(text: &str) -> Result<Vec<Property>> {
    let mut reader = Reader { chars: text.char_indices().peekable(), at: Position::START };
    let mut all = Vec::new();
    while reader.line_of_text() {
        let at = reader.at;
        if all.len() >= MAX_PROPERTIES {
            let what = format!("there are more than {MAX_PROPERTIES} properties");
            return Err(ConfigError::limit(at, what));
        }
        let key = reader.take(true)?;
        reader.separator();
        let value = reader.take(false)?;
        all.push(Property { key, value, at });
    }
    Ok(all)
}

struct Reader<'a> {
    chars: Peekable<CharIndices<'a>>,
    at: Position,
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{c}')
}

fn is_end(c: char) -> bool {
    matches!(c, '\n' | '\r')
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<char> {
        self.chars.peek().map(|(_, c)| *c)
    }

    fn bump(&mut self) -> Option<char> {
        let (_, c) = self.chars.next()?;
        // `\r\n` is one end of a line.
        if c == '\n' || (c == '\r' && self.peek() != Some('\n')) {
            self.at = Position { line: self.at.line.saturating_add(1), column: 1 };
        } else {
            self.at = self.at.right(1);
        }
        Some(c)
    }

    fn skip(&mut self, which: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&which) {
            self.bump();
        }
    }

    /// Goes to the next line that is neither blank nor a comment; `false` at the end.
    fn line_of_text(&mut self) -> bool {
        loop {
            self.skip(|c| is_blank(c) || is_end(c));
            match self.peek() {
                None => return false,
                Some('#' | '!') => self.skip(|c| !is_end(c)),
                Some(_) => return true,
            }
        }
    }

    /// Blanks, at most one `=` or `:`, and blanks again.
    fn separator(&mut self) {
        self.blanks();
        if matches!(self.peek(), Some('=' | ':')) {
            self.bump();
            self.blanks();
        }
    }

    /// Blanks, and ends of lines behind a backslash with the blanks after them.
    fn blanks(&mut self) {
        loop {
            self.skip(is_blank);
            let mut ahead = self.chars.clone();
            let backslash = ahead.next().map(|(_, c)| c);
            let end = ahead.next().map(|(_, c)| c);
            if backslash != Some('\\') || !end.is_some_and(is_end) {
                return;
            }
            self.bump();
            self.end_of_line();
        }
    }

    fn end_of_line(&mut self) {
        if self.bump() == Some('\r') && self.peek() == Some('\n') {
            self.bump();
        }
        self.skip(is_blank);
    }

    /// A key, up to its separator, or a value, up to the end of its line.
    fn take(&mut self, key: bool) -> Result<String> {
        let mut text = String::new();
        while let Some(c) = self.peek() {
            if is_end(c) || (key && (is_blank(c) || matches!(c, '=' | ':'))) {
                break;
            }
            let at = self.at;
            self.bump();
            if c != '\\' {
                text.push(c);
                continue;
            }
            match self.peek() {
                // The last backslash of the text stands for nothing.
                None => break,
                Some(c) if is_end(c) => self.end_of_line(),
                Some('u') => {
                    self.bump();
                    self.unicode(at, &mut text)?;
                }
                Some(c) => {
                    self.bump();
                    text.push(match c {
                        't' => '\t',
                        'n' => '\n',
                        'r' => '\r',
                        'f' => '\u{c}',
                        other => other,
                    });
                }
            }
        }
        Ok(text)
    }

    /// The four digits of `\uxxxx`, and of the second half of a pair of surrogates.
    fn unicode(&mut self, at: Position, text: &mut String) -> Result<()> {
        let first = self.unit(at)?;
        if let Some(c) = char::from_u32(first) {
            text.push(c);
            return Ok(());
        }
        let mut ahead = self.chars.clone();
        let follows = (ahead.next().map(|(_, c)| c), ahead.next().map(|(_, c)| c));
        if follows == (Some('\\'), Some('u')) {
            self.bump();
            self.bump();
            let second = self.unit(at)?;
            if (0xd800..0xdc00).contains(&first) && (0xdc00..0xe000).contains(&second) {
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                text.extend(char::from_u32(code));
                return Ok(());
            }
        }
        let what = "a surrogate without its other half, which is no character";
        Err(ConfigError::new(ConfigErrorKind::Syntax, at, what))
    }

    fn unit(&mut self, at: Position) -> Result<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(16)) else {
                let what = "\\u needs four hexadecimal digits";
                let error = ConfigError::new(ConfigErrorKind::Syntax, at, what);
                return Err(error.hint("write \\\\u for a backslash and a u"));
            };
            self.bump();
            unit = unit * 16 + digit;
        }
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text, and the key, the value and the line of each property.
    type Case = (&'static str, &'static [(&'static str, &'static str, u32)]);

    #[track_caller]
    fn read(text: &str) -> Vec<(String, String, u32)> {
        let all = parse(text).unwrap();
        all.into_iter().map(|p| (p.key, p.value, p.at.line)).collect()
    }

    /// The cases are as `Properties.load` of JDK 17 read them.
    #[test]
    fn properties_are_read_as_java_reads_them() {
        let cases: &[Case] = &[
            (
                "a=1\nb:2\r\nc 3\rd\t4",
                &[("a", "1", 1), ("b", "2", 2), ("c", "3", 3), ("d", "4", 4)],
            ),
            ("# x\n! y\n\n  a = 1 ", &[("a", "1 ", 4)]),
            ("a\\\n  b = c\\\r\n   d", &[("ab", "cd", 1)]),
            ("a\\ b\\:c\\=d = e=f:g", &[("a b:c=d", "e=f:g", 1)]),
            ("a", &[("a", "", 1)]),
            ("=v", &[("", "v", 1)]),
            ("a \\\n  = b", &[("a", "b", 1)]),
            ("a = \\\n  b", &[("a", "b", 1)]),
            ("a==b", &[("a", "=b", 1)]),
            ("a : = b", &[("a", "= b", 1)]),
            ("k=\\t\\n\\r\\f\\q\\\\", &[("k", "\t\n\r\u{c}q\\", 1)]),
            ("k=\\u00e9\\uD83D\\uDE00", &[("k", "é😀", 1)]),
            ("a=1\\", &[("a", "1", 1)]),
            ("a=1\\\n# no comment\nb=2", &[("a", "1# no comment", 1), ("b", "2", 3)]),
            ("", &[]),
            ("\n \n# only", &[]),
            ("a\\\n\nb=1", &[("a", "", 1), ("b", "1", 3)]),
            ("a=x\\\n  \\\n  y", &[("a", "xy", 1)]),
            ("a=\u{c}\u{c}1", &[("a", "1", 1)]),
            ("a=1\u{b}x", &[("a", "1\u{b}x", 1)]),
            (" \\\n a=b", &[("a", "b", 1)]),
            ("a=x\\ \ny", &[("a", "x ", 1), ("y", "", 2)]),
            ("a\\\n=b", &[("a", "b", 1)]),
            ("a =\\\n: b", &[("a", ": b", 1)]),
            ("!\\\na=1", &[("a", "1", 2)]),
            ("a=1\\\\\nb=2", &[("a", "1\\", 1), ("b", "2", 2)]),
            ("a:\\\n=b", &[("a", "=b", 1)]),
        ];
        for (text, expected) in cases {
            let expected: Vec<_> =
                expected.iter().map(|(k, v, l)| ((*k).into(), (*v).into(), *l)).collect();
            assert_eq!(read(text), expected, "{text:?}");
        }
    }

    #[test]
    fn bad_escapes_are_refused_at_their_place() {
        for (text, line, column) in [("a=1\nb=x\\u12g4", 2, 4), ("a=\\uD83D", 1, 3), ("\\u", 1, 1)]
        {
            let error = parse(text).unwrap_err();
            assert_eq!((error.position().line, error.position().column), (line, column), "{text}");
        }
    }
}
