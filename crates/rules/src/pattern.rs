//! Patterns of values, evaluated.

use dubhe_config::rule::condition::{Glob, Pattern};

use crate::consumer::Consumer;

/// Returns `true` if a text matches a glob (Dubbo Java `UrlUtils.isMatchGlobPattern`).
pub fn glob_matches(glob: &Glob, value: &str) -> bool {
    match glob {
        Glob::Any => true,
        Glob::Exact(text) => &**text == value,
        Glob::Affix { prefix, suffix } => {
            !value.is_empty() && value.starts_with(&**prefix) && value.ends_with(&**suffix)
        }
    }
}

/// Returns the glob that a pattern is for this consumer, whose parameter a reference stands for; `None` for a
/// range.
pub fn resolve(pattern: &Pattern, consumer: &Consumer) -> Option<Glob> {
    match pattern {
        Pattern::Glob(glob) => Some(glob.clone()),
        Pattern::Reference(name) => {
            Some(Glob::parse(consumer.referenced(name).unwrap_or_default()))
        }
        Pattern::Range { .. } | Pattern::BadRange => None,
    }
}

/// Returns `true` if a value matches a pattern whose references are resolved. `unreadable` is the answer where
/// Java cannot read a number or the range.
pub(crate) fn matches(pattern: &Pattern, value: &str, unreadable: bool) -> bool {
    match pattern {
        Pattern::Glob(glob) => glob_matches(glob, value),
        Pattern::Range { from, to } => match integer(value) {
            Some(number) => {
                from.is_none_or(|from| from <= number) && to.is_none_or(|to| number <= to)
            }
            None => unreadable,
        },
        // Resolved before; there is no consumer here.
        Pattern::Reference(_) => value.is_empty(),
        Pattern::BadRange => unreadable,
    }
}

/// The number that Java takes a value for: 0 unless it has digits alone; `None` beyond 32 bits
/// (`StringUtils.parseInteger`).
fn integer(value: &str) -> Option<i32> {
    if value.is_empty() || !value.bytes().all(|b| b.is_ascii_digit()) {
        return Some(0);
    }
    value.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_java_does() {
        let range = |text| Pattern::parse(text, false);
        for (pattern, value, expected) in [
            ("1~20", "20", [true; 2]),
            ("1~20", "21", [false; 2]),
            ("~20", "abc", [true; 2]),
            ("0~0", "", [true; 2]),
            ("0~5", "-3", [true; 2]),
            ("0~10", "99999999999", [true, false]),
            ("20~", "20", [true, false]),
        ] {
            let both = [true, false].map(|unreadable| matches(&range(pattern), value, unreadable));
            assert_eq!(both, expected, "{pattern} {value}");
        }
    }
}
