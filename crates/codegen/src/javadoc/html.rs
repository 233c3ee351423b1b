//! The words of the description of a documentation comment: tags of HTML, inline tags and entities.

/// A piece of a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Text, of any number of lines.
    Text(&'a str),
    /// A tag of HTML: its name, `true` if it ends the element, and what follows the name.
    Tag(&'a str, bool, &'a str),
    /// A character that is written as an entity.
    Entity(char),
    /// An inline tag, such as `{@code text}`: its name and content.
    Inline(&'a str, &'a str),
}

/// The pieces of a description, one after another.
pub(super) struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    fn split(&mut self, at: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(at).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// `{@name content}`, whose content may have braces in pairs.
    fn inline(&mut self) -> Option<Piece<'a>> {
        let inside = self.rest.strip_prefix("{@")?;
        let mut depth = 0_usize;
        let end = inside.char_indices().find_map(|(at, c)| match c {
            '{' => {
                depth += 1;
                None
            }
            '}' if depth == 0 => Some(at),
            '}' => {
                depth -= 1;
                None
            }
            _ => None,
        });
        let (content, rest) = inside.split_at(end.unwrap_or(inside.len()));
        let (name, content) = content.split_once(char::is_whitespace).unwrap_or((content, ""));
        self.rest = rest.strip_prefix('}').unwrap_or(rest);
        Some(Piece::Inline(name, content))
    }

    /// `<name attributes>`
    fn tag(&mut self) -> Option<Piece<'a>> {
        let inside = self.rest.strip_prefix('<')?;
        if let Some(comment) = inside.strip_prefix("!--") {
            let end = comment.find("-->").map_or(comment.len(), |at| at + 3);
            self.rest = comment.get(end..).unwrap_or_default();
            return Some(Piece::Text(""));
        }
        let is_end = inside.starts_with('/');
        let inside = inside.strip_prefix('/').unwrap_or(inside);
        if !inside.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let len = inside.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inside.len());
        let (name, rest) = inside.split_at(len);
        let (attributes, rest) = rest.split_at(rest.find(['>', '<']).unwrap_or(rest.len()));
        // `List<String>` that is not escaped looks like a tag, too, but none of HTML.
        if !rest.starts_with('>') || !is_html(name) {
            return None;
        }
        self.rest = rest.get(1..).unwrap_or_default();
        Some(Piece::Tag(name, is_end, attributes))
    }

    /// `&name;`
    fn entity(&mut self) -> Option<Piece<'a>> {
        let inside = self.rest.strip_prefix('&')?;
        let bytes = inside.as_bytes();
        let len = bytes.iter().take(10).position(|byte| *byte == b';')?;
        let name = inside.get(..len)?;
        let c = match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            "nbsp" => ' ',
            "mdash" => '—',
            "ndash" => '–',
            "hellip" => '…',
            "copy" => '©',
            _ => {
                let number = name.strip_prefix('#')?;
                let hexadecimal = number.strip_prefix(['x', 'X']);
                let code = match hexadecimal {
                    Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code)?
            }
        };
        self.rest = inside.get(len + 1..).unwrap_or_default();
        Some(Piece::Entity(c))
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let first = self.rest.chars().next()?;
        let special = match first {
            '{' => self.inline(),
            '<' => self.tag(),
            '&' => self.entity(),
            _ => None,
        };
        if special.is_some() {
            return special;
        }
        let behind = first.len_utf8();
        let rest = self.rest.get(behind..).unwrap_or_default();
        let at = rest.find(['{', '<', '&']).map_or(self.rest.len(), |at| at + behind);
        Some(Piece::Text(self.split(at)))
    }
}

/// Names of elements that comments have.
fn is_html(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "a",
        "abbr",
        "b",
        "big",
        "blockquote",
        "br",
        "caption",
        "center",
        "cite",
        "code",
        "dd",
        "del",
        "dfn",
        "div",
        "dl",
        "dt",
        "em",
        "font",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "li",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "tt",
        "u",
        "ul",
        "var",
    ];
    NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
}
