//! Declarations of a Java source, found without a whole parser.

use std::collections::BTreeMap;

use super::tokens::{Comment, Token, Tokens};
use super::{Doc, Member, Parameter, TypeDoc};

/// Types within each other that are looked into: the name of each has those of all around it.
const DEPTH: usize = 32;

/// A type whose body is being read.
struct Open {
    name: String,
    doc: TypeDoc,
    /// `true` while the constants of an enum are read.
    in_constants: bool,
}

/// The part of a declaration that was read, whose end is to come.
#[derive(Default)]
struct Header<'a> {
    doc: Option<Comment<'a>>,
    tokens: Vec<Token<'a>>,
}

/// Finds the types of a source, by binary name.
pub(super) fn scan(source: &str, types: &mut BTreeMap<String, TypeDoc>) {
    let mut scanner = Scanner { tokens: Tokens::new(source).peekable(), package: String::new() };
    let mut open: Vec<Open> = Vec::new();
    let mut header = Header::default();
    while let Some(token) = scanner.tokens.next() {
        let in_constants = open.last().is_some_and(|of| of.in_constants);
        match token {
            Token::Doc(doc) => {
                if header.tokens.is_empty() {
                    header.doc = Some(doc);
                }
            }
            Token::Mark('@') if scanner.tokens.peek() != Some(&Token::Word("interface")) => {
                scanner.annotation();
            }
            Token::Mark('}') => {
                constant(&mut open, &mut header);
                if let Some(done) = open.pop() {
                    types.entry(done.name).or_insert(done.doc);
                }
                header = Header::default();
            }
            Token::Mark(',' | ';') if in_constants => {
                constant(&mut open, &mut header);
                if let Some(of) = open.last_mut().filter(|_| token == Token::Mark(';')) {
                    of.in_constants = false;
                }
            }
            Token::Mark('{') if in_constants => scanner.group('{', '}'),
            Token::Mark('(') if in_constants => scanner.group('(', ')'),
            Token::Mark(';') => {
                if let [Token::Word("package"), name @ ..] = header.tokens.as_slice() {
                    scanner.package = words(name).collect::<Vec<_>>().join(".");
                }
                member(&mut open, std::mem::take(&mut header));
            }
            Token::Mark('=') => {
                member(&mut open, std::mem::take(&mut header));
                scanner.initializer();
            }
            Token::Mark('{') => match declared(&header.tokens).filter(|_| open.len() < DEPTH) {
                Some((keyword, name)) => {
                    let before =
                        open.last().map_or(scanner.package.as_str(), |of| of.name.as_str());
                    let joint = match (before.is_empty(), open.is_empty()) {
                        (true, _) => "",
                        (false, true) => ".",
                        (false, false) => "$",
                    };
                    let name = format!("{before}{joint}{name}");
                    let mut doc = TypeDoc { doc: header.doc.map(doc_of), ..TypeDoc::default() };
                    if keyword == "record" {
                        let components = parameters(&header.tokens).unwrap_or_default();
                        doc.components = components.into_iter().map(|of| of.name).collect();
                    }
                    open.push(Open { name, doc, in_constants: keyword == "enum" });
                    header = Header::default();
                }
                None => {
                    member(&mut open, std::mem::take(&mut header));
                    scanner.group('{', '}');
                }
            },
            Token::Word(_) | Token::Mark(_) => header.tokens.push(token),
        }
    }
    // A file that is cut has what it has.
    for of in open {
        types.entry(of.name).or_insert(of.doc);
    }
}

struct Scanner<'a> {
    tokens: std::iter::Peekable<Tokens<'a>>,
    package: String,
}

impl Scanner<'_> {
    /// Skips an annotation behind its `@`.
    fn annotation(&mut self) {
        while let Some(Token::Word(_)) = self.tokens.peek() {
            self.tokens.next();
            if self.tokens.next_if_eq(&Token::Mark('.')).is_none() {
                break;
            }
        }
        if self.tokens.next_if_eq(&Token::Mark('(')).is_some() {
            self.group('(', ')');
        }
    }

    /// Skips past the mark that closes a group which has begun.
    fn group(&mut self, opening: char, closing: char) {
        let mut depth = 1_usize;
        for token in self.tokens.by_ref() {
            match token {
                Token::Mark(mark) if mark == opening => depth += 1,
                Token::Mark(mark) if mark == closing => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// Skips past the `;` that ends the initial value of a field, behind its `=`.
    fn initializer(&mut self) {
        let mut depth = 0_usize;
        for token in self.tokens.by_ref() {
            match token {
                Token::Mark('{' | '(') => depth += 1,
                Token::Mark('}' | ')') => depth = depth.saturating_sub(1),
                Token::Mark(';') if depth == 0 => return,
                _ => {}
            }
        }
    }
}

fn doc_of(comment: Comment<'_>) -> Doc {
    Doc { text: comment.text.to_owned(), is_markdown: comment.is_markdown }
}

fn words<'a>(tokens: &[Token<'a>]) -> impl Iterator<Item = &'a str> {
    tokens.iter().filter_map(|token| match token {
        Token::Word(word) => Some(*word),
        _ => None,
    })
}

