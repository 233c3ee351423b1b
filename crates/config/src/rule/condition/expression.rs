//! The expressions of conditions: `key=value,value & key!=value`.

use bytestring::ByteString;

use super::pattern::Pattern;
use crate::error::{ConfigError, Position, Result};
use crate::limits::MAX_TOKENS;

/// A key with the values that it takes and those that it must not have.
///
/// A value that is absent matches nothing, not even `!=`. With values of both kinds, those of `!=`
/// are asked first. With none of either nothing matches.
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::rule::condition::*; } }
/// use dubhe::config::{Glob, MatchKey, Matcher, Pattern};
///
/// // region=hangzhou
/// let matcher = Matcher {
///     key: MatchKey::Param("region".into()),
///     matches: vec![Pattern::Glob(Glob::Exact("hangzhou".into()))],
///     mismatches: Vec::new(),
/// };
/// # assert!(matcher.mismatches.is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matcher {
    /// The value that is looked at.
    pub key: MatchKey,
    /// The patterns after `=`, each once.
    pub matches: Vec<Pattern>,
    /// The patterns after `!=`, each once.
    pub mismatches: Vec<Pattern>,
}

/// The value that a matcher looks at.
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::rule::condition::*; } }
/// use dubhe::config::MatchKey;
///
/// assert_eq!(MatchKey::parse("arguments[0]"), MatchKey::Argument(Some(0)));
/// assert_eq!(MatchKey::parse("attachments[user]"), MatchKey::Attachment(Some("user".into())));
/// assert_eq!(MatchKey::parse("region"), MatchKey::Param("region".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MatchKey {
    /// `method`: the name of the method, for calls; for providers the parameter of that name.
    Method,
    /// `methods`: as `method`, with the parameter `methods`.
    Methods,
    /// `arguments[i]`: an argument. `None` when the text names none, as `arguments[a]`: the value is
    /// then [a stand-in](NOT_FOUND), as it is for an argument that the call has not.
    Argument(Option<u32>),
    /// `attachments[name]`: an attachment. `None` when the text names none, and for a name with a
    /// dot, at which Java cuts the text: the value is then [a stand-in](NOT_FOUND).
    Attachment(Option<ByteString>),
    /// A parameter of the URL: of the consumer on the left side, of the provider on the right.
    /// `host`, `port` and `protocol` are those of the URL.
    Param(ByteString),
}

/// The value of an argument or an attachment that cannot be found (Dubbo Java
/// `AbstractConditionMatcher.DOES_NOT_FOUND_VALUE`).
pub const NOT_FOUND: &str = "dubbo_internal_not_found_argument_condition_value";

impl MatchKey {
    /// Reads a key.
    pub fn parse(text: &str) -> Self {
        // Java splits at dots and takes the first part; the name stands in the first brackets of
        // it for arguments, and goes on to the last one for attachments.
        let first = text.split('.').next().unwrap_or_default();
        if text.starts_with("arguments") {
            return Self::Argument(argument(first));
        }
        if text.starts_with("attachments") {
            let name = first
                .split_once("attachments[")
                .and_then(|(_, rest)| Some(rest.rsplit_once(']')?.0))
                .filter(|name| !name.is_empty());
            return Self::Attachment(name.map(ByteString::from));
        }
        match text {
            "method" => Self::Method,
            "methods" => Self::Methods,
            _ => Self::Param(text.into()),
        }
    }
}

/// The number in the first `arguments[0]`.
fn argument(text: &str) -> Option<u32> {
    text.match_indices("arguments[")
        .find_map(|(at, found)| {
            let rest = text.get(at + found.len()..)?;
            let (digits, _) = rest.split_once(']')?;
            let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            all_digits.then_some(digits)
        })?
        .parse::<i32>()
        .ok()
        .and_then(|index| u32::try_from(index).ok())
}

/// The side of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The left one: asked of the call and of the consumer.
    Caller,
    /// The right one: asked of a provider; `$name` is a parameter of the consumer.
    Provider,
}

/// The text of one side, and its place.
pub(super) struct Expression<'a> {
    pub(super) text: &'a str,
    /// The characters in front of it in the value.
    pub(super) before: usize,
    /// The place of the value.
    pub(super) at: Position,
    /// Places within the value are known.
    pub(super) exact: bool,
}

