//! The beginning of a line: its indent, the marks of quotes and lists, and a fence.

/// The most spaces at the beginning of a line that do not make it code.
const MAX_INDENT: usize = 3;

/// The beginnings of addresses in `<..>`, which are no HTML.
const ADDRESSES: [&str; 3] = ["<http://", "<https://", "<mailto:"];

/// A line, taken apart as generously as possible: whatever could begin a list or a quote counts as such.
pub(crate) struct Start<'a> {
    indent: usize,
    /// The marks of quotes and lists, outside first.
    marks: Vec<&'a str>,
    rest: &'a str,
}

impl<'a> Start<'a> {
    pub(crate) fn of(line: &'a str) -> Self {
        let mut rest = line.trim_start_matches(' ');
        let indent = line.len() - rest.len();
        let mut marks = Vec::new();
        while let Some((mark, behind)) = mark(rest) {
            marks.push(mark);
            rest = behind.trim_start_matches(' ');
        }
        Self { indent, marks, rest }
    }

    /// The line without what would begin code, HTML, a footnote or the definition of a link.
    pub(crate) fn plain(&self) -> String {
        let is_address = ADDRESSES.iter().any(|address| self.rest.starts_with(address));
        let is_block = self.rest.starts_with('<') && !is_address || is_label(self.rest);
        self.with(if is_block { "\\" } else { "" })
    }

    /// The line without what would begin code.
    pub(crate) fn unmarked(&self) -> String {
        self.with("")
    }

    fn with(&self, before: &str) -> String {
        let mut line = " ".repeat(self.indent.min(MAX_INDENT));
        for mark in &self.marks {
            line.push_str(mark);
            line.push(' ');
        }
        line.push_str(before);
        line.push_str(self.rest);
        line.truncate(line.trim_end().len());
        line
    }
}

/// The mark of a quote, a list or a task, and what is behind it.
fn mark(text: &str) -> Option<(&str, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let length = match text.as_bytes() {
        [b'>', ..] => return text.split_at_checked(1),
        [b'-' | b'+' | b'*', ..] => 1,
        [b'[', b' ' | b'x' | b'X', b']', ..] => 3,
        bytes if digits > 0 => match bytes.get(digits) {
            Some(b'.' | b')') => digits + 1,
            _ => return None,
        },
        _ => return None,
    };
    let (mark, behind) = text.split_at_checked(length)?;
    (behind.is_empty() || behind.starts_with(' ')).then_some((mark, behind))
}

/// `true` for what could be a footnote or the label of a link's definition, which the next line may end.
fn is_label(text: &str) -> bool {
    if !text.starts_with('[') {
        return false;
    }
    for (at, _) in text.match_indices(']') {
        let (before, from) = text.split_at(at);
        if from.starts_with("]:") {
            return true;
        }
        if !before.ends_with('\\') {
            return false;
        }
    }
    true
}

/// A block of code between fences.
pub(crate) struct Fence<'a> {
    /// The fence, without the language.
    marks: &'a str,
    /// The column of the fence behind the quotes.
    column: usize,
    /// The quotes that it is in.
    quotes: usize,
    /// The number of them around all of the lists that it is in.
    outer: usize,
    /// `true` if a list begins in its line.
    in_list: bool,
}

impl<'a> Fence<'a> {
    pub(crate) fn of(start: &Start<'a>) -> Option<Self> {
        let mark = start.rest.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let info = start.rest.trim_start_matches(mark);
        let (marks, _) = start.rest.split_at_checked(start.rest.len() - info.len())?;
        if marks.len() < 3 || mark == '`' && info.contains('`') {
            return None;
        }
        let quotes = start.marks.iter().filter(|mark| **mark == ">").count();
        let outer = start.marks.iter().take_while(|mark| **mark == ">").count();
        // Each mark of a list has a space behind it.
        let inner = start.marks.iter().skip(outer).map(|mark| mark.len() + 1).sum::<usize>();
        let indent = if outer == 0 { start.indent } else { 0 };
        let in_list = outer < start.marks.len();
        Some(Self { marks, column: indent + inner, quotes, outer, in_list })
    }

    /// Writes the block, whose content are the first of `lines`, and returns what is behind it.
    ///
    /// All lines of it are written with the same quotes and the same indent, so they are in the same list or in none, and
    /// the fence at the end is one whatever is around. A mark of a list before the fence is left out, since not each is
    /// one: `2. ` goes on with a paragraph. Content of a list need not be indented, since comments lose their indent easily.
    pub(crate) fn write<'l>(&self, lines: &'l [String], out: &mut Vec<String>) -> &'l [String] {
        let indent = if self.in_list || self.outer > 0 { 0 } else { self.column.min(MAX_INDENT) };
        let before = "> ".repeat(self.outer) + &" ".repeat(indent);
        out.push(format!("{before}{}text", self.marks));
        let mut rest = lines;
        while let Some((line, behind)) = rest.split_first() {
            let Some(line) = self.content(line) else { break };
            rest = behind;
            if self.is_end(line.trim()) {
                break;
            }
            out.push(format!("{before}{line}").trim_end().to_owned());
        }
        out.push(format!("{before}{}", self.marks));
        rest
    }

    /// The content of a line, if it is in the block.
    fn content<'l>(&self, line: &'l str) -> Option<&'l str> {
        let (mut rest, mut quotes) = (line, 0);
        while quotes < self.quotes
            && let Some(behind) = rest.trim_start_matches(' ').strip_prefix('>')
        {
            rest = behind.strip_prefix(' ').unwrap_or(behind);
            quotes += 1;
        }
        let indent = rest.len() - rest.trim_start_matches(' ').len();
        if quotes == 0 && self.quotes > 0 {
            return None;
        }
        rest.get(indent.min(self.column)..)
    }

    fn is_end(&self, line: &str) -> bool {
        let is_one = line.chars().all(|c| self.marks.starts_with(c));
        is_one && line.len() >= self.marks.len()
    }
}