/// The keyword and name of the type that a header declares.
fn declared<'a>(header: &[Token<'a>]) -> Option<(&'a str, &'a str)> {
    for pair in header.windows(2) {
        if let [
            Token::Word(keyword @ ("class" | "interface" | "enum" | "record")),
            Token::Word(name),
        ] = pair
        {
            return Some((keyword, name));
        }
        // The parameters of a method begin.
        if pair.contains(&Token::Mark('(')) {
            return None;
        }
    }
    None
}

/// Ends a constant of an enum.
fn constant(open: &mut [Open], header: &mut Header<'_>) {
    let header = std::mem::take(header);
    let Some(of) = open.last_mut().filter(|of| of.in_constants) else { return };
    let name = words(&header.tokens).next();
    of.doc.members.extend(name.map(|name| Member {
        name: name.to_owned(),
        parameters: None,
        doc: header.doc.map(doc_of),
    }));
}

/// Ends a field or method.
fn member(open: &mut [Open], header: Header<'_>) {
    let Some(of) = open.last_mut() else { return };
    let parameters = parameters(&header.tokens);
    let end = match parameters {
        Some(_) => header.tokens.iter().position(|token| *token == Token::Mark('(')),
        None => end_of_field(&header.tokens),
    };
    let before = header.tokens.get(..end.unwrap_or(header.tokens.len())).unwrap_or_default();
    let Some(Token::Word(name)) = before.last() else { return };
    let doc = header.doc.map(doc_of);
    if before.len() > 1 || parameters.is_some() {
        of.doc.members.push(Member { name: (*name).to_owned(), parameters, doc });
    }
}

/// The end of the name of a field: of `int a, b;` and `int a[];` the first one counts.
fn end_of_field(tokens: &[Token<'_>]) -> Option<usize> {
    let last = tokens.iter().rposition(|token| matches!(token, Token::Word(_)))?;
    let (mut depth, mut is_behind_word) = (0_usize, false);
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Mark('<') => depth += 1,
            Token::Mark('>') => depth = depth.saturating_sub(1),
            Token::Mark(',') if depth == 0 && is_behind_word => return Some(at),
            // In front of the name it belongs to the type.
            Token::Mark('[') if depth == 0 && is_behind_word && at > last => return Some(at),
            _ => {}
        }
        is_behind_word = matches!(token, Token::Word(_));
    }
    None
}

/// The parameters of a method, or the components of a record; none where there are no parentheses.
fn parameters(header: &[Token<'_>]) -> Option<Vec<Parameter>> {
    let begin = header.iter().position(|token| *token == Token::Mark('('))?;
    let inside = header.get(begin + 1..).unwrap_or_default();
    let end = inside.iter().position(|token| *token == Token::Mark(')')).unwrap_or(inside.len());
    let mut list = Vec::new();
    let mut parameter = Vec::new();
    let mut depth = 0_usize;
    for token in inside.get(..end).unwrap_or_default() {
        match token {
            Token::Mark('<') => depth += 1,
            Token::Mark('>') => depth = depth.saturating_sub(1),
            Token::Mark(',') if depth == 0 => list.extend(one(&std::mem::take(&mut parameter))),
            _ if depth > 0 => {}
            token => parameter.push(*token),
        }
    }
    list.extend(one(&parameter));
    Some(list)
}

/// A parameter whose type arguments are left out.
fn one(tokens: &[Token<'_>]) -> Option<Parameter> {
    let names: Vec<&str> = words(tokens).filter(|word| *word != "final").collect();
    let [.., ty, name] = names.as_slice() else { return None };
    if *name == "this" {
        return None;
    }
    let dots = tokens.windows(3).any(|three| three.iter().all(|token| *token == Token::Mark('.')));
    let dimensions = tokens.iter().filter(|token| **token == Token::Mark('[')).count();
    let mut ty = (*ty).to_owned();
    for _ in 0..dimensions + usize::from(dots) {
        ty.push_str("[]");
    }
    Some(Parameter { ty, name: (*name).to_owned() })
}
