//! The conversion of a documentation comment to Markdown.

use super::html::{Piece, Pieces};

/// Levels of inline tags within each other that are converted.
const DEPTH: usize = 4;

/// A part of a comment: the description, or a block tag.
struct Block {
    /// The name of the tag; none for the description.
    tag: Option<String>,
    text: String,
}

/// Converts a comment.
pub(super) fn convert(comment: &str, is_markdown: bool) -> String {
    let mut description = String::new();
    let mut lists: [(&str, Vec<String>); 2] = [("Parameters:", vec![]), ("Throws:", vec![])];
    let mut lines: Vec<String> = Vec::new();
    let mut returns = String::new();
    for block in blocks(comment, is_markdown) {
        let whole = || text_of(&block.text, is_markdown);
        match block.tag.as_deref() {
            None => description = whole(),
            Some("param") => lists[0].1.push(item(&block.text, is_markdown)),
            Some("throws" | "exception") => lists[1].1.push(item(&block.text, is_markdown)),
            Some("return") => returns = whole(),
            Some("deprecated") => lines.push(format!("Deprecated: {}", whole())),
            Some("since") => lines.push(format!("Since {}", whole())),
            Some("see") => lines.push(format!("See {}", whole())),
            // Those of authors and tools.
            Some(_) => {}
        }
    }
    let mut parts = vec![description];
    let [parameters, throws] = lists;
    for (title, items) in [parameters, ("Returns:", Vec::new()), throws] {
        if title == "Returns:" && !returns.is_empty() {
            parts.push(format!("Returns: {returns}"));
        }
        if !items.is_empty() {
            let items: Vec<String> =
                items.iter().map(|item| format!("- {}", item.replace('\n', "\n  "))).collect();
            parts.push(format!("{title}\n{}", items.join("\n")));
        }
    }
    parts.extend(lines.into_iter().map(|line| line.trim_end().to_owned()));
    parts.retain(|part| !part.is_empty());
    let text = parts.join("\n\n");
    // Lines of nothing but the indentation of a list.
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// Converts the tag `@param` of that name.
pub(super) fn parameter(comment: &str, is_markdown: bool, name: &str) -> Option<String> {
    let of_name = |block: &Block| {
        let text = block.text.trim_start();
        let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let is_it = block.tag.as_deref() == Some("param") && first == name;
        is_it.then(|| text_of(rest, is_markdown)).filter(|text| !text.is_empty())
    };
    blocks(comment, is_markdown).iter().find_map(of_name)
}

/// `name text` of a tag as an item of a list.
fn item(text: &str, is_markdown: bool) -> String {
    let text = text.trim_start();
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = text_of(rest, is_markdown);
    let name = code(name.trim_matches(['<', '>']));
    if rest.is_empty() { name } else { format!("{name}: {rest}") }
}

fn text_of(text: &str, is_markdown: bool) -> String {
    if is_markdown { text.trim().to_owned() } else { description(text) }
}

/// Divides a comment at the lines that begin with `@`.
fn blocks(comment: &str, is_markdown: bool) -> Vec<Block> {
    let mut blocks = vec![Block { tag: None, text: String::new() }];
    for line in comment.lines() {
        let line = if is_markdown { without_slashes(line) } else { without_star(line) };
        let tag = line.trim_start().strip_prefix('@').and_then(|rest| {
            let len = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            rest.split_at_checked(len)
        });
        match tag {
            Some((name, rest)) if !name.is_empty() && !in_pre(&blocks) => {
                blocks.push(Block { tag: Some(name.to_owned()), text: rest.to_owned() });
            }
            _ => {
                if let Some(block) = blocks.last_mut() {
                    block.text.push_str(line);
                }
            }
        }
        if let Some(block) = blocks.last_mut() {
            block.text.push('\n');
        }
    }
    blocks
}

/// Returns `true` if the description is within `<pre>`, where annotations may begin a line.
fn in_pre(blocks: &[Block]) -> bool {
    let [block] = blocks else { return false };
    // The end of a long text is enough: examples are short.
    let from = block.text.len().saturating_sub(4096);
    let from = (from..block.text.len()).find(|at| block.text.is_char_boundary(*at)).unwrap_or(0);
    let text = block.text.get(from..).unwrap_or_default();
    let (begin, end) = (text.rfind("<pre"), text.rfind("</pre>"));
    begin.is_some() && begin > end
}

fn without_star(line: &str) -> &str {
    let inside = line.trim_start();
    let stars = inside.trim_start_matches('*');
    if stars.len() == inside.len() { line } else { stars.strip_prefix(' ').unwrap_or(stars) }
}

fn without_slashes(line: &str) -> &str {
    let inside = line.trim_start().trim_start_matches('/');
    inside.strip_prefix(' ').unwrap_or(inside)
}

/// The text that is written so far, and the elements around its end.
#[derive(Default)]
struct Writer {
    text: String,
    /// The lists around: the number of the item of an ordered one.
    lists: Vec<Option<usize>>,
    /// `true` within `<pre>`.
    in_pre: bool,
    /// `true` within `<code>`.
    in_code: bool,
    /// The destinations of the links around.
    links: Vec<Option<String>>,
}

/// Converts a description.
fn description(text: &str) -> String {
    let mut writer = Writer::default();
    writer.pieces(text, DEPTH);
    writer.finish()
}

impl Writer {
    fn pieces(&mut self, text: &str, depth: usize) {
        for piece in Pieces::new(text) {
            match piece {
                Piece::Text(text) => self.plain(text),
                Piece::Entity(c) => self.plain(c.encode_utf8(&mut [0; 4])),
                Piece::Inline(name, content) => self.inline(name, content, depth),
                Piece::Tag(name, is_end, rest) => {
                    self.tag(&name.to_ascii_lowercase(), is_end, rest);
                }
            }
        }
    }

    fn inline(&mut self, name: &str, content: &str, depth: usize) {
        match name {
            "code" | "value" | "snippet" if !self.in_pre && !self.in_code => {
                self.text.push_str(&code(content.trim()));
            }
            "link" | "linkplain" => {
                let content = content.trim();
                // A method may have types of parameters with spaces between.
                let end = match content.find('(') {
                    Some(open) if !content.get(..open).unwrap_or_default().contains(' ') => {
                        content.find(')').map_or(content.len(), |at| at + 1)
                    }
                    _ => content.find(char::is_whitespace).unwrap_or(content.len()),
                };
                let (target, label) = content.split_at_checked(end).unwrap_or((content, ""));
                match (label.trim(), depth.checked_sub(1)) {
                    ("", _) | (_, None) => {
                        let target = target.trim_start_matches('#').replace('#', "::");
                        let target = target.split('(').next().unwrap_or_default();
                        self.code_or_plain(target);
                    }
                    (label, Some(depth)) => self.pieces(label, depth),
                }
            }
            "inheritDoc" | "index" | "summary" | "docRoot" => {}
            _ => self.plain(content),
        }
    }

    fn code_or_plain(&mut self, text: &str) {
        if self.in_pre || self.in_code { self.plain(text) } else { self.text.push_str(&code(text)) }
    }

    fn tag(&mut self, name: &str, is_end: bool, rest: &str) {
        if self.in_pre && name != "pre" {
            return;
        }
        match (name, is_end) {
            ("p" | "div" | "blockquote" | "dl" | "table" | "hr", _) => self.paragraph(),
            ("br" | "tr" | "dt" | "dd", false) => self.line(),
            ("td" | "th", false) => self.text.push(' '),
            ("ul" | "ol", false) => {
                if self.lists.is_empty() {
                    self.paragraph();
                }
                if self.lists.len() < 8 {
                    self.lists.push((name == "ol").then_some(0));
                }
            }
            ("ul" | "ol", true) => {
                self.lists.pop();
                if self.lists.is_empty() {
                    self.paragraph();
                }
            }
            ("li", false) => {
                self.line();
                let indent = self.lists.len().saturating_sub(1);
                self.text.push_str(&"  ".repeat(indent));
                match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        let number = number.to_string();
                        self.push(&[&number, ". "]);
                    }
                    _ => self.text.push_str("- "),
                }
            }
            ("pre", false) if !self.in_pre => {
                self.paragraph();
                self.text.push_str("```text\n");
                self.in_pre = true;
            }
            ("pre", true) if self.in_pre => {
                self.line();
                self.text.push_str("```\n\n");
                self.in_pre = false;
            }
            ("code" | "tt" | "kbd" | "samp", false) if !self.in_code => {
                self.in_code = true;
                self.text.push('`');
            }
            ("code" | "tt" | "kbd" | "samp", true) if self.in_code => {
                self.in_code = false;
                self.text.truncate(self.text.trim_end().len());
                self.text.push('`');
            }
            ("b" | "strong", _) => self.text.push_str("**"),
            ("i" | "em", _) => self.text.push('*'),
            ("h1" | "h2" | "h3" | "h4" | "h5" | "h6", _) => {
                if is_end {
                    self.text.push_str("**");
                    self.paragraph();
                } else {
                    self.paragraph();
                    self.text.push_str("**");
                }
            }
            ("a", false) => {
                let link = attribute(rest, "href").filter(|link| link.contains("://"));
                if link.is_some() {
                    self.text.push('[');
                }
                self.links.push(link);
            }
            ("a", true) => {
                if let Some(link) = self.links.pop().flatten() {
                    self.push(&["](", &link, ")"]);
                }
            }
            _ => {}
        }
    }

    /// Adds text, whose characters that Markdown or rustdoc read as marks are escaped.
    fn plain(&mut self, text: &str) {
        if self.in_pre {
            self.text.push_str(text);
            return;
        }
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let is_url = rest.starts_with("http://") || rest.starts_with("https://");
            if is_url && !self.in_code && self.links.iter().all(Option::is_none) {
                let ends = |c: char| c.is_whitespace() || matches!(c, ')' | ',' | '"' | '\'' | '>');
                let len = rest.find(ends).unwrap_or(rest.len());
                let (url, behind) = rest.split_at_checked(len).unwrap_or((rest, ""));
                let end = url.trim_end_matches(['.', ';', ':']);
                self.push(&["<", end, ">", url.get(end.len()..).unwrap_or_default()]);
                rest = behind;
                continue;
            }
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            let at_start = self.text.is_empty() || self.text.ends_with('\n');
            match c {
                // Lines that are indented would be code.
                _ if c.is_whitespace() && c != '\n' && at_start => {}
                '`' if self.in_code => {}
                '[' | ']' | '<' | '*' | '\\' if !self.in_code => {
                    self.text.push('\\');
                    self.text.push(c);
                }
                '#' | '>' | '+' if at_start && !self.in_code => {
                    self.text.push('\\');
                    self.text.push(c);
                }
                '\r' => {}
                '\n' if self.text.ends_with("\n\n") => {}
                _ => self.text.push(c),
            }
        }
    }

    fn push(&mut self, parts: &[&str]) {
        for part in parts {
            self.text.push_str(part);
        }
    }

    /// Begins a line.
    fn line(&mut self) {
        while self.text.ends_with(' ') {
            self.text.pop();
        }
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    /// Begins a paragraph; within a list, a line.
    fn paragraph(&mut self) {
        self.line();
        if !self.text.is_empty() && !self.text.ends_with("\n\n") && self.lists.is_empty() {
            self.text.push('\n');
        }
    }

    fn finish(mut self) -> String {
        if self.in_code {
            self.text.push('`');
        }
        if self.in_pre {
            self.line();
            self.text.push_str("```");
        }
        while let Some(link) = self.links.pop() {
            if let Some(link) = link {
                self.push(&["](", &link, ")"]);
            }
        }
        self.text.trim().to_owned()
    }
}

/// The text as code.
fn code(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    match (text.is_empty(), text.contains('`')) {
        (true, _) => text,
        (false, true) => format!("`` {text} ``"),
        (false, false) => format!("`{text}`"),
    }
}

/// The value of an attribute of a tag.
fn attribute(rest: &str, name: &str) -> Option<String> {
    let (_, value) = rest.split_once(name)?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let value = match quote {
        Some(quote) => value.get(1..)?.split(quote).next()?,
        None => value.split_whitespace().next()?,
    };
    let is_plain =
        !value.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')'));
    is_plain.then(|| value.to_owned())
}
