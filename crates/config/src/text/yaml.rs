//! YAML to trees of [`Node`]s, as SnakeYAML composes them for Dubbo Java: types of YAML 1.1, merge
//! keys, and the last of several equal keys.
//!
//! The events of the parser under `serde-saphyr` are read, and not its `Deserialize`: rules need the
//! place of each value, the texts of numbers, and warnings for keys that come twice.

use std::collections::HashMap;

use bytestring::ByteString;
use serde_saphyr::granit_parser::{
    Event, Marker, Options, Parser, ScalarStyle, ScanError, Span, Tag,
};

use super::node::{Kind, Node, Scalar};
use super::scalar::{self, Resolved};
use crate::error::{ConfigError, ConfigErrorKind, Position, Result, Warnings};
use crate::limits::{MAX_ALIASES, MAX_DEPTH, MAX_NODES};

/// Reads the one document of `text`; `None` when there is none.
pub(crate) fn parse(text: &str, warnings: &mut Warnings) -> Result<Option<Node>> {
    let mut all = parse_all(text, warnings)?;
    let second = if all.len() > 1 { all.get(1) } else { None };
    if let Some(second) = second {
        return Err(ConfigError::new(
            ConfigErrorKind::Syntax,
            second.at,
            "there is a second document",
        )
        .hint("only mesh rules have several; remove the line ---"));
    }
    Ok(all.pop())
}

/// Reads all documents of `text`.
pub(crate) fn parse_all(text: &str, warnings: &mut Warnings) -> Result<Vec<Node>> {
    let mut options = Options::default();
    // One level more, so that the error is ours.
    options.block_nesting_limit = MAX_DEPTH + 1;
    options.flow_nesting_limit = MAX_DEPTH + 1;
    // On where another crate of the program has the feature for it.
    options.emit_comments = false;
    options.emit_anchor_events = false;
    let mut composer = Composer {
        events: Parser::new_from_str_with_options(text, options),
        source: text,
        anchors: HashMap::new(),
        aliases: 0,
        nodes: 0,
        warnings,
    };
    let mut documents = Vec::new();
    while let Some((event, span)) = composer.next()? {
        match event {
            Event::DocumentStart(..) => {
                composer.anchors.clear();
                composer.aliases = 0;
                let (event, span) = composer.some(span)?;
                documents.push(composer.node(event, span, 0)?);
            }
            Event::StreamEnd => break,
            _ => {}
        }
    }
    Ok(documents)
}

struct Composer<'a, 'w> {
    events: Parser<'a, serde_saphyr::granit_parser::StrInput<'a>>,
    source: &'a str,
    /// The values that aliases name; `None` while one is read.
    anchors: HashMap<usize, Option<Node>>,
    aliases: usize,
    nodes: usize,
    warnings: &'w mut Warnings,
}

