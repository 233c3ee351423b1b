//! JSON as it is printed: for people with indents and colours, or on one line.
//!
//! It is laid out as text, so that every digit of a number stays.

use std::fmt::Display;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

const KEY: Style = AnsiColor::Blue.on_default();
const TEXT: Style = AnsiColor::Green.on_default();
const WORD: Style = AnsiColor::Yellow.on_default();

/// The form of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// `true` for several lines with indents.
    pub(super) pretty: bool,
    pub(super) colour: bool,
}

/// An array or an object that is open.
struct Open {
    is_object: bool,
    is_empty: bool,
}

/// Writes `json`, which is valid and has no blanks between its parts, and the end of the line.
pub(super) fn write_line(json: &str, layout: Layout, out: &mut impl Write) -> io::Result<()> {
    let mut open: Vec<Open> = Vec::new();
    let mut is_key = false;
    let mut rest = json;
    while let Some(first) = rest.chars().next() {
        let part;
        (part, rest) = rest.split_at(length(first, rest));
        if !matches!(first, '}' | ']' | ',' | ':')
            && let Some(around) = open.last_mut()
            && std::mem::take(&mut around.is_empty)
        {
            line(open.len(), layout, out)?;
        }
        match first {
            '{' | '[' => {
                is_key = first == '{';
                open.push(Open { is_object: is_key, is_empty: true });
                out.write_all(part.as_bytes())?;
            }
            '}' | ']' => {
                let was_empty = open.pop().is_none_or(|closed| closed.is_empty);
                if !was_empty {
                    line(open.len(), layout, out)?;
                }
                is_key = false;
                out.write_all(part.as_bytes())?;
            }
            ',' => {
                out.write_all(b",")?;
                line(open.len(), layout, out)?;
                is_key = open.last().is_some_and(|around| around.is_object);
            }
            ':' => out.write_all(if layout.pretty { b": " } else { b":" })?,
            '"' if std::mem::take(&mut is_key) => styled(part, KEY, layout, out)?,
            '"' => styled(part, TEXT, layout, out)?,
            _ => styled(part, WORD, layout, out)?,
        }
    }
    writeln!(out)
}

/// The length of the part that begins `rest` with `first`.
fn length(first: char, rest: &str) -> usize {
    match first {
        '{' | '}' | '[' | ']' | ',' | ':' => 1,
        '"' => {
            let mut escaped = false;
            let end = rest.bytes().skip(1).position(|byte| {
                let ends = byte == b'"' && !escaped;
                escaped = byte == b'\\' && !escaped;
                ends
            });
            end.map_or(rest.len(), |at| at + 2)
        }
        _ => rest.find(['}', ']', ',']).unwrap_or(rest.len()),
    }
}

fn line(depth: usize, layout: Layout, out: &mut impl Write) -> io::Result<()> {
    if !layout.pretty {
        return Ok(());
    }
    write!(out, "\n{:width$}", "", width = depth * 2)
}

fn styled(
    part: impl Display,
    style: Style,
    layout: Layout,
    out: &mut impl Write,
) -> io::Result<()> {
    if layout.colour { write!(out, "{style}{part}{style:#}") } else { write!(out, "{part}") }
}

/// The text of a string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The text of an object with these fields, whose values are JSON.
pub(super) fn object<K: AsRef<str>>(fields: impl IntoIterator<Item = (K, String)>) -> String {
    let fields: Vec<String> = fields
        .into_iter()
        .map(|(name, value)| format!("{}:{value}", quoted(name.as_ref())))
        .collect();
    format!("{{{}}}", fields.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str, pretty: bool, colour: bool) -> String {
        let mut out = Vec::new();
        write_line(json, Layout { pretty, colour }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_layout_is_serde_s_and_keeps_digits() {
        for json in [
            r#"{"a":[1,{"b":"x\"y\\"},[]],"c":{},"d":null,"e":[[true]]}"#,
            "[]",
            "{}",
            "42",
            r#""a:b,{}""#,
            r#"{"é":"中"}"#,
        ] {
            let value: serde_json::Value = serde_json::from_str(json).unwrap();
            assert_eq!(text(json, true, false), format!("{value:#}\n"), "{json}");
            assert_eq!(text(json, false, false), format!("{json}\n"), "{json}");
        }
        assert_eq!(
            text("[1.50,123456789012345678901]", true, false),
            "[\n  1.50,\n  123456789012345678901\n]\n"
        );
    }

    #[test]
    fn keys_texts_and_words_have_their_colours() {
        let coloured = text(r#"{"a":"b","c":1}"#, false, true);
        let [key, word] = [KEY, WORD].map(|style| format!("{style}"));
        assert!(coloured.contains(&format!("{key}\"a\"")), "{coloured:?}");
        assert!(coloured.contains(&format!("{key}\"c\"")), "{coloured:?}");
        assert!(coloured.contains(&format!("{word}1")), "{coloured:?}");
    }
}
