//! The numbers of a file of before.

use std::collections::{BTreeMap, BTreeSet};

/// Numbers that the wire format keeps for itself.
const OF_THE_WIRE: std::ops::RangeInclusive<i64> = 19_000..=19_999;

/// The highest number of a field.
const HIGHEST: i64 = (1 << 29) - 1;

/// The numbers of messages and enums by name; those of nested ones by `Outer.Inner`.
#[derive(Clone, Debug, Default)]
pub(super) struct Existing {
    pub(super) messages: BTreeMap<String, Numbers>,
    pub(super) enums: BTreeMap<String, Numbers>,
}

/// The numbers of one message or enum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    /// Numbers and types of fields by name; the type of a constant is empty.
    pub(super) named: BTreeMap<String, (i64, String)>,
    /// Ranges that nothing may use again; `None` is the highest number.
    pub(super) reserved: BTreeSet<(i64, Option<i64>)>,
    pub(super) reserved_names: BTreeSet<String>,
}

impl Numbers {
    /// The numbers of `wanted`, fields with their types: kept, or new ones behind all others; and what is reserved then.
    pub(super) fn assign(mut self, wanted: &[(&str, String)]) -> (Vec<i64>, Self) {
        let mut used: BTreeSet<i64> = self.named.values().map(|(number, _)| *number).collect();
        let mut given = Vec::new();
        for (name, ty) in wanted {
            self.reserved_names.remove(*name);
            let known = self.named.remove(*name);
            if let Some((number, _)) = known.as_ref().filter(|(_, known)| is_same(known, ty)) {
                given.push(*number);
                continue;
            }
            if let Some((number, _)) = known {
                self.reserved.insert((number, Some(number)));
            }
            let next = self.next(&used);
            used.insert(next);
            given.push(next);
        }
        for (name, (number, _)) in std::mem::take(&mut self.named) {
            self.reserved.insert((number, Some(number)));
            self.reserved_names.insert(name);
        }
        (given, self)
    }

    /// The number behind all that were ever used; where all of these are reserved, the first that was not.
    fn next(&self, used: &BTreeSet<i64>) -> i64 {
        let is_free = |number: &i64| {
            !used.contains(number)
                && !OF_THE_WIRE.contains(number)
                && !self
                    .reserved
                    .iter()
                    .any(|(from, to)| from <= number && to.is_none_or(|to| *number <= to))
        };
        let ends = self.reserved.iter().filter_map(|(_, to)| *to);
        let highest = used.iter().copied().chain(ends).max().unwrap_or(0).max(0);
        let is_open = self.reserved.iter().any(|(_, to)| to.is_none());
        let start = if is_open { 1 } else { highest + 1 };
        (start..=HIGHEST).find(is_free).unwrap_or(start)
    }
}

/// Returns true for types whose bytes can be read as each other's.
fn is_same(a: &str, b: &str) -> bool {
    let number = |ty: &str| ["int32", "int64", "uint32", "uint64", "bool"].contains(&ty);
    a == b || number(a) && number(b)
}

impl Existing {
    /// Reads messages and enums; whatever else is in the file is passed over.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { tokens: tokens(text)?, at: 0, found: Self::default() };
        parser.items("", None)?;
        match parser.peek() {
            None => Ok(parser.found),
            Some(token) => Err(format!("`{token}` closes nothing")),
        }
    }
}

/// Words, texts in quotes, and signs.
fn tokens(text: &str) -> Result<Vec<String>, String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").ok_or("a comment has no end")? + 2
        } else if c == '"' || c == '\'' {
            let inner = rest.get(1..).unwrap_or_default();
            let end = inner.find(c).ok_or("a text has no end")?;
            tokens.push(format!("\"{}", inner.get(..end).unwrap_or_default()));
            end + 2
        } else if is_of_word(c) {
            let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
            tokens.push(rest.get(..end).unwrap_or_default().to_owned());
            end
        } else {
            if !c.is_whitespace() {
                tokens.push(c.to_string());
            }
            c.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(tokens)
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.' || c == '-'
}

struct Parser {
    tokens: Vec<String>,
    at: usize,
    found: Existing,
}

/// The owner of a block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    Message,
    Enum,
}

impl Parser {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    fn next(&mut self) -> Result<String, String> {
        let token = self.tokens.get(self.at).cloned().ok_or("the file ends within something")?;
        self.at += 1;
        Ok(token)
    }