impl<'a> Composer<'a, '_> {
    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>> {
        self.events.next_event().transpose().map_err(|error| syntax(&error))
    }

    fn some(&mut self, span: Span) -> Result<(Event<'a>, Span)> {
        let end = ConfigError::new(ConfigErrorKind::Syntax, position(&span.start), "the text ends");
        self.next()?.ok_or(end)
    }

    fn grow(&mut self, by: usize, at: Position) -> Result<()> {
        self.nodes = self.nodes.saturating_add(by);
        if self.nodes > MAX_NODES {
            let what = format!("the text has more than {MAX_NODES} values, with those of aliases");
            return Err(ConfigError::limit(at, what));
        }
        Ok(())
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node> {
        let at = position(&span.start);
        self.grow(1, at)?;
        let (anchor, kind, verbatim) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let scalar = scalar_of(text, style, tag.as_deref(), at)?;
                return Ok(self.keep(anchor, self.scalar(scalar, style, &span, at)));
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.open(anchor, tag.as_deref(), "seq", depth, at)?;
                let mut items = Vec::new();
                loop {
                    let (event, span) = self.some(span)?;
                    if matches!(event, Event::SequenceEnd) {
                        break;
                    }
                    items.push(self.node(event, span, depth + 1)?);
                }
                (anchor, Kind::Sequence(items), false)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.open(anchor, tag.as_deref(), "map", depth, at)?;
                (anchor, Kind::Mapping(self.entries(span, depth)?), false)
            }
            Event::Alias(anchor) => return self.alias(anchor, depth, at),
            _ => {
                let what = "a value is missing";
                return Err(ConfigError::new(ConfigErrorKind::Syntax, at, what));
            }
        };
        Ok(self.keep(anchor, Node { at, verbatim, kind }))
    }

    /// A scalar with its place: the place of its first character, within the quotes.
    fn scalar(&self, scalar: Scalar, style: ScalarStyle, span: &Span, at: Position) -> Node {
        let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
        let at = if quoted { at.right(1) } else { at };
        let start = span.start.byte_offset().map(|start| start + usize::from(quoted));
        let rest = start.and_then(|start| self.source.get(start..));
        let verbatim = rest.is_some_and(|rest| rest.starts_with(&*scalar.text));
        Node { at, verbatim, kind: Kind::Scalar(scalar) }
    }

    fn open(
        &mut self,
        anchor: usize,
        tag: Option<&Tag>,
        known: &str,
        depth: usize,
        at: Position,
    ) -> Result<()> {
        if depth >= MAX_DEPTH {
            return Err(too_deep(at));
        }
        if let Some(tag) = tag
            && tag.core_suffix() != Some(known)
        {
            return Err(unknown_tag(at));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, None);
        }
        Ok(())
    }

    fn keep(&mut self, anchor: usize, node: Node) -> Node {
        if anchor > 0 {
            self.anchors.insert(anchor, Some(node.clone()));
        }
        node
    }

    fn alias(&mut self, anchor: usize, depth: usize, at: Position) -> Result<Node> {
        let Some(Some(node)) = self.anchors.get(&anchor) else {
            let what = "an alias stands within the value that it names";
            return Err(ConfigError::new(ConfigErrorKind::Syntax, at, what));
        };
        if !matches!(node.kind, Kind::Scalar(_)) {
            self.aliases += 1;
            if self.aliases > MAX_ALIASES {
                let what = format!("there are more than {MAX_ALIASES} aliases of lists and maps");
                return Err(ConfigError::limit(at, what));
            }
        }
        // Counted before it is copied.
        let (count, levels) = node.size();
        if depth + levels > MAX_DEPTH {
            return Err(too_deep(at));
        }
        self.grow(count, at)?;
        match self.anchors.get(&anchor) {
            Some(Some(node)) => Ok(node.clone()),
            _ => Err(ConfigError::new(ConfigErrorKind::Syntax, at, "there is no such anchor")),
        }
    }

    fn entries(&mut self, span: Span, depth: usize) -> Result<Vec<(Node, Node)>> {
        let mut entries: Vec<(Node, Node)> = Vec::new();
        let mut merged: Vec<(Node, Node)> = Vec::new();
        let mut places: HashMap<ByteString, usize> = HashMap::new();
        loop {
            let (event, span) = self.some(span)?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let is_plain = matches!(event, Event::Scalar(_, ScalarStyle::Plain, ..));
            let key = self.node(event, span, depth + 1)?;
            let (event, span) = self.some(span)?;
            let value = self.node(event, span, depth + 1)?;
            let Some(name) = key.java_text() else {
                return Err(key.not("a key", "a text"));
            };
            if is_plain && name == "<<" {
                merge(value, &mut merged)?;
                continue;
            }
            // `1: x` and `"1": x` differ in Java, where the second is not found by either name.
            match places.get(&name).and_then(|place| entries.get_mut(*place)) {
                Some(earlier) => {
                    let line = earlier.0.at.line;
                    self.warnings.add(key.at, || {
                        format!("{name} is there already, in line {line}; the last one is taken")
                    });
                    *earlier = (key, value);
                }
                None => {
                    places.insert(name, entries.len());
                    entries.push((key, value));
                }
            }
        }
        for (key, value) in merged {
            if let Some(name) = key.java_text()
                && !places.contains_key(&name)
            {
                places.insert(name, entries.len());
                entries.push((key, value));
            }
        }
        Ok(entries)
    }
}

/// Adds what `<<: value` brings; explicit keys and earlier maps come first.
fn merge(value: Node, merged: &mut Vec<(Node, Node)>) -> Result<()> {
    match value.kind {
        Kind::Mapping(entries) => merged.extend(entries),
        Kind::Sequence(items) if items.iter().all(Node::is_mapping) => {
            for item in items {
                merge(item, merged)?;
            }
        }
        _ => return Err(value.not("<<", "a map or a list of maps")),
    }
    Ok(())
}

fn scalar_of(
    text: std::borrow::Cow<'_, str>,
    style: ScalarStyle,
    tag: Option<&Tag>,
    at: Position,
) -> Result<Scalar> {
    let resolved = match tag {
        None if style == ScalarStyle::Plain => scalar::resolve(&text),
        None => Resolved::Text,
        // `!` alone: a text.
        Some(tag) if tag.core_suffix().is_none() && tag.suffix() == "!" => Resolved::Text,
        Some(tag) => match (tag.core_suffix().unwrap_or_default(), scalar::resolve(&text)) {
            ("str", _) => Resolved::Text,
            ("null", _) => Resolved::Null,
            ("int", found @ Resolved::Int(_)) | ("bool", found @ Resolved::Bool(_)) => found,
            ("float", found @ (Resolved::Int(_) | Resolved::Float(_))) => match found {
                Resolved::Int(decimal) => decimal.parse().map_or(Resolved::Text, Resolved::Float),
                other => other,
            },
            _ => return Err(unknown_tag(at)),
        },
    };
    Ok(Scalar { text: text.into_owned().into(), resolved })
}

fn too_deep(at: Position) -> ConfigError {
    ConfigError::limit(at, format!("values are nested more than {MAX_DEPTH} levels deep"))
}

fn unknown_tag(at: Position) -> ConfigError {
    let what = "the tag does not fit the value, or is of no known type";
    ConfigError::value(at, what).hint("leave it out; of tags those of YAML's own types are known")
}

fn position(marker: &Marker) -> Position {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Position { line: number(marker.line()).max(1), column: number(marker.col()).saturating_add(1) }
}

fn syntax(error: &ScanError) -> ConfigError {
    let at = position(error.marker());
    let text = error.info();
    let error = ConfigError::new(ConfigErrorKind::Syntax, at, format!("not YAML: {text}"));
    if text.contains("tab") { error.hint("indent with spaces") } else { error }
}
