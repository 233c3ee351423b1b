//! Lines with an offset, a name and a value.

use std::fmt::{self, Write as _};
use std::io::{self, Write};

use bytes::Bytes;
use dubhe::Value;
use dubhe::value::Name;

use super::date;

/// A value that is longer on one line takes several.
const WIDTH: usize = 72;
/// The most bytes of binary that are printed.
const MAX_BINARY_BYTES: usize = 64;

/// Writes offsets, names and values.
pub(super) struct Printer<'a> {
    out: &'a mut dyn Write,
}

impl<'a> Printer<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out }
    }

    /// A headline.
    pub(super) fn title(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// A line with text of its own.
    pub(super) fn line(&mut self, offset: usize, name: &str, text: &str) -> io::Result<()> {
        self.name(offset, name)?;
        writeln!(self.out, "{text}")
    }

    /// A value on one line, or on several with its parts indented.
    pub(super) fn item(&mut self, offset: usize, name: &str, value: &Value) -> io::Result<()> {
        self.name(offset, name)?;
        self.value(value, 1)?;
        writeln!(self.out)
    }

    /// Bytes that nobody here can read.
    pub(super) fn raw(&mut self, offset: usize, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.line(offset, name, &binary(bytes))
    }

    fn name(&mut self, offset: usize, name: &str) -> io::Result<()> {
        match name {
            "" => write!(self.out, "{offset:>6}  "),
            name => write!(self.out, "{offset:>6}  {name:<17} "),
        }
    }

    fn value(&mut self, value: &Value, depth: usize) -> io::Result<()> {
        if let Some(short) = short(value) {
            return write!(self.out, "{short}");
        }
        match value {
            Value::List(list) => {
                self.open(list.class.as_ref(), '[')?;
                for item in &list.items {
                    self.part(depth, "", item)?;
                }
                self.close(depth, ']')
            }
            Value::Map(map) => {
                self.open(map.class.as_ref(), '{')?;
                for (key, value) in &map.entries {
                    let key = short(key).unwrap_or_else(|| key.to_string());
                    self.part(depth, &format!("{key}: "), value)?;
                }
                self.close(depth, '}')
            }
            Value::Object(object) => {
                self.open(Some(&object.class), '{')?;
                for (name, value) in &object.fields {
                    self.part(depth, &format!("{name}: "), value)?;
                }
                self.close(depth, '}')
            }
            Value::Shared(label, inner) => {
                write!(self.out, "&{} ", label.0)?;
                self.value(inner, depth)
            }
            other => write!(self.out, "{other}"),
        }
    }

    fn open(&mut self, class: Option<&Name>, bracket: char) -> io::Result<()> {
        match class {
            Some(class) => writeln!(self.out, "{class} {bracket}"),
            None => writeln!(self.out, "{bracket}"),
        }
    }

    fn part(&mut self, depth: usize, label: &str, value: &Value) -> io::Result<()> {
        self.indent(depth + 1)?;
        write!(self.out, "{label}")?;
        self.value(value, depth + 1)?;
        writeln!(self.out)
    }

    fn close(&mut self, depth: usize, bracket: char) -> io::Result<()> {
        self.indent(depth)?;
        write!(self.out, "{bracket}")
    }

    fn indent(&mut self, depth: usize) -> io::Result<()> {
        write!(self.out, "{:1$}", "", 6 + 2 * depth)
    }
}

/// The value on one line, when it fits there.
fn short(value: &Value) -> Option<String> {
    match value {
        Value::Date(millis) => Some(format!("Date {}", date::utc(*millis))),
        Value::Bytes(bytes) => Some(format!("byte[{}] {}", bytes.len(), binary(bytes))),
        Value::String(_) => Some(value.to_string()),
        _ if holds_hidden(value) => None,
        _ => {
            let mut line = Line { text: String::new(), left: WIDTH };
            write!(line, "{value}").ok().map(|()| line.text)
        }
    }
}

/// A line that takes so many characters and no more, however long what is printed is.
struct Line {
    text: String,
    left: usize,
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // One more than there is room for tells as much as all of them.
        let chars = text.chars().take(self.left + 1).count();
        self.left = self.left.checked_sub(chars).ok_or(fmt::Error)?;
        self.text.push_str(text);
        Ok(())
    }
}

/// Returns true if a part of the value says more in a form of ours than in the general one.
fn holds_hidden(value: &Value) -> bool {
    match value {
        Value::Date(_) => true,
        Value::Bytes(bytes) => !Bytes::is_empty(bytes),
        Value::List(list) => list.items.iter().any(holds_hidden),
        Value::Map(map) => map.entries.iter().any(|(k, v)| holds_hidden(k) || holds_hidden(v)),
        Value::Object(object) => object.fields.iter().any(|(_, v)| holds_hidden(v)),
        Value::Shared(_, inner) => holds_hidden(inner),
        _ => false,
    }
}

/// Hex digits in pairs, cut after [`MAX_BINARY_BYTES`].
fn binary(bytes: &[u8]) -> String {
    let shown: Vec<String> =
        bytes.iter().take(MAX_BINARY_BYTES).map(|b| format!("{b:02x}")).collect();
    let more = if bytes.len() > MAX_BINARY_BYTES {
        format!(" … {} bytes more", bytes.len() - MAX_BINARY_BYTES)
    } else {
        String::new()
    };
    shown.join(" ") + &more
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(value: &Value) -> String {
        let mut out = Vec::new();
        Printer::new(&mut out).item(3, "result", value).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_short_value_takes_a_line() {
        let value = Value::from(Value::object("a.B").field("x", 1).field("y", Value::Null));
        assert_eq!(printed(&value), "     3  result            a.B {x: 1, y: null}\n");
    }

    #[test]
    fn a_long_value_and_one_with_dates_take_several() {
        let user = Value::object("a.User").field("born", Value::Date(0)).field("raw", vec![1, 255]);
        let value = Value::list([Value::from(user).shared(0), Value::reference(0)]);
        let expected = "     3  result            [
          &0 a.User {
            born: Date 1970-01-01T00:00:00.000Z
            raw: byte[2] 01 ff
          }
          *0
        ]
";
        assert_eq!(printed(&value), expected);
        let long = Value::map([("k", "x".repeat(80))]);
        assert_eq!(printed(&long).lines().count(), 3);
    }

    #[test]
    fn a_line_takes_as_many_characters_as_there_is_room_for() {
        let mut line = Line { text: String::new(), left: 3 };
        assert!(line.write_str("äb").is_ok() && line.write_str("c").is_ok());
        assert!(line.write_str("d").is_err());
        assert_eq!(line.text, "äbc");
        let list = |digits: usize| Value::list([Value::from("1".repeat(digits))]);
        let (fits, longer) = (list(WIDTH - 4), list(WIDTH - 3));
        assert_eq!(short(&fits).map(|text| text.len()), Some(WIDTH));
        assert_eq!(short(&longer), None);
    }

    #[test]
    fn binary_is_cut() {
        assert!(binary(&[0; 100]).ends_with("00 … 36 bytes more"));
    }
}