impl Expression<'_> {
    /// Reads the text as Java does: a separator of `&`, `!`, `=` and `,` and the text behind it,
    /// again and again.
    pub(super) fn parse(&self, side: Side) -> Result<Vec<Matcher>> {
        let mut all: Vec<(&str, Matcher)> = Vec::new();
        let mut current: Option<usize> = None;
        let mut values = Values::None;
        let mut tokens = 0;
        let mut rest = Tokens { text: self.text, from: 0 };
        while let Some(token) = rest.next() {
            tokens += 1;
            if tokens > MAX_TOKENS {
                let what = format!("a condition has more than {MAX_TOKENS} keys and values");
                return Err(ConfigError::limit(self.at, what));
            }
            match token.separator {
                // `region = a env = b` has two keys. A key that comes again without `&` forgets
                // what was said of it.
                "" | "&" => {
                    let known = all.iter().position(|(key, _)| *key == token.content);
                    let place = match known {
                        Some(place) if token.separator == "&" => place,
                        known => {
                            let key = MatchKey::parse(token.content);
                            let new = Matcher { key, matches: Vec::new(), mismatches: Vec::new() };
                            match known.and_then(|place| all.get_mut(place)) {
                                Some((_, matcher)) => *matcher = new,
                                None => all.push((token.content, new)),
                            }
                            known.unwrap_or(all.len() - 1)
                        }
                    };
                    current = Some(place);
                    if token.separator.is_empty() && known.is_some() {
                        values = values.forget(place);
                    }
                }
                "=" | "!=" | "," => {
                    values = match (token.separator, current) {
                        (",", _) if matches!(values, Values::None) => {
                            return Err(self.bad(&token, "there is no value before it"));
                        }
                        (",", _) => values,
                        (_, None) => return Err(self.bad(&token, "there is no key before it")),
                        (separator, Some(place)) => Values::Of(place, separator == "!="),
                    };
                    let Values::Of(place, mismatch) = values else { continue };
                    let Some((_, matcher)) = all.get_mut(place) else { continue };
                    let pattern = Pattern::parse(token.content, side == Side::Provider);
                    let list =
                        if mismatch { &mut matcher.mismatches } else { &mut matcher.matches };
                    if !list.contains(&pattern) {
                        list.push(pattern);
                    }
                }
                _ => return Err(self.bad(&token, "there is no such operator")),
            }
        }
        Ok(all.into_iter().map(|(_, matcher)| matcher).collect())
    }

    fn bad(&self, token: &Token<'_>, why: &str) -> ConfigError {
        let characters = self.text.get(..token.at).map_or(0, |before| before.chars().count());
        let at = if self.exact { self.at.right(self.before + characters) } else { self.at };
        let (separator, content) = (token.separator, token.content);
        let what = format!("{separator} stands before {content} in a condition: {why}");
        let hint = "conditions are key=value, key!=value, several values with a comma, several keys \
                    with &";
        ConfigError::value(at, what).hint(hint)
    }
}

/// The values to which a comma adds one. In Java they stay those of the key before when another key
/// follows.
#[derive(Clone, Copy)]
enum Values {
    /// No values yet.
    None,
    /// The values of the matcher at this place, and whether they are those of `!=`.
    Of(usize, bool),
    /// The values of a matcher that was replaced.
    Gone,
}

impl Values {
    /// The same after the matcher at `place` was replaced.
    fn forget(self, place: usize) -> Self {
        match self {
            Self::Of(of, _) if of == place => Self::Gone,
            other => other,
        }
    }
}

struct Token<'a> {
    /// The byte at which it begins.
    at: usize,
    separator: &'a str,
    content: &'a str,
}

/// The matches of Java's pattern `([&!=,]*)\s*([^&!=,\s]+)`.
struct Tokens<'a> {
    text: &'a str,
    from: usize,
}

impl<'a> Tokens<'a> {
    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let at = self.from;
            let rest = self.text.get(at..)?;
            let after = rest.trim_start_matches(is_separator);
            let separator = rest.get(..rest.len() - after.len())?;
            let behind = after.trim_start_matches(is_space);
            let next = behind.trim_start_matches(|c| !is_separator(c) && !is_space(c));
            let content = behind.get(..behind.len() - next.len())?;
            self.from = self.text.len() - next.len();
            if !content.is_empty() {
                return Some(Token { at, separator, content });
            }
            // Nothing that begins before this separator matches.
            if next.is_empty() {
                return None;
            }
        }
    }
}