    /// The tokens up to `;` or the end of a block that begins here.
    fn statement(&mut self) -> Result<Vec<String>, String> {
        let mut tokens = Vec::new();
        loop {
            match self.next()?.as_str() {
                ";" => return Ok(tokens),
                "{" => {
                    let mut depth = 1_usize;
                    while depth > 0 {
                        match self.next()?.as_str() {
                            "{" => depth += 1,
                            "}" => depth -= 1,
                            _ => {}
                        }
                    }
                    // Behind options of a value there is more.
                    if self.peek() != Some(";") && self.peek() != Some("]") {
                        return Ok(tokens);
                    }
                }
                token => tokens.push(token.to_owned()),
            }
        }
    }

    /// Reads what is in a block, up to its end; deeper blocks of one file are few.
    fn items(&mut self, path: &str, block: Option<Block>) -> Result<(), String> {
        if path.matches('.').count() > 32 {
            return Err("messages are nested too deeply".to_owned());
        }
        let mut choices = 0_usize;
        while let Some(token) = self.peek() {
            match (token, block) {
                ("}", _) if choices > 0 => {
                    self.at += 1;
                    choices -= 1;
                }
                ("}", _) => return Ok(()),
                (";", _) => self.at += 1,
                ("message" | "enum", None | Some(Block::Message)) if self.begins_block() => {
                    let kind = if self.next()? == "message" { Block::Message } else { Block::Enum };
                    let name = self.next()?;
                    let path = if path.is_empty() { name } else { format!("{path}.{name}") };
                    self.next()?;
                    self.numbers(kind, &path);
                    self.items(&path, Some(kind))?;
                    self.next()?;
                }
                // Its fields are those of the message.
                ("oneof", Some(Block::Message)) if self.begins_block() => {
                    self.at += 3;
                    choices += 1;
                }
                ("reserved", Some(kind))
                    if self
                        .tokens
                        .get(self.at + 1)
                        .is_some_and(|next| next.starts_with('"') || is_number(next)) =>
                {
                    let tokens = self.statement()?;
                    reserve(self.numbers(kind, path), &tokens);
                }
                (_, Some(kind)) => {
                    let tokens = self.statement()?;
                    if let Some((name, numbered)) = field(&tokens) {
                        self.numbers(kind, path).named.insert(name, numbered);
                    }
                }
                (_, None) => drop(self.statement()?),
            }
        }
        if block.is_some() { Err(format!("`{path}` has no end")) } else { Ok(()) }
    }

    /// Returns true before `message Name {`.
    fn begins_block(&self) -> bool {
        self.tokens.get(self.at + 2).is_some_and(|token| token == "{")
    }

    fn numbers(&mut self, kind: Block, path: &str) -> &mut Numbers {
        let all = match kind {
            Block::Message => &mut self.found.messages,
            Block::Enum => &mut self.found.enums,
        };
        all.entry(path.to_owned()).or_default()
    }
}

fn is_number(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_digit() || c == '-')
}

fn number(token: &str) -> Option<i64> {
    match token.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => token.parse().ok(),
    }
    .filter(|number| i32::try_from(*number).is_ok())
}

/// `optional int64 id = 1 [..]`: the name, the number and the type.
fn field(tokens: &[String]) -> Option<(String, (i64, String))> {
    let equals = tokens.iter().position(|token| token == "=")?;
    let (before, behind) = tokens.split_at(equals);
    let number = number(behind.get(1)?)?;
    let (name, ty) = before.split_last()?;
    if ty.first().is_some_and(|first| first == "option") {
        return None;
    }
    let ty: Vec<&str> = ty.iter().map(String::as_str).filter(|word| *word != "optional").collect();
    let ty = ty.join(" ").replace(" < ", "<").replace(" , ", ", ").replace(" >", ">");
    Some((name.clone(), (number, ty)))
}

/// `reserved 2, 4 to 6, 9 to max` and `reserved "name"`.
fn reserve(numbers: &mut Numbers, tokens: &[String]) {
    for part in tokens.get(1..).unwrap_or_default().split(|token| token == ",") {
        match part {
            [name] if name.starts_with('"') => {
                numbers.reserved_names.insert(name.trim_start_matches('"').to_owned());
            }
            [one] => numbers.reserved.extend(number(one).map(|one| (one, Some(one)))),
            [from, _, to] => {
                numbers.reserved.extend(number(from).map(|from| (from, number(to))));
            }
            _ => {}
        }
    }
}
