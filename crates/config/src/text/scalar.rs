//! The types of plain scalars, as SnakeYAML resolves them: YAML 1.1
//! (`org.yaml.snakeyaml.resolver.Resolver`).

use bytestring::ByteString;
use dubhe_core::java_number::write_double;

/// The type and value of a scalar.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Resolved {
    Null,
    Bool(bool),
    /// A whole number, in decimal.
    Int(ByteString),
    Float(f64),
    Text,
}

/// Resolves a plain scalar without tag.
pub(crate) fn resolve(text: &str) -> Resolved {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Resolved::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Resolved::Bool(true);
        }
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Resolved::Bool(false);
        }
        _ => {}
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return Resolved::Text;
    }
    if let Some(decimal) = integer(text) {
        return Resolved::Int(decimal.into());
    }
    float(text).map_or(Resolved::Text, Resolved::Float)
}

fn integer(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    if let Some((radix, digits)) = radix(digits) {
        let digits = digits.replace('_', "");
        if digits.is_empty() {
            return None;
        }
        let number = u128::from_str_radix(&digits, radix).ok()?;
        return Some(if number == 0 { "0".to_owned() } else { format!("{sign}{number}") });
    }
    if digits.contains(':') {
        return sexagesimal(digits).map(|number| format!("{sign}{number}"));
    }
    let first = digits.chars().next()?;
    if !first.is_ascii_digit() || !digits.chars().all(|c| c.is_ascii_digit() || c == '_') {
        return None;
    }
    if first == '0' {
        // With more digits it would be in another radix, which it is not.
        return (digits == "0").then(|| digits.to_owned());
    }
    Some(format!("{sign}{}", digits.replace('_', "")))
}

/// The radix of a number that is not in decimal, and its digits.
fn radix(digits: &str) -> Option<(u32, &str)> {
    let rest = digits.strip_prefix('0')?;
    let (radix, digits) = match rest.strip_prefix('b') {
        Some(digits) => (2, digits),
        None => match rest.strip_prefix('x') {
            Some(digits) => (16, digits),
            None => (8, rest),
        },
    };
    (!digits.is_empty() && digits.chars().all(|c| c == '_' || c.is_digit(radix)))
        .then_some((radix, digits))
}

/// `1:30` is ninety.
fn sexagesimal(digits: &str) -> Option<u64> {
    let mut parts = digits.split(':');
    let first = parts.next()?;
    if !first.starts_with(|c: char| matches!(c, '1'..='9')) {
        return None;
    }
    let mut number: u64 = first.replace('_', "").parse().ok()?;
    for part in parts {
        let short = matches!(part.len(), 1 | 2) && part.bytes().all(|b| b.is_ascii_digit());
        let value: u64 = part.parse().ok().filter(|value| short && *value < 60)?;
        number = number.checked_mul(60)?.checked_add(value)?;
    }
    Some(number)
}

fn float(text: &str) -> Option<f64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let number = match digits {
        ".inf" | ".Inf" | ".INF" => f64::INFINITY,
        ".nan" | ".NaN" | ".NAN" => return (digits == text).then_some(f64::NAN),
        _ => {
            let dot = digits.find('.');
            let exponent = digits.find(['e', 'E']);
            if dot.is_none() && exponent.is_none() {
                return None;
            }
            // A sign stands before digits alone, not before a dot.
            if dot == Some(0) && digits != text {
                return None;
            }
            let known =
                |c: char| c.is_ascii_digit() || matches!(c, '_' | '.' | 'e' | 'E' | '+' | '-');
            if !digits.chars().all(known) || digits.starts_with('_') {
                return None;
            }
            digits.replace('_', "").parse().ok()?
        }
    };
    Some(if negative { -number } else { number })
}

/// A number as Java's `Double.toString` writes it.
pub(crate) fn java_double(number: f64) -> String {
    let mut text = String::new();
    // Nothing fails in writing to a text.
    let _ = write_double(&mut text, number);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_have_the_types_of_yaml_1_1() {
        let int = |text: &str| Resolved::Int(text.to_owned().into());
        let cases = [
            ("", Resolved::Null),
            ("~", Resolved::Null),
            ("yes", Resolved::Bool(true)),
            ("Off", Resolved::Bool(false)),
            ("y", Resolved::Text),
            ("0", int("0")),
            ("-0", int("0")),
            ("+12", int("12")),
            ("1_000", int("1000")),
            ("010", int("8")),
            ("0x1F", int("31")),
            ("0b101", int("5")),
            ("08", Resolved::Text),
            ("1:30", int("90")),
            ("1:75", Resolved::Text),
            ("10.0.0.1", Resolved::Text),
            ("1.5", Resolved::Float(1.5)),
            ("3.0", Resolved::Float(3.0)),
            (".5", Resolved::Float(0.5)),
            ("1e3", Resolved::Float(1000.0)),
            ("-.inf", Resolved::Float(f64::NEG_INFINITY)),
            ("-", Resolved::Text),
            ("..", Resolved::Text),
            ("v3.0", Resolved::Text),
        ];
        for (text, resolved) in cases {
            assert_eq!(resolve(text), resolved, "{text}");
        }
    }

    #[test]
    fn doubles_are_written_as_in_java() {
        let cases = [
            (3.0, "3.0"),
            (0.001, "0.001"),
            (0.0001, "1.0E-4"),
            (1e7, "1.0E7"),
            (12_345_678.5, "1.23456785E7"),
            (-0.0, "-0.0"),
            (f64::INFINITY, "Infinity"),
        ];
        for (number, text) in cases {
            assert_eq!(java_double(number), text);
        }
    }
}
