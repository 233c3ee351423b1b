//! Text as rustfmt has it: widths, comments, attributes.

pub(super) use dubhe_comments::{clean, lines as doc_lines};

/// The width of a line, rustfmt's default.
const WIDTH: usize = 100;
/// The width of several arguments of an attribute on one line, rustfmt's default.
const ATTRIBUTE_WIDTH: usize = 70;

/// Returns `true` if a line is not too long. A letter beyond ASCII may be as wide as two.
pub(super) fn fits(line: &str) -> bool {
    line.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<usize>() <= WIDTH
}

/// A text as a literal.
pub(super) fn literal(text: &str) -> String {
    format!("\"{}\"", text.escape_debug())
}

/// Text with an indent of its lines.
#[derive(Debug, Default)]
pub(super) struct Text {
    text: String,
}

impl Text {
    pub(super) fn line(&mut self, indent: usize, line: &str) {
        if !line.is_empty() {
            self.text.push_str(&" ".repeat(indent));
            self.text.push_str(line);
        }
        self.text.push('\n');
    }

    /// Documentation in front of an item.
    pub(super) fn doc(&mut self, indent: usize, lines: &[String]) {
        for line in lines {
            let comment = if line.is_empty() { "///".to_owned() } else { format!("/// {line}") };
            self.line(indent, &comment);
        }
    }

    /// A comment, broken between words.
    pub(super) fn comment(&mut self, indent: usize, text: &str) {
        let mut line = String::from("//");
        for word in clean(text).split_whitespace() {
            if line.len() > 2 && !fits(&format!("{}{line} {word}", " ".repeat(indent))) {
                self.line(indent, &line);
                "//".clone_into(&mut line);
            }
            line.push(' ');
            line.push_str(word);
        }
        self.line(indent, &line);
    }

    /// An attribute with arguments, `#[name(a, b)]`.
    pub(super) fn attribute(&mut self, indent: usize, name: &str, arguments: &[String]) {
        let joined = arguments.join(", ");
        let one = format!("{}#[{name}({joined})]", " ".repeat(indent));
        if fits(&one) && (arguments.len() < 2 || joined.len() <= ATTRIBUTE_WIDTH) {
            self.line(0, &one);
            return;
        }
        // rustfmt breaks one literal too, but not one that does not fit then.
        let broken = arguments.iter().all(|of| fits(&format!("{}{of},", " ".repeat(indent + 4))));
        if !broken {
            self.line(indent, "#[rustfmt::skip]");
            self.line(0, &one);
            return;
        }
        self.line(indent, &format!("#[{name}("));
        for (at, argument) in arguments.iter().enumerate() {
            let comma = if at + 1 < arguments.len() { "," } else { "" };
            self.line(indent + 4, &format!("{argument}{comma}"));
        }
        self.line(indent, ")]");
    }

    pub(super) fn append(&mut self, other: &Self) {
        self.text.push_str(&other.text);
    }

    /// Takes back what is behind `length` bytes.
    pub(super) fn truncate(&mut self, length: usize) {
        self.text.truncate(length);
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }
}