fn is_separator(c: char) -> bool {
    matches!(c, '&' | '!' | '=' | ',')
}

/// `\s` of Java.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\u{b}' | '\u{c}' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<Matcher>> {
        let at = Position::START;
        Expression { text, before: 0, at, exact: true }.parse(Side::Provider)
    }

    /// The tokens of a text, as JDK 17's `Matcher.find` splits it.
    #[test]
    fn tokens_are_those_of_javas_pattern() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            ("a=b", &[("", "a"), ("=", "b")]),
            (" a = b & c != d,e ", &[("", "a"), ("=", "b"), ("&", "c"), ("!=", "d"), (",", "e")]),
            ("a = = b", &[("", "a"), ("=", "b")]),
            ("a == b", &[("", "a"), ("==", "b")]),
            ("a = b c = d", &[("", "a"), ("=", "b"), ("", "c"), ("=", "d")]),
            ("a=b,", &[("", "a"), ("=", "b")]),
            ("& &, x", &[("&,", "x")]),
            ("= ", &[]),
            ("", &[]),
            ("a=\u{3000}b", &[("", "a"), ("=", "\u{3000}b")]),
        ];
        for (text, expected) in cases {
            let mut tokens = Tokens { text, from: 0 };
            let mut found = Vec::new();
            while let Some(token) = tokens.next() {
                found.push((token.separator, token.content));
            }
            assert_eq!(&found, expected, "{text:?}");
        }
    }

    #[test]
    fn keys_are_arguments_attachments_the_method_and_parameters() {
        let attachment = |name: &str| MatchKey::Attachment(Some(name.into()));
        let cases = [
            ("method", MatchKey::Method),
            ("methods", MatchKey::Methods),
            ("arguments[12]", MatchKey::Argument(Some(12))),
            ("arguments[]", MatchKey::Argument(None)),
            ("arguments[x]arguments[1]", MatchKey::Argument(Some(1))),
            ("arguments[99999999999]", MatchKey::Argument(None)),
            ("arguments", MatchKey::Argument(None)),
            ("attachments[user]", attachment("user")),
            ("attachments[a]b]", attachment("a]b")),
            ("attachments[a.b]", MatchKey::Attachment(None)),
            ("attachments[]", MatchKey::Attachment(None)),
            ("host", MatchKey::Param("host".into())),
        ];
        for (text, key) in cases {
            assert_eq!(MatchKey::parse(text), key, "{text}");
        }
    }

    #[test]
    fn a_key_that_comes_again_is_joined_with_an_ampersand_and_replaced_without() {
        let values = |text: &str| {
            let all = parse(text).unwrap();
            all.iter().map(|m| (m.matches.len(), m.mismatches.len())).collect::<Vec<_>>()
        };
        assert_eq!(values("a=1 & b=2 & a=3,1"), [(2, 0), (1, 0)]);
        assert_eq!(values("a=1 b=2 a=3"), [(1, 0), (1, 0)]);
        assert_eq!(values("a=1,1 & a!=2"), [(1, 1)]);
        assert_eq!(values("a"), [(0, 0)]);
        // A comma adds to the values that were written last, whichever key stands before it.
        assert_eq!(values("a=1 & b,2"), [(2, 0), (0, 0)]);
        assert_eq!(values("a=1 a,2"), [(0, 0)]);
    }

    #[test]
    fn what_java_refuses_is_refused_at_its_place() {
        for (text, column) in [
            ("a == b", 3),
            ("= b", 1),
            ("a , b", 3),
            ("a=b && c=d", 5),
            ("a ! b", 3),
            ("a=b,,c", 4),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.position().column, column, "{text}: {error}");
        }
    }

    #[test]
    fn a_long_text_is_read_in_one_pass() {
        let spaces = " ".repeat(200_000);
        assert_eq!(parse(&format!("a=b{spaces}")).unwrap().len(), 1);
        assert!(parse(&"a=b & ".repeat(100_000)).is_err());
    }
}
