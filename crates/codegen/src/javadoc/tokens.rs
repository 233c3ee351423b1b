//! The words of a Java source: comments, texts and numbers are passed over.

/// A word of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A documentation comment.
    Doc(Comment<'a>),
    /// An identifier or keyword, or a number.
    Word(&'a str),
    /// Any other character.
    Mark(char),
}

/// A documentation comment without its first and last marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Comment<'a> {
    pub(super) text: &'a str,
    /// `true` if its lines begin with `///` (JEP 467): it is Markdown.
    pub(super) is_markdown: bool,
}

/// The words of a source, one after another.
pub(super) struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Self { rest: source }
    }

    fn skip(&mut self, len: usize) -> &'a str {
        let len = len.min(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(len).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// Skips up to `end` and past it; returns what is before it.
    fn until(&mut self, end: &str) -> &'a str {
        let at = self.rest.find(end).unwrap_or(self.rest.len());
        let text = self.skip(at);
        self.skip(end.len());
        text
    }

    /// Skips past the quote that ends a text which has begun.
    fn text(&mut self, quote: char) {
        let mut escaped = false;
        for (at, c) in self.rest.char_indices() {
            match c {
                // A text ends with its line: a quote that is missing must not swallow the file.
                '\n' => {
                    self.skip(at);
                    return;
                }
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if c == quote => {
                    self.skip(at + c.len_utf8());
                    return;
                }
                _ => {}
            }
        }
        self.rest = "";
    }

    /// The lines that begin with `///`.
    fn markdown(&mut self) -> Comment<'a> {
        let whole = self.rest;
        loop {
            let line = self.rest.find('\n').map_or(self.rest.len(), |at| at + 1);
            self.skip(line);
            let next = self.rest.trim_start();
            if self.rest.is_empty() || !next.starts_with("///") {
                break;
            }
            self.rest = next;
        }
        let len = whole.len() - self.rest.len();
        Comment { text: whole.get(..len).unwrap_or_default(), is_markdown: true }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            self.rest = self.rest.trim_start();
            let first = self.rest.chars().next()?;
            if self.rest.starts_with("///") {
                return Some(Token::Doc(self.markdown()));
            }
            if self.rest.starts_with("//") {
                self.until("\n");
                continue;
            }
            if self.rest.starts_with("/**") && !self.rest.starts_with("/**/") {
                self.skip(3);
                let text = self.until("*/");
                return Some(Token::Doc(Comment { text, is_markdown: false }));
            }
            if self.rest.starts_with("/*") {
                self.skip(2);
                self.until("*/");
                continue;
            }
            if self.rest.starts_with("\"\"\"") {
                self.skip(3);
                self.until("\"\"\"");
                return Some(Token::Word("\"\""));
            }
            if first == '"' || first == '\'' {
                self.skip(1);
                self.text(first);
                return Some(Token::Word("\"\""));
            }
            let word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
            if word(first) {
                let len = self.rest.find(|c| !word(c)).unwrap_or(self.rest.len());
                return Some(Token::Word(self.skip(len)));
            }
            self.skip(first.len_utf8());
            return Some(Token::Mark(first));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_texts_are_passed_over() {
        let source =
            "/* { */ int a = \"}\\\"{\" + '{' + \"\"\"\n } \" \"\"\"; // {\n/**/ /** doc */ b";
        let found: Vec<Token<'_>> = Tokens::new(source).collect();
        let text = Token::Word("\"\"");
        let (plus, doc) = (Token::Mark('+'), Comment { text: " doc ", is_markdown: false });
        let expected = [
            Token::Word("int"),
            Token::Word("a"),
            Token::Mark('='),
            text,
            plus,
            text,
            plus,
            text,
            Token::Mark(';'),
            Token::Doc(doc),
            Token::Word("b"),
        ];
        assert_eq!(found, expected);
    }
}
