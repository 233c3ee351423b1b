//! The patterns of values in conditions.

use bytestring::ByteString;

/// A pattern for a value.
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::rule::condition::*; } }
/// use dubhe::config::{Glob, Pattern};
///
/// assert_eq!(Pattern::parse("1~20", true), Pattern::Range { from: Some(1), to: Some(20) });
/// assert_eq!(Pattern::parse("$region", true), Pattern::Reference("region".into()));
/// assert_eq!(Pattern::parse("10.0.*", true), Pattern::Glob(Glob::parse("10.0.*")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// `a~b` and `~b`: numbers with both ends. A value that is not of digits alone counts as 0.
    Range {
        /// The smallest number.
        from: Option<i32>,
        /// The largest number.
        to: Option<i32>,
    },
    /// A range that Java cannot read, such as `20~` or one with numbers beyond 32 bits: every value
    /// matches it on the right side of a condition, and none on the left.
    BadRange,
    /// `$name` on the right side: the parameter of the consumer, read as a [`Glob`]; the empty text
    /// when there is none.
    Reference(ByteString),
    /// Any other text.
    Glob(Glob),
}

impl Pattern {
    /// Reads a pattern; `$name` is a reference where `references` says so.
    pub fn parse(text: &str, references: bool) -> Self {
        if text.contains('~') {
            return range(text).map_or(Self::BadRange, |(from, to)| Self::Range { from, to });
        }
        match text.strip_prefix('$') {
            Some(name) if references => Self::Reference(name.into()),
            _ => Self::Glob(Glob::parse(text)),
        }
    }
}

/// The ends of a range, as Java's `RangeValuePattern` reads them.
fn range(text: &str) -> Option<(Option<i32>, Option<i32>)> {
    // Java's `split` drops empty parts at the end.
    let mut parts = text.trim_end_matches('~').split('~');
    let (from, to) = (parts.next()?, parts.next()?);
    if from.is_empty() && to.is_empty() {
        return None;
    }
    let end = |text: &str| match text {
        "" => Some(None),
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok().map(Some),
        _ => Some(Some(0)),
    };
    Some((end(from)?, end(to)?))
}

/// A text with at most one star that stands for any text. Of several stars the last one counts, and
/// the others are plain text (Dubbo Java `UrlUtils.isMatchGlobPattern`).
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::rule::condition::*; } }
/// use dubhe::config::Glob;
///
/// let glob = Glob::parse("10.*.*");
/// assert_eq!(glob, Glob::Affix { prefix: "10.*.".into(), suffix: "".into() });
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Glob {
    /// `*`: every value, also the empty one.
    Any,
    /// A text without star: the value itself.
    Exact(ByteString),
    /// A text around a star: values that begin and end with these, which may overlap (`xy*yz`
    /// matches `xyz`). An empty value matches none.
    Affix {
        /// The text before the star.
        prefix: ByteString,
        /// The text behind it.
        suffix: ByteString,
    },
}

impl Glob {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Self {
        match text.rsplit_once('*') {
            _ if text == "*" => Self::Any,
            Some((prefix, suffix)) => Self::Affix { prefix: prefix.into(), suffix: suffix.into() },
            None => Self::Exact(text.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_that_java_reads() {
        let cases = [
            ("1~20", Some((Some(1), Some(20)))),
            ("~20", Some((None, Some(20)))),
            ("20~", None),
            ("~", None),
            ("~~5", None),
            ("5~~9", Some((Some(5), None))),
            ("1~2~3", Some((Some(1), Some(2)))),
            ("a~b", Some((Some(0), Some(0)))),
            ("-3~5", Some((Some(0), Some(5)))),
            ("1~99999999999", None),
        ];
        for (text, ends) in cases {
            assert_eq!(range(text), ends, "{text}");
        }
    }
}
