//! Matches of texts, with their regular expressions compiled.

use bytestring::ByteString;
use dubhe_config::rule::string_match::{Presence, StringMatch, TextMatch};
use regex::{Regex, RegexBuilder};

/// The memory that a regular expression may take once it is compiled.
const MAX_REGEX_MEMORY: usize = 1 << 20;

/// A match of a text that may be absent (Dubbo Java `StringMatch`).
#[derive(Clone, Debug)]
pub(crate) struct TextMatcher {
    text: Option<Compiled>,
    presence: Option<Presence>,
}

#[derive(Clone, Debug)]
enum Compiled {
    Exact(ByteString),
    Prefix(ByteString),
    Regex(Regex),
    /// A regular expression that takes more memory than it may.
    Nothing,
    Any,
}

impl TextMatcher {
    pub(crate) fn new(matching: &StringMatch) -> Self {
        let text = matching.text.as_ref().map(|text| match text {
            TextMatch::Exact(text) => Compiled::Exact(text.clone()),
            TextMatch::Prefix(text) => Compiled::Prefix(text.clone()),
            TextMatch::Any => Compiled::Any,
            TextMatch::Regex(text) => {
                whole(text.as_str()).map_or(Compiled::Nothing, Compiled::Regex)
            }
        });
        Self { text, presence: matching.presence }
    }

    pub(crate) fn all(matches: &[StringMatch]) -> Vec<Self> {
        matches.iter().map(Self::new).collect()
    }

    pub(crate) fn matches(&self, value: Option<&str>) -> bool {
        match (&self.text, value) {
            (Some(text), Some(value)) => match text {
                Compiled::Exact(text) => &**text == value,
                Compiled::Prefix(text) => value.starts_with(&**text),
                Compiled::Regex(regex) => regex.is_match(value),
                Compiled::Nothing => false,
                Compiled::Any => true,
            },
            _ => match self.presence {
                Some(Presence::Empty) => value.is_none_or(str::is_empty),
                Some(Presence::NotEmpty) => value.is_some_and(|value| !value.is_empty()),
                None => false,
            },
        }
    }
}

/// A regular expression for whole texts.
fn whole(text: &str) -> Option<Regex> {
    let made = RegexBuilder::new(&format!(r"\A(?:{text})\z"))
        .size_limit(MAX_REGEX_MEMORY)
        .dfa_size_limit(MAX_REGEX_MEMORY)
        .build();
    if let Err(error) = &made {
        tracing::warn!(%error, regex = text, "a regular expression of a rule matches nothing");
    }
    made.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_presence_counts_where_there_is_no_value() {
        let matcher = TextMatcher::new(&StringMatch {
            text: Some(TextMatch::Prefix("a".into())),
            presence: Some(Presence::Empty),
        });
        assert!(matcher.matches(Some("ab")) && matcher.matches(None));
        assert!(!matcher.matches(Some("")) && !matcher.matches(Some("b")));
    }

    #[test]
    fn a_regular_expression_matches_whole_texts() {
        let matches = |text, value| whole(text).unwrap().is_match(value);
        assert!(matches("h.*o", "hello") && matches("a|ab", "ab"));
        assert!(!matches("ell", "hello") && !matches("hello", "hello\n"));
        assert!(whole(r"\w{1000}{1000}").is_none());
    }
}
